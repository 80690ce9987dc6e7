/* SPDX-License-Identifier: MIT */
/*
 * Blocks: which are free, and near which goal the next is taken.
 *
 * Owns:       the block bitmaps.
 * Rule:       a freed block stays marked until the next commit (tx.c), so that nothing which a
 *             crash could bring back is overwritten.
 * Order:      the goal, the rest of its 64, eight free in a row, the group, other groups.
 * Called by:  map, trunc, tx.
 */
#include "fs.h"

static u64 word_at(const u8 *map, u32 byte)
{
	u64 w;

	memcpy(&w, map + byte, sizeof(w));
	return w;
}

/* The first clear bit of [from, end), or `end`. The map is a whole block. */
u32 bitmap_find(const u8 *map, u32 from, u32 end)
{
	u32 i = from;

	while (i < end) {
		u64 w = ~word_at(map, i / 64 * 8) >> (i % 64);
		if (w != 0) {
			i += (u32)__builtin_ctzll(w);
			return i < end ? i : end;
		}
		i = (i / 64 + 1) * 64;
	}
	return end;
}

static u32 find_row(const u8 *map, u32 from, u32 end)
{
	for (u32 byte = (from + 7) / 8; byte < end / 8; byte++)
		if (map[byte] == 0)
			return byte * 8;
	return end;
}

static u32 find_block(const u8 *map, u32 goal, u32 end)
{
	u32 near = (goal | 63) + 1 < end ? (goal | 63) + 1 : end;
	u32 at = bitmap_find(map, goal, near);

	if (at < near)
		return at;
	at = find_row(map, goal, end);
	if (at == end)
		at = find_row(map, 0, end);
	if (at == end)
		at = bitmap_find(map, 0, end);
	return at;
}

static int alloc_in(struct e2fs *fs, u32 g, u32 goal, u32 *out)
{
	u32 end = group_blocks(fs, g);
	struct e2_buf *b;
	u32 at;
	int err = buf_get(fs, fs->group[g].block_bitmap, &b);

	if (err < 0)
		return err;
	at = find_block(b->data, goal, end);
	if (at == end || !block_is_data(fs, group_first(fs, g) + at)) {
		buf_put(fs, b);
		return fs_fail(fs, "a block bitmap does not fit its group");
	}
	b->data[at / 8] = (u8)(b->data[at / 8] | 1u << at % 8);
	tx_dirty(fs, b, CLASS_COUNT);
	buf_put(fs, b);
	*out = group_first(fs, g) + at;
	return group_count(fs, g, -1, 0, 0);
}

int block_alloc(struct e2fs *fs, u32 goal, u32 *out)
{
	u32 first;

	if (goal < fs->first_data || goal >= fs->blocks)
		goal = fs->first_data;
	first = group_of_block(fs, goal);
	for (u32 i = 0; i < fs->groups && fs->free_blocks > 0; i++) {
		u32 g = (first + i) % fs->groups;
		if (fs->group[g].free_blocks > 0)
			return alloc_in(fs, g, i ? 0 : goal - group_first(fs, g), out);
	}
	return -E2_ENOSPC;
}

/* Clears marks at once: for what was never linked, and for the commit. */
int block_unalloc(struct e2fs *fs, u32 first, u32 count)
{
	u32 g = group_of_block(fs, first);
	u32 at = first - group_first(fs, g);
	struct e2_buf *b;
	int err = buf_get(fs, fs->group[g].block_bitmap, &b);

	if (err < 0)
		return err;
	for (u32 i = at; i < at + count; i++) {
		if (!(b->data[i / 8] & 1u << i % 8)) {
			buf_put(fs, b);
			return fs_fail(fs, "a block is freed twice");
		}
		b->data[i / 8] = (u8)(b->data[i / 8] & ~(1u << i % 8));
	}
	tx_dirty(fs, b, CLASS_COUNT);
	buf_put(fs, b);
	return group_count(fs, g, (int)count, 0, 0);
}

int block_free(struct e2fs *fs, u32 blk, bool is_meta)
{
	if (!block_is_data(fs, blk))
		return fs_fail(fs, "a file has a bad block number");
	if (is_meta) {
		buf_forget(fs, blk);
		tx_revoke(fs, blk);
	}
	tx_free_later(fs, blk, 0);
	return 0;
}
