/* SPDX-License-Identifier: MIT */
/* Files in memory: shared and private, protections, what faults say, growing and moving. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); fflush(stdout); } while (0)

enum { PAGE = 4096 };

static sigjmp_buf back;
static char *base;

static void on(int n, siginfo_t *i, void *c)
{
	(void)c;
	siglongjmp(back, n * 10000 + i->si_code * 100 + (int)(((char *)i->si_addr - base) / PAGE) + 1);
}

static int load(volatile char *p)
{
	int r = sigsetjmp(back, 1);

	return r != 0 ? -r : *p;
}

static int store(volatile char *p, char v)
{
	int r = sigsetjmp(back, 1);

	if (r != 0)
		return -r;
	*p = v;
	return 1;
}

static void child_stores(char *p, char v)
{
	fflush(stdout);
	if (fork() == 0) {
		*p = v;
		_exit(0);
	}
	wait(NULL);
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = on, .sa_flags = SA_SIGINFO };
	char b[16] = "";
	int f = open("f", O_RDWR | O_CREAT, 0600), ro = open("f", O_RDONLY);

	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGBUS, &a, NULL);
	for (int i = 0; i < 4; i++)
		pwrite(f, (char[]){ (char)('a' + i) }, 1, i * PAGE);
	ftruncate(f, 4 * PAGE);
	base = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	char *private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, f, 0);
	E(base[PAGE]);
	base[1] = 'S';
	E(pread(f, b, 2, 0) == 2 && b[1] == 'S');
	E(private[1]);
	pwrite(f, "W", 1, 2);
	E(base[2] == 'W' && private[2] == 'W');
	private[2] = 'P';
	E(base[2]);
	pwrite(f, "X", 1, 2);
	E(private[2]);
	E(private[PAGE]);
	pwrite(f, "Y", 1, PAGE);
	E(private[PAGE]);
	child_stores(base + 3, 'c');
	child_stores(private + 3, 'd');
	E(base[3]);
	E(private[3]);
	char *anon = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	child_stores(anon, 'e');
	E(anon[0]);
	E(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED);
	E(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0) != MAP_FAILED);
	E(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("f", O_WRONLY), 0) == MAP_FAILED);
	E(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, f, 1) == MAP_FAILED);
	E(mmap(NULL, PAGE, PROT_READ, 0, f, 0) == MAP_FAILED);
	E(mmap(NULL, 0, PROT_READ, MAP_SHARED, f, 0) == MAP_FAILED);
	E(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 99, 0) == MAP_FAILED);
	E(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("/w", O_RDONLY), 0) == MAP_FAILED);
	E(mprotect(base + PAGE, PAGE, PROT_READ));
	E(store(base + PAGE, 'x'));
	E(load(base + PAGE));
	E(mprotect(base + 2 * PAGE, PAGE, PROT_NONE));
	E(load(base + 2 * PAGE));
	E(store(base + 3 * PAGE, 'y'));
	E(read(open("f", O_RDONLY), base + 2 * PAGE, 10));
	E(write(f, base + 2 * PAGE, 10));
	E(munmap(base + 2 * PAGE, PAGE));
	E(load(base + 2 * PAGE));
	E(load(base + 3 * PAGE));
	E(mprotect(base, 4 * PAGE, PROT_READ));
	E(mmap(base + 2 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, f, 3 * PAGE) == base + 2 * PAGE);
	E(load(base + 2 * PAGE));
	E(mmap(base, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
	char *m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	m[0] = '0';
	m[PAGE] = '1';
	char *n = mremap(m, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
	E(n != MAP_FAILED && n[0] == '0' && n[PAGE] == '1' && n[99 * PAGE] == 0);
	E(mremap(n, 100 * PAGE, PAGE, 0) == n);
	base = n;
	E(load(n + PAGE));
	E(mremap(n, PAGE, 2 * PAGE, 8) == MAP_FAILED);
	E(mremap((char *)8, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	E(madvise(n, PAGE, MADV_DONTNEED));
	E(load(n));
	E(madvise(n, PAGE, 77));
	E(madvise(n + 1, PAGE, MADV_DONTNEED));
	E(msync(n, PAGE, MS_SYNC));
	E(msync(n, PAGE, MS_SYNC | MS_ASYNC));
	E(msync((char *)(1l << 46), PAGE, MS_SYNC));
	E(munmap((char *)1, PAGE));
	E(munmap(n, 0));
	E(munmap((char *)(1l << 46), PAGE));
	unsigned char in[4];
	E(mincore(anon, PAGE, in) == 0 && (in[0] & 1));
	E(mlock(anon, PAGE));
	E(munlock(anon, PAGE));
	base = NULL;
	E(load((char *)5));
	E(store((char *)main, 1) < 0);
	/* Code that was written is run. */
	unsigned char *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(code, "\xb8\x2a\0\0\0\xc3", 6);
	mprotect(code, PAGE, PROT_READ | PROT_EXEC);
	E(((int (*)(void))code)());
	return 0;
}
