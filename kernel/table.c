/* SPDX-License-Identifier: MIT */
/*
 * Capability tables: putting pages of slots into a directory.
 *
 * Owns:       struct table.                Invariant: table_inv().
 * Locks:      all locks.
 */
#include "ks.h"

err_t sys_table_attach(u32 t, u32 table, u32 slots, u64 index)
{
	u32 dir = SLOT(table)->obj;
	u32 leaf = SLOT(slots)->obj;

	(void)t;
	if (CT(dir)->leaf[index] != 0)
		return ERR_BUSY;
	if (PD(leaf)->parent != NIL || ((PD(leaf)->flags | PD(dir)->flags) & PAGE_DYING))
		return ERR_STATE;
	/* commit */
	CT(dir)->leaf[index] = leaf;
	PD(leaf)->parent = dir;
	PD(leaf)->index = (u16)index;
	return OK;
}
