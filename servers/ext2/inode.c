/* SPDX-License-Identifier: MIT */
/*
 * Inodes in memory: decoding, encoding, references, reuse.
 *
 * Owns:       struct e2_inode, its hash and its list of those without references, oldest first.
 * Invariant:  outside of an operation, what inode_update() wrote equals what is in memory.
 * Rule:       a file that has lost its last name is deleted when the last reference goes.
 * Called by:  everything above it.
 * Never:      writes fields that it does not know: extended attributes inside inodes stay.
 */
#include "fs.h"

static int raw_get(struct e2fs *fs, u32 ino, struct e2_buf **b, struct d_inode **d)
{
	u32 g = (ino - 1) / fs->ipg;
	u32 at = (ino - 1) % fs->ipg;
	int err;

	if (ino == 0 || ino > fs->inodes)
		return fs_fail(fs, "an inode number is out of range");
	err = buf_get(fs, fs->group[g].inode_table + at / fs->ipb, b);
	if (err < 0)
		return err;
	*d = (void *)((*b)->data + (size_t)(at % fs->ipb) * fs->inode_size);
	return 0;
}

static struct e2_time time_get(u32 sec, const u32 *extra)
{
	struct e2_time t = { (int32_t)sec, 0 };

	if (extra) {
		t.sec += (s64)(*extra & 3) << 32;
		t.nsec = *extra >> 2;
		t.nsec = t.nsec < 1000000000 ? t.nsec : 0;
	}
	return t;
}

static void time_put(struct e2_time t, u32 *sec, u32 *extra)
{
	*sec = (u32)t.sec;
	if (extra)
		*extra = t.nsec << 2 | ((u32)((t.sec - (int32_t)t.sec) >> 32) & 3);
}

/* A field beyond the first 128 bytes, if the inode has it. */
static u32 *extra_of(const struct e2_inode *in, struct d_inode *d, size_t offset)
{
	if (in->extra_isize + GOOD_OLD_INODE < offset + sizeof(u32))
		return NULL;
	return (u32 *)(void *)((u8 *)d + offset);
}
#define EXTRA(in, d, field) extra_of(in, d, offsetof(struct d_inode, field))

static void decode(struct e2fs *fs, struct e2_inode *in, struct d_inode *d)
{
	in->mode = d->mode;
	in->links = d->links;
	in->uid = d->uid | (u32)d->uid_high << 16;
	in->gid = d->gid | (u32)d->gid_high << 16;
	in->size = d->size;
	if (is_reg(in))
		in->size |= (u64)d->size_high << 32;
	in->end = UINT64_MAX;
	in->blocks = d->blocks;
	in->flags = d->flags;
	in->generation = d->generation;
	in->file_acl = d->file_acl;
	in->dtime = d->dtime;
	in->extra_isize = 0;
	if (fs->inode_size > GOOD_OLD_INODE && d->extra_isize % 4 == 0 &&
	    d->extra_isize <= fs->inode_size - GOOD_OLD_INODE)
		in->extra_isize = d->extra_isize;
	in->atime = time_get(d->atime, EXTRA(in, d, atime_extra));
	in->mtime = time_get(d->mtime, EXTRA(in, d, mtime_extra));
	in->ctime = time_get(d->ctime, EXTRA(in, d, ctime_extra));
	in->crtime = (struct e2_time){ 0, 0 };
	if (EXTRA(in, d, crtime))
		in->crtime = time_get(d->crtime, EXTRA(in, d, crtime_extra));
	memcpy(in->block, d->block, sizeof(in->block));
	in->goal = 0;
	in->dir_hint = 0;
	in->wb_error = 0;
	in->ra_next = 0;
	in->tx_seq = 0;
	in->is_orphan = in->is_kept = false;
}

static void encode(const struct e2_inode *in, struct d_inode *d)
{
	d->mode = (u16)in->mode;
	d->links = (u16)in->links;
	d->uid = (u16)in->uid;
	d->uid_high = (u16)(in->uid >> 16);
	d->gid = (u16)in->gid;
	d->gid_high = (u16)(in->gid >> 16);
	d->size = (u32)inode_end(in);
	if (is_reg(in))
		d->size_high = (u32)(inode_end(in) >> 32);
	d->blocks = in->blocks;
	d->flags = in->flags;
	d->generation = in->generation;
	d->file_acl = in->file_acl;
	d->dtime = in->dtime;
	time_put(in->atime, &d->atime, EXTRA(in, d, atime_extra));
	time_put(in->mtime, &d->mtime, EXTRA(in, d, mtime_extra));
	time_put(in->ctime, &d->ctime, EXTRA(in, d, ctime_extra));
	memcpy(d->block, in->block, sizeof(in->block));
}

