/* SPDX-License-Identifier: MIT */
/*
 * Block maps: from the blocks of a file to the blocks of the disk, by up to three indirect blocks.
 *
 * Owns:       i_block of files, directories and long symbolic links, and their indirect blocks.
 * Invariant:  a block number is used only if block_is_data() holds for it.
 * Rule:       all blocks that are missing on the way are allocated before the first is linked, so
 *             that "no space" leaves nothing behind.
 * Called by:  pages, directories, trunc.
 */
#include "fs.h"

bool map_path(const struct e2fs *fs, u64 lblk, struct map_path *p)
{
	u64 span = 1;

	*p = (struct map_path){ .depth = 0 };
	if (lblk < NDIR) {
		p->at[0] = (u32)lblk;
		return true;
	}
	lblk -= NDIR;
	for (u32 d = 1; d <= 3; d++) {
		span <<= fs->ppb_shift;
		if (lblk < span) {
			p->depth = d;
			p->at[0] = NDIR + d - 1;
			for (u32 i = d; i > 0; i--) {
				p->at[i] = (u32)(lblk & ((1u << fs->ppb_shift) - 1));
				lblk >>= fs->ppb_shift;
			}
			return true;
		}
		lblk -= span;
	}
	return false;
}

static u32 *slot_of(struct e2_buf *b, u32 at)
{
	return (u32 *)(void *)b->data + at;
}

/* Goes down as far as there are blocks. Returns the level where it ended, with a pin on *b if that
 * is above 0; *blk is what the last slot says. */
static int map_walk(struct e2fs *fs, struct e2_inode *in, const struct map_path *p,
		    struct e2_buf **b, u32 *blk)
{
	u32 level = 0;

	*b = NULL;
	*blk = in->block[p->at[0]];
	while (*blk != 0) {
		struct e2_buf *next;
		int err;
		if (!block_is_data(fs, *blk)) {
			if (*b)
				buf_put(fs, *b);
			return fs_fail(fs, "a file has a bad block number");
		}
		if (level == p->depth)
			break;
		err = buf_get(fs, *blk, &next);
		if (*b)
			buf_put(fs, *b);
		if (err < 0)
			return err;
		*b = next;
		level++;
		*blk = *slot_of(next, p->at[level]);
	}
	return (int)level;
}

int map_find(struct e2fs *fs, struct e2_inode *in, u64 lblk, u32 *blk)
{
	struct map_path p;
	struct e2_buf *b;
	int level;

	if (lblk < NDIR) {
		*blk = in->block[lblk];
		if (*blk == 0 || block_is_data(fs, *blk))
			return 0;
		return fs_fail(fs, "a file has a bad block number");
	}
	if (!map_path(fs, lblk, &p))
		return -E2_EFBIG;
	level = map_walk(fs, in, &p, &b, blk);
	if (level < 0)
		return level;
	if (b)
		buf_put(fs, b);
	return 0;
}

static int alloc_chain(struct e2fs *fs, struct e2_inode *in, u32 n, u32 *got)
{
	u32 goal = inode_goal(fs, in);
	int err;

	if ((u64)in->blocks + (u64)n * (fs->bs / E2_SECTOR) > UINT32_MAX)
		return -E2_EFBIG;
	for (u32 i = 0; i < n; i++) {
		err = block_alloc(fs, goal, &got[i]);
		if (err < 0) {
			for (u32 k = 0; k < i; k++)
				(void)block_unalloc(fs, got[k], 1);
			return err;
		}
		goal = got[i] + 1;
	}
	return 0;
}

/* Makes the indirect blocks of a chain, each holding the number of the next. */
static int fill_chain(struct e2fs *fs, const struct map_path *p, u32 level, u32 n, const u32 *got)
{
	for (u32 i = 0; i + 1 < n; i++) {
		struct e2_buf *b;
		int err = buf_new(fs, got[i], &b);
		if (err < 0)
			return err;
		*slot_of(b, p->at[level + i + 1]) = got[i + 1];
		tx_dirty(fs, b, CLASS_NEW);
		buf_put(fs, b);
	}
	return 0;
}

int map_make(struct e2fs *fs, struct e2_inode *in, u64 lblk, u32 *blk, bool *is_new)
{
	struct map_path p;
	struct e2_buf *b;
	u32 got[4], n;
	int level, err;

	*is_new = false;
	if (!map_path(fs, lblk, &p))
		return -E2_EFBIG;
	level = map_walk(fs, in, &p, &b, blk);
	if (level < 0)
		return level;
	if (*blk == 0) {
		n = p.depth - (u32)level + 1;
		err = alloc_chain(fs, in, n, got);
		if (!err)
			err = fill_chain(fs, &p, (u32)level, n, got);
		if (err < 0) {
			if (b)
				buf_put(fs, b);
			return err;
		}
		if (b) {
			*slot_of(b, p.at[level]) = got[0];
			tx_dirty(fs, b, CLASS_MAP);
		} else {
			in->block[p.at[0]] = got[0];
		}
		in->blocks += n * (fs->bs / E2_SECTOR);
		in->goal = got[n - 1];
		*blk = got[n - 1];
		*is_new = true;
	}
	if (b)
		buf_put(fs, b);
	return *is_new ? inode_update(fs, in) : 0;
}
