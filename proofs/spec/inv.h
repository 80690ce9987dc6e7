/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the invariants.  Each invariant is a predicate of one index (a
 * page, a slot, a CPU): a pure C function without loops, of which the prover
 * makes a term, and which kernel/inv.c evaluates for all indices.
 *
 * A list NAME_INVARIANTS(X) in each header enumerates its predicates; what
 * proves or checks "the invariant" goes through these lists.
 */
#pragma once
#include "ks.h"

#define IMP(a, b) (!(a) || (b))

/* Pages that have a descriptor. */
#ifndef PAGE_COUNT
#define PAGE_COUNT ((1u << 26) - 1)
#endif

PRED bool page_exists(u32 p)
{
	return p < PAGE_COUNT;
}

/* Is page p the first of an object of this type? */
PRED bool is_object(u32 p, u32 type)
{
	return page_exists(p) && PD(p)->type == type && PD(p)->head == p;
}

PRED bool is_space(u32 p)
{
	return is_object(p, OBJ_SPACE) || is_object(p, OBJ_IOSPACE);
}

/* Which types keep capabilities inside their page. */
PRED bool has_inner_slots(u32 type)
{
	return type == OBJ_THREAD || type == OBJ_IRQ || type == OBJ_DEVICE;
}

PRED bool slot_exists(u32 s)
{
	return s != NIL && page_exists(SLOT_PAGE(s)) &&
	       (PD(SLOT_PAGE(s))->type == OBJ_SLOTS ||
		(has_inner_slots(PD(SLOT_PAGE(s))->type) && s % SLOTS_PER_PAGE < OBJECT_SLOTS));
}

PRED bool slot_is_full(u32 s)
{
	return slot_exists(s) && SLOT(s)->type != 0;
}
