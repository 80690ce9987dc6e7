/* SPDX-License-Identifier: MIT */
/*
 * inotify: what happens to files, as events to read.
 *
 * A watch ties an inode to an instance.  Events wait in the instance, at most EVENTS_MAX; what
 * comes then is lost, and a last event says so.
 */
#include "poll.h"

enum { IN_UNMOUNT = 0x2000, IN_Q_OVERFLOW = 0x4000, IN_IGNORED = 0x8000 };
enum {
	IN_ALL = 0xfff,
	IN_ONLYDIR = 0x1000000,
	IN_DONT_FOLLOW = 0x2000000,
	IN_EXCL_UNLINK = 0x4000000,
	IN_MASK_CREATE = 0x10000000,
	IN_MASK_ADD = 0x20000000,
};
#define IN_ONESHOT (1u << 31)
enum { EVENTS_MAX = 4096, WATCHES_MAX = 65536, INSTANCES_MAX = 128 };

static u32 instances;

struct event {
	struct list link;
	s32 wd;
	u32 mask, cookie, bytes; /* of the name, padded; it follows */
	char name[];
};

struct instance {
	struct list events, watches;
	u32 count;
	s32 last_wd;
	bool counted;
	struct waitq wait;
};

struct watch {
	struct list link;   /* of the instance */
	struct watch *next; /* of the inode */
	struct instance *instance;
	struct inode *inode; /* without reference */
	s32 wd;
	u32 mask;
};

u32 watch_count;

static void queue(struct instance *n, s32 wd, u32 mask, u32 cookie, const char *name, u32 len)
{
	if (n->count == EVENTS_MAX) {
		wd = -1;
		mask = IN_Q_OVERFLOW;
		len = cookie = 0;
	} else if (n->count > EVENTS_MAX) {
		return;
	}
	u32 bytes = len ? (len + 16) & ~15u : 0;
	if (!list_empty(&n->events)) {
		const struct event *e = container_of(n->events.prev, struct event, link);
		if (e->wd == wd && e->mask == mask && e->cookie == cookie && e->bytes == bytes &&
		    (!bytes || (memcmp(e->name, name, len) == 0 && !e->name[len])))
			return; /* the same again tells nothing */
	}
	struct event *e = kalloc(sizeof *e + bytes);
	if (!e)
		return;
	e->wd = wd;
	e->mask = mask;
	e->cookie = cookie;
	e->bytes = bytes;
	if (len)
		memcpy(e->name, name, len);
	list_add(&n->events, &e->link);
	n->count++;
	wake_all(&n->wait, POLLIN | POLLRDNORM);
}

static void watch_free(struct watch *w)
{
	struct watch **c = &w->inode->watches;
	while (*c != w)
		c = &(*c)->next;
	*c = w->next;
	list_del(&w->link);
	queue(w->instance, w->wd, IN_IGNORED, 0, NULL, 0);
	kfree(w);
	watch_count--;
}

static void tell(struct inode *i, u32 mask, u32 cookie, const char *name, u32 len)
{
	for (struct watch *w = i->watches, *next; w; w = next) {
		next = w->next;
		if (!(w->mask & mask & IN_ALL))
			continue;
		queue(w->instance, w->wd, mask, cookie, name, len);
		if (w->mask & IN_ONESHOT)
			watch_free(w);
	}
}

void notify_slow(struct inode *dir, struct inode *i, const char *name, u32 len, u32 mask,
		 u32 cookie)
{
	if (i && i->watches)
		tell(i, mask | (is_dir(i) && len ? (u32)IN_ISDIR : 0), cookie, NULL, 0);
	if (dir && dir->watches)
		tell(dir, mask | (i && is_dir(i) ? (u32)IN_ISDIR : 0), cookie, name, len);
	if (i && mask == IN_DELETE_SELF)
		while (i->watches)
			watch_free(i->watches);
}

void notify_inode_gone(struct inode *i)
{
	while (i->watches)
		watch_free(i->watches);
}

/* --- the file ------------------------------------------------------------------------- */

static s64 events_read(struct file *f, struct uio *to, u64 *pos)
{
	struct instance *n = f->priv;
	u64 done = 0;
	(void)pos;
	while (list_empty(&n->events)) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		s64 r = wait_on(&n->wait, NO_DEADLINE, 0);
		if (r < 0)
			return restartable(r);
	}
	while (!list_empty(&n->events)) {
		struct event *e = container_of(n->events.next, struct event, link);
		u64 bytes = 16 + e->bytes;
		if (bytes > to->left)
			return done ? (s64)done : -EINVAL;
		/* Putting may sleep: nobody else is to get it meanwhile. */
		list_del(&e->link);
		n->count--;
		s64 r = uio_put(to, &e->wd, 16);
		if (r == 16 && e->bytes)
			r = uio_put(to, e->name, e->bytes) == e->bytes ? r : -EFAULT;
		kfree(e);
		if (r != 16)
			return done ? (s64)done : -EFAULT;
		done += bytes;
	}
	return (s64)done;
}

