/* SPDX-License-Identifier: MIT */
/*
 * What is known of a file: stat and its kin, access, statfs.
 */
#include "fs.h"

struct lx_stat {
	u64 dev, ino, nlink;
	u32 mode, uid, gid, pad;
	u64 rdev, size;
	s64 block_bytes;
	u64 blocks;
	s64 atime;
	u64 atime_ns;
	s64 mtime;
	u64 mtime_ns;
	s64 ctime;
	u64 ctime_ns;
	u64 unused[3];
};
_Static_assert(sizeof(struct lx_stat) == 144, "as the ABI has it");

/* Device numbers inside are as stat has them: minor in bits 0-7 and 20-, major in 8-19. */
static u32 dev_major(u64 d)
{
	return (u32)(d >> 8 & 0xfff);
}

static u32 dev_minor(u64 d)
{
	return (u32)((d & 0xff) | (d >> 12 & 0xfff00));
}

static s64 attributes(struct inode *i)
{
	return i->ops->getattr ? i->ops->getattr(i) : 0;
}

static s64 stat_out(struct task *t, struct inode *i, u64 to)
{
	s64 r = attributes(i);
	if (r < 0)
		return r;
	struct lx_stat s = {
		.dev = i->sb->dev,
		.ino = i->ino,
		.nlink = i->nlink,
		.mode = i->mode,
		.uid = i->uid,
		.gid = i->gid,
		.rdev = i->rdev,
		.size = i->size,
		.block_bytes = PAGE,
		.blocks = i->blocks,
		.atime = i->atime.sec,
		.atime_ns = i->atime.nsec,
		.mtime = i->mtime.sec,
		.mtime_ns = i->mtime.nsec,
		.ctime = i->ctime.sec,
		.ctime_ns = i->ctime.nsec,
	};
	return copy_out(t->mm, to, &s, sizeof s);
}

/* Find the inode of (dirfd, name) as the *at calls do: with a reference. */
static s64 find(struct task *t, u64 dirfd, u64 name, u64 flags, struct inode **out)
{
	unsigned wf = (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW);
	struct path p;
	if (flags & AT_EMPTY_PATH) {
		char c = 0;
		if (name && copy_in(t->mm, &c, name, 1) < 0)
			return -EFAULT;
		if (!c && (s32)dirfd != AT_FDCWD) {
			struct file *f = fd_file_any(t, dirfd);
			if (!f)
				return -EBADF;
			*out = f->inode;
			inode_get(*out);
			file_put(f);
			return 0;
		}
		wf |= WALK_EMPTY;
	}
	s64 r = path_user(t, (s32)dirfd, name, wf, &p);
	if (r < 0)
		return r;
	*out = p.dentry->inode;
	inode_get(*out);
	path_put(&p);
	return 0;
}

static s64 stat_at(struct task *t, u64 dirfd, u64 name, u64 to, u64 flags)
{
	struct inode *i;
	s64 r = find(t, dirfd, name, flags, &i);
	if (r < 0)
		return r;
	r = stat_out(t, i, to);
	inode_put(i);
	return r;
}

s64 lx_stat(struct task *t, u64 name, u64 to)
{
	return stat_at(t, (u64)AT_FDCWD, name, to, 0);
}

s64 lx_lstat(struct task *t, u64 name, u64 to)
{
	return stat_at(t, (u64)AT_FDCWD, name, to, AT_SYMLINK_NOFOLLOW);
}

s64 lx_newfstatat(struct task *t, u64 dirfd, u64 name, u64 to, u64 flags)
{
	return stat_at(t, dirfd, name, to, flags);
}

s64 lx_fstat(struct task *t, u64 fd, u64 to)
{
	struct file *f = fd_file_any(t, fd);
	if (!f)
		return -EBADF;
	s64 r = stat_out(t, f->inode, to);
	file_put(f);
	return r;
}

struct statx_time {
	s64 sec;
	u32 nsec, pad;
};
struct lx_statx {
	u32 mask, block_bytes;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, pad;
	u64 ino, size, blocks, attributes_mask;
	struct statx_time atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 mount_id;
	u64 spare[13];
};
_Static_assert(sizeof(struct lx_statx) == 256, "as the ABI has it");

s64 lx_statx(struct task *t, u64 dirfd, u64 name, u64 flags, u64 mask, u64 to)
{
	enum { STATX_BASIC = 0x7ff };
	struct inode *i;
	(void)mask;
	if ((flags & AT_STATX_SYNC) == AT_STATX_SYNC)
		return -EINVAL;
	s64 r = find(t, dirfd, name, flags, &i);
	if (r < 0)
		return r;
	r = attributes(i);
	if (r == 0) {
		const struct lx_statx s = {
			.mask = STATX_BASIC,
			.block_bytes = PAGE,
			.nlink = i->nlink,
			.uid = i->uid,
			.gid = i->gid,
			.mode = (u16)i->mode,
			.ino = i->ino,
			.size = i->size,
			.blocks = i->blocks,
			.atime = { i->atime.sec, i->atime.nsec, 0 },
			.ctime = { i->ctime.sec, i->ctime.nsec, 0 },
			.mtime = { i->mtime.sec, i->mtime.nsec, 0 },
			.rdev_major = dev_major(i->rdev),
			.rdev_minor = dev_minor(i->rdev),
			.dev_major = dev_major(i->sb->dev),
			.dev_minor = dev_minor(i->sb->dev),
		};
		r = copy_out(t->mm, to, &s, sizeof s);
	}
	inode_put(i);
	return r;
}

