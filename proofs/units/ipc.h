/* SPDX-License-Identifier: MIT */
/*
 * What units about messages share: the kernel files, the machine, what is known
 * of the threads that a call touches, and what "a message arrived" means.  A unit
 * that defines NO_DEADLINES shows itself that the time queue is not touched.
 */
#pragma once
#include "prover.h"
#include "whole.h"
#include "footprint.h"
#include "spec_cap.h"
#ifndef NO_DEADLINES
#include "contract_timeq.h"
#endif

#include <msg.c>
#include <ep.c>
#include <notif.c>
#include <reply.c>
#include <thread.c>
#include <sched.c>
#include <budget.c>

/* --- the machine -------------------------------------------------------------------- */

void arch_msg_pass(u32 from, u32 to)
{
	UNROLL
	for (u32 i = 0; i < 8; i++)
		FR_MSG(to, i) = FR_MSG(from, i);
}

void arch_fault_words(u32 from, u32 to)
{
	(void)from;
	UNROLL
	for (u32 i = 0; i < 8; i++) {
		ANY(u64, word);
		FR_MSG(to, i) = word;
	}
}

/* Frames are unknown but where it is looked at them. */
u64 mid_word[PAGE_COUNT][PT_ENTRIES];

PRED bool words_are_copied(u32 to, u32 from, u32 first, u32 n, u32 p, u32 i)
{
	return ks_word[p][i] == mid_word[p == to && i >= first && i - first < n ? from : p][i];
}

void arch_words_copy(u32 to, u32 from, u32 first, u32 n)
{
	SNAPSHOT(mid_word, ks_word);
	FORGET(ks_word[0]);
	prover_assume(words_are_copied(to, from, first, n, any.page, any.n));
}

/* Units are about messages without capabilities, so far: proved by h_contract_transfer_caps of msg.c. */
u32 prover_replace_transfer_caps(u32 from, u32 to, u32 n)
{
	(void)from;
	(void)to;
	CHECK_SPEC(n == 0);
	return 0;
}

/* --- what is known before a call -------------------------------------------------------- */

PRED bool is_running(u32 t)
{
	return thread_is(t) && TH(t)->home == machine.cpu && cpu_runs(machine.cpu) && ks.cpus <= CPU_MAX &&
	       CPU(machine.cpu)->current == t && TH(t)->pending == 0;
}

PRED bool counts(u64 counter)
{
	return counter < ~0ull - CPU_MAX;
}

#define THE_CALLER(t)                                                                              \
	ANY(u32, t);                                                                               \
	ASSUME_STATE(caller, is_running(t), "calls are made by threads");                          \
	hint_actor(t);                                                                             \
	hint_cpu(TH(t)->home)

#define THE_ENDPOINT(s)                                                                            \
	ANY(u32, s);                                                                               \
	ASSUME_STATE(dispatch, slot_is_full(s) && SLOT(s)->type == OBJ_EP,                         \
		     "the dispatcher hands over what exists");                                     \
	HINT(1, any_cap_object_inv(s));                                                            \
	const u32 e = SLOT(s)->obj;                                                                \
	ASSUME_STATE(counters, counts(EP(e)->g_clock), "no counter of 64 bits overflows");         \
	hint_ep(e)

/* A thread that begins or ends a wait, with what it runs on. */
static void hint_actor(u32 t)
{
	hint_thread(t);
	hint_tnode(t);
	HINTS(any_cap_object_inv(SLOT_OF(t, TSLOT_SCHED)), any_cap_object_inv(SLOT_OF(t, TSLOT_NOTIF)));
	hint_sched(TH(t)->sched);
	hint_sched(TH(t)->running_on);
}

/* Where a thread of this priority would enter the run queue. */
static void hint_ready(u32 cpu, u32 prio)
{
	hint_cpu(cpu);
	HINT(1, any_ready_queue_inv(cpu, prio));
	hint_thread(CPU(cpu)->ready_tail[prio]);
}

/* The first in the queue of an endpoint, who may be woken. */
static void hint_first(u32 e)
{
	hint_actor(EP(e)->head);
	hint_thread(EP(e)->tail);
	hint_thread(TH(EP(e)->head)->qnext);
	hint_ready(TH(EP(e)->head)->home, TH(EP(e)->head)->prio);
}

/* --- messages ----------------------------------------------------------------------------- */

PRED bool is_register_word(u32 i)
{
	return i >= REG_RBX && i < REG_RBX + 8;
}

/* Who receives when somebody sends, or NIL: the one that has waited longest. */
PRED u32 spec_receiver(u32 e)
{
	return EP(e)->receiving ? EP(e)->head : NIL;
}

PRED bool ep_is_elsewhere(u32 e, u32 cpu)
{
	return ks.global == 0 && (EP(e)->home != cpu || (EP(e)->head != NIL && TH(EP(e)->head)->home != cpu));
}

