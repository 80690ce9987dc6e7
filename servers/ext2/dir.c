/* SPDX-License-Identifier: MIT */
/*
 * Directories: blocks of entries, searched one after the other.
 *
 * Owns:       the contents of directories.
 * Invariant:  an entry never moves, so that its offset is a cookie that stays good.
 * Rule:       a hash tree is never used; its flag is cleared when an entry is added, after which
 *             the same blocks are a correct directory without one.
 * Called by:  name.c, rename.c, readdir.c.
 */
#include "fs.h"

enum { DIRENT_MIN = 12 };

u32 dirent_size(u32 name_len)
{
	return (DIRENT_HEAD + name_len + 3) & ~3u;
}

u32 dirent_name_len(const struct e2fs *fs, const struct d_dirent *d)
{
	return fs->has_filetype ? d->name_len : d->name_len | (u32)d->type << 8;
}

/* The entry at `off`, or null if there can be none: everything it says lies in the block. */
const struct d_dirent *dirent_at(const struct e2fs *fs, const struct e2_buf *b, u32 off)
{
	const struct d_dirent *d = (const void *)(b->data + off);
	u32 name;

	if (off > fs->bs - DIRENT_MIN || d->rec_len < DIRENT_MIN || d->rec_len % 4 ||
	    d->rec_len > fs->bs - off)
		return NULL;
	if (d->ino == 0)
		return d;
	name = dirent_name_len(fs, d);
	if (name == 0 || name > E2_NAME_MAX || DIRENT_HEAD + name > d->rec_len ||
	    d->ino > fs->inodes)
		return NULL;
	return d;
}

void dirent_fill(const struct e2fs *fs, struct d_dirent *d, u32 ino, u32 mode)
{
	static const u8 types[16] = { 0, 5, 3, 0, 2, 0, 4, 0, 1, 0, 7, 0, 6, 0, 0, 0 };

	d->ino = ino;
	if (fs->has_filetype)
		d->type = types[mode >> 12 & 15];
}

int name_check(struct e2_name name)
{
	if (name.len == 0)
		return -E2_ENOENT;
	if (name.len > E2_NAME_MAX)
		return -E2_ENAMETOOLONG;
	for (u32 i = 0; i < name.len; i++)
		if (name.text[i] == '/' || name.text[i] == 0)
			return -E2_EINVAL;
	if (name.text[0] == '.' && (name.len == 1 || (name.len == 2 && name.text[1] == '.')))
		return -E2_EINVAL;
	return 0;
}

int dir_block(struct e2fs *fs, struct e2_inode *dir, u32 lblk, struct e2_buf **out)
{
	u32 blk;
	int err = map_find(fs, dir, lblk, &blk);

	if (!err && blk == 0)
		err = fs_fail(fs, "a directory has a hole");
	return err ? err : buf_get(fs, blk, out);
}

void dir_slot_put(struct e2fs *fs, struct dir_slot *slot)
{
	if (slot->buf)
		buf_put(fs, slot->buf);
	slot->buf = NULL;
}

/* Is it this name? It lies in the entry's record, which lies in the block. */
static bool is_name(const struct d_dirent *d, struct e2_name name)
{
	return d->rec_len >= DIRENT_HEAD + name.len && d->name[0] == name.text[0] &&
	       d->name[name.len - 1] == name.text[name.len - 1] && d->ino != 0 &&
	       memcmp(d->name, name.text, name.len) == 0;
}

/* 1: found, 0: not here. Of entries that have another length only the place is looked at: this loop
 * is what opening a file costs. */
static int find_in(struct e2fs *fs, const struct e2_buf *b, struct e2_name name,
		   struct dir_slot *slot)
{
	const u8 *at = b->data;
	const u8 *prev = at;
	u32 left = fs->bs;

	while (left >= DIRENT_MIN) {
		const struct d_dirent *d = (const void *)at;
		u32 rec = d->rec_len;
		/* Less than the minimum wraps around. */
		if (rec - DIRENT_MIN > left - DIRENT_MIN || rec % 4)
			break;
		if (d->name_len == name.len && is_name(d, name)) {
			slot->off = (u32)(at - b->data);
			slot->prev = (u32)(prev - b->data);
			slot->ino = d->ino;
			if (!dirent_at(fs, b, slot->off))
				break;
			return 1;
		}
		prev = at;
		at += rec;
		left -= rec;
	}
	return left == 0 ? 0 : fs_fail(fs, "a directory has a bad entry");
}

