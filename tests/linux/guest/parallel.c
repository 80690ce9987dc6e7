/* SPDX-License-Identifier: MIT */
/*
 * Threads of one process run on several processors at the same time: two that only look at each other's memory
 * go on at once, where on one processor each step would take a turn of the other.  As many threads as there are
 * processors get one each, and whoever makes system calls beside them is served.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STEPS = 2000, TRIES = 5, CALLS = 50, CPUS = 4, SECONDS = 20, LOOKS = 1 << 20 };

static volatile int turn;
static volatile int where[CPUS];
static volatile long done[CPUS];
static volatile bool enough;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *answer(void *arg)
{
	for (int i = 0; i < STEPS; i++) {
		while (turn != 2 * i + 1)
			;
		turn = 2 * i + 2;
	}
	return arg;
}

/* Seconds that so many steps of two threads take. A turn is some milliseconds. */
static double steps(void)
{
	pthread_t t;
	double start;

	turn = 0;
	pthread_create(&t, NULL, answer, NULL);
	start = now();
	for (int i = 0; i < STEPS; i++) {
		turn = 2 * i + 1;
		while (turn != 2 * i + 2)
			;
	}
	pthread_join(t, NULL);
	return now() - start;
}

static void *compute(void *arg)
{
	long me = (long)arg;

	while (!enough) {
		for (int i = 0; i < LOOKS && !enough; i++)
			done[me]++;
		where[me] = 1 + sched_getcpu();
	}
	return NULL;
}

static int different(void)
{
	int n = 0;

	for (int i = 0; i < CPUS; i++) {
		bool seen = where[i] == 0;

		for (int k = 0; k < i; k++)
			seen |= where[k] == where[i];
		n += !seen;
	}
	return n;
}

int main(void)
{
	pthread_t t[CPUS];
	double best = 1e9, start;
	int most = 0;

	for (int i = 0; i < TRIES && best > STEPS * 0.001; i++) {
		double s = steps();

		best = s < best ? s : best;
	}
	printf("two threads at once: %s\n", best <= STEPS * 0.001 ? "yes" : "no");
	for (long i = 0; i < CPUS; i++)
		pthread_create(&t[i], NULL, compute, (void *)i);
	for (start = now(); most < CPUS && now() - start < SECONDS;) {
		usleep(10000);
		most = different() > most ? different() : most;
	}
	printf("on %d processors\n", most);
	start = now();
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	printf("calls beside them: %s\n", now() - start < SECONDS ? "served" : "starved");
	enough = true;
	for (int i = 0; i < CPUS; i++)
		pthread_join(t[i], NULL);
	return 0;
}
