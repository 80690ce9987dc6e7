/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX: sockets that nobody can reach any more.
 *
 * A socket may be sent through itself, or two through each other, and then be closed: only the
 * messages hold them.  From time to time the sockets are followed from those that somebody
 * holds; what the others' messages carry is freed.
 */
#include "unix.h"

enum { FLYING_MAX = 16384, CLOSES = 64 };

struct list unix_all = { &unix_all, &unix_all };
static u32 flying, flying_sockets;

static struct usock *socket_in(struct file *f)
{
	struct socket *s = file_socket(f);
	return s && s->family == AF_UNIX ? usock_of(s) : NULL;
}

static u32 sockets(const struct rights *r)
{
	u32 n = 0;
	for (u32 i = 0; i < r->count; i++)
		n += socket_in(r->file[i]) != NULL;
	return n;
}

bool unix_fly(const struct rights *r)
{
	if (flying + r->count > FLYING_MAX)
		unix_collect(true);
	if (flying + r->count > FLYING_MAX)
		return false;
	flying += r->count;
	flying_sockets += sockets(r);
	return true;
}

void unix_landed(const struct rights *r)
{
	flying -= r->count;
	flying_sockets -= sockets(r);
}

static struct usock *usock_at(struct list *l)
{
	return container_of(l, struct usock, all);
}

static const struct rights *rights_at(struct list *l)
{
	return container_of(l, struct unix_message, link)->rights;
}

static void mark(struct usock *u, struct list *work)
{
	if (u->marked)
		return;
	u->marked = true;
	list_add(work, &u->work);
}

static void follow(struct usock *u, struct list *work)
{
	list_for(l, &u->queue)
	{
		const struct rights *r = rights_at(l);
		for (u32 i = 0; r && i < r->count; i++) {
			struct usock *v = socket_in(r->file[i]);
			if (v)
				mark(v, work);
		}
	}
	list_for(l, &u->backlog) mark(container_of(l, struct usock, waiting), work);
}

static void count_flying(void)
{
	list_for(l, &unix_all)
	{
		usock_at(l)->flying = 0;
		usock_at(l)->marked = false;
	}
	list_for(l, &unix_all) list_for(k, &usock_at(l)->queue)
	{
		const struct rights *r = rights_at(k);
		for (u32 i = 0; r && i < r->count; i++) {
			struct usock *v = socket_in(r->file[i]);
			if (v)
				v->flying++;
		}
	}
}

void unix_collect(bool now)
{
	static u32 closes;
	static bool collecting;
	struct list work;
	struct rights *garbage = NULL;
	if (!flying_sockets || collecting || (!now && ++closes < CLOSES))
		return;
	closes = 0;
	collecting = true;
	list_init(&work);
	count_flying();
	list_for(l, &unix_all)
	{
		struct usock *u = usock_at(l);
		if (u->s.file && u->s.file->refs > u->flying)
			mark(u, &work);
	}
	while (!list_empty(&work)) {
		struct usock *u = container_of(work.next, struct usock, work);
		list_del(&u->work);
		follow(u, &work);
	}
	list_for(l, &unix_all)
	{
		struct usock *u = usock_at(l);
		for (struct list *k = u->queue.next; !u->marked && k != &u->queue; k = k->next) {
			struct unix_message *q = container_of(k, struct unix_message, link);
			if (!q->rights)
				continue;
			unix_landed(q->rights);
			q->rights->next = garbage;
			garbage = q->rights;
			q->rights = NULL;
		}
	}
	while (garbage) {
		struct rights *r = garbage;
		garbage = r->next;
		rights_free(r);
	}
	collecting = false;
}
