/* SPDX-License-Identifier: MIT */
/*
 * Making, moving and removing names.
 */
#include "fs.h"

/* A directory and the last name in it. */
struct place {
	char *buffer;
	struct walk walk;
	struct path dir; /* with a reference */
	struct dentry *d;
};

static void place_end(struct place *p)
{
	if (p->d)
		dentry_put(p->d);
	if (p->dir.dentry)
		path_put(&p->dir);
	walk_end(&p->walk);
	name_release(p->buffer);
}

/* The buffer with the name is the place's from now on. */
static s64 place_start(struct place *p, struct task *t, u64 dirfd, char *name)
{
	p->d = NULL;
	p->dir = (struct path){ 0 };
	p->buffer = name;
	s64 r = walk_begin(&p->walk, t, (s32)dirfd, name, WALK_PARENT);
	if (r == 0)
		r = walk_run(&p->walk);
	if (r == 0) {
		p->dir = p->walk.at;
		path_get(&p->dir);
		if (!is_dir(p->dir.dentry->inode))
			r = -ENOTDIR;
	}
	if (r < 0)
		place_end(p);
	return r;
}

static s64 place_walk(struct place *p, struct task *t, u64 dirfd, u64 name)
{
	s64 r = 0;
	char *b = name_get(t, name, &r);
	return b ? place_start(p, t, dirfd, b) : r;
}

static s64 place_look(struct place *p)
{
	return dentry_lookup_locked(p->dir.dentry, p->walk.last, p->walk.last_len, &p->d);
}

/* --- making ----------------------------------------------------------------------- */

/* The directory is locked, and p->d a name that is free: or an error. */
static s64 place_free(struct place *p, struct task *t, bool want_dir)
{
	if (p->walk.last_type != LAST_NAME)
		return -EEXIST;
	s64 r = place_look(p);
	if (r < 0)
		return r;
	if (p->d->inode)
		return -EEXIST;
	if (p->walk.slash && !want_dir)
		return -ENOENT;
	if (read_only(&p->dir))
		return -EROFS;
	return may_create(t, p->dir.dentry->inode);
}

