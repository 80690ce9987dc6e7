/* SPDX-License-Identifier: MIT */
/*
 * Bytes from file to file: sendfile, copy_file_range, splice, tee.
 */
#include "pipe.h"

#define MOVE_MAX 0x7ffff000ull

/* Bytes in the server's memory are written to a file. */
static s64 write_from(struct file *out, const void *from, u64 n, u64 *pos)
{
	struct lx_iovec iov;
	struct uio u;
	uio_server(&u, &iov, (void *)(uintptr_t)from, n);
	return file_write(out, &u, pos);
}

/* From a file of pages, straight from the page. */
static s64 move_page(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 want)
{
	struct inode *i = in->inode;
	if (*in_pos >= i->size)
		return 0;
	page_t p;
	u64 at = *in_pos % PAGE, some = 0;
	const char *bytes = pageless_at(i, *in_pos, &some);
	s64 r;
	if (bytes) {
		r = write_from(out, bytes, min64(min64(want, some), i->size - *in_pos), out_pos);
		if (r > 0) {
			*in_pos += (u64)r;
			touch_atime(i);
		}
		return r;
	}
	r = i->ops->page(i, *in_pos / PAGE, false, &p);
	if (r < 0)
		return r == -ENXIO ? 0 : r;
	u64 n = min64(min64(want, PAGE - at), i->size - *in_pos);
	r = write_from(out, (const char *)page_data(p) + at, n, out_pos);
	page_put(p);
	if (r > 0) {
		*in_pos += (u64)r;
		touch_atime(i);
	}
	return r;
}

/* Through a buffer; what the other side did not take stays unread, if `in` can seek. */
static s64 move_buffered(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 want)
{
	struct lx_iovec iov;
	struct uio u;
	char *b = name_buffer();
	if (!b)
		return -ENOMEM;
	uio_server(&u, &iov, b, min64(want, PATH_LEN));
	u64 before = *in_pos;
	s64 r = file_read(in, &u, in_pos);
	if (r > 0) {
		u64 n = (u64)r;
		r = write_from(out, b, n, out_pos);
		if (has_places(in))
			*in_pos = r > 0 ? before + (u64)r : before;
	}
	name_release(b);
	return r;
}

/* Nobody waits for room in a pipe as long as something was moved. */
static bool is_full_pipe(const struct file *f)
{
	return f->ops == &pipe_ops && pipe_room(f->priv) < PAGE;
}

static s64 move(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 bytes)
{
	u64 done = 0;
	bool pages = is_reg(in->inode) && in->inode->ops->page && in->ops->read == page_file_read;
	while (done < bytes) {
		u64 want = bytes - done;
		s64 r = (pages ? move_page : move_buffered)(in, in_pos, out, out_pos, want);
		if (r <= 0)
			return done ? (s64)done : r;
		done += (u64)r;
		if ((!pages && r < PATH_LEN) || is_full_pipe(out))
			break;
	}
	return (s64)done;
}

s64 lx_sendfile(struct task *t, u64 out_fd, u64 in_fd, u64 offset, u64 bytes)
{
	u64 pos = 0;
	if (offset && copy_in(t->mm, &pos, offset, sizeof pos) < 0)
		return -EFAULT;
	struct file *in = fd_file(t, in_fd), *out = fd_file(t, out_fd);
	s64 r = -EBADF;
	if (in && out && can_read(in) && can_write(out)) {
		if (!has_places(in))
			r = offset ? -ESPIPE : -EINVAL;
		else if ((offset && pos > OFFSET_MAX) || (out->flags & O_APPEND))
			r = -EINVAL;
		else
			r = move(in, offset ? &pos : &in->pos, out, &out->pos,
				 min64(bytes, MOVE_MAX));
		if (offset && r >= 0 && copy_out(t->mm, offset, &pos, sizeof pos) < 0)
			r = -EFAULT;
	}
	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return r;
}

/* An offset that a program gave: its value, or the file's own position. */
static s64 offset_get(struct task *t, struct file *f, u64 addr, u64 *value, u64 **pos)
{
	*pos = &f->pos;
	if (!addr)
		return 0;
	if (!has_places(f))
		return -ESPIPE;
	if (copy_in(t->mm, value, addr, sizeof *value) < 0)
		return -EFAULT;
	*pos = value;
	return *value > OFFSET_MAX ? -EINVAL : 0;
}

static s64 copy_checks(const struct file *in, const struct file *out)
{
	if (is_dir(in->inode) || is_dir(out->inode))
		return -EISDIR;
	if (!is_reg(in->inode) || !is_reg(out->inode))
		return -EINVAL;
	if (!can_read(in) || !can_write(out) || (out->flags & O_APPEND))
		return -EBADF;
	return in->inode->sb == out->inode->sb ? 0 : -EXDEV;
}

