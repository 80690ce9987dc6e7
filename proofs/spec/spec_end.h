/* SPDX-License-Identifier: MIT */
/*
 * What ending a wait does, and stopping a thread.
 */
#pragma once
#include "whole.h"

/* Invariants of what waits and runs; X at any page, Y at any CPU. */
#define RUNNING_INVARIANTS(X, Y)                                                                   \
	THREAD_INVARIANTS(X) SCHED_INVARIANTS(X) TNODE_INVARIANTS(X) EP_INVARIANTS(X) NOTIF_INVARIANTS(X) CPU_INVARIANTS(Y)
#define KNOW_AT_PAGE(name) prover_assume(any_##name(any.page));
#define KNOW_AT_CPU(name) prover_assume(any_##name(any.cpu));

static void running_is_kept(void)
{
	RUNNING_INVARIANTS(CHECK_AT_PAGE, CHECK_AT_CPU)
	CHECK_KEPT(any_ready_queue_inv(any.cpu, any.n));
}

/* Has it lent on what was lent to it? */
PRED bool lends_on(u32 t)
{
	return TH(t)->state == THREAD_REPLY && TH(t)->lent != NIL && thread_is(TH(t)->reply_to) && TH(TH(t)->reply_to)->lent == TH(t)->lent;
}

PRED bool has_cpus(void) { return ks.cpus <= CPU_MAX && machine.cpu < ks.cpus; }

/* Who runs on its time, while it waits for an answer, has no fault to report. */
PRED bool borrower_reports_nothing(u32 t)
{
	const u32 r = TH(t)->sched == NIL ? NIL : SC(TH(t)->sched)->runner;

	return TH(t)->state != THREAD_REPLY || r == NIL || TH(r)->pending == 0;
}

PRED bool may_halt(u32 t) { return thread_is(t) && has_cpus() && !lends_on(t) && borrower_reports_nothing(t); }

PRED bool may_complete(u32 t) { return TH(t)->state > THREAD_READY && may_halt(t); }

/* Threads stand and run elsewhere than before. Of these places, one that can change speaks for all. */
static void stands_elsewhere(bool when, const void *place, unsigned long size)
{
	prover_assigns(when, place, size, 0);
}

#define STANDS_ELSEWHERE(when, place) stands_elsewhere(when, &(place), sizeof(place))

static void running_changes(bool when)
{
	PROVER_EACH(STANDS_ELSEWHERE, when, TH(any.page)->queued, TH(any.page)->running_on, TH(any.page)->eprio, LINKS_OF(any.page), SC(any.page)->runner);
	PROVER_EACH(STANDS_ELSEWHERE, when, TH(any.page)->frame.kind, TN(any.page)->up, TN(any.page)->down, TN(any.page)->depth);
	PROVER_EACH(STANDS_ELSEWHERE, when, CPU(any.cpu)->current, CPU(any.cpu)->loaded, CPU(any.cpu)->timeq, CPU(any.cpu)->top,
		    CPU(any.cpu)->ready_map, CPU(any.cpu)->ready_head, CPU(any.cpu)->ready_tail);
}

static void completing_changes(bool when, u32 t)
{
	const u32 q = TH(t)->queue;

	running_changes(when);
	ASSIGNS(when, TH(t)->state, TH(t)->queue, TH(t)->call, TN(t)->queued, FR_ERR(t), FR_OUT(t, 0), FR_OUT(t, 1));
	ASSIGNS(when & (q != NIL) & (TH(t)->state == THREAD_WAIT), NT(q)->head, NT(q)->tail);
	ASSIGNS(when & (q != NIL) & (TH(t)->state != THREAD_WAIT), EP(q)->head, EP(q)->tail, EP(q)->cursor);
}

/* What thread t waits for, and what its call said, is as it was. */
PRED bool is_left_alone(u32 t, u32 n)
{
	return SAME(ks_thread[t], old_thread[t], state) && SAME(ks_thread[t], old_thread[t], queue) && SAME(ks_thread[t], old_thread[t], call) &&
	       SAME(ks_tnode[t], old_tnode[t], queued) && (n >= REG_COUNT || SAME(ks_thread[t], old_thread[t], frame.r[n]));
}

