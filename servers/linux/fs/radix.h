/* SPDX-License-Identifier: MIT */
/*
 * The pages of a file: a tree with as many levels as its largest index needs.
 */
#pragma once
#include "../mm/mm.h"

struct radix {
	void *root;      /* a node; with height 0 the only page's number */
	unsigned height; /* levels of nodes */
};

page_t radix_get(const struct radix *r, u64 index);
/* Where no page is yet.  False: no memory. */
bool radix_set(struct radix *r, u64 index, page_t p);
page_t radix_take(struct radix *r, u64 index);
/* All its nodes go; pages must have been taken before. */
void radix_clear(struct radix *r);
/* The first index >= `from` that has a page; UINT64_MAX: none. */
u64 radix_next(const struct radix *r, u64 from);
