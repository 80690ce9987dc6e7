/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: slots, and the tree of derivation that links them.
 *
 * Owns:       struct cap.                  Invariant: cap_inv().
 * Locks:      all locks to change; any lock to read.
 * Never:      knows what destroying an object means (destroy.c does).
 *
 * A slot number is page * 64 + index: slots live in pages of type OBJ_SLOTS,
 * and in the first 512 bytes of objects that refer to other objects.
 */
#pragma once
#include "types.h"

enum {
	SLOTS_PER_PAGE = 64,
	SLOT_SHIFT = 6,
	OBJECT_SLOTS = 8, /* internal slots at the start of an object page */
	OBJECT_NODE_OFFSET = 512,  /* time queue node of threads and scheduling contexts */
	OBJECT_OFFSET = 576,       /* the object's own struct */
	OBJECT_TABLE_OFFSET = 512, /* struct table */
	CAP_DEPTH_MAX = 16,
};

/* Bits of cap.flags. */
enum {
	CAP_OWNER = 1, /* the object lives as long as this capability */
	CAP_DYING = 2, /* being revoked: nothing can be derived from here or below */
};

struct cap {
	u8 type; /* OBJ_*; 0: an empty slot, all of whose bytes are 0 */
	u8 flags;
	u16 depth;  /* of derivation; a boot capability has 0 */
	u32 rights; /* RIGHT_*, of the type */
	u32 obj;    /* head page of the object; frames: their first page when made; grants: the
	               space; reply: the caller; other ranges: NIL */
	u32 parent; /* slot derived from, or NIL */
	u32 child;  /* newest slot derived from this, or NIL */
	u32 next;   /* next older sibling, or NIL */
	u32 prev;   /* next newer sibling, or NIL */
	u32 cursor; /* pages or entries already dealt with while being deleted */
	u32 first;  /* ranges, grants: first page or number */
	u32 count;  /* ranges, grants: how many */
	u64 badge;  /* ep, notif: badge; grant: uid of the space; reply: call uid */
	u64 window; /* grant: first page number of the window; dying: of what is left to clear */
	u64 length; /* grant: pages in the window, or what is left of it */
};
_Static_assert(sizeof(struct cap) == 64, "a slot is 64 bytes");

/* Slot numbers have 32 bits: objects lie in the first 256 GiB, but for the page whose last slot
 * would be NIL. */
#define OBJECT_PAGES ((1u << (32 - SLOT_SHIFT)) - 1)
#define SLOT_PAGE(s) ((s) >> SLOT_SHIFT)
#define SLOT_OF(page, i) (((u32)(page) << SLOT_SHIFT) + (u32)(i))

struct table {
	u32 leaf[512]; /* page of slots, or 0 */
};

/* The slot that a handle of thread t names, or NIL if there is none. */
u32 cap_slot(u32 t, u64 handle);
/* The same, or NIL if it is empty. */
u32 cap_lookup(u32 t, u64 handle);
/* The slot that a packed (table, index) pair names, empty or not; else NIL. */
u32 slot_find(u32 t, u64 where, u32 table_right);

/* May a child be derived from slot s?  OK, or ERR_DEPTH. */
err_t cap_may_derive(u32 s) NODISCARD;
/* Enter a child of parent into the empty slot dst; parent NIL: a boot capability. */
void cap_insert(u32 dst, u32 parent, u32 type, u32 rights, u32 obj);
/* Insert a plain copy of src, with rights, as its child. */
void cap_insert_copy(u32 dst, u32 src, u32 rights);
/* Take a childless capability out of the tree and empty its slot. */
void cap_remove(u32 s);
/* Move a childless capability to an empty slot. */
void cap_relocate(u32 src, u32 dst);
/* A childless descendant of s, or s itself. */
u32 cap_leaf(u32 s);
/* Is s or one of its ancestors being revoked? */
bool cap_is_dying(u32 s);

/* What a copy of src with these rights and badge would be: OK, or why it cannot be made. */
err_t cap_check_copy(u32 src, u64 rights, u64 badge) NODISCARD;

/* delete.c: do a bounded part of deleting the subtree below s, and s too if with_root. */
bool cap_delete_some(u32 s, bool with_root); /* true: more remains */
/* Work on pages queued for destruction; false when none up to ticket remains. */
bool worklist_drain(u64 ticket);
/* Queue a page of slots whose owner capability is about to go. */
void worklist_add(u32 page);

/* destroy.c: a bounded part of destroying what the capability in s stands for; true when done. */
bool destroy_step(u32 s);
/* A capability inside an object page goes away: make the object do without. */
void destroy_detach(u32 s);

/* memory.c: pages [first, first + n) of the memory in slot s, as one object owned by dst. */
err_t object_check(u32 mem, u64 offset, u64 pages) NODISCARD;
void object_make(u32 mem, u32 dst, u32 type, u32 head, u32 pages);
/* Frames at the end of their run, or an object, become free pages. */
void pages_free(u32 from, u32 pages);
void object_free(u32 type, u32 head);
/* How many pages an object of the type has; where what it uses of the first begins and ends. */
u32 object_pages(u32 type);
u32 object_start(u32 type);
u32 object_end(u32 type);
/* All rights that exist for the type. */
u32 object_rights(u32 type);
