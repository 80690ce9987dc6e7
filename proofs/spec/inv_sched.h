/* SPDX-License-Identifier: MIT */
/*
 * Invariants of scheduling contexts, CPUs and time queues.
 */
#pragma once
#include "inv.h"
#include "inv_thread.h"

PRED bool sched_owner_inv(u32 sc)
{
	return SC(sc)->cpu < ks.cpus &&
	       IMP(SC(sc)->owner != NIL,
		   thread_is(SC(sc)->owner) && TH(SC(sc)->owner)->sched == sc);
}

/* At most one thread runs on it, and says so; an unowned one is not run on. */
PRED bool sched_runner_inv(u32 sc)
{
	return IMP(SC(sc)->runner != NIL,
		   thread_is(SC(sc)->runner) && TH(SC(sc)->runner)->running_on == sc &&
			   SC(sc)->owner != NIL);
}

/* Lent only by its owner, while that waits for an answer. */
PRED bool sched_lent_inv(u32 sc)
{
	return IMP(SC(sc)->runner != NIL && SC(sc)->runner != SC(sc)->owner,
		   TH(SC(sc)->owner)->state == THREAD_REPLY && TH(SC(sc)->owner)->lent == sc);
}

/* Used up: it is in the time queue until its period ends. */
PRED bool sched_budget_inv(u32 sc)
{
	return SC(sc)->left <= SC(sc)->budget && SC(sc)->budget <= SC(sc)->period &&
	       TN(sc)->queued <= 1 &&
	       (TN(sc)->queued == 1) == (SC(sc)->left == 0 && SC(sc)->budget != 0);
}

/* --- time queue ---------------------------------------------------------------- */

PRED bool tnode_is(u32 p)
{
	return is_object(p, OBJ_THREAD) || is_object(p, OBJ_SCHED);
}

PRED u32 tnode_home(u32 p)
{
	return PD(p)->type == OBJ_THREAD ? TH(p)->home : SC(p)->cpu;
}

PRED u32 low_bits(u32 p, u32 n)
{
	return n >= 32 ? p : p & ((1u << n) - 1);
}

/* By which side the way to page p goes on at depth n. */
PRED u32 tnode_side(u32 p, u32 n)
{
	return p >> (n % 32) & 1;
}

PRED bool tnode_up_inv(u32 p)
{
	return !TN(p)->queued ||
	       (TN(p)->up == NIL
			? TN(p)->depth == 0 && CPU(tnode_home(p))->timeq == p
			: tnode_is(TN(p)->up) && TN(TN(p)->up)->queued &&
				  TN(p)->depth == TN(TN(p)->up)->depth + 1 &&
				  TN(TN(p)->up)->down[tnode_side(p, TN(p)->depth - 1u)] == p);
}

/* Nothing is earlier than what stands above it, and each lies on its own path. */
PRED bool tnode_order_inv(u32 p)
{
	return !TN(p)->queued || TN(p)->up == NIL ||
	       (TN(p)->when >= TN(TN(p)->up)->when &&
		tnode_home(p) == tnode_home(TN(p)->up) &&
		low_bits(p, TN(p)->depth - 1u) == low_bits(TN(p)->up, TN(p)->depth - 1u));
}

/* What hangs at side n of p has n as the bit of its number that p decides by. */
PRED bool tnode_hangs(u32 p, u32 n, u32 at)
{
	return at == NIL || (tnode_is(at) && TN(at)->queued && TN(at)->up == p && tnode_side(at, TN(p)->depth) == n);
}

PRED bool tnode_down_inv(u32 p)
{
	return !TN(p)->queued || (TN(p)->depth < TIMEQ_DEPTH && tnode_hangs(p, 0, TN(p)->down[0]) &&
				  tnode_hangs(p, 1, TN(p)->down[1]));
}

/* --- CPUs ------------------------------------------------------------------------ */

PRED bool cpu_current_inv(u32 c)
{
	return CPU(c)->current == NIL ||
	       (thread_is(CPU(c)->current) && TH(CPU(c)->current)->home == c);
}

/* Between entries; within one, what was loaded is perhaps no longer current. */
PRED bool cpu_loaded_inv(u32 c)
{
	return CPU(c)->loaded == NIL || CPU(c)->loaded == CPU(c)->current;
}

PRED bool cpu_timeq_inv(u32 c)
{
	return CPU(c)->timeq == NIL || (tnode_is(CPU(c)->timeq) && TN(CPU(c)->timeq)->queued &&
					TN(CPU(c)->timeq)->up == NIL && tnode_home(CPU(c)->timeq) == c);
}

PRED bool cpu_charged_inv(u32 c)
{
	return CPU(c)->charged == NIL ||
	       (is_object(CPU(c)->charged, OBJ_SCHED) && SC(CPU(c)->charged)->cpu == c);
}

PRED bool cpu_mailbox_inv(u32 c)
{
	return CPU(c)->mailbox == NIL ||
	       (is_object(CPU(c)->mailbox, OBJ_NOTIF) && NT(CPU(c)->mailbox)->mailed &&
		NT(CPU(c)->mailbox)->home == c);
}

/* Priority p of CPU c: head, tail and map agree. */
PRED bool ready_queue_inv(u32 c, u32 p)
{
	return (CPU(c)->ready_head[p] == NIL) == (CPU(c)->ready_tail[p] == NIL) &&
	       (CPU(c)->ready_head[p] != NIL) == ((CPU(c)->ready_map[p / 64] >> (p % 64) & 1) != 0) &&
	       IMP(CPU(c)->ready_head[p] != NIL,
		   CPU(c)->top > p && thread_is(CPU(c)->ready_head[p]) &&
			   TH(CPU(c)->ready_head[p])->queued &&
			   TH(CPU(c)->ready_head[p])->eprio == p &&
			   TH(CPU(c)->ready_head[p])->home == c &&
			   TH(CPU(c)->ready_head[p])->qprev == NIL &&
			   thread_is(CPU(c)->ready_tail[p]) && TH(CPU(c)->ready_tail[p])->queued &&
			   TH(CPU(c)->ready_tail[p])->eprio == p &&
			   TH(CPU(c)->ready_tail[p])->home == c &&
			   TH(CPU(c)->ready_tail[p])->qnext == NIL);
}

PRED bool cpu_top_inv(u32 c)
{
	return CPU(c)->top <= PRIO_COUNT &&
	       IMP(CPU(c)->top != 0, CPU(c)->ready_head[CPU(c)->top - 1] != NIL);
}

#define SCHED_INVARIANTS(X)                                                                        \
	X(sched_owner_inv)                                                                         \
	X(sched_runner_inv)                                                                        \
	X(sched_lent_inv)                                                                          \
	X(sched_budget_inv)

#define TNODE_INVARIANTS(X)                                                                        \
	X(tnode_up_inv)                                                                            \
	X(tnode_order_inv)                                                                         \
	X(tnode_down_inv)

#define CPU_INVARIANTS(X)                                                                          \
	X(cpu_current_inv)                                                                         \
	X(cpu_timeq_inv)                                                                           \
	X(cpu_charged_inv)                                                                         \
	X(cpu_mailbox_inv)                                                                         \
	X(cpu_top_inv)

#define ENTRY_INVARIANTS(X) X(cpu_loaded_inv)
