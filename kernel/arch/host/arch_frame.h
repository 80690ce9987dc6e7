/* SPDX-License-Identifier: MIT */
/*
 * Saved registers of a thread on the simulated machine.  The registers have
 * the names and the sharing of x86-64: message words 6 and 7 are arguments 3
 * and 4, and the handle's register returns the first further result.
 */
#pragma once
#include "types.h"

enum {
	REG_RBX, /* message words 0 to 7 stand in a row */
	REG_RBP,
	REG_R12,
	REG_R13,
	REG_R14,
	REG_R15,
	REG_R8,  /* also argument 3 */
	REG_R9,  /* also argument 4 */
	REG_RDI, /* further results 0 to 2 stand in a row */
	REG_RSI,
	REG_RDX,
	REG_R10,
	REG_RAX,
	REG_RCX,
	REG_R11,
	REG_RSP,
	REG_RIP,
	REG_RFLAGS,
	REG_FS_BASE,
	REG_GS_BASE,
	REG_COUNT,
};

/* How the frame came to be. */
enum { FRAME_FULL = 0, FRAME_SYSCALL = 1 };

struct arch_frame {
	u64 r[REG_COUNT];
	u64 kind;     /* FRAME_* */
	u64 debug[6]; /* address registers, control register, single step */
};

#define FR_REG(t, i) (&TH(t)->frame.r[i])
#define TH_NR(th) ((th)->frame.r[REG_RAX])
#define FR_NR(t) TH_NR(TH(t))
#define FR_HANDLE(t) (*FR_REG(t, REG_RDI))
#define FR_ARG(t, i) (*FR_REG(t, (i) < 3 ? REG_RSI + (i) : REG_R8 + (i)-3))
#define FR_MSG(t, i) (*FR_REG(t, REG_RBX + (i)))
#define TH_ERR(th) ((th)->frame.r[REG_RAX])
#define FR_ERR(t) TH_ERR(TH(t))
#define FR_OUT(t, i) (*FR_REG(t, REG_RDI + (i)))
