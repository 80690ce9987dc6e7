/* SPDX-License-Identifier: MIT */
/*
 * epoll: a set of files that are watched for long.
 *
 * An item hangs in its file's wait queues with a function in place of a fiber; what it says is
 * looked at again, by the file's poll, when somebody asks for events.
 */
#include "poll.h"

enum { EPOLLEXCLUSIVE = 1 << 28, EPOLLONESHOT = 1 << 30 };
#define EPOLLET (1u << 31)
enum { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL, EPOLL_CTL_MOD };
enum { QUEUES = 4, DEPTH_MAX = 5, STEPS_MAX = 4096, EVENTS_AT_ONCE = 64 };

struct event {
	u32 events;
	u64 data;
} __attribute__((packed));

struct item {
	struct list of_file; /* file->epolls */
	struct list ready;   /* of the epoll; alone: not */
	struct item *next;   /* of the hash chain */
	struct epoll *epoll;
	struct file *file; /* without reference: its end takes the item away */
	s32 fd;
	u32 events;
	u64 data;
	bool off; /* EPOLLONESHOT had its event */
	u32 queues;
	struct waiter waiter[QUEUES];
};

struct epoll {
	struct list ready;
	struct waitq wait;    /* in epoll_wait */
	struct waitq pollers; /* who polls this epoll itself */
	struct item **bucket;
	u32 buckets, items;
};

/* For entering an item in its file's queues. */
struct entering {
	struct poll_table table;
	struct item *item;
};

static const struct file_ops epoll_ops;
static u64 all_items; /* of all epolls: as many as there are pages, at most */

static void item_event(struct waiter *w, uint32_t events)
{
	struct item *i = (struct item *)(uintptr_t)w->key;
	struct epoll *e = i->epoll;
	w->woken = false; /* it stays entered, and counts anew each time */
	if (i->off || (events && !(events & (i->events | POLLERR | POLLHUP))))
		return;
	bool told = !list_empty(&i->ready);
	if (!told)
		list_add(&e->ready, &i->ready);
	wake_one(&e->wait, POLLIN);
	/* Once is enough for those above: else one event could go along very many ways. */
	if (!told)
		wake_all(&e->pollers, POLLIN | POLLRDNORM);
}

static struct waiter *item_waiter(struct poll_table *pt)
{
	struct item *i = container_of(pt, struct entering, table)->item;
	if (i->queues == QUEUES)
		return NULL;
	struct waiter *w = &i->waiter[i->queues++];
	*w = (struct waiter){ .key = (uintptr_t)i,
			      .exclusive = i->events & EPOLLEXCLUSIVE,
			      .call = item_event };
	return w;
}

static struct item **chain(const struct epoll *e, const struct file *f, s32 fd)
{
	u64 h = ((uintptr_t)f >> 4 ^ (u64)(u32)fd << 32) * 0x9e3779b97f4a7c15ull;
	return &e->bucket[(h >> 32) & (e->buckets - 1)];
}

static struct item *find(const struct epoll *e, const struct file *f, s32 fd)
{
	struct item *i = *chain(e, f, fd);
	while (i && (i->file != f || i->fd != fd))
		i = i->next;
	return i;
}

static bool grow(struct epoll *e)
{
	u32 old = e->buckets;
	struct item **from = e->bucket, **to = kalloc(old * 2 * sizeof *to);
	if (!to)
		return false;
	e->bucket = to;
	e->buckets = old * 2;
	for (u32 b = 0; b < old; b++)
		while (from[b]) {
			struct item *i = from[b];
			from[b] = i->next;
			struct item **c = chain(e, i->file, i->fd);
			i->next = *c;
			*c = i;
		}
	kfree(from);
	return true;
}

static void item_free(struct item *i)
{
	struct epoll *e = i->epoll;
	struct item **c = chain(e, i->file, i->fd);
	while (*c != i)
		c = &(*c)->next;
	*c = i->next;
	for (u32 q = 0; q < i->queues; q++)
		waiter_del(&i->waiter[q]);
	list_del(&i->ready);
	list_del(&i->of_file);
	e->items--;
	all_items--;
	kfree(i);
}

void epoll_file_gone(struct file *f)
{
	while (!list_empty(&f->epolls))
		item_free(container_of(f->epolls.next, struct item, of_file));
}

static u32 wanted(const struct item *i)
{
	return (i->events & 0xffff) | POLLERR | POLLHUP;
}

