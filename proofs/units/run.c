/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * whole = ["sched_ready", "sched_wake", "sched_switch", "sched_continue", "sched_unready",
 *          "sched_leave_queue", "sched_go_on", "sched_set_eprio"]
 * [h_ready]
 * function = "sched_ready"
 * columns = ["ub", "spec"]
 * [h_wake]
 * function = "sched_wake"
 * only = "when nobody has borrowed what it owns"
 * columns = ["ub", "spec"]
 * [h_switch]
 * function = "sched_switch"
 * columns = ["ub", "spec"]
 * [h_continue]
 * function = "sched_continue"
 * columns = ["ub", "spec"]
 * [h_unready]
 * function = "sched_unready"
 * columns = ["ub", "spec"]
 * [h_leave_queue]
 * function = "sched_leave_queue"
 * columns = ["ub", "spec"]
 * [h_go_on]
 * function = "sched_go_on"
 * columns = ["ub", "spec"]
 * [h_set_eprio]
 * function = "sched_set_eprio"
 * columns = ["ub", "spec"]
 */
#include "run.h"
#include "contract_run.h"

/* --- what is known before ----------------------------------------------------------------------- */

PRED bool sched_is(u32 sc)
{
	return is_object(sc, OBJ_SCHED);
}

/* In no queue and not current; what it runs on is there, or else its own, and who has that can lose it. */
PRED bool may_be_ready(u32 t)
{
	return thread_is(t) && TH(t)->home < ks.cpus && ks.cpus <= CPU_MAX && TH(t)->queued == 0 &&
	       TH(t)->queue == NIL && TH(t)->qnext == NIL && TH(t)->qprev == NIL && !thread_is_current(t) &&
	       (TH(t)->running_on == NIL
			? (TH(t)->sched == NIL || sched_is(TH(t)->sched)) &&
				  (borrower_of(t) == NIL || (borrower_of(t) != t && TH(borrower_of(t))->sched != TH(t)->sched && may_lose(borrower_of(t))))
			: sched_is(TH(t)->running_on) && SC(TH(t)->running_on)->runner == t);
}

static void hint_places(struct any any, u32 t)
{
	hint_queue(TH(t)->home, TH(t)->eprio);
	hint_queue(TH(t)->home, TH(t)->prio);
	HINT(1, any_ready_queue_inv(TH(t)->home, any.n));
	hint_order(any);
}

#define WHO_IS_NOT(t)                                                                              \
	ANY(u32, t);                                                                               \
	ASSUME_STATE(requires, may_be_ready(t), "who becomes ready waits for nothing and is not current"); \
	hint_places(any, t);                                                                       \
	const u32 loser = borrower_of(t);                                                          \
	hint_loser(loser)

/* What t runs on now: what it ran on, or else its own; and whether there is time left. */
PRED u32 spec_runs_on(u32 t)
{
	return old_thread[t].running_on != NIL ? old_thread[t].running_on : old_thread[t].sched;
}

PRED bool spec_has_time(u32 t)
{
	return spec_runs_on(t) != NIL && old_sched[spec_runs_on(t)].left != 0;
}

/* Its own is used at its own priority. */
PRED u32 spec_eprio(u32 t)
{
	const u32 prio = old_thread[t].prio, eprio = old_thread[t].eprio;

	return old_thread[t].running_on == NIL ? prio : eprio;
}

PRED bool goes_on(u32 t)
{
	return TH(t)->running_on == spec_runs_on(t) &&
	       IMP(spec_runs_on(t) != NIL, SC(spec_runs_on(t))->runner == t) && TH(t)->eprio == spec_eprio(t);
}

PRED bool is_queued_last(u32 t)
{
	return TH(t)->queued == 1 && CPU(TH(t)->home)->ready_tail[TH(t)->eprio] == t && TH(t)->qnext == NIL;
}

PRED bool is_queued_first(u32 t)
{
	return TH(t)->queued == 1 && CPU(TH(t)->home)->ready_head[TH(t)->eprio] == t && TH(t)->qprev == NIL;
}

/* t perhaps runs on its own now, and who ran on that goes on without it. */
static void takes_time(u32 t)
{
	if (borrower_of(t) == NIL)
		return;
	losing_changes(true, borrower_of(t));
	ASSIGNS(1, TH(borrower_of(t))->qnext);
}

