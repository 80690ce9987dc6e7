/* SPDX-License-Identifier: MIT */
/*
 * Reading directories.
 */
#include "fs.h"

struct listing {
	char *at; /* a page, copied out when done */
	u64 used, room;
	bool old;     /* getdents, not getdents64 */
	bool refused; /* the first entry already was too long */
	u64 *cookie;
};

static bool emit(void *ctx, const char *name, u32 len, u64 ino, u32 mode, u64 next)
{
	struct listing *l = ctx;
	u64 head = l->old ? 18 : 19, bytes = (head + len + 1 + (l->old ? 1 : 0) + 7) & ~7ull;
	if (bytes > l->room - l->used) {
		l->refused = l->used == 0;
		return false;
	}
	char *e = l->at + l->used;
	memset(e + bytes - 8, 0, 8);
	u16 reclen = (u16)bytes;
	unsigned char type = (unsigned char)(mode >> 12 & 15);
	memcpy(e, &ino, 8);
	memcpy(e + 8, &next, 8);
	memcpy(e + 16, &reclen, 2);
	memcpy(e + head, name, len);
	e[head + len] = 0;
	if (l->old)
		e[bytes - 1] = (char)type;
	else
		e[18] = (char)type;
	l->used += bytes;
	*l->cookie = next;
	return true;
}

/* Cookies 0 and 1 are "." and "..", a file system's own begin at 2. */
static s64 read_entries(struct file *f, struct listing *l)
{
	struct inode *i = f->inode;
	struct dentry *up = f->path.dentry ? f->path.dentry->parent : NULL;
	if (i->nlink == 0)
		return -ENOENT;
	if (f->cookie == 0 && !emit(l, ".", 1, i->ino, S_IFDIR, 1))
		return 0;
	if (f->cookie == 1 && !emit(l, "..", 2, up ? up->inode->ino : i->ino, S_IFDIR, 2))
		return 0;
	u64 cookie = f->cookie;
	return i->ops->readdir(i, &cookie, emit, l);
}

static s64 entries(struct task *t, u64 fd, u64 to, u64 room, bool old)
{
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	struct listing l = { .old = old, .cookie = &f->cookie, .room = min64((u32)room, PAGE) };
	s64 r = -ENOTDIR;
	char *b = NULL;
	if (is_dir(f->inode) && f->inode->ops->readdir && !(b = name_buffer()))
		r = -ENOMEM;
	if (b) {
		u64 before = f->cookie;
		l.at = b;
		inode_lock(f->inode);
		r = read_entries(f, &l);
		if (!(f->flags & O_NOATIME))
			touch_atime(f->inode);
		inode_unlock(f->inode);
		if (r >= 0)
			r = l.refused ? -EINVAL : (s64)l.used;
		if (r > 0 && copy_out(t->mm, to, b, (u64)r) < 0) {
			f->cookie = before;
			r = -EFAULT;
		}
		name_release(b);
	}
	file_put(f);
	return r;
}

s64 lx_getdents64(struct task *t, u64 fd, u64 to, u64 room)
{
	return entries(t, fd, to, room, false);
}

s64 lx_getdents(struct task *t, u64 fd, u64 to, u64 room)
{
	return entries(t, fd, to, room, true);
}

static s64 dir_seek(struct file *f, s64 offset, u32 whence)
{
	if (whence == 1 && offset == 0)
		return (s64)f->cookie;
	if (whence != 0 || offset < 0)
		return -EINVAL;
	f->cookie = (u64)offset;
	return offset;
}

const struct file_ops dir_file_ops = { .seek = dir_seek };
