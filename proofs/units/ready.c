/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 40
 * whole = ["ready_push", "ready_remove"]
 * [h_contract_top_find]
 * function = "top_find"
 * columns = ["ub", "spec"]
 * [h_contract_ready_push]
 * function = "ready_push"
 * columns = ["ub", "spec"]
 * [h_remove]
 * function = "ready_remove"
 * columns = ["ub", "spec"]
 * [h_pop]
 * function = "ready_pop"
 * columns = ["ub", "spec"]
 */
#include "run.h"
#include "contract_run.h"

/* --- the top ----------------------------------------------------------------------------- */

void h_contract_top_find(u32 c, u32 words)
{
	ASSUME_INPUT(c < CPU_MAX);
	const u32 top = spec_top(CPU(c), words);
	GIVEN(map_is_within(CPU(c), any.n, words));
	GIVEN(map_is_within(CPU(c), top - 1, words));
	top_find(CPU(c), words);
	CHECK_SPEC(CPU(c)->top == top);
	CHECK_SPEC(top_is_found(CPU(c), any.n));
	ASSIGNS(1, CPU(c)->top);
}

/* --- entering and leaving ------------------------------------------------------------------ */

void h_contract_ready_push(u32 t, u8 first)
{
	GIVEN(may_enter(t, first));
	const u32 c = TH(t)->home, p = TH(t)->eprio, next = end_of(t, first), far = end_of(t, 1 - first);
	HINTS(any_cpu_top_inv(c), any_ready_queue_inv(c, p), any_ready_queue_inv(c, any.n), any_thread_links_inv(any.page));
	pushing_changes(t, first);
	ready_push(CPU(c), t, first);
	CHECK_SPEC(is_pushed(t, first, next, far));
	check_order(any);
	COVER(next != NIL);
}

PRED bool is_out(u32 t)
{
	return TH(t)->queued == 0 && TH(t)->qnext == NIL && TH(t)->qprev == NIL;
}

void h_remove(u32 t)
{
	A_CPU(c);

	ASSUME_STATE(requires, thread_is(t) && TH(t)->queued == 1 && TH(t)->home == c,
		     "who is taken out of a run queue waits there");
	hint_thread(t);
	hint_queue(c, TH(t)->eprio);
	hint_thread(TH(t)->qnext);
	hint_thread(TH(t)->qprev);
	hint_order(any);
	HINT(1, any_ready_queue_inv(c, any.n));
	ready_remove(CPU(c), t);
	CHECK_SPEC(is_out(t));
	ASSIGNS(1, UNQUEUED(t, c, old_thread[t].eprio));
	check_order(any);
	COVER(old_thread[t].qnext != NIL);
}

void h_pop(void)
{
	A_CPU(c);

	ASSUME_STATE(requires, CPU(c)->top != 0, "who is taken out of a run queue waits there");
	const u32 p = CPU(c)->top - 1;
	const u32 first = CPU(c)->ready_head[p];
	hint_queue(c, p);
	hint_thread(TH(first)->qnext);
	hint_order(any);
	HINT(1, any_ready_queue_inv(c, any.n));
	const u32 t = ready_pop(CPU(c));

	CHECK_SPEC(t == first);
	CHECK_SPEC(is_out(t));
	ASSIGNS(1, UNQUEUED_FIRST(t, c, p));
	check_order(any);
	COVER(old_thread[t].qnext != NIL);
}
