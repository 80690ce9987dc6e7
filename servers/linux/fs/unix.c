/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX: states of sockets; connecting, accepting, ending.
 */
#include "unix.h"

enum { ROOM = 212992 };

void usock_get(struct usock *u)
{
	u->refs++;
}

void usock_put(struct usock *u)
{
	if (--u->refs)
		return;
	if (u->name)
		unix_name_put(u->name);
	kfree(u);
}

static bool stream(const struct usock *u)
{
	return u->s.type != SOCK_DGRAM;
}

static struct ucred own_cred(void)
{
	const struct task *t = current();
	return (struct ucred){ t->process->pid, t->ids.euid, t->ids.egid };
}

static void changed(struct usock *u)
{
	wake_all(&u->wait, POLLIN | POLLHUP | POLLRDHUP | POLLERR);
	wake_all(&u->write_wait, POLLOUT | POLLHUP | POLLERR);
}

/* --- ending ----------------------------------------------------------------------- */

static void unix_release(struct socket *s)
{
	struct usock *u = usock_of(s), *peer = u->peer;
	u->dead = true;
	u->shut = SHUT_RECEIVE | SHUT_SEND;
	/* Also what was never accepted, so nobody could read it. */
	bool unread = u->embryo;
	list_for(l, &u->queue) unread |= container_of(l, struct unix_message, link)->bytes != 0;
	unix_unbind(u);
	while (!list_empty(&u->backlog)) {
		struct usock *e = container_of(u->backlog.next, struct usock, waiting);
		list_del(&e->waiting);
		e->embryo = true;
		e->s.ops->release(&e->s);
	}
	unix_purge(u);
	if (peer && stream(u) && peer->peer == u) {
		peer->shut = SHUT_RECEIVE | SHUT_SEND;
		if (unread)
			peer->s.error = ECONNRESET;
		changed(peer);
	}
	changed(u);
	u->peer = NULL;
	list_del(&u->all);
	if (peer)
		usock_put(peer);
	usock_put(u);
	unix_collect(false);
}

static s64 unix_shutdown(struct socket *s, u32 how)
{
	struct usock *u = usock_of(s), *peer = u->peer;
	u32 bits = how == SHUT_RD ? SHUT_RECEIVE : how == SHUT_WR ? SHUT_SEND : 3u;
	u->shut |= bits;
	if (peer && stream(u)) {
		peer->shut |= (bits & SHUT_RECEIVE ? (u32)SHUT_SEND : 0) |
			      (bits & SHUT_SEND ? (u32)SHUT_RECEIVE : 0);
		changed(peer);
	}
	changed(u);
	return 0;
}

/* --- connecting ----------------------------------------------------------------------- */

static s64 unix_listen(struct socket *s, u32 backlog)
{
	struct usock *u = usock_of(s);
	if (!stream(u))
		return -EOPNOTSUPP;
	if (!u->name || u->connected)
		return -EINVAL;
	u->backlog_max = backlog;
	if (!s->listens)
		u->cred = own_cred();
	s->listens = true;
	wake_all(&u->write_wait, 0);
	return 0;
}

static struct usock *usock_new(u32 type);

static void join(struct usock *a, struct usock *b)
{
	usock_get(a);
	usock_get(b);
	a->peer = b;
	b->peer = a;
	a->connected = b->connected = true;
}

/* With a place in the backlog of l: the other end, which waits there. */
static s64 connect_to(struct usock *u, struct usock *l)
{
	struct usock *e = usock_new(l->s.type);
	if (!e)
		return -ENOMEM;
	e->name = l->name;
	e->name->refs++;
	e->cred = own_cred();
	u->cred = l->cred;
	e->s.send_room = l->s.send_room;
	e->s.recv_room = l->s.recv_room;
	e->s.pass_cred = l->s.pass_cred;
	join(u, e);
	list_add(&l->backlog, &e->waiting);
	l->backlog_len++;
	wake_all(&l->wait, POLLIN | POLLRDNORM);
	return 0;
}

static s64 connect_stream(struct usock *u, const unsigned char *address, u32 len, bool wait)
{
	u64 deadline = wait_end(u->s.send_wait);
	for (;;) {
		struct usock *l;
		s64 r = unix_find(address, len, &l);
		if (r < 0)
			return r;
		if (l->s.type != u->s.type)
			r = -EPROTOTYPE;
		else if (!l->s.listens || (l->shut & SHUT_RECEIVE))
			r = -ECONNREFUSED;
		else if (l->backlog_len > l->backlog_max)
			r = wait ? 1 : -EAGAIN;
		else if (u->s.listens)
			r = -EINVAL;
		else if (u->connected)
			r = -EISCONN;
		else
			r = connect_to(u, l);
		if (r == 1) {
			r = wait_on(&l->write_wait, deadline, 0);
			usock_put(l);
			if (r < 0)
				return r == -ETIMEDOUT ? -EAGAIN : restartable(r);
			continue;
		}
		usock_put(l);
		return r;
	}
}

static s64 connect_datagram(struct usock *u, const unsigned char *address, u32 len)
{
	struct usock *to = NULL;
	if (len >= 2 && address[0] == AF_UNSPEC && address[1] == 0) {
		u->connected = false;
	} else {
		s64 r = unix_find(address, len, &to);
		if (r < 0)
			return r;
		if (to->s.type != SOCK_DGRAM)
			r = -EPROTOTYPE;
		else if (to->peer && to->peer != u)
			r = -EPERM;
		if (r < 0) {
			usock_put(to);
			return r;
		}
		u->connected = true;
	}
	struct usock *old = u->peer;
	u->peer = to;
	if (old && old != to && !list_empty(&u->queue)) {
		unix_purge(u); /* messages of before are lost, and who sent them is told */
		if (!old->dead && old->peer == u)
			old->s.error = ECONNRESET;
	}
	if (old)
		usock_put(old);
	return 0;
}

