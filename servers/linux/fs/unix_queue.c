/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX: messages; sending and receiving.
 *
 * A message is made whole before it is put in the queue of the receiver, so whatever sleeps on
 * the sender's memory disturbs nobody.  Readers of one socket take turns.
 */
#include "unix.h"

enum { SMALL = 2048, PIECE = 32768, MESSAGE_COST = 768, UNKNOWN_MOST = 10, ETOOMANYREFS = 109 };

/* What all messages count: at most a quarter of the memory. */
static u64 charged;

u64 unix_charge(u64 bytes)
{
	return bytes + MESSAGE_COST;
}

static u64 page_count(u64 bytes)
{
	return (bytes + PAGE - 1) / PAGE;
}

void unix_message_free(struct unix_message *q)
{
	if (q->rights) {
		unix_landed(q->rights);
		rights_free(q->rights);
	}
	for (u64 i = 0; q->paged && i < page_count(q->bytes); i++)
		if (q->page[i])
			page_put(q->page[i]);
	if (q->from)
		unix_name_put(q->from);
	kfree(q);
}

/* The sender's bytes into the message. */
static s64 fill(struct unix_message *q, struct uio *from)
{
	if (!q->paged) {
		s64 r = uio_get(from, q->data, q->bytes);
		return r < 0 ? r : (u64)r < q->bytes ? -EFAULT : 0;
	}
	for (u64 at = 0; at < q->bytes; at += PAGE) {
		u64 n = min64(PAGE, q->bytes - at);
		page_t p = page_new(false);
		if (!p)
			return -ENOBUFS;
		q->page[at / PAGE] = p;
		s64 r = uio_get(from, page_data(p), n);
		if (r < 0 || (u64)r < n)
			return -EFAULT;
	}
	return 0;
}

struct unix_message *unix_message_new(struct usock *from, struct message *m, u64 bytes, s64 *error)
{
	bool paged = bytes > SMALL;
	const struct task *t = current();
	u64 room = paged ? page_count(bytes) * sizeof(page_t) : bytes;
	*error = -ENOBUFS;
	if (!may_have(charged + bytes, pages_total() * PAGE / 4))
		return NULL;
	struct unix_message *q = kalloc(sizeof *q + room);
	if (!q)
		return NULL;
	q->bytes = bytes;
	q->paged = paged;
	q->from = from->name;
	if (q->from)
		q->from->refs++;
	q->cred = m->has_cred ? m->cred : (struct ucred){ t->process->pid, t->ids.uid, t->ids.gid };
	*error = fill(q, &m->uio);
	if (*error == 0 && m->rights) {
		if (unix_fly(m->rights)) {
			q->rights = m->rights;
			m->rights = NULL;
		} else {
			*error = -ETOOMANYREFS;
		}
	}
	if (*error == 0)
		return q;
	unix_message_free(q);
	return NULL;
}

s64 unix_message_put(const struct unix_message *q, struct uio *to, u64 at, u64 bytes)
{
	if (!q->paged)
		return uio_put(to, q->data + at, bytes);
	u64 done = 0;
	while (done < bytes) {
		u64 off = (at + done) % PAGE, n = min64(PAGE - off, bytes - done);
		s64 r = uio_put(to, (const char *)page_data(q->page[(at + done) / PAGE]) + off, n);
		if (r <= 0)
			return done ? (s64)done : r;
		done += (u64)r;
		if ((u64)r < n)
			break;
	}
	return (s64)done;
}

void unix_append(struct usock *to, struct unix_message *q)
{
	list_add(&to->queue, &q->link);
	to->messages++;
	to->charge += unix_charge(q->bytes);
	charged += unix_charge(q->bytes);
	if (!list_empty(&to->wait.waiters))
		wake_all(&to->wait, POLLIN | POLLRDNORM);
}

/* Out of the queue: those who wait for room are told. */
void unix_take(struct usock *u, struct unix_message *q)
{
	list_del(&q->link);
	u->messages--;
	u->charge -= unix_charge(q->bytes);
	charged -= unix_charge(q->bytes);
	if (u->s.type == SOCK_DGRAM && !list_empty(&u->write_wait.waiters))
		wake_all(&u->write_wait, POLLOUT | POLLWRNORM);
	struct usock *p = u->peer;
	if (p && !list_empty(&p->write_wait.waiters))
		wake_all(&p->write_wait, POLLOUT | POLLWRNORM);
}

/* What happened to the socket, told once. */
static s64 pending_error(struct usock *u)
{
	s64 e = -(s64)u->s.error;
	u->s.error = 0;
	return e;
}

/* --- sending -------------------------------------------------------------------------- */

