/* SPDX-License-Identifier: MIT */
/*
 * open and its kin.
 */
#include "fs.h"

enum {
	OPEN_FLAGS = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
		     O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW |
		     O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE
};
enum { TMPFILE = O_TMPFILE & ~O_DIRECTORY };

static s64 may_open(struct task *t, const struct path *p, u32 flags, bool created)
{
	struct inode *i = p->dentry->inode;
	u32 type = i->mode & S_IFMT, want = 0;
	if (type == S_IFLNK)
		return -ELOOP;
	bool write = (flags & O_ACCMODE) != O_RDONLY;
	if (type == S_IFDIR && (write || (flags & (O_CREAT | O_TRUNC))))
		return -EISDIR;
	if ((flags & O_ACCMODE) != O_WRONLY)
		want |= MAY_READ;
	if (write || (flags & O_TRUNC))
		want |= MAY_WRITE;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		want = MAY_READ | MAY_WRITE;
	if (!created && t) {
		s64 r = inode_permission(t, i, want);
		if (r < 0)
			return r;
	}
	if ((want & MAY_WRITE) && read_only(p) && (type == S_IFREG || type == S_IFDIR))
		return -EROFS;
	if ((type == S_IFCHR || type == S_IFBLK) && p->mount && (p->mount->flags & MS_NODEV))
		return -EACCES;
	if (type == S_IFSOCK)
		return -ENXIO;
	if ((flags & O_NOATIME) && t && !is_owner(t, i))
		return -EPERM;
	return 0;
}

static s64 open_inode(struct inode *i, struct file *f)
{
	switch (i->mode & S_IFMT) {
	case S_IFCHR:
	case S_IFBLK: return dev_open(i, f);
	case S_IFIFO: return fifo_open(i, f);
	default: return i->ops->open ? i->ops->open(i, f) : 0;
	}
}

s64 path_open(struct task *t, struct path *p, u32 flags, bool created, struct file **out)
{
	struct inode *i = p->dentry->inode;
	const struct file_ops *ops = i->fops ? i->fops : &path_only_ops;
	s64 r = 0;
	if (flags & O_PATH) {
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
		ops = &path_only_ops;
	}
	if ((flags & O_DIRECTORY) && !is_dir(i))
		return -ENOTDIR;
	if (!(flags & O_PATH))
		r = may_open(t, p, flags, created);
	if (r < 0)
		return r;
	inode_get(i);
	struct file *f = file_new(ops, i, flags & ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC));
	if (!f) {
		inode_put(i);
		return -ENFILE;
	}
	f->flags |= flags & O_NOCTTY; /* for terminals, until it is open */
	path_get(p);
	f->path = *p;
	if (!(flags & O_PATH))
		r = open_inode(i, f);
	if (r == 0 && (flags & O_TRUNC) && is_reg(i) && !created && !(flags & O_PATH)) {
		struct inode v = { .size = 0 };
		inode_lock(i);
		r = inode_setattr(i, ATTR_SIZE, &v);
		inode_unlock(i);
		notify_file(f, IN_MODIFY);
	}
	f->flags &= ~(u32)(O_NOCTTY | O_TRUNC);
	if (!(flags & O_PATH))
		f->flags |= O_LARGEFILE;
	if (r < 0) {
		f->ops = &path_only_ops; /* it was not opened: nothing to end */
		file_put(f);
		return r;
	}
	notify_file(f, IN_OPEN);
	*out = f;
	return 0;
}

/* The last name of the way, in a directory: open it, or make it. */
static s64 open_last(struct walk *w, u32 flags, u32 mode, struct file **out, bool *again)
{
	struct task *t = w->t;
	struct path dir = w->at;
	struct dentry *d;
	bool created = false;
	if (w->last_type != LAST_NAME)
		return flags & O_EXCL ? -EEXIST : -EISDIR;
	if (w->slash)
		return -EISDIR;
	inode_lock(dir.dentry->inode);
	s64 r = dentry_lookup_locked(dir.dentry, w->last, w->last_len, &d);
	if (r < 0) {
		inode_unlock(dir.dentry->inode);
		return r;
	}
	if (!d->inode) {
		struct inode *di = dir.dentry->inode, *made = NULL;
		r = read_only(&dir) ? -EROFS : may_create(t, di);
		if (r == 0 && !di->ops->create)
			r = -EACCES;
		if (r == 0)
			r = di->ops->create(di, d->name, d->len,
					    S_IFREG | (mode & 07777 & ~fs_umask(t)), 0, &made);
		if (r == 0) {
			dentry_fill(d, made);
			inode_put(made);
			created = true;
			notify(di, NULL, d->name, d->len, IN_CREATE);
		}
	} else if (flags & O_EXCL) {
		r = -EEXIST;
	}
	inode_unlock(dir.dentry->inode);
	if (r == 0 && !created && is_link(d->inode)) {
		if (!(flags & O_NOFOLLOW)) {
			r = walk_follow(w, d);
			*again = r == 0;
			dentry_put(d);
			return r;
		}
		r = flags & O_PATH ? 0 : -ELOOP;
	}
	if (r == 0) {
		struct path p = { dir.mount, d };
		mount_cross(&p);
		r = path_open(t, &p, flags, created, out);
	}
	dentry_put(d);
	return r;
}

/* Names are looked up in the directory that w->at has; it must not go while we sleep. */
static s64 open_create(struct walk *w, u32 flags, u32 mode, struct file **out)
{
	for (;;) {
		bool again = false;
		s64 r = walk_run(w);
		if (r < 0)
			return r;
		if (w->last_type == LAST_NONE) {
			/* "/", or a magic link. */
			if (flags & O_EXCL)
				return -EEXIST;
			return path_open(w->t, &w->at, flags, false, out);
		}
		struct path dir = w->at;
		if (!is_dir(dir.dentry->inode))
			return -ENOTDIR;
		path_get(&dir);
		r = open_last(w, flags, mode, out, &again);
		path_put(&dir);
		if (!again)
			return r;
	}
}