static s64 unix_connect(struct socket *s, const unsigned char *address, u32 len, bool wait)
{
	struct usock *u = usock_of(s);
	return stream(u) ? connect_stream(u, address, len, wait)
			 : connect_datagram(u, address, len);
}

static s64 unix_accept(struct socket *s, bool wait, struct socket **out)
{
	struct usock *u = usock_of(s);
	u64 deadline = wait_end(s->recv_wait);
	if (!stream(u))
		return -EOPNOTSUPP;
	while (list_empty(&u->backlog)) {
		if (!s->listens || (u->shut & SHUT_RECEIVE))
			return -EINVAL;
		if (!wait)
			return -EAGAIN;
		struct waiter w = { .exclusive = true };
		waiter_add(&u->wait, &w);
		s64 r = fiber_sleep(deadline, 0);
		waiter_del(&w);
		if (r < 0)
			return r == -ETIMEDOUT ? -EAGAIN : restartable(r);
	}
	struct usock *e = container_of(u->backlog.next, struct usock, waiting);
	list_del(&e->waiting);
	u->backlog_len--;
	wake_one(&u->write_wait, POLLOUT);
	*out = &e->s;
	return 0;
}

s64 unix_pair(struct socket *a, struct socket *b)
{
	if (a->family != AF_UNIX)
		return -EOPNOTSUPP;
	join(usock_of(a), usock_of(b));
	usock_of(a)->cred = usock_of(b)->cred = own_cred();
	return 0;
}

/* --- what is told ------------------------------------------------------------------------- */

static s64 unix_name(struct socket *s, bool peer, unsigned char *to, u32 *len)
{
	const struct usock *u = usock_of(s);
	if (peer && !u->peer)
		return -ENOTCONN;
	const struct unix_name *n = peer ? u->peer->name : u->name;
	to[0] = AF_UNIX;
	to[1] = 0;
	*len = 2;
	if (n) {
		memcpy(to, n->address, n->len);
		*len = n->len;
	}
	return 0;
}

static bool unix_peer(struct socket *s, struct ucred *out)
{
	const struct usock *u = usock_of(s);
	if (!u->connected && !s->listens)
		return false;
	*out = u->cred;
	return true;
}

static bool writable(const struct usock *u)
{
	const struct usock *to = u->peer;
	if (!to || to->dead || (stream(u) && (u->shut & SHUT_SEND)))
		return true;
	/* Who is not told when the other side reads is not made to wait. */
	return to->peer != u || to->charge < u->s.send_room;
}

static u32 unix_poll(struct socket *s, struct poll_table *pt)
{
	struct usock *u = usock_of(s);
	u32 now = 0;
	poll_wait(pt, &u->wait);
	poll_wait(pt, &u->write_wait);
	if (s->error)
		now |= POLLERR;
	if (u->shut == (SHUT_RECEIVE | SHUT_SEND))
		now |= POLLHUP;
	if (u->shut & SHUT_RECEIVE)
		now |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (!list_empty(&u->queue) || !list_empty(&u->backlog))
		now |= POLLIN | POLLRDNORM;
	if (stream(u) && !u->connected && !s->listens)
		now |= POLLHUP;
	if (!s->listens && writable(u))
		now |= POLLOUT | POLLWRNORM;
	return now;
}

static s64 unix_ioctl(struct socket *s, u64 request, u64 arg)
{
	enum { SIOCINQ = 0x541b, SIOCOUTQ = 0x5411 };
	const struct usock *u = usock_of(s);
	s32 n = 0;
	if ((u32)request == SIOCOUTQ) {
		n = u->peer ? (s32)u->peer->charge : 0;
	} else if ((u32)request == SIOCINQ) {
		if (s->listens)
			return -EINVAL;
		list_for(l, &u->queue)
		{
			const struct unix_message *q = container_of(l, struct unix_message, link);
			n += (s32)(q->bytes - q->taken);
			if (!stream(u))
				break;
		}
	} else {
		return -ENOTTY;
	}
	return copy_out(current()->mm, arg, &n, sizeof n);
}

/* --- making ---------------------------------------------------------------------------------- */

static const struct socket_ops unix_ops = {
	.bind = unix_bind,
	.listen = unix_listen,
	.accept = unix_accept,
	.connect = unix_connect,
	.send = unix_send,
	.receive = unix_receive,
	.shutdown = unix_shutdown,
	.name = unix_name,
	.peer = unix_peer,
	.ioctl = unix_ioctl,
	.poll = unix_poll,
	.release = unix_release,
};

static struct usock *usock_new(u32 type)
{
	struct usock *u = kalloc(sizeof *u);
	if (!u)
		return NULL;
	u->s.ops = &unix_ops;
	u->s.family = AF_UNIX;
	u->s.type = type;
	u->s.send_room = u->s.recv_room = ROOM;
	u->refs = 1;
	list_init(&u->queue);
	list_init(&u->backlog);
	list_init(&u->waiting);
	list_init(&u->work);
	waitq_init(&u->wait);
	waitq_init(&u->write_wait);
	list_add(&unix_all, &u->all);
	return u;
}

s64 unix_socket(u32 type, u32 protocol, struct socket **out)
{
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type == SOCK_RAW)
		type = SOCK_DGRAM;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	struct usock *u = usock_new(type);
	if (!u)
		return -ENOMEM;
	*out = &u->s;
	return 0;
}
