/* SPDX-License-Identifier: MIT */
/* Sockets of AF_UNIX: datagrams, packets, descriptors and identities that are passed, ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); } while (0)

static socklen_t name(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, strlen(path) + (path[0] != 0));
	if (path[0] == 0)
		memcpy(a->sun_path, "\0hidden", 7);
	return path[0] == 0 ? (socklen_t)offsetof(struct sockaddr_un, sun_path) + 7 : sizeof *a;
}

static int bound(int type, const char *path)
{
	struct sockaddr_un a;
	socklen_t n = name(&a, path);
	int s = socket(AF_UNIX, type, 0);

	E(bind(s, (struct sockaddr *)&a, n));
	return s;
}

static long send_to(int s, const char *path, const char *text)
{
	struct sockaddr_un a;
	socklen_t n = name(&a, path);

	return sendto(s, text, strlen(text), MSG_DONTWAIT, (struct sockaddr *)&a, n);
}

static void pass(int to, int fd, bool with_ids)
{
	char control[128] = "";
	struct iovec v = { "m", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c = (struct cmsghdr *)control;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = with_ids ? SCM_CREDENTIALS : SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(with_ids ? sizeof(struct ucred) : sizeof fd);
	m.msg_controllen = CMSG_SPACE(with_ids ? sizeof(struct ucred) : sizeof fd);
	if (with_ids)
		*(struct ucred *)CMSG_DATA(c) = (struct ucred){ getpid(), getuid(), getgid() };
	else
		*(int *)CMSG_DATA(c) = fd;
	E(sendmsg(to, &m, 0));
}

static int passed(int from, size_t room)
{
	char control[128], b[4];
	struct iovec v = { b, sizeof b };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room };
	int fd = -1;

	E(recvmsg(from, &m, MSG_CMSG_CLOEXEC));
	printf("flags %x, control %d", m.msg_flags, m.msg_controllen > 0);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		struct ucred *u = (struct ucred *)CMSG_DATA(c);

		printf(", type %d", c->cmsg_type);
		if (c->cmsg_type == SCM_CREDENTIALS)
			printf(" own %d uid %u", u->pid == getpid(), u->uid);
		else
			fd = *(int *)CMSG_DATA(c);
	}
	printf("\n");
	return fd;
}

int main(void)
{
	char b[100];
	int p[2], q[2], on = 1, n;
	struct sockaddr_un from;
	socklen_t len = sizeof from;

	signal(SIGPIPE, SIG_IGN);
	int a = bound(SOCK_DGRAM, "a"), c = bound(SOCK_DGRAM, "c"), h = bound(SOCK_DGRAM, "");
	bound(SOCK_DGRAM, "a");
	E(send_to(a, "c", "hello"));
	E(send_to(a, "c", ""));
	E(send_to(a, "nosuch", "x"));
	E(send_to(a, "", "hidden"));
	E(recvfrom(c, b, 3, MSG_TRUNC, (struct sockaddr *)&from, &len));
	printf("%s %d\n", from.sun_path, (int)(len > 2));
	E(recv(c, b, 10, 0));
	E(recv(c, b, 10, MSG_DONTWAIT));
	E(recv(h, b, 10, MSG_PEEK));
	E(recv(h, b, 10, 0));
	len = sizeof from;
	E(getsockname(h, (struct sockaddr *)&from, &len));
	printf("%d %d %s\n", (int)len, from.sun_path[0], from.sun_path + 1);
	name(&from, "c");
	E(connect(a, (struct sockaddr *)&from, sizeof from));
	E(send(a, "to c", 4, 0));
	E(send_to(h, "a", "not its peer"));
	E(recv(c, b, 100, 0));
	close(c);
	E(send(a, "x", 1, 0));
	E(send(socket(AF_UNIX, SOCK_DGRAM, 0), "x", 1, 0));
	for (n = 0; send_to(h, "", "fill") > 0; n++)
		;
	E(n > 5 && n < 2000);
	E(errno == EAGAIN);

	E(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
	E(send(p[0], "packet", 6, 0));
	E(send(p[0], "second", 6, MSG_EOR));
	E(recv(p[1], b, 3, 0));
	E(recv(p[1], b, 100, 0));
	E(shutdown(p[0], SHUT_WR));
	E(recv(p[1], b, 100, 0));
	E(send(p[1], "back", 4, 0));
	E(send(p[0], "x", 1, MSG_NOSIGNAL));
	close(p[1]);
	E(recv(p[0], b, 100, 0));
	E(recv(p[0], b, 100, 0));

	E(socketpair(AF_UNIX, SOCK_STREAM, 0, q));
	pass(q[0], open("/dev/zero", O_RDONLY), false);
	n = passed(q[1], sizeof b);
	E(read(n, b, 5));
	E(fcntl(n, F_GETFD));
	pass(q[0], 0, false);
	passed(q[1], 0);
	pass(q[0], 99, false);
	E(setsockopt(q[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	pass(q[0], 0, true);
	passed(q[1], sizeof b);
	write(q[0], "y", 1);
	passed(q[1], sizeof b);
	struct ucred u;
	len = sizeof u;
	E(getsockopt(q[0], SOL_SOCKET, SO_PEERCRED, &u, &len) == 0 && u.pid == getpid());
	len = sizeof n;
	E(getsockopt(q[0], SOL_SOCKET, SO_TYPE, &n, &len) == 0 && n == SOCK_STREAM);
	E(getsockopt(q[0], SOL_SOCKET, SO_ERROR, &n, &len) == 0 && n == 0);
	/* It is not everywhere. */
	setsockopt(q[0], SOL_SOCKET, SO_PASSSEC, &on, sizeof on);
	E(getsockopt(q[0], SOL_SOCKET, SO_REUSEADDR, &n, &len) == 0 && n == 0);
	E(getsockopt(q[0], SOL_SOCKET, SO_ACCEPTCONN, &n, &len) == 0 && n == 0);
	struct timeval tv = { 0, 50000 };
	E(setsockopt(q[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
	E(recv(q[1], b, 1, 0));
	E(write(q[0], "abcdef", 6));
	E(recv(q[1], b, 6, MSG_PEEK));
	E(recv(q[1], b, 4, MSG_WAITALL));
	struct pollfd pf = { .fd = q[1], .events = POLLIN | POLLOUT | POLLRDHUP };
	E(poll(&pf, 1, 0));
	printf("%x\n", pf.revents);
	close(q[0]);
	poll(&pf, 1, 0);
	printf("%x\n", pf.revents);
	E(recv(q[1], b, 100, 0));
	E(recv(q[1], b, 100, 0));
	E(send(q[1], "x", 1, MSG_NOSIGNAL));
	E(listen(q[1], 1));
	E(accept(a, NULL, NULL));
	E(socket(AF_UNIX, 99, 0));
	E(socket(77, SOCK_STREAM, 0));
	E(socket(AF_UNIX, SOCK_STREAM, 5));
	E(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&from, 1));
	name(&from, "a");
	E(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&from, sizeof from));
	return 0;
}
