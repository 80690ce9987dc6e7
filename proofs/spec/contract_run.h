/* SPDX-License-Identifier: MIT */
/*
 * What entering a run queue does, and losing borrowed time, for units that call it: proved
 * by ready.c and lend.c.
 */
#pragma once
#include "whole.h"

/* Run queues are in order; other queues only as far as threads are in one queue. */
static void order_needs(void)
{
	CHECK_KEPT(any_cpu_current_inv(any.cpu));
	CHECK_KEPT(any_cpu_top_inv(any.cpu));
	CHECK_KEPT(any_ready_queue_inv(any.cpu, any.n));
	CHECK_SPEC(any_thread_links_inv(any.page));
}

PRED bool order_is_kept(u32 p, u32 c, u32 n)
{
	return any_thread_links_inv(p) && any_cpu_top_inv(c) && any_ready_queue_inv(c, n);
}

static void order_changes(void)
{
	CHANGE();
	prover_assume(order_is_kept(any.page, any.cpu, any.n));
}

/* --- entering a run queue --------------------------------------------------------------- */

PRED bool may_enter(u32 t, u32 first)
{
	return thread_is(t) && cpu_runs(TH(t)->home) && TH(t)->queued == 0 && TH(t)->queue == NIL && TH(t)->qnext == NIL &&
	       TH(t)->qprev == NIL && first <= 1;
}

static void pushing_changes(u32 t, u32 first)
{
	const u32 c = TH(t)->home, p = TH(t)->eprio, head = CPU(c)->ready_head[p], tail = CPU(c)->ready_tail[p];

	ASSIGNS(1, RUN_QUEUE(c, p), TH(t)->queued);
	ASSIGNS(first == 1, TH(t)->qnext, TH(head)->qprev);
	ASSIGNS(first == 0, TH(t)->qprev, TH(tail)->qnext);
}

PRED u32 end_of(u32 t, u32 first)
{
	return first == 1 ? CPU(TH(t)->home)->ready_head[TH(t)->eprio] : CPU(TH(t)->home)->ready_tail[TH(t)->eprio];
}

/* First or last of its priority, next to who was that before. */
PRED bool is_pushed(u32 t, u32 first, u32 next, u32 far)
{
	return TH(t)->queued == 1 && end_of(t, first) == t && end_of(t, 1 - first) == (next == NIL ? t : far) &&
	       IMP(first == 1, TH(t)->qnext == next) && IMP(first == 0, TH(t)->qprev == next);
}

void prover_replace_ready_push(struct cpu *c, u32 t, bool first)
{
	const u32 next = end_of(t, first), far = end_of(t, 1 - first);

	CHECK_SPEC(may_enter(t, first));
	CHECK_SPEC(c == CPU(TH(t)->home));
	order_needs();
	pushing_changes(t, first);
	order_changes();
	prover_assume(is_pushed(t, first, next, far));
}

/* --- losing -------------------------------------------------------------------------------- */

/* What r goes on with: its own, if nobody else runs on that and it is ready. */
PRED u32 own_time(u32 r)
{
	const u32 own = TH(r)->sched;

	return TH(r)->state == THREAD_READY && own != NIL && (SC(own)->runner == NIL || TH(r)->running_on == own) ? own : NIL;
}

PRED bool has_own_time(u32 r)
{
	return own_time(r) != NIL && SC(own_time(r))->left != 0;
}

/* Last of its priority. */
PRED bool enters(u32 r)
{
	return has_own_time(r) && !thread_is_current(r);
}

PRED u32 current_then(u32 r)
{
	return thread_is_current(r) && TH(r)->state == THREAD_READY && !has_own_time(r) ? NIL : CPU(TH(r)->home)->current;
}

PRED bool may_lose(u32 r)
{
	return thread_is(r) && cpu_runs(TH(r)->home) && ks.cpus <= CPU_MAX && is_object(TH(r)->running_on, OBJ_SCHED) && SC(TH(r)->running_on)->runner == r &&
	       (TH(r)->sched == NIL || is_object(TH(r)->sched, OBJ_SCHED)) && IMP(TH(r)->state == THREAD_READY, TH(r)->queue == NIL) &&
	       IMP(TH(r)->queued, TH(r)->state == THREAD_READY && !thread_is_current(r)) && TH(r)->queued <= 1;
}

