/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: time without a system call.  A shared object that is mapped into every
 * program, with the names that Linux's has (vdso(7)).
 *
 * Owns:       nothing; it runs in the program.
 * Never:      uses data of its own, or a relocation.
 */
#include "data.h"

enum {
	REALTIME = 0,
	MONOTONIC = 1,
	MONOTONIC_RAW = 4,
	REALTIME_COARSE,
	MONOTONIC_COARSE,
	BOOTTIME
};
enum { NR_clock_getres = 229, NR_clock_gettime = 228, NR_getcpu = 309 };
#define NS_PER_SEC 1000000000ull

struct timespec {
	int64_t sec, nsec;
};
struct timeval {
	int64_t sec, usec;
};
struct timezone {
	int32_t minutes_west, dst;
};

/* vdso.ld puts it in the page before the first. */
extern const volatile struct vdso_data vdso_data __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct timespec *to);
int __vdso_clock_getres(int clock, struct timespec *to);
int __vdso_gettimeofday(struct timeval *to, struct timezone *zone);
int64_t __vdso_time(int64_t *to);
int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static int64_t call(int64_t nr, int64_t a, void *b, void *c)
{
	__asm__ volatile("syscall" : "+a"(nr) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return nr;
}

static uint64_t mono(void)
{
	uint32_t low, high;

	/* Not before what stands above it (Intel SDM vol 2, RDTSC). */
	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	const uint64_t ticks = ((uint64_t)high << 32 | low) - vdso_data.offset;

	return (uint64_t)(((unsigned __int128)ticks * vdso_data.factor) >> 32);
}

int __vdso_clock_gettime(int clock, struct timespec *to)
{
	uint64_t ns;

	if (clock == REALTIME || clock == REALTIME_COARSE)
		ns = vdso_data.real + mono();
	else if (clock == MONOTONIC || (clock >= MONOTONIC_RAW && clock <= BOOTTIME))
		ns = mono();
	else
		return (int)call(NR_clock_gettime, clock, to, 0);
	to->sec = (int64_t)(ns / NS_PER_SEC);
	to->nsec = (int64_t)(ns % NS_PER_SEC);
	return 0;
}

int __vdso_clock_getres(int clock, struct timespec *to)
{
	return (int)call(NR_clock_getres, clock, to, 0);
}

int __vdso_gettimeofday(struct timeval *to, struct timezone *zone)
{
	const uint64_t ns = vdso_data.real + mono();

	if (to != 0) {
		to->sec = (int64_t)(ns / NS_PER_SEC);
		to->usec = (int64_t)(ns % NS_PER_SEC / 1000);
	}
	if (zone != 0)
		*zone = (struct timezone){ 0, 0 };
	return 0;
}

int64_t __vdso_time(int64_t *to)
{
	const int64_t now = (int64_t)((vdso_data.real + mono()) / NS_PER_SEC);

	if (to != 0)
		*to = now;
	return now;
}

int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	(void)unused;
	return (int)call(NR_getcpu, (int64_t)cpu, node, 0);
}

int clock_gettime(int clock, struct timespec *to)
	__attribute__((weak, alias("__vdso_clock_gettime")));
int clock_getres(int clock, struct timespec *to)
	__attribute__((weak, alias("__vdso_clock_getres")));
int gettimeofday(struct timeval *to, struct timezone *zone)
	__attribute__((weak, alias("__vdso_gettimeofday")));
int64_t time(int64_t *to) __attribute__((weak, alias("__vdso_time")));
int getcpu(unsigned *cpu, unsigned *node, void *unused)
	__attribute__((weak, alias("__vdso_getcpu")));
