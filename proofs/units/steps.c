/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 8
 * merge = ["entry_drop", "root_entries", "space_is_stuck"]
 * [h_contract_table_destroy_step]
 * function = "table_destroy_step"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_ptable_destroy_step]
 * function = "ptable_destroy_step"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_space_destroy_step]
 * function = "space_destroy_step"
 * columns = ["ub", "invariant", "spec"]
 */
/*
 * Destroying tables, part by part: exactly the entries of the part go, and what they led to
 * stands alone.
 */
#include "prover.h"
#include "contract_destroy.h"

#include <space.c>
#include <destroy.c>

/* Flushing leaves kernel state as it is; what is flushed is remembered. */
struct {
	u32 space;
	u64 vpage, pages;
} flushed;

void arch_space_flush(u32 sp, u64 vpage, u64 pages)
{
	flushed.space = sp;
	flushed.vpage = vpage;
	flushed.pages = pages;
}

void arch_space_retire(u32 sp)
{
	(void)sp;
}

void arch_iospace_free(u32 sp)
{
	(void)sp;
}

PRED bool is_part(u32 i, u32 first, u32 end)
{
	return i >= first && i < end;
}

/* The pages that entries lead to. */
PRED u32 leaf_at(u32 p, u32 k)
{
	return CT(p)->leaf[k];
}

PRED u32 led_to(u32 p, u32 k)
{
	return pte_page(PTE(p, k));
}

/* --- tables of slots -------------------------------------------------------------------------- */

/* Were entries [first, i) of the table given up, and no others? */
PRED bool is_left_to(u32 p, u32 k, u32 table, u32 first, u32 i)
{
	const bool child = p != 0 && page_exists(p) && old_page[p].type == OBJ_SLOTS && old_page[p].parent == table && is_part(old_page[p].index, first, i);

	return CT(p)->leaf[k] == (p == table && is_part(k, first, i) ? 0 : old_table[p].leaf[k]) &&
	       PD(p)->parent == (child ? NIL : old_page[p].parent);
}

PRED bool is_table_round(u32 i, u32 at)
{
	return i < STEP_ENTRIES && at <= 512 - STEP_ENTRIES;
}

void prover_begin_table_destroy_step(u32 i, u32 table, u32 at)
{
	CHECK_SPEC(is_table_round(i, at));
	CHECK_SPEC(is_left_to(INDEX(page), INDEX(n), table, at, at + i));
	CHECK_SPEC(any_table_leaf_inv(INDEX(page), INDEX(n)));
	CHECK_SPEC(any_page_slots_inv(INDEX(page)));
}

void prover_round_table_destroy_step(u32 i, u32 table, u32 at)
{
	FORGET(ks_table[0].leaf);
	FORGET(ks_page[0].parent);
	prover_assume(is_table_round(i, at));
	prover_assume(is_left_to(INDEX(page), INDEX(n), table, at, at + i));
	prover_assume(any_table_leaf_inv(INDEX(page), INDEX(n)));
	prover_assume(any_page_slots_inv(INDEX(page)));
	prover_assume(any_table_leaf_inv(table, at + i));
	prover_assume(is_left_to(led_to(INDEX(page), INDEX(n)), 0, table, at, at + i));
}

void h_contract_table_destroy_step(u32 table)
{
	GIVEN(may_step_table(table));
	HINTS(any_table_leaf_inv(any.page, any.n), any_page_slots_inv(any.page), any_page_link_inv(any.page));
	const u32 at = PD(table)->index;
	table_changes(table);
	const bool gone = table_destroy_step(table);

	CHECK_SPEC(gone == (at == 512 - STEP_ENTRIES));
	CHECK_SPEC(is_left_to(any.page, any.n, table, at, at + STEP_ENTRIES));
	CHECK_SPEC((PD(table)->index == at + STEP_ENTRIES) & (PD(table)->flags == (old_page[table].flags | PAGE_DYING)));
	check_whole();
	COVER(gone);
}

/* --- page tables --------------------------------------------------------------------------------- */

/* Were entries [first, i) of a table dropped, besides the one that led to page gone, and no others? */
PRED bool is_dropped_to(u32 p, u32 k, u32 table, u32 first, u32 i, u32 gone)
{
	const bool led = gone != NIL && old_page[gone].parent != NIL && p == old_page[gone].parent && k == old_page[gone].index;
	const bool child = page_exists(p) && old_page[p].type == OBJ_PTABLE && old_page[p].parent == table && is_part(old_page[p].index, first, i);

	return PTE(p, k) == (led || (p == table && is_part(k, first, i)) ? 0 : old_pte[p][k]) &&
	       PD(p)->parent == (child || (gone != NIL && p == gone) ? NIL : old_page[p].parent);
}

/* The page whose detaching is part of this step. */
PRED u32 detached(u32 pt)
{
	return (old_page[pt].flags & PAGE_DYING) != 0 ? NIL : pt;
}

/* Before round i, or when it is over: at most so many rounds. */
PRED bool is_drop_round(u32 i, u32 first, u32 end, u32 most)
{
	return i >= first && i - first <= most && (i <= end || i == first);
}

