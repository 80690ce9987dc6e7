/* SPDX-License-Identifier: MIT */
/* Timers: of processes, as descriptors, sleeping. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); } while (0)

static volatile int count, value, overrun;
static timer_t timer;

static void on(int n, siginfo_t *i, void *c)
{
	(void)n;
	(void)c;
	count++;
	value = i->si_value.sival_int;
	if (i->si_code == SI_TIMER)
		overrun += timer_getoverrun(timer);
}

static struct itimerspec in_ms(long first, long then)
{
	return (struct itimerspec){ { then / 1000, then % 1000 * 1000000 }, { first / 1000, first % 1000 * 1000000 } };
}

static long ms(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wait_ms(long n)
{
	long end = ms(CLOCK_MONOTONIC) + n;

	while (ms(CLOCK_MONOTONIC) < end)
		poll(NULL, 0, 1);
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = on, .sa_flags = SA_SIGINFO };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 42 };
	struct itimerspec s;
	uint64_t n = 0;

	sigaction(SIGRTMIN + 1, &a, NULL);
	sigaction(SIGALRM, &a, NULL);
	sigaction(SIGVTALRM, &a, NULL);
	E(timer_create(CLOCK_MONOTONIC, &e, &timer));
	s = in_ms(50, 0);
	E(timer_settime(timer, 0, &s, NULL));
	wait_ms(150);
	E(count == 1 && value == 42);
	s = in_ms(10, 10);
	count = 0;
	long before = ms(CLOCK_MONOTONIC);
	E(timer_settime(timer, 0, &s, NULL));
	wait_ms(300);
	long rung = count + overrun, due = (ms(CLOCK_MONOTONIC) - before) / 10;
	E(rung >= due - 3 && rung <= due + 3);
	E(timer_gettime(timer, &s));
	E(s.it_interval.tv_nsec == 10000000 && s.it_value.tv_sec == 0 && s.it_value.tv_nsec > 0);
	sigset_t m, old;
	sigemptyset(&m);
	sigaddset(&m, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &m, &old);
	count = overrun = 0;
	wait_ms(200);
	sigprocmask(SIG_SETMASK, &old, NULL);
	E(count <= 3 && overrun >= 8);
	E(timer_delete(timer));
	E(timer_delete(timer));
	E(timer_create(99, &e, &timer));
	e.sigev_signo = 99;
	E(timer_create(CLOCK_REALTIME, &e, &timer));
	e.sigev_notify = SIGEV_NONE;
	E(timer_create(CLOCK_REALTIME, &e, &timer));
	s = in_ms(100000, 0);
	E(timer_settime(timer, 0, &s, NULL));
	E(timer_gettime(timer, &s) == 0 && s.it_value.tv_sec >= 98 && s.it_value.tv_sec <= 100);
	s.it_value.tv_nsec = 1000000000;
	E(timer_settime(timer, 0, &s, NULL));
	clock_gettime(CLOCK_REALTIME, &s.it_value);
	s.it_value.tv_sec -= 5;
	E(timer_settime(timer, TIMER_ABSTIME, &s, NULL));
	E(timer_delete(timer));

	int f = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	E(read(f, &n, 8));
	s = in_ms(30, 20);
	E(timerfd_settime(f, 0, &s, NULL));
	struct pollfd p = { .fd = f, .events = POLLIN };
	E(poll(&p, 1, 5000));
	E(p.revents);
	wait_ms(150);
	E(read(f, &n, 8));
	E(n >= 4);
	E(read(f, &n, 4));
	E(timerfd_gettime(f, &s) == 0 && s.it_interval.tv_nsec == 20000000);
	s = in_ms(0, 0);
	E(timerfd_settime(f, 0, &s, NULL));
	E(poll(&p, 1, 60));
	E(timerfd_settime(f, 77, &s, NULL));
	E(timerfd_settime(0, 0, &s, NULL));
	E(timerfd_create(CLOCK_MONOTONIC, 1));
	E(timerfd_create(77, 0));

	struct itimerval v = { { 0, 20000 }, { 0, 20000 } }, o;
	count = 0;
	E(setitimer(ITIMER_REAL, &v, NULL));
	wait_ms(200);
	E(getitimer(ITIMER_REAL, &o) == 0 && o.it_interval.tv_usec == 20000);
	E(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, &o));
	E(count >= 3);
	E(setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 1000000 }, { 0, 0 } }, NULL));
	E(setitimer(7, &v, NULL));
	E(alarm(100));
	E(alarm(0) >= 99);
	count = 0;
	E(setitimer(ITIMER_VIRTUAL, &(struct itimerval){ .it_value.tv_usec = 20000 }, NULL));
	for (volatile long i = 0; i < 2000000000 && count == 0; i++)
		;
	E(count);

	struct timespec t = { 0, 400000000 }, left = { 0 };
	v = (struct itimerval){ { 0, 0 }, { 0, 50000 } };
	setitimer(ITIMER_REAL, &v, NULL);
	E(nanosleep(&t, &left));
	E(left.tv_nsec > 100000000 && left.tv_nsec < 400000000);
	E(nanosleep(&(struct timespec){ 0, -1 }, NULL));
	E(nanosleep(&(struct timespec){ -1, 0 }, NULL));
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += 50000000;
	if (t.tv_nsec >= 1000000000)
		t.tv_nsec -= 1000000000, t.tv_sec++;
	before = ms(CLOCK_MONOTONIC);
	E(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
	E(ms(CLOCK_MONOTONIC) - before >= 45);
	E(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
	E(clock_nanosleep(77, 0, &t, NULL));
	E(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL));
	E(clock_getres(CLOCK_MONOTONIC, &t) == 0 && t.tv_nsec == 1);
	E(clock_getres(CLOCK_REALTIME_COARSE, &t) == 0 && t.tv_nsec >= 1000000);
	E(ms(CLOCK_BOOTTIME) >= ms(CLOCK_MONOTONIC) - 5);
	E(ms(CLOCK_PROCESS_CPUTIME_ID) >= 15);
	return 0;
}
