/* SPDX-License-Identifier: MIT */
/*
 * Registers of threads as programs read and write them, and as messages about
 * faults carry them.
 *
 * Locks:      all; the fault message of a thread of this CPU: this CPU's.
 * Called by:  kernel/regs.c, msg.c.
 * Never:      lets a value stand that would make the exit fault: the address is
 *             below the last user page, flags are those of user mode, bases are
 *             canonical, an image has no part or bit that XRSTOR refuses.
 * Manuals:    Intel SDM vol 1, 13.4 (XSAVE area), 13.8 (XRSTOR), 10.5 (FXSAVE).
 */
#include "context.h"
#include "asm.h"
#include "percpu.h"
#include "platform.h"
#include <tessera/info.h>

enum { GENERAL_WORDS = sizeof(struct regs_general) / 8 };

/* --- general registers --------------------------------------------------------------- */

u32 arch_regs_get(u32 t, u32 page, u32 first)
{
	const struct arch_frame *f = FR(t);
	const u64 word[GENERAL_WORDS] = {
		f->rax,      f->rbx, f->rcx,      f->rdx,         f->rsi,     f->rdi,     f->rbp,
		frame_sp(f), f->r8,  f->r9,       f->r10,         f->r11,     f->r12,     f->r13,
		f->r14,      f->r15, frame_ip(f), frame_flags(f), f->fs_base, f->gs_base,
	};

	for (u32 i = 0; i < GENERAL_WORDS; i++)
		WORD(page, first + i) = word[i];
	return GENERAL_WORDS;
}

/* Bits 63 to 47 equal (vol 1, 3.3.7.1). */
static u64 canonical(u64 v)
{
	return (v & 1ull << 47) != 0 ? v | ~0ull << 47 : v & ~(~0ull << 47);
}

void arch_regs_set(u32 t, u32 page, u32 first)
{
	struct arch_frame *f = FR(t);
	u64 w[GENERAL_WORDS];

	for (u32 i = 0; i < GENERAL_WORDS; i++)
		w[i] = WORD(page, first + i);
	frame_make_full(f);
	f->rax = w[0];
	f->rbx = w[1];
	f->rcx = w[2];
	f->rdx = w[3];
	f->rsi = w[4];
	f->rdi = w[5];
	f->rbp = w[6];
	f->rsp = w[7];
	f->r8 = w[8];
	f->r9 = w[9];
	f->r10 = w[10];
	f->r11 = w[11];
	f->r12 = w[12];
	f->r13 = w[13];
	f->r14 = w[14];
	f->r15 = w[15];
	f->rip = arch_user_ip(w[16]) ? w[16] : 0;
	f->rflags = (w[17] & FLAGS_USER) | (f->rflags & FLAG_TF) | FLAGS_ALWAYS;
	f->fs_base = canonical(w[18]);
	f->gs_base = canonical(w[19]);
	special_update(t);
	if (CPU(arch_cpu())->loaded == t)
		bases_load(PERCPU(arch_cpu()), t);
}

/* --- FPU image -------------------------------------------------------------------------- */

/* Words of the image from byte `at` to byte `end`. */
static void image_get(u32 page, u32 t, u32 at, u32 end)
{
	words_copy(DMAP(page) + at, xstate(t) + at, (end - at) / 8);
}

/* A part that the image does not hold is in its initial state, and what lies in
 * its place may be anybody's. */
u32 arch_xstate_get(u32 t, u32 page)
{
	u64 bv = *xstate_word(t, X_BV);

	if ((TH(t)->flags & THREAD_FPU) == 0)
		return 0;
	words_clear(DMAP(page), machine.xstate_bytes / 8);
	WORD(page, X_FCW / 8) = FCW_INITIAL;
	if ((bv & 1) != 0)
		image_get(page, t, X_FCW, X_XMM);
	WORD(page, X_MXCSR / 8) = (*xstate_word(t, X_MXCSR) & 0xffffffff) | (u64)machine.mxcsr_mask
										    << 32;
	if ((bv & 2) != 0)
		image_get(page, t, X_XMM, X_XMM_END);
	for (u32 i = 2; i < XSTATE_PARTS; i++) {
		u32 at = machine.xstate_at[i];

		if ((bv & machine.xcr0 & 1ull << i) != 0)
			image_get(page, t, at, at + machine.xstate_size[i]);
	}
	WORD(page, X_BV / 8) = bv & machine.xcr0;
	return machine.xstate_bytes;
}

void arch_xstate_set(u32 t, u32 page)
{
	if ((TH(t)->flags & THREAD_FPU) == 0)
		return;
	words_copy(xstate(t), DMAP(page), machine.xstate_bytes / 8);
	*xstate_word(t, X_MXCSR) &= machine.mxcsr_mask;
	*xstate_word(t, X_BV) &= machine.xcr0;
	words_clear(xstate(t) + X_BV + 8, (X_HEADER_END - X_BV - 8) / 8);
	/* FXRSTOR knows no header: an absent part is one in its initial state. */
	if (!machine.xsave)
		*xstate_word(t, X_BV) = 3;
}

/* --- faults -------------------------------------------------------------------------------- */

/* A foreign system call keeps all registers but rcx and r11, as on Linux. */
void arch_fault_words(u32 t, u32 to)
{
	struct arch_frame *f = FR(t);

	if (TH(t)->fault == FAULT_SYSCALL) {
		FR_MSG(to, 0) = f->rax;
		FR_MSG(to, 1) = f->rdi;
		FR_MSG(to, 2) = f->rsi;
		FR_MSG(to, 3) = f->rdx;
		FR_MSG(to, 4) = f->r10;
		FR_MSG(to, 5) = f->r8;
		FR_MSG(to, 6) = f->r9;
		FR_MSG(to, 7) = frame_ip(f);
		if (f->kind == FRAME_SYSCALL)
			f->kind = FRAME_FOREIGN;
		return;
	}
	const struct thread *th = TH(t);
	const bool is_full = __builtin_expect(f->kind == FRAME_FULL, 1);
	struct arch_frame *g = FR(to);

	*frame_msg(g, 0) = th->fault_code;
	*frame_msg(g, 1) = th->fault_addr;
	*frame_msg(g, 2) = is_full ? f->rip : f->rcx;
	*frame_msg(g, 3) = is_full ? f->rsp : f->call_rsp;
	*frame_msg(g, 4) = is_full ? f->rflags : f->r11;
	*frame_msg(g, 5) = 0;
	*frame_msg(g, 6) = 0;
	*frame_msg(g, 7) = 0;
}
