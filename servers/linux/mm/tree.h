/* SPDX-License-Identifier: MIT */
/*
 * Which page is where: a tree from page numbers to leaves of 64 entries.
 *
 * Sets of entries are words, so what is true of 64 pages is asked or changed at
 * once; and a leaf is what one call of the kernel can deal with.
 */
#pragma once
#include "page.h"

enum {
	LEAF_PAGES = 64,
	NODE_BITS = 6,
	NODE_SLOTS = 64,
	TREE_LEVELS = 5 /* 5 * 6 + 6 bits: 2^36 pages */
};

struct leaf {
	u64 first;   /* number of its first page in the space */
	u64 present; /* there is a page */
	u64 read;    /* the program may read (and execute, if its area says so) */
	u64 write;   /* it may write to this very page */
	u64 file;    /* the page belongs to a file */
	u64 mapped;  /* an entry may stand in the kernel's table */
	u64 hot;     /* was copied because it was written to after a fork */
	page_t page[LEAF_PAGES];
};

struct node {
	u64 used; /* children there are: the others are not initialised */
	void *child[NODE_SLOTS];
};

enum { TREE_CACHE = 16 };
struct tree {
	struct node *root;
	struct leaf *cache[TREE_CACHE]; /* by leaf number */
};

static inline u64 bit(unsigned i)
{
	return 1ull << i;
}

/* Bits [from, to) of a word; to <= 64. */
static inline u64 bits(unsigned from, unsigned to)
{
	return from >= to ? 0 : (to == 64 ? ~0ull : bit(to) - 1) & ~(bit(from) - 1);
}

static inline unsigned lowest(u64 set)
{
	return (unsigned)__builtin_ctzll(set);
}

/* The processors we build for may have no instruction for it. */
static inline unsigned count_bits(u64 set)
{
	set -= (set >> 1) & 0x5555555555555555ull;
	set = (set & 0x3333333333333333ull) + ((set >> 2) & 0x3333333333333333ull);
	return (unsigned)((((set + (set >> 4)) & 0x0f0f0f0f0f0f0f0full) * 0x0101010101010101ull) >>
			  56);
}

#define for_bits(i, set)                                                                           \
	for (u64 i##_left = (set), i = i##_left ? lowest(i##_left) : 0; i##_left != 0;             \
	     i##_left &= i##_left - 1, i = i##_left ? lowest(i##_left) : 0)

/* Bits of a leaf for pages [from, to) of the space. */
static inline u64 leaf_range(const struct leaf *l, u64 from, u64 to)
{
	const u64 end = l->first + LEAF_PAGES;

	return bits(from > l->first ? (unsigned)(from - l->first) : 0,
		    to < end ? (unsigned)(to > l->first ? to - l->first : 0) : LEAF_PAGES);
}

/* The leaf that holds a page; NULL: there is none. */
struct leaf *tree_search(struct tree *t, u64 page);
/* The same, made if there is none; NULL: no memory. */
struct leaf *tree_make(struct tree *t, u64 page);
/* The first leaf that has a page >= `page` and < end in its range. */
struct leaf *tree_next(struct tree *t, u64 page, u64 end);
/* Take an empty leaf out and free it. */
void tree_drop(struct tree *t, struct leaf *l);
/* Free what is left: the pages have been put. */
void tree_free(struct tree *t);

static inline struct leaf *tree_leaf(struct tree *t, u64 page)
{
	struct leaf *l = t->cache[page / LEAF_PAGES % TREE_CACHE];

	if (l != NULL && l->first == (page & ~(u64)(LEAF_PAGES - 1)))
		return l;
	return tree_search(t, page);
}
