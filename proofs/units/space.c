/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_attach]
 * function = "sys_ptable_attach"
 * columns = ["ub", "invariant", "spec"]
 */
#include "prover.h"
#include <space.c>
#include "spec_space.h"
#include "state_def.h"
#include "model.h"

u64 old_pte[PAGE_COUNT][PT_ENTRIES];
struct page old_page[PAGE_COUNT];

/* Flushing leaves kernel state as it is. */
void arch_space_flush(u32 sp, u64 vpage, u64 pages)
{
	(void)sp;
	(void)vpage;
	(void)pages;
}

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

	HINT(1, any_space_inv(sp));
	HINT(1, any_entry_inv(sp + 1, index_at(v, 4)));
	HINT(1, any_ptable_inv(third));
	HINT(1, any_entry_inv(third, index_at(v, 3)));
	HINT(1, any_ptable_inv(second));
	HINT(1, any_entry_inv(second, index_at(v, 2)));
	HINT(1, any_ptable_inv(first));
}

/* A page-table page is entered where nothing was, once in its life. */
void h_attach(void)
{
	ANY(u32, t);
	ANY(u32, ptable);
	ANY(u32, space);
	ANY(u64, vaddr);
	ANY(u64, level);
	ANY(u32, q);
	ANY(u32, j);
	ANY(u32, r);
	ASSUME_INPUT((t < PAGE_COUNT) & (level >= 1) & (level <= 3));
	ASSUME_INPUT((q < PAGE_COUNT) & (r < PAGE_COUNT) & (j < PT_ENTRIES));
	const u32 pt = SLOT(ptable)->obj;
	const u32 sp = SLOT(space)->obj;
	const u64 v = vaddr / 4096;
	ASSUME_STATE(dispatch, is_object(pt, OBJ_PTABLE) && is_space(sp),
		     "what the dispatcher checked, and cap_object_inv");
	HINT(1, any_entry_inv(q, j));
	HINT(1, any_ptable_inv(r));
	HINT(1, any_ptable_inv(pt));
	HINT(1, any_entry_inv(PD(pt)->parent, PD(pt)->index));
	tables_on_way(sp, v);
	const bool user = v < spec_pages(SP(sp)->kind);
	const struct place at = user ? space_walk(sp, SP(sp)->kind, v, (u32)level + 1) :
				       (struct place){ 0, 0, 4 };
	const u32 bad = spec_attach_error(pt, sp, vaddr, level, at.page, at.index, at.level);
	SNAPSHOT(old_pte, ks_pte);
	SNAPSHOT(old_page, ks_page);
	const err_t err = sys_ptable_attach(t, ptable, space, vaddr, level);

	CHECK_INV(any_entry_inv(q, j));
	CHECK_INV(any_ptable_inv(r));
	CHECK_INV(any_space_inv(sp));
	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", table_translates(pt, sp, v));
	CHECK_IF(err.v == 0, "spec", table_level(pt) == level);
	CHECK_IF(err.v == ERRNO_TABLE, "spec", FR_OUT(t, 0) == at.level - 1);
	CHECK_IF((err.v != 0) | (q != at.page) | (j != at.index), "spec", PTE(q, j) == old_pte[q][j]);
	CHECK_IF((err.v != 0) | (r != pt), "spec", PD(r)->parent == old_page[r].parent);
	COVER(err.v == 0);
}