/* Look at the file once, and report if something is so already. */
static void item_look(struct item *i, struct poll_table *pt)
{
	if (file_poll(i->file, pt) & wanted(i)) {
		if (list_empty(&i->ready))
			list_add(&i->epoll->ready, &i->ready);
		wake_one(&i->epoll->wait, POLLIN);
		wake_all(&i->epoll->pollers, POLLIN | POLLRDNORM);
	}
}

/*
 * The longest way of epolls below this one; more than DEPTH_MAX: refused, since it is too long,
 * too much to look at, or `self` is among them.
 */
static u32 depth(const struct epoll *e, const struct epoll *self, u32 level, u32 *steps)
{
	u32 deepest = level;
	if (e == self || level > DEPTH_MAX)
		return DEPTH_MAX + 1;
	for (u32 b = 0; b < e->buckets; b++)
		for (const struct item *i = e->bucket[b]; i; i = i->next) {
			if (++*steps > STEPS_MAX)
				return DEPTH_MAX + 1;
			if (i->file->ops != &epoll_ops)
				continue;
			u32 d = depth(i->file->priv, self, level + 1, steps);
			deepest = d > deepest ? d : deepest;
			if (deepest > DEPTH_MAX)
				return deepest;
		}
	return deepest;
}

static s64 item_add(struct epoll *e, struct file *f, s32 fd, const struct event *ev)
{
	if (f->ops == &epoll_ops) {
		if (ev->events & EPOLLEXCLUSIVE)
			return -EINVAL;
		u32 steps = 0;
		if (depth(f->priv, e, 1, &steps) > DEPTH_MAX)
			return -ELOOP;
	}
	if (!may_have(all_items + 1, pages_total()))
		return -ENOSPC;
	if (e->items >= e->buckets * 2 && !grow(e))
		return -ENOMEM;
	struct item *i = kalloc(sizeof *i);
	if (!i)
		return -ENOMEM;
	i->epoll = e;
	i->file = f;
	i->fd = fd;
	i->events = ev->events;
	i->data = ev->data;
	list_init(&i->ready);
	list_add(&f->epolls, &i->of_file);
	struct item **c = chain(e, f, fd);
	i->next = *c;
	*c = i;
	e->items++;
	all_items++;
	struct entering x = { { item_waiter }, i };
	item_look(i, &x.table);
	return 0;
}

static s64 control(struct epoll *e, u32 op, struct file *f, s32 fd, const struct event *ev)
{
	struct item *i = find(e, f, fd);
	switch (op) {
	case EPOLL_CTL_ADD: return i ? -EEXIST : item_add(e, f, fd, ev);
	case EPOLL_CTL_DEL:
		if (!i)
			return -ENOENT;
		item_free(i);
		return 0;
	case EPOLL_CTL_MOD:
		if (!i)
			return -ENOENT;
		if ((i->events | ev->events) & EPOLLEXCLUSIVE)
			return -EINVAL;
		i->events = ev->events;
		i->data = ev->data;
		i->off = false;
		item_look(i, NULL);
		return 0;
	default: return -EINVAL;
	}
}

s64 lx_epoll_ctl(struct task *t, u64 epfd, u64 op, u64 fd, u64 event)
{
	struct event ev = { 0 };
	if ((u32)op != EPOLL_CTL_DEL && copy_in(t->mm, &ev, event, sizeof ev) < 0)
		return -EFAULT;
	struct file *ef = fd_file(t, epfd), *f = fd_file(t, fd);
	s64 r;
	if (!ef || !f)
		r = -EBADF;
	else if (!f->ops->poll || is_reg(f->inode) || is_dir(f->inode))
		r = -EPERM;
	else if (ef->ops != &epoll_ops || ef == f)
		r = -EINVAL;
	else
		r = control(ef->priv, (u32)op, f, (s32)fd, &ev);
	if (ef)
		file_put(ef);
	if (f)
		file_put(f);
	return r;
}

/* Events that are so; at most `most`. */
static u32 collect(struct epoll *e, struct event *to, u32 most)
{
	struct list again;
	u32 n = 0;
	list_init(&again);
	while (n < most && !list_empty(&e->ready)) {
		struct item *i = container_of(e->ready.next, struct item, ready);
		list_del(&i->ready);
		u32 now = i->off ? 0 : file_poll(i->file, NULL) & wanted(i);
		if (!now)
			continue;
		to[n++] = (struct event){ now, i->data };
		if (i->events & EPOLLONESHOT)
			i->off = true;
		else if (!(i->events & EPOLLET))
			list_add(&again, &i->ready);
	}
	/* What is watched by level is looked at again next time, after the others. */
	while (!list_empty(&again)) {
		struct list *l = again.next;
		list_del(l);
		list_add(&e->ready, l);
	}
	return n;
}

