/* SPDX-License-Identifier: MIT */
/*
 * For units: what was in a slot of an object goes, and a copy of another capability comes, or nothing.
 */
#pragma once
#include "whole.h"
#include "spec_cap.h"

/* What is known where what is in slot `inner` goes, and a copy of s comes, or nothing. */
static void hint_swap(u32 inner, u32 s)
{
	HAS_NUMBERS(any.cpu);
	hint_slot(inner);
	hint_slot(s);
}

/* The slot holds a copy of s with these rights, or nothing. */
PRED bool is_swapped(u32 inner, u32 s, u32 rights)
{
	return s == NIL ? SLOT(inner)->type == 0 && cap_empty_inv(inner)
			: SLOT(inner)->type == SLOT(s)->type && SLOT(inner)->flags == 0 && SLOT(inner)->rights == rights &&
				  SLOT(inner)->obj == SLOT(s)->obj && SLOT(inner)->badge == SLOT(s)->badge &&
				  is_newest_child(inner, s);
}

/* Besides that slot only links change, and `changed`. */
static void check_swap(u32 inner, u32 s, bool done)
{
	const struct cap *was = &old_slot[inner];
	const bool came = done & (s != NIL), went = done & (was->type != 0);

	ASSIGNS(done, *SLOT(inner));
	ASSIGNS(came, BORN(inner), ks.g_clock, SLOT(s)->child, SLOT(SLOT(inner)->next)->prev);
	ASSIGNS(went, SLOT(was->parent)->child, SLOT(was->next)->prev, SLOT(was->prev)->next);
	COVER(came & went);
}
