/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
 * [h_contract_sweep_run]
 * function = "sweep_run"
 * columns = ["ub", "spec"]
 * [h_contract_grant_destroy_step]
 * function = "grant_destroy_step"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
/*
 * Taking away a grant: what was entered under it goes, from the start of its window on, and
 * nothing else; when the step is over, no TLB holds what went.
 */
#include "prover.h"
#define HOT static __attribute__((noinline))
#define WALK_IN_TABLES
#include "contract_destroy.h"
#include "contract_walk.h"
#include "handed.h"

#include <mapping.c>
#include <grant.c>
#include "entries.h"

u64 mid_pte[PAGE_COUNT][PT_ENTRIES];

PRED bool has_window(u32 g, u64 end)
{
	const u32 sp = SLOT(g)->obj;

	return slot_is_full(g) && SLOT(g)->type == OBJ_GRANT && is_space(sp) && SP(sp)->uid == SLOT(g)->badge && SP(sp)->kind <= SPACE_IO &&
	       end <= spec_pages(SP(sp)->kind) && SLOT(g)->window <= end && SLOT(g)->length == end - SLOT(g)->window;
}

PRED bool may_sweep(u32 g, u32 n)
{
	return has_window(g, SLOT(g)->window + SLOT(g)->length) && SLOT(g)->length >= 1 && SLOT(g)->length <= 1ull << 36 &&
	       SLOT(g)->window <= 1ull << 36 && n >= 1 && n <= STEP_ENTRIES;
}

/*
 * An entry is as it was, or was a leaf inside g and is gone; it is, if all of its pages are among [from, to). Only the
 * end of the window may lie within what an entry covers.
 */
PRED bool is_swept(u32 p, u32 k, u32 g, u64 before, u64 from, u64 to, u64 end, u32 cleared)
{
	const u32 sp = SLOT(g)->obj, level = table_level(p);
	const bool mine = level >= 1 && level <= 4 && grant_has_leaf(g, SP(sp)->kind, before, level);
	const u64 v = page_of_entry(p, k), after = v + pages_of_level(level);

	const bool here = mine && is_table_of(p, sp) && is_attached(p) && k < PT_ENTRIES;

	return (PTE(p, k) == before || (PTE(p, k) == 0 && cleared != 0 && mine && (!here || (from <= v && after <= to)))) &&
	       (!here || v < from || (after <= to ? PTE(p, k) == 0 : to <= v || to == end));
}

PRED u64 at_mid(u32 p, u32 k)
{
	return mid_pte[p][k];
}

PRED u64 at_first(u32 p, u32 k)
{
	return old_pte[p][k];
}

PRED bool is_progress(u32 entries, u32 n, u64 visited, u64 length)
{
	return entries >= 1 && entries <= n && visited >= 1 && visited <= length;
}

struct swept prover_replace_sweep_run(u32 g, u32 n)
{
	ANY(u32, entries);
	ANY(u32, cleared);
	ANY(u64, visited);
	const u64 from = SLOT(g)->window, length = SLOT(g)->length, to = from + visited, end = from + length;

	CHECK_SPEC(may_sweep(g, n));
	prover_assume(is_progress(entries, n, visited, length) & (cleared <= 1));
	SNAPSHOT(mid_pte, ks_pte);
	FORGET(ks_pte[0]);
	prover_assume(is_swept(SPY_PAGE, SPY_INDEX, g, at_mid(SPY_PAGE, SPY_INDEX), from, to, end, cleared));
	prover_assume(is_swept(ABOVE_PAGE, ABOVE_INDEX, g, at_mid(ABOVE_PAGE, ABOVE_INDEX), from, to, end, cleared));
	SLOT(g)->window = to;
	SLOT(g)->length = length - visited;
	return (struct swept){ entries, cleared == 1 };
}

