/* SPDX-License-Identifier: MIT */
/*
 * The registers of a thread while it does not run.
 *
 * The order is that of the pushes in entry.S, which checks the offsets.  The
 * processor itself pushes rip to ss; it finds their end in the task state
 * segment and rounds it down to 16 (Intel SDM vol 3, 6.14.2), so struct thread,
 * which starts with the frame, is aligned to 16.
 */
#pragma once
#include "types.h"

/* How the thread entered the kernel, and so how it leaves. */
enum {
	FRAME_SYSCALL = 0, /* rcx is the address to return to, r11 the flags; r10 comes back 0 */
	FRAME_FULL = 1,    /* rip, rflags and rsp are; all registers come back */
	FRAME_FOREIGN = 2, /* as FRAME_SYSCALL, and r10 comes back */
	FRAME_IDLE = 3,    /* no thread: the CPU halts (a frame of the CPU's own) */
};

struct arch_frame {
	u64 r15, r14, r13, r12, rbp, rbx; /* message words: not saved by calls that need not */
	u64 kind;
	u64 r10, r9, r8, rdx, rsi, rdi, rax, rcx, r11;
	u64 call_rsp;
	u64 vector;
	u64 error;
	u64 rip, cs, rflags, rsp, ss;

	/* Valid while the thread is not loaded. */
	u64 fs_base, gs_base;
	u64 dr[4];
	u64 dr7;     /* 0: no break points */
	u64 special; /* not 0: switching to or from it takes more than registers and CR3 */
};
_Static_assert(offsetof(struct arch_frame, call_rsp) == 128 &&
		       offsetof(struct arch_frame, ss) == 184,
	       "as entry.S has it");

#define FR(t) (&TH(t)->frame)
#define TH_NR(th) ((th)->frame.rax)
#define FR_NR(t) TH_NR(TH(t))
#define FR_HANDLE(t) (FR(t)->rdi)
#define TH_ERR(th) ((th)->frame.rax)
#define FR_ERR(t) TH_ERR(TH(t))
#define FR_ARG(t, i) (*frame_arg(FR(t), i))
#define FR_MSG(t, i) (*frame_msg(FR(t), i))
#define FR_OUT(t, i) (*frame_out(FR(t), i))

/* With a constant index these are plain field accesses. */
static inline u64 *frame_arg(struct arch_frame *f, u32 i)
{
	switch (i) {
	case 0: return &f->rsi;
	case 1: return &f->rdx;
	case 2: return &f->r10;
	case 3: return &f->r8;
	default: return &f->r9;
	}
}

static inline u64 *frame_msg(struct arch_frame *f, u32 i)
{
	switch (i) {
	case 0: return &f->rbx;
	case 1: return &f->rbp;
	case 2: return &f->r12;
	case 3: return &f->r13;
	case 4: return &f->r14;
	case 5: return &f->r15;
	case 6: return &f->r8;
	default: return &f->r9;
	}
}

static inline u64 *frame_out(struct arch_frame *f, u32 i)
{
	switch (i) {
	case 0: return &f->rdi;
	case 1: return &f->rsi;
	default: return &f->rdx;
	}
}
