/* SPDX-License-Identifier: MIT */
/*
 * For units: what is known of a thread whose wait ends, and of who may lose its time by that.
 */
#pragma once
#include "ipc.h"
#include "contract_loan.h"
#include "contract_run.h"
#include "contract_sched.h"
#include "queues.h"

/* Who runs on what t lent, and loses it if that comes back, or NIL. */
PRED u32 lender_loses(u32 t)
{
	return comes_back(t) ? SC(TH(t)->lent)->runner : NIL;
}

static void hint_runner(u32 r)
{
	hint_actor(r);
	hint_loser(r);
	HINTS(any_thread_ready_inv(TH(r)->qnext), any_thread_ready_inv(TH(r)->qprev), any_thread_ready_inv(CPU(TH(r)->home)->ready_tail[TH(r)->prio]));
}

#define WHO_ENDS(t)                                                                                \
	ASSUME_STATE(requires, thread_is(t), "this is done to threads");                             \
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && machine.cpu < ks.cpus, "set at boot, and never again"); \
	const u32 q = TH(t)->queue, c = TH(t)->home, lent = TH(t)->lent, own_r = borrower_of(t); \
	hint_actor(t);                                                                             \
	hint_ep(q);                                                                                \
	hint_notif(q);                                                                             \
	hint_thread(TH(t)->qnext);                                                                 \
	hint_thread(TH(t)->qprev);                                                                 \
	hint_queue(c, TH(t)->eprio);                                                               \
	hint_queue(c, TH(t)->prio);                                                                \
	hint_queue(c, TH(TH(t)->reply_to)->eprio);                                                 \
	HINTS(any_ready_queue_inv(c, any.n));                                                      \
	hint_order(any);                                                                           \
	hint_sched(lent);                                                                          \
	hint_runner(own_r)
