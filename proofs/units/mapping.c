/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
 * whole = ["leaf_check", "clear_check"]
 * [h_contract_space_walk]
 * function = "space_walk"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_leaf_check]
 * function = "leaf_check"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_clear_check]
 * function = "clear_check"
 * columns = ["ub", "invariant", "spec"]
 * [h_map]
 * function = "sys_grant_map"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_unmap]
 * function = "sys_grant_unmap"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_harvest]
 * function = "sys_space_harvest"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_copy]
 * function = "sys_space_copy"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "prover.h"
#define HOT static __attribute__((noinline))
#include "contract_walk.h"
#include "footprint.h"
#include "handed.h"

#include <mapping.c>
#include "entries.h"

/* --- walking --------------------------------------------------------------------------------- */

static u32 below(u32 p, u64 v, u32 level)
{
	return page_exists(p) ? pte_page(PTE(p, index_at(v, level))) : 0;
}

/* What holds of the tables on the way to a virtual page. */
static void tables_on_way(u32 sp, u64 v)
{
	const u32 third = below(sp + 1, v, 4);
	const u32 second = below(third, v, 3);
	const u32 first = below(second, v, 2);

	HINTS(any_space_inv(sp), any_entry_inv(sp + 1, index_at(v, 4)), any_ptable_inv(third), any_entry_inv(third, index_at(v, 3)),
	      any_ptable_inv(second), any_entry_inv(second, index_at(v, 2)), any_ptable_inv(first));
}

void h_contract_space_walk(u32 sp, u64 v, u32 want)
{
	ASSUME_STATE(requires, may_walk(sp, SP(sp)->kind, v, want), "a walk begins at a space, to a user address");
	tables_on_way(sp, v);
	const struct place at = space_walk(sp, SP(sp)->kind, v, want);

	CHECK_SPEC(place_is_end(sp, v, want, at.page, at.index, at.level));
	CHECK_SPEC(at.page == table_at(sp, v, at.level));
	CHECK_SPEC((at.level == want) == has_table(sp, v, want));
	CHECK_SPEC(has_table(sp, v, at.level));
	COVER(at.level == want);
}

/* --- what is wrong with arguments ------------------------------------------------------------------- */

/* Each entry that may be made stands under its grant. */
void h_contract_leaf_check(u32 g, u64 vaddr, u64 offset, u64 count, u64 attr, u64 k)
{
	const u32 level = spec_level(attr);

	ASSUME_STATE(requires, may_batch(g, count, attr, level), "a batch under a grant whose space is there");
	ASSUME_STATE(requires, SLOT(g)->badge == SP(SLOT(g)->obj)->uid, "the space that the grant was made for");
	hint_range(g);
	CASES(level == 1);
	CASES(level == 2);
	const u32 sp = SLOT(g)->obj;
	const u64 size = pages_of_level(level);
	const u32 bad = leaf_check(g, vaddr, offset, count, attr, level).v;

	CHECK_SPEC(bad == spec_leaf_error(g, vaddr, offset, count * size, attr, level_is_ok(SP(sp)->kind, level) != 0));
	CHECK_IF((bad == 0) & (k < count), "spec",
		 grant_allows(g, sp, vaddr / 4096 + k * size, spec_leaf(g, offset + k * size, attr), level));
}

void h_contract_clear_check(u32 g, u64 vaddr, u64 count, u64 attr)
{
	const u32 level = spec_level(attr);

	ASSUME_STATE(requires, may_batch(g, count, attr, level), "a batch under a grant whose space is there");
	hint_range(g);
	CASES(level == 1);
	CASES(level == 2);
	CHECK_SPEC(clear_check(g, vaddr, count, attr, level).v ==
		   spec_unmap_error(g, vaddr, count * pages_of_level(level), attr));
}

/* --- calls ------------------------------------------------------------------------------------- */

PRED u32 how_done(u32 err, u64 result)
{
	return err == 0 ? (u32)result : 0;
}

void h_unmap(u32 t, u32 g, u64 vaddr, u64 count, u64 attr)
{
	CALLER(t);
	HANDED(grant_unmap, g, count, attr);
	hint_grant(any, g);
	const u32 sp = SLOT(g)->obj, kind = SP(sp)->kind, level = spec_level(attr);
	const u64 v = vaddr / 4096;
	const bool there = has_table(sp, v, level) & (any.page == table_at(sp, v, level));
	const u32 bad = spec_clear_error(g, vaddr, count * pages_of_level(level), attr);
	const err_t err = sys_grant_unmap(t, g, vaddr, count, attr);
	const u32 done = how_done(err.v, FR_OUT(t, 0));
	const bool within = there & (any.n - index_at(v, level) < done);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", (done >= 1) & (done <= count));
	CHECK_IF(!within, "spec", PTE(any.page, any.n) == old_pte[any.page][any.n]);
	CHECK_IF(within, "spec", PTE(any.page, any.n) == old_cleared(any.page, any.n, g, kind, level));
	CHECK_IF(PTE(any.page, any.n) != old_pte[any.page][any.n], "spec", is_flushed(sp, v, level, any.n - index_at(v, level)));
	check_entries(t, err.v == ERRNO_STATE ? 0 : 1);
	check_footprint(any, true, old_thread[t].home);
	COVER(err.v == 0);
}

/* Is there a way for v of sp down to a table of this level, and what stands in the way if not? */
PRED bool is_error_of_place(u32 err, u32 missing)
{
	return err == ERRNO_TABLE ? missing >= 1 && missing <= 3 : err == ERRNO_STATE;
}

