/* SPDX-License-Identifier: MIT */
/* Sizes: holes, ends that move, what a mapping sees of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); } while (0)

static sigjmp_buf back;

static void on_bus(int n, siginfo_t *i, void *c)
{
	(void)c;
	siglongjmp(back, n * 100 + i->si_code);
}

static int touch(volatile char *p)
{
	int r = sigsetjmp(back, 1);

	return r != 0 ? r : *p + 1;
}

static long size(int f)
{
	struct stat s;

	fstat(f, &s);
	return s.st_size;
}

int main(void)
{
	char b[64] = { 0 };
	int f = open("f", O_RDWR | O_CREAT, 0600);
	struct sigaction a = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &a, NULL);
	sigaction(SIGSEGV, &a, NULL);
	E(pwrite(f, "end", 3, 100000));
	E(pread(f, b, 10, 50000));
	E(b[0] == 0 && b[9] == 0);
	E(pread(f, b, 64, 99990));
	E(pread(f, b, 64, 100003));
	E(lseek(f, 0, SEEK_END));
	E(lseek(f, 5, SEEK_CUR));
	E(write(f, "x", 1));
	E(size(f));
	E(ftruncate(f, 10));
	E(size(f));
	E(ftruncate(f, 5000));
	E(pread(f, b, 64, 4990));
	char *m = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	E(touch(m + 4999));
	E(touch(m + 8191));
	E(touch(m + 8192));
	m[4999] = 'q';
	m[5001] = 'z';
	E(pread(f, b, 64, 4999));
	E(b[0]);
	E(ftruncate(f, 6000));
	E(pread(f, b, 3, 5000));
	E(b[1] == 0 || b[1] == 'z');
	E(ftruncate(f, 4096));
	E(touch(m + 4096));
	E(ftruncate(f, 9000));
	E(touch(m + 4999));
	E(touch(m + 8999));
	m[8998] = 'y';
	E(pread(f, b, 1, 8998) == 1 && b[0] == 'y');
	E(munmap(m, 4096));
	E(touch(m));
	E(truncate("f", 3));
	E(truncate("nosuch", 3));
	E(truncate(".", 3));
	E(truncate("f", -1));
	E(ftruncate(open("f", O_RDONLY), 1));
	E(ftruncate(f, 1ll << 62));
	E(size(open("f", O_WRONLY | O_TRUNC)));
	E(open("f", O_RDONLY | O_TRUNC) >= 0);
	int g = open("f", O_WRONLY | O_APPEND);
	E(pwrite(g, "abc", 3, 0));
	E(pwrite(g, "def", 3, 0));
	E(lseek(g, 0, SEEK_CUR));
	E(write(g, "g", 1));
	E(lseek(g, 0, SEEK_CUR));
	E(pread(f, b, 64, 0));
	printf("%.7s\n", b);
	E(fallocate(f, 0, 0, 20000));
	E(size(f));
	E(fallocate(f, FALLOC_FL_KEEP_SIZE, 0, 40000));
	E(size(f));
	E(fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4));
	E(pread(f, b, 7, 0) == 7 && b[0] == 0 && b[4] == 'e');
	E(fallocate(f, 0, -1, 5));
	E(fallocate(f, 0, 0, 0));
	E(posix_fallocate(f, 0, 30000));
	E(size(f));
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 50000, 50000 });
	E(ftruncate(f, 60000));
	E(pwrite(f, b, 64, 49990));
	E(pwrite(f, b, 64, 50000));
	E(size(f));
	unlink("f");
	E(pwrite(f, "still", 5, 0));
	E(size(f));
	return 0;
}
