/* SPDX-License-Identifier: MIT */
/*
 * eventfd: a counter that can be waited for.
 */
#include "fs.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
	u64 count;
	bool semaphore;
	struct waitq readers, writers;
};

static s64 event_read(struct file *f, struct uio *to, u64 *pos)
{
	struct eventfd *e = f->priv;
	(void)pos;
	if (to->left < 8)
		return -EINVAL;
	while (!e->count) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		s64 r = wait_on(&e->readers, NO_DEADLINE, 0);
		if (r < 0)
			return restartable(r);
	}
	u64 n = e->semaphore ? 1 : e->count;
	e->count -= n;
	wake_all(&e->writers, POLLOUT);
	return uio_put(to, &n, 8) == 8 ? 8 : -EFAULT;
}

static s64 event_write(struct file *f, struct uio *from, u64 *pos)
{
	struct eventfd *e = f->priv;
	u64 n;
	(void)pos;
	if (from->left != 8)
		return -EINVAL;
	if (uio_get(from, &n, 8) != 8)
		return -EFAULT;
	if (n == UINT64_MAX)
		return -EINVAL;
	while (n > COUNT_MAX - e->count) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		s64 r = wait_on(&e->writers, NO_DEADLINE, 0);
		if (r < 0)
			return restartable(r);
	}
	e->count += n;
	wake_all(&e->readers, POLLIN);
	return 8;
}

static u32 event_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->priv;
	poll_wait(pt, &e->readers);
	poll_wait(pt, &e->writers);
	return (e->count ? (u32)POLLIN : 0) | (e->count < COUNT_MAX ? (u32)POLLOUT : 0);
}

static void event_release(struct file *f)
{
	kfree(f->priv);
}

static const struct file_ops event_ops = {
	.name = "[eventfd]",
	.read = event_read,
	.write = event_write,
	.poll = event_poll,
	.seek = seek_nowhere,
	.release = event_release,
};

s64 seek_nowhere(struct file *f, s64 offset, u32 whence)
{
	(void)offset, (void)whence;
	return (s64)f->pos;
}

s64 file_anon(struct task *t, const struct file_ops *ops, void *priv, u32 flags)
{
	struct inode *i = inode_anon(0600);
	struct file *f = i ? file_new(ops, i, O_RDWR | (flags & O_NONBLOCK)) : NULL;
	if (!f) {
		if (i)
			inode_put(i);
		kfree(priv);
		return -ENOMEM;
	}
	f->priv = priv;
	return fd_give(t, f, flags & O_CLOEXEC);
}

s64 lx_eventfd2(struct task *t, u64 count, u64 flags)
{
	enum { EFD_SEMAPHORE = 1 };
	struct eventfd *e = kalloc(sizeof *e);
	if (!e)
		return -ENOMEM;
	e->count = (u32)count;
	e->semaphore = flags & EFD_SEMAPHORE;
	waitq_init(&e->readers);
	waitq_init(&e->writers);
	return file_anon(t, &event_ops, e, (u32)flags);
}

s64 lx_eventfd(struct task *t, u64 count)
{
	return lx_eventfd2(t, count, 0);
}
