/* SPDX-License-Identifier: MIT */
/*
 * What setting bits may change, for units that call it last and need not know whom it
 * wakes: proved by h_contract_notif_set of set.c.
 */
#pragma once
#include "whole.h"

PRED bool may_set(u32 nt)
{
	return is_object(nt, OBJ_NOTIF) && ks.cpus <= CPU_MAX && machine.cpu < ks.cpus;
}

/* All is as it should be where threads wait and run. */
static void setting_needs(void)
{
	THREAD_INVARIANTS(CHECK_AT_PAGE)
	SCHED_INVARIANTS(CHECK_AT_PAGE)
	EP_INVARIANTS(CHECK_AT_PAGE)
	NOTIF_INVARIANTS(CHECK_AT_PAGE)
	CPU_INVARIANTS(CHECK_AT_CPU)
	CHECK_KEPT(any_ready_queue_inv(any.cpu, any.n));
}

static void setting_changes(void)
{
	ASSIGNS(1, ks_thread, ks_sched, ks_ep, ks_notif, ks_tnode, ks_cpu);
}

void prover_replace_notif_set(u32 nt, u64 bits, u32 cpu)
{
	(void)bits;
	(void)cpu;
	CHECK_SPEC(may_set(nt));
	setting_needs();
	setting_changes();
	CHANGE();
}
