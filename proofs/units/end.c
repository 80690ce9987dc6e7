/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 12
 * whole = ["sched_recall", "thread_complete", "thread_halt", "thread_end_wait"]
 * [h_recall]
 * function = "sched_recall"
 * columns = ["ub", "spec"]
 * [h_end_wait]
 * function = "thread_end_wait"
 * columns = ["ub", "spec"]
 * [h_complete]
 * function = "thread_complete"
 * columns = ["ub", "spec"]
 * [h_halt]
 * function = "thread_halt"
 * columns = ["ub", "spec"]
 */
/*
 * Waits that end, by whatever ends them, and threads that stop: time that was lent comes back, and who ran on it
 * goes on with its own.
 */
#include "ending.h"

/* --- time comes back ------------------------------------------------------------------------ */

static void recalling_changes(u32 t)
{
	losing_changes(lender_loses(t) != NIL, lender_loses(t));
	ASSIGNS(comes_back(t), TH(t)->running_on, TH(t)->eprio, SC(TH(t)->lent)->runner);
}

/* If there is time left it runs on that again, at its own priority or that of whom it works for. */
PRED bool is_recalled(u32 t, u32 sc, u32 r)
{
	return (r == NIL || TH(r)->running_on != sc) &&
	       (SC(sc)->left == 0 ? SC(sc)->runner == NIL : TH(t)->running_on == sc && SC(sc)->runner == t && TH(t)->eprio >= TH(t)->prio);
}

void h_recall(u32 t)
{
	ASSUME_STATE(requires, TH(t)->state == THREAD_REPLY, "who waits for an answer");
	WHO_ENDS(t);
	const u32 r = lender_loses(t);
	hint_runner(r);
	const bool back = comes_back(t);
	recalling_changes(t);
	sched_recall(t);
	CHECK_IF(back, "spec", is_recalled(t, lent, r));
	COVER(back & (r != NIL));
}

/* --- what ends -------------------------------------------------------------------------------- */

static void ending_changes(u32 t)
{
	const u32 q = TH(t)->queue, next = TH(t)->qnext, prev = TH(t)->qprev;
	const bool in_notif = TH(t)->state == THREAD_WAIT;

	ASSIGNS(1, TH(t)->call);
	ASSIGNS(q != NIL, TH(t)->queue, LINKS_OF(t), TH(next)->qprev, TH(prev)->qnext);
	ASSIGNS((q != NIL) & in_notif, NT(q)->head, NT(q)->tail);
	ASSIGNS((q != NIL) & !in_notif, EP(q)->head, EP(q)->tail, EP(q)->cursor);
	ASSIGNS(TN(t)->queued == 1, TN(t)->queued);
	assigns_timeq(TN(t)->queued == 1, TH(t)->home);
	recalling_changes(t);
}

PRED bool waits_for_nothing(u32 t)
{
	return TH(t)->queue == NIL && TH(t)->qnext == NIL && TH(t)->qprev == NIL && TH(t)->call == 0 && TN(t)->queued == 0;
}

void h_end_wait(u32 t)
{
	ASSUME_STATE(requires, TH(t)->state > THREAD_READY, "who waits");
	WHO_ENDS(t);
	const u32 r = lender_loses(t);
	hint_runner(r);
	const bool back = comes_back(t);
	ending_changes(t);
	thread_end_wait(t);
	CHECK_SPEC(waits_for_nothing(t));
	CHECK_IF(back, "spec", is_recalled(t, lent, r));
	COVER(back);
}

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

/* It waits for nothing, and its call says why; a fault that nobody answers leaves it stopped. */
PRED bool is_completed(u32 t, u32 code)
{
	return TH(t)->queue == NIL && TH(t)->call == 0 && TN(t)->queued == 0 &&
	       (TH(t)->fault != 0 ? TH(t)->state == THREAD_STOPPED && TH(t)->running_on == NIL
				  : TH(t)->state == THREAD_READY && FR_ERR(t) == code && FR_OUT(t, 0) == 0 && FR_OUT(t, 1) == 0);
}

void h_complete(u32 t, u32 code)
{
	ASSUME_STATE(requires, TH(t)->state > THREAD_READY, "who waits");
	WHO_ENDS(t);
	const u32 r = lender_loses(t);
	hint_runner(r);
	completing_changes(true, t);
	thread_complete(t, (err_t){ code });
	CHECK_SPEC(is_completed(t, code));
	COVER(own_r != NIL);
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

void h_halt(u32 t)
{
	WHO_ENDS(t);
	const u32 r = lender_loses(t);
	hint_runner(r);
	const bool cancels = TH(t)->state > THREAD_READY && TH(t)->fault == 0;
	const u32 pending = pending_then(t);
	halting_changes(true, t);
	thread_halt(t);
	CHECK_SPEC(is_halted(t, pending));
	CHECK_IF(cancels, "spec", is_cancelled(t));
	COVER(own_r != NIL);
}
