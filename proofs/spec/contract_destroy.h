/* SPDX-License-Identifier: MIT */
/*
 * What steps of destroying may change, for units that call them: proved by the harnesses
 * h_contract_* of steps.c, sweep.c, lend.c, memory.c and delete.c.
 */
#pragma once
#include "contract_memory.h"
#include "contract_timeq.h"

/* --- one type each ---------------------------------------------------------------------------- */

PRED bool may_step_table(u32 p)
{
	return is_object(p, OBJ_TABLE) && PD(p)->index <= 512 - STEP_ENTRIES;
}

/* Of a level that there is; one that is being destroyed stands alone. */
PRED bool may_step_ptable(u32 p)
{
	return is_object(p, OBJ_PTABLE) && table_level(p) < LEVEL_ROOT && ((PD(p)->flags & PAGE_DYING) == 0 || PD(p)->parent == NIL);
}

PRED bool may_step_space(u32 p)
{
	return is_space(p) && SP(p)->cursor <= PT_ENTRIES;
}

PRED bool may_step_grant(u32 s)
{
	return slot_is_full(s) && SLOT(s)->type == OBJ_GRANT;
}

PRED bool may_unbind(u32 sc)
{
	return is_object(sc, OBJ_SCHED) && ks.cpus <= CPU_MAX;
}

static void table_changes(u32 p)
{
	ASSIGNS_RUN(1, CT(p)->leaf[PD(p)->index], STEP_ENTRIES);
	ASSIGNS(1, PD(any.page)->parent, PD(p)->index, PD(p)->flags);
}

static void ptable_changes(u32 p)
{
	ASSIGNS(table_level(p) != 0, PTE(any.page, any.n), PD(any.page)->parent, PD(p)->index, PD(p)->flags);
}

static void space_changes(u32 p)
{
	ASSIGNS(1, PTE(any.page, any.n), PD(any.page)->parent, PD(p)->flags, SP(p)->cursor);
}

static void grant_changes(u32 s)
{
	ASSIGNS(1, PTE(any.page, any.n), SLOT(s)->flags, SLOT(s)->window, SLOT(s)->length);
}

static void unbinding_changes(u32 sc)
{
	ASSIGNS(1, TN(sc)->queued, CPU(SC(sc)->cpu)->charged);
	assigns_timeq(TN(sc)->queued == 1, SC(sc)->cpu);
}

#define STEP(f, may, changes)                                                                      \
	bool prover_replace_##f(u32 p)                                                             \
	{                                                                                          \
		ANY(u8, gone);                                                                     \
		CHECK_SPEC(may(p));                                                                \
		changes(p);                                                                        \
		CHANGE();                                                                          \
		return gone & 1;                                                                   \
	}
STEP(table_destroy_step, may_step_table, table_changes)
STEP(ptable_destroy_step, may_step_ptable, ptable_changes)
STEP(space_destroy_step, may_step_space, space_changes)
STEP(grant_destroy_step, may_step_grant, grant_changes)

void prover_replace_sched_unbind(u32 sc)
{
	CHECK_SPEC(may_unbind(sc));
	unbinding_changes(sc);
	CHANGE();
}

PRED bool may_free(u32 type, u32 head)
{
	return head < PAGE_COUNT - (type == OBJ_SPACE || type == OBJ_IOSPACE ? 1 : 0);
}

/* If p is one of its pages, it is free. */
PRED bool is_freed(u32 p, u32 type, u32 head)
{
	return p - head >= (type == OBJ_SPACE || type == OBJ_IOSPACE ? 2 : 1) || is_taken(p, PAGE_FREE, NIL);
}

static void freeing_changes(u32 type, u32 head)
{
	const u32 n = type == OBJ_SPACE || type == OBJ_IOSPACE ? 2 : 1;

	ASSIGNS(1, IN_PAGE(head));
	ASSIGNS(n == 2, IN_PAGE(head + 1));
	ASSIGNS_RUN(1, *SLOT(SLOT_OF(head, 0)), n * SLOTS_PER_PAGE);
}

void prover_replace_object_free(u32 type, u32 head)
{
	CHECK_SPEC(may_free(type, head));
	freeing_changes(type, head);
	CHANGE();
	prover_assume(is_freed(head, type, head));
	prover_assume(is_freed(any.page, type, head));
}

/* --- whatever it is --------------------------------------------------------------------------- */

