/* SPDX-License-Identifier: MIT */
/*
 * Invariants of capabilities: the tree of derivation, authority that only
 * shrinks on the way down, and what each capability names.
 */
#pragma once
#include "inv.h"
#include "inv_page.h"

PRED u32 all_rights(u32 type)
{
	return type == OBJ_MEMORY	? RIGHTS_ALL_MEMORY
	       : type == OBJ_DEVMEM	? RIGHTS_ALL_DEVMEM
	       : type == OBJ_FRAMES	? RIGHTS_ALL_FRAMES
	       : type == OBJ_TABLE	? RIGHTS_ALL_TABLE
	       : type == OBJ_SLOTS	? RIGHTS_ALL_SLOTS
	       : type == OBJ_SPACE	? RIGHTS_ALL_SPACE
	       : type == OBJ_PTABLE	? RIGHTS_ALL_PTABLE
	       : type == OBJ_GRANT	? RIGHTS_ALL_GRANT
	       : type == OBJ_THREAD	? RIGHTS_ALL_THREAD
	       : type == OBJ_SCHED	? RIGHTS_ALL_SCHED
	       : type == OBJ_EP		? RIGHTS_ALL_EP
	       : type == OBJ_NOTIF	? RIGHTS_ALL_NOTIF
	       : type == OBJ_IRQ	? RIGHTS_ALL_IRQ
	       : type == OBJ_IRQCTL	? RIGHTS_ALL_IRQCTL
	       : type == OBJ_IOPORTS	? RIGHTS_ALL_IOPORTS
	       : type == OBJ_DEVICE	? RIGHTS_ALL_DEVICE
	       : type == OBJ_DEVCTL	? RIGHTS_ALL_DEVCTL
	       : type == OBJ_IOSPACE	? RIGHTS_ALL_IOSPACE
	       : type == OBJ_CPUS	? RIGHTS_ALL_CPUS
	       : type == OBJ_SYSTEM	? RIGHTS_ALL_SYSTEM
					: 0;
}

PRED bool type_is_range(u32 type)
{
	return type == OBJ_MEMORY || type == OBJ_DEVMEM || type == OBJ_FRAMES || type == OBJ_IRQCTL ||
	       type == OBJ_IOPORTS || type == OBJ_DEVCTL || type == OBJ_CPUS;
}

PRED bool type_has_badge(u32 type)
{
	return type == OBJ_EP || type == OBJ_NOTIF || type == OBJ_GRANT || type == OBJ_REPLY;
}

/* Is [first, first + count) of a inside that of b? */
PRED bool range_is_inside(u32 a, u32 b)
{
	return SLOT(a)->first >= SLOT(b)->first && SLOT(a)->count <= SLOT(b)->count &&
	       SLOT(a)->first - SLOT(b)->first <= SLOT(b)->count - SLOT(a)->count;
}

PRED bool cap_empty_inv(u32 s)
{
	return IMP(SLOT(s)->type == 0,
		   SLOT(s)->flags == 0 && SLOT(s)->depth == 0 && SLOT(s)->rights == 0 &&
			   SLOT(s)->obj == 0 && SLOT(s)->parent == 0 && SLOT(s)->child == 0 &&
			   SLOT(s)->next == 0 && SLOT(s)->prev == 0 && SLOT(s)->cursor == 0 &&
			   SLOT(s)->first == 0 && SLOT(s)->count == 0 && SLOT(s)->badge == 0 &&
			   SLOT(s)->window == 0 && SLOT(s)->length == 0);
}

PRED bool cap_type_inv(u32 s)
{
	return SLOT(s)->type <= OBJ_SYSTEM && (SLOT(s)->flags & ~(CAP_OWNER | CAP_DYING)) == 0 &&
	       (SLOT(s)->rights & ~all_rights(SLOT(s)->type)) == 0;
}

PRED bool cap_parent_inv(u32 s)
{
	return SLOT(s)->type == 0 ||
	       (SLOT(s)->parent == NIL
			? SLOT(s)->depth == 0 && SLOT(s)->next == NIL && SLOT(s)->prev == NIL
			: slot_is_full(SLOT(s)->parent) && SLOT(s)->depth <= CAP_DEPTH_MAX &&
				  SLOT(s)->depth == SLOT(SLOT(s)->parent)->depth + 1 &&
				  SLOT(SLOT(s)->parent)->child != NIL);
}

