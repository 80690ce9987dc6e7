/* SPDX-License-Identifier: MIT */
/*
 * Is this a superblock that makes sense? The geometry is computed here and nowhere else.
 *
 * Owns:       the fields of struct e2fs from `bs` to `is_old`.
 * Called by:  e2_mount(), before anything else is read, and again after a replay.
 * Never:      reads the device. What follows from the geometry (a block lies in a group, an inode
 *             in a table) holds for all numbers that pass.
 */
#include "fs.h"

/* Features that this library cannot even read, for the message. */
static const char *incompat_name(u32 bits)
{
	if (bits & 0x40)
		return "feature extents is not supported";
	if (bits & 0x80)
		return "feature 64bit is not supported";
	if (bits & 0x200)
		return "feature flex_bg is not supported";
	if (bits & 0x10)
		return "feature meta_bg is not supported";
	if (bits & 0x8)
		return "this is a journal device";
	return "an unknown incompatible feature";
}

static const char *check_features(const struct d_super *s)
{
	u32 bad = s->incompat & ~(u32)(INCOMPAT_FILETYPE | INCOMPAT_RECOVER);

	if (bad)
		return incompat_name(bad);
	if (s->incompat & INCOMPAT_RECOVER && !(s->compat & COMPAT_HAS_JOURNAL))
		return "needs recovery, but has no journal";
	if (s->compat & COMPAT_HAS_JOURNAL && s->journal_inum != JOURNAL_INO)
		return "the journal is not in its inode";
	return NULL;
}

u32 super_unknown(const struct d_super *s)
{
	if (s->rev_level < REV_DYNAMIC)
		return 0;
	return s->ro_compat & ~(u32)(RO_SPARSE_SUPER | RO_LARGE_FILE | RO_EXTRA_ISIZE);
}

static const char *check_inodes(struct e2fs *fs, const struct d_super *s)
{
	u32 size = fs->is_old ? GOOD_OLD_INODE : s->inode_size;

	if (size < GOOD_OLD_INODE || size > fs->bs || (size & (size - 1)))
		return "bad inode size";
	fs->inode_size = size;
	fs->ipb = fs->bs / size;
	fs->first_ino = fs->is_old ? GOOD_OLD_FIRST : s->first_ino;
	fs->ipg = s->inodes_per_group;
	if (fs->ipg == 0 || fs->ipg > fs->bs * 8 || fs->ipg % fs->ipb)
		return "bad number of inodes per group";
	fs->itable_blocks = fs->ipg / fs->ipb;
	if (fs->itable_blocks + 2 > fs->bpg)
		return "inode tables larger than groups";
	fs->inodes = s->inodes_count;
	if ((u64)fs->ipg * fs->groups != fs->inodes)
		return "bad number of inodes";
	if (fs->first_ino < GOOD_OLD_FIRST || fs->first_ino >= fs->ipg)
		return "bad first inode";
	return NULL;
}

static u64 largest_file(const struct e2fs *fs)
{
	u64 n = 1ull << fs->ppb_shift;
	u64 map = (NDIR + n + n * n + n * n * n) << fs->bs_shift;
	u64 counted = (1ull << 41) - (1ull << 32); /* i_blocks has 32 bits, of 512 bytes */

	return map < counted ? map : counted;
}

const char *super_check(struct e2fs *fs, const struct d_super *s)
{
	if (s->magic != SUPER_MAGIC)
		return "not an ext2 file system";
	if (s->log_block_size > 2)
		return "block size is not 1, 2 or 4 KiB";
	fs->bs_shift = 10 + s->log_block_size;
	fs->bs = 1u << fs->bs_shift;
	fs->ppb_shift = fs->bs_shift - 2;
	fs->per_page = E2_PAGE_SIZE / fs->bs;
	fs->is_old = s->rev_level < REV_DYNAMIC;
	if (s->rev_level > REV_DYNAMIC)
		return "unknown revision";
	if (!fs->is_old && check_features(s))
		return check_features(s);
	fs->has_filetype = !fs->is_old && (s->incompat & INCOMPAT_FILETYPE);
	fs->first_data = s->first_data_block;
	fs->blocks = s->blocks_count;
	fs->bpg = s->blocks_per_group;
	if (fs->first_data != (fs->bs == 1024 ? 1u : 0u))
		return "bad first block";
	if (fs->blocks <= fs->first_data + 1 ||
	    (u64)fs->blocks * (fs->bs / E2_SECTOR) > fs->dev.sectors)
		return "larger than its device";
	if (fs->bpg < 64 || fs->bpg > fs->bs * 8 || fs->bpg % 8)
		return "bad number of blocks per group";
	fs->groups = (fs->blocks - fs->first_data - 1) / fs->bpg + 1;
	if (s->free_blocks > fs->blocks || s->r_blocks_count > fs->blocks)
		return "bad block counts";
	fs->max_size = largest_file(fs);
	return check_inodes(fs, s);
}
