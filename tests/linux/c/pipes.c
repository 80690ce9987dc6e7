/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
int main(void)
{
	int p[2];
	char buf[70000];
	signal(SIGPIPE, SIG_IGN);
	pipe2(p, O_NONBLOCK);
	R("empty %d %d\n", read(p[0], buf, 1), errno == EAGAIN);
	long n, total = 0;
	memset(buf, 'a', sizeof buf);
	while ((n = write(p[1], buf, 4096)) > 0)
		total += n;
	R("full %d %d\n", total, errno == EAGAIN);
	int avail;
	ioctl(p[0], FIONREAD, &avail);
	printf("fionread %d size %d\n", avail, fcntl(p[0], F_GETPIPE_SZ));
	struct pollfd f[2] = { { p[0], POLLIN, 0 }, { p[1], POLLOUT, 0 } };
	printf("poll %d %d %d\n", poll(f, 2, 0), f[0].revents, f[1].revents);
	read(p[0], buf, 4096);
	printf("poll %d %d %d\n", poll(f, 2, 0), f[0].revents, f[1].revents);
	total = 0;
	while ((n = read(p[0], buf, 10000)) > 0)
		total += n;
	printf("drained %ld\n", total);
	close(p[1]);
	f[0].revents = 0;
	printf("hup %d %d\n", poll(f, 1, 0), f[0].revents);
	printf("eof %zd\n", read(p[0], buf, 10));
	pipe(p);
	close(p[0]);
	R("epipe %d %d\n", write(p[1], "x", 1), errno == EPIPE);
	signal(SIGPIPE, SIG_DFL);
	int st;
	if (fork() == 0) { write(p[1], "x", 1); _exit(0); }
	wait(&st);
	printf("sigpipe %d\n", WTERMSIG(st) == SIGPIPE);
	pipe(p);
	if (fork() == 0) {
		for (int i = 0; i < 50; i++)
			write(p[1], buf, 3000);
		_exit(0);
	}
	close(p[1]);
	total = 0;
	while ((n = read(p[0], buf, sizeof buf)) > 0)
		total += n;
	printf("through %ld\n", total);
	R("seek %d %d\n", (long)lseek(p[0], 0, SEEK_SET), errno == ESPIPE);
	return 0;
}
