/* SPDX-License-Identifier: MIT */
/*
 * Destroying objects: the two switches over object types.
 *
 * Locks:      all locks.
 * Called by:  delete.c, for a capability from which nothing is derived.
 * Never:      touches the tree (delete.c does), except for the slots inside an
 *             object that is destroyed.
 */
#include "ks.h"

static bool frames_destroy_step(u32 s)
{
	struct cap *c = SLOT(s);
	u32 n = c->count < STEP_ENTRIES ? c->count : STEP_ENTRIES;

	c->count -= n;
	pages_free(c->first + c->count, n);
	return c->count == 0;
}

/* The pages of slots in a table go on without it. */
static bool table_destroy_step(u32 table)
{
	u32 at = PD(table)->index;

	PD(table)->flags |= PAGE_DYING;
	for (u32 i = 0; i < STEP_ENTRIES; i++) {
		u32 leaf = CT(table)->leaf[at + i];

		if (leaf != 0)
			PD(leaf)->parent = NIL;
		CT(table)->leaf[at + i] = 0;
	}
	PD(table)->index = (u16)(at + STEP_ENTRIES);
	return at + STEP_ENTRIES == 512;
}

static void slots_unlink(u32 page)
{
	u32 table = PD(page)->parent;

	if (table != NIL)
		CT(table)->leaf[PD(page)->index] = 0;
	PD(page)->parent = NIL;
	worklist_add(page);
}

/* Capabilities inside an object have no children. */
static void inner_slots_remove(u32 page)
{
	for (u32 i = 0; i < OBJECT_SLOTS; i++) {
		if (SLOT(SLOT_OF(page, i))->type != 0)
			cap_remove(SLOT_OF(page, i));
	}
}

static bool object_destroy_step(u32 type, u32 page)
{
	switch (type) {
	case OBJ_TABLE:
		return table_destroy_step(page);
	case OBJ_SPACE:
	case OBJ_IOSPACE:
		return space_destroy_step(page);
	case OBJ_PTABLE:
		return ptable_destroy_step(page);
	case OBJ_THREAD:
		thread_destroy(page);
		return true;
	case OBJ_SCHED:
		sched_unbind(page);
		return true;
	case OBJ_EP:
		return ep_destroy_step(page);
	case OBJ_NOTIF:
		return notif_destroy_step(page);
	case OBJ_IRQ:
		irq_destroy(page);
		return true;
	case OBJ_DEVICE:
		device_destroy(page);
		return true;
	default:
		KASSERT(false);
	}
}

bool destroy_step(u32 s)
{
	u32 type = SLOT(s)->type;
	u32 obj = SLOT(s)->obj;

	if (type == OBJ_GRANT)
		return grant_destroy_step(s);
	if (type == OBJ_REPLY) {
		u32 caller = reply_caller(obj, SLOT(s)->badge);
		if (caller != NIL)
			thread_complete(caller, DONE_GONE);
		return true;
	}
	if (!(SLOT(s)->flags & CAP_OWNER))
		return true;
	if (type == OBJ_FRAMES)
		return frames_destroy_step(s);
	trace_add(arch_cpu(), TRACE_destroy, obj, type);
	if (type == OBJ_SLOTS) {
		slots_unlink(obj);
		return true;
	}
	if (!object_destroy_step(type, obj))
		return false;
	if (type == OBJ_THREAD || type == OBJ_IRQ || type == OBJ_DEVICE)
		inner_slots_remove(obj);
	object_free(type, obj);
	return true;
}

void destroy_detach(u32 s)
{
	u32 page = SLOT_PAGE(s);

	switch (PD(page)->type) {
	case OBJ_THREAD:
		thread_detach(page, s % SLOTS_PER_PAGE);
		break;
	case OBJ_IRQ:
		irq_detach(page);
		break;
	case OBJ_DEVICE:
		if (s % SLOTS_PER_PAGE == DEVICE_SLOT_IOSPACE)
			device_detach(page);
		break;
	default:
		KASSERT(false);
	}
}