/* Who runs on what t owns, and loses it if t goes on, or NIL. */
PRED u32 borrower_of(u32 t)
{
	return TH(t)->running_on != NIL || TH(t)->sched == NIL ? NIL : SC(TH(t)->sched)->runner;
}

/* Whoever has nothing to do with r is none of its neighbours. */
static void hint_loser(u32 r)
{
	HINTS(any_thread_links_inv(r), any_ready_queue_inv(TH(r)->home, TH(r)->prio));
}

static void losing_changes(bool when, u32 r)
{
	const u32 c = TH(r)->home, next = TH(r)->qnext, prev = TH(r)->qprev, tail = CPU(c)->ready_tail[TH(r)->prio];
	const bool stops = when & (CPU(c)->current != current_then(r));

	ASSIGNS(when, TH(r)->running_on, SC(TH(r)->running_on)->runner);
	ASSIGNS(when & (TH(r)->state == THREAD_READY), TH(r)->eprio);
	ASSIGNS(when & (own_time(r) != NIL), SC(own_time(r))->runner);
	ASSIGNS(when & (TH(r)->queued == 1), RUN_QUEUE(c, TH(r)->eprio), TH(r)->queued, LINKS_OF(r), TH(next)->qprev, TH(prev)->qnext);
	ASSIGNS(when & enters(r), RUN_QUEUE(c, TH(r)->prio), TH(r)->queued, TH(r)->qprev, TH(tail)->qnext);
	ASSIGNS(stops, CPU(c)->current);
	ASSIGNS(stops & (c != machine.cpu), CPU(c)->loaded, TH(r)->frame.kind);
}

/* Who is first and last of priority p at home then. */
PRED u32 head_then(u32 r, u32 p)
{
	const u32 head = CPU(TH(r)->home)->ready_head[p], left = TH(r)->queued && head == r ? TH(r)->qnext : head;

	return left == NIL && p == TH(r)->prio && enters(r) ? r : left;
}

PRED u32 tail_then(u32 r, u32 p)
{
	const u32 tail = CPU(TH(r)->home)->ready_tail[p];

	return p == TH(r)->prio && enters(r) ? r : TH(r)->queued && tail == r ? TH(r)->qprev : tail;
}

PRED bool has_ends(u32 c, u32 p, u32 head, u32 tail)
{
	return CPU(c)->ready_head[p] == head && CPU(c)->ready_tail[p] == tail;
}

/* It runs on `own`, if ready at its own priority: where it ran, or last in the queue, or nowhere. */
PRED bool goes_on_with(u32 r, u32 own, u32 sc, u32 current, u32 queued)
{
	return TH(r)->running_on == own && IMP(own != NIL, SC(own)->runner == r) && IMP(own != sc, SC(sc)->runner == NIL) &&
	       IMP(TH(r)->state == THREAD_READY, TH(r)->eprio == TH(r)->prio && TH(r)->queued == queued) && CPU(TH(r)->home)->current == current;
}

#define LOSS_OF(r)                                                                                 \
	const u32 lost = TH(r)->running_on, own = own_time(r), goes = enters(r), p = TH(r)->eprio, q = TH(r)->prio, c_of_r = TH(r)->home; \
	const u32 current = current_then(r);                                                       \
	const u32 p_head = head_then(r, p), p_tail = tail_then(r, p), q_head = head_then(r, q), q_tail = tail_then(r, q)
#define HAS_LOST(r)                                                                                \
	(goes_on_with(r, own, lost, current, goes) & has_ends(c_of_r, p, p_head, p_tail) & has_ends(c_of_r, q, q_head, q_tail))

void prover_replace_lose(u32 r)
{
	LOSS_OF(r);

	CHECK_SPEC(may_lose(r));
	order_needs();
	losing_changes(true, r);
	order_changes();
	prover_assume(HAS_LOST(r));
}
