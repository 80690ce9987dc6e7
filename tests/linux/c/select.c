/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
static void on(int s) { (void)s; }
int main(void)
{
	int p[2], q[2];
	fd_set r, w;
	pipe(p);
	pipe(q);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(p[0], &r);
	FD_SET(q[1], &w);
	struct timeval tv = { 0, 10000 };
	printf("select %d r %d w %d\n", select(20, &r, &w, NULL, &tv), FD_ISSET(p[0], &r) != 0, FD_ISSET(q[1], &w) != 0);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	tv.tv_usec = 10000;
	printf("timeout %d\n", select(20, &r, NULL, NULL, &tv));
	if (fork() == 0) { usleep(20000); write(p[1], "x", 1); _exit(0); }
	FD_SET(p[0], &r);
	printf("ready %d\n", select(20, &r, NULL, NULL, NULL));
	wait(NULL);
	FD_ZERO(&r);
	FD_SET(33, &r);
	R("bad %d %d\n", select(34, &r, NULL, NULL, NULL), errno == EBADF);
	struct pollfd f[3] = { { p[0], POLLIN, 0 }, { 77, POLLIN, 0 }, { -1, POLLIN, 0 } };
	printf("poll %d %d %d %d\n", poll(f, 3, 0), f[0].revents, f[1].revents, f[2].revents);
	signal(SIGALRM, on);
	sigset_t block, empty;
	sigemptyset(&empty);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGALRM);
	struct timespec ts = { 5, 0 };
	f[0].fd = q[0];
	R("ppoll %d %d\n", ppoll(f, 1, &ts, &empty), errno == EINTR);
	raise(SIGALRM);
	FD_ZERO(&r);
	FD_SET(q[0], &r);
	R("pselect %d %d\n", pselect(20, &r, NULL, NULL, &ts, &empty), errno == EINTR);
	return 0;
}
