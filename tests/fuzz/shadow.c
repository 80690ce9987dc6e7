/* SPDX-License-Identifier: MIT */
/*
 * What a program must find as it left it: registers of a thread that was
 * interrupted, and its FPU state whatever it did.  A copy is taken while the
 * thread runs, and compared whenever it runs again.
 */
#define STATE_PEEK
#include "fuzz.h"

#include <string.h>

static struct {
	bool regs_known, xstate_known;
	u64 regs[REG_COUNT];
	u64 xstate[HOST_XSTATE_WORDS];
} shadow[HOST_PAGES_MAX];

void shadow_reset(void)
{
	memset(shadow, 0, sizeof(shadow[0]) * FUZZ_PAGES);
}

/* The thread does something that may change its registers. */
void shadow_forget(u32 t)
{
	shadow[t].regs_known = false;
}

void shadow_forget_all(void)
{
	shadow_reset();
}

static void compare(u32 cpu, u32 t)
{
	const struct host_cpu *hc = &host.cpu[cpu];

	for (u32 i = 0; i < REG_COUNT && shadow[t].regs_known; i++) {
		if (hc->regs.r[i] != shadow[t].regs[i])
			host_fail("a thread does not find the register that it left", t, i);
	}
	for (u32 i = 0; i < HOST_XSTATE_WORDS && shadow[t].xstate_known; i++) {
		if (hc->xstate[i] != shadow[t].xstate[i])
			host_fail("a thread does not find the FPU state that it left", t, i);
	}
	for (u32 i = 0; i < HOST_XSTATE_WORDS && !(TH(t)->flags & THREAD_FPU); i++) {
		if (hc->xstate[i] != (i == 0 ? HOST_XSTATE_INIT : 0))
			host_fail("a thread without FPU finds something in it", t, i);
	}
}

/* After each operation: compare what is known of those that run, and take copies. */
void shadow_check(void)
{
	for (u32 i = 0; i < host_touched_count(); i++) {
		if (PD(host_touched(i))->type != OBJ_THREAD)
			shadow[host_touched(i)].regs_known = shadow[host_touched(i)].xstate_known =
				false;
	}
	for (u32 c = 0; c < ks.cpus; c++) {
		u32 t = host.cpu[c].thread;
		if (host.cpu[c].phase != HOST_USER)
			continue;
		compare(c, t);
		memcpy(shadow[t].regs, host.cpu[c].regs.r, sizeof(shadow[t].regs));
		memcpy(shadow[t].xstate, host.cpu[c].xstate, sizeof(shadow[t].xstate));
		shadow[t].regs_known = shadow[t].xstate_known = true;
	}
}

/* The program that runs on the CPU computes. */
void shadow_compute(u32 cpu)
{
	struct host_cpu *hc = &host.cpu[cpu];
	u32 t = hc->thread;

	hc->regs.r[REG_RBX + choose(6)] = choose_u64();
	if (TH(t)->flags & THREAD_FPU)
		hc->xstate[1 + choose(HOST_XSTATE_WORDS - 1)] = choose_u64();
	shadow[t].regs_known = shadow[t].xstate_known = false;
}
