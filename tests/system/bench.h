/* SPDX-License-Identifier: MIT */
/*
 * Instructions of everybody on one CPU whose clock counts them (emu.py --icount), but not those of the program
 * that runs when nobody else does, and counts (bench-idle): pool "idle".
 */
#pragma once
#include <tessera/chan.h>

enum { BENCH_CALIBRATE_US = 100000 };

struct mark {
	u64 clock, count;
};

static volatile u64 *idle;
static u64 idle_ticks, idle_counts; /* so long it takes to count so far */

static inline struct mark mark(void)
{
	return (struct mark){ sys_clock(), *idle };
}

static inline u64 work_since(const struct mark *m)
{
	u64 ticks = sys_clock() - m->clock, spent = (*idle - m->count) * idle_ticks / idle_counts;

	return ticks > spent ? ticks - spent : 0;
}

static inline void calibrate(void)
{
	idle = (volatile u64 *)comp_pool("idle")->vaddr;
	/* Once to be on the way, once in earnest. */
	for (u32 i = 0; i < 2; i++) {
		struct mark m = mark();

		(void)comp_wait(sys_after(BENCH_CALIBRATE_US));
		idle_ticks = sys_clock() - m.clock;
		idle_counts = *idle - m.count;
	}
	if (idle_counts == 0)
		sys_panic("nobody counts when nobody works");
}

/* tools/tally.c counts between the two.  Not the same, else they would be one. */
static __attribute__((noinline, unused)) void section_begin(void)
{
	__asm__ volatile("# begin");
}

static __attribute__((noinline, unused)) void section_end(void)
{
	__asm__ volatile("# end");
}
