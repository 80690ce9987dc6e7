/* SPDX-License-Identifier: MIT */
/*
 * What fastpath.c needs of the simulated machine: nothing is faster here, but
 * the same path is taken in the same cases.
 */
#pragma once
#include "ks.h"

static inline bool arch_fast_ok(u32 from, u32 to)
{
	(void)to;
	return (TH(from)->flags & THREAD_FOREIGN) == 0;
}

static inline void arch_fast_pass(u32 from, u32 to)
{
	arch_msg_pass(from, to);
}

static inline void arch_fast_fault(u32 from, u32 to)
{
	arch_fault_words(from, to);
}

static inline void arch_fast_switch(u32 from, u32 to)
{
	arch_switch(from, to);
}