PRED bool is_owner_of(u32 s, u32 type)
{
	return (SLOT(s)->flags & CAP_OWNER) != 0 && SLOT(s)->type == type;
}

/* One that can be deleted without asking who waits for what it names, or what is bound to it. */
PRED bool is_simple(u32 s)
{
	return PD(SLOT_PAGE(s))->type == OBJ_SLOTS && SLOT(s)->type != OBJ_REPLY &&
	       IMP((SLOT(s)->flags & CAP_OWNER) != 0, SLOT(s)->type != OBJ_THREAD && SLOT(s)->type != OBJ_EP && SLOT(s)->type != OBJ_NOTIF &&
							      SLOT(s)->type != OBJ_IRQ && SLOT(s)->type != OBJ_DEVICE);
}

/* What it owns is not yet destroyed to the end. */
PRED bool is_under_way(u32 s)
{
	const u32 p = SLOT(s)->obj;

	return IMP(is_owner_of(s, OBJ_TABLE), may_step_table(p)) && IMP(is_owner_of(s, OBJ_PTABLE), may_step_ptable(p)) &&
	       IMP(is_owner_of(s, OBJ_SPACE) || is_owner_of(s, OBJ_IOSPACE), may_step_space(p));
}

PRED bool may_destroy(u32 s)
{
	return may_remove(s) && is_simple(s) && is_under_way(s) && ks.cpus <= CPU_MAX &&
	       (ks.work_head == NIL || (page_exists(ks.work_tail) && ks.work_tail != SLOT(s)->obj));
}

/* Does page p belong to what s owns? */
PRED bool is_owned_by(u32 p, u32 s)
{
	return page_exists(p) && PD(p)->head < PAGE_COUNT && PD(PD(p)->head)->owner == s;
}

static void queueing_changes(bool queued, u32 page)
{
	ASSIGNS(queued, PD(page)->flags, PD(page)->owner, PD(page)->index, PD(page)->link, ks.work_tail, ks.work_added);
	ASSIGNS(queued & (ks.work_head == NIL), ks.work_head);
	ASSIGNS(queued & (ks.work_head != NIL), PD(ks.work_tail)->link);
}

static void unlinking_changes(bool queued, u32 page)
{
	queueing_changes(queued, page);
	ASSIGNS(queued & (PD(page)->parent != NIL), PD(page)->parent, CT(PD(page)->parent)->leaf[PD(page)->index]);
}

/* The capability itself; the pages that it owns, but for one of slots, which goes on the work list; and who knows them. */
static void destroying_changes(u32 s)
{
	const u32 type = SLOT(s)->type, obj = SLOT(s)->obj;
	const bool grant = type == OBJ_GRANT, owner = (SLOT(s)->flags & CAP_OWNER) != 0, slots = owner & (type == OBJ_SLOTS),
		   other = owner & (type != OBJ_SLOTS), sched = owner & (type == OBJ_SCHED);

	ASSIGNS(grant, SLOT(s)->flags, SLOT(s)->window, SLOT(s)->length);
	ASSIGNS(owner, SLOT(s)->count);
	ASSIGNS(grant | other, PTE(any.page, any.n));
	ASSIGNS(other, PD(any.page)->parent);
	ASSIGNS(other & is_owned_by(any.page, s), IN_PAGE(any.page));
	ASSIGNS(other & is_owned_by(SLOT_PAGE(any.slot), s), *SLOT(any.slot));
	unlinking_changes(slots, obj);
	ASSIGNS(sched, CPU(SC(obj)->cpu)->charged);
	assigns_timeq(sched & (TN(obj)->queued == 1), SC(obj)->cpu);
}

/* What it owns, but for a page of slots. */
PRED bool is_to_free(u32 p, u32 s)
{
	return owns(s, p) && SLOT(s)->type != OBJ_SLOTS;
}

PRED bool is_given_back(u32 p, bool gone, bool frees)
{
	return !gone || !frees || PD(p)->type == PAGE_FREE;
}

/* Copies go at once. */
bool prover_replace_destroy_step(u32 s)
{
	ANY(u8, gone);
	const bool frees = is_to_free(any.page, s);

	CHECK_SPEC(may_destroy(s));
	if (!(SLOT(s)->flags & CAP_OWNER) && SLOT(s)->type != OBJ_GRANT)
		return true;
	destroying_changes(s);
	CHANGE();
	prover_assume(is_given_back(any.page, gone & 1, frees));
	return gone & 1;
}