PRED bool cap_child_inv(u32 s)
{
	return SLOT(s)->type == 0 || SLOT(s)->child == NIL ||
	       (slot_is_full(SLOT(s)->child) && SLOT(SLOT(s)->child)->parent == s &&
		SLOT(SLOT(s)->child)->prev == NIL);
}

PRED bool cap_siblings_inv(u32 s)
{
	return SLOT(s)->type == 0 || SLOT(s)->parent == NIL ||
	       ((SLOT(s)->prev == NIL
			 ? SLOT(SLOT(s)->parent)->child == s
			 : slot_is_full(SLOT(s)->prev) && SLOT(SLOT(s)->prev)->next == s &&
				   SLOT(SLOT(s)->prev)->parent == SLOT(s)->parent) &&
		IMP(SLOT(s)->next != NIL,
		    slot_is_full(SLOT(s)->next) && SLOT(SLOT(s)->next)->prev == s &&
			    SLOT(SLOT(s)->next)->parent == SLOT(s)->parent));
}

/* Nothing is derived from a capability inside an object. */
PRED bool cap_inner_inv(u32 s)
{
	return PD(SLOT_PAGE(s))->type == OBJ_SLOTS || SLOT(s)->child == NIL || SLOT(s)->type == 0;
}

#ifdef WITH_GHOST
/* Siblings are in order of birth, the newest first: none is its own sibling, however many there are. */
PRED bool cap_order_inv(u32 s)
{
	return SLOT(s)->type == 0 || SLOT(s)->parent == NIL ||
	       (BORN(s) < ks.g_clock && IMP(SLOT(s)->next != NIL, BORN(SLOT(s)->next) < BORN(s)));
}

/* Nothing stands between neighbours: a capability with a newer sibling has one before it that is not newer than that. */
PRED bool cap_pair_inv(u32 s, u32 z)
{
	return s == z || SLOT(s)->type == 0 || SLOT(z)->type == 0 || SLOT(s)->parent == NIL ||
	       SLOT(s)->parent != SLOT(z)->parent ||
	       (BORN(s) < BORN(z)   ? SLOT(s)->prev != NIL && BORN(SLOT(s)->prev) <= BORN(z)
		: BORN(s) > BORN(z) ? SLOT(s)->next != NIL && BORN(SLOT(s)->next) >= BORN(z)
				    : false);
}
#else
PRED bool cap_order_inv(u32 s)
{
	(void)s;
	return true;
}

PRED bool cap_pair_inv(u32 s, u32 z)
{
	(void)s;
	(void)z;
	return true;
}
#endif

/* A copy: the same thing or a part of it, with no more rights. */
PRED bool cap_is_copy_of(u32 s, u32 p)
{
	return SLOT(s)->type == SLOT(p)->type && !(SLOT(s)->flags & CAP_OWNER) &&
	       (SLOT(s)->rights & ~SLOT(p)->rights) == 0 && SLOT(s)->obj == SLOT(p)->obj &&
	       IMP(type_is_range(SLOT(s)->type), range_is_inside(s, p)) &&
	       IMP(SLOT(p)->badge != 0, SLOT(s)->badge == SLOT(p)->badge);
}

/* An object made in a memory. */
PRED bool cap_is_made_in(u32 s, u32 p)
{
	return SLOT(p)->type == OBJ_MEMORY && (SLOT(s)->flags & CAP_OWNER) &&
	       type_has_pages(SLOT(s)->type) && SLOT(s)->obj >= SLOT(p)->first &&
	       SLOT(s)->obj - SLOT(p)->first < SLOT(p)->count &&
	       IMP(SLOT(s)->type == OBJ_FRAMES, range_is_inside(s, p)) &&
	       IMP(SLOT(s)->type == OBJ_SPACE || SLOT(s)->type == OBJ_IOSPACE,
		   SLOT(s)->obj + 1 - SLOT(p)->first < SLOT(p)->count);
}

PRED bool cap_is_grant_of(u32 s, u32 p)
{
	return SLOT(s)->type == OBJ_GRANT && !(SLOT(s)->flags & CAP_OWNER) &&
	       (SLOT(p)->type == OBJ_FRAMES || SLOT(p)->type == OBJ_DEVMEM) &&
	       range_is_inside(s, p) &&
	       (SLOT(s)->rights & ~SLOT(p)->rights & ~RIGHT_GRANT_MAP) == 0 &&
	       IMP(SLOT(p)->type == OBJ_DEVMEM, !(SLOT(s)->rights & RIGHT_GRANT_EXEC));
}