PRED bool is_without(u32 loser, u32 t)
{
	return loser == NIL || TH(loser)->running_on != TH(t)->sched;
}

static void check_ready(u32 t, u32 loser)
{
	CHECK_SPEC(is_without(loser, t));
	ASSIGNS(old_thread[t].running_on == NIL, TH(t)->running_on, TH(t)->eprio, SC(old_thread[t].sched)->runner);
	check_order(any);
}

/* --- becoming ready ------------------------------------------------------------------------------- */

void h_ready(void)
{
	WHO_IS_NOT(t);
	takes_time(t);
	sched_ready(t);
	CHECK_SPEC(TH(t)->state == THREAD_READY);
	CHECK_SPEC(goes_on(t));
	CHECK_IF(spec_has_time(t), "spec", is_queued_last(t));
	CHECK_IF(!spec_has_time(t), "spec", TH(t)->queued == 0);
	ASSIGNS(1, TH(t)->state);
	ASSIGNS(spec_has_time(t), QUEUED_LAST(t, TH(t)->home, spec_eprio(t)));
	check_ready(t, loser);
	COVER(spec_has_time(t));
}

/* Above all that are ready, and whoever runs. */
PRED bool spec_is_above(u32 t, u32 c)
{
	return old_cpu[c].top <= spec_eprio(t) &&
	       (old_cpu[c].current == NIL || old_thread[old_cpu[c].current].eprio < spec_eprio(t));
}

void h_wake(void)
{
	WHO_IS_NOT(t);
	const u32 c = machine.cpu, before = CPU(c)->current;
	ASSUME_STATE(case, loser == NIL, "when nobody has borrowed what it owns");
	ASSUME_STATE(cpus, cpu_runs(c), "set at boot, and never again");
	hint_cpu(c);
	hint_thread(before);
	hint_queue(c, TH(before)->eprio);
	HINT(1, any_ready_queue_inv(c, any.n));
	sched_wake(t);
	const bool runs = spec_has_time(t) & (old_thread[t].running_on == NIL) & (old_thread[t].home == c) & spec_is_above(t, c);

	CHECK_SPEC(TH(t)->state == THREAD_READY);
	CHECK_SPEC(goes_on(t));
	CHECK_IF(runs, "spec", CPU(c)->current == t);
	CHECK_IF(runs & (before != NIL), "spec", is_queued_first(before));
	CHECK_IF(spec_has_time(t) & !runs, "spec", is_queued_last(t));
	CHECK_IF(runs | !spec_has_time(t), "spec", TH(t)->queued == 0);
	ASSIGNS(1, TH(t)->state);
	ASSIGNS(runs, CPU(c)->current);
	ASSIGNS(runs & (before != NIL), QUEUED_FIRST(before, c, TH(before)->eprio));
	ASSIGNS(spec_has_time(t) & !runs, QUEUED_LAST(t, TH(t)->home, spec_eprio(t)));
	check_ready(t, loser);
	COVER(runs & (before != NIL));
}

/* Nobody runs on its CPU, and nobody above it waits. */
PRED bool may_switch(u32 c, u32 t)
{
	return spec_has_time(t) && TH(t)->home == c && old_cpu[c].current == NIL && old_cpu[c].top <= spec_eprio(t) + 1;
}

void h_switch(u32 c)
{
	WHO_IS_NOT(t);
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again");
	takes_time(t);
	sched_switch(c, t);
	const bool runs = spec_has_time(t) & (TH(t)->home == c) & (CPU(c)->current == t);

	CHECK_SPEC(TH(t)->state == THREAD_READY);
	CHECK_SPEC(goes_on(t));
	CHECK_IF(loser == NIL, "spec", runs == may_switch(c, t));
	CHECK_IF(spec_has_time(t) & !runs, "spec", is_queued_last(t));
	CHECK_IF(runs | !spec_has_time(t), "spec", TH(t)->queued == 0);
	ASSIGNS(1, TH(t)->state);
	ASSIGNS(runs, CPU(c)->current);
	ASSIGNS(spec_has_time(t) & !runs, QUEUED_LAST(t, TH(t)->home, spec_eprio(t)));
	check_ready(t, loser);
	COVER(runs);
}

