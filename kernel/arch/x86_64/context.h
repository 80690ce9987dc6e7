/* SPDX-License-Identifier: MIT */
/*
 * Parts of a thread's context that context.c and regs.c both need: the forms
 * of a frame, the bases, the layout of an XSAVE area.
 */
#pragma once
#include "asm.h"
#include "percpu.h"
#include "platform.h"

/* Offsets in an XSAVE area: Intel SDM vol 1, 10.5.1 and 13.4.2. */
enum {
	X_FCW = 0,
	X_MXCSR = 24,
	X_XMM = 160,
	X_XMM_END = 416,
	X_BV = 512,
	X_HEADER_END = 576,
	FCW_INITIAL = 0x37f,
	MXCSR_INITIAL = 0x1f80,
};

/* Flags that a program may have set, and those that are always. */
#define FLAGS_USER 0x250cd5ull /* ID AC RF OF DF SF ZF AF PF CF */
#define FLAG_TF 0x100ull
#define FLAGS_ALWAYS 0x202ull /* IF */

static inline u64 xstate(u32 t)
{
	return DMAP(t) + XSAVE_AT;
}

static inline u64 *xstate_word(u32 t, u32 at)
{
	return (u64 *)(xstate(t) + at);
}

/* --- bases and segments ------------------------------------------------------------------ */

/*
 * Programs cannot change their bases but to 0, by loading a selector: FSGSBASE
 * stays off (docs/design/ipc.md).  So where all are 0 there is nothing to do.
 * That of GS waits in KERNEL_GS_BASE.
 */
static inline void bases_load(struct percpu *me, u32 t)
{
	u64 fs = FR(t)->fs_base, gs = FR(t)->gs_base;

	if ((fs | gs) == 0 && !me->based)
		return;
	wrmsr(MSR_FS_BASE, fs);
	wrmsr(MSR_KERNEL_GS_BASE, gs);
	me->based = (fs | gs) != 0;
}

/* To be called when any part of it changed. */
static inline void special_update(u32 t)
{
	FR(t)->special = (TH(t)->flags & THREAD_FPU) | FR(t)->dr7 | FR(t)->fs_base |
			 FR(t)->gs_base | (machine.kpti || machine.barriers);
}

/* --- frames -------------------------------------------------------------------------------------- */

static inline u64 frame_ip(const struct arch_frame *f)
{
	return f->kind == FRAME_FULL ? f->rip : f->rcx;
}

static inline u64 frame_flags(const struct arch_frame *f)
{
	return f->kind == FRAME_FULL ? f->rflags : f->r11;
}

static inline u64 frame_sp(const struct arch_frame *f)
{
	return f->kind == FRAME_FULL ? f->rsp : f->call_rsp;
}

static inline void frame_make_full(struct arch_frame *f)
{
	f->rip = frame_ip(f);
	f->rflags = frame_flags(f);
	f->rsp = frame_sp(f);
	f->cs = USER_CS;
	f->ss = USER_SS;
	f->kind = FRAME_FULL;
}
