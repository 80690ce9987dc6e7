/* SPDX-License-Identifier: MIT */
/*
 * Freeing the blocks of files: truncation, holes, deletion.
 *
 * Rule:       one transaction after the other, each leaving a correct file; a journal's orphan list
 *             says what is still to be done after a power cut.
 * Form:       a walk down the indirect blocks with a stack of three levels. An indirect block all
 *             of whose span goes is not changed but freed.
 * Bound:      every step frees something, and freeing a block twice is found at its commit: so a
 *             map with loops ends in an error.
 * Called by:  file.c, inode.c, orphan.c.
 */
#include "fs.h"

struct level {
	struct e2_buf *b;
	u32 blk;
	u32 first; /* entries [first, at) are freed and still there */
	u32 at;
	u32 end;
	u64 base; /* in blocks of the tree */
	u64 span; /* of one entry */
	bool is_whole;
};

struct walk {
	struct e2_inode *in;
	u64 from; /* relative to the tree */
	u64 to;
	u32 depth;
	bool is_meta; /* the data are metadata: directories and symbolic links */
	bool is_stopped;
	struct level lv[3];
};

static u32 *slots(const struct level *l)
{
	return (u32 *)(void *)l->b->data;
}

static int free_one(struct e2fs *fs, struct e2_inode *in, u32 blk, bool is_meta)
{
	u32 sectors = fs->bs / E2_SECTOR;

	if (in->blocks < sectors)
		return fs_fail(fs, "a file has more blocks than it counts");
	in->blocks -= sectors;
	return block_free(fs, blk, is_meta);
}

static int push(struct e2fs *fs, struct walk *w, u32 k, u32 blk, u64 base)
{
	struct level *l = &w->lv[k];
	u64 n = 1ull << fs->ppb_shift;
	u64 hi;
	int err;

	if (!block_is_data(fs, blk))
		return fs_fail(fs, "a file has a bad block number");
	*l = (struct level){ .blk = blk, .base = base };
	l->span = 1ull << (fs->ppb_shift * (w->depth - 1 - k));
	l->at = w->from > base ? (u32)((w->from - base) / l->span) : 0;
	hi = (w->to - base + l->span - 1) / l->span;
	l->end = hi < n ? (u32)hi : (u32)n;
	l->first = l->at;
	l->is_whole = w->from <= base && w->to >= base + n * l->span;
	err = buf_get(fs, blk, &l->b);
	if (err < 0)
		l->b = NULL;
	return err;
}

/* What has been freed goes from the block, which stays. */
static void clear_entries(struct e2fs *fs, struct level *l)
{
	if (l->at <= l->first)
		return;
	memset(slots(l) + l->first, 0, (l->at - l->first) * sizeof(u32));
	tx_dirty(fs, l->b, CLASS_MAP);
}

static int pop(struct e2fs *fs, struct walk *w, u32 k)
{
	struct level *l = &w->lv[k];

	if (!l->is_whole)
		clear_entries(fs, l);
	buf_put(fs, l->b);
	l->b = NULL;
	if (k > 0 && !l->is_whole) {
		/* The parent's entry stays: what it has freed so far goes, and it starts behind. */
		clear_entries(fs, &w->lv[k - 1]);
		w->lv[k - 1].first = w->lv[k - 1].at + 1;
	}
	if (k > 0)
		w->lv[k - 1].at++;
	return l->is_whole ? free_one(fs, w->in, l->blk, true) : 0;
}

/* The step ends before its work: all levels become what the disk may show. */
static void stop(struct e2fs *fs, struct walk *w, u32 k, bool is_error)
{
	for (u32 i = 0; i <= k; i++) {
		struct level *l = &w->lv[i];
		if (!l->b)
			continue;
		if (!is_error)
			clear_entries(fs, l);
		buf_put(fs, l->b);
		l->b = NULL;
	}
	w->is_stopped = true;
}