s64 lx_copy_file_range(struct task *t, u64 in_fd, u64 in_off, u64 out_fd, u64 out_off, u64 bytes,
		       u64 flags)
{
	u64 iv, ov, *ip = &iv, *op = &ov;
	(void)flags; /* none */
	if ((in_off && copy_in(t->mm, &iv, in_off, sizeof iv) < 0) ||
	    (out_off && copy_in(t->mm, &ov, out_off, sizeof ov) < 0))
		return -EFAULT;
	struct file *in = fd_file(t, in_fd), *out = fd_file(t, out_fd);
	s64 r = in && out ? copy_checks(in, out) : -EBADF;
	if (r == 0) {
		if (!in_off)
			ip = &in->pos;
		if (!out_off)
			op = &out->pos;
		u64 size = in->inode->size;
		bytes = min64(bytes, *ip < size ? size - *ip : 0);
		if (*ip > OFFSET_MAX || *op > OFFSET_MAX)
			r = -EINVAL;
		else if (bytes > OFFSET_MAX - *op)
			r = -EOVERFLOW;
		else if (in->inode == out->inode && *ip < *op + bytes && *op < *ip + bytes)
			r = -EINVAL;
		else
			r = move(in, ip, out, op, bytes);
	}
	if (r > 0 && ((in_off && copy_out(t->mm, in_off, ip, sizeof *ip) < 0) ||
		      (out_off && copy_out(t->mm, out_off, op, sizeof *op) < 0)))
		r = -EFAULT;
	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return r;
}

/* --- splice ---------------------------------------------------------------------------- */

enum { SPLICE_NONBLOCK = 2 };

static s64 from_pipe(struct file *in, struct file *out, u64 *pos, u64 bytes, bool wait)
{
	struct pipe *p = in->priv;
	u64 done = 0;
	inode_lock(p->inode);
	s64 r = pipe_wait_data(p, wait);
	while (r > 0 && done < bytes && pipe_used(p)) {
		u64 n;
		const void *data = pipe_data(p, &n);
		r = write_from(out, data, min64(n, bytes - done), pos);
		if (r > 0) {
			pipe_taken(p, (u64)r);
			done += (u64)r;
		}
	}
	inode_unlock(p->inode);
	return done ? (s64)done : r;
}

static s64 to_pipe(struct file *in, u64 *pos, struct file *out, u64 bytes, bool wait)
{
	struct pipe *p = out->priv;
	u64 done = 0;
	while (done < bytes) {
		u64 want = min64(bytes - done, pipe_room(p));
		if (want == 0) {
			if (done || !wait)
				return done ? (s64)done : -EAGAIN;
			want = bytes;
		}
		s64 r = move(in, pos, out, &out->pos, want);
		if (r <= 0)
			return done ? (s64)done : r;
		done += (u64)r;
		if ((u64)r < want)
			break;
	}
	return (s64)done;
}

static s64 splice(struct file *in, u64 *ip, struct file *out, u64 *op, u64 bytes, u64 flags)
{
	struct pipe *a = file_pipe(in), *b = file_pipe(out);
	bool wait = !(flags & SPLICE_NONBLOCK);
	if (!can_read(in) || !can_write(out))
		return -EBADF;
	if ((!a && !b) || (a && a == b) || (!b && (out->flags & O_APPEND)))
		return -EINVAL;
	if (a)
		return from_pipe(in, out, op, bytes, wait && !(in->flags & O_NONBLOCK));
	return to_pipe(in, ip, out, bytes, wait && !(out->flags & O_NONBLOCK));
}

s64 lx_splice(struct task *t, u64 in_fd, u64 in_off, u64 out_fd, u64 out_off, u64 bytes, u64 flags)
{
	u64 iv, ov, *ip, *op;
	if (bytes == 0)
		return 0;
	struct file *in = fd_file(t, in_fd), *out = fd_file(t, out_fd);
	s64 r = -EBADF;
	if (in && out) {
		r = offset_get(t, in, in_off, &iv, &ip);
		if (r == 0)
			r = offset_get(t, out, out_off, &ov, &op);
		if (r == 0)
			r = splice(in, ip, out, op, min64(bytes, MOVE_MAX), flags);
		if (r > 0 && ((in_off && copy_out(t->mm, in_off, ip, sizeof *ip) < 0) ||
			      (out_off && copy_out(t->mm, out_off, op, sizeof *op) < 0)))
			r = -EFAULT;
	}
	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return r;
}

/* What is in one pipe goes into the other, and stays. */
static s64 tee(struct file *in, struct file *out, u64 bytes, bool wait)
{
	struct pipe *a = in->priv;
	char *b = name_buffer();
	if (!b)
		return -ENOMEM;
	inode_lock(a->inode);
	s64 r = pipe_wait_data(a, wait);
	u64 n = 0;
	if (r > 0) {
		const void *data = pipe_data(a, &n);
		n = min64(n, bytes);
		memcpy(b, data, n);
	}
	inode_unlock(a->inode);
	if (n)
		r = write_from(out, b, n, &out->pos);
	name_release(b);
	return r;
}

s64 lx_tee(struct task *t, u64 in_fd, u64 out_fd, u64 bytes, u64 flags)
{
	struct file *in = fd_file(t, in_fd), *out = fd_file(t, out_fd);
	s64 r = -EBADF;
	if (in && out && can_read(in) && can_write(out)) {
		const struct pipe *a = file_pipe(in), *b = file_pipe(out);
		r = !a || !b || a == b ? -EINVAL
		    : bytes == 0       ? 0
				       : tee(in, out, bytes, !(flags & SPLICE_NONBLOCK));
	}
	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return r;
}

s64 lx_vmsplice(struct task *t, u64 fd, u64 iov, u64 count, u64 flags)
{
	struct vector v;
	(void)flags;
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = file_pipe(f) ? vector_get(t, &v, iov, count) : -EBADF;
	if (r == 0) {
		r = can_write(f) ? file_write(f, &v.uio, &f->pos) : file_read(f, &v.uio, &f->pos);
		vector_end(&v);
	}
	file_put(f);
	return r;
}
