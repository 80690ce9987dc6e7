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

#define A_CPU(c)                                                                                   \
	ANY(u32, c);                                                                               \
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again")
