/* SPDX-License-Identifier: MIT */
/*
 * Locks: one FIFO lock per CPU, one per address space, one writer lock.
 *
 * A local operation holds its own CPU's lock, and a space's while it writes
 * entries.  A global one holds the writer lock and then every CPU's, in order
 * of CPU number.  A CPU that waits for a lock answers requests (arch_serve).
 */
#pragma once
#include "types.h"

/* X(name, rank, what it protects): taken in increasing order of rank. */
#define LOCK_LIST(X)                                                                               \
	X(writer, 1, "the right to take every CPU's lock")                                         \
	X(cpu, 2, "run queue, current thread, and objects whose home is this CPU")                 \
	X(space, 3, "entries of one address space")                                                \
	X(hardware, 4, "registers of interrupt controllers and IOMMUs")                          \
	X(console, 5, "the debug console")

struct lock {
	u32 next;   /* ticket of the next to come */
	u32 serving; /* ticket of the holder */
};

void lock_all(void);
void unlock_all(void);
