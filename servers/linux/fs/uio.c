/* SPDX-License-Identifier: MIT */
/*
 * Bytes between the server and a program's buffers.
 */
#include "fs.h"

enum { IOV_MAX = 1024 };

void uio_server(struct uio *u, struct lx_iovec *iov, void *at, u64 bytes)
{
	*iov = (struct lx_iovec){ (u64)(uintptr_t)at, bytes };
	*u = (struct uio){ NULL, iov, 1, bytes, 0 };
}

void uio_advance(struct uio *u, u64 n)
{
	u->left -= n;
	u->skip += n;
	while (u->count && u->skip >= u->iov->bytes) {
		u->skip -= u->iov->bytes;
		u->iov++;
		u->count--;
	}
}

void *uio_window(struct uio *u, u64 *n, unsigned access)
{
	while (u->count && u->skip >= u->iov->bytes) {
		u->skip -= u->iov->bytes;
		u->iov++;
		u->count--;
	}
	if (!u->count)
		return NULL;
	u64 at = u->iov->base + u->skip;
	*n = min64(*n, min64(u->left, u->iov->bytes - u->skip));
	if (!u->mm)
		return (void *)(uintptr_t)at;
	return user_window(u->mm, at, n, access);
}

s64 uio_put(struct uio *u, const void *from, u64 bytes)
{
	u64 done = 0;
	bytes = min64(bytes, u->left);
	while (done < bytes) {
		u64 n = bytes - done;
		void *to = uio_window(u, &n, ACCESS_WRITE);
		if (!to)
			return done ? (s64)done : -EFAULT;
		memcpy(to, (const char *)from + done, n);
		uio_advance(u, n);
		done += n;
	}
	return (s64)done;
}

/* A page of a file may be copied to another place in itself (sendfile). */
static void copy(void *to, const void *from, u64 n)
{
	u64 a = (u64)(uintptr_t)to, b = (u64)(uintptr_t)from;
	if (a - b < n || b - a < n)
		memmove(to, from, n);
	else
		memcpy(to, from, n);
}

s64 uio_get(struct uio *u, void *to, u64 bytes)
{
	u64 done = 0;
	bytes = min64(bytes, u->left);
	while (done < bytes) {
		u64 n = bytes - done;
		const void *from = uio_window(u, &n, ACCESS_READ);
		if (!from)
			return done ? (s64)done : -EFAULT;
		copy((char *)to + done, from, n);
		uio_advance(u, n);
		done += n;
	}
	return (s64)done;
}

/* The most that one call moves, as Linux has it. */
#define MOVE_MAX 0x7ffff000ull

s64 vector_get(struct task *t, struct vector *v, u64 iov, u64 count)
{
	v->big = NULL;
	if (count > IOV_MAX)
		return -EINVAL;
	struct lx_iovec *to = v->small;
	if (count > sizeof v->small / sizeof *v->small) {
		to = v->big = kalloc(count * sizeof *to);
		if (!to)
			return -ENOMEM;
	}
	s64 r = count ? copy_in(t->mm, to, iov, count * sizeof *to) : 0;
	u64 sum = 0;
	for (u64 i = 0; r == 0 && i < count; i++) {
		if (to[i].bytes > OFFSET_MAX)
			r = -EINVAL;
		else if (to[i].base > TASK_SIZE || to[i].bytes > TASK_SIZE - to[i].base)
			r = to[i].bytes ? -EFAULT : 0;
		if (r == 0) {
			to[i].bytes = min64(to[i].bytes, MOVE_MAX - sum);
			sum += to[i].bytes;
		}
	}
	if (r < 0) {
		vector_end(v);
		return r;
	}
	v->uio = (struct uio){ t->mm, to, (u32)count, sum, 0 };
	return 0;
}

void vector_end(struct vector *v)
{
	if (v->big)
		kfree(v->big);
	v->big = NULL;
}