static void begin_drop(u32 i, u32 table, u32 first, u32 end, u32 gone, u32 most)
{
	CHECK_SPEC(is_drop_round(i, first, end, most));
	CHECK_SPEC(is_dropped_to(INDEX(page), INDEX(n), table, first, i, gone));
	CHECK_SPEC(any_entry_inv(INDEX(page), INDEX(n)));
	CHECK_SPEC(any_ptable_inv(INDEX(page)));
}

static void round_drop(u32 i, u32 table, u32 first, u32 end, u32 gone, u32 most)
{
	FORGET(ks_pte[0]);
	FORGET(ks_page[0].parent);
	prover_assume(is_drop_round(i, first, end, most));
	prover_assume(is_dropped_to(INDEX(page), INDEX(n), table, first, i, gone));
	prover_assume(any_entry_inv(INDEX(page), INDEX(n)));
	prover_assume(any_ptable_inv(INDEX(page)));
	prover_assume(any_entry_inv(table, i));
	prover_assume(is_dropped_to(leaf_at(INDEX(page), INDEX(n)), 0, table, first, i, gone));
}

void prover_begin_ptable_destroy_step(u32 i, u32 pt, u32 first)
{
	begin_drop(i, pt, first, PT_ENTRIES, detached(pt), STEP_ENTRIES);
}

void prover_round_ptable_destroy_step(u32 i, u32 pt, u32 first)
{
	round_drop(i, pt, first, PT_ENTRIES, detached(pt), STEP_ENTRIES);
}

PRED u32 at_most(u32 n, u32 most)
{
	return n < most ? n : most;
}

/* Does the page translate for a space that is there? */
PRED bool is_used_by(u32 pt, u32 sp)
{
	return is_space(sp) && (PD(sp + 1)->flags & PAGE_DYING) == 0 && is_table_of(pt, sp) && is_attached(pt);
}

PRED bool is_flushed(u32 sp, u64 v, u64 n)
{
	return flushed.space == sp && v >= flushed.vpage && v + n <= flushed.vpage + flushed.pages;
}

void h_contract_ptable_destroy_step(u32 pt, u32 sp)
{
	GIVEN(may_step_ptable(pt));
	HINTS(any_ptable_inv(pt), any_ptable_inv(PD(pt)->parent), any_ptable_inv(PD(PD(pt)->parent)->parent),
	      any_entry_inv(PD(pt)->parent, PD(pt)->index), any_entry_inv(any.page, any.n), any_ptable_inv(any.page), any_space_inv(sp));
	const u32 level = table_level(pt), first = (PD(pt)->flags & PAGE_DYING) != 0 ? PD(pt)->index : 0;
	const u32 end = level > 1 ? at_most(first + STEP_ENTRIES, PT_ENTRIES) : first;
	const bool stuck = table_kind(pt) == SPACE_IO && (machine.iommu_ok & 1) == 0;
	const bool used = is_used_by(pt, sp) & ((PD(pt)->flags & PAGE_DYING) == 0);
	const u64 v = page_of_entry(pt, 0), n = PT_ENTRIES * pages_of_level(level);
	ptable_changes(pt);
	const bool gone = ptable_destroy_step(pt);

	CHECK_IF(level == 0, "spec", gone);
	CHECK_IF(level != 0, "spec", gone == (!stuck & (PD(pt)->index == PT_ENTRIES)));
	CHECK_IF(level != 0, "spec", is_dropped_to(any.page, any.n, pt, first, end, detached(pt)));
	CHECK_IF(used, "spec", is_flushed(sp, v, n));
	CHECK_IF(level != 0, "spec", PD(pt)->flags == (old_page[pt].flags | PAGE_DYING));
	CHECK_IF((level > 1) & (first < PT_ENTRIES), "spec", PD(pt)->index == first + STEP_ENTRIES);
	check_whole();
	COVER(gone & (level > 1));
}

/* --- spaces ----------------------------------------------------------------------------------------- */

PRED u32 root_end(u32 kind)
{
	return kind == SPACE_CPU ? PT_ENTRIES / 2 : PT_ENTRIES;
}

void prover_begin_space_destroy_step(u32 i, u32 sp, u32 first, u32 kind)
{
	begin_drop(i, sp + 1, first, root_end(kind), NIL, STEP_ENTRIES - 1);
}

void prover_round_space_destroy_step(u32 i, u32 sp, u32 first, u32 kind)
{
	round_drop(i, sp + 1, first, root_end(kind), NIL, STEP_ENTRIES - 1);
}

void h_contract_space_destroy_step(u32 sp)
{
	GIVEN(may_step_space(sp));
	HINTS(any_space_inv(sp), any_entry_inv(any.page, any.n), any_ptable_inv(any.page));
	const u32 kind = SP(sp)->kind, first = SP(sp)->cursor, end = at_most(first + STEP_ENTRIES, root_end(kind));
	const bool stuck = kind == SPACE_IO && (machine.iommu_ok & 1) == 0;
	space_changes(sp);
	const bool gone = space_destroy_step(sp);

	CHECK_SPEC(gone == (!stuck & (first + STEP_ENTRIES >= root_end(kind))));
	CHECK_SPEC(is_dropped_to(any.page, any.n, sp + 1, first, end, NIL));
	CHECK_SPEC(PD(sp)->flags == (old_page[sp].flags | PAGE_DYING));
	CHECK_SPEC(SP(sp)->cursor == (first < root_end(kind) ? first + STEP_ENTRIES : first));
	check_whole();
	COVER(gone);
}