/* name.len is in 1..255. On success the buffer is pinned until dir_slot_put(). */
int dir_find(struct e2fs *fs, struct e2_inode *dir, struct e2_name name, struct dir_slot *slot)
{
	u32 n = (u32)(dir->size >> fs->bs_shift);

	slot->buf = NULL;
	for (u32 l = 0; l < n; l++) {
		struct e2_buf *b;
		int got = dir_block(fs, dir, l, &b);
		if (got < 0)
			return got;
		got = find_in(fs, b, name, slot);
		if (got > 0) {
			slot->buf = b;
			slot->lblk = l;
			return 0;
		}
		buf_put(fs, b);
		if (got < 0)
			return got;
	}
	return -E2_ENOENT;
}

/* Offset of an entry with room for `need` bytes behind its own name, or the block size. */
static int find_room(struct e2fs *fs, const struct e2_buf *b, u32 need)
{
	u32 off = 0;

	while (off < fs->bs) {
		const struct d_dirent *d = dirent_at(fs, b, off);
		u32 own;
		if (!d)
			return fs_fail(fs, "a directory has a bad entry");
		own = d->ino ? dirent_size(dirent_name_len(fs, d)) : 0;
		if (d->rec_len >= own + need)
			break;
		off += d->rec_len;
	}
	return (int)off;
}

static void put_entry(struct e2fs *fs, struct e2_buf *b, u32 off, struct e2_name name,
		      const struct e2_inode *in)
{
	struct d_dirent *d = (void *)(b->data + off);

	if (d->ino) {
		u32 own = dirent_size(dirent_name_len(fs, d));
		struct d_dirent *next = (void *)(b->data + off + own);
		next->rec_len = (u16)(d->rec_len - own);
		d->rec_len = (u16)own;
		d = next;
	}
	d->name_len = (u8)name.len;
	d->type = 0;
	dirent_fill(fs, d, in->ino, in->mode);
	memcpy(d->name, name.text, name.len);
}

static int touch(struct e2fs *fs, struct e2_inode *dir)
{
	dir->mtime = dir->ctime = fs->now;
	return inode_update(fs, dir);
}

/* A block more, with one empty entry. */
static int dir_extend(struct e2fs *fs, struct e2_inode *dir, struct e2_buf **out)
{
	struct d_dirent *d;
	bool is_new;
	u32 blk;
	int err;

	if (dir->size > INT32_MAX - fs->bs)
		return -E2_ENOSPC;
	err = map_make(fs, dir, dir->size >> fs->bs_shift, &blk, &is_new);
	if (err < 0)
		return err;
	if (!is_new)
		return fs_fail(fs, "a directory has blocks beyond its end");
	err = buf_new(fs, blk, out);
	if (err < 0)
		return err;
	d = (void *)(*out)->data;
	d->rec_len = (u16)fs->bs;
	tx_dirty(fs, *out, CLASS_NEW);
	dir->size += fs->bs;
	err = inode_update(fs, dir);
	if (err < 0)
		buf_put(fs, *out);
	return err;
}

/* A block with room, pinned, and the offset in it. */
static int dir_room(struct e2fs *fs, struct e2_inode *dir, u32 need, struct e2_buf **b, u32 *off)
{
	u32 n = (u32)(dir->size >> fs->bs_shift);

	*off = 0;
	for (u32 l = dir->dir_hint; l < n; l++) {
		int got = dir_block(fs, dir, l, b);
		if (got < 0)
			return got;
		got = find_room(fs, *b, need);
		if (got >= 0 && got < (int)fs->bs) {
			dir->dir_hint = l;
			*off = (u32)got;
			return 0;
		}
		buf_put(fs, *b);
		if (got < 0)
			return got;
	}
	dir->dir_hint = n;
	return dir_extend(fs, dir, b);
}

int dir_make_room(struct e2fs *fs, struct e2_inode *dir, struct e2_name name)
{
	struct e2_buf *b;
	u32 off;
	int err;

	if (fs->j.is_on)
		return 0;
	err = dir_room(fs, dir, dirent_size(name.len), &b, &off);
	if (err < 0)
		return err;
	err = tx_order(fs, b, CLASS_ADD);
	buf_put(fs, b);
	return err;
}

int dir_settle(struct e2fs *fs, struct e2_inode *dir)
{
	u32 n = (u32)(dir->size >> fs->bs_shift);
	bool has_changed = false;

	for (u32 l = 0; l < n && !fs->j.is_on && !has_changed; l++) {
		struct e2_buf *b;
		int err = dir_block(fs, dir, l, &b);
		if (err < 0)
			return err;
		has_changed = b->flags & BUF_TX;
		buf_put(fs, b);
	}
	return has_changed ? tx_commit(fs) : 0;
}

