/* SPDX-License-Identifier: MIT */
/*
 * What units about scheduling share: the kernel files, what is known of a run
 * queue, and what scheduling leaves alone.
 */
#pragma once
#include "prover.h"
#include "contract_sched.h"
#include "queues.h"

#include <sched.c>
#include <budget.c>

/* Scheduling changes where threads run and stand, and who runs on what: all else is as it was. */
static void check_unscheduled(struct any any)
{
	CHECK_SPEC(same_thread_base(any.page));
	CHECK_SPEC(same_thread_reply(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], queue) &
		   SAME(ks_thread[any.page], old_thread[any.page], g_arrived));
	CHECK_SPEC(same_register(any.page, any.n));
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	CHECK_SPEC(same_ep(any.page));
	CHECK_SPEC(same_irq(any.page));
	CHECK_SPEC(same_device(any.page));
	CHECK_SPEC(same_space(any.page));
	CHECK_SPEC(same_words(any.page, any.n));
	CHECK_SPEC(same_ks(any.n));
	CHECK_SPEC(SAME(ks_cpu[any.cpu], old_cpu[any.cpu], mailbox) & SAME(ks_cpu[any.cpu], old_cpu[any.cpu], uid));
}

/* Who runs on it aside. */
PRED bool same_budget(u32 sc)
{
	return SAME(ks_sched[sc], old_sched[sc], budget) && SAME(ks_sched[sc], old_sched[sc], period) &&
	       SAME(ks_sched[sc], old_sched[sc], left) && SAME(ks_sched[sc], old_sched[sc], refill) &&
	       SAME(ks_sched[sc], old_sched[sc], over) && SAME(ks_sched[sc], old_sched[sc], cpu) &&
	       SAME(ks_sched[sc], old_sched[sc], owner);
}

PRED bool same_timing(u32 c)
{
	return SAME(ks_cpu[c], old_cpu[c], charged) && SAME(ks_cpu[c], old_cpu[c], since) &&
	       SAME(ks_cpu[c], old_cpu[c], alarm) && SAME(ks_cpu[c], old_cpu[c], timeq) &&
	       SAME(ks_cpu[c], old_cpu[c], loaded);
}

PRED bool same_current(u32 c)
{
	return SAME(ks_cpu[c], old_cpu[c], current);
}

PRED bool same_state(u32 t)
{
	return SAME(ks_thread[t], old_thread[t], state);
}

/* A thread that runs on time that ends, or waits in a queue for it. */
static void hint_runner(struct any any, u32 r)
{
	hint_thread(r);
	HINT(1, any_cap_object_inv(SLOT_OF(r, TSLOT_SCHED)));
	hint_sched(TH(r)->sched);
	hint_thread(TH(r)->qnext);
	hint_thread(TH(r)->qprev);
	hint_queue(TH(r)->home, TH(r)->eprio);
	hint_queue(TH(r)->home, TH(r)->prio);
	HINT(1, any_ready_queue_inv(TH(r)->home, any.n));
	hint_order(any);
}

/* The same, if no time passes and none is given. */
static void check_untimed(struct any any)
{
	check_unscheduled(any);
	CHECK_SPEC(same_frame_rest(any.page, any.n));
	CHECK_SPEC(same_budget(any.page));
	CHECK_SPEC(same_timing(any.cpu));
	CHECK_SPEC(same_tnode(any.page));
}

#define A_CPU(c)                                                                                   \
	ANY(u32, c);                                                                               \
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again")
