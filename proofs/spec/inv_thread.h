/* SPDX-License-Identifier: MIT */
/*
 * Invariants of threads: where each is, what it waits for, what it runs on,
 * and that its cached fields say what its slots say.
 */
#pragma once
#include "inv.h"

PRED bool thread_is(u32 t)
{
	return is_object(t, OBJ_THREAD);
}

PRED bool thread_is_current(u32 t)
{
	return CPU(TH(t)->home)->current == t;
}

/* In the queue of an endpoint. */
PRED bool thread_in_ep(u32 t)
{
	return TH(t)->state == THREAD_SEND || TH(t)->state == THREAD_CALL ||
	       TH(t)->state == THREAD_RECV;
}

/* Who sends, receives, waits for bits or lent its time has time of its own; a fault is also reported for who has none. */
PRED bool thread_state_inv(u32 t)
{
	return TH(t)->state <= THREAD_WAIT && TH(t)->home < ks.cpus && TH(t)->queued <= 1 &&
	       (TH(t)->flags & ~(THREAD_FPU | THREAD_FOREIGN)) == 0 &&
	       IMP(TH(t)->state != THREAD_STOPPED, TH(t)->space != NIL) &&
	       IMP(TH(t)->state == THREAD_SEND || TH(t)->state == THREAD_RECV || TH(t)->state == THREAD_WAIT ||
			   (TH(t)->state == THREAD_REPLY && TH(t)->lent != NIL),
		   TH(t)->sched != NIL);
}

/* Current, in the run queue, or without anything to run on: and then someone wakes it. */
PRED bool thread_ready_inv(u32 t)
{
	return IMP(TH(t)->queued, TH(t)->state == THREAD_READY && !thread_is_current(t)) &&
	       IMP(thread_is_current(t), TH(t)->state == THREAD_READY) &&
	       IMP(TH(t)->queued || thread_is_current(t),
		   TH(t)->running_on != NIL && SC(TH(t)->running_on)->left != 0) &&
	       IMP(TH(t)->state == THREAD_READY && !TH(t)->queued && !thread_is_current(t),
		   TH(t)->running_on == NIL
			   ? TH(t)->sched == NIL
			   : TN(TH(t)->running_on)->queued || SC(TH(t)->running_on)->budget == 0);
}

PRED bool thread_runs_on_inv(u32 t)
{
	return IMP(TH(t)->running_on != NIL,
		   is_object(TH(t)->running_on, OBJ_SCHED) && TH(t)->sched != NIL &&
			   SC(TH(t)->running_on)->runner == t &&
			   SC(TH(t)->running_on)->cpu == TH(t)->home &&
			   (TH(t)->state == THREAD_READY || TH(t)->state == THREAD_CALL)) &&
	       IMP(TH(t)->running_on != NIL && TH(t)->running_on == TH(t)->sched,
		   TH(t)->eprio == TH(t)->prio);
}

PRED bool thread_queue_inv(u32 t)
{
	return thread_in_ep(t) ? is_object(TH(t)->queue, OBJ_EP)
	       : TH(t)->state == THREAD_WAIT
		       ? is_object(TH(t)->queue, OBJ_NOTIF) && NT(TH(t)->queue)->bound == NIL
		       : TH(t)->queue == NIL;
}

/* First and last of the queue that a waiting or ready thread is in. */
PRED u32 thread_queue_head(u32 t)
{
	return TH(t)->queued		      ? CPU(TH(t)->home)->ready_head[TH(t)->eprio]
	       : TH(t)->state == THREAD_WAIT ? NT(TH(t)->queue)->head
					      : EP(TH(t)->queue)->head;
}

PRED u32 thread_queue_tail(u32 t)
{
	return TH(t)->queued		      ? CPU(TH(t)->home)->ready_tail[TH(t)->eprio]
	       : TH(t)->state == THREAD_WAIT ? NT(TH(t)->queue)->tail
					      : EP(TH(t)->queue)->tail;
}

/* Neighbours are in the same queue; that of an endpoint has only senders, or only receivers. */
PRED bool threads_share_queue(u32 t, u32 u)
{
	return TH(t)->queued ? TH(u)->queued && TH(u)->eprio == TH(t)->eprio &&
				       TH(u)->home == TH(t)->home
			     : TH(u)->queue == TH(t)->queue && !TH(u)->queued &&
				       (TH(u)->state == THREAD_RECV) == (TH(t)->state == THREAD_RECV);
}

PRED bool thread_links_inv(u32 t)
{
	return !TH(t)->queued && TH(t)->queue == NIL
		       ? TH(t)->qnext == NIL && TH(t)->qprev == NIL
		       : (TH(t)->qprev == NIL ? thread_queue_head(t) == t
					      : thread_is(TH(t)->qprev) &&
							TH(TH(t)->qprev)->qnext == t &&
							threads_share_queue(t, TH(t)->qprev)) &&
				 (TH(t)->qnext == NIL ? thread_queue_tail(t) == t
						      : thread_is(TH(t)->qnext) &&
								TH(TH(t)->qnext)->qprev == t &&
								threads_share_queue(t, TH(t)->qnext));
}

