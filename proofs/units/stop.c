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

PRED bool same_but_pending(u32 t)
{
	return SAME(ks_thread[t], old_thread[t], flags) && SAME(ks_thread[t], old_thread[t], prio) &&
	       SAME(ks_thread[t], old_thread[t], max_prio) && SAME(ks_thread[t], old_thread[t], home) &&
	       SAME(ks_thread[t], old_thread[t], table) && SAME(ks_thread[t], old_thread[t], space) &&
	       SAME(ks_thread[t], old_thread[t], sched) && SAME(ks_thread[t], old_thread[t], msg) &&
	       SAME(ks_thread[t], old_thread[t], notif) && SAME(ks_thread[t], old_thread[t], fault);
}

void h_stop(void)
{
	ANY(u32, s);
	const struct any any = any_index();

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
	remember();
	const err_t err = sys_thread_stop(t, s);
	const u32 q = old_thread[target].queue;

	CHECK_SPEC(err.v == 0);
	CHECK_SPEC(is_stopped(target));
	CHECK_SPEC(is_noted(target));
	CHECK_IF(was_waiting(target), "spec", is_cancelled(target));
	CHECK_IF(!was_waiting(target) | (any.page != target) |
			 ((any.n != REG_RAX) & (any.n != REG_RDI) & (any.n != REG_RSI)), "spec",
		 same_register(any.page, any.n) | (any.n >= REG_COUNT));
	CHECK_SPEC(same_but_pending(any.page));
	CHECK_IF(any.page != target, "spec", same_thread_base(any.page) & same_thread_reply(any.page));
	CHECK_IF(any.page != target, "spec", same_thread_wait(any.page) & same_thread_runs(any.page));
	CHECK_IF(any.page != q, "spec", same_ep(any.page) & same_notif(any.page));
	CHECK_IF(any.page != old_thread[target].running_on, "spec", same_sched(any.page));
	CHECK_IF(any.cpu != TH(target)->home, "spec", same_cpu(any.cpu) & same_ready(any.cpu, any.n));
	CHECK_SPEC(same_words(any.page, any.n));
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_irq(any.page));
	CHECK_SPEC(same_device(any.page));
	CHECK_SPEC(same_space(any.page));
	CHECK_SPEC(same_ks(any.n));
	check_invariants(any);
	check_owners(any);
	COVER(was_waiting(target));
	COVER(old_thread[target].queued == 1);
}
