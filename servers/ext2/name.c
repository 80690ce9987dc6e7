/* SPDX-License-Identifier: MIT */
/*
 * Names: making and removing files of every kind, and further names for them.
 *
 * Owns:       link counts.
 * Form:       check (reads only), then change, in one transaction. "No space" is undone; if blocks
 *             wait for a commit to become free, that is done, and all is tried again.
 * Called by:  the server.
 * Never:      looks at permissions, or follows anything.
 */
#include "fs.h"

struct maker {
	struct e2_inode *dir;
	struct e2_name name;
	const struct e2_new *n;
	struct e2_name target; /* of a symbolic link */
	struct e2_inode *in;   /* result, with a reference */
};

/* A directory that can get names: it exists, and has one itself. */
static int get_dir(struct e2fs *fs, u32 ino, struct e2_inode **dir)
{
	int err = fs->is_readonly ? -E2_EROFS : inode_get(fs, ino, dir);

	if (err < 0)
		return err;
	if (!is_dir(*dir))
		err = -E2_ENOTDIR;
	else if ((*dir)->links == 0)
		err = -E2_ENOENT;
	if (err < 0)
		inode_put(fs, *dir);
	return err;
}

static int must_be_absent(struct e2fs *fs, struct e2_inode *dir, struct e2_name name)
{
	struct dir_slot slot;
	int err = dir_find(fs, dir, name, &slot);

	if (!err) {
		dir_slot_put(fs, &slot);
		return -E2_EEXIST;
	}
	return err == -E2_ENOENT ? 0 : err;
}

static int fill_symlink(struct e2fs *fs, struct e2_inode *in, struct e2_name target)
{
	struct e2_buf *b;
	bool is_new;
	u32 blk;
	int err;

	if (target.len < sizeof(in->block)) {
		memcpy(in->block, target.text, target.len);
		in->size = target.len;
		return inode_update(fs, in);
	}
	err = map_make(fs, in, 0, &blk, &is_new);
	if (!err)
		err = buf_new(fs, blk, &b);
	if (err < 0)
		return err;
	memcpy(b->data, target.text, target.len);
	tx_dirty(fs, b, CLASS_NEW);
	buf_put(fs, b);
	in->size = target.len;
	return inode_update(fs, in);
}

/* Only "no space" comes here: the inode has at most its first block. */
static int undo(struct e2fs *fs, struct e2_inode *in, int err)
{
	if (err == -E2_ENOSPC) {
		if (inode_has_blocks(fs, in) && in->block[0]) {
			buf_forget(fs, in->block[0]);
			(void)block_unalloc(fs, in->block[0], 1);
		}
		inode_unmake(fs, in);
	} else {
		inode_put(fs, in);
	}
	return err;
}

static int make(struct e2fs *fs, struct maker *m)
{
	bool makes_dir = (m->n->mode & E2_S_IFMT) == E2_S_IFDIR;
	int err = must_be_absent(fs, m->dir, m->name);

	if (!err && makes_dir && m->dir->links >= E2_LINK_MAX)
		err = -E2_EMLINK;
	if (!err)
		err = dir_make_room(fs, m->dir, m->name);
	if (!err)
		err = inode_make(fs, m->dir, m->n, &m->in);
	if (err < 0)
		return err;
	if (makes_dir) {
		m->in->links = 2;
		err = dir_init(fs, m->in, m->dir->ino);
	} else if (m->target.len > 0) {
		err = fill_symlink(fs, m->in, m->target);
	}
	if (!err)
		err = dir_add(fs, m->dir, m->name, m->in);
	if (!err && makes_dir) {
		m->dir->links++;
		err = inode_update(fs, m->dir);
	}
	return err < 0 ? undo(fs, m->in, err) : 0;
}

static int make_in(struct e2fs *fs, u32 dir, struct maker *m, u32 *ino)
{
	int err = name_check(m->name);

	if (err == -E2_EINVAL && m->name.text[0] == '.')
		err = -E2_EEXIST;
	if (!err)
		err = get_dir(fs, dir, &m->dir);
	if (err < 0)
		return err;
	do {
		err = tx_begin(fs);
		if (!err)
			err = tx_end(fs, make(fs, m));
	} while (err == -E2_ENOSPC && tx_reclaim(fs));
	if (!err)
		*ino = m->in->ino;
	inode_put(fs, m->dir);
	return err;
}

int e2_create(struct e2fs *fs, u32 dir, struct e2_name name, const struct e2_new *n, u32 *ino)
{
	struct maker m = { .name = name, .n = n };
	u32 type = n->mode & E2_S_IFMT;

	if (type != E2_S_IFREG && type != E2_S_IFCHR && type != E2_S_IFBLK && type != E2_S_IFIFO &&
	    type != E2_S_IFSOCK)
		return -E2_EINVAL;
	return make_in(fs, dir, &m, ino);
}

