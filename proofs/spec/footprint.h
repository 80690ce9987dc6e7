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

/* If the operation was a local one of this CPU. */
static void check_footprint(struct any any, bool local, u32 cpu)
{
	TOUCHES(!local, EVERYTHING);
	TOUCHES(old_thread[any.page].home == cpu, *TH(any.page));
	TOUCHES(!queue_is_elsewhere(any.page, cpu), LINKS_OF(any.page));
	TOUCHES(!tnode_is_elsewhere(any.page, cpu), *TN(any.page));
	TOUCHES(old_sched[any.page].cpu == cpu, *SC(any.page));
	TOUCHES(old_ep[any.page].home == cpu, *EP(any.page));
	TOUCHES(old_notif[any.page].home == cpu, *NT(any.page));
	TOUCHES(old_irq[any.page].cpu == cpu, *IRQ(any.page));
	TOUCHES(1, *CPU(cpu), ks_pte, ks_word);
	TOUCHES(1, NT(any.page)->word, NT(any.page)->mailed, NT(any.page)->mail, CPU(any.cpu)->mailbox);
}
