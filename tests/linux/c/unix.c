/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
static int send_fd(int s, int fd)
{
	char c = 'f', ctl[CMSG_SPACE(sizeof fd)] = "";
	struct iovec io = { &c, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(h), &fd, sizeof fd);
	return sendmsg(s, &m, 0);
}
static int recv_fd(int s)
{
	char c, ctl[CMSG_SPACE(sizeof(int))];
	struct iovec io = { &c, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl };
	if (recvmsg(s, &m, 0) != 1)
		return -1;
	int fd;
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (!h)
		return -2;
	memcpy(&fd, CMSG_DATA(h), sizeof fd);
	return fd;
}
int main(void)
{
	int s[2];
	char b[100] = "";
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	write(s[0], "hello", 5);
	write(s[0], " there", 6);
	printf("stream %zd %s\n", read(s[1], b, 99), b);
	printf("peek %zd", recv(s[1], b, 9, MSG_DONTWAIT | MSG_PEEK));
	printf(" %d\n", errno == EAGAIN);
	shutdown(s[0], SHUT_WR);
	printf("eof %zd\n", read(s[1], b, 9));
	write(s[1], "back", 4);
	memset(b, 0, sizeof b);
	printf("other way %zd %s\n", read(s[0], b, 9), b);
	int d[2];
	socketpair(AF_UNIX, SOCK_DGRAM, 0, d);
	send(d[0], "one", 3, 0);
	send(d[0], "second", 6, 0);
	printf("dgram %zd", recv(d[1], b, 99, 0));
	printf(" %zd\n", recv(d[1], b, 2, MSG_TRUNC));
	int l = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	printf("bind %d", bind(l, (void *)&a, sizeof a));
	printf(" listen %d\n", listen(l, 5));
	int again = socket(AF_UNIX, SOCK_STREAM, 0);
	R("inuse %d %d\n", bind(again, (void *)&a, sizeof a), errno == EADDRINUSE);
	fflush(stdout);
	if (fork() == 0) {
		int c = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(c, (void *)&a, sizeof a))
			perror("connect");
		int fd = open("/etc/hostname", O_RDONLY);
		send_fd(c, fd);
		read(c, b, 1);
		_exit(0);
	}
	int c = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	int fd = recv_fd(c);
	memset(b, 0, sizeof b);
	printf("passed %d", fd >= 0);
	printf(" %zd %s", read(fd, b, 50), b);
	struct ucred cr;
	socklen_t n = sizeof cr;
	getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cr, &n);
	printf("cred %d %d\n", cr.uid == getuid(), cr.pid > 0);
	write(c, "x", 1);
	wait(NULL);
	struct pollfd p = { c, POLLIN, 0 };
	printf("hup %d %d\n", poll(&p, 1, 1000), (p.revents & POLLHUP) != 0);
	int ab = socket(AF_UNIX, SOCK_DGRAM, 0), ab2 = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un x = { .sun_family = AF_UNIX, .sun_path = "\0abstract" };
	printf("abstract %d", bind(ab, (void *)&x, 2 + 9));
	printf(" %zd", sendto(ab2, "abc", 3, 0, (void *)&x, 2 + 9));
	printf(" %zd\n", recv(ab, b, 9, 0));
	unlink("sock");
	printf("refused %d", connect(again, (void *)&a, sizeof a));
	printf(" %d\n", errno == ENOENT);
	int q[2];
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, q);
	write(q[0], "ab", 2);
	write(q[0], "cde", 3);
	printf("seq %zd", read(q[1], b, 99));
	printf(" %zd\n", read(q[1], b, 99));
	printf("inet %d\n", socket(AF_UNIX, 77, 0));
	return 0;
}
