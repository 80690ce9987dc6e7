/* SPDX-License-Identifier: MIT */
/*
 * What a thread has in the processor: registers, FPU, bases, break points.
 *
 * Owns:       struct arch_frame and the XSAVE area of a thread page.
 * Locks:      the home CPU's, or all.
 * Called by:  sched_exit through arch_switch; thread.c, regs.c, msg.c.
 * Never:      lets a frame or image stand that would make the exit fault.
 * Manuals:    Intel SDM vol 1, 13 (XSAVE), 10.5 (FXSAVE); vol 3, 17.2 (debug).
 */
#include "arch_fast.h"
#include "context.h"

#define USER_END (USER_PAGES << PAGE_SHIFT)
/* DR7: enable, condition and length of the four; bit 10 is always 1. */
#define DR7_USER 0xffff00ffull
#define DR7_ALWAYS 0x400ull

/* An area with nothing in it: what a thread without FPU leaves others to see. */
static _Alignas(64) u8 blank[X_HEADER_END] = {
	[X_FCW] = FCW_INITIAL & 0xff,
	[X_FCW + 1] = FCW_INITIAL >> 8,
	[X_MXCSR] = MXCSR_INITIAL & 0xff,
	[X_MXCSR + 1] = MXCSR_INITIAL >> 8,
};

/* --- FPU ---------------------------------------------------------------------------- */

