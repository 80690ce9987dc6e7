/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_init]
 * function = "ep_init"
 * columns = ["ub", "spec"]
 * [h_queue]
 * function = "ep_queue"
 * columns = ["ub", "spec"]
 * [h_unqueue]
 * function = "ep_unqueue"
 * columns = ["ub", "spec"]
 */
#include "prover.h"
#include "whole.h"

#include <ep.c>

/* All but the queue of an endpoint, and but threads, is as before. */
static void check_others(struct any any)
{
	CHECK_SPEC(same_thread_base(any.page));
	CHECK_SPEC(same_thread_reply(any.page));
	CHECK_SPEC(same_thread_runs(any.page));
	CHECK_SPEC(same_register(any.page, any.n));
	CHECK_SPEC(same_frame_rest(any.page, any.n));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], state));
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	CHECK_SPEC(same_tnode(any.page));
	CHECK_SPEC(same_sched(any.page));
	CHECK_SPEC(same_irq(any.page));
	CHECK_SPEC(same_device(any.page));
	CHECK_SPEC(same_space(any.page));
	CHECK_SPEC(same_words(any.page, any.n));
	CHECK_SPEC(same_ks(any.n));
	check_cpus(any);
}

PRED bool is_fresh(u32 e, u32 cpu)
{
	return EP(e)->head == NIL && EP(e)->tail == NIL && EP(e)->home == cpu && EP(e)->cursor == NIL &&
	       EP(e)->cancelling == 0 && EP(e)->receiving == 0;
}

void h_init(void)
{
	ANY(u32, e);
	ANY(u32, cpu);
	const struct any any = any_index();

	ASSUME_INPUT(e < PAGE_COUNT);
	remember();
	ep_init(e, cpu);
	CHECK_SPEC(is_fresh(e, cpu));
	CHECK_IF(any.page != e, "spec", same_ep(any.page));
	CHECK_SPEC(same_thread_wait(any.page));
	CHECK_SPEC(same_thread_links(any.page));
	check_others(any);
}

/* t is the last of the queue of e. */
PRED bool is_last(u32 t, u32 e)
{
	return EP(e)->tail == t && TH(t)->queue == e && TH(t)->qnext == NIL &&
	       TH(t)->qprev == old_ep[e].tail;
}

PRED bool follows(u32 t, u32 before)
{
	return before == NIL || TH(before)->qnext == t;
}

void h_queue(void)
{
	ANY(u32, t);
	ANY(u32, e);
	const struct any any = any_index();

	ASSUME_STATE(requires, thread_is(t) && is_object(e, OBJ_EP) && EP(e)->tail != t,
		     "who enters an endpoint's queue is in none");
	HINT(1, any_ep_ends_inv(e));
	HINT(1, any_ep_head_inv(e));
	remember();
	ep_queue(e, t);
	const u32 last = old_ep[e].tail;

	CHECK_SPEC(is_last(t, e));
	CHECK_SPEC(follows(t, last));
	CHECK_SPEC(EP(e)->head == (last == NIL ? t : old_ep[e].head));
	CHECK_SPEC(EP(e)->receiving == (last == NIL ? TH(t)->state == THREAD_RECV : old_ep[e].receiving));
	CHECK_SPEC(SAME(ks_ep[any.page], old_ep[any.page], home) & SAME(ks_ep[any.page], old_ep[any.page], cursor) &
		   SAME(ks_ep[any.page], old_ep[any.page], cancelling));
	CHECK_IF(any.page != e, "spec", same_ep(any.page));
	CHECK_IF(any.page != t, "spec", same_thread_wait(any.page));
	CHECK_IF((any.page != t) & (any.page != last), "spec", same_thread_links(any.page));
	check_others(any);
	COVER(last != NIL);
}

void h_unqueue(void)
{
	ANY(u32, t);
	const struct any any = any_index();

	ASSUME_STATE(requires, thread_is(t) && thread_in_ep(t), "who is taken out of an endpoint's queue waits there");
	HINT(1, any_thread_queue_inv(t));
	HINT(1, any_thread_links_inv(t));
	HINT(1, any_thread_ready_inv(t));
	const u32 e = TH(t)->queue;
	HINT(1, any_ep_ends_inv(e));
	HINT(1, any_ep_ends_inv(any.page));
	remember();
	ep_unqueue(t);
	CHECK_SPEC((TH(t)->queue == NIL) & (TH(t)->qnext == NIL) & (TH(t)->qprev == NIL));
	CHECK_SPEC(any_ep_ends_inv(any.page));
	CHECK_SPEC(EP(e)->cursor == (old_ep[e].cursor == t ? old_thread[t].qnext : old_ep[e].cursor));
	CHECK_IF(any.page != e, "spec", same_ep(any.page));
	CHECK_SPEC(SAME(ks_ep[any.page], old_ep[any.page], receiving) & SAME(ks_ep[any.page], old_ep[any.page], home));
	CHECK_IF(any.page != t, "spec", same_thread_wait(any.page));
	CHECK_IF((any.page != t) & (any.page != old_thread[t].qnext) & (any.page != old_thread[t].qprev), "spec",
		 same_thread_links(any.page));
	check_others(any);
	COVER(old_ep[e].head != t);
}