void h_map(u32 t, u32 g, u64 vaddr, u64 offset, u64 count, u64 attr)
{
	CALLER(t);
	HANDED(grant_map, g, offset, count, attr);
	hint_grant(any, g);
	const u32 sp = SLOT(g)->obj, kind = SP(sp)->kind, level = spec_level(attr);
	const u64 v = vaddr / 4096;
	const bool there = has_table(sp, v, level) & (any.page == table_at(sp, v, level));
	CASES(level == 1);
	const u32 bad = spec_map_error(g, vaddr, offset, count * pages_of_level(level), attr, level_is_ok(kind, level));
	const err_t err = sys_grant_map(t, g, vaddr, offset, count, attr);
	const u32 done = how_done(err.v, FR_OUT(t, 0));
	const u32 k = any.n - index_at(v, level);
	const bool within = there & (any.n - index_at(v, level) < done);

	CHECK_IF(bad != 0, "spec", err.v == bad);
	CHECK_IF((bad == 0) & (err.v != 0), "spec", is_error_of_place(err.v, (u32)FR_OUT(t, 0)));
	CHECK_IF(err.v == 0, "spec", (done >= 1) & (done <= count));
	CHECK_IF(!within, "spec", PTE(any.page, any.n) == old_pte[any.page][any.n]);
	CHECK_IF(within, "spec", PTE(any.page, any.n) == spec_leaf(g, offset + k * pages_of_level(level), attr));
	CHECK_IF(within & (pte_is_present(kind, old_pte[any.page][any.n]) | (kind == SPACE_IO)), "spec",
		 is_flushed(sp, v, level, k));
	check_entries(t, spec_live(g));
	check_footprint(any, true, old_thread[t].home);
	COVER(err.v == 0);
}

void h_harvest(u32 t, u32 g, u64 vaddr, u64 count)
{
	CALLER(t);
	HANDED(space_harvest, g, count);
	hint_grant(any, g);
	const u32 sp = SLOT(g)->obj, kind = SP(sp)->kind;
	const u64 v = vaddr / 4096;
	const bool there = has_table(sp, v, 1) & (any.page == table_at(sp, v, 1));
	const u32 bad = spec_clear_error(g, vaddr, count, 0);
	const err_t err = sys_space_harvest(t, g, vaddr, count);
	const u32 done = how_done(err.v, FR_OUT(t, 0));
	const u32 k = any.n - index_at(v, 1);
	const bool within = there & (any.n - index_at(v, 1) < done);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", (done >= 1) & (done <= count));
	CHECK_IF(!within, "spec", PTE(any.page, any.n) == old_pte[any.page][any.n]);
	CHECK_IF(within, "spec", PTE(any.page, any.n) == old_clean(any.page, any.n, g, kind));
	CHECK_IF(within, "spec", marks_are(FR_OUT(t, 1), FR_OUT(t, 2), k, g, kind, old_pte[any.page][any.n]));
	CHECK_IF(PTE(any.page, any.n) != old_pte[any.page][any.n], "spec", is_flushed(sp, v, 1, k));
	check_entries(t, err.v == 0 ? 3 : 0);
	check_footprint(any, true, old_thread[t].home);
	COVER(err.v == 0);
}

PRED u32 spec_pass_error(u32 g, u32 to, u64 vaddr, u64 count)
{
	return !spec_live(g) || !spec_live(to) ? ERRNO_STATE
	       : !grant_has_window(g, vaddr / 4096, count) || !grant_has_window(to, vaddr / 4096, count) ? ERRNO_RANGE
	       : vaddr % 4096 != 0								      ? ERRNO_ARG
													      : ERRNO_OK;
}

void h_copy(u32 t, u32 g, u32 to, u64 vaddr, u64 count, u64 attr)
{
	CALLER(t);
	HANDED(space_copy, g, to, count, attr);
	hint_grant(any, g);
	hint_range(to);
	const u32 sp = SLOT(g)->obj, sp2 = SLOT(to)->obj;
	const u64 v = vaddr / 4096;
	const u32 src = table_at(sp, v, 1), dst = table_at(sp2, v, 1), first = index_at(v, 1);
	const u32 kind = SP(sp)->kind, kind2 = SP(sp2)->kind, k = any.n - first;
	const bool both = has_table(sp, v, 1) & has_table(sp2, v, 1);
	const u32 bad = spec_pass_error(g, to, vaddr, count);
	const err_t err = sys_space_copy(t, g, to, vaddr, count, attr);
	const u32 done = how_done(err.v, FR_OUT(t, 0));
	const bool changed = PTE(any.page, any.n) != old_pte[any.page][any.n];

	CHECK_IF(bad != 0, "spec", err.v == bad);
	CHECK_IF((bad == 0) & (err.v != 0), "spec", is_error_of_place(err.v, (u32)FR_OUT(t, 0)));
	CHECK_IF(err.v == 0, "spec", (done >= 1) & (done <= count));
	CHECK_IF(both & (err.v == 0), "spec", PTE(any.page, any.n) == copied(any.page, any.n, g, to, src, dst, first, done, attr));
	CHECK_IF(!both | (err.v != 0), "spec", PTE(any.page, any.n) == old_pte[any.page][any.n]);
	CHECK_IF(both & (err.v == 0) & (any.page == dst) & (k < done) & (passed(g, to, kind, old_pte[src][any.n], attr) != 0), "spec",
		 grant_allows(to, sp2, v + k, PTE(any.page, any.n), 1));
	CHECK_IF(changed & (any.page == src), "spec", is_flushed(sp, v, 1, k) | (any.page == dst));
	CHECK_IF(changed & (any.page == dst) & (pte_is_present(kind2, old_pte[dst][any.n]) | (kind2 == SPACE_IO)), "spec",
		 is_flushed(sp2, v, 1, k));
	check_entries(t, bad == 0);
	COVER((err.v == 0) & both);
}