PRED bool cap_derived_inv(u32 s)
{
	return SLOT(s)->type == 0 || SLOT(s)->parent == NIL || cap_is_copy_of(s, SLOT(s)->parent) ||
	       cap_is_made_in(s, SLOT(s)->parent) || cap_is_grant_of(s, SLOT(s)->parent);
}

/* Capabilities from boot name ranges or the system; reply rights stand alone. */
PRED bool cap_root_inv(u32 s)
{
	return IMP(SLOT(s)->type != 0 && SLOT(s)->parent == NIL,
		   SLOT(s)->type == OBJ_REPLY || SLOT(s)->type == OBJ_SYSTEM ||
			   (type_is_range(SLOT(s)->type) && SLOT(s)->type != OBJ_FRAMES));
}

/* An owner and its object name each other. */
PRED bool cap_owner_inv(u32 s)
{
	return IMP(SLOT(s)->type != 0 && (SLOT(s)->flags & CAP_OWNER),
		   is_object(SLOT(s)->obj, SLOT(s)->type) && PD(SLOT(s)->obj)->owner == s &&
			   IMP(SLOT(s)->type == OBJ_FRAMES, SLOT(s)->first == SLOT(s)->obj));
}

/* What a capability names is there, and not on the work list. */
PRED bool cap_object_inv(u32 s)
{
	return SLOT(s)->type == 0 || SLOT(s)->type == OBJ_GRANT ||
	       (SLOT(s)->type == OBJ_REPLY ? page_exists(SLOT(s)->obj) : type_has_pages(SLOT(s)->type)
			? is_object(SLOT(s)->obj, SLOT(s)->type) && !page_is_queued(SLOT(s)->obj)
			: SLOT(s)->obj == NIL);
}

/* Fields that a type does not have are 0. */
PRED bool cap_fields_inv(u32 s)
{
	return IMP(!type_has_badge(SLOT(s)->type), SLOT(s)->badge == 0) &&
	       IMP(!type_is_range(SLOT(s)->type) && SLOT(s)->type != OBJ_GRANT,
		   SLOT(s)->first == 0 && SLOT(s)->count == 0) &&
	       IMP(SLOT(s)->type != OBJ_GRANT, SLOT(s)->window == 0 && SLOT(s)->length == 0);
}

/* Page numbers and the like do not go beyond 32 bits. */
PRED bool cap_range_inv(u32 s)
{
	return (u64)SLOT(s)->first + SLOT(s)->count <= 1ull << 32;
}

/* Memory and frames are pages that have a descriptor. */
PRED bool cap_memory_inv(u32 s)
{
	return IMP(SLOT(s)->type == OBJ_MEMORY || SLOT(s)->type == OBJ_FRAMES,
		   (u64)SLOT(s)->first + SLOT(s)->count <= PAGE_COUNT);
}

/* A grant names a page that was a space, and a window in the addresses of its kind. */
PRED bool cap_window_inv(u32 s)
{
	return IMP(SLOT(s)->type == OBJ_GRANT,
		   page_exists(SLOT(s)->obj) && page_exists(SLOT(s)->obj + 1) &&
			   SLOT(s)->window <= 1ull << 36 && SLOT(s)->length <= 1ull << 36 &&
			   SLOT(s)->window + SLOT(s)->length <=
				   (is_object(SLOT(s)->obj, OBJ_SPACE) &&
						    SP(SLOT(s)->obj)->uid == SLOT(s)->badge
					    ? USER_PAGES
					    : 1ull << 36));
}

#define CAP_INVARIANTS(X)                                                                          \
	X(cap_empty_inv)                                                                           \
	X(cap_type_inv)                                                                            \
	X(cap_parent_inv)                                                                          \
	X(cap_child_inv)                                                                           \
	X(cap_siblings_inv)                                                                        \
	X(cap_order_inv)                                                                           \
	X(cap_inner_inv)                                                                           \
	X(cap_derived_inv)                                                                         \
	X(cap_root_inv)                                                                            \
	X(cap_owner_inv)                                                                           \
	X(cap_object_inv)                                                                          \
	X(cap_fields_inv)                                                                          \
	X(cap_range_inv)                                                                           \
	X(cap_memory_inv)                                                                          \
	X(cap_window_inv)
