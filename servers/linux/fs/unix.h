/* SPDX-License-Identifier: MIT */
/*
 * Sockets of AF_UNIX: what their files share.
 */
#pragma once
#include "socket.h"

enum { SHUT_RECEIVE = 1, SHUT_SEND = 2, UNIX_PATH = 108 };

/* A name that a socket was bound to. */
struct unix_name {
	u32 refs, len;          /* of address, as bind has it */
	struct unix_name *next; /* of the hash chain: abstract names */
	struct usock *sock;     /* bound to it; no reference */
	struct inode *inode;    /* of a path; with a reference */
	unsigned char address[2 + UNIX_PATH + 1];
};

struct unix_message {
	struct list link;
	u64 bytes, taken;
	struct rights *rights;
	struct ucred cred;
	struct unix_name *from; /* with a reference; NULL: no name */
	bool paged;             /* the bytes lie in pages */
	union {
		char data[1];
		page_t page[1];
	};
};

struct usock {
	struct socket s;
	u32 refs;
	bool dead;   /* its file was closed */
	bool embryo; /* it ends without having been accepted */
	bool connected;
	u32 shut;           /* SHUT_RECEIVE, SHUT_SEND */
	struct usock *peer; /* with a reference */
	struct unix_name *name;
	struct list queue; /* of messages that came */
	u32 messages;
	u64 charge;        /* what they count */
	struct waitq wait; /* something came, or ended */
	struct waitq
		write_wait; /* there is room for what it sends; in a listener: for those who connect */
	struct list backlog, waiting; /* sockets not accepted yet; place in such a list */
	u32 backlog_len, backlog_max;
	struct ucred cred; /* of the peer, for SO_PEERCRED; of a listener, its own */
	struct list all;   /* unix_gc.c */
	struct list work;
	u32 flying;
	bool marked;
};

static inline struct usock *usock_of(struct socket *s)
{
	return container_of(s, struct usock, s);
}

void usock_get(struct usock *u);
void usock_put(struct usock *u);

/* Names (unix_name.c). */
s64 unix_bind(struct socket *s, const unsigned char *address, u32 len);
/* The socket that has this name, with a reference. */
s64 unix_find(const unsigned char *address, u32 len, struct usock **out);
void unix_name_put(struct unix_name *n);
void unix_unbind(struct usock *u);

/* Messages (unix_queue.c). */
struct unix_message *unix_message_new(struct usock *from, struct message *m, u64 bytes, s64 *error);
void unix_message_free(struct unix_message *q);
/* Bytes of it, from `at` on, to the receiver. */
s64 unix_message_put(const struct unix_message *q, struct uio *to, u64 at, u64 bytes);
void unix_append(struct usock *to, struct unix_message *q);
void unix_take(struct usock *u, struct unix_message *q);
void unix_purge(struct usock *u); /* all that came is lost */
u64 unix_charge(u64 bytes);

s64 unix_send(struct socket *s, struct message *m, bool wait);
s64 unix_receive(struct socket *s, struct message *m, bool wait);

/* Sockets that only messages hold (unix_gc.c). */
extern struct list unix_all;
/* Files begin, or end, to be on their way. False: too many. */
bool unix_fly(const struct rights *r);
void unix_landed(const struct rights *r);
void unix_collect(bool now);
