/* SPDX-License-Identifier: MIT */
/*
 * Invariants of page descriptors: each page has exactly one owner.
 *
 * A page is FREE or RESERVED, or belongs to a run whose head names the slot of
 * the owner capability, which names the run; or it is a page of slots that
 * waits on the work list for its contents to be deleted.
 */
#pragma once
#include "inv.h"

PRED bool page_is_idle(u32 p)
{
	return PD(p)->type == PAGE_FREE || PD(p)->type == PAGE_RESERVED;
}

/* Pages of slots whose owner capability is gone. */
PRED bool page_is_queued(u32 p)
{
	return PD(p)->type == OBJ_SLOTS && PD(p)->owner == NIL;
}

/* Which types have pages at all: not ranges of other things, not references. */
PRED bool type_has_pages(u32 type)
{
	return type == OBJ_FRAMES || (type >= OBJ_TABLE && type <= OBJ_PTABLE) ||
	       (type >= OBJ_THREAD && type <= OBJ_EP) || type == OBJ_NOTIF || type == OBJ_IRQ ||
	       type == OBJ_DEVICE || type == OBJ_IOSPACE;
}

/* Page 0 is nothing: tables use it as "none". */
PRED bool page_type_inv(u32 p)
{
	return (p != 0 && page_is_idle(p)) || PD(p)->type == PAGE_RESERVED ||
	       (p != 0 && type_has_pages(PD(p)->type));
}

PRED bool page_idle_inv(u32 p)
{
	return IMP(page_is_idle(p), PD(p)->flags == 0 && PD(p)->index == 0 && PD(p)->head == NIL &&
					    PD(p)->owner == NIL && PD(p)->parent == NIL &&
					    PD(p)->link == NIL);
}

/* The head of the run is of the same type; only frames and spaces have more than one page. */
PRED bool page_head_inv(u32 p)
{
	return page_is_idle(p) ||
	       (page_exists(PD(p)->head) && is_object(PD(p)->head, PD(p)->type) &&
		PD(p)->head <= p &&
		IMP(PD(p)->head != p,
		    PD(p)->type == OBJ_FRAMES ||
			    ((PD(p)->type == OBJ_SPACE || PD(p)->type == OBJ_IOSPACE) &&
			     p == PD(p)->head + 1)));
}

PRED bool page_owner_inv(u32 p)
{
	return page_is_idle(p) || page_is_queued(p) || PD(p)->head != p ||
	       (slot_is_full(PD(p)->owner) && SLOT(PD(p)->owner)->type == PD(p)->type &&
		SLOT(PD(p)->owner)->obj == p && (SLOT(PD(p)->owner)->flags & CAP_OWNER));
}

/* A frame lies inside what its run's owner capability names. */
PRED bool page_frame_inv(u32 p)
{
	return IMP(PD(p)->type == OBJ_FRAMES,
		   SLOT(PD(PD(p)->head)->owner)->first == PD(p)->head &&
			   p - PD(p)->head < SLOT(PD(PD(p)->head)->owner)->count);
}

PRED bool page_follower_inv(u32 p)
{
	return IMP(!page_is_idle(p) && PD(p)->head != p, PD(p)->owner == NIL);
}

/* Only pages of slots are linked, and only on the work list. */
PRED bool page_link_inv(u32 p)
{
	return IMP(!page_is_queued(p), PD(p)->link == NIL) &&
	       IMP(page_is_queued(p), (PD(p)->flags & PAGE_DYING) && PD(p)->parent == NIL &&
					      IMP(PD(p)->link != NIL,
						  page_exists(PD(p)->link) &&
							  page_is_queued(PD(p)->link)));
}

/* A page of slots and the table that it is in name each other. */
PRED bool page_slots_inv(u32 p)
{
	return IMP(PD(p)->type == OBJ_SLOTS && PD(p)->parent != NIL,
		   is_object(PD(p)->parent, OBJ_TABLE) && PD(p)->index < 512 &&
			   CT(PD(p)->parent)->leaf[PD(p)->index] == p);
}

PRED bool table_leaf_inv(u32 table, u32 i)
{
	return CT(table)->leaf[i] == 0 ||
	       (is_object(CT(table)->leaf[i], OBJ_SLOTS) &&
		PD(CT(table)->leaf[i])->parent == table && PD(CT(table)->leaf[i])->index == i);
}

#define PAGE_INVARIANTS(X)                                                                         \
	X(page_type_inv)                                                                           \
	X(page_idle_inv)                                                                           \
	X(page_head_inv)                                                                           \
	X(page_owner_inv)                                                                          \
	X(page_frame_inv)                                                                          \
	X(page_follower_inv)                                                                       \
	X(page_link_inv)                                                                           \
	X(page_slots_inv)
