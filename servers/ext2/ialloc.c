/* SPDX-License-Identifier: MIT */
/*
 * Inode numbers: which are free, and in which group a new file or directory goes.
 *
 * Owns:       the inode bitmaps.
 * Rule:       files lie in the group of their directory, directories of the root are spread, and
 *             others stay with their parent while there is room: look-ups then stay in one place.
 * Called by:  inode.c, tx.c.
 */
#include "fs.h"

/* The group with the most free blocks among those with a fair share of free inodes. */
static u32 spread(const struct e2fs *fs)
{
	u32 fair = fs->free_inodes / fs->groups;
	u32 best = 0;
	u32 most = 0;

	for (u32 g = 0; g < fs->groups; g++) {
		const struct e2_group *d = &fs->group[g];
		if (d->free_inodes > 0 && d->free_inodes >= fair && d->free_blocks > most) {
			most = d->free_blocks;
			best = g;
		}
	}
	return best;
}

static int alloc_in(struct e2fs *fs, u32 g, bool is_dir, u32 *out)
{
	struct e2_buf *b;
	u32 at;
	int err = buf_get(fs, fs->group[g].inode_bitmap, &b);

	if (err < 0)
		return err;
	at = bitmap_find(b->data, 0, fs->ipg);
	if (at == fs->ipg || g * fs->ipg + at + 1 < fs->first_ino) {
		buf_put(fs, b);
		return fs_fail(fs, "an inode bitmap does not fit its group");
	}
	b->data[at / 8] = (u8)(b->data[at / 8] | 1u << at % 8);
	tx_dirty(fs, b, CLASS_COUNT);
	buf_put(fs, b);
	*out = g * fs->ipg + at + 1;
	return group_count(fs, g, 0, -1, is_dir ? 1 : 0);
}

void e2_want_inode(struct e2fs *fs, u32 ino)
{
	fs->want_ino = ino;
}

/* That one, if it is free. */
static int alloc_wanted(struct e2fs *fs, u32 ino, bool is_dir, u32 *out)
{
	u32 g = (ino - 1) / fs->ipg, at = (ino - 1) % fs->ipg;
	int err = ino < fs->first_ino || ino > fs->inodes ? 1 : inode_is_allocated(fs, ino);
	struct e2_buf *b;

	if (err == 0)
		err = buf_get(fs, fs->group[g].inode_bitmap, &b);
	if (err != 0)
		return err < 0 ? err : -E2_EBUSY;
	b->data[at / 8] = (u8)(b->data[at / 8] | 1u << at % 8);
	tx_dirty(fs, b, CLASS_COUNT);
	buf_put(fs, b);
	*out = ino;
	return group_count(fs, g, 0, -1, is_dir ? 1 : 0);
}

int inode_alloc(struct e2fs *fs, u32 parent, bool is_dir, u32 *out)
{
	u32 wanted = fs->want_ino;

	fs->want_ino = 0;
	if (wanted != 0)
		return alloc_wanted(fs, wanted, is_dir, out);

	u32 first = is_dir && parent == E2_ROOT_INO ? spread(fs) : (parent - 1) / fs->ipg;

	for (u32 i = 0; i < fs->groups && fs->free_inodes > 0; i++) {
		u32 g = (first + i) % fs->groups;
		if (fs->group[g].free_inodes > 0)
			return alloc_in(fs, g, is_dir, out);
	}
	return -E2_ENOSPC;
}

int inode_unalloc(struct e2fs *fs, u32 ino, bool is_dir)
{
	u32 g = (ino - 1) / fs->ipg;
	u32 at = (ino - 1) % fs->ipg;
	struct e2_buf *b;
	int err = buf_get(fs, fs->group[g].inode_bitmap, &b);

	if (err < 0)
		return err;
	if (!(b->data[at / 8] & 1u << at % 8)) {
		buf_put(fs, b);
		return fs_fail(fs, "an inode is freed twice");
	}
	b->data[at / 8] = (u8)(b->data[at / 8] & ~(1u << at % 8));
	tx_dirty(fs, b, CLASS_COUNT);
	buf_put(fs, b);
	return group_count(fs, g, 0, 1, is_dir ? -1 : 0);
}

/* 1, 0, or an error. */
int inode_is_allocated(struct e2fs *fs, u32 ino)
{
	u32 at = (ino - 1) % fs->ipg;
	struct e2_buf *b;
	int err = buf_get(fs, fs->group[(ino - 1) / fs->ipg].inode_bitmap, &b);

	if (err < 0)
		return err;
	err = b->data[at / 8] >> at % 8 & 1;
	buf_put(fs, b);
	return err;
}
