/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
 * merge = ["err_is_ok", "err_is"]
 * [h_contract_list_entry]
 * function = "list_entry"
 * columns = ["ub", "invariant", "spec"]
 * [h_list]
 * function = "sys_grant_map_list"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 */
/*
 * A list of entries: each element does what a call for one entry does; and of them all, that
 * only leaves under the grant come and go, and that what is no longer right is flushed.
 */
#include "prover.h"
#define HOT static __attribute__((noinline))
#include "contract_walk.h"
#include "footprint.h"
#include "handed.h"

#include <mapping.c>
#include "entries.h"

u64 mid_pte[PAGE_COUNT][PT_ENTRIES];

/* --- one element ---------------------------------------------------------------------------- */

PRED bool may_list(u32 g)
{
	return slot_is_full(g) && SLOT(g)->type == OBJ_GRANT && spec_live(g);
}

/* Does an element of a list clear, rather than map? */
PRED bool is_clearing(u64 word)
{
	return word % 4096 <= 63 && word % 16 == 0;
}

PRED u32 spec_element_error(u32 g, u64 word, u64 offset, u32 level_ok)
{
	const u64 attr = word % 4096, n = pages_of_level(spec_level(attr));

	return attr > 63 ? ERRNO_ARG
	       : is_clearing(word) ? spec_unmap_error(g, word - (attr == 0 ? 0 : attr), n, attr)
				   : spec_leaf_error(g, word - attr, offset, n, attr, level_ok != 0);
}

/* In which table the entry stands that an element is about, and where. */
PRED bool is_at(u32 p, u32 k, u32 sp, u64 word)
{
	const u32 level = spec_level(word % 4096);

	return has_table(sp, word / 4096, level) && p == table_at(sp, word / 4096, level) && k == index_at(word / 4096, level);
}

PRED u64 spec_element(u32 p, u32 k, u32 g, u64 word, u64 offset)
{
	const u32 kind = SP(SLOT(g)->obj)->kind, level = spec_level(word % 4096);

	return is_clearing(word) ? (grant_has_leaf(g, kind, mid_pte[p][k], level) ? 0 : mid_pte[p][k])
				 : spec_leaf(g, offset, word % 4096);
}

/* Entry e, which was not one before, is absent or a leaf that g allows here. */
PRED bool is_under(u32 p, u32 k, u32 g, u64 before, u64 e)
{
	const u32 sp = SLOT(g)->obj, kind = SP(sp)->kind;

	return is_table_of(p, sp) && k < PT_ENTRIES && !(pte_is_present(kind, before) && !pte_is_leaf(kind, before, table_level(p))) &&
	       (e == 0 || (pte_is_leaf(kind, e, table_level(p)) && grant_allows(g, sp, page_of_entry(p, k), e, table_level(p))));
}

/* Is an entry that changed one that no TLB holds, or are its pages among [low, high)? */
PRED bool is_covered(u32 p, u32 k, u32 g, u64 before, u64 low, u64 high)
{
	const u32 kind = SP(SLOT(g)->obj)->kind;

	return (!pte_is_present(kind, before) && kind != SPACE_IO) ||
	       (low <= page_of_entry(p, k) && page_of_entry(p, k) + pages_of_level(table_level(p)) <= high);
}

/* What an element made of an entry. */
PRED bool is_step(u32 p, u32 k, u32 g, u64 word, u32 err, u32 flush)
{
	const u64 v = word / 4096, end = v + pages_of_level(spec_level(word % 4096));

	return flush <= 1 && (PTE(p, k) == mid_pte[p][k] ||
			      (err == 0 && is_under(p, k, g, mid_pte[p][k], PTE(p, k)) &&
			       is_covered(p, k, g, mid_pte[p][k], flush ? v : UINT64_MAX, flush ? end : 0)));
}

struct written prover_replace_list_entry(u32 g, u64 word, u64 offset)
{
	ANY(u32, err);
	ANY(u32, level);
	ANY(u32, flush);

	(void)offset;
	CHECK_SPEC(may_list(g));
	SNAPSHOT(mid_pte, ks_pte);
	FORGET(ks_pte[0]);
	prover_assume(is_step(SPY_PAGE, SPY_INDEX, g, word, err, flush));
	prover_assume(is_step(ABOVE_PAGE, ABOVE_INDEX, g, word, err, flush));
	return (struct written){ { err }, level, err == 0 ? 1 : 0, flush == 1 };
}

