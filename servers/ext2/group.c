/* SPDX-License-Identifier: MIT */
/*
 * Block groups: where bitmaps and inode tables lie, and what is free.
 *
 * Owns:       struct e2_group; the descriptors on the disk are kept equal to it.
 * Invariant:  the parts of a group lie inside it, do not overlap, and are never given to a file:
 *             block_is_data() is asked about every block number that comes from the disk.
 * Called by:  mount, alloc, map.
 * Never:      believes counts: they are bounded here and compared with the bitmaps on use.
 */
#include "fs.h"

u32 group_first(const struct e2fs *fs, u32 g)
{
	return fs->first_data + g * fs->bpg;
}

u32 group_blocks(const struct e2fs *fs, u32 g)
{
	u32 left = fs->blocks - group_first(fs, g);

	return left < fs->bpg ? left : fs->bpg;
}

u32 group_of_block(const struct e2fs *fs, u32 blk)
{
	return (blk - fs->first_data) / fs->bpg;
}

static bool is_power(u32 n, u32 base)
{
	u64 p = base;

	while (p < n)
		p *= base;
	return p == n;
}

static bool has_super(struct e2fs *fs, const struct d_super *s, u32 g)
{
	if (g == 0)
		return true;
	if (!fs->is_old && s->compat & COMPAT_SPARSE_SUPER2)
		return false;
	if (fs->is_old || !(s->ro_compat & RO_SPARSE_SUPER))
		return true;
	return g == 1 || is_power(g, 3) || is_power(g, 5) || is_power(g, 7);
}

static u32 desc_blocks(const struct e2fs *fs)
{
	u32 per = fs->bs / GROUP_DESC;

	return (fs->groups + per - 1) / per;
}

bool block_is_data(const struct e2fs *fs, u32 blk)
{
	const struct e2_group *d;
	u32 g;

	if (blk <= fs->first_data || blk >= fs->blocks)
		return false;
	g = group_of_block(fs, blk);
	d = &fs->group[g];
	if (blk - group_first(fs, g) < d->meta_end)
		return false;
	if (blk == d->block_bitmap || blk == d->inode_bitmap)
		return false;
	return blk < d->inode_table || blk - d->inode_table >= fs->itable_blocks;
}

static const char *check_group(const struct e2fs *fs, u32 g, const struct e2_group *d)
{
	u32 first = group_first(fs, g) + d->meta_end;
	u32 end = group_first(fs, g) + group_blocks(fs, g);

	if (first >= end)
		return "a group has no room for its descriptors";
	if (d->block_bitmap < first || d->block_bitmap >= end || d->inode_bitmap < first ||
	    d->inode_bitmap >= end || d->inode_table < first || d->inode_table >= end ||
	    fs->itable_blocks > end - d->inode_table)
		return "a group's parts lie outside of it";
	if (d->block_bitmap == d->inode_bitmap ||
	    d->block_bitmap - d->inode_table < fs->itable_blocks ||
	    d->inode_bitmap - d->inode_table < fs->itable_blocks)
		return "a group's parts overlap";
	if (d->free_blocks > group_blocks(fs, g) || d->free_inodes > fs->ipg || d->dirs > fs->ipg)
		return "a group's counts are too large";
	return NULL;
}

static void group_decode(struct e2_group *g, const struct d_group *d, u32 meta_end)
{
	*g = (struct e2_group){
		.block_bitmap = d->block_bitmap,
		.inode_bitmap = d->inode_bitmap,
		.inode_table = d->inode_table,
		.free_blocks = d->free_blocks,
		.free_inodes = d->free_inodes,
		.dirs = d->used_dirs,
		.meta_end = meta_end,
	};
}

const char *group_load(struct e2fs *fs)
{
	struct d_super *s = super_of(fs);
	u32 per = fs->bs / GROUP_DESC;
	u64 reserved = fs->is_old ? 0 : s->reserved_gdt_blocks;
	u64 meta = 1 + desc_blocks(fs) + reserved;
	const char *why = NULL;

	if (meta >= fs->bpg || meta >= fs->blocks - fs->first_data)
		return "descriptors do not fit into a group";
	fs->free_blocks = 0;
	fs->free_inodes = 0;
	for (u32 g = 0; g < fs->groups && !why; g++) {
		struct e2_buf *b;
		if (buf_get(fs, fs->first_data + 1 + g / per, &b) < 0)
			return "cannot read descriptors";
		group_decode(&fs->group[g], (const struct d_group *)(const void *)b->data + g % per,
			     has_super(fs, s, g) ? (u32)meta : 0);
		buf_put(fs, b);
		why = check_group(fs, g, &fs->group[g]);
		fs->free_blocks += fs->group[g].free_blocks;
		fs->free_inodes += fs->group[g].free_inodes;
	}
	return why;
}

/* Adds to the counts; in a transaction. */
int group_count(struct e2fs *fs, u32 g, int blocks, int inodes, int dirs)
{
	struct e2_group *d = &fs->group[g];
	u32 per = fs->bs / GROUP_DESC;
	struct d_group *on_disk;
	struct e2_buf *b;
	int err;

	if ((s64)d->free_blocks + blocks < 0 ||
	    (s64)d->free_blocks + blocks > (s64)group_blocks(fs, g) ||
	    (s64)d->free_inodes + inodes < 0 || (s64)d->free_inodes + inodes > (s64)fs->ipg ||
	    (s64)d->dirs + dirs < 0)
		return fs_fail(fs, "a group's counts do not fit its bitmaps");
	err = buf_get(fs, fs->first_data + 1 + g / per, &b);
	if (err < 0)
		return err;
	d->free_blocks += (u32)blocks;
	d->free_inodes += (u32)inodes;
	d->dirs += (u32)dirs;
	fs->free_blocks += (u32)blocks;
	fs->free_inodes += (u32)inodes;
	on_disk = (struct d_group *)(void *)b->data + g % per;
	on_disk->free_blocks = (u16)d->free_blocks;
	on_disk->free_inodes = (u16)d->free_inodes;
	on_disk->used_dirs = (u16)d->dirs;
	tx_dirty(fs, b, CLASS_COUNT);
	buf_put(fs, b);
	return 0;
}