static s64 broken(const struct usock *u, const struct message *m)
{
	if (u->s.type == SOCK_STREAM && !(m->flags & MSG_NOSIGNAL))
		signal_task(current(), SIGPIPE, NULL);
	return -EPIPE;
}

static s64 send_connected(struct usock *u, struct message *m, bool wait)
{
	bool packets = u->s.type == SOCK_SEQPACKET;
	u64 deadline = wait_end(u->s.send_wait), done = 0;
	struct usock *to = u->peer;
	s64 r = 0;
	if (packets && u->s.error)
		return pending_error(u);
	if (m->address_len && !packets)
		return u->connected ? -EISCONN : -EOPNOTSUPP;
	if (!to)
		return -ENOTCONN;
	if (u->shut & SHUT_SEND)
		return broken(u, m);
	if (packets && m->uio.left > u->s.send_room)
		return -EMSGSIZE;
	while (m->uio.left || (packets && !done && r == 0)) {
		if ((u->shut & SHUT_SEND) || to->dead || (to->shut & SHUT_RECEIVE)) {
			r = done ? 0 : broken(u, m);
			break;
		}
		if (to->charge >= u->s.send_room) {
			r = wait ? wait_on(&u->write_wait, deadline, 0) : -EAGAIN;
			if (r < 0) {
				r = r == -ETIMEDOUT ? -EAGAIN : restartable(r);
				break;
			}
			continue;
		}
		u64 n = packets ? m->uio.left : min64(m->uio.left, PIECE);
		struct unix_message *q = unix_message_new(u, m, n, &r);
		if (!q)
			break;
		if (to->dead || (to->shut & SHUT_RECEIVE)) {
			unix_message_free(q);
			continue;
		}
		unix_append(to, q);
		done += n;
		if (packets)
			break;
	}
	return done ? (s64)done : r;
}

/* Where a datagram goes, with a reference. */
static s64 target(struct usock *u, struct message *m, struct usock **to)
{
	if (m->address_len)
		return unix_find(m->address, m->address_len, to);
	if (!u->peer)
		return -ENOTCONN;
	*to = u->peer;
	usock_get(*to);
	return 0;
}

void unix_purge(struct usock *u)
{
	while (!list_empty(&u->queue)) {
		struct unix_message *q = container_of(u->queue.next, struct unix_message, link);
		unix_take(u, q);
		unix_message_free(q);
	}
}

static s64 refuses(struct usock *u, struct usock *to, const struct message *m)
{
	if (to->s.type != SOCK_DGRAM)
		return -EPROTOTYPE;
	if (to->dead) {
		if (u->peer == to && !m->address_len) {
			u->peer = NULL;
			u->connected = false;
			usock_put(to);
			unix_purge(u); /* as Linux does */
		}
		return -ECONNREFUSED;
	}
	if (to->peer && to->peer != u)
		return -EPERM;
	return to->shut & SHUT_RECEIVE ? -EPIPE : 0;
}

static s64 send_datagram(struct usock *u, struct message *m, bool wait)
{
	u64 deadline = wait_end(u->s.send_wait), bytes = m->uio.left;
	struct usock *to;
	if (bytes > u->s.send_room)
		return -EMSGSIZE;
	if (u->shut & SHUT_SEND)
		return broken(u, m);
	s64 r = target(u, m, &to);
	if (r < 0)
		return r;
	struct unix_message *q = unix_message_new(u, m, bytes, &r);
	while (q && (r = refuses(u, to, m)) == 0) {
		bool full = to->charge >= u->s.send_room ||
			    (to->peer != u && to != u && to->messages > UNKNOWN_MOST);
		if (!full) {
			unix_append(to, q);
			q = NULL;
			r = (s64)bytes;
			break;
		}
		struct waitq *room = to->peer == u ? &u->write_wait : &to->write_wait;
		r = wait ? wait_on(room, deadline, 0) : -EAGAIN;
		if (r < 0) {
			r = r == -ETIMEDOUT ? -EAGAIN : restartable(r);
			break;
		}
	}
	if (q) {
		unix_message_free(q);
		if (r == -EPIPE)
			r = broken(u, m);
	}
	usock_put(to);
	return r;
}

s64 unix_send(struct socket *s, struct message *m, bool wait)
{
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	return s->type == SOCK_DGRAM ? send_datagram(usock_of(s), m, wait)
				     : send_connected(usock_of(s), m, wait);
}

/* --- receiving ---------------------------------------------------------------------------- */

