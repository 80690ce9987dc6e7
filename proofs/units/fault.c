/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 8
 * [h_fault]
 * function = "fast_fault"
 * columns = ["ub", "spec"]
 */
/*
 * The short path for faults: when it is taken, the fault is told, and who waited for it runs; else nothing was done.
 */
#include "ipc.h"

#include <fastpath.c>

/* It no longer waits and runs on what t ran on, at this CPU. */
PRED bool runs_instead(u32 w, u32 t)
{
	return TH(w)->state == THREAD_READY && CPU(machine.cpu)->current == w && CPU(machine.cpu)->loaded == w &&
	       TH(w)->running_on == old_thread[t].running_on && SC(TH(w)->running_on)->runner == w && TH(t)->running_on == NIL && TH(w)->home == machine.cpu;
}

/* t waits for the answer of w to this call and no other. */
PRED bool is_called(u32 t, u32 w, u64 call)
{
	return TH(t)->state == THREAD_REPLY && TH(t)->call == call && TH(t)->lent == old_thread[t].running_on &&
	       TH(w)->reply_to == t && TH(w)->reply_call == call && TH(w)->queue == NIL && TH(w)->eprio >= old_thread[t].eprio &&
	       TH(w)->eprio >= TH(w)->prio;
}

static void calling_changes(u32 t, u32 e, u32 w)
{
	const u32 sc = TH(t)->running_on, next = TH(w)->qnext;

	ASSIGNS(1, TH(t)->state, TH(t)->call, TH(t)->lent, TH(t)->running_on);
	ASSIGNS(1, TH(w)->state, TH(w)->queue, TH(w)->qnext, TH(w)->running_on, TH(w)->eprio, TH(w)->reply_to, TH(w)->reply_call);
	ASSIGNS(1, EP(e)->head, EP(e)->tail, TH(next)->qprev, SC(sc)->runner, TH(w)->frame.r);
	ASSIGNS(1, CPU(machine.cpu)->current, CPU(machine.cpu)->loaded, CPU(machine.cpu)->uid);
}

void h_fault(void)
{
	const u32 t = CPU(machine.cpu)->current;
	ASSUME_STATE(cpus, cpu_runs(machine.cpu) && ks.cpus <= CPU_MAX, "set at boot, and never again");
	ASSUME_STATE(requires, t != NIL, "this is done to who is current");
	hint_cpu(machine.cpu);
	hint_actor(t);
	const u32 s = SLOT_OF(t, TSLOT_FAULT), e = SLOT(s)->obj;
	HINTS(any_cap_object_inv(s));
	hint_ep(e);
	hint_first(e);
	const u32 w = EP(e)->head;
	const u64 badge = SLOT(s)->badge, call = CPU(machine.cpu)->uid + CPU_MAX;
	calling_changes(t, e, w);
	ASSIGNS(1, TH(t)->badge);
	const bool done = fast_fault(t);

	CHECK_IF(done, "spec", runs_instead(w, t));
	CHECK_IF(done, "spec", is_called(t, w, call));
	CHECK_IF(done, "spec", (FR_ERR(w) == 0) & (FR_OUT(w, 0) == badge) & (TH(t)->badge == badge));
	CHECK_IF(done, "spec", FR_OUT(w, 1) == ((u64)TH(t)->fault << TAG_LABEL_SHIFT | REGISTER_WORDS));
	COVER(done);
}
