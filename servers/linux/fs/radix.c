/* SPDX-License-Identifier: MIT */
/*
 * The pages of a file, by index.
 */
#include "radix.h"

enum { BITS = 6, FAN = 1 << BITS };

struct node {
	u32 used;
	void *slot[FAN];
};

static unsigned slot_of(u64 index, unsigned level)
{
	return (unsigned)(index >> (BITS * level)) % FAN;
}

/* Is the index within a tree of this height? */
static bool reaches(unsigned height, u64 index)
{
	return BITS * height >= 64 || index >> (BITS * height) == 0;
}

static void *from_page(page_t p)
{
	return (void *)(uintptr_t)p;
}

static page_t to_page(const void *p)
{
	return (page_t)(uintptr_t)p;
}

page_t radix_get(const struct radix *r, u64 index)
{
	if (!reaches(r->height, index))
		return 0;
	const void *at = r->root;
	for (unsigned level = r->height; at && level-- > 0;)
		at = ((const struct node *)at)->slot[slot_of(index, level)];
	return to_page(at);
}

bool radix_set(struct radix *r, u64 index, page_t p)
{
	while (!reaches(r->height, index)) {
		if (r->root) {
			struct node *n = kalloc(sizeof *n);
			if (!n)
				return false;
			n->slot[0] = r->root;
			n->used = 1;
			r->root = n;
		}
		r->height++;
	}
	void **at = &r->root;
	for (unsigned level = r->height; level-- > 0;) {
		struct node *n = *at;
		if (!n) {
			n = kalloc(sizeof *n);
			if (!n)
				return false;
			*at = n;
		}
		at = &n->slot[slot_of(index, level)];
		if (!*at)
			n->used++;
		if (level && !*at) {
			/* Counted as used: it must be filled, or given up. */
			*at = kalloc(sizeof(struct node));
			if (!*at) {
				n->used--;
				return false;
			}
		}
	}
	*at = from_page(p);
	return true;
}

page_t radix_take(struct radix *r, u64 index)
{
	struct node *way[11];
	if (!reaches(r->height, index) || !r->root)
		return 0;
	void *at = r->root;
	for (unsigned level = r->height; level-- > 0;) {
		way[level] = at;
		at = way[level]->slot[slot_of(index, level)];
		if (!at)
			return 0;
	}
	if (r->height == 0)
		r->root = NULL;
	for (unsigned level = 0; level < r->height; level++) {
		way[level]->slot[slot_of(index, level)] = NULL;
		if (--way[level]->used)
			break;
		kfree(way[level]);
		if (level == r->height - 1) {
			r->root = NULL;
			r->height = 0;
			break;
		}
	}
	return to_page(at);
}

static void free_nodes(void *at, unsigned level)
{
	struct node *n = at;
	for (unsigned i = 0; level > 1 && i < FAN; i++)
		if (n->slot[i])
			free_nodes(n->slot[i], level - 1);
	kfree(n);
}

void radix_clear(struct radix *r)
{
	if (r->root && r->height)
		free_nodes(r->root, r->height);
	*r = (struct radix){ 0 };
}

u64 radix_next(const struct radix *r, u64 from)
{
	u64 index = from;
	while (r->root && reaches(r->height, index)) {
		const void *at = r->root;
		unsigned level = r->height;
		while (at && level > 0)
			at = ((const struct node *)at)->slot[slot_of(index, --level)];
		if (at)
			return index;
		/* Nothing below this slot: on to the next one of its level. */
		u64 step = 1ull << (BITS * level);
		index = (index & ~(step - 1)) + step;
		if (index == 0)
			break;
	}
	return UINT64_MAX;
}
