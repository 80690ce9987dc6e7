/* SPDX-License-Identifier: MIT */
/*
 * Locks: one FIFO lock per CPU, one per address space.
 *
 * A local operation holds its own CPU's lock, and a space's while it writes
 * entries.  A global one holds every CPU's, taken from the last CPU's to the
 * first's.  A CPU that waits for a lock answers requests (arch_serve).
 */
#pragma once
#include "types.h"

/* X(name, rank, what it protects): taken in increasing order of rank. */
#define LOCK_LIST(X)                                                                               \
	X(cpu, 1, "run queue, current thread, and objects whose home is this CPU")                 \
	X(space, 2, "entries of one address space")                                                \
	X(hardware, 3, "registers of interrupt controllers and IOMMUs")                          \
	X(console, 4, "the debug console")

struct lock {
	u32 next;   /* ticket of the next to come */
	u32 serving; /* ticket of the holder */
};

void lock_all(void);
void unlock_all(void);