/* Is what t sends through s in order (s NIL: an answer)? */
PRED u32 spec_msg_error(u32 t, u64 tag, u32 s)
{
	return TAG_LENGTH(tag) <= 8 && TAG_CAPS(tag) == 0			       ? ERRNO_OK
	       : TAG_LENGTH(tag) > MSG_WORDS_MAX || TAG_CAPS(tag) > MSG_CAPS_MAX	       ? ERRNO_ARG
	       : TAG_CAPS(tag) != 0 && s != NIL && !(SLOT(s)->rights & RIGHT_EP_TRANSFER) ? ERRNO_RIGHTS
	       : TH(t)->msg == NIL						       ? ERRNO_MSG_PAGE
	       : TAG_CAPS(tag) != 0 && ks.global == 0				       ? INT_GLOBAL
										       : ERRNO_OK;
}

/* What the receiver sees of the tag: without a message page of its own, the words that registers hold. */
PRED u64 spec_tag(u32 from, u32 to, u64 tag)
{
	return TAG_LENGTH(tag) > 8 && (old_thread[to].msg == NIL || old_thread[from].msg == NIL)
		       ? (tag & ~0x1fffull) | 8
		       : tag & ~(0x1fffull & ~0x1ffull);
}

/* Register i of `to` after the message of `from`: words as sent, badge, tag, OK; the rest as it was. */
PRED bool is_delivered(u32 to, u32 from, u64 tag, u64 badge, u32 i)
{
	return TH(to)->frame.r[i] == (is_register_word(i) ? old_thread[from].frame.r[i]
				      : i == REG_RAX	  ? 0
				      : i == REG_RDI	  ? badge
				      : i == REG_RSI	  ? spec_tag(from, to, tag)
							  : old_thread[to].frame.r[i]);
}

/* Word i of frame p: of a long message it is the sender's, if that is the receiver's message page. */
PRED bool is_word_delivered(u32 to, u32 from, u64 tag, u32 p, u32 i)
{
	return ks_word[p][i] == old_word[p == old_thread[to].msg && old_thread[from].msg != NIL && i >= 8 &&
							 i < TAG_LENGTH(tag)
						 ? old_thread[from].msg
						 : p][i];
}

/* It waits for nothing any more, and stands nowhere but perhaps in a run queue. */
PRED bool is_woken(u32 t)
{
	return TH(t)->state == THREAD_READY && TH(t)->queue == NIL && TN(t)->queued == 0;
}

/* It is the last that waits at e, with this message. */
PRED bool waits_last(u32 t, u32 e, u32 state, u64 deadline)
{
	return TH(t)->state == state && TH(t)->queue == e && EP(e)->tail == t && TH(t)->qprev == old_ep[e].tail &&
	       CPU(TH(t)->home)->current == NIL && TN(t)->queued == (deadline != 0) &&
	       IMP(deadline != 0, TN(t)->when == deadline);
}

#ifndef NO_DEADLINES
/* --- what changes ------------------------------------------------------------------------- */

#define ENTERS_EP(t, e)                                                                            \
	TH(t)->queue, TH(t)->qprev, TH(t)->g_arrived, TH(old_ep[e].tail)->qnext, EP(e)->head, EP(e)->tail, EP(e)->receiving, EP(e)->g_clock
#define LEAVES_EP(w, e) TH(w)->queue, TH(w)->qnext, TH(old_thread[w].qnext)->qprev, EP(e)->head, EP(e)->tail
#define RELEASES(t) TH(t)->running_on, SC(old_thread[t].running_on)->runner

static void assigns_wait(bool waits, u32 t, u64 deadline)
{
	ASSIGNS(waits, TH(t)->state, CPU(TH(t)->home)->current);
	ASSIGNS(waits & (deadline != 0), TN(t)->when, TN(t)->queued);
	assigns_timeq(waits & (deadline != 0), TH(t)->home);
}

/* It has no deadline any more. */
static void assigns_end(bool ends, u32 t)
{
	ASSIGNS(ends & (old_tnode[t].queued == 1), TN(t)->queued);
	assigns_timeq(ends & (old_tnode[t].queued == 1), TH(t)->home);
}

/* It goes on, and if nothing was lent to it with its own time. */
static void assigns_ready(bool ready, u32 t)
{
	ASSIGNS(ready, TH(t)->state, TH(t)->running_on, TH(t)->eprio, SC(TH(t)->sched)->runner);
	ASSIGNS(ready & (TH(t)->queued == 1), QUEUED_LAST(t, TH(t)->home, TH(t)->eprio));
}

/* A message of t arrives at r. */
static void assigns_message(bool done, u32 t, u32 r)
{
	ASSIGNS(done, TH(r)->frame.r);
	ASSIGNS(done & (TH(t)->msg != NIL), ks_word[TH(r)->msg]);
}
#endif
