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

/*
 * Bits of page.flags.  A page-table page is attached at most once in its life:
 * the level stays when it is detached, because it may then still hold entries
 * that no grant's deletion can reach, and must never translate again.
 */
enum {
	PAGE_DYING = 1, /* being destroyed step by step; refuses all new use */
	PAGE_IO = 2,    /* ptable: in an I/O space */
	PAGE_LEVEL_SHIFT = 4, /* ptable: two bits, its level; 0: never attached */
};
#define PAGE_LEVEL(flags) ((u32)(flags) >> PAGE_LEVEL_SHIFT)

struct page {
	u8 type;    /* PAGE_FREE, PAGE_RESERVED or OBJ_* */
	u8 flags;   /* PAGE_DYING; ptable: PAGE_IO and level */
	u16 index;  /* ptable, slots: entry of the parent that points here; dying ptable: progress */
	u32 head;   /* first page of the run that this page belongs to */
	u32 owner;  /* of a head: slot of the owner capability; NIL while DYING on the list */
	u32 parent; /* ptable, slots: page that points here, or NIL */
	u32 link;   /* next page on the work list, or NIL */
};
