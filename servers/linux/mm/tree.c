/* SPDX-License-Identifier: MIT */
/*
 * Trees of pages: nodes of 64 children, all leaves at the same depth.
 *
 * Owns:       nodes and leaves, not the pages in them.
 * Called by:  mm/.
 * Never:      sleeps.
 */
#include "tree.h"

static unsigned slot_of(u64 page, unsigned level)
{
	return (unsigned)(page >> (NODE_BITS * level)) & (NODE_SLOTS - 1);
}

static struct leaf **cached(struct tree *t, u64 page)
{
	return &t->cache[page / LEAF_PAGES % TREE_CACHE];
}

static void *child_of(const struct node *n, unsigned i)
{
	return n->used & bit(i) ? n->child[i] : NULL;
}

struct leaf *tree_search(struct tree *t, u64 page)
{
	void *at = t->root;

	for (unsigned level = TREE_LEVELS; level > 0 && at != NULL; level--)
		at = child_of(at, slot_of(page, level));
	if (at != NULL)
		*cached(t, page) = at;
	return at;
}

static struct leaf *leaf_new(u64 page)
{
	struct leaf *l = kalloc_dirty(sizeof *l);

	if (l != NULL) {
		l->first = page & ~(u64)(LEAF_PAGES - 1);
		l->present = l->read = l->write = l->file = l->mapped = l->hot = 0;
	}
	return l;
}

static struct node *node_new(void)
{
	struct node *n = kalloc_dirty(sizeof *n);

	if (n != NULL)
		n->used = 0;
	return n;
}

/* The child where `page` goes, made if it is not there. */
static void *child_make(struct node *n, u64 page, unsigned level)
{
	const unsigned i = slot_of(page, level);

	if (n->used & bit(i))
		return n->child[i];
	n->child[i] = level == 1 ? (void *)leaf_new(page) : node_new();
	if (n->child[i] != NULL)
		n->used |= bit(i);
	return n->child[i];
}

struct leaf *tree_make(struct tree *t, u64 page)
{
	struct leaf *l = tree_leaf(t, page);
	void *at;

	if (l != NULL)
		return l;
	if (t->root == NULL)
		t->root = node_new();
	at = t->root;
	for (unsigned level = TREE_LEVELS; level > 0 && at != NULL; level--)
		at = child_make(at, page, level);
	if (at != NULL)
		*cached(t, page) = at;
	return at;
}

/* Upwards from `page` in the subtree of n, whose children are `level` above the leaves. */
struct leaf *tree_next(struct tree *t, u64 page, u64 end)
{
	struct node *path[TREE_LEVELS + 1];
	unsigned level = TREE_LEVELS;
	struct leaf *l = *cached(t, page);

	if (page < end && l != NULL && l->first == (page & ~(u64)(LEAF_PAGES - 1)))
		return l;
	path[level] = t->root;
	if (t->root == NULL || page >= bit(NODE_BITS * (TREE_LEVELS + 1)))
		return NULL;
	while (page < end) {
		const unsigned from = slot_of(page, level);
		const u64 left = path[level]->used & ~(bit(from) - 1);
		const u64 span = bit(NODE_BITS * level); /* pages below one slot */

		if (left == 0) {
			/* On with the node's successor. */
			page = (page | (span * NODE_SLOTS - 1)) + 1;
			if (level == TREE_LEVELS)
				return NULL;
			level = TREE_LEVELS;
			continue;
		}
		if (lowest(left) != from)
			page = (page & ~(span * NODE_SLOTS - 1)) + lowest(left) * span;
		if (page >= end)
			return NULL;
		void *child = path[level]->child[lowest(left)];

		if (level == 1)
			return child;
		path[--level] = child;
	}
	return NULL;
}

void tree_drop(struct tree *t, struct leaf *l)
{
	struct node *path[TREE_LEVELS + 1];
	struct node *n = t->root;

	for (unsigned level = TREE_LEVELS; level > 0; level--) {
		path[level] = n;
		n = n->child[slot_of(l->first, level)];
	}
	if (*cached(t, l->first) == l)
		*cached(t, l->first) = NULL;
	const u64 page = l->first;

	kfree(l);
	for (unsigned level = 1; level <= TREE_LEVELS; level++) {
		const unsigned i = slot_of(page, level);

		path[level]->used &= ~bit(i);
		if (path[level]->used != 0)
			return;
		kfree(path[level]);
	}
	t->root = NULL;
}

/* Depth first, without recursion: each node is emptied and then freed. */
void tree_free(struct tree *t)
{
	struct node *path[TREE_LEVELS + 1];
	unsigned level = TREE_LEVELS;

	path[level] = t->root;
	while (t->root != NULL) {
		struct node *n = path[level];

		if (n->used == 0) {
			kfree(n);
			if (level == TREE_LEVELS)
				break;
			level++;
			continue;
		}
		const unsigned i = lowest(n->used);

		n->used &= n->used - 1;
		if (level == 1)
			kfree(n->child[i]);
		else
			path[--level] = n->child[i];
	}
	*t = (struct tree){ 0 };
}
