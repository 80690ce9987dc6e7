/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
int main(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), e = eventfd(0, EFD_NONBLOCK), p[2];
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 11 }, out[4];
	pipe(p);
	printf("add %d\n", epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
	R("twice %d %d\n", epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev), errno == EEXIST);
	printf("none %d\n", epoll_wait(ep, out, 4, 0));
	eventfd_write(e, 3);
	printf("one %d data %d\n", epoll_wait(ep, out, 4, -1), (int)out[0].data.u64);
	printf("level %d\n", epoll_wait(ep, out, 4, 0));
	eventfd_t v;
	eventfd_read(e, &v);
	printf("value %d then %d\n", (int)v, epoll_wait(ep, out, 4, 0));
	ev.events = EPOLLIN | EPOLLET;
	ev.data.u64 = 12;
	epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev);
	write(p[1], "a", 1);
	printf("edge %d", epoll_wait(ep, out, 4, 0));
	printf(" %d", epoll_wait(ep, out, 4, 0));
	write(p[1], "b", 1);
	printf(" %d\n", epoll_wait(ep, out, 4, 0));
	ev.events = EPOLLIN | EPOLLONESHOT;
	epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev);
	printf("oneshot %d", epoll_wait(ep, out, 4, 0));
	printf(" %d\n", epoll_wait(ep, out, 4, 0));
	close(p[1]);
	ev.events = EPOLLIN;
	epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev);
	printf("hup %d %x\n", epoll_wait(ep, out, 4, 0), out[0].events);
	printf("del %d %d\n", epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), epoll_wait(ep, out, 4, 0));
	int t = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec its = { { 0, 10000000 }, { 0, 10000000 } };
	timerfd_settime(t, 0, &its, NULL);
	ev.data.u64 = 13;
	epoll_ctl(ep, EPOLL_CTL_ADD, t, &ev);
	printf("timer %d %d\n", epoll_wait(ep, out, 4, 2000), (int)out[0].data.u64);
	usleep(35000);
	unsigned long ticks;
	read(t, &ticks, 8);
	printf("ticks %d\n", ticks >= 3);
	epoll_ctl(ep, EPOLL_CTL_DEL, t, NULL);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int s = signalfd(-1, &set, SFD_NONBLOCK);
	ev.data.u64 = 14;
	epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev);
	printf("signal %d", epoll_wait(ep, out, 4, 0));
	raise(SIGUSR1);
	printf(" %d", epoll_wait(ep, out, 4, 0));
	struct signalfd_siginfo si;
	printf(" %zd %d\n", read(s, &si, sizeof si), si.ssi_signo == SIGUSR1);
	R("nest self %d %d\n", epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), errno == EINVAL);
	R("file %d %d\n", epoll_ctl(ep, EPOLL_CTL_ADD, 1000, &ev), errno == EBADF);
	int sem = eventfd(2, EFD_SEMAPHORE);
	eventfd_read(sem, &v);
	printf("sem %d", (int)v);
	eventfd_read(sem, &v);
	printf(" %d\n", (int)v);
	return 0;
}