#define ENDED(t) TH(t)->state, TH(t)->queue, TH(t)->call, TH(t)->frame.r, TN(t)->queued

/* In loops that complete waits: what rounds change, but for queues, and what is known of any index again. */
static void forget_running(void)
{
	FORGETS(ks_thread[0].state, ks_thread[0].queue, ks_thread[0].call, ks_thread[0].queued, ks_thread[0].running_on, ks_thread[0].eprio,
		ks_thread[0].qnext, ks_thread[0].qprev, ks_thread[0].frame.r, ks_thread[0].frame.kind, ks_sched[0].runner);
	FORGETS(ks_tnode[0].queued, ks_tnode[0].up, ks_tnode[0].down, ks_tnode[0].depth, ks_ep[0].head, ks_ep[0].tail, ks_ep[0].cursor,
		ks_notif[0].head, ks_notif[0].tail);
	FORGETS(ks_cpu[0].current, ks_cpu[0].loaded, ks_cpu[0].timeq, ks_cpu[0].top, ks_cpu[0].ready_map, ks_cpu[0].ready_head, ks_cpu[0].ready_tail);
}

static void running_is_known(void)
{
	RUNNING_INVARIANTS(KNOW_AT_PAGE, KNOW_AT_CPU)
	prover_assume(any_ready_queue_inv(any.cpu, any.n));
}

/* It waits for nothing, and its call says why; a fault that nobody answers leaves it stopped. */
PRED bool is_completed(u32 t, u32 code)
{
	return TH(t)->queue == NIL && TH(t)->call == 0 && TN(t)->queued == 0 &&
	       (TH(t)->fault != 0 ? TH(t)->state == THREAD_STOPPED && TH(t)->running_on == NIL
				  : TH(t)->state == THREAD_READY && FR_ERR(t) == code && FR_OUT(t, 0) == 0 && FR_OUT(t, 1) == 0);
}

/* --- stopping ------------------------------------------------------------------------------- */

static void halting_changes(bool when, u32 t)
{
	completing_changes(when, t);
	ASSIGNS(when, TH(t)->pending);
}

/* What it had to say and nobody has heard is said again; a page fault comes by itself. */
PRED u32 pending_then(u32 t)
{
	const u32 kept = TH(t)->state == THREAD_CALL && TH(t)->fault != FAULT_SYSCALL ? TH(t)->fault : TH(t)->pending;

	return kept == FAULT_PAGE ? 0 : kept;
}

/* Its call, if it made one, says that it was cancelled, unless the call is to be made again. */
PRED bool is_cancelled(u32 t) { return FR_ERR(t) == DONE_CANCELLED.v && FR_OUT(t, 0) == 0 && FR_OUT(t, 1) == 0; }

/* It waits for nothing, is nowhere, and has no time. */
PRED bool is_halted(u32 t, u32 pending)
{
	return TH(t)->state == THREAD_STOPPED && TH(t)->queue == NIL && TH(t)->queued == 0 && TN(t)->queued == 0 && TH(t)->running_on == NIL &&
	       CPU(TH(t)->home)->current != t && TH(t)->call == 0 && TH(t)->pending == pending;
}

/* Stopped, and nobody has what it owns: there is nothing to do (h_halt_again of end.c). */
PRED bool is_idle(u32 t)
{
	return thread_is(t) && TH(t)->state == THREAD_STOPPED && TH(t)->running_on == NIL && TH(t)->pending != FAULT_PAGE &&
	       (TH(t)->sched == NIL || (TH(t)->sched < PAGE_COUNT && SC(TH(t)->sched)->runner == NIL));
}

u32 watched; /* a thread of which it is to be known that it stays idle */

/* Whom an answer of t is for, or NIL: it holds no right, or that caller waits no longer. */
PRED u32 held_by(u32 t) { return TH(t)->reply_to == NIL ? NIL : reply_target(TH(t)->reply_to, TH(t)->reply_call); }

/* Whoever runs here has no fault to report: that takes one entry. */
PRED bool nothing_to_report(void) { return CPU(machine.cpu)->current == NIL || TH(CPU(machine.cpu)->current)->pending == 0; }