/* --- access ---------------------------------------------------------------------------- */

static s64 access_at(struct task *t, u64 dirfd, u64 name, u64 mode, u64 flags)
{
	unsigned wf = (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
		      (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct path p;
	/* The question is for the real ids, on the whole way; nobody else sees them meanwhile. */
	struct ids saved = t->ids, real = t->ids;
	if (!(flags & AT_EACCESS)) {
		real.fsuid = real.uid;
		real.fsgid = real.gid;
		real.cap_effective = real.uid ? 0 : real.cap_permitted;
	}
	t->ids.fsuid = real.fsuid;
	t->ids.fsgid = real.fsgid;
	t->ids.cap_effective = real.cap_effective;
	s64 r = path_user(t, (s32)dirfd, name, wf, &p);
	t->ids.fsuid = saved.fsuid;
	t->ids.fsgid = saved.fsgid;
	t->ids.cap_effective = saved.cap_effective;
	if (r < 0)
		return r;
	struct inode *i = p.dentry->inode;
	if ((mode & MAY_WRITE) && read_only(&p) && (is_reg(i) || is_dir(i) || is_link(i)))
		r = -EROFS;
	if (r == 0 && (mode & MAY_EXEC) && is_reg(i) && p.mount && (p.mount->flags & MS_NOEXEC))
		r = -EACCES;
	if (r == 0)
		r = ids_permission(&real, i, (u32)mode);
	path_put(&p);
	return r;
}

s64 lx_access(struct task *t, u64 name, u64 mode)
{
	return access_at(t, (u64)AT_FDCWD, name, mode, 0);
}

s64 lx_faccessat(struct task *t, u64 dirfd, u64 name, u64 mode)
{
	return access_at(t, dirfd, name, mode, 0);
}

s64 lx_faccessat2(struct task *t, u64 dirfd, u64 name, u64 mode, u64 flags)
{
	return access_at(t, dirfd, name, mode, flags);
}

/* --- file systems -------------------------------------------------------------------------- */

static s64 statfs_out(struct task *t, struct inode *i, const struct path *p, u64 to)
{
	enum { ST_RDONLY = 1, ST_NOSUID = 2, ST_NODEV = 4, ST_NOEXEC = 8, ST_VALID = 32 };
	struct lx_statfs s = { .block_bytes = PAGE, .fragment = PAGE, .name_len = NAME_LEN };
	s64 r = i->sb->statfs ? i->sb->statfs(i->sb, &s) : 0;
	if (r < 0)
		return r;
	s.flags = ST_VALID | (p && read_only(p) ? ST_RDONLY : 0);
	if (p && p->mount)
		s.flags |= p->mount->flags & (MS_NOSUID | MS_NODEV | MS_NOEXEC);
	s.id[0] = (s32)i->sb->dev;
	return copy_out(t->mm, to, &s, sizeof s);
}

s64 lx_statfs(struct task *t, u64 name, u64 to)
{
	struct path p;
	s64 r = path_user(t, AT_FDCWD, name, WALK_FOLLOW, &p);
	if (r < 0)
		return r;
	r = statfs_out(t, p.dentry->inode, &p, to);
	path_put(&p);
	return r;
}

s64 lx_fstatfs(struct task *t, u64 fd, u64 to)
{
	struct file *f = fd_file_any(t, fd);
	if (!f)
		return -EBADF;
	s64 r = statfs_out(t, f->inode, f->path.dentry ? &f->path : NULL, to);
	file_put(f);
	return r;
}

/* --- links ----------------------------------------------------------------------------------- */

s64 lx_readlinkat(struct task *t, u64 dirfd, u64 name, u64 to, u64 room)
{
	struct path p;
	char first = 1;
	if ((s32)room <= 0)
		return -EINVAL;
	if (copy_in(t->mm, &first, name, 1) < 0)
		return -EFAULT;
	bool empty = !first;
	s64 r = path_user(t, (s32)dirfd, name, WALK_EMPTY, &p);
	if (r < 0)
		return r;
	struct inode *i = p.dentry->inode;
	char *b = NULL;
	if (!is_link(i) || !i->ops->readlink)
		r = empty ? -ENOENT : -EINVAL;
	else if (!(b = name_buffer()))
		r = -ENOMEM;
	else
		r = i->ops->readlink(i, b, PATH_LEN);
	if (r > 0) {
		touch_atime(i);
		u64 n = min64((u64)r, (u32)room);
		r = copy_out(t->mm, to, b, n) < 0 ? -EFAULT : (s64)n;
	}
	if (b)
		name_release(b);
	path_put(&p);
	return r;
}

s64 lx_readlink(struct task *t, u64 name, u64 to, u64 room)
{
	return lx_readlinkat(t, (u64)AT_FDCWD, name, to, room);
}
