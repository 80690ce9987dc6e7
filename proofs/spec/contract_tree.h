/* SPDX-License-Identifier: MIT */
/*
 * What inserting a capability, or a copy of one, and removing one does, for units that call
 * it: proved by the harnesses h_contract_* of cap.c.  What is written is written here too;
 * what is kept is known then, of any slot.
 */
#pragma once
#include "contract_cap.h"
#include "whole.h"

PRED bool may_insert(u32 dst, u32 parent, u32 type)
{
	return slot_exists(dst) && SLOT(dst)->type == 0 && slot_is_in_page(parent) && SLOT(parent)->depth < CAP_DEPTH_MAX &&
	       type >= 1 && type <= OBJ_SYSTEM && ks.g_clock < UINT64_MAX;
}

PRED bool may_insert_copy(u32 dst, u32 src, u32 rights)
{
	return may_insert(dst, src, SLOT(src)->type) && (rights & ~SLOT(src)->rights) == 0 && SLOT(src)->type != OBJ_GRANT &&
	       SLOT(src)->type != OBJ_REPLY;
}

/* What changes besides a new capability that is derived from a parent, or when one goes. */
#define INSERTED(dst, parent) *SLOT(dst), BORN(dst), ks.g_clock, SLOT(parent)->child, SLOT(old_slot[parent].child)->prev
#define REMOVED(s) *SLOT(s), SLOT(old_slot[s].next)->prev, SLOT(old_slot[s].prev)->next, SLOT(old_slot[s].parent)->child

#define ASSUME_SLOT(name) prover_assume(any_##name(INDEX(slot)));

/* The newest child of a parent. */
void prover_replace_cap_insert(u32 dst, u32 parent, u32 type, u32 rights, u32 obj)
{
	const u32 older = SLOT(parent)->child;

	CHECK_SPEC(may_insert(dst, parent, type));
	*SLOT(dst) = (struct cap){ .type = (u8)type,
				   .depth = (u16)(SLOT(parent)->depth + 1),
				   .rights = rights,
				   .obj = obj,
				   .parent = parent,
				   .child = NIL,
				   .next = older,
				   .prev = NIL };
	BORN(dst) = ks.g_clock++;
	SLOT(older != NIL ? older : dst)->prev = older != NIL ? dst : NIL;
	SLOT(parent)->child = dst;
	TREE_INVARIANTS(ASSUME_SLOT)
	prover_assume(any_cap_pair_inv(INDEX(slot), INDEX(n)));
}

void prover_replace_cap_insert_copy(u32 dst, u32 src, u32 rights)
{
	CHECK_SPEC(may_insert_copy(dst, src, rights));
	cap_insert(dst, src, SLOT(src)->type, rights, SLOT(src)->obj);
	SLOT(dst)->first = SLOT(src)->first;
	SLOT(dst)->count = SLOT(src)->count;
	SLOT(dst)->badge = SLOT(src)->badge;
	CAP_INVARIANTS(ASSUME_SLOT)
}

void prover_replace_cap_remove(u32 s)
{
	const u32 next = SLOT(s)->next, prev = SLOT(s)->prev, parent = SLOT(s)->parent;
	const bool first = prev == NIL && parent != NIL;

	CHECK_SPEC(may_remove(s));
	SLOT(prev != NIL ? prev : s)->next = next;
	SLOT(first ? parent : s)->child = first ? next : NIL;
	SLOT(next != NIL ? next : s)->prev = prev;
	*SLOT(s) = (struct cap){ 0 };
	CAP_INVARIANTS(ASSUME_SLOT)
	prover_assume(any_cap_pair_inv(INDEX(slot), INDEX(n)));
}