static u32 events_poll(struct file *f, struct poll_table *pt)
{
	struct instance *n = f->priv;
	poll_wait(pt, &n->wait);
	return list_empty(&n->events) ? 0 : POLLIN | POLLRDNORM;
}

static s64 events_ioctl(struct file *f, u64 request, u64 arg)
{
	enum { FIONREAD = 0x541b };
	const struct instance *n = f->priv;
	s32 bytes = 0;
	if ((u32)request != FIONREAD)
		return -ENOTTY;
	list_for(l, &n->events) bytes += 16 + (s32)container_of(l, struct event, link)->bytes;
	return copy_out(current()->mm, arg, &bytes, sizeof bytes);
}

static void events_release(struct file *f)
{
	struct instance *n = f->priv;
	while (!list_empty(&n->watches))
		watch_free(container_of(n->watches.next, struct watch, link));
	while (!list_empty(&n->events)) {
		struct event *e = container_of(n->events.next, struct event, link);
		list_del(&e->link);
		kfree(e);
	}
	instances -= n->counted;
	kfree(n);
}

static const struct file_ops events_ops = {
	.name = "inotify",
	.read = events_read,
	.poll = events_poll,
	.ioctl = events_ioctl,
	.seek = seek_nowhere,
	.release = events_release,
};

/* --- calls ------------------------------------------------------------------------------- */

s64 lx_inotify_init1(struct task *t, u64 flags)
{
	if (instances >= INSTANCES_MAX)
		return -EMFILE;
	struct instance *n = kalloc(sizeof *n);
	if (!n)
		return -ENOMEM;
	list_init(&n->events);
	list_init(&n->watches);
	waitq_init(&n->wait);
	s64 r = file_anon(t, &events_ops, n, (u32)flags);
	if (r >= 0)
		n->counted = true, instances++;
	return r;
}

s64 lx_inotify_init(struct task *t)
{
	return lx_inotify_init1(t, 0);
}

static s64 watch(struct instance *n, struct inode *i, u32 mask)
{
	struct watch *w = i->watches;
	while (w && w->instance != n)
		w = w->next;
	if (w) {
		if (mask & IN_MASK_CREATE)
			return -EEXIST;
		w->mask = mask & IN_MASK_ADD ? w->mask | mask : mask;
		return w->wd;
	}
	if (watch_count >= WATCHES_MAX)
		return -ENOSPC;
	w = kalloc(sizeof *w);
	if (!w)
		return -ENOMEM;
	w->instance = n;
	w->inode = i;
	w->mask = mask;
	w->wd = ++n->last_wd;
	w->next = i->watches;
	i->watches = w;
	list_add(&n->watches, &w->link);
	watch_count++;
	return w->wd;
}

s64 lx_inotify_add_watch(struct task *t, u64 fd, u64 name, u64 mask64)
{
	u32 mask = (u32)mask64;
	struct path p;
	if (!(mask & IN_ALL) || ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)))
		return -EINVAL;
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = f->ops == &events_ops ? 0 : -EINVAL;
	if (r == 0)
		r = path_user(t, AT_FDCWD, name, mask & IN_DONT_FOLLOW ? 0 : WALK_FOLLOW, &p);
	if (r == 0) {
		struct inode *i = p.dentry->inode;
		r = (mask & IN_ONLYDIR) && !is_dir(i) ? -ENOTDIR : inode_permission(t, i, MAY_READ);
		if (r == 0)
			r = watch(f->priv, i, mask);
		path_put(&p);
	}
	file_put(f);
	return r;
}

s64 lx_inotify_rm_watch(struct task *t, u64 fd, u64 wd)
{
	struct file *f = fd_file(t, fd);
	if (!f)
		return -EBADF;
	s64 r = -EINVAL;
	if (f->ops == &events_ops) {
		struct instance *n = f->priv;
		list_for_safe(l,
			      &n->watches) if (container_of(l, struct watch, link)->wd == (s32)wd)
		{
			watch_free(container_of(l, struct watch, link));
			r = 0;
		}
	}
	file_put(f);
	return r;
}
