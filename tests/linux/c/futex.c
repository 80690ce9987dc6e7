/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
enum { FUTEX_WAIT, FUTEX_WAKE, FUTEX_CMP_REQUEUE = 4 };
static long fx(int *a, int op, int v, void *t, int *b, int v3) { return syscall(SYS_futex, a, op, v, t, b, v3); }
int main(void)
{
	int *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	R("again %d %d\n", fx(w, FUTEX_WAIT, 1, NULL, NULL, 0), errno == EAGAIN);
	struct timespec t = { 0, 10000000 };
	R("timeout %d %d\n", fx(w, FUTEX_WAIT, 0, &t, NULL, 0), errno == ETIMEDOUT);
	printf("none %ld\n", fx(w, FUTEX_WAKE, 1, NULL, NULL, 0));
	R("unaligned %d %d\n", fx((int *)((char *)w + 1), FUTEX_WAIT, 0, NULL, NULL, 0), errno == EINVAL);
	R("fault %d %d\n", fx((int *)16, FUTEX_WAIT, 0, NULL, NULL, 0), errno == EFAULT);
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			__atomic_add_fetch(&w[1], 1, __ATOMIC_SEQ_CST);
			while (__atomic_load_n(w, __ATOMIC_SEQ_CST) == 0)
				fx(w, FUTEX_WAIT, 0, NULL, NULL, 0);
			_exit(0);
		}
	while (__atomic_load_n(&w[1], __ATOMIC_SEQ_CST) != 3)
		usleep(1000);
	usleep(50000);
	__atomic_store_n(w, 1, __ATOMIC_SEQ_CST);
	long n = fx(w, FUTEX_WAKE, 2, NULL, NULL, 0);
	printf("woken %ld\n", n);
	n = fx(w, FUTEX_WAKE, 100, NULL, NULL, 0);
	printf("rest %ld\n", n);
	while (wait(NULL) > 0)
		;
	puts("all");
	R("requeue %d %d\n", fx(w, FUTEX_CMP_REQUEUE, 1, (void *)1, w + 4, 99), errno == EAGAIN);
	R("bad %d %d\n", fx(w, 77, 1, NULL, NULL, 0), errno == ENOSYS);
	return 0;
}
