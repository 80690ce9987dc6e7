/* SPDX-License-Identifier: MIT */
/*
 * What giving back pages does, for units that call it: proved by the harnesses
 * h_contract_* of memory.c.
 */
#pragma once
#include "whole.h"

/* What a page of a run is when it was just taken, or given back. */
PRED bool is_taken(u32 p, u32 type, u32 head)
{
	return PD(p)->type == type && PD(p)->flags == 0 && PD(p)->index == 0 && PD(p)->head == head &&
	       PD(p)->owner == NIL && PD(p)->parent == NIL && PD(p)->link == NIL;
}

void prover_replace_pages_free(u32 from, u32 pages)
{
	const struct page free = { PAGE_FREE, 0, 0, NIL, NIL, NIL, NIL };

	CHECK_SPEC((pages <= STEP_ENTRIES) & (from <= PAGE_COUNT) & (pages <= PAGE_COUNT - from));
	FILL(ks_page, from, pages, free);
}
