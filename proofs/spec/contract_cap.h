/* SPDX-License-Identifier: MIT */
/*
 * What finding capabilities does, and asking whether one is being revoked, for units
 * that call it: proved by the harnesses h_contract_* of cap.c.
 */
#pragma once
#include "spec_cap.h"

PRED bool slot_is_empty(u32 s)
{
	return slot_exists(s) && PD(SLOT_PAGE(s))->type == OBJ_SLOTS && SLOT(s)->type == 0;
}

/* A capability in a page of slots. */
PRED bool slot_is_in_page(u32 s)
{
	return slot_is_full(s) && PD(SLOT_PAGE(s))->type == OBJ_SLOTS;
}

PRED bool slot_is_found(u32 s)
{
	return s == NIL || (slot_exists(s) && PD(SLOT_PAGE(s))->type == OBJ_SLOTS);
}

PRED bool cap_is_found(u32 s)
{
	return s == NIL || (slot_is_found(s) && SLOT(s)->type != 0);
}

PRED bool may_remove(u32 s)
{
	return slot_is_full(s) && SLOT(s)->child == NIL;
}

u32 prover_replace_cap_slot(u32 t, u64 handle)
{
	const u32 s = spec_table_slot(TH(t)->table, handle);

	prover_assume(slot_is_found(s));
	return s;
}

u32 prover_replace_cap_lookup(u32 t, u64 handle)
{
	const u32 s = spec_lookup(t, handle);

	prover_assume(cap_is_found(s));
	return s;
}

u32 prover_replace_slot_find(u32 t, u64 where, u32 right)
{
	const u32 s = spec_slot(t, where, right);

	prover_assume(slot_is_found(s));
	return s;
}

bool prover_replace_cap_is_dying(u32 s)
{
	return spec_is_dying(s);
}
