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
 * [h_halt_again]
 * function = "thread_halt"
 * columns = ["ub", "spec"]
 */
/*
 * Waits that end, by whatever ends them, and threads that stop: time that was lent comes back, and who ran on it
 * goes on with its own.
 */
#include "ending.h"
#include "spec_end.h"

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

void h_halt_again(u32 t)
{
	ASSUME_STATE(requires, is_idle(t), "who has stopped before");
	thread_halt(t);
	ASSIGNS_NOTHING();
}