void h_continue(void)
{
	WHO_IS_NOT(t);
	const u32 c = TH(t)->home;
	takes_time(t);
	sched_continue(t);
	CHECK_SPEC(goes_on(t));
	CHECK_SPEC(CPU(c)->current == (spec_has_time(t) ? t : NIL));
	ASSIGNS(1, CPU(c)->current);
	check_ready(t, loser);
	COVER(spec_has_time(t));
}

/* --- ready threads ---------------------------------------------------------------------------------- */

#define WHO_IS_READY(t)                                                                            \
	ANY(u32, t);                                                                               \
	ASSUME_STATE(requires, thread_is(t) && TH(t)->state == THREAD_READY, "this is done to ready threads"); \
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");                    \
	hint_thread(t);                                                                            \
	hint_thread(TH(t)->qnext);                                                                 \
	hint_thread(TH(t)->qprev);                                                                 \
	hint_places(any, t)

PRED bool was_current(u32 t)
{
	return old_cpu[old_thread[t].home].current == t;
}

/* Off its CPU too: one that runs elsewhere has its registers saved. */
void h_unready(void)
{
	WHO_IS_READY(t);
	const u32 c = TH(t)->home;
	sched_unready(t);
	CHECK_SPEC(TH(t)->queued == 0);
	CHECK_SPEC(CPU(c)->current != t);
	ASSIGNS(old_thread[t].queued == 1, UNQUEUED(t, c, TH(t)->eprio));
	ASSIGNS(was_current(t), CPU(c)->current);
	ASSIGNS(was_current(t) & (c != machine.cpu), CPU(c)->loaded, TH(t)->frame.kind);
	check_order(any);
	COVER(was_current(t));
}

void h_leave_queue(void)
{
	WHO_IS_READY(t);
	sched_leave_queue(t);
	CHECK_SPEC(TH(t)->queued == 0);
	ASSIGNS(old_thread[t].queued == 1, UNQUEUED(t, TH(t)->home, TH(t)->eprio));
	check_order(any);
	COVER(old_thread[t].queued == 1);
}

PRED bool has_left(u32 t)
{
	return TH(t)->running_on != NIL && SC(TH(t)->running_on)->left != 0;
}

void h_go_on(u32 t)
{
	ASSUME_STATE(requires, thread_is(t) && TH(t)->state == THREAD_READY && TH(t)->queued == 0 &&
			    (TH(t)->running_on == NIL || sched_is(TH(t)->running_on)),
		     "who may have something else to run on is in no queue");
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");
	HINTS(any_thread_state_inv(t), any_thread_queue_inv(t), any_thread_links_inv(t));
	hint_places(any, t);
	const u32 c = TH(t)->home;
	sched_go_on(t);
	CHECK_IF(has_left(t) & was_current(t), "spec", (CPU(c)->current == t) & (TH(t)->queued == 0));
	CHECK_IF(has_left(t) & !was_current(t), "spec", is_queued_last(t));
	CHECK_IF(!has_left(t), "spec", (CPU(c)->current != t) & (TH(t)->queued == 0));
	ASSIGNS(has_left(t) & !was_current(t), QUEUED_LAST(t, c, TH(t)->eprio));
	ASSIGNS(!has_left(t) & was_current(t), CPU(c)->current);
	ASSIGNS(!has_left(t) & was_current(t) & (c != machine.cpu), CPU(c)->loaded, TH(t)->frame.kind);
	check_order(any);
	COVER(has_left(t));
}

void h_set_eprio(u8 eprio)
{
	WHO_IS_READY(t);
	const u32 c = TH(t)->home;
	hint_queue(c, eprio);
	sched_set_eprio(t, eprio);
	CHECK_SPEC(TH(t)->eprio == eprio);
	CHECK_SPEC(SAME(ks_thread[t], old_thread[t], queued));
	CHECK_IF(old_thread[t].queued == 1, "spec", is_queued_last(t));
	ASSIGNS(1, TH(t)->eprio);
	ASSIGNS(old_thread[t].queued == 1, RUN_QUEUE(c, old_thread[t].eprio), RUN_QUEUE(c, eprio), LEFT_LINKS(t), TH(old_cpu[c].ready_tail[eprio])->qnext);
	check_order(any);
	COVER(old_thread[t].queued == 1);
}
