/* SPDX-License-Identifier: MIT */
/*
 * Address spaces, page-table pages, grants and entries.
 *
 * Owns:       struct space, entries.       Invariants: space_inv(), entry_inv().
 * Locks:      entries: the space's lock; the rest: all locks.
 *
 * A space is two pages: this struct, and the root table (level 4).  An I/O
 * space is the same with another form of entry.
 */
#pragma once
#include "lock.h"
#include "types.h"

enum {
	PT_ENTRIES = 512,
	LEVEL_ROOT = 4,
	STEP_ENTRIES = 64, /* visited in one step of anything long */
};

/* Forms of entries. */
enum { SPACE_CPU = 0, SPACE_IO = 1 };

struct space {
	u64 uid;    /* never used twice: a grant names the space by it */
	/* Of the architecture; both atomic.  Bit c: CPU c must flush before it uses the space; */
	u64 stale;
	u64 active; /* and: it uses the space, or has not been told of a change since it did */
	u32 kind;   /* SPACE_CPU or SPACE_IO */
	u32 domain; /* trust domain, or the IOMMU's domain number */
	u32 cursor; /* entries of the root dealt with while being destroyed */
	struct lock lock;
};

#define SPACE_ROOT(sp) ((sp) + 1)

/* The last user page that a space can map: the one below stays free, so that
 * no instruction's successor is a non-canonical address. */
#define USER_PAGES ((1ull << 35) - 1)

/* A new space.  An I/O space gets its domain number from the architecture. */
void space_init(u32 sp, u32 kind, u32 domain, u32 cpu);
/* Each does a bounded part and returns true when all is done. */
bool space_destroy_step(u32 sp);
bool ptable_destroy_step(u32 pt);
/*
 * Clear a part of what was entered under the grant in slot s; true when done.
 * From the first step on nothing can be entered under it.
 */
bool grant_destroy_step(u32 s);