static s64 open_tmpfile(struct walk *w, u32 flags, u32 mode, struct file **out)
{
	struct task *t = w->t;
	s64 r = walk_run(w);
	if (r < 0)
		return r;
	if (!is_dir(w->at.dentry->inode))
		return -ENOTDIR;
	struct path dir = w->at;
	path_get(&dir);
	struct inode *di = dir.dentry->inode, *made;
	r = read_only(&dir) ? -EROFS : may_create(t, di);
	if (r == 0 && !di->ops->tmpfile)
		r = -EOPNOTSUPP;
	if (r == 0)
		r = di->ops->tmpfile(di, S_IFREG | (mode & 07777 & ~fs_umask(t)), &made);
	if (r == 0) {
		char name[32];
		struct text x = { .at = name, .room = sizeof name - 1 };
		text_add(&x, "#%lu", made->ino);
		name[x.used] = 0;
		struct path p = { dir.mount, dentry_nameless(dir.dentry, name, made) };
		r = p.dentry ? path_open(t, &p, flags & ~(u32)(TMPFILE | O_DIRECTORY | O_EXCL),
					 true, out)
			     : -ENOMEM;
		if (r == 0)
			(*out)->flags |= O_TMPFILE;
		if (p.dentry)
			dentry_put(p.dentry);
		inode_put(made);
	}
	path_put(&dir);
	return r;
}

s64 open_how(struct task *t, s64 dirfd, const char *name, u32 flags, u32 mode, unsigned resolve,
	     struct file **out)
{
	struct walk w;
	unsigned wf = flags & O_NOFOLLOW ? 0 : WALK_FOLLOW;
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	bool tmpfile = flags & TMPFILE, create = flags & O_CREAT;
	if (tmpfile && (!(flags & O_DIRECTORY) || create || (flags & O_ACCMODE) == O_RDONLY))
		return -EINVAL;
	if (create && (flags & O_DIRECTORY))
		return -EINVAL;
	if ((flags & O_CREAT) && (flags & O_EXCL))
		wf = 0;
	s64 r = walk_begin(&w, t, dirfd, name, wf | (create ? WALK_PARENT : 0));
	w.resolve = resolve;
	if (r == 0 && (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT))) {
		if (*name == '/' && (resolve & RESOLVE_BENEATH))
			r = -EXDEV;
		else if (*name == '/')
			r = walk_begin(&w, t, dirfd, name + 1,
				       wf | (create ? WALK_PARENT : 0) | WALK_EMPTY);
		w.resolve = resolve;
		w.root = w.at;
	}
	if (r == 0 && (resolve & RESOLVE_CACHED))
		r = -EAGAIN;
	if (r == 0 && tmpfile)
		r = open_tmpfile(&w, flags, mode, out);
	else if (r == 0 && create)
		r = open_create(&w, flags, mode, out);
	else if (r == 0 && (r = walk_run(&w)) == 0) {
		struct path p = w.at;
		path_get(&p);
		r = path_open(t, &p, flags, false, out);
		path_put(&p);
	}
	walk_end(&w);
	return r;
}

s64 vfs_open(struct task *t, const char *path, u32 flags, u32 mode, struct file **out)
{
	return open_how(t, AT_FDCWD, path, flags, mode, 0, out);
}

static s64 do_open(struct task *t, s64 dirfd, u64 name, u32 flags, u32 mode, unsigned resolve)
{
	struct file *f;
	s64 r = 0;
	char *b = name_get(t, name, &r);
	if (!b)
		return r;
	r = open_how(t, dirfd, b, flags, mode, resolve, &f);
	name_release(b);
	return r < 0 ? r : fd_give(t, f, flags & O_CLOEXEC);
}

s64 lx_open(struct task *t, u64 name, u64 flags, u64 mode)
{
	return do_open(t, AT_FDCWD, name, (u32)flags & OPEN_FLAGS, (u32)mode, 0);
}

s64 lx_openat(struct task *t, u64 dirfd, u64 name, u64 flags, u64 mode)
{
	return do_open(t, (s32)dirfd, name, (u32)flags & OPEN_FLAGS, (u32)mode, 0);
}

s64 lx_creat(struct task *t, u64 name, u64 mode)
{
	return do_open(t, AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, (u32)mode, 0);
}

s64 lx_openat2(struct task *t, u64 dirfd, u64 name, u64 how, u64 bytes)
{
	struct {
		u64 flags, mode, resolve;
	} h;
	s64 r = copy_struct_in(t->mm, &h, sizeof h, how, bytes, sizeof h);
	if (r < 0)
		return r;
	if (!lx_takes_openat2_oflags(h.flags))
		return lx_refused(t, LX_TAKES_OPENAT2_OFLAGS, h.flags, NULL);
	if (!lx_takes_openat2_resolve(h.resolve))
		return lx_refused(t, LX_TAKES_OPENAT2_RESOLVE, h.resolve, NULL);
	if ((h.mode & ~07777ull) || (h.mode && !(h.flags & (O_CREAT | TMPFILE))) ||
	    (h.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) ==
		    (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EINVAL;
	return do_open(t, (s32)dirfd, name, (u32)h.flags, (u32)h.mode, (unsigned)h.resolve);
}

/* --- files that only stand for their path ------------------------------------------- */

const struct file_ops path_only_ops = { 0 };