int e2_mkdir(struct e2fs *fs, u32 dir, struct e2_name name, const struct e2_new *n, u32 *ino)
{
	struct e2_new made = *n;
	struct maker m = { .name = name, .n = &made };

	made.mode = E2_S_IFDIR | (n->mode & 07777);
	return make_in(fs, dir, &m, ino);
}

int e2_symlink(struct e2fs *fs, u32 dir, struct e2_name name, const struct e2_new *n,
	       struct e2_name target, u32 *ino)
{
	struct e2_new made = *n;
	struct maker m = { .name = name, .n = &made, .target = target };

	if (target.len == 0)
		return -E2_ENOENT;
	if (target.len >= fs->bs)
		return -E2_ENAMETOOLONG;
	made.mode = E2_S_IFLNK | 0777;
	return make_in(fs, dir, &m, ino);
}

static int add_link(struct e2fs *fs, struct e2_inode *in, struct e2_inode *d, struct e2_name name)
{
	int err = must_be_absent(fs, d, name);

	if (!err)
		err = dir_make_room(fs, d, name);
	if (!err)
		err = dir_add(fs, d, name, in);
	if (err < 0)
		return err;
	in->links++;
	in->ctime = fs->now;
	return inode_update(fs, in);
}

int e2_link(struct e2fs *fs, u32 ino, u32 dir, struct e2_name name)
{
	struct e2_inode *in, *d;
	int err = name_check(name);

	if (err == -E2_EINVAL && name.text[0] == '.')
		err = -E2_EEXIST;
	if (!err)
		err = get_dir(fs, dir, &d);
	if (err < 0)
		return err;
	err = inode_get(fs, ino, &in);
	if (err < 0) {
		inode_put(fs, d);
		return err;
	}
	if (is_dir(in))
		err = -E2_EPERM;
	else if (in->links == 0)
		err = -E2_ENOENT;
	else if (in->links >= E2_LINK_MAX)
		err = -E2_EMLINK;
	while (!err) {
		err = tx_begin(fs);
		if (!err)
			err = tx_end(fs, add_link(fs, in, d, name));
		if (err != -E2_ENOSPC || !tx_reclaim(fs))
			break;
		err = 0;
	}
	inode_put(fs, in);
	inode_put(fs, d);
	return err;
}

/* ---- removing ---- */

int name_drop(struct e2fs *fs, struct e2_inode *in)
{
	if (is_dir(in))
		in->links = 0;
	else
		in->links--;
	in->ctime = fs->now;
	return in->links == 0 ? orphan_add(fs, in) : inode_update(fs, in);
}

static int check_unlink(struct e2fs *fs, const struct e2_inode *d, struct e2_inode *in,
			bool wants_dir)
{
	int got;

	if (!wants_dir)
		return is_dir(in) ? -E2_EISDIR : 0;
	if (!is_dir(in))
		return -E2_ENOTDIR;
	if (in->ino == E2_ROOT_INO || in == d)
		return -E2_EBUSY;
	got = dir_is_empty(fs, in);
	if (got == 0)
		return -E2_ENOTEMPTY;
	if (got > 0 && d->links < 3)
		return fs_fail(fs, "a directory's link count is too small");
	return got < 0 ? got : 0;
}

/* *out keeps a reference, to be put after the transaction. */
static int remove_name(struct e2fs *fs, struct e2_inode *d, struct e2_name name, bool wants_dir,
		       struct e2_inode **out)
{
	struct dir_slot slot;
	int err = dir_find(fs, d, name, &slot);

	if (err < 0)
		return err;
	err = inode_get(fs, slot.ino, out);
	if (err == -E2_ESTALE)
		err = fs_fail(fs, "an entry points to a free inode");
	if (err < 0) {
		*out = NULL;
		dir_slot_put(fs, &slot);
		return err;
	}
	err = check_unlink(fs, d, *out, wants_dir);
	if (!err && wants_dir)
		err = dir_settle(fs, *out);
	if (!err)
		err = tx_order(fs, slot.buf, CLASS_DEL);
	if (err < 0) {
		dir_slot_put(fs, &slot);
		return err;
	}
	if (wants_dir)
		d->links--;
	err = dir_remove(fs, d, &slot);
	return err ? err : name_drop(fs, *out);
}

static int unlink_in(struct e2fs *fs, u32 dir, struct e2_name name, bool wants_dir)
{
	struct e2_inode *in = NULL;
	struct e2_inode *d;
	int err = name_check(name);

	if (!err)
		err = get_dir(fs, dir, &d);
	if (err < 0)
		return err;
	err = tx_begin(fs);
	if (!err)
		err = tx_end(fs, remove_name(fs, d, name, wants_dir, &in));
	if (in)
		inode_put(fs, in);
	inode_put(fs, d);
	return err;
}

int e2_unlink(struct e2fs *fs, u32 dir, struct e2_name name)
{
	return unlink_in(fs, dir, name, false);
}

int e2_rmdir(struct e2fs *fs, u32 dir, struct e2_name name)
{
	return unlink_in(fs, dir, name, true);
}
