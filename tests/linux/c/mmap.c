/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
/* The call first, then errno. */
#define R(format, call, error) do { int r_ = (int)(call); printf(format, r_, error); } while (0)
int main(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int zero = 1;
	for (int i = 0; i < 1 << 20; i++)
		zero &= p[i] == 0;
	printf("zero %d\n", zero);
	p[5000] = 7;
	printf("unmap %d\n", munmap(p + 8192, 4096));
	R("hole %d %d\n", msync(p + 8192, 4096, MS_SYNC), errno == ENOMEM);
	char *q = mmap(p + 8192, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	printf("fixed %d\n", q == p + 8192);
	q = mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	R("taken %d %d\n", q == MAP_FAILED, errno == EEXIST);
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	ftruncate(fd, 10000);
	char *s = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(s + 100, "through the map");
	char buf[64] = "";
	pread(fd, buf, 15, 100);
	printf("shared %s\n", buf);
	pwrite(fd, "written", 7, 5000);
	printf("coherent %.7s\n", s + 5000);
	char *v = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	v[5000] = 'W';
	pread(fd, buf, 1, 5000);
	printf("private %c %c %.6s\n", v[5000], buf[0], v + 5001);
	char *sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fork() == 0) { sh[0] = 9; s[200] = 'c'; v[1] = 'x'; _exit(0); }
	wait(NULL);
	printf("child %d %c %d\n", sh[0], s[200], v[1]);
	printf("protect %d\n", mprotect(p, 4096, PROT_READ));
	mprotect(p, 4096, PROT_READ | PROT_WRITE);
	p = mremap(p, 8192, 1 << 21, MREMAP_MAYMOVE);
	printf("mremap %d %d\n", p != MAP_FAILED, p[5000]);
	p[(1 << 21) - 1] = 3;
	printf("bad %d", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	printf(" %d\n", errno == EINVAL);
	printf("badfd %d", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED);
	printf(" %d\n", errno == EBADF);
	int ro = open("file", O_RDONLY);
	printf("ro %d", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED);
	printf(" %d\n", errno == EACCES);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p[1] = 5;
	madvise(p, 4096, MADV_DONTNEED);
	printf("dontneed %d\n", p[1]);
	void *b = sbrk(0);
	sbrk(100000);
	memset(b, 1, 100000);
	printf("brk %d\n", (char *)sbrk(0) - (char *)b >= 100000);
	return 0;
}
