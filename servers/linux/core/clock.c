/* SPDX-License-Identifier: MIT */
/*
 * Time: the processor's counter, as the kernel's clock counts it, in ns.
 *
 * Owns:       what CLOCK_REALTIME differs from CLOCK_MONOTONIC by.
 */
#include "event.h"
#include "../mm/mm.h"

static u64 real_offset;
static bool real_known;

u64 now_ticks(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return ((u64)high << 32 | low) - env.clock_offset;
}

u64 ticks_to_ns(u64 ticks)
{
	static u64 factor; /* ns per tick, times 2^32 */

	if (factor == 0)
		factor = (NS_PER_SEC << 32) / env.clock_hz;
	return (u64)(((unsigned __int128)ticks * factor) >> 32);
}

u64 now_mono(void)
{
	return ticks_to_ns(now_ticks());
}

u64 now_real(void)
{
	if (!real_known) {
		real_offset = env.epoch_ns;
		real_known = true;
	}
	return real_offset + now_mono();
}

void real_set(u64 ns)
{
	real_offset = ns - now_mono();
	real_known = true;
	vdso_real(real_offset);
}

/* Not before: one tick more than what the division gives. */
u64 mono_to_ticks(u64 ns)
{
	if (ns / NS_PER_SEC > 1ull << 30)
		return UINT64_MAX >> 8;
	return ns / NS_PER_SEC * env.clock_hz + ns % NS_PER_SEC * env.clock_hz / NS_PER_SEC + 1;
}
