/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
static int m;
static void show(const char *what)
{
	char b[300];
	struct pollfd p = { m, POLLIN, 0 };
	usleep(30000);
	printf("%s:", what);
	while (poll(&p, 1, 50) > 0 && (p.revents & POLLIN)) {
		ssize_t n = read(m, b, sizeof b);
		for (ssize_t i = 0; i < n; i++)
			printf(b[i] < 32 || b[i] == 127 ? "<%d>" : "%c", b[i]);
	}
	printf("\n");
}
int main(void)
{
	m = posix_openpt(O_RDWR | O_NOCTTY);
	printf("open %d grant %d unlock %d\n", m >= 0, grantpt(m), unlockpt(m));
	int s = open(ptsname(m), O_RDWR | O_NOCTTY);
	printf("slave %d tty %d\n", s >= 0, isatty(s));
	write(m, "hello\n", 6);
	show("echo");
	char b[100];
	ssize_t n = read(s, b, 100);
	printf("line %zd\n", n);
	write(m, "abc\177d\025xy\n", 10);
	show("edit");
	n = read(s, b, 100);
	printf("got %.*s", (int)n, b);
	write(m, "\004", 1);
	printf("eof %zd\n", read(s, b, 100));
	write(s, "out\n", 4);
	show("onlcr");
	struct termios t;
	tcgetattr(s, &t);
	t.c_lflag &= ~(ICANON | ECHO | ISIG);
	t.c_oflag &= ~OPOST;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	tcsetattr(s, TCSANOW, &t);
	write(m, "q\003", 2);
	n = read(s, b, 100);
	printf("raw %zd %d %d\n", n, b[0], b[1]);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 1;
	tcsetattr(s, TCSANOW, &t);
	printf("timed %zd\n", read(s, b, 100));
	struct winsize w = { 30, 100, 0, 0 };
	ioctl(m, TIOCSWINSZ, &w);
	memset(&w, 0, sizeof w);
	ioctl(s, TIOCGWINSZ, &w);
	printf("size %d %d\n", w.ws_row, w.ws_col);
	t.c_lflag |= ICANON | ISIG;
	tcsetattr(s, TCSANOW, &t);
	fflush(stdout);
	pid_t p = fork();
	if (p == 0) {
		setsid();
		ioctl(s, TIOCSCTTY, 0);
		printf("fg %d\n", tcgetpgrp(s) == getpid());
		fflush(stdout);
		for (;;)
			pause();
	}
	usleep(100000);
	write(m, "\003", 1);
	int st;
	waitpid(p, &st, 0);
	printf("interrupted %d\n", WTERMSIG(st) == SIGINT);
	close(s);
	errno = 0;
	n = read(m, b, 100);
	R("master after close %d %d\n", n, errno == EIO);
	return 0;
}
