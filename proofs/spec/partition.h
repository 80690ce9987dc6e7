/* SPDX-License-Identifier: MIT */
/*
 * Non-interference: what is ours, and two runs from states that agree on it
 * (docs/design/non-interference.md).
 *
 * A page is ours or it is not, with all that lies in it.  CPUs are common.  So
 * are two kinds of links: those of run queues, and those of time queues.
 */
#pragma once
#include "whole.h"

u8 ours[PAGE_COUNT];

PRED bool is_ours(u32 p)
{
	return ours[p] != 0;
}

PRED bool ours_or_none(u32 p)
{
	return p == NIL || (page_exists(p) && ours[p] != 0);
}

/* --- closed: what is ours names only what is ours ---------------------------------------------- */

PRED bool closed_page(u32 p)
{
	return ours[p] == 0 || (PD(p)->type != PAGE_FREE && is_ours(PD(p)->head));
}

PRED bool closed_slot(u32 s)
{
	return ours[SLOT_PAGE(s)] == 0 || SLOT(s)->type == 0 || !type_has_pages(SLOT(s)->type) || ours_or_none(SLOT(s)->obj);
}

PRED bool closed_thread(u32 t)
{
	return !thread_is(t) || ours[t] == 0 ||
	       (ours_or_none(TH(t)->table) && ours_or_none(TH(t)->space) && ours_or_none(TH(t)->sched) &&
		ours_or_none(TH(t)->msg) && ours_or_none(TH(t)->notif) && ours_or_none(TH(t)->running_on) &&
		ours_or_none(TH(t)->lent) && ours_or_none(TH(t)->queue) && ours_or_none(TH(t)->reply_to) &&
		IMP(!TH(t)->queued, ours_or_none(TH(t)->qnext) && ours_or_none(TH(t)->qprev)));
}

PRED bool closed_sched(u32 sc)
{
	return !is_object(sc, OBJ_SCHED) || ours[sc] == 0 || (ours_or_none(SC(sc)->owner) && ours_or_none(SC(sc)->runner));
}

PRED bool closed_ep(u32 e)
{
	return !is_object(e, OBJ_EP) || ours[e] == 0 ||
	       (ours_or_none(EP(e)->head) && ours_or_none(EP(e)->tail) && ours_or_none(EP(e)->cursor));
}

PRED bool closed_notif(u32 n)
{
	return !is_object(n, OBJ_NOTIF) || ours[n] == 0 ||
	       (ours_or_none(NT(n)->head) && ours_or_none(NT(n)->tail) && ours_or_none(NT(n)->bound));
}

/* What is ours was so from the beginning of the call. */
static void check_closed(struct any any)
{
	CHECK_NI(closed_page(any.page));
	CHECK_NI(closed_slot(any.slot));
	CHECK_NI(closed_thread(any.page));
	CHECK_NI(closed_sched(any.page));
	CHECK_NI(closed_ep(any.page));
	CHECK_NI(closed_notif(any.page));
}

static void hint_closed(u32 p)
{
	HINT(1, closed_page(p));
	HINT(1, closed_thread(p));
	HINT(1, closed_sched(p));
	HINT(1, closed_ep(p));
	HINT(1, closed_notif(p));
}

/* --- what changed, and what came out ------------------------------------------------------------- */

/* What is shared: all of the CPUs; and links, which lead from what is ours to what is not, of who waits to run or has a deadline. */
static void differs_shared(void)
{
	DIFFERS(TH(any.page)->queued != 0, LINKS_OF(any.page));
	DIFFERS(1, TN(any.page)->up, TN(any.page)->down, TN(any.page)->depth);
}

/* 1: what is not ours is as it was. */
static void check_respect(void)
{
	DIFFERS(is_ours(any.page), IN_PAGE(any.page));
	DIFFERS(is_ours(SLOT_PAGE(any.slot)), *SLOT(any.slot));
	DIFFERS(1, ks_cpu);
	differs_shared();
	NOTHING_ELSE_DIFFERS();
}

/* 2: what is ours is as it was at the end of the first run, and so are the CPUs. */
static void check_agree(void)
{
	DIFFERS(!is_ours(any.page), IN_PAGE(any.page));
	DIFFERS(!is_ours(SLOT_PAGE(any.slot)), *SLOT(any.slot));
	differs_shared();
	NOTHING_ELSE_DIFFERS();
}

/* --- the second run -------------------------------------------------------------------------------- */

/* X(name, type, size, shift): all that lies in pages. */
#define IN_PAGES(X)                                                                                \
	X(page, struct page, PAGE_COUNT, 0)                                                        \
	X(slot, struct cap, SLOT_COUNT, SLOT_SHIFT)                                                \
	X(table, struct table, PAGE_COUNT, 0)                                                      \
	X(space, struct space, PAGE_COUNT, 0)                                                      \
	X(thread, struct thread, PAGE_COUNT, 0)                                                    \
	X(tnode, struct tnode, PAGE_COUNT, 0)                                                      \
	X(sched, struct sched, PAGE_COUNT, 0)                                                      \
	X(ep, struct ep, PAGE_COUNT, 0)                                                            \
	X(notif, struct notif, PAGE_COUNT, 0)                                                      \
	X(irq, struct irq, PAGE_COUNT, 0)                                                          \
	X(device, struct device, PAGE_COUNT, 0)

#define TWICE(name, type, size, shift) type out_##name[size], other_##name[size];
IN_PAGES(TWICE)
u64 out_pte[PAGE_COUNT][PT_ENTRIES], other_pte[PAGE_COUNT][PT_ENTRIES];
u64 out_word[PAGE_COUNT][PT_ENTRIES], other_word[PAGE_COUNT][PT_ENTRIES];
struct cpu out_cpu[CPU_MAX];
struct kernel_state out_ks;

/* Back to the beginning, where all that is not ours is anything; what came out is remembered. */
#define BEGIN_AGAIN(name, type, size, shift)                                                       \
	SNAPSHOT(out_##name, ks_##name);                                                           \
	SNAPSHOT(ks_##name, old_##name);                                                           \
	MIX(ks_##name, other_##name, ours, shift);                                                 \
	SNAPSHOT(old_##name, out_##name);

static void begin_again(void)
{
	IN_PAGES(BEGIN_AGAIN)
	BEGIN_AGAIN(pte, , , 0)
	BEGIN_AGAIN(word, , , 0)
	SNAPSHOT(out_cpu, ks_cpu);
	SNAPSHOT(ks_cpu, old_cpu);
	SNAPSHOT(old_cpu, out_cpu);
	SNAPSHOT(out_ks, ks);
	SNAPSHOT(ks, old_ks);
	SNAPSHOT(old_ks, out_ks);
}
