/* SPDX-License-Identifier: MIT */
/*
 * The peer of tests/system/bench-disk.c on Linux, as its first program: loads the modules that it finds
 * in /modules, in the order of their names, and reads and writes 4 KiB of /dev/vda around the page cache,
 * with as many requests under way as there.  A line each: name, requests in a second.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, SPAN = 4096, SECONDS = 3, DEPTH = 32, MODULES = 8, TRIES = 100 };

static char buffer[DEPTH][BLOCK] __attribute__((aligned(BLOCK)));

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	perror(what);
	reboot(RB_POWER_OFF);
}

static void load_modules(void)
{
	char name[32];

	for (int i = 0; i < MODULES; i++) {
		snprintf(name, sizeof name, "/modules/%d.ko", i);
		int fd = open(name, O_RDONLY);

		if (fd >= 0 && syscall(SYS_finit_module, fd, "", 0) != 0)
			fail(name);
	}
}

static int open_disk(void)
{
	(void)mount("dev", "/dev", "devtmpfs", 0, "");
	for (int i = 0; i < TRIES; i++) {
		int fd = open("/dev/vda", O_RDWR | O_DIRECT);

		if (fd >= 0)
			return fd;
		usleep(100000);
	}
	fail("/dev/vda");
	return -1;
}

/* Requests are given and taken back in batches of half the depth, as there. */
static void measure(int fd, const char *name, int operation, int depth)
{
	static struct iocb job[DEPTH];
	struct iocb *list[DEPTH];
	struct io_event event[DEPTH];
	aio_context_t context = 0;
	unsigned long done = 0;
	int free_jobs = depth;
	double began;

	if (syscall(SYS_io_setup, DEPTH, &context) != 0)
		fail("io_setup");
	for (int i = 0; i < depth; i++)
		list[i] = &job[i];
	for (began = now(); now() < began + SECONDS;) {
		for (int i = 0; i < free_jobs; i++) {
			struct iocb *j = list[i];
			unsigned number = (unsigned)done + (unsigned)i;

			*j = (struct iocb){ .aio_fildes = (unsigned)fd,
					    .aio_lio_opcode = (unsigned short)operation,
					    .aio_buf = (unsigned long)buffer[j - job],
					    .aio_nbytes = BLOCK,
					    .aio_offset = (long long)(number * 2654435761u % SPAN) *
							  BLOCK };
		}
		if (syscall(SYS_io_submit, context, free_jobs, list) != free_jobs)
			fail("io_submit");
		long n = syscall(SYS_io_getevents, context, depth > 1 ? depth / 2 : 1, depth, event,
				 NULL);
		if (n <= 0)
			fail("io_getevents");
		for (long i = 0; i < n; i++) {
			if (event[i].res != BLOCK)
				fail("a request");
			list[i] = (struct iocb *)event[i].obj;
		}
		free_jobs = (int)n;
		done += (unsigned long)n;
	}
	printf("row %s %lu\n", name, (unsigned long)((double)done / (now() - began)));
	fflush(stdout);
	(void)syscall(SYS_io_destroy, context);
}

int main(void)
{
	load_modules();
	int fd = open_disk();

	measure(fd, "blk_read_4k_qd1", IOCB_CMD_PREAD, 1);
	measure(fd, "blk_read_4k_qd32", IOCB_CMD_PREAD, DEPTH);
	measure(fd, "blk_write_4k_qd32", IOCB_CMD_PWRITE, DEPTH);
	printf("done\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 0;
}