#ifdef WITH_GHOST
/* Queues of endpoints and notifications are in order of arrival; who comes comes last. */
PRED bool thread_order_inv(u32 t)
{
	return IMP(TH(t)->queue != NIL,
		   TH(t)->g_arrived < (TH(t)->state == THREAD_WAIT ? NT(TH(t)->queue)->g_clock
								  : EP(TH(t)->queue)->g_clock) &&
			   IMP(TH(t)->qnext != NIL,
			       TH(t)->g_arrived < TH(TH(t)->qnext)->g_arrived));
}
#else
PRED bool thread_order_inv(u32 t)
{
	(void)t;
	return true;
}
#endif

/* What an inner slot of the thread refers to, or NIL. */
PRED u32 thread_slot_obj(u32 t, u32 which, u32 type)
{
	return SLOT(SLOT_OF(t, which))->type == type ? SLOT(SLOT_OF(t, which))->obj : NIL;
}

PRED bool thread_slot_type_inv(u32 t)
{
	return (SLOT(SLOT_OF(t, TSLOT_SPACE))->type == 0 || thread_slot_obj(t, TSLOT_SPACE, OBJ_SPACE) != NIL) &&
	       (SLOT(SLOT_OF(t, TSLOT_TABLE))->type == 0 || thread_slot_obj(t, TSLOT_TABLE, OBJ_TABLE) != NIL) &&
	       (SLOT(SLOT_OF(t, TSLOT_SCHED))->type == 0 || thread_slot_obj(t, TSLOT_SCHED, OBJ_SCHED) != NIL) &&
	       (SLOT(SLOT_OF(t, TSLOT_FAULT))->type == 0 || thread_slot_obj(t, TSLOT_FAULT, OBJ_EP) != NIL) &&
	       (SLOT(SLOT_OF(t, TSLOT_MSG))->type == 0 || thread_slot_obj(t, TSLOT_MSG, OBJ_FRAMES) != NIL) &&
	       (SLOT(SLOT_OF(t, TSLOT_NOTIF))->type == 0 || thread_slot_obj(t, TSLOT_NOTIF, OBJ_NOTIF) != NIL) &&
	       SLOT(SLOT_OF(t, 6))->type == 0 && SLOT(SLOT_OF(t, 7))->type == 0;
}

PRED bool thread_cached_inv(u32 t)
{
	return TH(t)->space == thread_slot_obj(t, TSLOT_SPACE, OBJ_SPACE) &&
	       TH(t)->table == thread_slot_obj(t, TSLOT_TABLE, OBJ_TABLE) &&
	       TH(t)->sched == thread_slot_obj(t, TSLOT_SCHED, OBJ_SCHED) &&
	       TH(t)->notif == thread_slot_obj(t, TSLOT_NOTIF, OBJ_NOTIF) &&
	       TH(t)->msg == (SLOT(SLOT_OF(t, TSLOT_MSG))->type == OBJ_FRAMES
				      ? SLOT(SLOT_OF(t, TSLOT_MSG))->first
				      : NIL);
}

PRED bool thread_bound_inv(u32 t)
{
	return IMP(TH(t)->sched != NIL,
		   SC(TH(t)->sched)->owner == t && SC(TH(t)->sched)->cpu == TH(t)->home) &&
	       IMP(TH(t)->notif != NIL, NT(TH(t)->notif)->bound == t) &&
	       IMP(TH(t)->msg != NIL, page_exists(TH(t)->msg) && PD(TH(t)->msg)->type == OBJ_FRAMES);
}

/* A thread that waits with a deadline is in the time queue, no other. */
PRED bool thread_deadline_inv(u32 t)
{
	return TN(t)->queued <= 1 &&
	       IMP(TN(t)->queued, TH(t)->state != THREAD_READY && TH(t)->state != THREAD_STOPPED);
}

PRED bool thread_call_inv(u32 t)
{
	return (TH(t)->call != 0) == (TH(t)->state == THREAD_REPLY) &&
	       IMP(TH(t)->pending != 0, TH(t)->state == THREAD_STOPPED || thread_is_current(t)) &&
	       IMP(TH(t)->fault != 0, TH(t)->state == THREAD_CALL || TH(t)->state == THREAD_REPLY ||
					      TH(t)->state == THREAD_STOPPED);
}

/* What a right to answer names was a thread, and is a page; no call has number 0. */
PRED bool thread_reply_inv(u32 t)
{
	return TH(t)->reply_to == NIL || (page_exists(TH(t)->reply_to) && TH(t)->reply_call != 0);
}

/* Which thread a right to answer `call` of thread t would answer now, or NIL. */
PRED u32 reply_target(u32 t, u64 call)
{
	return thread_is(t) && TH(t)->state == THREAD_REPLY && TH(t)->call == call ? t : NIL;
}

#define THREAD_INVARIANTS(X)                                                                       \
	X(thread_state_inv)                                                                        \
	X(thread_runs_on_inv)                                                                      \
	X(thread_ready_inv)                                                                        \
	X(thread_queue_inv)                                                                        \
	X(thread_links_inv)                                                                        \
	X(thread_order_inv)                                                                        \
	X(thread_slot_type_inv)                                                                    \
	X(thread_cached_inv)                                                                       \
	X(thread_bound_inv)                                                                        \
	X(thread_deadline_inv)                                                                     \
	X(thread_call_inv)                                                                         \
	X(thread_reply_inv)
