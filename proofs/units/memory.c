/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 4
 * merge = ["object_rights", "object_start", "object_end", "object_pages"]
 * [h_contract_object_check]
 * function = "object_check"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_page_set]
 * function = "page_set"
 * columns = ["ub", "spec"]
 * [h_contract_pages_take]
 * function = "pages_take"
 * columns = ["ub", "spec"]
 * [h_contract_pages_free]
 * function = "pages_free"
 * columns = ["ub", "spec"]
 * [h_contract_object_free]
 * function = "object_free"
 * columns = ["ub", "spec"]
 */
#include "prover.h"
#include "whole.h"
#include "contract_destroy.h"
#include "pages.h"

#include <memory.c>

/* --- looking for free pages ---------------------------------------------------------- */

err_t prover_replace_cap_may_derive(u32 s)
{
	return (err_t){ spec_may_derive(s) };
}

/* Is one of these pages not free? */
PRED bool some_is_busy(u32 from, u64 n)
{
	bool some = false;

	UNROLL
	for (u32 i = 0; i < STEP_ENTRIES; i++)
		some = some || (i < n && PD(from + i)->type != PAGE_FREE);
	return some;
}

PRED bool are_free_to(u32 p, u32 i, u32 mem, u64 offset, u64 pages, bool last)
{
	return !last && i < pages && i < STEP_ENTRIES && is_free_in(p, SLOT(mem)->first + (u32)offset, i);
}

void prover_begin_object_check(u32 i, u32 mem, u64 offset, u64 pages, bool nameless)
{
	CHECK_SPEC(are_free_to(INDEX(page), i, mem, offset, pages, nameless));
}

void prover_round_object_check(u32 i, u32 mem, u64 offset, u64 pages, bool nameless)
{
	prover_assume(are_free_to(INDEX(page), i, mem, offset, pages, nameless));
}

void h_contract_object_check(u32 mem, u64 offset, u64 pages)
{
	GIVEN(may_check(mem, offset, pages));
	HINTS(any_cap_memory_inv(mem), any_cap_parent_inv(mem));
	const u32 from = SLOT(mem)->first + (u32)offset;
	const bool beyond = offset + pages > SLOT(mem)->count;
	const err_t err = object_check(mem, offset, pages);

	CHECK_SPEC((err.v == ERRNO_RANGE) == beyond);
	CHECK_IF(err.v == ERRNO_BUSY, "spec", some_is_busy(from, pages));
	CHECK_IF(!beyond & (err.v != ERRNO_BUSY), "spec", is_free_in(INDEX(page), from, pages));
	CHECK_IF(!beyond & (err.v != ERRNO_BUSY), "spec", err.v == spec_may_derive(mem));
	COVER(err.v == 0);
}

/* --- contracts ---------------------------------------------------------------------- */

void prover_replace_page_set(u32 page, u32 type, u32 head)
{
	const struct page p = { (u8)type, 0, 0, head, NIL, NIL, NIL };

	CHECK_SPEC((page < PAGE_COUNT) & (type <= 255));
	FILL(ks_page, page, 1, p);
}

void h_contract_page_set(u32 page, u32 type, u32 head)
{
	ASSUME_INPUT((page < PAGE_COUNT) & (type <= 255));
	page_set(page, type, head);
	CHECK_SPEC(is_taken(page, type, head));
	ASSIGNS(1, *PD(page));
}

void h_contract_pages_take(u32 type, u32 head, u32 from, u32 pages)
{
	ASSUME_INPUT((pages <= STEP_ENTRIES) & (type <= 255));
	ASSUME_INPUT((from <= PAGE_COUNT) & (pages <= PAGE_COUNT - from));
	pages_take(type, head, from, pages);
	CHECK_IF(any.page - from < pages, "spec", is_taken(any.page, type, head));
	ASSIGNS_RUN(1, *PD(from), pages);
}

/* --- giving back ------------------------------------------------------------------------ */

void h_contract_pages_free(u32 from, u32 pages)
{
	ASSUME_INPUT((pages <= STEP_ENTRIES) & (from <= PAGE_COUNT) & (pages <= PAGE_COUNT - from));
	pages_free(from, pages);
	CHECK_IF(any.page - from < pages, "spec", is_taken(any.page, PAGE_FREE, NIL));
	ASSIGNS_RUN(1, *PD(from), pages);
}

/* One page or two become free, and nothing else. */
void h_contract_object_free(u32 type, u32 head)
{
	GIVEN(may_free(type, head));
	freeing_changes(type, head);
	object_free(type, head);
	CHECK_SPEC(is_freed(any.page, type, head));
}
