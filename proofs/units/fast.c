/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 8
 * sparing = true
 * [h_call]
 * function = "kernel_fast_call"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_answer]
 * function = "kernel_fast_reply_recv"
 * only = "when what it runs on was lent along the call that it answers"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
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
#define THE_LOADED(t, s, e)                                                                        \
	const u32 t = CPU(machine.cpu)->current;                                                   \
	ASSUME_STATE(caller, cpu_runs(machine.cpu) & ((t == NIL) | is_running(t)),                 \
		     "calls are made by threads");                                                 \
	ASSUME_STATE(alone, ks.global == 0, "locks exclude: nobody holds all of them");            \
	hint_actor(t);                                                                             \
	hint_cpu(machine.cpu);                                                                     \
	hint_handle(t, handle);                                                                    \
	const u32 s = spec_lookup(t, handle), e = SLOT(s)->obj, c = machine.cpu;                   \
	ASSUME_STATE(counters, counts(EP(e)->g_clock) & counts(CPU(c)->uid), "no counter of 64 bits overflows")

#define CALLED_WITH                                                                                \
	ANY(u64, handle);                                                                          \
	ANY(u64, tag);                                                                             \
	ANY(u64, deadline);                                                                        \
	ANY(u64, reply);                                                                           \
	ANY(u64, w6);                                                                              \
	ANY(u64, w7)

/* What both change of who goes, t, and of who goes on, w. */
static void assigns_both(bool done, u32 t, u32 w, u32 sc, bool full)
{
	ASSIGNS(done, TH(t)->state, TH(t)->running_on, TH(w)->state, TH(w)->running_on, TH(w)->eprio, SC(sc)->runner);
	ASSIGNS(done, CPU(machine.cpu)->current, CPU(machine.cpu)->loaded);
	ASSIGNS(done & !full, TH(w)->frame.r);
	ASSIGNS(done & !full & (TH(w)->msg != NIL), ks_word[TH(w)->msg]);
}

void h_call(void)
{
	CALLED_WITH;
	THE_LOADED(t, s, e);
	hint_first(e);
	hint_thread(any.page);
	const u32 w = EP(e)->head, sc = TH(t)->running_on;
	const u64 badge = SLOT(s)->badge;
	remember();
	const bool done = kernel_fast_call(handle, tag, deadline, reply, w6, w7) != FAST_NOT;

	CHECK_IF(done, "spec", is_passed(w, badge, tag, w6, w7, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(done, "spec", is_word_delivered(w, t, tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(done, "spec", is_called(t, w, old_cpu[c].uid + CPU_MAX));
	CHECK_IF(done, "spec", runs(w));
	assigns_both(done, t, w, sc, false);
	ASSIGNS(done, EP(e)->head, EP(e)->tail, TH(w)->queue, TH(w)->qnext, TH(old_thread[w].qnext)->qprev);
	ASSIGNS(done, TH(t)->call, TH(t)->lent, TH(w)->reply_to, TH(w)->reply_call, CPU(c)->uid);
	check_whole();
	check_footprint(any, true, c);
	COVER(done);
}

/* t waits as the last receiver; w has its time back, and runs. */
PRED bool is_answered(u32 t, u32 w)
{
	return TH(t)->state == THREAD_RECV && TH(t)->reply_to == NIL && TH(t)->running_on == NIL &&
	       TH(t)->eprio == TH(t)->prio && TH(w)->call == 0 && TH(w)->fault == 0 &&
	       TH(w)->running_on == old_thread[t].running_on;
}

/* It was this call that was answered, and it was the one that waited. */
PRED bool reply_was_due(u32 w, u64 call)
{
	return old_thread[w].state == THREAD_REPLY && old_thread[w].call == call && thread_is(w);
}

void h_answer(void)
{
	CALLED_WITH;
	THE_LOADED(t, s, e);
	hint_thread(EP(e)->head);
	hint_thread(EP(e)->tail);
	hint_thread(any.page);
	const u32 w = TH(t)->reply_to, sc = TH(t)->running_on, last = EP(e)->tail;
	ASSUME_STATE(case, w == NIL || reply_target(w, TH(t)->reply_call) == NIL || TH(w)->lent == sc,
		     "when what it runs on was lent along the call that it answers");
	hint_actor(w);
	HINT(1, any_page_head_inv(w));
	hint_notif(TH(t)->notif);
	remember();
	const u32 way = kernel_fast_reply_recv(handle, tag, deadline, reply, w6, w7);
	const bool done = way != FAST_NOT, fault = way == FAST_FULL;

	CHECK_IF(way == FAST_DIRECT, "spec", is_passed(w, 0, tag, w6, w7, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(way == FAST_DIRECT, "spec", is_word_delivered(w, t, tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(done, "spec", is_answered(t, w) & (EP(e)->tail == t));
	CHECK_IF(done, "spec", reply_was_due(w, old_thread[t].reply_call));
	CHECK_IF(done, "spec", runs(w));
	assigns_both(done, t, w, sc, fault);
	ASSIGNS(fault, TH(w)->frame.r[REG_RAX]);
	ASSIGNS(done, EP(e)->tail, EP(e)->g_clock, TH(last)->qnext, TH(t)->queue, TH(t)->qprev, TH(t)->g_arrived);
	ASSIGNS(done & (last == NIL), EP(e)->head, EP(e)->receiving);
	ASSIGNS(done, TH(t)->eprio, TH(t)->reply_to, TH(w)->call, TH(w)->fault);
	check_whole();
	check_footprint(any, true, c);
	COVER(way == FAST_DIRECT);
	COVER(fault);
}
