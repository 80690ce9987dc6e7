/* SPDX-License-Identifier: MIT */
/* Seals of memfd: what they refuse to writers, to mappings, and what is in their way. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#define E(x) do { errno = 0; long r_ = (long)(x); printf("%s = %ld %d\n", #x, r_ < 0 ? -1 : r_, errno); fflush(stdout); } while (0)
#define M(x) do { errno = 0; p = (x); printf("%s: %s %d\n", #x, p == MAP_FAILED ? "refused" : "mapped", errno); } while (0)

static void writes(int f)
{
	char *p;

	E(write(f, "x", 1));
	E(pwrite(f, "x", 1, 0));
	E(ftruncate(f, 1));
	E(ftruncate(f, 8192));
	E(fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	M(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0));
	if (p != MAP_FAILED)
		munmap(p, 4096);
	M(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, f, 0));
	p[0] = 'p';
	munmap(p, 4096);
	M(mmap(NULL, 4096, PROT_READ, MAP_SHARED, f, 0));
	if (p == MAP_FAILED)
		return;
	E(mprotect(p, 4096, PROT_READ | PROT_WRITE));
	printf("%c\n", p[0]);
	munmap(p, 4096);
}

int main(void)
{
	char *p;
	int f = memfd_create("a", MFD_ALLOW_SEALING), g = memfd_create("b", MFD_ALLOW_SEALING), h = memfd_create("c", 0);

	E(fcntl(h, F_GET_SEALS));
	E(fcntl(h, F_ADD_SEALS, F_SEAL_WRITE));
	E(fcntl(f, F_GET_SEALS));
	write(f, "abc", 3);
	write(g, "abc", 3);
	M(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0));
	E(fcntl(f, F_ADD_SEALS, F_SEAL_WRITE));
	munmap(p, 4096);
	M(mmap(NULL, 4096, PROT_READ, MAP_SHARED, f, 0));
	E(fcntl(f, F_ADD_SEALS, F_SEAL_WRITE));
	munmap(p, 4096);
	M(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, f, 0));
	E(fcntl(f, F_ADD_SEALS, F_SEAL_WRITE));
	munmap(p, 4096);
	writes(f);
	M(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, g, 0));
	E(fcntl(g, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW));
	p[0] = 'A';
	writes(g);
	E(fcntl(g, F_ADD_SEALS, F_SEAL_SEAL));
	E(fcntl(g, F_ADD_SEALS, F_SEAL_SHRINK));
	E(fcntl(g, F_GET_SEALS));
	return 0;
}
