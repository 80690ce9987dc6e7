/* SPDX-License-Identifier: MIT */
/*
 * What the time queue does, for units that call it: a node enters or leaves,
 * where the others hang is unknown afterwards, but all is in order.  Proved by
 * timeq.c.
 */
#pragma once
#include "whole.h"

/* Is it a node, at this moment, of this CPU? */
PRED bool is_node_of(u32 p, u32 cpu)
{
	return tnode_home(p) == cpu;
}

/* Besides a node, where nodes of this CPU hang. */
static void assigns_timeq(bool done, u32 cpu)
{
	ASSIGNS(done, CPU(cpu)->timeq);
	ASSIGNS(done & is_node_of(any.page, cpu), TN(any.page)->up, TN(any.page)->down, TN(any.page)->depth);
}

PRED bool timeq_is_kept(u32 p, u32 c)
{
	return any_tnode_up_inv(p) && any_tnode_order_inv(p) && any_tnode_down_inv(p) && any_cpu_timeq_inv(c);
}

/* Both need all nodes in order; of those that are there after an earlier call, this is known at any index. */
static void timeq_needs(void)
{
	CHECK_KEPT(any_tnode_up_inv(any.page));
	CHECK_KEPT(any_tnode_order_inv(any.page));
	CHECK_KEPT(any_tnode_down_inv(any.page));
	CHECK_KEPT(any_cpu_timeq_inv(any.cpu));
}

static void timeq_changes(u32 cpu)
{
	assigns_timeq(true, cpu);
	CHANGE();
	prover_assume(timeq_is_kept(any.page, any.cpu));
}

PRED bool timeq_may_add(u32 cpu, u32 page)
{
	return cpu_runs(cpu) && tnode_is(page) && tnode_home(page) == cpu && !TN(page)->queued;
}

PRED bool timeq_may_remove(u32 cpu, u32 page)
{
	return cpu_runs(cpu) && tnode_is(page) && tnode_home(page) == cpu && TN(page)->queued;
}

void prover_replace_timeq_add(u32 cpu, u32 page, u64 when)
{
	CHECK_SPEC(timeq_may_add(cpu, page));
	timeq_needs();
	TN(page)->when = when;
	TN(page)->queued = 1;
	timeq_changes(cpu);
}

void prover_replace_timeq_remove(u32 cpu, u32 page)
{
	CHECK_SPEC(timeq_may_remove(cpu, page));
	timeq_needs();
	TN(page)->queued = 0;
	timeq_changes(cpu);
}
