/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * whole = ["sched_ready", "sched_wake", "sched_switch", "sched_continue", "sched_unready",
 *          "sched_leave_queue", "sched_go_on", "sched_set_eprio", "pick"]
 * [h_ready]
 * function = "sched_ready"
 * only = "when nobody has borrowed what it owns"
 * columns = ["ub", "spec"]
 * [h_wake]
 * function = "sched_wake"
 * only = "when nobody has borrowed what it owns"
 * columns = ["ub", "spec"]
 * [h_switch]
 * function = "sched_switch"
 * only = "when nobody has borrowed what it owns"
 * columns = ["ub", "spec"]
 * [h_continue]
 * function = "sched_continue"
 * only = "when nobody has borrowed what it owns"
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
 * [h_pick]
 * function = "pick"
 * columns = ["ub", "spec"]
 */
#include "run.h"

void NEVER(lose)(u32 r) { (void)r; }

/* --- what is known before ----------------------------------------------------------------------- */

PRED bool sched_is(u32 sc)
{
	return is_object(sc, OBJ_SCHED);
}

/* In no queue and not current; what it runs on is there, and so is its own, on which nobody runs. */
PRED bool may_be_ready(u32 t)
{
	return thread_is(t) && TH(t)->home < ks.cpus && ks.cpus <= CPU_MAX && TH(t)->queued == 0 &&
	       TH(t)->queue == NIL && TH(t)->qnext == NIL && TH(t)->qprev == NIL && !thread_is_current(t) &&
	       (TH(t)->running_on == NIL
			? TH(t)->sched == NIL || (sched_is(TH(t)->sched) && SC(TH(t)->sched)->runner == NIL)
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
	hint_places(any, t)

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

/* t perhaps runs on its own now, and one thread, q, entered a queue or left one; queues are in order. */
static void check_moved(struct any any, u32 t, u32 q)
{
	CHECK_IF(any.page != t, "spec", same_state(any.page));
	CHECK_IF((any.page != t) & (any.page != q), "spec", same_thread_runs(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], lent));
	CHECK_IF(any.page != spec_runs_on(t), "spec", same_sched(any.page));
	check_order(any);
	check_untimed(any);
}

/* --- becoming ready ------------------------------------------------------------------------------- */

void h_ready(void)
{
	const struct any any = any_index();
	WHO_IS_NOT(t);
	remember();
	sched_ready(t);
	CHECK_SPEC(TH(t)->state == THREAD_READY);
	CHECK_SPEC(goes_on(t));
	CHECK_IF(spec_has_time(t), "spec", is_queued_last(t));
	CHECK_IF(!spec_has_time(t), "spec", TH(t)->queued == 0);
	CHECK_SPEC(same_current(any.cpu));
	check_moved(any, t, t);
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
	const struct any any = any_index();
	WHO_IS_NOT(t);
	const u32 c = machine.cpu, before = CPU(c)->current;
	ASSUME_STATE(cpus, cpu_runs(c), "set at boot, and never again");
	hint_cpu(c);
	hint_thread(before);
	hint_queue(c, TH(before)->eprio);
	HINT(1, any_ready_queue_inv(c, any.n));
	remember();
	sched_wake(t);
	const bool runs = spec_has_time(t) & (old_thread[t].home == c) & spec_is_above(t, c);

	CHECK_SPEC(TH(t)->state == THREAD_READY);
	CHECK_SPEC(goes_on(t));
	CHECK_IF(runs, "spec", CPU(c)->current == t);
	CHECK_IF(runs & (before != NIL), "spec", is_queued_first(before));
	CHECK_IF(spec_has_time(t) & !runs, "spec", is_queued_last(t));
	CHECK_IF(runs | !spec_has_time(t), "spec", TH(t)->queued == 0);
	CHECK_IF(!runs | (any.cpu != c), "spec", same_current(any.cpu));
	check_moved(any, t, runs ? before : t);
	COVER(runs & (before != NIL));
}

void h_switch(void)
{
	ANY(u32, c);
	const struct any any = any_index();
	WHO_IS_NOT(t);
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again");
	remember();
	sched_switch(c, t);
	const bool runs = spec_has_time(t) & (old_thread[t].home == c) & (old_cpu[c].current == NIL) &
			  (old_cpu[c].top <= spec_eprio(t) + 1);

	CHECK_SPEC(TH(t)->state == THREAD_READY);
	CHECK_SPEC(goes_on(t));
	CHECK_IF(runs, "spec", CPU(c)->current == t);
	CHECK_IF(spec_has_time(t) & !runs, "spec", is_queued_last(t));
	CHECK_IF(runs | !spec_has_time(t), "spec", TH(t)->queued == 0);
	CHECK_IF(!runs | (any.cpu != c), "spec", same_current(any.cpu));
	check_moved(any, t, t);
	COVER(runs);
}

void h_continue(void)
{
	const struct any any = any_index();
	WHO_IS_NOT(t);
	const u32 c = TH(t)->home;
	remember();
	sched_continue(t);
	CHECK_SPEC(goes_on(t));
	CHECK_SPEC(CPU(c)->current == (spec_has_time(t) ? t : NIL));
	CHECK_IF(any.cpu != c, "spec", same_current(any.cpu));
	CHECK_SPEC(same_state(any.page));
	check_moved(any, t, t);
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

/* t may have entered or left a queue, on its own priority or this one. */
static void check_same_time(struct any any, u32 t)
{
	CHECK_SPEC(same_state(any.page));
	CHECK_IF(any.page != t, "spec", same_thread_runs(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], lent) &
		   SAME(ks_thread[any.page], old_thread[any.page], running_on));
	CHECK_SPEC(same_sched(any.page));
	check_order(any);
	check_unscheduled(any);
	CHECK_IF(any.page != t, "spec", same_frame_rest(any.page, any.n));
	CHECK_SPEC(same_tnode(any.page));
}

PRED bool was_current(u32 t)
{
	return old_cpu[old_thread[t].home].current == t;
}

/* Off its CPU too: one that runs elsewhere has its registers saved. */
void h_unready(void)
{
	const struct any any = any_index();
	WHO_IS_READY(t);
	const u32 c = TH(t)->home;
	remember();
	sched_unready(t);
	CHECK_SPEC(TH(t)->queued == 0);
	CHECK_SPEC(CPU(c)->current != t);
	CHECK_IF((any.cpu != c) | !was_current(t), "spec", same_current(any.cpu));
	CHECK_IF((any.cpu != c) | !was_current(t) | (c == machine.cpu), "spec", same_timing(any.cpu));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], eprio));
	check_same_time(any, t);
	COVER(was_current(t));
}

