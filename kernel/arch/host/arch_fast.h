/* SPDX-License-Identifier: MIT */
/*
 * What fastpath.c needs of the simulated machine: nothing is faster here, but
 * the same path is taken in the same cases.
 */
#pragma once
#include "ks.h"

#define TAIL

static inline bool arch_fast_waits(const struct thread *to)
{
	(void)to;
	return true;
}

static inline void arch_fast_copy(u32 to, u32 from, u32 first, u32 n)
{
	arch_words_copy(to, from, first, n);
}

static inline void arch_fast_fault(u32 from, u32 to)
{
	arch_fault_words(from, to);
}

static inline u64 arch_fast_switch(const struct thread *from, const struct thread *to)
{
	(void)from, (void)to;
	arch_switch(MY(loaded), MY(current));
	return MY(current);
}

/* The ends of the path, as kernel_fast_call and kernel_fast_reply_recv return them here. */
static inline u32 arch_fast_not_call(u64 unused, u64 tag, u64 deadline, u64 reply, u64 w6, u64 w7)
{
	(void)unused, (void)tag, (void)deadline, (void)reply, (void)w6, (void)w7;
	return FAST_NOT;
}
#define arch_fast_not_reply_recv arch_fast_not_call

/* Words 0 to 5 are still those of the thread that made the call. */
static inline u32 arch_fast_direct(u64 badge, u64 tag, u64 zero, u64 at, u64 w6, u64 w7)
{
	u32 t = (u32)at;

	(void)zero;
	FR_ERR(t) = OK.v;
	FR_OUT(t, 0) = badge;
	FR_OUT(t, 1) = tag;
	FR_MSG(t, 6) = w6;
	FR_MSG(t, 7) = w7;
	return FAST_DIRECT;
}

static inline u32 arch_fast_full(void)
{
	return FAST_FULL;
}