int inode_update(struct e2fs *fs, struct e2_inode *in)
{
	struct e2_buf *b;
	struct d_inode *d;
	int err = raw_get(fs, in->ino, &b, &d);

	if (err < 0)
		return err;
	encode(in, d);
	in->tx_seq = fs->tx.seq;
	tx_dirty(fs, b, CLASS_INODE);
	buf_put(fs, b);
	if (in->size > INT32_MAX && is_reg(in) && !fs->is_old &&
	    !(super_of(fs)->ro_compat & RO_LARGE_FILE)) {
		super_of(fs)->ro_compat |= RO_LARGE_FILE;
		tx_dirty(fs, fs->super, CLASS_COUNT);
	}
	return 0;
}

int inode_read(struct e2fs *fs, u32 ino, struct e2_inode *in)
{
	struct e2_buf *b;
	struct d_inode *d;
	int err = raw_get(fs, ino, &b, &d);

	if (err < 0)
		return err;
	in->ino = ino;
	decode(fs, in, d);
	buf_put(fs, b);
	return 0;
}

bool inode_has_blocks(const struct e2fs *fs, const struct e2_inode *in)
{
	u32 attr = in->file_acl ? fs->bs / E2_SECTOR : 0;

	if (is_symlink(in))
		return in->blocks > attr;
	return is_dir(in) || is_reg(in);
}

/* Null, or what is wrong with an inode that something on the disk refers to. */
static const char *inode_check(const struct e2fs *fs, const struct e2_inode *in)
{
	u32 type = in->mode & E2_S_IFMT;

	if (type != E2_S_IFREG && type != E2_S_IFDIR && type != E2_S_IFLNK && type != E2_S_IFCHR &&
	    type != E2_S_IFBLK && type != E2_S_IFIFO && type != E2_S_IFSOCK)
		return "an inode is of no known type";
	if (in->flags & (u32)(INODE_EXTENTS | INODE_INLINE | INODE_ENCRYPT | INODE_EA_INODE))
		return "an inode's data is kept in an unknown way";
	if (in->file_acl && !block_is_data(fs, in->file_acl))
		return "an inode's attributes have a bad block number";
	if (in->size > fs->max_size)
		return "a file is too large";
	if (is_dir(in) &&
	    (in->size == 0 || in->size % fs->bs || in->size >> fs->bs_shift > fs->blocks))
		return "a directory has a bad size";
	if (is_symlink(in) &&
	    (in->size >= fs->bs || (!inode_has_blocks(fs, in) && in->size >= sizeof(in->block))))
		return "a symbolic link has a bad size";
	return NULL;
}

/* ---- the cache ---- */

static struct e2_inode **inode_chain(struct e2fs *fs, u32 ino)
{
	return &fs->inode_hash[ino & fs->inode_mask];
}

static void inode_unhash(struct e2fs *fs, struct e2_inode *in)
{
	struct e2_inode **at = inode_chain(fs, in->ino);

	while (*at && *at != in)
		at = &(*at)->hash;
	if (*at)
		*at = in->hash;
	in->hash = NULL;
	in->ino = 0;
}

/* One without references, emptied. If it has dirty pages, then all are written: many small files make
 * few requests. */
static int inode_take(struct e2fs *fs, struct e2_inode **out)
{
	struct e2_inode *in;

	if (link_alone(&fs->inode_lru))
		return -E2_ENFILE;
	in = OF_LINK(struct e2_inode, lru, fs->inode_lru.next);
	if (in->ino) {
		int err = link_alone(&in->dirty) ? 0 : page_write_all(fs, false);
		if (err < 0)
			return err;
		page_drop(fs, in, 0, UINT64_MAX);
		inode_unhash(fs, in);
	}
	link_remove(&in->orphan);
	*out = in;
	return 0;
}

static void inode_enter(struct e2fs *fs, struct e2_inode *in)
{
	struct e2_inode **at = inode_chain(fs, in->ino);

	in->hash = *at;
	*at = in;
	in->refs = 1;
	fs->refs++;
	link_remove(&in->lru);
}

void inode_ref(struct e2fs *fs, struct e2_inode *in)
{
	if (in->refs++ == 0) {
		link_remove(&in->lru);
		fs->refs++;
	}
}

int inode_get_any(struct e2fs *fs, u32 ino, struct e2_inode **out)
{
	struct e2_inode *in = *inode_chain(fs, ino);
	const char *why;
	int err;

	while (in && in->ino != ino)
		in = in->hash;
	if (in) {
		inode_ref(fs, in);
		*out = in;
		return 0;
	}
	if (ino > fs->inodes || (ino < fs->first_ino && ino != E2_ROOT_INO))
		return -E2_ESTALE;
	err = inode_is_allocated(fs, ino);
	if (err == 0)
		return -E2_ESTALE;
	if (err > 0)
		err = inode_take(fs, &in);
	if (err < 0)
		return err;
	err = inode_read(fs, ino, in);
	if (err < 0) {
		in->ino = 0;
		return err;
	}
	why = inode_check(fs, in);
	if (why) {
		in->ino = 0;
		return fs_fail(fs, why);
	}
	inode_enter(fs, in);
	*out = in;
	return 0;
}

