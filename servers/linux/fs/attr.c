/* SPDX-License-Identifier: MIT */
/*
 * Changing attributes: mode, owner, times, size; writing back.
 */
#include "fs.h"

/* What a call names: by path or descriptor. */
struct target {
	struct path path;
	struct file *file;
	struct inode *inode;
};

static s64 by_path(struct task *t, u64 dirfd, u64 name, unsigned flags, struct target *g)
{
	*g = (struct target){ 0 };
	s64 r = path_user(t, (s32)dirfd, name, flags, &g->path);
	if (r == 0)
		g->inode = g->path.dentry->inode;
	return r;
}

static s64 by_fd(struct task *t, u64 fd, struct target *g, bool any)
{
	*g = (struct target){ 0 };
	g->file = any ? fd_file_any(t, fd) : fd_file(t, fd);
	if (!g->file)
		return -EBADF;
	g->inode = g->file->inode;
	return 0;
}

/* As calls with AT_EMPTY_PATH have it. */
static s64 by_either(struct task *t, u64 dirfd, u64 name, u64 flags, struct target *g)
{
	if (flags & AT_EMPTY_PATH) {
		char c = 0;
		if (copy_in(t->mm, &c, name, 1) < 0)
			return -EFAULT;
		if (!c && (s32)dirfd != AT_FDCWD)
			return by_fd(t, dirfd, g, true);
	}
	return by_path(t, dirfd, name,
		       (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
			       (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0),
		       g);
}

static void target_end(struct target *g)
{
	if (g->file)
		file_put(g->file);
	if (g->path.dentry)
		path_put(&g->path);
}

static s64 target_set(struct target *g, u32 mask, const struct inode *v)
{
	const struct path *p = g->file ? &g->file->path : &g->path;
	if (read_only(p))
		return -EROFS;
	inode_lock(g->inode);
	s64 r = inode_setattr(g->inode, mask, v);
	inode_unlock(g->inode);
	if (r == 0 && watch_count && p->dentry)
		notify_slow(p->dentry->parent ? p->dentry->parent->inode : NULL, g->inode,
			    p->dentry->name, p->dentry->len,
			    mask & ATTR_SIZE ? IN_MODIFY : IN_ATTRIB, 0);
	return r;
}

/* --- mode --------------------------------------------------------------------------- */

static s64 change_mode(struct task *t, struct target *g, u64 mode)
{
	struct inode v = { .mode = (u32)mode & 07777 };
	if (!is_owner(t, g->inode))
		return -EPERM;
	if (is_link(g->inode))
		return -EOPNOTSUPP;
	if (!task_capable(t, CAP_FSETID) && !in_group(&t->ids, g->inode->gid))
		v.mode &= ~(u32)S_ISGID;
	return target_set(g, ATTR_MODE, &v);
}

static s64 chmod_at(struct task *t, u64 dirfd, u64 name, u64 mode, u64 flags)
{
	struct target g;
	s64 r = by_either(t, dirfd, name, flags, &g);
	if (r < 0)
		return r;
	r = change_mode(t, &g, mode);
	target_end(&g);
	return r;
}

s64 lx_chmod(struct task *t, u64 name, u64 mode)
{
	return chmod_at(t, (u64)AT_FDCWD, name, mode, 0);
}

s64 lx_fchmodat(struct task *t, u64 dirfd, u64 name, u64 mode)
{
	return chmod_at(t, dirfd, name, mode, 0);
}

s64 lx_fchmodat2(struct task *t, u64 dirfd, u64 name, u64 mode, u64 flags)
{
	return chmod_at(t, dirfd, name, mode, flags);
}

s64 lx_fchmod(struct task *t, u64 fd, u64 mode)
{
	struct target g;
	s64 r = by_fd(t, fd, &g, false);
	if (r < 0)
		return r;
	r = change_mode(t, &g, mode);
	target_end(&g);
	return r;
}

/* --- owner ---------------------------------------------------------------------------- */

static s64 change_owner(struct task *t, struct target *g, u64 uid, u64 gid)
{
	struct inode *i = g->inode, v = { .uid = (u32)uid, .gid = (u32)gid };
	u32 mask =
		((u32)uid != UINT32_MAX ? ATTR_UID : 0u) | ((u32)gid != UINT32_MAX ? ATTR_GID : 0u);
	bool root = task_capable(t, CAP_CHOWN);
	if ((mask & ATTR_UID) && !root && (i->uid != t->ids.fsuid || v.uid != i->uid))
		return -EPERM;
	if ((mask & ATTR_GID) && !root &&
	    (i->uid != t->ids.fsuid || (!in_group(&t->ids, v.gid) && v.gid != i->gid)))
		return -EPERM;
	if (!is_dir(i) && (i->mode & (S_ISUID | S_ISGID))) {
		v.mode = i->mode & ~(u32)S_ISUID;
		if (i->mode & 010)
			v.mode &= ~(u32)S_ISGID;
		mask |= ATTR_MODE;
	}
	return target_set(g, mask, &v);
}

s64 lx_fchownat(struct task *t, u64 dirfd, u64 name, u64 uid, u64 gid, u64 flags)
{
	struct target g;
	s64 r = by_either(t, dirfd, name, flags, &g);
	if (r < 0)
		return r;
	r = change_owner(t, &g, uid, gid);
	target_end(&g);
	return r;
}

s64 lx_chown(struct task *t, u64 name, u64 uid, u64 gid)
{
	return lx_fchownat(t, (u64)AT_FDCWD, name, uid, gid, 0);
}

s64 lx_lchown(struct task *t, u64 name, u64 uid, u64 gid)
{
	return lx_fchownat(t, (u64)AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

s64 lx_fchown(struct task *t, u64 fd, u64 uid, u64 gid)
{
	struct target g;
	s64 r = by_fd(t, fd, &g, false);
	if (r < 0)
		return r;
	r = change_owner(t, &g, uid, gid);
	target_end(&g);
	return r;
}

/* --- times ------------------------------------------------------------------------------- */

#define UTIME_NOW 0x3fffffffll
#define UTIME_OMIT 0x3ffffffell

struct timespec {
	s64 sec, nsec;
};

static s64 set_times(struct task *t, struct target *g, const struct timespec *ts)
{
	struct inode v = { 0 };
	u32 mask = 0;
	bool now = true;
	struct ltime clock = time_now();
	for (u32 i = 0; i < 2; i++) {
		s64 ns = ts ? ts[i].nsec : UTIME_NOW;
		struct ltime *to = i ? &v.mtime : &v.atime;
		if (ns == UTIME_OMIT) {
			now = false;
			continue;
		}
		mask |= i ? ATTR_MTIME : ATTR_ATIME;
		if (ns == UTIME_NOW) {
			*to = clock;
			continue;
		}
		now = false;
		if (ns < 0 || ns > 999999999)
			return -EINVAL;
		*to = (struct ltime){ ts[i].sec, (u32)ns };
	}
	if (!is_owner(t, g->inode)) {
		if (!now)
			return -EPERM;
		if (inode_permission(t, g->inode, MAY_WRITE) < 0)
			return -EACCES;
	}
	return target_set(g, mask, &v);
}

static s64 times_at(struct task *t, u64 dirfd, u64 name, const struct timespec *ts, u64 flags)
{
	struct target g;
	s64 r;
	if (!name && (s32)dirfd != AT_FDCWD)
		r = by_fd(t, dirfd, &g, false);
	else
		r = by_either(t, dirfd, name, flags, &g);
	if (r < 0)
		return r;
	r = set_times(t, &g, ts);
	target_end(&g);
	return r;
}

s64 lx_utimensat(struct task *t, u64 dirfd, u64 name, u64 times, u64 flags)
{
	struct timespec ts[2];
	if (times && copy_in(t->mm, ts, times, sizeof ts) < 0)
		return -EFAULT;
	/* Nothing to do: not even the name is looked at. */
	if (times && ts[0].nsec == UTIME_OMIT && ts[1].nsec == UTIME_OMIT)
		return 0;
	return times_at(t, dirfd, name, times ? ts : NULL, flags);
}

s64 lx_futimesat(struct task *t, u64 dirfd, u64 name, u64 times)
{
	struct timespec ts[2];
	if (times && copy_in(t->mm, ts, times, sizeof ts) < 0)
		return -EFAULT;
	for (u32 i = 0; times && i < 2; i++) {
		if (ts[i].nsec < 0 || ts[i].nsec > 999999)
			return -EINVAL;
		ts[i].nsec *= 1000;
	}
	return times_at(t, dirfd, name, times ? ts : NULL, 0);
}

s64 lx_utimes(struct task *t, u64 name, u64 times)
{
	return lx_futimesat(t, (u64)AT_FDCWD, name, times);
}

s64 lx_utime(struct task *t, u64 name, u64 times)
{
	s64 sec[2];
	if (!times)
		return times_at(t, (u64)AT_FDCWD, name, NULL, 0);
	if (copy_in(t->mm, sec, times, sizeof sec) < 0)
		return -EFAULT;
	const struct timespec ts[2] = { { sec[0], 0 }, { sec[1], 0 } };
	return times_at(t, (u64)AT_FDCWD, name, ts, 0);
}

/* --- size ----------------------------------------------------------------------------------- */

static s64 change_size(struct task *t, struct target *g, u64 size)
{
	struct inode *i = g->inode, v = { .size = size };
	if (is_dir(i))
		return -EISDIR;
	if (!is_reg(i))
		return -EINVAL;
	u32 seals = inode_seals(i);
	if (((seals & SEAL_SHRINK) && size < i->size) || ((seals & SEAL_GROW) && size > i->size))
		return -EPERM;
	if (size > i->size && write_limit(t, i, size ? size - 1 : 0, 1) < 0)
		return -EFBIG;
	drop_suid(t, i);
	return target_set(g, ATTR_SIZE, &v);
}

s64 lx_truncate(struct task *t, u64 name, u64 size)
{
	struct target g;
	if (size > OFFSET_MAX)
		return -EINVAL;
	s64 r = by_path(t, (u64)AT_FDCWD, name, WALK_FOLLOW, &g);
	if (r < 0)
		return r;
	if (is_dir(g.inode))
		r = -EISDIR;
	else if (!is_reg(g.inode))
		r = -EINVAL;
	else
		r = inode_permission(t, g.inode, MAY_WRITE);
	if (r == 0)
		r = change_size(t, &g, size);
	target_end(&g);
	return r;
}

s64 lx_ftruncate(struct task *t, u64 fd, u64 size)
{
	struct target g;
	if (size > OFFSET_MAX)
		return -EINVAL;
	s64 r = by_fd(t, fd, &g, false);
	if (r < 0)
		return r;
	r = can_write(g.file) ? change_size(t, &g, size) : -EINVAL;
	target_end(&g);
	return r;
}

enum {
	FALLOC_KEEP_SIZE = 1,
	FALLOC_PUNCH_HOLE = 2,
	FALLOC_ZERO = 16,
};

/* Zeros from `from` to `to`, whole pages freed. */
static s64 zero_range(struct inode *i, u64 from, u64 to)
{
	to = min64(to, i->size);
	while (from < to) {
		u64 at = from % PAGE, n = min64(PAGE - at, to - from);
		if (at == 0 && to - from >= PAGE && i->ops->punch) {
			u64 end = to == i->size ? (to + PAGE - 1) & ~(PAGE - 1) : to & ~(PAGE - 1);
			s64 r = i->ops->punch(i, from, end);
			if (r < 0)
				return r;
			from = end;
			continue;
		}
		page_t p;
		s64 r = i->ops->page(i, from / PAGE, true, &p);
		if (r < 0)
			return r;
		memset((char *)page_data(p) + at, 0, n);
		if (i->ops->dirty)
			i->ops->dirty(i, from / PAGE, p);
		page_put(p);
		from += n;
	}
	return 0;
}

/* Pages are there from now on. */
static s64 reserve(struct inode *i, u64 from, u64 to)
{
	for (u64 index = from / PAGE; index <= (to - 1) / PAGE; index++) {
		page_t p;
		s64 r = i->ops->page(i, index, true, &p);
		if (r < 0)
			return r;
		page_put(p);
	}
	return 0;
}

static s64 allocate(struct task *t, struct file *f, u64 mode, u64 offset, u64 bytes)
{
	struct inode *i = f->inode;
	u64 end = offset + bytes;
	u32 seals = inode_seals(i);
	if (seals & (mode & FALLOC_PUNCH_HOLE ? SEAL_WRITE | SEAL_FUTURE_WRITE : 0))
		return -EPERM;
	bool grow = end > i->size && !(mode & FALLOC_KEEP_SIZE);
	if (grow && (seals & SEAL_GROW))
		return -EPERM;
	if (grow && write_limit(t, i, end - 1, 1) < 0)
		return -EFBIG;
	s64 r = 0;
	if (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO))
		r = zero_range(i, offset, end);
	/* Space that is not there must be refused now, not when it is written. */
	if (r == 0 && !(mode & FALLOC_PUNCH_HOLE)) {
		struct lx_statfs s = { 0 };
		if (i->sb->statfs && i->sb->statfs(i->sb, &s) == 0 &&
		    bytes / PAGE > s.blocks_available)
			return -ENOSPC;
		r = reserve(i, offset, end);
	}
	if (r == 0 && grow) {
		struct inode v = { .size = end };
		r = inode_setattr(i, ATTR_SIZE, &v);
	}
	return r;
}

s64 lx_fallocate(struct task *t, u64 fd, u64 mode, u64 offset, u64 bytes)
{
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = 0;
	if ((s64)offset < 0 || (s64)bytes <= 0)
		r = -EINVAL;
	else if ((mode & FALLOC_PUNCH_HOLE) && mode != (FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE))
		r = -EOPNOTSUPP;
	else if (!can_write(f))
		r = -EBADF;
	else if ((f->inode->mode & S_IFMT) == S_IFIFO)
		r = -ESPIPE;
	else if (is_dir(f->inode))
		r = -EISDIR;
	else if (!is_reg(f->inode) || !f->inode->ops->page)
		r = -ENODEV;
	else if (offset + bytes > OFFSET_MAX)
		r = -EFBIG;
	if (r == 0) {
		inode_lock(f->inode);
		r = allocate(t, f, mode, offset, bytes);
		if (r == 0) {
			drop_suid(t, f->inode);
			f->inode->mtime = f->inode->ctime = time_now();
		}
		inode_unlock(f->inode);
	}
	file_put(f);
	return r;
}

/* --- writing back -------------------------------------------------------------------------- */

static s64 sync_file(struct task *t, u64 fd, bool data_only)
{
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	u32 type = f->inode->mode & S_IFMT;
	s64 r = 0;
	if (type == S_IFIFO || type == S_IFSOCK || type == S_IFCHR || !f->path.dentry)
		r = is_reg(f->inode) ? 0 : -EINVAL;
	else if (f->inode->ops->sync)
		r = f->inode->ops->sync(f->inode, data_only);
	file_put(f);
	return r;
}

s64 lx_fsync(struct task *t, u64 fd)
{
	return sync_file(t, fd, false);
}

s64 lx_fdatasync(struct task *t, u64 fd)
{
	return sync_file(t, fd, true);
}

s64 lx_sync_file_range(struct task *t, u64 fd, u64 offset, u64 bytes, u64 flags)
{
	(void)flags;
	if ((s64)offset < 0 || (s64)(offset + bytes) < (s64)offset)
		return -EINVAL;
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = is_reg(f->inode) || is_dir(f->inode) || is_link(f->inode) ? 0 : -ESPIPE;
	if (r == 0 && f->inode->ops->sync)
		r = f->inode->ops->sync(f->inode, true);
	file_put(f);
	return r;
}

s64 lx_sync(struct task *t)
{
	(void)t;
	list_for(l, &mount_table)
	{
		struct super *sb = container_of(l, struct mount, all)->sb;
		if (sb->sync)
			sb->sync(sb);
	}
	return 0;
}

s64 lx_syncfs(struct task *t, u64 fd)
{
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = f->inode->sb->sync ? f->inode->sb->sync(f->inode->sb) : 0;
	file_put(f);
	return r;
}

s64 lx_fadvise64(struct task *t, u64 fd, u64 offset, u64 bytes, u64 advice)
{
	(void)offset, (void)advice;
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = (f->inode->mode & S_IFMT) == S_IFIFO ? -ESPIPE : (s64)bytes < 0 ? -EINVAL : 0;
	file_put(f);
	return r;
}

s64 lx_readahead(struct task *t, u64 fd, u64 offset, u64 bytes)
{
	(void)offset, (void)bytes;
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = !can_read(f) ? -EBADF : is_reg(f->inode) ? 0 : -EINVAL;
	file_put(f);
	return r;
}
