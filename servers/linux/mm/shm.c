/* SPDX-License-Identifier: MIT */
/*
 * Memory that processes share without a file: MAP_SHARED | MAP_ANONYMOUS.
 *
 * Owns:       inodes whose pages nobody else has.
 * Called by:  map.c.
 * Never:      sleeps.
 */
#include "internal.h"

static s64 shm_page(struct inode *i, u64 index, bool for_write, page_t *out)
{
	struct tree *tree = i->priv;
	struct leaf *l = tree_make(tree, index);
	const unsigned k = index % LEAF_PAGES;

	(void)for_write;
	if (l == NULL)
		return -ENOMEM;
	if (!(l->present & bit(k))) {
		l->page[k] = page_new(true);
		if (l->page[k] == 0)
			return -ENOMEM;
		l->present |= bit(k);
		i->blocks += PAGE / 512;
	}
	page_get(l->page[k]);
	*out = l->page[k];
	return 0;
}

static page_t shm_cached(struct inode *i, u64 index)
{
	const struct leaf *l = tree_leaf(i->priv, index);
	const unsigned k = index % LEAF_PAGES;

	if (l == NULL || !(l->present & bit(k)))
		return 0;
	page_get(l->page[k]);
	return l->page[k];
}

static void shm_release(struct inode *i)
{
	struct tree *tree = i->priv;
	struct leaf *l;

	for (u64 at = 0; (l = tree_next(tree, at, UINT64_MAX)) != NULL;
	     at = l->first + LEAF_PAGES) {
		for_bits(k, l->present)
			page_put(l->page[k]);
	}
	tree_free(tree);
	kfree(tree);
}

static const struct inode_ops shm_inode_ops = {
	.page = shm_page,
	.cached = shm_cached,
	.release = shm_release,
};
static const struct file_ops shm_file_ops;

struct file *shm_file(u64 pages)
{
	struct tree *tree = kalloc(sizeof *tree);
	struct inode *i = tree == NULL ? NULL : inode_anon(S_IFREG | 0600);

	if (i == NULL) {
		kfree(tree);
		return NULL;
	}
	i->ops = &shm_inode_ops;
	i->priv = tree;
	i->size = pages << PAGE_SHIFT;
	struct file *f = file_new(&shm_file_ops, i, O_RDWR);

	if (f == NULL)
		inode_put(i);
	return f;
}
