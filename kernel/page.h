/* SPDX-License-Identifier: MIT */
/*
 * Page descriptors: what each 4 KiB page of RAM is, and who owns it.
 *
 * Owns:       struct page.                 Invariant: page_inv().
 * Locks:      all locks to change; any lock to read.
 * Never:      describes device memory: only RAM has descriptors.
 */
#pragma once
#include "types.h"

/* Types of pages beyond the object types OBJ_*. */
enum {
	PAGE_FREE = 0,
	PAGE_RESERVED = 255, /* the kernel itself, firmware, or not RAM */
};

/* Bits of page.flags. */
enum {
	PAGE_DYING = 1, /* being destroyed step by step; refuses all new use */
};

struct page {
	u8 type;    /* PAGE_FREE, PAGE_RESERVED or OBJ_* */
	u8 flags;   /* PAGE_DYING */
	u16 index;  /* ptable, slots: which entry of the parent points here */
	u32 head;   /* first page of the run that this page belongs to */
	u32 owner;  /* of a head: slot of the owner capability; NIL while DYING on the list */
	u32 parent; /* ptable, slots: page that points here, or NIL */
	u32 link;   /* next page on the work list, or NIL */
};