/* The name is not there. -ENOSPC changes nothing. */
int dir_add(struct e2fs *fs, struct e2_inode *dir, struct e2_name name, const struct e2_inode *in)
{
	struct e2_buf *b;
	u32 off;
	int err = dir_room(fs, dir, dirent_size(name.len), &b, &off);

	if (err < 0)
		return err;
	put_entry(fs, b, off, name, in);
	tx_dirty(fs, b, CLASS_ADD);
	buf_put(fs, b);
	dir->flags &= ~(u32)INODE_INDEX;
	return touch(fs, dir);
}

/* Gives the entry's space to the one before it. The slot is put. */
int dir_remove(struct e2fs *fs, struct e2_inode *dir, struct dir_slot *slot)
{
	struct e2_buf *b = slot->buf;
	struct d_dirent *d = (void *)(b->data + slot->off);
	struct d_dirent *prev = (void *)(b->data + slot->prev);

	if (slot->prev != slot->off)
		prev->rec_len = (u16)(prev->rec_len + d->rec_len);
	d->ino = 0;
	tx_dirty(fs, b, CLASS_DEL);
	if (slot->lblk < dir->dir_hint)
		dir->dir_hint = slot->lblk;
	dir_slot_put(fs, slot);
	return touch(fs, dir);
}

/* The name now means another inode. The slot is put. */
int dir_replace(struct e2fs *fs, struct e2_inode *dir, struct dir_slot *slot,
		const struct e2_inode *in)
{
	dirent_fill(fs, (void *)(slot->buf->data + slot->off), in->ino, in->mode);
	tx_dirty(fs, slot->buf, CLASS_DEL);
	dir_slot_put(fs, slot);
	return touch(fs, dir);
}

static bool is_dots(const struct e2fs *fs, const struct d_dirent *d)
{
	u32 n = dirent_name_len(fs, d);

	return d->name[0] == '.' && (n == 1 || (n == 2 && d->name[1] == '.'));
}

/* 1, 0, or an error. */
int dir_is_empty(struct e2fs *fs, struct e2_inode *dir)
{
	u32 n = (u32)(dir->size >> fs->bs_shift);

	for (u32 l = 0; l < n; l++) {
		struct e2_buf *b;
		u32 off = 0;
		int got = dir_block(fs, dir, l, &b);
		if (got < 0)
			return got;
		while (off < fs->bs) {
			const struct d_dirent *d = dirent_at(fs, b, off);
			if (!d || (d->ino && !is_dots(fs, d)))
				break;
			off += d->rec_len;
		}
		got = dirent_at(fs, b, off) ? 0 : -1;
		buf_put(fs, b);
		if (off < fs->bs)
			return got ? fs_fail(fs, "a directory has a bad entry") : 0;
	}
	return 1;
}

int dir_init(struct e2fs *fs, struct e2_inode *dir, u32 parent)
{
	const struct e2_name dots = { "..", 2 };
	struct e2_inode up = { .ino = parent, .mode = E2_S_IFDIR };
	struct e2_buf *b;
	int err = dir_extend(fs, dir, &b);

	if (err < 0)
		return err;
	put_entry(fs, b, 0, (struct e2_name){ ".", 1 }, dir);
	put_entry(fs, b, 0, dots, &up);
	buf_put(fs, b);
	return 0;
}

int dir_parent(struct e2fs *fs, struct e2_inode *dir, u32 *parent)
{
	struct dir_slot slot;
	int err = dir_find(fs, dir, (struct e2_name){ "..", 2 }, &slot);

	if (err == -E2_ENOENT)
		return fs_fail(fs, "a directory has no parent");
	if (err < 0)
		return err;
	*parent = slot.ino;
	dir_slot_put(fs, &slot);
	return 0;
}

int dir_set_parent(struct e2fs *fs, struct e2_inode *dir, u32 parent)
{
	struct e2_inode up = { .ino = parent, .mode = E2_S_IFDIR };
	struct dir_slot slot;
	int err = dir_find(fs, dir, (struct e2_name){ "..", 2 }, &slot);

	if (err == -E2_ENOENT)
		return fs_fail(fs, "a directory has no parent");
	return err ? err : dir_replace(fs, dir, &slot, &up);
}
