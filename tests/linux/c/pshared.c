/* SPDX-License-Identifier: MIT */
/* Threads and processes that share locks: mutexes of every kind, conditions, semaphores, barriers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld\n", #x, r_); fflush(stdout); } while (0)

struct shared {
	pthread_mutex_t lock, robust;
	pthread_cond_t changed;
	pthread_barrier_t barrier;
	sem_t sem;
	long count, stage;
};

static struct timespec in_ms(clockid_t c, long ms)
{
	struct timespec t;

	clock_gettime(c, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void set_up(struct shared *s)
{
	pthread_mutexattr_t m;
	pthread_condattr_t c;
	pthread_barrierattr_t b;

	pthread_mutexattr_init(&m);
	pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->lock, &m);
	pthread_mutexattr_setrobust(&m, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->robust, &m);
	pthread_condattr_init(&c);
	pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->changed, &c);
	pthread_barrierattr_init(&b);
	pthread_barrierattr_setpshared(&b, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&s->barrier, &b, 3);
	sem_init(&s->sem, 1, 0);
}

static void worker(struct shared *s)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&s->lock);
		s->count++;
		pthread_mutex_unlock(&s->lock);
	}
	pthread_barrier_wait(&s->barrier);
	pthread_mutex_lock(&s->lock);
	while (s->stage == 0)
		pthread_cond_wait(&s->changed, &s->lock);
	s->stage++;
	pthread_mutex_unlock(&s->lock);
	sem_post(&s->sem);
	_exit(0);
}

static void *holder(void *m)
{
	return (void *)(long)pthread_mutex_trylock(m);
}

static long elsewhere(pthread_mutex_t *m)
{
	pthread_t t;
	void *r;

	pthread_create(&t, NULL, holder, m);
	pthread_join(t, &r);
	return (long)r;
}

static void *reader(void *l)
{
	return (void *)(long)(pthread_rwlock_tryrdlock(l) * 1000 + pthread_rwlock_trywrlock(l));
}

int main(void)
{
	struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct timespec t;
	pthread_mutexattr_t a;
	pthread_mutex_t m;
	pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	pthread_t th;
	void *r;

	set_up(s);
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			worker(s);
	pthread_barrier_wait(&s->barrier);
	E(s->count);
	pthread_mutex_lock(&s->lock);
	s->stage = 1;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	sem_wait(&s->sem);
	sem_wait(&s->sem);
	E(s->stage);
	t = in_ms(CLOCK_REALTIME, 50);
	E(sem_timedwait(&s->sem, &t) == -1 && errno == ETIMEDOUT);
	E(sem_trywait(&s->sem) == -1 && errno == EAGAIN);
	while (wait(NULL) > 0)
		;
	/* The owner of a robust mutex ends with it. */
	if (fork() == 0) {
		pthread_mutex_lock(&s->robust);
		_exit(0);
	}
	wait(NULL);
	E(pthread_mutex_lock(&s->robust) == EOWNERDEAD);
	E(pthread_mutex_consistent(&s->robust));
	E(pthread_mutex_unlock(&s->robust));
	E(pthread_mutex_lock(&s->robust));
	E(pthread_mutex_unlock(&s->robust));
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&m, &a);
	E(pthread_mutex_lock(&m));
	E(pthread_mutex_lock(&m));
	E(elsewhere(&m) == EBUSY);
	E(pthread_mutex_unlock(&m));
	E(elsewhere(&m) == EBUSY);
	E(pthread_mutex_unlock(&m));
	E(pthread_mutex_unlock(&m) == EPERM);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&m, &a);
	E(pthread_mutex_lock(&m));
	E(pthread_mutex_lock(&m) == EDEADLK);
	t = in_ms(CLOCK_REALTIME, 50);
	E(pthread_cond_timedwait(&c, &m, &t) == ETIMEDOUT);
	E(pthread_mutex_unlock(&m));
	E(pthread_rwlock_rdlock(&l));
	pthread_create(&th, NULL, reader, &l);
	pthread_join(th, &r);
	E((long)r == EBUSY);
	E(pthread_rwlock_trywrlock(&l) == EBUSY);
	sem_t *named = sem_open("/sem-of-a-test", O_CREAT | O_EXCL, 0600, 1);
	E(named != SEM_FAILED);
	E(sem_open("/sem-of-a-test", O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
	if (fork() == 0) {
		sem_t *same = sem_open("/sem-of-a-test", 0);
		sem_wait(same);
		_exit(sem_trywait(same) == -1 ? 4 : 5);
	}
	int st;
	wait(&st);
	E(WEXITSTATUS(st));
	E(sem_trywait(named) == -1);
	E(sem_unlink("/sem-of-a-test"));
	E(sem_unlink("/sem-of-a-test") == -1 && errno == ENOENT);
	int f = shm_open("/shm-of-a-test", O_RDWR | O_CREAT, 0600);
	E(ftruncate(f, 4096));
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	if (fork() == 0) {
		strcpy(p, "from a child");
		_exit(0);
	}
	wait(NULL);
	E(strcmp(p, "from a child"));
	E(shm_unlink("/shm-of-a-test"));
	return 0;
}
