/* SPDX-License-Identifier: MIT */
/*
 * read, write and their kin; lseek.
 */
#include "fs.h"

#define MOVE_MAX 0x7ffff000ull

s64 file_read(struct file *f, struct uio *to, u64 *pos)
{
	if (!can_read(f) || (f->flags & O_PATH))
		return -EBADF;
	if (!f->ops->read)
		return is_dir(f->inode) ? -EISDIR : -EINVAL;
	s64 r = f->ops->read(f, to, pos);
	if (r > 0)
		notify_file(f, IN_ACCESS);
	return r;
}

s64 file_write(struct file *f, struct uio *from, u64 *pos)
{
	if (!can_write(f) || (f->flags & O_PATH))
		return -EBADF;
	if (!f->ops->write)
		return -EINVAL;
	s64 r = f->ops->write(f, from, pos);
	if (r > 0)
		notify_file(f, IN_MODIFY);
	return r;
}

/* One buffer: checked and made a uio. */
static s64 buffer(struct task *t, struct uio *u, struct lx_iovec *iov, u64 addr, u64 bytes)
{
	if (bytes > OFFSET_MAX)
		return -EINVAL;
	if (addr > TASK_SIZE || bytes > TASK_SIZE - addr)
		return -EFAULT;
	*iov = (struct lx_iovec){ addr, min64(bytes, MOVE_MAX) };
	*u = (struct uio){ t->mm, iov, 1, iov->bytes, 0 };
	return 0;
}

static s64 move_buffer(struct task *t, u64 fd, u64 addr, u64 bytes, const u64 *at, bool write)
{
	struct lx_iovec iov;
	struct uio u;
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	u64 pos = at ? *at : f->pos;
	s64 r;
	if (at && !has_places(f))
		r = -ESPIPE;
	else if (!(write ? can_write(f) : can_read(f)))
		r = -EBADF;
	else if ((r = buffer(t, &u, &iov, addr, bytes)) == 0)
		r = write ? file_write(f, &u, at ? &pos : &f->pos)
			  : file_read(f, &u, at ? &pos : &f->pos);
	file_put(f);
	return r;
}

s64 lx_read(struct task *t, u64 fd, u64 addr, u64 bytes)
{
	return move_buffer(t, fd, addr, bytes, NULL, false);
}

s64 lx_write(struct task *t, u64 fd, u64 addr, u64 bytes)
{
	return move_buffer(t, fd, addr, bytes, NULL, true);
}

s64 lx_pread64(struct task *t, u64 fd, u64 addr, u64 bytes, u64 at)
{
	return at > OFFSET_MAX ? -EINVAL : move_buffer(t, fd, addr, bytes, &at, false);
}

s64 lx_pwrite64(struct task *t, u64 fd, u64 addr, u64 bytes, u64 at)
{
	return at > OFFSET_MAX ? -EINVAL : move_buffer(t, fd, addr, bytes, &at, true);
}

enum { RWF_DSYNC = 2, RWF_SYNC = 4, RWF_APPEND = 16 };

static s64 move_vector(struct task *t, u64 fd, u64 iov, u64 count, const u64 *at, u64 flags,
		       bool write)
{
	struct vector v;
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	u64 pos = at ? *at : f->pos;
	s64 r;
	if (at && !has_places(f))
		r = -ESPIPE;
	else if (!(write ? can_write(f) : can_read(f)))
		r = -EBADF;
	else if ((r = vector_get(t, &v, iov, count)) == 0) {
		if (write && (flags & RWF_APPEND))
			pos = f->inode->size;
		if (!v.uio.left) {
			vector_end(&v);
			file_put(f);
			return 0;
		}
		u64 *where = at || (flags & RWF_APPEND) ? &pos : &f->pos;
		r = write ? file_write(f, &v.uio, where) : file_read(f, &v.uio, where);
		if (r > 0 && write && (flags & (RWF_DSYNC | RWF_SYNC)) && f->inode->ops->sync)
			f->inode->ops->sync(f->inode, !(flags & RWF_SYNC));
		vector_end(&v);
	}
	file_put(f);
	return r;
}

s64 lx_readv(struct task *t, u64 fd, u64 iov, u64 count)
{
	return move_vector(t, fd, iov, count, NULL, 0, false);
}

s64 lx_writev(struct task *t, u64 fd, u64 iov, u64 count)
{
	return move_vector(t, fd, iov, count, NULL, 0, true);
}

s64 lx_preadv(struct task *t, u64 fd, u64 iov, u64 count, u64 low, u64 high)
{
	(void)high; /* the low half is all of it with 64 bits */
	return low > OFFSET_MAX ? -EINVAL : move_vector(t, fd, iov, count, &low, 0, false);
}

s64 lx_pwritev(struct task *t, u64 fd, u64 iov, u64 count, u64 low, u64 high)
{
	(void)high;
	return low > OFFSET_MAX ? -EINVAL : move_vector(t, fd, iov, count, &low, 0, true);
}

static s64 move_vector2(struct task *t, u64 fd, u64 iov, u64 count, u64 at, u64 flags, bool write)
{
	if (at == UINT64_MAX)
		return move_vector(t, fd, iov, count, NULL, flags, write);
	return at > OFFSET_MAX ? -EINVAL : move_vector(t, fd, iov, count, &at, flags, write);
}

s64 lx_preadv2(struct task *t, u64 fd, u64 iov, u64 count, u64 low, u64 high, u64 flags)
{
	(void)high;
	return move_vector2(t, fd, iov, count, low, flags, false);
}

s64 lx_pwritev2(struct task *t, u64 fd, u64 iov, u64 count, u64 low, u64 high, u64 flags)
{
	(void)high;
	return move_vector2(t, fd, iov, count, low, flags, true);
}

enum { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE };

s64 seek_to(struct file *f, s64 offset, u32 whence, u64 size)
{
	struct inode *i = f->inode;
	u64 base = whence == SEEK_CUR ? f->pos : whence == SEEK_END ? size : 0;
	u64 to;
	if (whence >= SEEK_DATA) {
		if (offset < 0 || (u64)offset >= size)
			return -ENXIO;
		to = whence == SEEK_HOLE ? size : (u64)offset;
		if (i->ops->next_data)
			to = i->ops->next_data(i, (u64)offset, whence == SEEK_HOLE);
		if (whence == SEEK_DATA && to >= size)
			return -ENXIO;
	} else {
		to = base + (u64)offset;
		if (to > OFFSET_MAX)
			return offset > 0 ? -EOVERFLOW : -EINVAL;
	}
	f->pos = to;
	return (s64)to;
}

s64 lx_lseek(struct task *t, u64 fd, u64 offset, u64 whence)
{
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = f->ops->seek ? f->ops->seek(f, (s64)offset, (u32)whence) : -ESPIPE;
	file_put(f);
	return r;
}