/* With the lock: until there is a message; 0: the end. */
static s64 wait_message(struct usock *u, struct inode *lock, bool wait, u64 deadline)
{
	while (list_empty(&u->queue)) {
		if (!wait && u->s.type == SOCK_DGRAM)
			return -EAGAIN;
		if (u->s.error)
			return pending_error(u);
		if (u->shut & SHUT_RECEIVE)
			return 0;
		if (!wait)
			return -EAGAIN;
		inode_unlock(lock);
		s64 r = wait_on(&u->wait, deadline, 0);
		inode_lock(lock);
		if (r < 0 && list_empty(&u->queue))
			return r == -ETIMEDOUT ? -EAGAIN : restartable(r);
	}
	return 1;
}

static struct unix_message *message_at(struct list *l)
{
	return container_of(l, struct unix_message, link);
}

/* What goes along with a message. */
static void along(struct usock *u, struct message *m, struct unix_message *q)
{
	bool peek = m->flags & MSG_PEEK;
	if (u->s.pass_cred && !m->has_cred) {
		m->cred = q->cred;
		m->has_cred = true;
	}
	if (!q->rights)
		return;
	if (peek) {
		m->rights = rights_copy(q->rights);
		return;
	}
	unix_landed(q->rights);
	m->rights = q->rights;
	q->rights = NULL;
}

static s64 receive_packet(struct usock *u, struct message *m, bool wait)
{
	struct inode *lock = u->s.file->inode;
	if (u->s.error)
		return pending_error(u);
	inode_lock(lock);
	s64 r = wait_message(u, lock, wait, wait_end(u->s.recv_wait));
	if (r > 0) {
		struct unix_message *q = message_at(u->queue.next);
		u64 n = min64(q->bytes, m->uio.left);
		if (!(m->flags & MSG_PEEK))
			unix_take(u, q);
		along(u, m, q);
		if (q->from) {
			memcpy(m->address, q->from->address, q->from->len);
			m->address_len = q->from->len;
		} else if (u->s.type == SOCK_DGRAM) {
			m->address_len = 0;
		}
		r = n ? unix_message_put(q, &m->uio, 0, n) : 0;
		if (q->bytes > n)
			m->out_flags |= MSG_TRUNC;
		if (r >= 0)
			r = (s64)(m->flags & MSG_TRUNC ? q->bytes : n);
		if (!(m->flags & MSG_PEEK))
			unix_message_free(q);
	}
	inode_unlock(lock);
	return r;
}

/* May the bytes of q follow, in one call, those of a message with these credentials? */
static bool glued(const struct usock *u, const struct message *m, const struct unix_message *q)
{
	return !(u->s.pass_cred && memcmp(&m->cred, &q->cred, sizeof q->cred) != 0);
}

static s64 stream_bytes(struct usock *u, struct message *m, struct list **at, u64 *done)
{
	struct unix_message *q = message_at(*at);
	bool peek = m->flags & MSG_PEEK;
	u64 n = min64(q->bytes - q->taken, m->uio.left);
	along(u, m, q);
	s64 r = unix_message_put(q, &m->uio, q->taken, n);
	if (r < 0)
		return r;
	*done += (u64)r;
	*at = (*at)->next;
	if (peek)
		return r;
	q->taken += (u64)r;
	if (q->taken == q->bytes) {
		unix_take(u, q);
		unix_message_free(q);
	}
	*at = u->queue.next;
	return r;
}

static s64 receive_stream(struct usock *u, struct message *m, bool wait)
{
	struct inode *lock = u->s.file->inode;
	u64 deadline = wait_end(u->s.recv_wait), done = 0;
	s64 r = 1;
	if (!u->connected)
		return -EINVAL;
	inode_lock(lock);
	if (m->uio.left == 0) { /* waits as others do, and then takes nothing */
		r = wait_message(u, lock, wait, deadline);
		inode_unlock(lock);
		return r < 0 ? r : 0;
	}
	struct list *at = u->queue.next;
	while (m->uio.left) {
		if (at == &u->queue) {
			bool more = (m->flags & MSG_WAITALL) && !(m->flags & MSG_PEEK);
			if (done && !more)
				break;
			r = wait_message(u, lock, wait, deadline);
			if (r <= 0)
				break;
			at = u->queue.next;
		}
		if (done && !glued(u, m, message_at(at)))
			break;
		r = stream_bytes(u, m, &at, &done);
		if (r < 0 || m->rights)
			break;
	}
	inode_unlock(lock);
	return done ? (s64)done : r;
}

s64 unix_receive(struct socket *s, struct message *m, bool wait)
{
	struct usock *u = usock_of(s);
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (s->type == SOCK_STREAM)
		return receive_stream(u, m, wait);
	if (s->type == SOCK_SEQPACKET && !u->connected)
		return -ENOTCONN;
	return receive_packet(u, m, wait);
}