void h_contract_list_entry(u32 g, u64 word, u64 offset)
{
	const u32 p = INDEX(page), k = INDEX(n);

	GIVEN(may_list(g));
	hint_range(g);
	HINTS(any_entry_inv(p, k), any_ptable_inv(p));
	const u32 sp = SLOT(g)->obj;
	const u32 bad = spec_element_error(g, word, offset, level_is_ok(SP(sp)->kind, spec_level(word % 4096)));
	const bool here = is_at(p, k, sp, word);
	SNAPSHOT(mid_pte, ks_pte);
	const struct written w = list_entry(g, word, offset);

	CHECK_IF(bad != 0, "spec", w.err.v == bad);
	CHECK_IF((bad == 0) & is_clearing(word), "spec", w.err.v == 0);
	CHECK_IF((bad == 0) & (w.err.v != 0), "spec", (w.err.v == ERRNO_STATE) | ((w.err.v == ERRNO_TABLE) & (w.level >= 1) & (w.level <= 3)));
	CHECK_SPEC(w.done == (w.err.v == 0 ? 1 : 0));
	CHECK_IF((w.err.v == 0) & here, "spec", PTE(p, k) == spec_element(p, k, g, word, offset));
	CHECK_IF((w.err.v != 0) | !here, "spec", PTE(p, k) == mid_pte[p][k]);
	CHECK_SPEC(is_step(p, k, g, word, w.err.v, w.flush));
	CHECK_KEPT(any_entry_inv(p, k));
	CHECK_KEPT(any_ptable_inv(p));
}

/* --- all of them --------------------------------------------------------------------------------- */

PRED bool is_round(u32 i, u64 count, u32 done)
{
	return i < count && i < STEP_ENTRIES && done == i;
}

/* What elements made of an entry until now. */
PRED bool is_listed(u32 p, u32 k, u32 g, u64 low, u64 high)
{
	return PTE(p, k) == old_pte[p][k] ||
	       (is_under(p, k, g, old_pte[p][k], PTE(p, k)) && is_covered(p, k, g, old_pte[p][k], low, high));
}

void prover_begin_sys_grant_map_list(u32 i, u32 g, u64 count, u32 done, u64 low, u64 high)
{
	CHECK_SPEC(is_round(i, count, done));
	CHECK_SPEC(is_listed(SPY_PAGE, SPY_INDEX, g, low, high));
	CHECK_SPEC(is_listed(ABOVE_PAGE, ABOVE_INDEX, g, low, high));
}

void prover_round_sys_grant_map_list(u32 i, u32 g, u64 count, u32 done, u64 low, u64 high)
{
	FORGET(ks_pte[0]);
	FORGET(mid_pte[0]);
	prover_assume(is_round(i, count, done));
	prover_assume(is_listed(SPY_PAGE, SPY_INDEX, g, low, high));
	prover_assume(is_listed(ABOVE_PAGE, ABOVE_INDEX, g, low, high));
}

void h_list(u32 t, u32 g, u64 count)
{
	CALLER(t);
	HANDED(grant_map_list, g, count);
	hint_grant(any, g);
	HINT(1, any_thread_bound_inv(t));
	const u32 bad = TH(t)->msg == NIL ? ERRNO_MSG_PAGE : spec_live(g) ? ERRNO_OK : ERRNO_STATE;
	const err_t err = sys_grant_map_list(t, g, count);
	const u32 done = (u32)FR_OUT(t, 0);
	const u64 v = page_of_entry(any.page, any.n);
	const bool changed = PTE(any.page, any.n) != old_pte[any.page][any.n];

	CHECK_IF(bad != 0, "spec", err.v == bad);
	CHECK_IF(bad == 0, "spec", (done <= count) & ((err.v == 0) == (done != 0)));
	CHECK_IF(changed, "spec", (bad == 0) & is_under(any.page, any.n, g, old_pte[any.page][any.n], PTE(any.page, any.n)));
	CHECK_IF(changed, "spec", is_covered(any.page, any.n, g, old_pte[any.page][any.n], v, v) |
					  was_flushed(0, SLOT(g)->obj, v, pages_of_level(table_level(any.page))));
	check_entries(t, bad == 0 ? 2 : 0);
	check_footprint(any, true, old_thread[t].home);
	COVER((err.v == 0) & changed);
}