static s64 do_wait(struct task *t, u64 epfd, u64 events, u64 most, u64 deadline)
{
	struct event ev[EVENTS_AT_ONCE];
	if ((s32)most <= 0 || (u32)most > INT32_MAX / sizeof *ev)
		return -EINVAL;
	struct file *f = fd_file(t, epfd);
	if (!f)
		return -EBADF;
	s64 r = -EINVAL;
	struct epoll *e = f->priv;
	while (f->ops == &epoll_ops) {
		u32 n = collect(e, ev, (u32)min64((u32)most, EVENTS_AT_ONCE));
		if (n || !deadline) {
			r = n;
			if (n && copy_out(t->mm, events, ev, n * sizeof *ev) < 0)
				r = -EFAULT;
			break;
		}
		struct waiter w = { .exclusive = true };
		waiter_add(&e->wait, &w);
		r = fiber_sleep(deadline, 0);
		waiter_del(&w);
		if (r == -ETIMEDOUT) {
			deadline = 0; /* one more look */
		} else if (r < 0) {
			if (!list_empty(&e->ready))
				wake_one(&e->wait, POLLIN);
			break;
		}
	}
	file_put(f);
	return r;
}

static u64 ms_deadline(u64 ms)
{
	s32 timeout = (s32)ms;
	return timeout < 0 ? NO_DEADLINE : timeout == 0 ? 0 : now_mono() + (u64)timeout * 1000000;
}

/* With a mask of its own the call ends so; no handler makes it begin again. */
static s64 nohand(s64 r)
{
	return r == -EINTR ? -ERESTART_NOHAND : r;
}

s64 lx_epoll_wait(struct task *t, u64 epfd, u64 events, u64 most, u64 ms)
{
	return do_wait(t, epfd, events, most, ms_deadline(ms));
}

s64 lx_epoll_pwait(struct task *t, u64 epfd, u64 events, u64 most, u64 ms, u64 mask, u64 bytes)
{
	s64 r = signal_mask_for_call(t, mask, bytes);
	return r < 0 ? r : nohand(do_wait(t, epfd, events, most, ms_deadline(ms)));
}

s64 lx_epoll_pwait2(struct task *t, u64 epfd, u64 events, u64 most, u64 timeout, u64 mask,
		    u64 bytes)
{
	u64 deadline;
	s64 r = deadline_get(t, timeout, &deadline);
	if (r == 0)
		r = signal_mask_for_call(t, mask, bytes);
	return r < 0 ? r : nohand(do_wait(t, epfd, events, most, deadline));
}

static u32 epoll_poll(struct file *f, struct poll_table *pt)
{
	struct epoll *e = f->priv;
	poll_wait(pt, &e->pollers);
	list_for_safe(l, &e->ready)
	{
		struct item *i = container_of(l, struct item, ready);
		if (!i->off && (file_poll(i->file, NULL) & wanted(i)))
			return POLLIN | POLLRDNORM;
		list_del(l);
	}
	return 0;
}

static void epoll_release(struct file *f)
{
	struct epoll *e = f->priv;
	for (u32 b = 0; b < e->buckets; b++)
		while (e->bucket[b])
			item_free(e->bucket[b]);
	kfree(e->bucket);
	kfree(e);
}

static const struct file_ops epoll_ops = {
	.name = "[eventpoll]",
	.poll = epoll_poll,
	.seek = seek_nowhere,
	.release = epoll_release,
};

s64 lx_epoll_create1(struct task *t, u64 flags)
{
	struct epoll *e = kalloc(sizeof *e);
	struct item **bucket = kalloc(8 * sizeof *bucket);
	struct inode *i = inode_anon(0600);
	struct file *f = e && bucket && i ? file_new(&epoll_ops, i, O_RDWR) : NULL;
	if (!f) {
		if (e)
			kfree(e);
		if (bucket)
			kfree(bucket);
		if (i)
			inode_put(i);
		return -ENOMEM;
	}
	e->bucket = bucket;
	e->buckets = 8;
	list_init(&e->ready);
	waitq_init(&e->wait);
	waitq_init(&e->pollers);
	f->priv = e;
	return fd_give(t, f, flags & O_CLOEXEC);
}

s64 lx_epoll_create(struct task *t, u64 size)
{
	return (s32)size <= 0 ? -EINVAL : lx_epoll_create1(t, 0);
}
