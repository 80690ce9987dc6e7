/* SPDX-License-Identifier: MIT */
/*
 * The clock: the processor's counter, less what it was when the kernel started.
 */
#include "start.h"

u64 sys_clock_hz, sys_clock_offset;

u64 sys_clock(void)
{
	u32 low, high;

	/* lfence: not before what stands above it (Intel SDM vol 2, RDTSC). */
	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return ((u64)high << 32 | low) - sys_clock_offset;
}

u64 sys_ticks(u64 microseconds)
{
	return microseconds * (sys_clock_hz / 1000) / 1000;
}

u64 sys_after(u64 microseconds)
{
	return sys_clock() + sys_ticks(microseconds);
}
