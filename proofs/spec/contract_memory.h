/* SPDX-License-Identifier: MIT */
/*
 * What looking for free pages, taking them and giving them back does, for units that call
 * it: proved by the harnesses h_contract_* of memory.c.
 *
 * "All pages of a run are free" is a fact about many indices: it is stated at INDEX(page),
 * which is any of them, and at the few that a caller needs; "one is not" names it.
 */
#pragma once
#include "contract_cap.h"
#include "whole.h"

/* What a page of a run is when it was just taken, or given back. */
PRED bool is_taken(u32 p, u32 type, u32 head)
{
	return PD(p)->type == type && PD(p)->flags == 0 && PD(p)->index == 0 && PD(p)->head == head &&
	       PD(p)->owner == NIL && PD(p)->parent == NIL && PD(p)->link == NIL;
}

PRED bool may_check(u32 mem, u64 offset, u64 pages)
{
	return slot_is_full(mem) && SLOT(mem)->type == OBJ_MEMORY && offset <= UINT32_MAX && pages <= STEP_ENTRIES;
}

/* If p is one of n pages, it is free. */
PRED bool is_free_in(u32 p, u32 from, u64 n)
{
	return p - from >= n || PD(p)->type == PAGE_FREE;
}

/* With an error, is it the right one, and busy one of the pages that is not free? */
PRED bool check_result(u32 err, u32 mem, u64 offset, u64 pages, u32 busy)
{
	const u32 from = SLOT(mem)->first + (u32)offset;

	return offset + pages > SLOT(mem)->count ? err == ERRNO_RANGE
	       : err == ERRNO_BUSY		 ? busy - from < pages && PD(busy)->type != PAGE_FREE
						 : err == spec_may_derive(mem);
}

/* The page that object_check found in use; and one of which a harness has to know whether it did. */
u32 busy_page, asked_page;

err_t prover_replace_object_check(u32 mem, u64 offset, u64 pages)
{
	ANY(u32, err);
	ANY(u32, busy);
	const u32 from = SLOT(mem)->first + (u32)offset;
	const bool good = err != ERRNO_RANGE && err != ERRNO_BUSY;

	CHECK_SPEC(may_check(mem, offset, pages));
	prover_assume(check_result(err, mem, offset, pages, busy));
	prover_assume(!good | is_free_in(INDEX(page), from, pages));
	prover_assume(!good | is_free_in(from, from, pages));
	prover_assume(!good | is_free_in(from + 1, from, pages));
	prover_assume(!good | is_free_in(from + INDEX(n), from, pages));
	prover_assume(!good | is_free_in(asked_page, from, pages));
	busy_page = busy;
	return (err_t){ err };
}

/* Is it the right error, of the memory and the pages as they were? */
PRED bool check_old(u32 err, u32 mem, u64 offset, u64 pages)
{
	const u32 from = old_slot[mem].first + (u32)offset;

	return offset + pages > old_slot[mem].count ? err == ERRNO_RANGE
	       : err == ERRNO_BUSY ? busy_page - from < pages && old_page[busy_page].type != PAGE_FREE
				   : err == ERRNO_OK || err == ERRNO_DEPTH;
}

/* Of free pages: so whatever is not free is untouched for certain. */
void prover_replace_pages_take(u32 type, u32 head, u32 from, u32 pages)
{
	const struct page taken = { (u8)type, 0, 0, head, NIL, NIL, NIL };

	CHECK_SPEC((pages <= STEP_ENTRIES) & (type <= 255) & (from <= PAGE_COUNT) & (pages <= PAGE_COUNT - from));
	CHECK_SPEC(is_free_in(INDEX(page), from, pages));
	FILL_WHERE(ks_page, from, pages, taken, PAGE_FREE);
}

PRED bool is_frame_in(u32 p, u32 from, u64 n)
{
	return p - from >= n || PD(p)->type == OBJ_FRAMES;
}

void prover_replace_pages_free(u32 from, u32 pages)
{
	const struct page free = { PAGE_FREE, 0, 0, NIL, NIL, NIL, NIL };

	CHECK_SPEC((pages <= STEP_ENTRIES) & (from <= PAGE_COUNT) & (pages <= PAGE_COUNT - from));
#ifdef FREES_FRAMES /* so whatever is something else is untouched for certain */
	CHECK_SPEC(is_frame_in(INDEX(page), from, pages));
	FILL_WHERE(ks_page, from, pages, free, OBJ_FRAMES);
#else
	FILL(ks_page, from, pages, free);
#endif
}
