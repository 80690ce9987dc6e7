/* SPDX-License-Identifier: MIT */
/*
 * The clock, in nanoseconds.
 */
#include "process.h"

#define SECOND 1000000000ull

u64 wake_clock;

/* Seconds and the rest apart: no product overflows below 18 GHz. */
uint64_t drv_now_ns(void)
{
	u64 now = sys_clock(), hz = sys_comp->clock_hz;

	return now / hz * SECOND + now % hz * SECOND / hz;
}

u64 drv_ticks(u64 ns)
{
	u64 hz = sys_comp->clock_hz;

	return ns / SECOND * hz + ns % SECOND * hz / SECOND;
}

void drv_wake_at(struct drv *d, uint64_t when_ns)
{
	(void)d;
	wake_clock = drv_ticks(when_ns) + 1;
}

void drv_sleep_ns(uint64_t ns)
{
	u64 end = sys_clock() + drv_ticks(ns);

	while (sys_clock() < end)
		(void)thread_yield();
}
