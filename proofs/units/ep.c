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

PRED bool is_fresh(u32 e, u32 cpu)
{
	return EP(e)->head == NIL && EP(e)->tail == NIL && EP(e)->home == cpu && EP(e)->cursor == NIL &&
	       EP(e)->cancelling == 0 && EP(e)->receiving == 0;
}

void h_init(u32 e, u32 cpu)
{
	ASSUME_INPUT(e < PAGE_COUNT);
	ep_init(e, cpu);
	CHECK_SPEC(is_fresh(e, cpu));
	ASSIGNS(1, *EP(e));
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

void h_queue(u32 t, u32 e)
{
	ASSUME_STATE(requires, thread_is(t) && is_object(e, OBJ_EP) && EP(e)->tail != t,
		     "who enters an endpoint's queue is in none");
	HINTS(any_ep_ends_inv(e), any_ep_head_inv(e));
	ep_queue(e, t);
	const u32 last = old_ep[e].tail;

	CHECK_SPEC(is_last(t, e));
	CHECK_SPEC(follows(t, last));
	CHECK_SPEC(EP(e)->head == (last == NIL ? t : old_ep[e].head));
	CHECK_SPEC(EP(e)->receiving == (last == NIL ? TH(t)->state == THREAD_RECV : old_ep[e].receiving));
	ASSIGNS(1, TH(t)->queue, TH(t)->g_arrived, LINKS_OF(t), TH(last)->qnext, EP(e)->head, EP(e)->tail, EP(e)->receiving, EP(e)->g_clock);
	COVER(last != NIL);
}

void h_unqueue(u32 t)
{
	ASSUME_STATE(requires, thread_is(t) && thread_in_ep(t), "who is taken out of an endpoint's queue waits there");
	HINTS(any_thread_queue_inv(t), any_thread_links_inv(t), any_thread_ready_inv(t));
	const u32 e = TH(t)->queue;
	HINTS(any_ep_ends_inv(e), any_ep_ends_inv(any.page));
	ep_unqueue(t);
	CHECK_SPEC((TH(t)->queue == NIL) & (TH(t)->qnext == NIL) & (TH(t)->qprev == NIL));
	CHECK_SPEC(any_ep_ends_inv(any.page));
	CHECK_SPEC(EP(e)->cursor == (old_ep[e].cursor == t ? old_thread[t].qnext : old_ep[e].cursor));
	ASSIGNS(1, TH(t)->queue, LEFT_LINKS(t), EP(e)->head, EP(e)->tail, EP(e)->cursor);
	COVER(old_ep[e].head != t);
}
