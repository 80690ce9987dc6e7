/* SPDX-License-Identifier: MIT */
/*
 * Deleting capabilities with all that is derived from them, step by step, and
 * the list of slot pages that wait for their contents to be deleted.
 *
 * Owns:       the work list.               Invariant: worklist_inv().
 * Locks:      all locks.
 * Called by:  the generated dispatcher; destroy.c.
 *
 * A step deletes one capability from which nothing is derived, or does a
 * bounded part of destroying what it owns.  Nothing can be derived below a
 * dying capability, so the subtree only shrinks.
 */
#include "ks.h"

enum { DELETE_STEPS = 16 };

/* Only an owner or a grant can take long: one of these a call is enough. */
static bool is_heavy(u32 s)
{
	return (SLOT(s)->flags & CAP_OWNER) || SLOT(s)->type == OBJ_GRANT;
}

/* One step on a childless capability; true when its slot is empty. */
static bool delete_leaf(u32 s)
{
	SLOT(s)->flags |= CAP_DYING;
	if (!destroy_step(s))
		return false;
	if (PD(SLOT_PAGE(s))->type != OBJ_SLOTS)
		destroy_detach(s);
	cap_remove(s);
	return true;
}

bool cap_delete_some(u32 s, bool with_root)
{
	SLOT(s)->flags |= CAP_DYING;
	for (u32 i = 0; i < DELETE_STEPS; i++) {
		u32 leaf = cap_leaf(s);
		bool heavy = is_heavy(leaf);

		if (leaf == s && !with_root)
			break;
		if (delete_leaf(leaf) && leaf == s)
			return false;
		if (heavy)
			break;
	}
	if (with_root || SLOT(s)->child != NIL)
		return true;
	/* An object whose destruction has begun is not used again. */
	if (!(SLOT(s)->flags & CAP_OWNER) || !(PD(SLOT(s)->obj)->flags & PAGE_DYING))
		SLOT(s)->flags &= (u8)~CAP_DYING;
	return false;
}

void worklist_add(u32 page)
{
	PD(page)->flags |= PAGE_DYING;
	PD(page)->owner = NIL;
	PD(page)->index = 0;
	PD(page)->link = NIL;
	if (ks.work_head == NIL)
		ks.work_head = page;
	else
		PD(ks.work_tail)->link = page;
	ks.work_tail = page;
	ks.work_added++;
}

/* One step on the first page of the list, whose slots are emptied in order. */
static void worklist_step(void)
{
	u32 page = ks.work_head;
	u32 i = PD(page)->index;

	while (i < SLOTS_PER_PAGE && SLOT(SLOT_OF(page, i))->type == 0)
		i++;
	PD(page)->index = (u16)i;
	if (i < SLOTS_PER_PAGE) {
		(void)cap_delete_some(SLOT_OF(page, i), true);
		return;
	}
	ks.work_head = PD(page)->link;
	if (ks.work_head == NIL)
		ks.work_tail = NIL;
	ks.work_done++;
	object_free(OBJ_SLOTS, page);
}

bool worklist_drain(u64 ticket)
{
	if (ks.work_done < ticket && ks.work_head != NIL)
		worklist_step();
	return ks.work_done < ticket;
}

/*
 * Results of a call that may have destroyed its own caller, if that is not known to be there.  The list is
 * drained a little by every such call, so that it ends even if nobody asks; so the caller may be what goes.
 */
static inline err_t finish(u32 t, bool is_there, bool more)
{
	(void)worklist_drain(ks.work_added);
	if (!is_there && PD(t)->type != OBJ_THREAD)
		return NO_RESULT;
	FR_OUT(t, 0) = more ? 1 : 0;
	FR_OUT(t, 1) = ks.work_added;
	return OK;
}

/*
 * Most capabilities own nothing, and nothing is derived from them: to delete one
 * is to empty its slot.  A slot that a program can name is in a page of slots.
 */
static inline bool is_light(u32 s)
{
	const struct cap *c = SLOT(s);

	return c->child == NIL && !(c->flags & CAP_OWNER) && c->type != OBJ_GRANT &&
	       c->type != OBJ_REPLY;
}

err_t sys_cap_delete(u32 t, u32 src)
{
	if (is_light(src)) {
		cap_remove(src);
		return finish(t, ks.work_head == NIL, false);
	}
	return finish(t, false, cap_delete_some(src, true));
}

err_t sys_cap_revoke(u32 t, u32 s)
{
	return finish(t, false, cap_delete_some(s, false));
}

err_t sys_cap_drain(u32 t, u64 ticket)
{
	bool more = worklist_drain(ticket < ks.work_added ? ticket : ks.work_added);

	if (PD(t)->type != OBJ_THREAD)
		return NO_RESULT;
	FR_OUT(t, 0) = more ? 1 : 0;
	return OK;
}
