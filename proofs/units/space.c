/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * [h_attach]
 * function = "sys_ptable_attach"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "prover.h"
#define HOT static __attribute__((noinline))
#include "contract_walk.h"
#include "handed.h"

#include <space.c>

/* Flushing leaves kernel state as it is. */
void arch_space_flush(u32 sp, u64 vpage, u64 pages)
{
	(void)sp;
	(void)vpage;
	(void)pages;
}

/* A page-table page is entered where nothing was, once in its life. */
void h_attach(u32 t, u32 ptable, u32 space, u64 vaddr, u64 level)
{
	CALLER(t);
	HANDED(ptable_attach, ptable, space, level);
	const u32 pt = SLOT(ptable)->obj, sp = SLOT(space)->obj;
	const u64 v = vaddr / 4096;
	HINTS(any_cap_object_inv(ptable), any_cap_object_inv(space), any_space_inv(sp), any_ptable_inv(pt),
	      any_entry_inv(PD(pt)->parent, PD(pt)->index), any_entry_inv(any.page, any.n),
	      any_entry_inv(PD(any.page)->parent, PD(any.page)->index), any_ptable_inv(any.page), any_page_type_inv(any.page));
	const bool user = v < spec_pages(SP(sp)->kind);
	const u32 up = table_at(sp, v, (u32)level + 1), at = index_at(v, (u32)level + 1);
	const bool free = user && has_table(sp, v, (u32)level + 1) && !pte_is_present(SP(sp)->kind, PTE(up, at));
	const u32 early = spec_attach_error(pt, sp, vaddr);
	const err_t err = sys_ptable_attach(t, ptable, space, vaddr, level);
	const bool done = err.v == 0;

	CHECK_IF(early != 0, "spec", err.v == early);
	CHECK_IF(early == 0, "spec", done == free);
	CHECK_IF((early == 0) & !done, "spec", (err.v == ERRNO_BUSY) | (err.v == ERRNO_TABLE));
	CHECK_IF(err.v == ERRNO_TABLE, "spec", (FR_OUT(t, 0) > level) & (FR_OUT(t, 0) <= 3));
	CHECK_IF(done, "spec", table_translates(pt, sp, v));
	CHECK_IF(done, "spec", table_level(pt) == level);
	ASSIGNS(done, PTE(up, at), PD(pt)->parent, PD(pt)->index, PD(pt)->flags);
	ASSIGNS(err.v == ERRNO_TABLE, FR_OUT(t, 0));
	check_whole();
	COVER(done);
	COVER(err.v == ERRNO_TABLE);
}
