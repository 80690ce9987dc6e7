/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 40
 * whole = ["ready_push", "ready_remove"]
 * [h_contract_top_find]
 * function = "top_find"
 * columns = ["ub", "spec"]
 * [h_push]
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

/* Nothing but run queues and places in them changed. */
static void check_only_queues(struct any any)
{
	CHECK_SPEC(same_state(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], running_on) &
		   SAME(ks_thread[any.page], old_thread[any.page], lent) &
		   SAME(ks_thread[any.page], old_thread[any.page], eprio));
	CHECK_SPEC(same_sched(any.page));
	CHECK_SPEC(same_current(any.cpu));
	check_untimed(any);
}

/* --- the top ----------------------------------------------------------------------------- */

void h_contract_top_find(void)
{
	ANY(u32, c);
	ANY(u32, words);
	const struct any any = any_index();

	ASSUME_INPUT(c < CPU_MAX);
	const u32 top = spec_top(CPU(c), words);
	GIVEN(map_is_within(CPU(c), any.n, words));
	GIVEN(map_is_within(CPU(c), top - 1, words));
	remember();
	top_find(CPU(c), words);
	CHECK_SPEC(CPU(c)->top == top);
	CHECK_SPEC(top_is_found(CPU(c), any.n));
	CHECK_IF(any.cpu != c, "spec", same_ready(any.cpu, any.n));
	CHECK_SPEC(SAME(ks_cpu[any.cpu], old_cpu[any.cpu], ready_map[any.n / 64]) &
		   SAME(ks_cpu[any.cpu], old_cpu[any.cpu], ready_head[any.n]) &
		   SAME(ks_cpu[any.cpu], old_cpu[any.cpu], ready_tail[any.n]));
	CHECK_SPEC(same_thread(any.page));
	check_only_queues(any);
}

/* --- entering and leaving ------------------------------------------------------------------ */

PRED bool may_enter(u32 t, u32 c)
{
	return thread_is(t) && TH(t)->home == c && TH(t)->queued == 0 && TH(t)->queue == NIL &&
	       TH(t)->qnext == NIL && TH(t)->qprev == NIL;
}

/* First or last of its priority, as what stood there before says. */
PRED bool is_first(u32 t, u32 c, u32 p)
{
	return TH(t)->queued == 1 && CPU(c)->ready_head[p] == t && TH(t)->qprev == NIL &&
	       TH(t)->qnext == old_cpu[c].ready_head[p];
}

PRED bool is_last(u32 t, u32 c, u32 p)
{
	return TH(t)->queued == 1 && CPU(c)->ready_tail[p] == t && TH(t)->qnext == NIL &&
	       TH(t)->qprev == old_cpu[c].ready_tail[p];
}

/* Other priorities, and other CPUs, are as before, but for who is on top. */
PRED bool same_other_queue(u32 c, u32 p)
{
	return SAME(ks_cpu[c], old_cpu[c], ready_head[p]) && SAME(ks_cpu[c], old_cpu[c], ready_tail[p]);
}

void h_push(void)
{
	ANY(u32, t);
	ANY(u8, first);
	const struct any any = any_index();
	A_CPU(c);

	ASSUME_INPUT(first <= 1);
	ASSUME_STATE(requires, may_enter(t, c), "who enters a run queue is in none");
	const u32 p = TH(t)->eprio;
	hint_queue(c, p);
	hint_order(any);
	HINT(1, any_ready_queue_inv(c, any.n));
	remember();
	ready_push(CPU(c), t, first);
	CHECK_IF(first == 1, "spec", is_first(t, c, p));
	CHECK_IF(first == 0, "spec", is_last(t, c, p));
	CHECK_IF((any.cpu != c) | (any.n != p), "spec", same_other_queue(any.cpu, any.n));
	CHECK_IF(any.page != t, "spec", same_thread_runs(any.page));
	CHECK_IF((any.page != t) & (any.page != old_cpu[c].ready_head[p]), "spec",
		 SAME(ks_thread[any.page], old_thread[any.page], qprev));
	CHECK_IF((any.page != t) & (any.page != old_cpu[c].ready_tail[p]), "spec",
		 SAME(ks_thread[any.page], old_thread[any.page], qnext));
	check_order(any);
	check_only_queues(any);
	COVER(old_cpu[c].ready_head[p] != NIL);
}

PRED bool is_out(u32 t)
{
	return TH(t)->queued == 0 && TH(t)->qnext == NIL && TH(t)->qprev == NIL;
}

static void check_left(struct any any, u32 t, u32 c, u32 p)
{
	CHECK_SPEC(is_out(t));
	CHECK_IF((any.cpu != c) | (any.n != p), "spec", same_other_queue(any.cpu, any.n));
	CHECK_IF(any.page != t, "spec", same_thread_runs(any.page));
	CHECK_IF((any.page != t) & (any.page != old_thread[t].qprev), "spec",
		 SAME(ks_thread[any.page], old_thread[any.page], qnext));
	CHECK_IF((any.page != t) & (any.page != old_thread[t].qnext), "spec",
		 SAME(ks_thread[any.page], old_thread[any.page], qprev));
	check_order(any);
	check_only_queues(any);
	COVER(old_thread[t].qnext != NIL);
}

void h_remove(void)
{
	ANY(u32, t);
	const struct any any = any_index();
	A_CPU(c);

	ASSUME_STATE(requires, thread_is(t) && TH(t)->queued == 1 && TH(t)->home == c,
		     "who is taken out of a run queue waits there");
	hint_thread(t);
	hint_queue(c, TH(t)->eprio);
	hint_thread(TH(t)->qnext);
	hint_thread(TH(t)->qprev);
	hint_order(any);
	HINT(1, any_ready_queue_inv(c, any.n));
	remember();
	ready_remove(CPU(c), t);
	check_left(any, t, c, old_thread[t].eprio);
}

void h_pop(void)
{
	const struct any any = any_index();
	A_CPU(c);

	ASSUME_STATE(requires, CPU(c)->top != 0, "who is taken out of a run queue waits there");
	const u32 p = CPU(c)->top - 1;
	const u32 first = CPU(c)->ready_head[p];
	hint_queue(c, p);
	hint_thread(TH(first)->qnext);
	hint_order(any);
	HINT(1, any_ready_queue_inv(c, any.n));
	remember();
	const u32 t = ready_pop(CPU(c));

	CHECK_SPEC(t == first);
	check_left(any, t, c, p);
}
