/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
static sem_t sem;
static pthread_barrier_t bar;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_key_t key;
static int once_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void destroy(void *p) { printf("destroy %d\n", *(int *)p); }
static void do_once(void) { once_count++; }
static void *worker(void *arg)
{
	static int v = 9;
	pthread_setspecific(key, &v);
	pthread_once(&once, do_once);
	pthread_once(&once, do_once);
	sem_wait(&sem);
	pthread_rwlock_rdlock(&rw);
	pthread_rwlock_unlock(&rw);
	pthread_barrier_wait(&bar);
	return arg;
}
static void cleanup(void *p) { printf("cleanup %s\n", (char *)p); }
static void *cancelled(void *arg)
{
	pthread_cleanup_push(cleanup, "ran");
	for (;;)
		sleep(1);
	pthread_cleanup_pop(0);
	return arg;
}
static volatile int sig_thread;
static pthread_t target;
static void on(int s) { (void)s; sig_thread = pthread_equal(pthread_self(), target); }
static void *waiter(void *arg)
{
	while (!sig_thread)
		usleep(1000);
	return arg;
}
int main(void)
{
	pthread_t t;
	void *r;
	sem_init(&sem, 0, 0);
	pthread_barrier_init(&bar, NULL, 2);
	pthread_key_create(&key, destroy);
	pthread_create(&t, NULL, worker, (void *)5);
	sem_post(&sem);
	pthread_barrier_wait(&bar);
	pthread_join(t, &r);
	printf("joined %ld once %d\n", (long)r, once_count);
	pthread_create(&t, NULL, cancelled, NULL);
	usleep(20000);
	pthread_cancel(t);
	pthread_join(t, &r);
	printf("cancelled %d\n", r == PTHREAD_CANCELED);
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) { ts.tv_sec++; ts.tv_nsec -= 1000000000; }
	int e = sem_timedwait(&sem, &ts);
	R("sem timed %d %d\n", e, errno == ETIMEDOUT);
	pthread_mutex_t m;
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&m, &a);
	pthread_mutex_lock(&m);
	printf("recursive %d\n", pthread_mutex_lock(&m));
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_t m2;
	pthread_mutex_init(&m2, &a);
	pthread_mutex_lock(&m2);
	printf("deadlock %d\n", pthread_mutex_lock(&m2) == EDEADLK);
	struct sigaction sa = { .sa_handler = on };
	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&target, NULL, waiter, NULL);
	usleep(10000);
	pthread_kill(target, SIGUSR1);
	pthread_join(target, NULL);
	printf("signal went to the thread %d\n", sig_thread);
	return 0;
}
