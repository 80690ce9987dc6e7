/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_init]
 * function = "notif_init"
 * columns = ["ub", "spec"]
 * [h_unqueue]
 * function = "notif_unqueue"
 * columns = ["ub", "spec"]
 * [h_mail]
 * function = "notif_set"
 * only = "when it wakes nobody at once"
 * columns = ["spec"]
 */
#include "prover.h"
#include "whole.h"

#include <notif.c>

PRED bool is_fresh(u32 i, u32 cpu)
{
	return NT(i)->word == 0 && NT(i)->head == NIL && NT(i)->tail == NIL && NT(i)->home == cpu &&
	       NT(i)->bound == NIL && NT(i)->mailed == 0 && NT(i)->mail == NIL;
}

PRED bool waits_for_nothing(u32 t)
{
	return TH(t)->queue == NIL && TH(t)->qnext == NIL && TH(t)->qprev == NIL;
}

void h_init(u32 n, u32 cpu)
{
	ASSUME_INPUT(n < PAGE_COUNT);
	notif_init(n, cpu);
	CHECK_SPEC(is_fresh(n, cpu));
	ASSIGNS(1, *NT(n));
}

/* The state of t is its caller's to change: the invariant holds again only then. */
void h_unqueue(u32 t)
{
	ASSUME_STATE(requires, thread_is(t) && TH(t)->state == THREAD_WAIT,
		     "who is taken out of a notification's queue waits there");
	HINTS(any_thread_queue_inv(t), any_thread_links_inv(t), any_thread_ready_inv(t));
	const u32 q = TH(t)->queue;
	HINTS(any_notif_ends_inv(q), any_notif_ends_inv(any.page));
	notif_unqueue(t);
	CHECK_SPEC(waits_for_nothing(t));
	CHECK_SPEC(any_notif_ends_inv(any.page));
	ASSIGNS(1, TH(t)->queue, LEFT_LINKS(t), NT(q)->head, NT(q)->tail);
	COVER(old_notif[q].head != t);
}

/* --- setting bits: unless a waiter is woken, only the word and a mailbox change -------- */

/* Whether a thread there would take the bits at once. */
PRED bool nobody_takes(u32 nt)
{
	return NT(nt)->bound == NIL ? NT(nt)->head == NIL : TH(NT(nt)->bound)->state != THREAD_RECV;
}

PRED bool is_set(u32 nt, u64 bits)
{
	return NT(nt)->word == (old_notif[nt].word | bits);
}

/* In the mailbox of its home, as before or on top of what was there. */
PRED bool is_mailed(u32 nt, u32 home)
{
	return NT(nt)->mailed == 1 &&
	       (old_notif[nt].mailed != 0 ? SAME(ks_cpu[home], old_cpu[home], mailbox) &&
						    SAME(ks_notif[nt], old_notif[nt], mail)
					  : CPU(home)->mailbox == nt && NT(nt)->mail == old_cpu[home].mailbox);
}

#define A_NOTIF(nt)                                                                                \
	ASSUME_STATE(requires, is_object(nt, OBJ_NOTIF), "what a capability names is there");         \
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");                    \
	HINTS(any_notif_ends_inv(nt), any_notif_bound_inv(nt), any_notif_mail_inv(nt))

void h_mail(u32 nt, u64 bits, u32 cpu)
{
	A_NOTIF(nt);
	const u32 home = NT(nt)->home;
	const bool remote = ks.global == 0 && home != cpu;
	ASSUME_STATE(case, remote | nobody_takes(nt), "waking a waiter is tested, not proved");
	notif_set(nt, bits, cpu);
	CHECK_SPEC(is_set(nt, bits));
	CHECK_IF(remote, "spec", is_mailed(nt, home));
	ASSIGNS(1, NT(nt)->word);
	ASSIGNS(remote, NT(nt)->mailed, NT(nt)->mail, CPU(home)->mailbox);
	COVER(remote);
	COVER(!remote);
}