void h_leave_queue(void)
{
	const struct any any = any_index();
	WHO_IS_READY(t);
	remember();
	sched_leave_queue(t);
	CHECK_SPEC(TH(t)->queued == 0);
	CHECK_SPEC(same_current(any.cpu));
	CHECK_SPEC(same_timing(any.cpu));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], eprio));
	check_same_time(any, t);
	COVER(old_thread[t].queued == 1);
}

PRED bool has_left(u32 t)
{
	return TH(t)->running_on != NIL && SC(TH(t)->running_on)->left != 0;
}

void h_go_on(void)
{
	const struct any any = any_index();
	ANY(u32, t);

	ASSUME_STATE(requires, thread_is(t) && TH(t)->state == THREAD_READY && TH(t)->queued == 0 &&
			    (TH(t)->running_on == NIL || sched_is(TH(t)->running_on)),
		     "who may have something else to run on is in no queue");
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");
	HINT(1, any_thread_state_inv(t));
	HINT(1, any_thread_queue_inv(t));
	HINT(1, any_thread_links_inv(t));
	hint_places(any, t);
	const u32 c = TH(t)->home;
	remember();
	sched_go_on(t);
	CHECK_IF(has_left(t) & was_current(t), "spec", (CPU(c)->current == t) & (TH(t)->queued == 0));
	CHECK_IF(has_left(t) & !was_current(t), "spec", is_queued_last(t));
	CHECK_IF(!has_left(t), "spec", (CPU(c)->current != t) & (TH(t)->queued == 0));
	CHECK_IF((any.cpu != c) | !was_current(t), "spec", same_current(any.cpu));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], eprio));
	check_same_time(any, t);
	COVER(has_left(t));
}

void h_set_eprio(void)
{
	ANY(u8, eprio);
	const struct any any = any_index();
	WHO_IS_READY(t);
	hint_queue(TH(t)->home, eprio);
	remember();
	sched_set_eprio(t, eprio);
	CHECK_SPEC(TH(t)->eprio == eprio);
	CHECK_SPEC(SAME(ks_thread[t], old_thread[t], queued));
	CHECK_IF(old_thread[t].queued == 1, "spec", is_queued_last(t));
	CHECK_SPEC(same_current(any.cpu));
	CHECK_SPEC(same_timing(any.cpu));
	check_same_time(any, t);
	COVER(old_thread[t].queued == 1);
}

/* --- choosing ------------------------------------------------------------------------------------------ */

PRED bool spec_is_outdone(u32 c)
{
	return old_cpu[c].current == NIL ? old_cpu[c].top != 0
					 : old_cpu[c].top > old_thread[old_cpu[c].current].eprio + 1u;
}

/* Nobody that waits is above who runs. */
void h_pick(void)
{
	const struct any any = any_index();
	const u32 c = machine.cpu, before = CPU(c)->current;

	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again");
	hint_cpu(c);
	hint_thread(before);
	const u32 first = CPU(c)->ready_head[CPU(c)->top - 1];
	hint_places(any, before);
	hint_queue(c, CPU(c)->top - 1);
	hint_thread(TH(first)->qnext);
	HINT(1, any_ready_queue_inv(c, any.n));
	remember();
	pick();
	const bool other = spec_is_outdone(c);

	CHECK_SPEC(CPU(c)->current == (other ? first : before));
	CHECK_IF(other, "spec", TH(first)->queued == 0);
	CHECK_IF(other & (before != NIL), "spec", is_queued_first(before));
	CHECK_IF(!other | (any.cpu != c), "spec", same_current(any.cpu));
	CHECK_SPEC(same_state(any.page));
	CHECK_IF(!other | ((any.page != before) & (any.page != first)), "spec", same_thread_runs(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], eprio));
	CHECK_SPEC(same_sched(any.page));
	check_order(any);
	check_untimed(any);
	COVER(other & (before != NIL));
}
