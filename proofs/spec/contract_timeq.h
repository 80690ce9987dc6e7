/* SPDX-License-Identifier: MIT */
/*
 * What the time queue does, for units that call it: a node enters or leaves,
 * where the others hang is unknown afterwards, but all is in order.  Proved by
 * timeq.c.
 */
#pragma once
#include "whole.h"

struct tnode mid_tnode[PAGE_COUNT];

/* Only links in the queue of this CPU change. */
PRED bool timeq_links_kept(u32 p, u32 cpu)
{
	return tnode_home(p) == cpu ||
	       (SAME(ks_tnode[p], mid_tnode[p], up) && SAME(ks_tnode[p], mid_tnode[p], down[0]) &&
		SAME(ks_tnode[p], mid_tnode[p], down[1]) && SAME(ks_tnode[p], mid_tnode[p], depth));
}

PRED bool timeq_is_kept(u32 p, u32 c)
{
	return any_tnode_up_inv(p) && any_tnode_order_inv(p) && any_tnode_down_inv(p) && any_cpu_timeq_inv(c);
}

/* Both need all nodes in order; of those that are there after an earlier call, this is known at any index. */
static void timeq_needs(void)
{
	const struct any any = any_index();

	CHECK_KEPT(any_tnode_up_inv(any.page));
	CHECK_KEPT(any_tnode_order_inv(any.page));
	CHECK_KEPT(any_tnode_down_inv(any.page));
	CHECK_KEPT(any_cpu_timeq_inv(any.cpu));
}

static void timeq_changes(u32 cpu)
{
	const struct any any = any_index();

	SNAPSHOT(mid_tnode, ks_tnode);
	FORGET(ks_tnode[0].up);
	FORGET(ks_tnode[0].down);
	FORGET(ks_tnode[0].depth);
	ANY(u32, root);
	CPU(cpu)->timeq = root;
	prover_assume(timeq_links_kept(any.page, cpu));
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
