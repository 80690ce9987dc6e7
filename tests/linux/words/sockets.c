/* SPDX-License-Identifier: MIT */
/*
 * Words of calls on sockets.
 */
#include "probe.h"

#include <sys/uio.h>

/* Families have different types. */
static long socket_domain(u64 v)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET };
	long r = -EAFNOSUPPORT;

	for (int i = 0; i < 4 && (r == -EAFNOSUPPORT || r == -ESOCKTNOSUPPORT); i++)
		r = CALL(SYS_socket, v, types[i], 0);
	return r;
}

static long socketpair_domain(u64 v)
{
	int s[2];

	return CALL(SYS_socketpair, v, SOCK_DGRAM, 0, s);
}

static long socket_socktype(u64 v)
{
	return CALL(SYS_socket, AF_UNIX, v, 0);
}

static long socketpair_socktype(u64 v)
{
	int s[2];

	return CALL(SYS_socketpair, AF_UNIX, v, 0, s);
}

/* Nobody connects, and it does not wait. */
static long accept4_socktype(u64 v)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr name = { .sa_family = AF_UNIX };

	if (bind(s, &name, sizeof name.sa_family) != 0 || listen(s, 1) != 0)
		_exit(1);
	return CALL(SYS_accept4, s, NULL, NULL, v);
}

struct one {
	char byte;
	struct iovec io;
	struct mmsghdr m;
	int pair[2];
};

static void make(struct one *o)
{
	*o = (struct one){ .byte = 'x', .io = { &o->byte, 1 } };
	o->m.msg_hdr.msg_iov = &o->io;
	o->m.msg_hdr.msg_iovlen = 1;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, o->pair) != 0 || write(o->pair[1], "y", 1) != 1)
		_exit(1);
}

static long sendto_msg(u64 v)
{
	struct one o;

	make(&o);
	return CALL(SYS_sendto, o.pair[0], &o.byte, 1, v, NULL, 0);
}

static long sendmsg_msg(u64 v)
{
	struct one o;

	make(&o);
	return CALL(SYS_sendmsg, o.pair[0], &o.m.msg_hdr, v);
}

static long sendmmsg_msg(u64 v)
{
	struct one o;

	make(&o);
	return CALL(SYS_sendmmsg, o.pair[0], &o.m, 1, v);
}

static long recvfrom_msg(u64 v)
{
	struct one o;

	make(&o);
	return CALL(SYS_recvfrom, o.pair[0], &o.byte, 1, v, NULL, NULL);
}

static long recvmsg_msg(u64 v)
{
	struct one o;

	make(&o);
	return CALL(SYS_recvmsg, o.pair[0], &o.m.msg_hdr, v);
}

static long recvmmsg_msg(u64 v)
{
	struct one o;

	make(&o);
	return CALL(SYS_recvmmsg, o.pair[0], &o.m, 1, v, NULL);
}

static long shutdown_shutdown(u64 v)
{
	struct one o;

	make(&o);
	return CALL(SYS_shutdown, o.pair[0], v);
}

static long set(u64 level, u64 name)
{
	struct one o;
	int value[4] = { 1, 0, 0, 0 };

	make(&o);
	return CALL(SYS_setsockopt, o.pair[0], level, name, value, sizeof value);
}

static long get(u64 level, u64 name)
{
	struct one o;
	int value[64] = { 0 }, length = sizeof value;

	make(&o);
	return CALL(SYS_getsockopt, o.pair[0], level, name, value, &length);
}

static long setsockopt_level(u64 v)
{
	return set(v, SO_REUSEADDR);
}

static long getsockopt_level(u64 v)
{
	return get(v, SO_REUSEADDR);
}

static long setsockopt_sockopt(u64 v)
{
	return set(SOL_SOCKET, v);
}

static long getsockopt_sockopt(u64 v)
{
	return get(SOL_SOCKET, v);
}

const struct site socket_sites[] = {
	SITE(socket, domain), SITE(socketpair, domain), SITE(socket, socktype), SITE(socketpair, socktype), SITE(accept4, socktype),
	SITE(sendto, msg), SITE(sendmsg, msg), SITE(sendmmsg, msg), SITE(recvfrom, msg), SITE(recvmsg, msg), SITE(recvmmsg, msg),
	SITE(shutdown, shutdown), SITE(setsockopt, level), SITE(getsockopt, level), SITE(setsockopt, sockopt), SITE(getsockopt, sockopt),
	{ NULL, NULL, NULL },
};
