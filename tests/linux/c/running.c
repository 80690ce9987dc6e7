/* SPDX-License-Identifier: MIT */
/* What happens to tasks that compute: signals, stops, limits, moves to another CPU. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile sig_atomic_t got;
static volatile int done;
static void on(int s) { (void)s; got++; }
static void *bombard(void *arg)
{
	for (int i = 0; i < 100; i++) {
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
		sched_yield();
	}
	done = 1;
	return NULL;
}
int main(void)
{
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } }, off = { { 0, 0 }, { 0, 0 } };
	pthread_t me = pthread_self(), t;
	cpu_set_t set, one;
	int status, bad = 0;
	signal(SIGUSR1, on);
	pthread_create(&t, NULL, bombard, &me);
	while (!done)
		;
	pthread_join(t, NULL);
	printf("signals %d\n", got > 0);
	got = 0;
	signal(SIGVTALRM, on);
	setitimer(ITIMER_VIRTUAL, &it, NULL);
	while (got < 3)
		;
	setitimer(ITIMER_VIRTUAL, &off, NULL);
	puts("virtual timer");
	sched_getaffinity(0, sizeof set, &set);
	for (int c = 0; c < CPU_SETSIZE; c++) {
		if (!CPU_ISSET(c, &set))
			continue;
		CPU_ZERO(&one);
		CPU_SET(c, &one);
		bad += sched_setaffinity(0, sizeof one, &one) != 0 || sched_getcpu() != c;
	}
	sched_setaffinity(0, sizeof set, &set);
	printf("cpus %d\n", bad);
	fflush(stdout);
	pid_t p = fork();
	if (p == 0)
		for (;;)
			;
	kill(p, SIGSTOP);
	waitpid(p, &status, WUNTRACED);
	printf("stopped %d\n", WIFSTOPPED(status));
	kill(p, SIGCONT);
	waitpid(p, &status, WCONTINUED);
	printf("continued %d\n", WIFCONTINUED(status));
	kill(p, SIGTERM);
	waitpid(p, &status, 0);
	printf("ended by %d\n", WTERMSIG(status));
	fflush(stdout);
	p = fork();
	if (p == 0) {
		struct rlimit r = { 1, 2 };
		setrlimit(RLIMIT_CPU, &r);
		for (;;)
			;
	}
	struct { struct rusage usage; unsigned long guard; } r = { .guard = 77 };
	wait4(p, &status, 0, &r.usage);
	printf("ended by %d, used %d, guard %lu\n", WTERMSIG(status), r.usage.ru_utime.tv_sec >= 1 || r.usage.ru_stime.tv_sec >= 1 || r.usage.ru_utime.tv_usec > 500000, r.guard);
	errno = 0;
	printf("nice %d %d\n", nice(5), errno);
	return 0;
}
