/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
static volatile int fired;
static void on(int s) { (void)s; fired++; }
int main(void)
{
	struct timespec a, b, r;
	clock_gettime(CLOCK_MONOTONIC, &a);
	struct timespec d = { 0, 30000000 };
	printf("nanosleep %d\n", nanosleep(&d, &r));
	clock_gettime(CLOCK_MONOTONIC, &b);
	long ns = (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec;
	printf("slept enough %d\n", ns >= 30000000);
	d.tv_nsec = 2000000000;
	R("bad %d %d\n", nanosleep(&d, &r), errno == EINVAL);
	printf("year %d\n", time(NULL) > 1700000000);
	struct timeval tv;
	gettimeofday(&tv, NULL);
	printf("same %d\n", tv.tv_sec - time(NULL) >= -1 && tv.tv_sec - time(NULL) <= 0);
	clock_getres(CLOCK_MONOTONIC, &r);
	printf("res %ld %ld\n", (long)r.tv_sec, r.tv_nsec);
	clock_gettime(CLOCK_MONOTONIC, &a);
	a.tv_nsec += 20000000;
	if (a.tv_nsec >= 1000000000) { a.tv_sec++; a.tv_nsec -= 1000000000; }
	printf("abs %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &a, NULL));
	R("badclock %d %d\n", clock_gettime(77, &r), errno == EINVAL);
	signal(SIGALRM, on);
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } };
	setitimer(ITIMER_REAL, &it, NULL);
	while (fired < 3)
		pause();
	it.it_value.tv_usec = it.it_interval.tv_usec = 0;
	setitimer(ITIMER_REAL, &it, NULL);
	puts("fired three times");
	timer_t t;
	struct sigevent se = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct itimerspec its = { { 0, 0 }, { 0, 10000000 } };
	fired = 0;
	printf("timer %d", timer_create(CLOCK_MONOTONIC, &se, &t));
	printf(" %d\n", timer_settime(t, 0, &its, NULL));
	while (!fired)
		pause();
	printf("delete %d\n", timer_delete(t));
	close(open("f", O_CREAT | O_WRONLY, 0600));
	struct timespec ts[2] = { { 1000, 5 }, { 2000, 6 } };
	struct stat st;
	utimensat(AT_FDCWD, "f", ts, 0);
	stat("f", &st);
	printf("times %ld %ld\n", (long)st.st_atim.tv_sec, (long)st.st_mtim.tv_sec);
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_nsec = UTIME_NOW;
	utimensat(AT_FDCWD, "f", ts, 0);
	stat("f", &st);
	printf("times %ld now %d\n", (long)st.st_atim.tv_sec, st.st_mtim.tv_sec > 1700000000);
	printf("cpu %d\n", clock() >= 0);
	return 0;
}
