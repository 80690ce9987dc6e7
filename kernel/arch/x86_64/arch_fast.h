/* SPDX-License-Identifier: MIT */
/*
 * What fastpath.c needs of the machine, inline.
 *
 * Message words 0 to 5 stay in the registers from the sender's SYSCALL to the
 * receiver's SYSRET (entry.S): they are neither saved nor copied.
 */
#pragma once
#include "ks.h"
#include "platform.h"

/*
 * CR3 for a space on this CPU.  Bit 63: what the TLB holds under this PCID
 * stays.  The order is: active, fence (a locked instruction), stale; who unmaps
 * does stale, fence, active.  So either sees the other.
 */
static inline u64 space_cr3(struct percpu *me, u32 sp)
{
	struct space *s = SP(sp);
	u64 root = (u64)SPACE_ROOT(sp) << PAGE_SHIFT;
	bool stale = false;
	u32 i = sp % PCIDS;

	(void)arch_atomic_or(&s->active, me->bit);
	if (__builtin_expect((__atomic_load_n(&s->stale, __ATOMIC_ACQUIRE) & me->bit) != 0, 0)) {
		(void)arch_atomic_and(&s->stale, ~me->bit);
		stale = true;
	}
	if (!machine.pcid)
		return root;
	if (!stale && me->pcid_uid[i] == s->uid)
		return root | (i + 1) | 1ull << 63;
	me->pcid_uid[i] = s->uid;
	return root | (i + 1);
}

/* Leave the space that CR3 holds, if it is one, for another. */
static inline __attribute__((always_inline)) void space_load(struct percpu *me, u32 sp)
{
	u32 old = me->space;

	__asm__ volatile("mov %0, %%cr3" ::"r"(space_cr3(me, sp)) : "memory");
	me->space = sp;
	if (old != NIL)
		(void)arch_atomic_and(&SP(old)->active, ~me->bit);
}

/* context.c, for what happens rarely. */
void arch_fast_segments(void);

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

/* A foreign system call, as arch_fault_words has it; of faults it is done there. */
static inline void arch_fast_fault(u32 from, u32 to)
{
	struct arch_frame *f = FR(from);
	struct arch_frame *g = FR(to);

	if (TH(from)->fault != FAULT_SYSCALL) {
		arch_fault_words(from, to);
		return;
	}
	g->rbx = f->rax;
	g->rbp = f->rdi;
	g->r12 = f->rsi;
	g->r13 = f->rdx;
	g->r14 = f->r10;
	g->r15 = f->r8;
	g->r8 = f->r9;
	g->r9 = f->rcx;
	f->kind = FRAME_FOREIGN;
}

static inline __attribute__((always_inline)) void arch_fast_switch(u32 from, u32 to)
{
	struct percpu *me = MY_PERCPU();
	u32 sp = TH(to)->space;

	if (__builtin_expect((FR(from)->special | FR(to)->special) != 0, 0)) {
		arch_switch(from, to);
		return;
	}
	/* Threads of one space may see what selectors the others loaded: all have base 0. */
	if (me->space != sp) {
		u32 ds, es, fs, gs;

		space_load(me, sp);
		__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
				 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
		if ((ds | es | fs | gs) != 0)
			arch_fast_segments();
	}
	me->exit = (u64)FR(to);
	me->call_top = (u64)(&FR(to)->call_rsp + 1);
	me->tss.rsp[0] = (u64)(&FR(to)->ss + 1);
}