static void fpu_save(u64 to)
{
	u32 low = (u32)machine.xcr0, high = (u32)(machine.xcr0 >> 32);

	if (machine.xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)" ::"r"(to), "a"(low), "d"(high) : "memory");
	else if (machine.xsave)
		__asm__ volatile("xsave64 (%0)" ::"r"(to), "a"(low), "d"(high) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" ::"r"(to) : "memory");
}

static void fpu_load(u64 from)
{
	u32 low = (u32)machine.xcr0, high = (u32)(machine.xcr0 >> 32);

	if (machine.xsave)
		__asm__ volatile("xrstor64 (%0)" ::"r"(from), "a"(low), "d"(high) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" ::"r"(from) : "memory");
}

static void fpu_enable(struct percpu *me, bool on)
{
	if (on == !me->fpu_off)
		return;
	if (on)
		__asm__ volatile("clts" ::: "memory");
	else
		write_cr0(read_cr0() | 8);
	me->fpu_off = !on;
}

static void fpu_switch(struct percpu *me, u32 to)
{
	bool wanted = (TH(to)->flags & THREAD_FPU) != 0;

	if (wanted || me->fpu_used) {
		fpu_enable(me, true);
		fpu_load(wanted ? xstate(to) : (u64)blank);
		me->fpu_used = wanted;
	}
	fpu_enable(me, wanted);
}

/* --- segments ---------------------------------------------------------------------------- */

/* Selectors that a program loaded would be seen by the next one. */
static void segments_clear(struct percpu *me)
{
	u32 ds, es, fs, gs;

	__asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
			 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
	if ((ds | es | fs | gs) == 0)
		return;
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" ::"r"(0)
			 : "memory");
	wrmsr(MSR_GS_BASE, (u64)me);
}

void arch_fast_segments(void)
{
	segments_clear(MY_PERCPU());
	AND_RETURN;
}

static void frame_step(struct arch_frame *f, bool on)
{
	frame_make_full(f);
	f->rflags = on ? f->rflags | FLAG_TF : f->rflags & ~FLAG_TF;
}

/* --- break points --------------------------------------------------------------------------- */

static void debug_switch(struct percpu *me, const struct arch_frame *f)
{
	if (me->debugging)
		__asm__ volatile("mov %0, %%dr7" ::"r"(DR7_ALWAYS));
	me->debugging = f->dr7 != 0;
	if (f->dr7 == 0)
		return;
	__asm__ volatile(
		"mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3" ::"r"(f->dr[0]),
		"r"(f->dr[1]), "r"(f->dr[2]), "r"(f->dr[3]));
	__asm__ volatile("mov %0, %%dr7" ::"r"(f->dr7 | DR7_ALWAYS));
}

bool arch_debug_ok(u32 op, u64 value)
{
	if (op < 4)
		return value < USER_END;
	if (op == 5)
		return value <= 1;
	/* Condition 2 watches I/O ports: nothing that a program could do. */
	for (u32 i = 0; i < 4; i++) {
		if ((value >> (16 + 4 * i) & 3) == 2)
			return false;
	}
	return (value & ~DR7_USER) == 0;
}

void arch_debug_set(u32 t, u32 op, u64 value)
{
	struct arch_frame *f = FR(t);

	if (op < 4)
		f->dr[op] = value;
	else if (op == 4)
		f->dr7 = (value & 0xff) != 0 ? value : 0;
	else
		frame_step(f, value != 0);
	special_update(t);
}

/* --- switching ------------------------------------------------------------------------------- */

static void leave(struct percpu *me, u32 t)
{
	if ((TH(t)->flags & THREAD_FPU) != 0) {
		fpu_save(xstate(t));
		me->fpu_used = true;
	}
}

static RARELY void switch_any(u32 from, u32 to)
{
	struct percpu *me = MY_PERCPU();

	if (from != NIL)
		leave(me, from);
	if (to == NIL) {
		switch_space(me, NIL);
		me->call_top = (u8 *)&me->idle + CALL_TOP;
		return;
	}
	switch_space(me, TH(to)->space);
	if (machine.barriers)
		domain_enter(me, SP(TH(to)->space)->domain);
	fpu_switch(me, to);
	segments_clear(me);
	bases_load(me, to);
	if (me->debugging || FR(to)->dr7 != 0)
		debug_switch(me, FR(to));
	me->call_top = (u8 *)(&FR(to)->call_rsp + 1);
	me->tss.rsp[0] = (u64)(&FR(to)->ss + 1);
}

/* What is loaded, be it a thread or `idle`, says itself whether it is special: MY_THREAD. */
void arch_switch(u32 from, u32 to)
{
	if (to != NIL && (MY_THREAD()->frame.special | FR(to)->special) == 0)
		fast_load(TH(to));
	else
		switch_any(from, to);
}

void arch_fast_special(void)
{
	switch_any(MY(loaded), MY(current));
	AND_RETURN;
}

void arch_fast_words(u32 to, u32 from, u64 first, u64 n)
{
	arch_words_copy(to, from, (u32)first, (u32)n);
	AND_RETURN;
}

/* --- making and starting ------------------------------------------------------------------------ */

static void xstate_reset(u32 t)
{
	words_clear(xstate(t), X_HEADER_END / 8);
	*xstate_word(t, X_FCW) = FCW_INITIAL;
	*xstate_word(t, X_MXCSR) = MXCSR_INITIAL;
	/* FXRSTOR knows no header: both parts are there. */
	if (!machine.xsave)
		*xstate_word(t, X_BV) = 3;
}

/* A thread without FPU never uses its XSAVE area, which is the larger part of the page. */
void arch_thread_init(u32 t)
{
	arch_thread_exit(t);
	arch_frame_start(t, 0, 0, 0);
}

void arch_thread_exit(u32 t)
{
	if ((TH(t)->flags & THREAD_FPU) != 0)
		words_clear(xstate(t), XSAVE_BYTES / 8);
}

void arch_frame_start(u32 t, u64 ip, u64 sp, u64 arg)
{
	struct arch_frame *f = FR(t);

	*f = (struct arch_frame){ .kind = FRAME_FULL,
				  .rip = ip,
				  .cs = USER_CS,
				  .rflags = FLAGS_ALWAYS,
				  .rsp = sp,
				  .ss = USER_SS,
				  .rdi = arg,
				  .dr = { f->dr[0], f->dr[1], f->dr[2], f->dr[3] },
				  .dr7 = f->dr7 };
	special_update(t);
	if ((TH(t)->flags & THREAD_FPU) != 0)
		xstate_reset(t);
}

bool arch_user_ip(u64 ip)
{
	return ip < USER_END;
}

/* SYSCALL is two bytes long; what it overwrites, rcx and r11, is lost to the program anyway. */
void arch_frame_rewind(u32 t)
{
	if (FR(t)->kind != FRAME_SYSCALL)
		return;
	frame_make_full(FR(t));
	FR(t)->rip -= 2;
}
