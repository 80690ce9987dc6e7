/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * whole = ["sys_thread_stop"]
 * [h_stop]
 * function = "sys_thread_stop"
 * only = "unless it waits for an answer"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "ipc.h"
#include "contract_sched.h"
#include "queues.h"

void NEVER(lose)(u32 r) { (void)r; }
void NEVER(sched_recall)(u32 t) { (void)t; }

/* It waits for nothing, is nowhere, and has no time. */
PRED bool is_stopped(u32 t)
{
	return TH(t)->state == THREAD_STOPPED && TH(t)->queue == NIL && TH(t)->queued == 0 && TN(t)->queued == 0 &&
	       TH(t)->running_on == NIL && CPU(TH(t)->home)->current != t && TH(t)->call == 0;
}

PRED bool was_waiting(u32 t)
{
	return old_thread[t].state != THREAD_READY && old_thread[t].state != THREAD_STOPPED;
}

/* Its call, if it made one, says that it was cancelled, unless the call is to be made again. */
PRED bool is_cancelled(u32 t)
{
	return old_thread[t].fault != 0 || (FR_ERR(t) == DONE_CANCELLED.v && FR_OUT(t, 0) == 0 && FR_OUT(t, 1) == 0);
}

/* What it had to say and nobody has heard is said again; a page fault comes by itself. */
PRED bool is_noted(u32 t)
{
	const u32 fault = old_thread[t].fault, pending = old_thread[t].pending;
	const u32 kept = old_thread[t].state == THREAD_CALL && fault != FAULT_SYSCALL ? fault : pending;

	return TH(t)->pending == (kept == FAULT_PAGE ? 0 : kept);
}

void h_stop(u32 s)
{
	THE_CALLER(t);
	ASSUME_STATE(dispatch, slot_is_full(s) && SLOT(s)->type == OBJ_THREAD, "the dispatcher hands over what exists");
	HINT(1, any_cap_object_inv(s));
	const u32 target = SLOT(s)->obj;
	ASSUME_STATE(case, TH(target)->state != THREAD_REPLY, "unless it waits for an answer");
	hint_actor(target);
	hint_ep(TH(target)->queue);
	hint_notif(TH(target)->queue);
	hint_thread(TH(target)->qnext);
	hint_thread(TH(target)->qprev);
	hint_queue(TH(target)->home, TH(target)->eprio);
	HINT(1, any_ready_queue_inv(TH(target)->home, any.n));
	hint_thread(any.page);
	const err_t err = sys_thread_stop(t, s);
	const u32 q = old_thread[target].queue, c = TH(target)->home;
	const bool ready = old_thread[target].state == THREAD_READY, waits = was_waiting(target), in_notif = old_thread[target].state == THREAD_WAIT;

	CHECK_SPEC(err.v == 0);
	CHECK_SPEC(is_stopped(target));
	CHECK_SPEC(is_noted(target));
	CHECK_IF(waits, "spec", is_cancelled(target));
	ASSIGNS(1, TH(target)->state, TH(target)->pending, TH(target)->running_on, SC(old_thread[target].running_on)->runner);
	ASSIGNS(ready & (old_thread[target].queued == 1), UNQUEUED(target, c, TH(target)->eprio));
	ASSIGNS(ready & (old_cpu[c].current == target), CPU(c)->current);
	ASSIGNS(ready & (old_cpu[c].current == target) & (c != machine.cpu), CPU(c)->loaded);
	ASSIGNS(1, TH(target)->frame.kind);
	ASSIGNS(waits, TH(target)->queue, LEFT_LINKS(target), TN(target)->queued);
	ASSIGNS(waits & !in_notif, EP(q)->head, EP(q)->tail, EP(q)->cursor);
	ASSIGNS(waits & in_notif, NT(q)->head, NT(q)->tail);
	ASSIGNS(waits & (TH(target)->fault == 0), FR_ERR(target), FR_OUT(target, 0), FR_OUT(target, 1));
	assigns_timeq(old_tnode[target].queued == 1, c);
	check_whole();
	COVER(waits);
	COVER(old_thread[target].queued == 1);
}
