/* SPDX-License-Identifier: MIT */
/*
 * Fills the disk, and goes on: what does not fit is refused at once, what was taken is there, and room that is given
 * back can be used again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PART = 30000 };

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			printf("line %d: %s: %s\n", __LINE__, #x, strerror(errno));                \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static sigjmp_buf bus;

static void on_bus(int number)
{
	(void)number;
	siglongjmp(bus, 1);
}

static void pattern(unsigned char *to, off_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)((at + (off_t)i) * 2654435761u >> 13);
}

/* Until no byte more is taken: how many were. */
static off_t fill(int fd)
{
	unsigned char part[PART];
	off_t size = 0;

	for (;;) {
		pattern(part, size, PART);
		ssize_t n = write(fd, part, PART);
		if (n < 0)
			break;
		size += n;
	}
	MUST(errno == ENOSPC);
	return size;
}

static void verify(int fd, off_t size)
{
	unsigned char got[PART], want[PART];
	struct stat s;

	MUST(fstat(fd, &s) == 0 && s.st_size == size);
	for (off_t at = 0; at < size; at += PART) {
		size_t n = size - at < PART ? (size_t)(size - at) : PART;

		pattern(want, at, n);
		MUST(pread(fd, got, n, at) == (ssize_t)n && memcmp(got, want, n) == 0);
	}
}

/* Nothing that needs a block is done, and nothing hurts what is there. */
static void while_full(int big, off_t size)
{
	unsigned char part[PART];
	int fd = open("sparse", O_CREAT | O_RDWR, 0644);

	if (fd >= 0) {
		MUST(ftruncate(fd, 1 << 20) == 0);
		volatile char *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		MUST(m != MAP_FAILED && m[5000] == 0);
		signal(SIGBUS, on_bus);
		if (sigsetjmp(bus, 1) == 0) {
			m[5000] = 1;
			MUST(!"a mapping took a page for which there was no block");
		}
		MUST(pwrite(fd, "x", 1, 9000) < 0 && errno == ENOSPC);
		MUST(munmap((void *)m, 1 << 20) == 0 && close(fd) == 0 && unlink("sparse") == 0);
	}
	errno = 0;
	MUST(mkdir("directory", 0755) < 0 && errno == ENOSPC);
	pattern(part, PART, PART);
	/* With O_APPEND it would go to the end, whatever it is told. */
	MUST(fcntl(big, F_SETFL, 0) == 0);
	MUST(pwrite(big, part, PART, PART) == PART);
	MUST(fsync(big) == 0);
	MUST(rename("big", "large") == 0);
	verify(big, size);
}

int main(void)
{
	off_t first = 0;

	MUST(chdir("/work") == 0);
	for (int round = 0; round < 4; round++) {
		int fd = open("big", O_CREAT | O_RDWR | (round & 1 ? O_APPEND : 0), 0644);
		MUST(fd >= 0);
		off_t size = fill(fd);
		struct statvfs v;

		first = round == 0 ? size : first;
		MUST(size > first - first / 16 && size > 1 << 20);
		MUST(statvfs("/", &v) == 0 && v.f_bfree < 64);
		verify(fd, size);
		while_full(fd, size);
		if (round == 2) {
			MUST(ftruncate(fd, 100) == 0);
			verify(fd, 100);
		}
		MUST(unlink("large") == 0);
		close(fd);
	}
	printf("full: all well\n");
	return 0;
}
