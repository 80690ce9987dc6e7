/* SPDX-License-Identifier: MIT */
/*
 * What processes and memory cost, in ticks of the processor's counter: under the emulator with
 * icount that is instructions, of program, server and kernel together.  Each row is the least of
 * some runs.  Build it static; `mm PROGRAM...` adds rows for executing each program.  In the environment:
 * RUNS, how many; ROW, only this one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 256 };

static char *program;
static int runs = 10;
static const char *only; /* row; NULL: all */

static uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static char *map(int prot, int flags, int fd)
{
	char *p = mmap(NULL, PAGES * PAGE, prot, flags | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

static void touch(volatile char *p, int write)
{
	for (int i = 0; i < PAGES; i++) {
		if (write)
			p[i * PAGE] = 1;
		else
			(void)p[i * PAGE];
	}
}

/* Each: ticks for `*n` operations. */
static uint64_t null_call(int *n)
{
	const uint64_t from = ticks();

	for (*n = 0; *n < 100; ++*n)
		(void)getppid();
	return ticks() - from;
}

static uint64_t fork_wait(int *n)
{
	const uint64_t from = ticks();

	*n = 1;
	if (fork() == 0)
		_exit(0);
	(void)wait(NULL);
	return ticks() - from;
}

static uint64_t vfork_wait(int *n)
{
	const uint64_t from = ticks();

	*n = 1;
	if (vfork() == 0)
		_exit(0);
	(void)wait(NULL);
	return ticks() - from;
}

static uint64_t fork_exec(int *n)
{
	const uint64_t from = ticks();

	*n = 1;
	if (fork() == 0) {
		(void)execl(program, program, NULL);
		_exit(1);
	}
	(void)wait(NULL);
	return ticks() - from;
}

static uint64_t vfork_exec(int *n)
{
	const uint64_t from = ticks();

	*n = 1;
	if (vfork() == 0) {
		(void)execl(program, program, NULL);
		_exit(1);
	}
	(void)wait(NULL);
	return ticks() - from;
}

static uint64_t map_unmap(int *n)
{
	const uint64_t from = ticks();

	*n = 1;
	(void)munmap(map(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1), PAGES * PAGE);
	return ticks() - from;
}

static uint64_t map_touch_unmap(int *n)
{
	const uint64_t from = ticks();
	char *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);

	p[0] = 1;
	*n = 1;
	(void)munmap(p, PAGES * PAGE);
	return ticks() - from;
}

static uint64_t fault_rows(int *n)
{
	char *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
	const uint64_t from = ticks();

	touch(p, 1);
	const uint64_t took = ticks() - from;

	*n = PAGES;
	(void)munmap(p, PAGES * PAGE);
	return took;
}

/* One page here and there, so that nothing can be made ahead. */
static uint64_t fault_single(int *n)
{
	char *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
	const uint64_t from = ticks();

	for (*n = 0; *n < 32; ++*n)
		p[*n * 8 * PAGE] = 1;
	const uint64_t took = ticks() - from;

	(void)munmap(p, PAGES * PAGE);
	return took;
}

static uint64_t fault_file(int *n)
{
	char name[] = "/tmp/mm-XXXXXX";
	const int fd = mkstemp(name);
	static char page[PAGE];

	for (int i = 0; i < PAGES; i++)
		(void)!write(fd, page, PAGE);
	char *p = map(PROT_READ, MAP_SHARED, fd);
	const uint64_t from = ticks();

	touch(p, 0);
	const uint64_t took = ticks() - from;

	*n = PAGES;
	(void)munmap(p, PAGES * PAGE);
	(void)close(fd);
	(void)unlink(name);
	return took;
}

static uint64_t fault_copy(int *n)
{
	char *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
	int status[2];
	uint64_t took = 0;

	touch(p, 1);
	(void)!pipe(status);
	if (fork() == 0) {
		const uint64_t from = ticks();

		touch(p, 1);
		took = ticks() - from;
		(void)!write(status[1], &took, sizeof took);
		_exit(0);
	}
	(void)!read(status[0], &took, sizeof took);
	(void)wait(NULL);
	(void)close(status[0]);
	(void)close(status[1]);
	*n = PAGES;
	(void)munmap(p, PAGES * PAGE);
	return took;
}

/* Writing again after a child that shared the pages is gone. */
static uint64_t fault_again(int *n)
{
	char *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);

	touch(p, 1);
	if (fork() == 0)
		_exit(0);
	(void)wait(NULL);
	const uint64_t from = ticks();

	touch(p, 1);
	const uint64_t took = ticks() - from;

	*n = PAGES;
	(void)munmap(p, PAGES * PAGE);
	return took;
}

static uint64_t fork_large(int *n)
{
	char *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);

	touch(p, 1);
	const uint64_t took = fork_wait(n);

	(void)munmap(p, PAGES * PAGE);
	return took;
}

static char *volatile guarded;

static void handler(int signo)
{
	(void)signo;
	(void)mprotect(guarded, PAGE, PROT_READ | PROT_WRITE);
}

static uint64_t segv_protect(int *n)
{
	guarded = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
	guarded[0] = 1;
	(void)signal(SIGSEGV, handler);
	const uint64_t from = ticks();

	for (*n = 0; *n < 20; ++*n) {
		(void)mprotect(guarded, PAGE, PROT_READ);
		guarded[0] = 2;
	}
	const uint64_t took = ticks() - from;

	(void)munmap(guarded, PAGES * PAGE);
	return took;
}

static void row(const char *name, uint64_t (*run)(int *n))
{
	uint64_t least = UINT64_MAX;

	if (only != NULL && strcmp(only, name) != 0)
		return;
	for (int i = 0; i < runs; i++) {
		int n = 1;
		const uint64_t each = run(&n) / (uint64_t)n;

		if (each < least)
			least = each;
	}
	printf("%-28s %10lu\n", name, (unsigned long)least);
}

int main(int argc, char **argv)
{
	char name[200];

	(void)setvbuf(stdout, NULL, _IONBF, 0);
	if (getenv("RUNS") != NULL)
		runs = atoi(getenv("RUNS"));
	only = getenv("ROW");
	row("null", null_call);
	row("mmap+munmap", map_unmap);
	row("mmap+touch+munmap", map_touch_unmap);
	row("fault.anon, in a row", fault_rows);
	row("fault.anon, single", fault_single);
	row("fault.tmpfs-file", fault_file);
	row("fault.copy (in a child)", fault_copy);
	row("fault.again (child is gone)", fault_again);
	row("segv+2mprotect", segv_protect);
	row("fork+exit+wait", fork_wait);
	row("fork+exit+wait, 1 MiB more", fork_large);
	row("vfork+exit+wait", vfork_wait);
	for (int i = 1; i < argc; i++) {
		program = argv[i];
		(void)snprintf(name, sizeof name, "fork+exec:%s", program);
		row(name, fork_exec);
		(void)snprintf(name, sizeof name, "vfork+exec:%s", program);
		row(name, vfork_exec);
	}
	return 0;
}