void h_contract_sweep_run(u32 g, u32 n)
{
	const u32 p = INDEX(page), k = INDEX(n);

	GIVEN(may_sweep(g, n));
	HINTS(any_ptable_inv(p), any_ptable_inv(above_page(p)), any_ptable_inv(above_page(above_page(p))), any_space_inv(SLOT(g)->obj));
	const struct swept r = sweep_run(g, n);
	const u64 from = old_slot[g].window, to = SLOT(g)->window;

	CHECK_SPEC(is_progress(r.entries, n, to - from, old_slot[g].length));
	CHECK_SPEC(SLOT(g)->length == old_slot[g].length - (to - from));
	CHECK_SPEC(is_swept(p, k, g, at_first(p, k), from, to, from + old_slot[g].length, r.cleared));
	ASSIGNS(1, PTE(any.page, any.n), SLOT(g)->window, SLOT(g)->length);
	COVER(r.cleared);
}

/* --- as far as one step goes ----------------------------------------------------------------- */

PRED bool is_round(u32 n, u32 s, u64 end)
{
	return n < STEP_ENTRIES && has_window(s, end);
}

/* The windows of others. */
PRED bool same_window(u32 x, u32 s)
{
	return x == s || (SAME(ks_slot[x], old_slot[x], window) && SAME(ks_slot[x], old_slot[x], length));
}

PRED u64 end_of(u32 s)
{
	return old_slot[s].window + old_slot[s].length;
}

/* What is so of an entry when n of them were visited. */
PRED bool is_swept_to(u32 p, u32 k, u32 s, bool cleared)
{
	return old_slot[s].window <= SLOT(s)->window && is_swept(p, k, s, old_pte[p][k], old_slot[s].window, SLOT(s)->window, end_of(s), cleared);
}

void prover_begin_grant_destroy_step(u32 n, u32 s, bool cleared)
{
	CHECK_SPEC(is_round(n, s, end_of(s)));
	CHECK_SPEC(same_window(INDEX(slot), s));
	CHECK_SPEC(is_swept_to(SPY_PAGE, SPY_INDEX, s, cleared));
	CHECK_SPEC(is_swept_to(ABOVE_PAGE, ABOVE_INDEX, s, cleared));
}

void prover_round_grant_destroy_step(u32 n, u32 s, bool cleared)
{
	FORGET(ks_pte[0]);
	FORGET(mid_pte[0]);
	FORGET(ks_slot[0].window);
	FORGET(ks_slot[0].length);
	prover_assume(is_round(n, s, end_of(s)));
	prover_assume(same_window(INDEX(slot), s));
	prover_assume(is_swept_to(SPY_PAGE, SPY_INDEX, s, cleared));
	prover_assume(is_swept_to(ABOVE_PAGE, ABOVE_INDEX, s, cleared));
}

/* Are its translations in use? */
PRED bool has_entries(u32 s)
{
	const u32 sp = SLOT(s)->obj;

	return is_space(sp) && SP(sp)->uid == SLOT(s)->badge && (PD(sp)->flags & PAGE_DYING) == 0;
}

void h_contract_grant_destroy_step(u32 s)
{
	GIVEN(may_step_grant(s));
	hint_grant(any, s);
	const u32 sp = SLOT(s)->obj, kind = SP(sp)->kind;
	const bool stuck = kind == SPACE_IO && (machine.iommu_ok & 1) == 0;
	const bool live = has_entries(s), there = is_space(sp) & (SP(sp)->uid == SLOT(s)->badge);
	grant_changes(s);
	const bool gone = grant_destroy_step(s);
	const u64 from = old_slot[s].window, to = SLOT(s)->window;
	const bool changed = PTE(any.page, any.n) != old_pte[any.page][any.n];

	CHECK_SPEC(gone == (!there | (!stuck & (!live | (SLOT(s)->length == 0)))));
	CHECK_SPEC((from <= to) & (to + SLOT(s)->length == from + old_slot[s].length) & (live | (from == to)));
	CHECK_IF(live, "spec", is_swept(any.page, any.n, s, old_pte[any.page][any.n], from, to, end_of(s), 1));
	CHECK_IF(live & (old_slot[s].length != 0), "spec", from < to);
	CHECK_IF(!live, "spec", !changed);
	CHECK_IF(changed, "spec", (mmu.space[0] == sp) & (mmu.vpage[0] == from) & (mmu.pages[0] == to - from));
	CHECK_SPEC(SLOT(s)->flags == (old_slot[s].flags | CAP_DYING));
	check_whole();
	COVER(changed);
	COVER(gone & live);
}
