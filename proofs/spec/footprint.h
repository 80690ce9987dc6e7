/* SPDX-License-Identifier: MIT */
/*
 * What a local operation may change: what its CPU's lock protects (docs/locking.md).
 *
 * Everything that another CPU's lock protects, and all that only changes under all
 * locks, is as remembered.  Left out: what is atomic (words and mailboxes of
 * notifications), entries (under their space's lock), contents of frames.
 */
#pragma once
#include "whole.h"

/* Threads of other CPUs, and their links if they wait at an object of another CPU. */
PRED bool thread_is_elsewhere(u32 t, u32 cpu)
{
	return old_thread[t].home != cpu;
}

PRED bool queue_is_elsewhere(u32 t, u32 cpu)
{
	return old_thread[t].home != cpu &&
	       (old_thread[t].queue == NIL || (old_page[old_thread[t].queue].type == OBJ_EP
						       ? old_ep[old_thread[t].queue].home != cpu
						       : old_notif[old_thread[t].queue].home != cpu));
}

PRED bool tnode_is_elsewhere(u32 p, u32 cpu)
{
	return (old_page[p].type == OBJ_THREAD ? old_thread[p].home : old_sched[p].cpu) != cpu;
}

PRED bool same_notif_but_word(u32 p)
{
	return SAME(ks_notif[p], old_notif[p], head) && SAME(ks_notif[p], old_notif[p], tail) &&
	       SAME(ks_notif[p], old_notif[p], home) && SAME(ks_notif[p], old_notif[p], bound);
}

#define STAYS(guard, x) CHECK_IF(guard, "footprint", x)

/* If the operation was a local one of this CPU. */
static void check_footprint(struct any any, bool local, u32 cpu)
{
	const bool other = local & thread_is_elsewhere(any.page, cpu);

	STAYS(other, same_thread_base(any.page));
	STAYS(other, same_thread_reply(any.page));
	STAYS(other, same_thread_runs(any.page));
	STAYS(other, same_thread_wait(any.page));
	STAYS(other, same_register(any.page, any.n));
	STAYS(other, same_frame_rest(any.page, any.n));
	STAYS(local & queue_is_elsewhere(any.page, cpu), same_thread_links(any.page));
	STAYS(local & tnode_is_elsewhere(any.page, cpu), same_tnode(any.page));
	STAYS(local & (old_sched[any.page].cpu != cpu), same_sched(any.page));
	STAYS(local & (old_ep[any.page].home != cpu), same_ep(any.page));
	STAYS(local & (old_notif[any.page].home != cpu), same_notif_but_word(any.page));
	STAYS(local & (old_irq[any.page].cpu != cpu), same_irq(any.page));
	STAYS(local & (any.cpu != cpu), same_cpu(any.cpu));
	STAYS(local & (any.cpu != cpu), same_ready(any.cpu, any.n));
	STAYS(local, same_cap(any.slot));
	STAYS(local, same_page(any.page));
	STAYS(local, same_leaf(any.page, any.n));
	STAYS(local, same_space(any.page));
	STAYS(local, same_device(any.page));
	STAYS(local, same_ks(any.n));
}
