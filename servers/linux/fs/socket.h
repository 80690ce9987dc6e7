/* SPDX-License-Identifier: MIT */
/*
 * Sockets: what the calls (socket.c, sockopt.c, message.c) and the address families share.
 */
#pragma once
#include "poll.h"

enum { AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_NETLINK = 16, AF_INET6 = 10 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_TYPE = 0xf };
enum {
	MSG_OOB = 1,
	MSG_PEEK = 2,
	MSG_CTRUNC = 8,
	MSG_TRUNC = 0x20,
	MSG_DONTWAIT = 0x40,
	MSG_WAITALL = 0x100,
	MSG_NOSIGNAL = 0x4000,
	MSG_WAITFORONE = 0x10000,
	MSG_CMSG_CLOEXEC = 0x40000000,
};
enum { SOL_SOCKET = 1, SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };
enum { SHUT_RD, SHUT_WR, SHUT_RDWR };
enum { ADDRESS_MAX = 128, RIGHTS_MAX = 253 };

struct ucred {
	u32 pid, uid, gid;
};

/* Open files on their way with a message; each with a reference. */
struct rights {
	struct rights *next; /* to be freed */
	u32 count;
	struct file *file[];
};

/* What is sent, or was received. */
struct message {
	struct uio uio;
	u32 flags;     /* MSG_* given */
	u32 out_flags; /* MSG_* told */
	unsigned char address[ADDRESS_MAX];
	u32 address_len; /* 0: none */
	struct rights *rights;
	struct ucred cred;
	bool has_cred;
	bool want_control; /* the receiver has room for control data */
};

struct socket {
	const struct socket_ops *ops;
	struct file *file; /* whose state this is, while there is one; no reference */
	u32 family, type, protocol;
	u32 error;                /* SO_ERROR */
	u32 send_room, recv_room; /* SO_SNDBUF, SO_RCVBUF */
	u64 send_wait, recv_wait; /* SO_SNDTIMEO, SO_RCVTIMEO, ns; 0: for ever */
	u64 options;              /* bit SO_n: that option is on */
	u32 linger;
	bool pass_cred, listens;
};

struct socket_ops {
	s64 (*bind)(struct socket *s, const unsigned char *address, u32 len);
	s64 (*listen)(struct socket *s, u32 backlog);
	s64 (*accept)(struct socket *s, bool wait, struct socket **out);
	s64 (*connect)(struct socket *s, const unsigned char *address, u32 len, bool wait);
	s64 (*send)(struct socket *s, struct message *m, bool wait);
	s64 (*receive)(struct socket *s, struct message *m, bool wait);
	s64 (*shutdown)(struct socket *s, u32 how);
	s64 (*name)(struct socket *s, bool peer, unsigned char *to, u32 *len);
	bool (*peer)(struct socket *s, struct ucred *out);
	/* Options of other levels, and what is special; -ENOPROTOOPT: unknown. NULL: none. */
	s64 (*ioctl)(struct socket *s, u64 request, u64 arg);
	u32 (*poll)(struct socket *s, struct poll_table *pt);
	void (*release)(struct socket *s);
};

/* When a wait that began now must end. */
static inline u64 wait_end(u64 timeout)
{
	return timeout ? now_mono() + timeout : NO_DEADLINE;
}

/* The socket of a file; NULL: it is none. */
struct socket *file_socket(struct file *f);
/* An open file for a socket; the caller's on failure. */
struct file *socket_file(struct socket *s, u32 flags);
s64 unix_socket(u32 type, u32 protocol, struct socket **out);
s64 unix_pair(struct socket *a, struct socket *b);

/* Control data of a message (message.c). */
s64 control_get(struct task *t, struct message *m, u64 addr, u64 bytes);
/* Write it; *bytes: how many were. */
s64 control_put(struct task *t, struct message *m, u64 addr, u64 room, u64 *bytes);
void rights_free(struct rights *r);
struct rights *rights_copy(const struct rights *r);
