/* SPDX-License-Identifier: MIT */
/*
 * What fastpath.c needs of the machine, inline.
 *
 * Message words stay in the registers from the sender's SYSCALL to the receiver's
 * SYSRET (entry.S): they are neither saved nor copied.
 */
#pragma once
#include "ks.h"
#include "platform.h"

/* A function that is to be the last thing that its caller does: gcc sees that by itself. */
#ifdef __clang__
#define TAIL __attribute__((musttail))
#else
#define TAIL
#endif

/* What is done rarely changes no register, so that who may do it has none to save. */
#define SAVES_ALL __attribute__((no_caller_saved_registers, cold, used))
/* Behind a call that ends such a function: clang would jump there with the caller's registers back in place. */
#define AND_RETURN __asm__ volatile("")
#define CALL_SAVING(f, first, ...)                                                                 \
	__asm__ volatile(CALL_KEEPING(f)::"D"(first) __VA_OPT__(, ) __VA_ARGS__ : "memory", "cc")

/* smp.c: this CPU is told of changes of the space from now on, and holds nothing of it. */
SAVES_ALL void space_enter(u32 sp);
/* context.c */
SAVES_ALL void arch_fast_segments(void);
SAVES_ALL void arch_fast_special(void);
SAVES_ALL void arch_fast_words(u32 to, u32 from, u64 first, u64 n);

/* CR3 for a space on this CPU. */
static inline __attribute__((always_inline)) u64 space_cr3(u32 sp)
{
	u32 i = sp % PCIDS;

	if (__builtin_expect(GS(known[i]) != sp, 0))
		CALL_SAVING(space_enter, sp);
	return GS(known_cr3[i]);
}

/* Leave the space that CR3 holds, if it is one, for another. */
static inline __attribute__((always_inline)) void space_load(u32 sp)
{
	__asm__ volatile("mov %0, %%cr3" ::"r"(space_cr3(sp)) : "memory");
	GS(space) = sp;
}

/* Does `to` wait in a call of its own? */
static inline bool arch_fast_waits(const struct thread *to)
{
	return to->frame.kind == FRAME_SYSCALL;
}

/* arch_words_copy, saving all registers. */
static inline __attribute__((always_inline)) void arch_fast_copy(u32 to, u32 from, u64 first, u64 n)
{
	CALL_SAVING(arch_fast_words, to, "S"(from), "d"(first), "c"(n));
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

static inline __attribute__((always_inline)) void fast_load(struct thread *to)
{
	/* Threads of one space may see what selectors the others loaded: all have base 0. */
	if (GS(space) != to->space) {
		u32 ds, es, fs, gs;

		space_load(to->space);
		__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
				 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
		if (__builtin_expect((ds | es | fs | gs) != 0, 0))
			CALL_SAVING(arch_fast_segments, 0);
	}
	GS(call_top) = (u8 *)(&to->frame.call_rsp + 1);
	GS(tss.rsp[0]) = (u64)(&to->frame.ss + 1);
}

/* From what is loaded to what is current; returns what arch_fast_direct wants. */
static inline __attribute__((always_inline)) u64 arch_fast_switch(const struct thread *from,
								 struct thread *to)
{
	if (__builtin_expect((from->frame.special | to->frame.special) != 0, 0))
		CALL_SAVING(arch_fast_special, 0);
	else
		fast_load(to);
	return (u64)(&to->frame.call_rsp + 1);
}

/*
 * Ends of the path, in entry.S; none comes back.  They get registers as the
 * program made its call, but the first; or as the thread whose frame's call_rsp
 * ends at `at` leaves with.
 */
u32 arch_fast_not_call(u64 unused, u64 tag, u64 deadline, u64 reply, u64 w6, u64 w7);
u32 arch_fast_not_reply_recv(u64 unused, u64 tag, u64 deadline, u64 reply, u64 w6, u64 w7);
u32 arch_fast_direct(u64 badge, u64 tag, u64 zero, u64 at, u64 w6, u64 w7);
u32 arch_fast_full(void);
