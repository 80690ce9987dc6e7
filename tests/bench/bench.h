/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the benchmark program share.
 *
 * Run under `-icount shift=0`, where the processor's counter counts guest
 * instructions; all figures are instructions of user and kernel code together.
 */
#pragma once
#include "tessera/sys.h"

enum { PRIO_LOW = 50, PRIO_BENCH = 100, PRIO_HIGH = 150 };
#define AREA 0x40000000000ull

/* Another thread, in this space or another. */
struct helper {
	struct sys_thread t;
	void (*fn)(struct helper *h);
	ep_h ep;
	notif_h notif;
	u64 arg;
	volatile u64 count;
	volatile u64 stamp;
};

static inline u64 counter(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

extern struct sys_thread bench_thread;

/* space NULL: the own one.  Not started if fn is NULL. */
struct helper *helper(u32 prio, u32 cpu, u64 flags, struct sys_space *space,
		      void (*fn)(struct helper *));
void helper_start(struct helper *h);
void helper_end(struct helper *h);

/* Print a row: `total` counter ticks for n operations. */
void row(const char *name, u64 total, u64 n);

void bench_ipc(void);
void bench_objects(void);
void bench_events(void);
void bench_worst(void);
void bench_random(void);
void bench_device(void);
/* A call of this number took so many ticks. */
void worst_took(u32 nr, u64 ticks);