int inode_get(struct e2fs *fs, u32 ino, struct e2_inode **out)
{
	int err = inode_get_any(fs, ino, out);

	if (!err && (*out)->links == 0 && (*out)->refs == 1 && !(*out)->is_orphan) {
		(*out)->refs = 0;
		fs->refs--;
		link_add(&fs->inode_lru, &(*out)->lru);
		return -E2_ESTALE;
	}
	return err;
}

void inode_put(struct e2fs *fs, struct e2_inode *in)
{
	if (--in->refs > 0)
		return;
	if (in->links != 0 && in->end < in->size && !fs->is_readonly) {
		in->refs = 1;
		(void)file_trim(fs, in);
		in->refs = 0;
	}
	if (in->links == 0 && !fs->is_readonly) {
		in->refs = 1;
		if (trunc_delete(fs, in) == 0)
			inode_unhash(fs, in);
		in->refs = 0;
	}
	fs->refs--;
	link_add(&fs->inode_lru, &in->lru);
}

u32 inode_goal(const struct e2fs *fs, const struct e2_inode *in)
{
	u32 g = (in->ino - 1) / fs->ipg;

	if (in->goal)
		return in->goal + 1;
	return group_first(fs, g) + fs->group[g].meta_end;
}

/* ---- new inodes ---- */

static void set_device(struct e2_inode *in, const struct e2_new *n)
{
	u32 type = n->mode & E2_S_IFMT;

	if (type != E2_S_IFCHR && type != E2_S_IFBLK)
		return;
	if (n->major < 256 && n->minor < 256)
		in->block[0] = n->major << 8 | n->minor;
	else
		in->block[1] =
			(n->minor & 0xff) | (n->major & 0xfff) << 8 | (n->minor & 0xfff00) << 12;
}

static int write_new(struct e2fs *fs, struct e2_inode *in)
{
	struct e2_buf *b;
	struct d_inode *d;
	int err = raw_get(fs, in->ino, &b, &d);

	if (err < 0)
		return err;
	memset(d, 0, fs->inode_size);
	if (fs->inode_size > GOOD_OLD_INODE) {
		in->extra_isize = EXTRA_ISIZE;
		d->extra_isize = EXTRA_ISIZE;
		time_put(in->crtime, &d->crtime, &d->crtime_extra);
	}
	tx_dirty(fs, b, CLASS_INODE);
	buf_put(fs, b);
	return inode_update(fs, in);
}

int inode_make(struct e2fs *fs, struct e2_inode *dir, const struct e2_new *n, struct e2_inode **out)
{
	bool makes_dir = (n->mode & E2_S_IFMT) == E2_S_IFDIR;
	struct e2_inode *in;
	u32 ino;
	int err = inode_take(fs, &in);

	if (!err)
		err = inode_alloc(fs, dir->ino, makes_dir, &ino);
	if (err < 0)
		return err;
	in->ino = ino;
	in->mode = n->mode;
	in->links = 1;
	in->uid = n->uid;
	in->gid = n->gid;
	in->size = 0;
	in->end = UINT64_MAX;
	in->blocks = 0;
	in->flags = 0;
	in->generation = fs->next_generation++;
	in->file_acl = 0;
	in->dtime = 0;
	in->extra_isize = 0;
	in->atime = in->mtime = in->ctime = in->crtime = fs->now;
	memset(in->block, 0, sizeof(in->block));
	in->goal = 0;
	in->dir_hint = 0;
	in->wb_error = 0;
	in->ra_next = 0;
	in->is_orphan = in->is_kept = false;
	set_device(in, n);
	inode_enter(fs, in);
	*out = in;
	err = write_new(fs, in);
	if (err < 0)
		inode_put(fs, in);
	return err;
}

void inode_unmake(struct e2fs *fs, struct e2_inode *in)
{
	bool was_dir = is_dir(in);
	u32 ino = in->ino;

	in->links = 0;
	in->mode = 0;
	in->blocks = 0;
	in->size = 0;
	memset(in->block, 0, sizeof(in->block));
	in->dtime = (u32)fs->now.sec;
	(void)inode_update(fs, in);
	(void)inode_unalloc(fs, ino, was_dir);
	page_drop(fs, in, 0, UINT64_MAX);
	inode_unhash(fs, in);
	in->refs = 0;
	fs->refs--;
	link_add(&fs->inode_lru, &in->lru);
}