/* One tree; *root becomes 0 if all of it goes. */
static int free_tree(struct e2fs *fs, struct walk *w, u32 *root)
{
	u32 k = 0;
	int err = push(fs, w, 0, *root, 0);

	while (!err) {
		struct level *l = &w->lv[k];
		u32 blk;
		if (!tx_has_room(fs)) {
			stop(fs, w, k, false);
			return 0;
		}
		if (l->at >= l->end) {
			bool is_whole = l->is_whole;
			err = pop(fs, w, k);
			if (k == 0) {
				*root = is_whole ? 0 : *root;
				return err;
			}
			k--;
			continue;
		}
		blk = slots(l)[l->at];
		if (blk == 0) {
			l->at++;
		} else if (k + 1 == w->depth) {
			l->at++;
			err = free_one(fs, w->in, blk, w->is_meta);
		} else {
			k++;
			err = push(fs, w, k, blk, l->base + l->at * l->span);
		}
	}
	stop(fs, w, k, true);
	return err;
}

/* Frees the blocks [from, to) as far as one transaction goes. */
static int trunc_step(struct e2fs *fs, struct e2_inode *in, u64 from, u64 to, bool *is_done)
{
	struct walk w = { .in = in, .is_meta = !is_reg(in) };
	u64 base = NDIR;
	u64 span = 1;
	int err = 0;

	for (u64 i = from; i < to && i < NDIR && !err; i++) {
		if (in->block[i])
			err = free_one(fs, in, in->block[i], w.is_meta);
		in->block[i] = 0;
	}
	for (u32 d = 1; d <= 3 && !err && !w.is_stopped; d++) {
		span <<= fs->ppb_shift;
		if (in->block[NDIR + d - 1] && from < base + span && to > base) {
			w.depth = d;
			w.from = from > base ? from - base : 0;
			w.to = to - base;
			err = free_tree(fs, &w, &in->block[NDIR + d - 1]);
		}
		base += span;
	}
	*is_done = !w.is_stopped;
	if (err < 0)
		return err;
	return inode_update(fs, in);
}

int trunc_range(struct e2fs *fs, struct e2_inode *in, u64 from, u64 to)
{
	bool is_done = false;
	int err = 0;

	while (!err && !is_done) {
		err = tx_begin(fs);
		if (!err)
			err = tx_end(fs, trunc_step(fs, in, from, to, &is_done));
	}
	in->goal = 0;
	return err;
}

int trunc_to_size(struct e2fs *fs, struct e2_inode *in)
{
	u64 from = (in->size + fs->bs - 1) >> fs->bs_shift;
	int err = trunc_range(fs, in, from, UINT64_MAX / 2);

	if (err < 0 || in->links == 0)
		return err;
	err = tx_begin(fs);
	return err ? err : tx_end(fs, orphan_remove(fs, in));
}

/* The block of attributes may be shared; it goes with its last user. */
static int drop_attributes(struct e2fs *fs, struct e2_inode *in)
{
	struct d_xattr *x;
	struct e2_buf *b;
	u32 sectors = fs->bs / E2_SECTOR;
	bool is_last;
	int err;

	if (!in->file_acl)
		return 0;
	err = buf_get(fs, in->file_acl, &b);
	if (err < 0)
		return err;
	x = (void *)b->data;
	if (x->magic != XATTR_MAGIC || x->refcount == 0) {
		buf_put(fs, b);
		return fs_fail(fs, "an attribute block is none");
	}
	is_last = x->refcount == 1;
	if (!is_last) {
		x->refcount--;
		tx_dirty(fs, b, CLASS_COUNT);
	}
	buf_put(fs, b);
	in->blocks -= in->blocks < sectors ? in->blocks : sectors;
	err = is_last ? block_free(fs, in->file_acl, true) : 0;
	in->file_acl = 0;
	return err;
}

static int delete_last(struct e2fs *fs, struct e2_inode *in)
{
	int err = drop_attributes(fs, in);

	if (!err)
		err = orphan_remove(fs, in);
	in->size = 0;
	in->end = UINT64_MAX;
	in->blocks = 0;
	in->dtime = (u32)fs->now.sec ? (u32)fs->now.sec : 1;
	memset(in->block, 0, sizeof(in->block));
	if (!err)
		err = inode_update(fs, in);
	if (!err)
		tx_free_later(fs, in->ino, is_dir(in) ? 2 : 1);
	return err;
}

/* A file without names and references. */
int trunc_delete(struct e2fs *fs, struct e2_inode *in)
{
	int err = 0;

	page_drop(fs, in, 0, UINT64_MAX);
	if (inode_has_blocks(fs, in))
		err = trunc_range(fs, in, 0, UINT64_MAX / 2);
	if (!err)
		err = tx_begin(fs);
	return err ? err : tx_end(fs, delete_last(fs, in));
}
