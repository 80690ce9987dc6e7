/* SPDX-License-Identifier: MIT */
/*
 * For units about calls on entries, after <mapping.c>: what its functions do that check
 * arguments and go through entries.  Proved by mapping.c and runs.c.
 */
#pragma once
#include "runs.h"

/* --- the machine ------------------------------------------------------------------------- */

struct {
	u8 level_ok[2][4];
	u32 space[2]; /* the last two flushes */
	u64 vpage[2], pages[2];
} mmu;

bool arch_level_ok(u32 kind, u32 level)
{
	return mmu.level_ok[kind & 1][level & 3] & 1;
}

/* Flushing leaves kernel state as it is; what is flushed is remembered. */
void arch_space_flush(u32 sp, u64 vpage, u64 pages)
{
	mmu.space[1] = mmu.space[0];
	mmu.vpage[1] = mmu.vpage[0];
	mmu.pages[1] = mmu.pages[0];
	mmu.space[0] = sp;
	mmu.vpage[0] = vpage;
	mmu.pages[0] = pages;
}

/* --- what is wrong with arguments ------------------------------------------------------------------ */

PRED u32 level_is_ok(u32 kind, u32 level)
{
	return (level == 1) | (mmu.level_ok[kind & 1][level & 3] & 1);
}

/* A batch under a grant whose space is there. */
PRED bool may_batch(u32 g, u64 count, u64 attr, u32 level)
{
	return slot_is_full(g) && SLOT(g)->type == OBJ_GRANT && is_space(SLOT(g)->obj) && count >= 1 && count <= STEP_ENTRIES &&
	       attr <= 63 && level == spec_level(attr);
}

static void hint_range(u32 g)
{
	HINTS(any_cap_window_inv(g), any_cap_range_inv(g), any_cap_root_inv(g), any_cap_parent_inv(g), any_space_inv(SLOT(g)->obj));
}

/* The first of the leaves, if the space is the one that the grant was made for. */
PRED bool leaf_is_allowed(u32 g, u64 vaddr, u64 offset, u64 attr)
{
	return SLOT(g)->badge != SP(SLOT(g)->obj)->uid ||
	       grant_allows(g, SLOT(g)->obj, vaddr / 4096, spec_leaf(g, offset, attr), spec_level(attr));
}

err_t prover_replace_leaf_check(u32 g, u64 vaddr, u64 offset, u64 count, u64 attr, u32 level)
{
	const u32 bad = spec_leaf_error(g, vaddr, offset, count * pages_of_level(level), attr,
					level_is_ok(SP(SLOT(g)->obj)->kind, level) != 0);

	CHECK_SPEC(may_batch(g, count, attr, level));
	prover_assume(bad != 0 || leaf_is_allowed(g, vaddr, offset, attr));
	return (err_t){ bad };
}

err_t prover_replace_clear_check(u32 g, u64 vaddr, u64 count, u64 attr, u32 level)
{
	CHECK_SPEC(may_batch(g, count, attr, level));
	return (err_t){ spec_unmap_error(g, vaddr, count * pages_of_level(level), attr) };
}

/* --- runs of entries ---------------------------------------------------------------------------- */

/*
 * What a loop does is stated at two arbitrary entries: the one that is checked later, and the one that points to its table.
 */
#define SPY_PAGE INDEX(page)
#define SPY_INDEX INDEX(n)
#define ABOVE_PAGE above_page(INDEX(page))
#define ABOVE_INDEX above_index(INDEX(page))

PRED u32 above_page(u32 p)
{
	return PD(p)->parent;
}

PRED u32 above_index(u32 p)
{
	return PD(p)->index;
}

PRED bool stays(u32 p, u32 i, u32 g, u32 kind, u32 level)
{
	return cleared(p, i, g, kind, level) == PTE(p, i);
}

bool prover_replace_run_clear(u32 g, u32 kind, struct place at, u32 n)
{
	ANY(u32, any);

	CHECK_SPEC(may_run(kind, at.page, at.index, at.level, n));
	prover_assume((any == 1) | !in_run(SPY_PAGE, SPY_INDEX, at.page, at.index, n) |
		      stays(SPY_PAGE, SPY_INDEX, g, kind, at.level));
	BECOME(ks_pte, at.page, at.index, n, cleared, g, kind, at.level);
	return any == 1;
}

PRED bool is_there(u32 p, u32 i, u32 kind)
{
	return pte_is_present(kind, PTE(p, i));
}