static bool is_device(u32 mode)
{
	return (mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK;
}

/* Make what p names; *out, if wanted, with a reference. */
static s64 make_at(struct place *p, struct task *t, u32 mode, u64 rdev, const char *target,
		   struct inode **out)
{
	struct inode *dir = p->dir.dentry->inode, *made = NULL;
	inode_lock(dir);
	s64 r = place_free(p, t, (mode & S_IFMT) == S_IFDIR);
	if (r == 0 && !(target ? (void *)dir->ops->symlink : (void *)dir->ops->create))
		r = -EPERM;
	if (r == 0 && is_device(mode) && !task_capable(t, CAP_MKNOD))
		r = -EPERM;
	if (r == 0 && target)
		r = dir->ops->symlink(dir, p->d->name, p->d->len, target, &made);
	else if (r == 0)
		r = dir->ops->create(dir, p->d->name, p->d->len, mode, rdev, &made);
	if (r == 0) {
		dentry_fill(p->d, made);
		notify(dir, NULL, p->d->name, p->d->len,
		       IN_CREATE | (is_dir(made) ? (u32)IN_ISDIR : 0));
		if (out)
			*out = made;
		else
			inode_put(made);
	}
	inode_unlock(dir);
	return r;
}

static s64 make(struct task *t, u64 dirfd, u64 name, u32 mode, u64 rdev, const char *target)
{
	struct place p;
	s64 r = place_walk(&p, t, dirfd, name);
	if (r < 0)
		return r;
	r = make_at(&p, t, mode, rdev, target, NULL);
	place_end(&p);
	return r;
}

s64 socket_name_make(struct task *t, const char *name, u64 len, u32 mode, struct inode **out)
{
	struct place p;
	char *b = name_buffer();
	if (!b)
		return -ENOMEM;
	memcpy(b, name, len);
	b[len] = 0;
	s64 r = place_start(&p, t, (u64)AT_FDCWD, b);
	if (r < 0)
		return r;
	r = make_at(&p, t, S_IFSOCK | (mode & 07777 & ~fs_umask(t)), 0, NULL, out);
	place_end(&p);
	return r;
}

s64 lx_mkdirat(struct task *t, u64 dirfd, u64 name, u64 mode)
{
	return make(t, dirfd, name, S_IFDIR | ((u32)mode & 01777 & ~fs_umask(t)), 0, NULL);
}

s64 lx_mkdir(struct task *t, u64 name, u64 mode)
{
	return lx_mkdirat(t, (u64)AT_FDCWD, name, mode);
}

s64 lx_mknodat(struct task *t, u64 dirfd, u64 name, u64 mode, u64 dev)
{
	u32 type = (u32)mode & S_IFMT;
	if (type == 0)
		type = S_IFREG;
	if (type == S_IFDIR)
		return -EPERM;
	if (type == S_IFLNK || (type != S_IFREG && type != S_IFCHR && type != S_IFBLK &&
				type != S_IFIFO && type != S_IFSOCK))
		return -EINVAL;
	return make(t, dirfd, name, type | ((u32)mode & 07777 & ~fs_umask(t)),
		    is_device(type) ? (u32)dev : 0, NULL);
}

s64 lx_mknod(struct task *t, u64 name, u64 mode, u64 dev)
{
	return lx_mknodat(t, (u64)AT_FDCWD, name, mode, dev);
}

s64 lx_symlinkat(struct task *t, u64 target, u64 dirfd, u64 name)
{
	s64 r = 0;
	char *b = name_get(t, target, &r);
	if (!b)
		return r;
	r = *b ? make(t, dirfd, name, S_IFLNK, 0, b) : -ENOENT;
	name_release(b);
	return r;
}

s64 lx_symlink(struct task *t, u64 target, u64 name)
{
	return lx_symlinkat(t, target, (u64)AT_FDCWD, name);
}

/* --- hard links ----------------------------------------------------------------------- */

static s64 link_find(struct task *t, u64 dirfd, u64 name, u64 flags, struct path *from,
		     struct file **file)
{
	unsigned wf = flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0;
	*file = NULL;
	*from = (struct path){ 0 };
	if (flags & AT_EMPTY_PATH) {
		char c = 0;
		if (copy_in(t->mm, &c, name, 1) < 0)
			return -EFAULT;
		if (!c) {
			*file = fd_file_any(t, dirfd);
			if (!*file)
				return -EBADF;
			return 0;
		}
	}
	return path_user(t, (s32)dirfd, name, wf, from);
}

s64 lx_linkat(struct task *t, u64 dirfd, u64 name, u64 to_dirfd, u64 to_name, u64 flags)
{
	struct path from;
	struct file *file;
	struct place p;
	s64 r = link_find(t, dirfd, name, flags, &from, &file);
	if (r < 0)
		return r;
	struct inode *i = file ? file->inode : from.dentry->inode;
	r = place_walk(&p, t, to_dirfd, to_name);
	if (r == 0) {
		struct inode *dir = p.dir.dentry->inode;
		inode_lock(dir);
		r = place_free(&p, t, false);
		if (r == 0 && i->sb != dir->sb)
			r = -EXDEV;
		if (r == 0 && (is_dir(i) || !dir->ops->link))
			r = -EPERM;
		/* protected_hardlinks: another's file only if it could be written and has no suid. */
		if (r == 0 && !is_owner(t, i) &&
		    (!is_reg(i) || (i->mode & S_ISUID) ||
		     (i->mode & (S_ISGID | 010)) == (S_ISGID | 010) ||
		     inode_permission(t, i, MAY_READ | MAY_WRITE) < 0))
			r = -EPERM;
		if (r == 0)
			r = dir->ops->link(dir, p.d->name, p.d->len, i);
		if (r == 0) {
			dentry_fill(p.d, i);
			notify(dir, NULL, p.d->name, p.d->len, IN_CREATE);
		}
		inode_unlock(dir);
		place_end(&p);
	}
	if (file)
		file_put(file);
	else
		path_put(&from);
	return r;
}

s64 lx_link(struct task *t, u64 name, u64 to)
{
	return lx_linkat(t, (u64)AT_FDCWD, name, (u64)AT_FDCWD, to, 0);
}

/* --- removing -------------------------------------------------------------------------- */

static s64 remove_checks(struct place *p, struct task *t, bool dir)
{
	switch (p->walk.last_type) {
	case LAST_NAME: break;
	case LAST_DOT: return dir ? -EINVAL : -EISDIR;
	case LAST_DOTDOT: return dir ? -ENOTEMPTY : -EISDIR;
	default: return dir ? -EBUSY : -EISDIR;
	}
	s64 r = place_look(p);
	if (r < 0)
		return r;
	struct inode *i = p->d->inode;
	if (!i)
		return -ENOENT;
	if (p->walk.slash && !dir)
		return is_dir(i) ? -EISDIR : -ENOTDIR;
	if (read_only(&p->dir))
		return -EROFS;
	r = may_delete(t, p->dir.dentry->inode, i, dir);
	if (r < 0)
		return r;
	return p->d->mounts ? -EBUSY : 0;
}

static s64 remove_name(struct task *t, u64 dirfd, u64 name, bool want_dir)
{
	struct place p;
	s64 r = place_walk(&p, t, dirfd, name);
	if (r < 0)
		return r;
	struct inode *dir = p.dir.dentry->inode;
	inode_lock(dir);
	r = remove_checks(&p, t, want_dir);
	if (r == 0 && !(want_dir ? dir->ops->rmdir : dir->ops->unlink))
		r = -EPERM;
	if (r == 0) {
		struct inode *i = p.d->inode;
		if (want_dir && i != dir)
			inode_lock(i);
		r = (want_dir ? dir->ops->rmdir : dir->ops->unlink)(dir, p.d->name, p.d->len);
		if (want_dir && i != dir)
			inode_unlock(i);
		if (r == 0) {
			dentry_drop(p.d, true);
			notify(dir, NULL, p.d->name, p.d->len,
			       IN_DELETE | (want_dir ? (u32)IN_ISDIR : 0));
			if (!i->nlink || want_dir)
				notify(NULL, i, NULL, 0, IN_DELETE_SELF);
			else
				notify(NULL, i, NULL, 0, IN_ATTRIB);
		}
	}
	inode_unlock(dir);
	place_end(&p);
	return r;
}

s64 lx_unlinkat(struct task *t, u64 dirfd, u64 name, u64 flags)
{
	return remove_name(t, dirfd, name, flags & AT_REMOVEDIR);
}

s64 lx_unlink(struct task *t, u64 name)
{
	return remove_name(t, (u64)AT_FDCWD, name, false);
}

s64 lx_rmdir(struct task *t, u64 name)
{
	return remove_name(t, (u64)AT_FDCWD, name, true);
}

/* --- moving ------------------------------------------------------------------------------- */

enum { RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2 };

/* One move of a directory at a time: else two could make a loop. */
static bool moving;
static struct waitq moved;

static void move_lock(void)
{
	if (!moved.waiters.next)
		waitq_init(&moved);
	while (moving)
		wait_on(&moved, NO_DEADLINE, SLEEP_FOREVER);
	moving = true;
}

static void move_unlock(void)
{
	moving = false;
	wake_all(&moved, 0);
}

static s64 rename_checks(struct task *t, struct place *a, struct place *b, u64 flags)
{
	struct inode *from = a->d->inode, *to = b->d->inode;
	if (to && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!to && (flags & RENAME_EXCHANGE))
		return -ENOENT;
	if (b->walk.slash && (flags & RENAME_EXCHANGE) && !is_dir(to))
		return -ENOTDIR;
	if (a->walk.slash && !is_dir(from))
		return -ENOTDIR;
	if (b->walk.slash && !is_dir(from) && !(flags & RENAME_EXCHANGE))
		return -ENOTDIR;
	if (dentry_below(b->dir.dentry, a->d))
		return -EINVAL;
	if (dentry_below(a->dir.dentry, b->d))
		return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	if (read_only(&a->dir))
		return -EROFS;
	s64 r = may_delete(t, a->dir.dentry->inode, from, is_dir(from));
	if (r < 0)
		return r;
	if (!to)
		r = may_create(t, b->dir.dentry->inode);
	else if (flags & RENAME_EXCHANGE)
		r = may_delete(t, b->dir.dentry->inode, to, is_dir(to));
	else
		r = may_delete(t, b->dir.dentry->inode, to, is_dir(from));
	if (r < 0)
		return r;
	/* A directory whose ".." changes must be writable. */
	if (is_dir(from) && a->dir.dentry != b->dir.dentry)
		r = inode_permission(t, from, MAY_WRITE);
	if (r == 0 && (a->d->mounts || b->d->mounts))
		r = -EBUSY;
	return r;
}

static void rename_done(struct place *a, struct place *b, u64 flags)
{
	struct inode *da = a->dir.dentry->inode, *db = b->dir.dentry->inode, *i = a->d->inode;
	static u32 cookie;
	if (watch_count) {
		u32 d = is_dir(i) ? (u32)IN_ISDIR : 0;
		notify_slow(da, NULL, a->d->name, a->d->len, IN_MOVED_FROM | d, ++cookie);
		notify_slow(db, NULL, b->d->name, b->d->len, IN_MOVED_TO | d, cookie);
		notify(NULL, i, NULL, 0, IN_MOVE_SELF);
	}
	if (flags & RENAME_EXCHANGE) {
		dentry_exchange(a->d, b->d);
		return;
	}
	struct inode *gone = b->d->inode;
	dentry_drop(b->d, gone != NULL);
	if (dentry_move(a->d, b->dir.dentry, b->walk.last, b->walk.last_len) < 0)
		dentry_drop(a->d, false);
	if (gone && !gone->nlink)
		notify(NULL, gone, NULL, 0, IN_DELETE_SELF);
}

static s64 rename_locked(struct task *t, struct place *a, struct place *b, u64 flags)
{
	s64 r = place_look(a);
	if (r == 0 && !a->d->inode)
		r = -ENOENT;
	if (r == 0)
		r = place_look(b);
	if (r == 0)
		r = rename_checks(t, a, b, flags);
	if (r < 0)
		return r;
	struct inode *da = a->dir.dentry->inode, *db = b->dir.dentry->inode;
	if (a->d->inode == b->d->inode)
		return 0; /* two names of one file: nothing to do */
	if (!da->ops->rename)
		return -EPERM;
	r = da->ops->rename(da, a->d->name, a->d->len, db, b->d->name, b->d->len, (u32)flags);
	if (r == 0)
		rename_done(a, b, flags);
	return r;
}

s64 lx_renameat2(struct task *t, u64 from_fd, u64 from, u64 to_fd, u64 to, u64 flags)
{
	struct {
		struct place a, b;
	} * p; /* two walks are too much for the stack */
	if (flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	p = kalloc(sizeof *p);
	if (!p)
		return -ENOMEM;
	s64 r = place_walk(&p->a, t, from_fd, from);
	if (r == 0) {
		r = place_walk(&p->b, t, to_fd, to);
		if (r == 0) {
			if (p->a.dir.mount != p->b.dir.mount) {
				r = -EXDEV;
			} else if (p->a.walk.last_type != LAST_NAME) {
				r = -EBUSY;
			} else if (p->b.walk.last_type != LAST_NAME) {
				r = flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
			} else {
				struct inode *da = p->a.dir.dentry->inode;
				struct inode *db = p->b.dir.dentry->inode;
				move_lock();
				inode_lock_two(da, db);
				r = rename_locked(t, &p->a, &p->b, flags);
				inode_unlock_two(da, db);
				move_unlock();
			}
			place_end(&p->b);
		}
		place_end(&p->a);
	}
	kfree(p);
	return r;
}

s64 lx_renameat(struct task *t, u64 from_fd, u64 from, u64 to_fd, u64 to)
{
	return lx_renameat2(t, from_fd, from, to_fd, to, 0);
}

s64 lx_rename(struct task *t, u64 from, u64 to)
{
	return lx_renameat2(t, (u64)AT_FDCWD, from, (u64)AT_FDCWD, to, 0);
}
