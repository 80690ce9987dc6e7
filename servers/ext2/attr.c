/* SPDX-License-Identifier: MIT */
/*
 * References, look-up, attributes, symbolic links read.
 *
 * Owns:       nothing of its own.
 * Called by:  the server.
 * Never:      follows a symbolic link or looks at permissions: its callers do.
 */
#include "fs.h"

int e2_ref(struct e2fs *fs, u32 ino)
{
	struct e2_inode *in;

	return inode_get(fs, ino, &in);
}

void e2_unref(struct e2fs *fs, u32 ino)
{
	struct e2_inode *in;

	/* One reference to find it, and the caller's. */
	if (inode_get_any(fs, ino, &in) < 0)
		return;
	if (in->refs > 1)
		in->refs--;
	inode_put(fs, in);
}

int e2_lookup(struct e2fs *fs, u32 dir, struct e2_name name, u32 *ino)
{
	struct e2_inode *d, *in;
	struct dir_slot slot;
	int err;

	if (name.len == 0 || name.len > E2_NAME_MAX)
		return name.len ? -E2_ENAMETOOLONG : -E2_ENOENT;
	err = inode_get(fs, dir, &d);
	if (err < 0)
		return err;
	err = is_dir(d) ? dir_find(fs, d, name, &slot) : -E2_ENOTDIR;
	if (!err) {
		*ino = slot.ino;
		dir_slot_put(fs, &slot);
		err = inode_get(fs, *ino, &in);
		if (err == -E2_ESTALE)
			err = fs_fail(fs, "an entry points to a free inode");
	}
	inode_put(fs, d);
	return err;
}

static void device_of(const struct e2_inode *in, struct e2_stat *out)
{
	u32 type = in->mode & E2_S_IFMT;
	u32 dev = in->block[1];

	if (type != E2_S_IFCHR && type != E2_S_IFBLK)
		return;
	if (in->block[0]) {
		out->major = in->block[0] >> 8 & 0xff;
		out->minor = in->block[0] & 0xff;
	} else {
		out->major = dev >> 8 & 0xfff;
		out->minor = (dev & 0xff) | (dev >> 12 & 0xfff00);
	}
}

int e2_getattr(struct e2fs *fs, u32 ino, struct e2_stat *out)
{
	struct e2_inode *in;
	int err = inode_get(fs, ino, &in);

	if (err < 0)
		return err;
	*out = (struct e2_stat){
		.ino = ino,
		.mode = in->mode,
		.links = in->links,
		.uid = in->uid,
		.gid = in->gid,
		.generation = in->generation,
		.flags = in->flags,
		.size = inode_end(in),
		.blocks = in->blocks,
		.atime = in->atime,
		.mtime = in->mtime,
		.ctime = in->ctime,
		.crtime = in->crtime,
	};
	device_of(in, out);
	inode_put(fs, in);
	return 0;
}

static int set_fields(struct e2fs *fs, struct e2_inode *in, const struct e2_attr *a)
{
	if (a->mask & E2_SET_MODE)
		in->mode = (in->mode & E2_S_IFMT) | (a->mode & 07777);
	if (a->mask & E2_SET_UID)
		in->uid = a->uid;
	if (a->mask & E2_SET_GID)
		in->gid = a->gid;
	if (a->mask & E2_SET_ATIME)
		in->atime = a->atime;
	if (a->mask & E2_SET_MTIME)
		in->mtime = a->mtime;
	in->ctime = fs->now;
	return inode_update(fs, in);
}

int e2_setattr(struct e2fs *fs, u32 ino, const struct e2_attr *a)
{
	struct e2_inode *in;
	int err = fs->is_readonly ? -E2_EROFS : inode_get(fs, ino, &in);

	if (err < 0)
		return err;
	if (a->mask & E2_SET_SIZE)
		err = e2_truncate(fs, ino, a->size);
	if (!err)
		err = tx_begin(fs);
	if (!err)
		err = tx_end(fs, set_fields(fs, in, a));
	inode_put(fs, in);
	return err;
}

static int read_link(struct e2fs *fs, struct e2_inode *in, char *buf, u32 n)
{
	struct e2_buf *b;
	u32 blk;
	int err;

	if (!inode_has_blocks(fs, in)) {
		memcpy(buf, in->block, n);
		return (int)in->size;
	}
	err = map_find(fs, in, 0, &blk);
	if (!err && blk == 0)
		err = fs_fail(fs, "a symbolic link has no block");
	if (!err)
		err = buf_get(fs, blk, &b);
	if (err < 0)
		return err;
	memcpy(buf, b->data, n);
	buf_put(fs, b);
	return (int)in->size;
}

int e2_readlink(struct e2fs *fs, u32 ino, char *buf, u32 size)
{
	struct e2_inode *in;
	int err = inode_get(fs, ino, &in);

	if (err < 0)
		return err;
	if (is_symlink(in))
		err = read_link(fs, in, buf, in->size < size ? (u32)in->size : size);
	else
		err = -E2_EINVAL;
	inode_put(fs, in);
	return err;
}