struct entered prover_replace_run_enter(u32 kind, struct place at, u32 n, struct leaves l)
{
	ANY(u32, done);
	ANY(u32, replaced);
	const u32 how = (l.device ? 1 : 0) + (l.combine ? 2 : 0);

	CHECK_SPEC(may_run(kind, at.page, at.index, at.level, n) & (at.level <= 3));
	prover_assume((done <= n) & (replaced <= 1));
	prover_assume((done == n) | is_way_on(at.page, at.index + done, kind, at.level));
	prover_assume(!in_run(SPY_PAGE, SPY_INDEX, at.page, at.index, done) |
		      (!is_way_on(SPY_PAGE, SPY_INDEX, kind, at.level) &
		       ((replaced == 1) | !is_there(SPY_PAGE, SPY_INDEX, kind))));
	prover_assume(!in_run(ABOVE_PAGE, ABOVE_INDEX, at.page, at.index, done) |
		      !is_way_on(ABOVE_PAGE, ABOVE_INDEX, kind, at.level));
	BECOME(ks_pte, at.page, at.index, done, entered, l.page, at.index, kind, l.rights, at.level, how);
	return (struct entered){ done, replaced == 1 };
}

PRED bool marks_of(u64 accessed, u64 dirty, u32 p, u32 i, u32 first, u32 g, u32 kind)
{
	return marks_are(accessed, dirty, i - first, g, kind, PTE(p, i));
}

/* A place, without its level: the compiler drops what is not used. */
struct entry {
	u32 page, index;
};

struct marks prover_replace_run_harvest(u32 g, u32 kind, struct entry at, u32 n)
{
	ANY(u64, accessed);
	ANY(u64, dirty);

	CHECK_SPEC(may_run(kind, at.page, at.index, 1, n));
	prover_assume(!in_run(SPY_PAGE, SPY_INDEX, at.page, at.index, n) |
		      marks_of(accessed, dirty, SPY_PAGE, SPY_INDEX, at.index, g, kind));
	BECOME(ks_pte, at.page, at.index, n, clean, g, kind);
	return (struct marks){ accessed, dirty };
}

/* Of the state before the call: entries did not change before. */
u32 prover_replace_run_copy(u32 g, u32 to, struct entry src, struct place dst, u32 n, u64 attr)
{
	ANY(u32, flush);

	CHECK_SPEC(may_copy(g, to, src.page, src.index, dst.page, dst.index, n) & (dst.level == 1));
	CHECK_SPEC(is_copied_to(SPY_PAGE, SPY_INDEX, g, to, src.page, dst.page, src.index, 0, attr, 0));
	FORGET(ks_pte[0]);
	prover_assume(is_copied_to(SPY_PAGE, SPY_INDEX, g, to, src.page, dst.page, src.index, n, attr, flush));
	prover_assume(is_copied_to(ABOVE_PAGE, ABOVE_INDEX, g, to, src.page, dst.page, src.index, n, attr, flush));
	return flush;
}

/* --- calls ---------------------------------------------------------------------------------------- */

/* A translation that is no longer right was flushed: the entry k places after v. */
PRED bool was_flushed(u32 i, u32 sp, u64 v, u64 n)
{
	return mmu.space[i] == sp && v >= mmu.vpage[i] && v + n <= mmu.vpage[i] + mmu.pages[i];
}

PRED bool is_flushed(u32 sp, u64 v, u32 level, u32 k)
{
	const u64 n = pages_of_level(level);

	return was_flushed(0, sp, v + k * n, n) || was_flushed(1, sp, v + k * n, n);
}

PRED u32 spec_clear_error(u32 g, u64 vaddr, u64 pages, u64 attr)
{
	return spec_live(g) ? spec_unmap_error(g, vaddr, pages, attr) : ERRNO_STATE;
}

PRED u32 spec_map_error(u32 g, u64 vaddr, u64 offset, u64 pages, u64 attr, u32 level_ok)
{
	return spec_live(g) ? spec_leaf_error(g, vaddr, offset, pages, attr, level_ok != 0) : ERRNO_STATE;
}

static void hint_grant(struct any any, u32 g)
{
	hint_range(g);
	HINTS(any_entry_inv(any.page, any.n), any_ptable_inv(any.page));
}

/* Any entry may change, of which more is said; and what the caller is told. */
static void check_entries(u32 t, u32 results)
{
	ASSIGNS(1, PTE(any.page, any.n));
	ASSIGNS_RUN(results != 0, FR_OUT(t, 0), results);
	check_whole();
}
