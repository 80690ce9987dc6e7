/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile double disturb;
static void on(int s) { (void)s; disturb = disturb * 1.5 + 0.1; if (disturb > 1e6) disturb = 0; }
static void *work(void *arg)
{
	double x = 0, k = (double)(long)arg;
	for (int i = 1; i < 300000; i++)
		x += k / i;
	static double out[4];
	out[(long)arg] = x;
	return &out[(long)arg];
}
int main(void)
{
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } };
	signal(SIGALRM, on);
	setitimer(ITIMER_REAL, &it, NULL);
	pthread_t t[4];
	void *r;
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, work, (void *)i);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &r);
		printf("%.9f\n", *(double *)r);
	}
	fflush(stdout);
	if (fork() == 0) { printf("%.3f\n", *(double *)work((void *)2)); fflush(stdout); _exit(0); }
	while (wait(NULL) < 0)
		;
	return 0;
}
