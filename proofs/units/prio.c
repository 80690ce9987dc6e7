/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * whole = ["sys_thread_yield", "sys_thread_set_prio"]
 * [h_yield]
 * function = "sys_thread_yield"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_set_prio]
 * function = "sys_thread_set_prio"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "ipc.h"
#include "contract_sched.h"
#include "queues.h"

PRED bool is_queued_last(u32 t)
{
	return TH(t)->queued == 1 && CPU(TH(t)->home)->ready_tail[TH(t)->eprio] == t && TH(t)->qnext == NIL;
}

/* Only who runs, at what priority, and who waits to run. */
static void check_others(struct any any)
{
	CHECK_SPEC(same_thread_reply(any.page));
	CHECK_SPEC(same_thread_wait(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], running_on) &
		   SAME(ks_thread[any.page], old_thread[any.page], lent));
	CHECK_SPEC(same_register(any.page, any.n));
	CHECK_SPEC(same_words(any.page, any.n));
	CHECK_SPEC(same_ep(any.page));
	CHECK_SPEC(same_tnode(any.page));
	CHECK_SPEC(same_sched(any.page));
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(SAME(ks_cpu[any.cpu], old_cpu[any.cpu], mailbox));
	check_apart(any);
	check_invariants(any);
	check_owners(any);
}

/* Whoever of the same priority has waited longest goes on, or of a higher one; if there is nobody, nothing happens. */
void h_yield(void)
{
	const struct any any = any_index();

	THE_CALLER(t);
	const u32 c = machine.cpu, first = CPU(c)->ready_head[CPU(c)->top - 1];
	hint_queue(c, TH(t)->eprio);
	hint_queue(c, CPU(c)->top - 1);
	hint_actor(first);
	hint_thread(TH(first)->qnext);
	HINT(1, any_ready_queue_inv(c, any.n));
	hint_order(any);
	const bool waits = CPU(c)->top > TH(t)->eprio;
	remember();
	const err_t err = sys_thread_yield(t);

	CHECK_SPEC(err.v == 0);
	CHECK_IF(waits, "spec", (CPU(c)->current == first) & (TH(first)->queued == 0) & is_queued_last(t));
	CHECK_IF(!waits, "spec", same_cpu(any.cpu) & same_ready(any.cpu, any.n));
	CHECK_IF(any.cpu != c, "spec", same_cpu(any.cpu));
	CHECK_SPEC(same_thread_base(any.page));
	CHECK_IF(!waits | ((any.page != t) & (any.page != first)), "spec", same_thread_runs(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], eprio));
	check_others(any);
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

void h_set_prio(void)
{
	ANY(u32, s);
	ANY(u64, prio);
	const struct any any = any_index();

	THE_CALLER(t);
	ASSUME_STATE(dispatch, slot_is_full(s) && SLOT(s)->type == OBJ_THREAD, "the dispatcher hands over what exists");
	HINT(1, any_cap_object_inv(s));
	const u32 target = SLOT(s)->obj;
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
	remember();
	const err_t err = sys_thread_set_prio(t, s, prio);

	CHECK_SPEC(err.v == (fails ? ERRNO_RANGE : ERRNO_OK));
	CHECK_IF(!fails, "spec", has_prio(target, (u32)prio, eprio));
	CHECK_IF(!fails & (TH(target)->queued == 1), "spec", is_queued_last(target));
	CHECK_IF(fails | (any.page != target), "spec", same_thread_base(any.page) & same_thread_runs(any.page));
	CHECK_IF(fails, "spec", same_thread_links(any.page) & same_ready(any.cpu, any.n));
	CHECK_SPEC(same_cpu(any.cpu));
	check_others(any);
	COVER(!fails);
	COVER(TH(target)->queued == 1);
}
