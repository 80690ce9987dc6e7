/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * [h_attach]
 * function = "sys_table_attach"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "prover.h"
#include "whole.h"
#include "handed.h"

#include <table.c>

PRED u32 spec_table_error(u32 dir, u32 leaf, u64 index)
{
	return CT(dir)->leaf[index] != 0 ? ERRNO_BUSY
	       : PD(leaf)->parent != NIL || (PD(leaf)->flags & PAGE_DYING) || (PD(dir)->flags & PAGE_DYING)
		       ? ERRNO_STATE
		       : ERRNO_OK;
}

/* A page of slots gets its place in a table, once, where nothing was. */
void h_attach(u32 t, u32 table, u32 slots, u64 index)
{
	HANDED(table_attach, table, slots, index);
	const u32 dir = SLOT(table)->obj;
	const u32 leaf = SLOT(slots)->obj;
	HINTS(any_cap_object_inv(table), any_cap_object_inv(slots));
	hint_page(any.page);
	hint_page(leaf);
	HINT(1, any_table_leaf_inv(any.page, any.n));
	const u32 bad = spec_table_error(dir, leaf, index);
	const err_t err = sys_table_attach(t, table, slots, index);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", CT(dir)->leaf[index] == leaf);
	CHECK_IF(err.v == 0, "spec", (PD(leaf)->parent == dir) & (PD(leaf)->index == index));
	ASSIGNS(err.v == 0, CT(dir)->leaf[index], PD(leaf)->parent, PD(leaf)->index);
	check_whole();
	COVER(err.v == 0);
}
