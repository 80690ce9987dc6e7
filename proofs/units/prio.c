/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * whole = ["sys_thread_yield", "sys_thread_set_prio", "pick"]
 * [h_yield]
 * function = "sys_thread_yield"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_set_prio]
 * function = "sys_thread_set_prio"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_pick]
 * function = "pick"
 * columns = ["ub", "spec"]
 */
#include "ipc.h"
#include "contract_sched.h"
#include "queues.h"

PRED bool is_queued_last(u32 t)
{
	return TH(t)->queued == 1 && CPU(TH(t)->home)->ready_tail[TH(t)->eprio] == t && TH(t)->qnext == NIL;
}

/* Whoever of the same priority has waited longest goes on, or of a higher one; if there is nobody, nothing happens. */
void h_yield(void)
{
	THE_CALLER(t);
	const u32 c = machine.cpu, first = CPU(c)->ready_head[CPU(c)->top - 1];
	hint_queue(c, TH(t)->eprio);
	hint_queue(c, CPU(c)->top - 1);
	hint_actor(first);
	hint_thread(TH(first)->qnext);
	HINT(1, any_ready_queue_inv(c, any.n));
	hint_order(any);
	const bool waits = CPU(c)->top > TH(t)->eprio;
	const err_t err = sys_thread_yield(t);

	CHECK_SPEC(err.v == 0);
	CHECK_IF(waits, "spec", (CPU(c)->current == first) & (TH(first)->queued == 0) & is_queued_last(t));
	ASSIGNS(waits, CPU(c)->current, UNQUEUED_FIRST(first, c, old_cpu[c].top - 1), QUEUED_LAST(t, c, TH(t)->eprio));
	check_whole();
	check_footprint(any, ks.global == 0, old_thread[t].home);
	COVER(waits);
}

/* Whose time it uses lends the priority as well. */
PRED u32 spec_eprio(u32 t, u32 prio)
{
	const u32 sc = TH(t)->running_on;

	return sc != NIL && sc != TH(t)->sched && TH(SC(sc)->owner)->prio > prio ? TH(SC(sc)->owner)->prio : prio;
}

PRED bool has_prio(u32 t, u32 prio, u32 eprio)
{
	return TH(t)->prio == prio && TH(t)->eprio == eprio && SAME(ks_thread[t], old_thread[t], queued) &&
	       SAME(ks_thread[t], old_thread[t], max_prio);
}

void h_set_prio(u32 s, u64 prio)
{
	THE_CALLER(t);
	ASSUME_STATE(dispatch, slot_is_full(s) && SLOT(s)->type == OBJ_THREAD, "the dispatcher hands over what exists");
	HINT(1, any_cap_object_inv(s));
	const u32 target = SLOT(s)->obj, c = TH(target)->home;
	hint_actor(target);
	hint_thread(SC(TH(target)->running_on)->owner);
	hint_thread(TH(target)->qnext);
	hint_thread(TH(target)->qprev);
	hint_queue(TH(target)->home, TH(target)->eprio);
	const u32 eprio = spec_eprio(target, (u32)prio);
	hint_queue(TH(target)->home, eprio);
	HINT(1, any_ready_queue_inv(TH(target)->home, any.n));
	hint_order(any);
	const bool fails = prio > TH(t)->max_prio;
	const err_t err = sys_thread_set_prio(t, s, prio);

	CHECK_SPEC(err.v == (fails ? ERRNO_RANGE : ERRNO_OK));
	CHECK_IF(!fails, "spec", has_prio(target, (u32)prio, eprio));
	CHECK_IF(!fails & (TH(target)->queued == 1), "spec", is_queued_last(target));
	ASSIGNS(!fails, TH(target)->prio, TH(target)->eprio);
	ASSIGNS(!fails & (TH(target)->queued == 1), RUN_QUEUE(c, old_thread[target].eprio), RUN_QUEUE(c, eprio), LEFT_LINKS(target),
		TH(old_cpu[c].ready_tail[eprio])->qnext);
	check_whole();
	COVER(!fails);
	COVER(TH(target)->queued == 1);
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
	const u32 c = machine.cpu, before = CPU(c)->current;

	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again");
	hint_cpu(c);
	hint_thread(before);
	const u32 first = CPU(c)->ready_head[CPU(c)->top - 1];
	hint_queue(c, TH(before)->eprio);
	hint_queue(c, TH(before)->prio);
	hint_order(any);
	hint_queue(c, CPU(c)->top - 1);
	hint_thread(TH(first)->qnext);
	HINT(1, any_ready_queue_inv(c, any.n));
	pick();
	const bool other = spec_is_outdone(c);

	CHECK_SPEC(CPU(c)->current == (other ? first : before));
	CHECK_IF(other, "spec", TH(first)->queued == 0);
	CHECK_IF(other & (before != NIL), "spec", (TH(before)->queued == 1) & (CPU(c)->ready_head[TH(before)->eprio] == before));
	ASSIGNS(other, CPU(c)->current, UNQUEUED_FIRST(first, c, old_cpu[c].top - 1));
	ASSIGNS(other & (before != NIL), QUEUED_FIRST(before, c, TH(before)->eprio));
	check_order(any);
	COVER(other & (before != NIL));
}
