/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 8
 * [h_call]
 * function = "kernel_fast_call"
 * columns = ["ub", "spec", "footprint"]
 * [h_answer]
 * function = "kernel_fast_reply_recv"
 * columns = ["ub", "spec", "footprint"]
 */
#include "ipc.h"

#include <fastpath.c>

void arch_foreign_result(u32 t, u64 value)
{
	TH(t)->frame.r[REG_RAX] = value;
}

/* The one way to the endpoint that a handle names. */
static void hint_handle(u32 t, u64 handle)
{
	HINT(1, any_cap_object_inv(SLOT_OF(t, TSLOT_TABLE)));
	HINT(1, any_table_leaf_inv(TH(t)->table, (u32)(handle / SLOTS_PER_PAGE)));
	HINT(1, any_cap_object_inv(spec_lookup(t, handle)));
	hint_ep(SLOT(spec_lookup(t, handle))->obj);
}

/* Registers as the machine puts them into w's frame, or leaves them in the processor: words 0 to 5. */
PRED bool is_passed(u32 w, u64 badge, u64 tag, u64 w6, u64 w7, u32 i)
{
	return TH(w)->frame.r[i] == (i == REG_RBX + 6	? w6
				     : i == REG_RBX + 7 ? w7
				     : i == REG_RAX	? 0
				     : i == REG_RDI	? badge
				     : i == REG_RSI	? tag
							: old_thread[w].frame.r[i]);
}

/* t waits for the answer of w, to which it has lent what it runs on. */
PRED bool is_called(u32 t, u32 w, u64 uid)
{
	return TH(t)->state == THREAD_REPLY && TH(t)->call == uid && TH(w)->reply_to == t && TH(w)->reply_call == uid &&
	       TH(t)->lent == old_thread[t].running_on && TH(w)->running_on == old_thread[t].running_on &&
	       TH(t)->running_on == NIL &&
	       TH(w)->eprio == (old_thread[t].eprio > TH(w)->prio ? old_thread[t].eprio : TH(w)->prio);
}

PRED bool runs(u32 w)
{
	return TH(w)->state == THREAD_READY && TH(w)->queue == NIL && CPU(machine.cpu)->current == w &&
	       CPU(machine.cpu)->loaded == w;
}

/* The short path is taken by who is loaded, or not at all. */
void h_call(u64 handle, u64 tag, u64 deadline, u64 reply, u64 w6, u64 w7)
{
	const u32 c = machine.cpu, t = CPU(c)->current;
	ASSUME_STATE(caller, cpu_runs(c) & ((t == NIL) | is_running(t)), "calls are made by threads");
	ASSUME_STATE(locks, ks.global == 0, "locks exclude: nobody holds all of them");
	hint_actor(t);
	hint_cpu(c);
	hint_handle(t, handle);
	const u32 s = spec_lookup(t, handle), e = SLOT(s)->obj, w = EP(e)->head, sc = TH(t)->running_on;
	ASSUME_STATE(counters, counts(EP(e)->g_clock) & counts(CPU(c)->uid), "no counter of 64 bits overflows");
	hint_first(e);
	hint_thread(any.page);
	const u64 badge = SLOT(s)->badge;
	const bool done = kernel_fast_call(handle, tag, deadline, reply, w6, w7) != FAST_NOT;

	CHECK_IF(done, "spec", is_passed(w, badge, tag, w6, w7, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(done, "spec", is_word_delivered(w, t, tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(done, "spec", is_called(t, w, old_cpu[c].uid + CPU_MAX));
	CHECK_IF(done, "spec", runs(w));
	ASSIGNS(done, TH(t)->state, TH(t)->running_on, TH(t)->call, TH(t)->lent, SC(sc)->runner, EP(e)->head, EP(e)->tail);
	ASSIGNS(done, TH(w)->state, TH(w)->running_on, TH(w)->eprio, TH(w)->queue, TH(w)->qnext, TH(old_thread[w].qnext)->qprev, TH(w)->frame.r);
	ASSIGNS(done, TH(w)->reply_to, TH(w)->reply_call, CPU(c)->uid, CPU(c)->current, CPU(c)->loaded);
	ASSIGNS(done & (TH(w)->msg != NIL), ks_word[TH(w)->msg]);
	check_footprint(any, true, c);
	COVER(done);
}

/* t waits as the last receiver; w has its time back, and runs. */
PRED bool is_answered(u32 t, u32 w)
{
	return TH(t)->state == THREAD_RECV && TH(t)->reply_to == NIL && TH(t)->running_on == NIL && TH(t)->eprio == TH(t)->prio &&
	       TH(w)->call == 0 && TH(w)->fault == 0 && TH(w)->running_on == old_thread[t].running_on;
}

/* It was this call that was answered, and it was the one that waited. */
PRED bool reply_was_due(u32 w, u64 call)
{
	return thread_is(w) && old_thread[w].state == THREAD_REPLY && old_thread[w].call == call;
}

void h_answer(u64 handle, u64 tag, u64 deadline, u64 reply, u64 w6, u64 w7)
{
	const u32 c = machine.cpu, t = CPU(c)->current;
	ASSUME_STATE(caller, cpu_runs(c) & ((t == NIL) | is_running(t)), "calls are made by threads");
	ASSUME_STATE(locks, ks.global == 0, "locks exclude: nobody holds all of them");
	hint_actor(t);
	hint_cpu(c);
	hint_handle(t, handle);
	const u32 s = spec_lookup(t, handle), e = SLOT(s)->obj, w = TH(t)->reply_to, sc = TH(t)->running_on, last = EP(e)->tail;
	ASSUME_STATE(counters, counts(EP(e)->g_clock), "no counter of 64 bits overflows");
	HINTS(any_thread_reply_inv(t), any_page_head_inv(w));
	hint_thread(w);
	hint_thread(last);
	hint_thread(any.page);
	hint_notif(TH(t)->notif);
	const u32 way = kernel_fast_reply_recv(handle, tag, deadline, reply, w6, w7);
	const bool done = way != FAST_NOT, fault = way == FAST_FULL;

	CHECK_IF(way == FAST_DIRECT, "spec", is_passed(w, 0, tag, w6, w7, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(way == FAST_DIRECT, "spec", is_word_delivered(w, t, tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(done, "spec", is_answered(t, w) & (EP(e)->tail == t));
	CHECK_IF(done, "spec", reply_was_due(w, old_thread[t].reply_call));
	CHECK_IF(done, "spec", runs(w));
	ASSIGNS(done, TH(t)->state, TH(t)->running_on, TH(t)->eprio, TH(t)->reply_to, TH(t)->queue, TH(t)->qprev, TH(t)->g_arrived);
	ASSIGNS(done, TH(w)->state, TH(w)->running_on, TH(w)->eprio, TH(w)->call, TH(w)->fault, SC(sc)->runner);
	ASSIGNS(done, CPU(c)->current, CPU(c)->loaded, EP(e)->tail, EP(e)->g_clock, TH(last)->qnext);
	ASSIGNS(done & (last == NIL), EP(e)->head, EP(e)->receiving);
	ASSIGNS(fault, TH(w)->frame.r[REG_RAX]);
	ASSIGNS(done & !fault, TH(w)->frame.r);
	ASSIGNS(done & !fault & (TH(w)->msg != NIL), ks_word[TH(w)->msg]);
	check_footprint(any, true, c);
	COVER(way == FAST_DIRECT);
	COVER(fault);
}
