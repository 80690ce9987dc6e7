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

/* All of a descriptor but where it hangs, and which level that is. */
PRED bool same_page_but_place(u32 p)
{
	return SAME(ks_page[p], old_page[p], type) && SAME(ks_page[p], old_page[p], head) &&
	       SAME(ks_page[p], old_page[p], owner) && SAME(ks_page[p], old_page[p], link);
}

/* A page-table page is entered where nothing was, once in its life. */
void h_attach(void)
{
	ANY(u32, t);
	ANY(u32, ptable);
	ANY(u32, space);
	ANY(u64, vaddr);
	ANY(u64, level);
	const struct any any = any_index();

	CALLER(t);
	HANDED(ptable_attach, ptable, space, level);
	const u32 pt = SLOT(ptable)->obj, sp = SLOT(space)->obj;
	const u64 v = vaddr / 4096;
	HINT(1, any_cap_object_inv(ptable));
	HINT(1, any_cap_object_inv(space));
	HINT(1, any_space_inv(sp));
	HINT(1, any_ptable_inv(pt));
	HINT(1, any_entry_inv(PD(pt)->parent, PD(pt)->index));
	HINT(1, any_entry_inv(any.page, any.n));
	HINT(1, any_entry_inv(PD(any.page)->parent, PD(any.page)->index));
	HINT(1, any_ptable_inv(any.page));
	HINT(1, any_page_type_inv(any.page));
	const bool user = v < spec_pages(SP(sp)->kind);
	const u32 up = table_at(sp, v, (u32)level + 1), at = index_at(v, (u32)level + 1);
	const bool free = user && has_table(sp, v, (u32)level + 1) && !pte_is_present(SP(sp)->kind, PTE(up, at));
	const u32 early = spec_attach_error(pt, sp, vaddr);
	remember();
	const err_t err = sys_ptable_attach(t, ptable, space, vaddr, level);
	const bool done = err.v == 0;

	CHECK_IF(early != 0, "spec", err.v == early);
	CHECK_IF(early == 0, "spec", done == free);
	CHECK_IF((early == 0) & !done, "spec", (err.v == ERRNO_BUSY) | (err.v == ERRNO_TABLE));
	CHECK_IF(err.v == ERRNO_TABLE, "spec", (FR_OUT(t, 0) > level) & (FR_OUT(t, 0) <= 3));
	CHECK_IF(done, "spec", table_translates(pt, sp, v));
	CHECK_IF(done, "spec", table_level(pt) == level);
	CHECK_IF(!done | (any.page != up) | (any.n != at), "spec", ks_pte[any.page][any.n] == old_pte[any.page][any.n]);
	CHECK_IF(!done | (any.page != pt), "spec", same_page(any.page));
	CHECK_SPEC(same_page_but_place(any.page));
	CHECK_IF((err.v != ERRNO_TABLE) | (any.page != t) | (any.n != REG_RDI), "spec", same_register(any.page, any.n));
	CHECK_SPEC(same_thread(any.page) & same_cap(any.slot) & same_leaf(any.page, any.n));
	CHECK_SPEC(same_frame_rest(any.page, any.n));
	CHECK_SPEC(same_notif(any.page) & same_tnode(any.page) & same_sched(any.page) & same_ep(any.page));
	CHECK_SPEC(same_irq(any.page) & same_device(any.page) & same_space(any.page) & same_ks(any.n));
	CHECK_SPEC(ks_word[any.page][any.n] == old_word[any.page][any.n]);
	check_cpus(any);
	check_invariants(any);
	check_owners(any);
	COVER(done);
	COVER(err.v == ERRNO_TABLE);
}
