/* SPDX-License-Identifier: MIT */
/*
 * What fastpath.c needs of the machine, inline.
 *
 * Message words 0 to 5 stay in the registers from the sender's SYSCALL to the
 * receiver's SYSRET (entry.S): they are neither saved nor copied.
 */
#pragma once
#include "ks.h"

/* context.c, for what happens rarely. */
void arch_fast_segments(void);
/* smp.c: CR3 for the space on this CPU, and who is active where. */
void switch_space(struct percpu *me, u32 sp);

/* `from` makes a call of its own, and `to` waits in one. */
static inline bool arch_fast_ok(u32 from, u32 to)
{
	return (TH(from)->flags & THREAD_FOREIGN) == 0 && FR(to)->kind == FRAME_SYSCALL;
}

static inline void arch_fast_pass(u32 from, u32 to)
{
	FR(to)->r8 = FR(from)->r8;
	FR(to)->r9 = FR(from)->r9;
}

static inline void arch_fast_switch(u32 cpu, u32 from, u32 to)
{
	struct percpu *me = PERCPU(cpu);
	u32 ds, es, fs, gs;

	if (__builtin_expect((FR(from)->special | FR(to)->special) != 0, 0)) {
		arch_switch(from, to);
		return;
	}
	if (me->space != TH(to)->space)
		switch_space(me, TH(to)->space);
	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
			 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
	if ((ds | es | fs | gs) != 0)
		arch_fast_segments();
	me->exit = (u64)FR(to);
	me->call_top = (u64)(&FR(to)->call_rsp + 1);
	me->tss.rsp[0] = (u64)(&FR(to)->ss + 1);
}
