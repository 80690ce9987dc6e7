/* SPDX-License-Identifier: MIT */
/*
 * Time queue: per CPU, the deadlines of waiting threads and the replenishments
 * of scheduling contexts, earliest first.
 *
 * A radix priority search tree: a node lies on the path given by the bits of
 * its own page number, lowest first, and no node is earlier than its parent.
 * So the earliest is the root, and nothing visits more than TIMEQ_DEPTH nodes.
 * (McCreight, Priority Search Trees, SIAM J. Comput. 14(2), 1985.)
 *
 * Owns:       struct tnode.                Invariant: tnode_inv().
 * Locks:      this CPU's lock.
 */
#pragma once
#include "types.h"

enum { TIMEQ_DEPTH = 32 };

struct tnode {
	u64 when;
	u32 up;      /* parent page, or NIL for the root */
	u32 down[2]; /* children by bit `depth` of their page number, or NIL */
	u16 depth;   /* distance from the root */
	u16 queued;  /* 1 while in a queue */
};

void timeq_add(u32 cpu, u32 page, u64 when);
void timeq_remove(u32 cpu, u32 page);
