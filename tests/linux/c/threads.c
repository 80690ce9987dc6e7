/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static long total, turn;
static __thread long mine;
static void *add(void *arg)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&m);
		total += (long)arg;
		pthread_mutex_unlock(&m);
		mine++;
	}
	return (void *)mine;
}
static void *ping(void *arg)
{
	long me = (long)arg;
	for (int i = 0; i < 300; i++) {
		pthread_mutex_lock(&m);
		while (turn % 2 != me)
			pthread_cond_wait(&c, &m);
		turn++;
		pthread_cond_broadcast(&c);
		pthread_mutex_unlock(&m);
	}
	return NULL;
}
int main(void)
{
	pthread_t t[8];
	void *r;
	for (long i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, add, (void *)(i + 1));
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &r);
		printf("%ld ", (long)r);
	}
	printf("total %ld mine %ld\n", total, mine);
	for (long i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, ping, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("turns %ld\n", turn);
	for (int i = 0; i < 200; i++) {
		pthread_create(&t[0], NULL, add, (void *)0);
		pthread_join(t[0], NULL);
	}
	puts("many");
	return 0;
}
