/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_init]
 * function = "notif_init"
 * columns = ["ub", "spec"]
 * [h_unqueue]
 * function = "notif_unqueue"
 * columns = ["ub", "spec"]
 */
#include "prover.h"
#include <notif.c>
#include "inv_ipc.h"

#include "state_def.h"
#include "model.h"

struct notif old_notif[PAGE_COUNT];
struct thread old_thread[PAGE_COUNT];
#define OLD_NT(i) (&old_notif[i])
#define OLD_TH(i) (&old_thread[i])

PRED bool same_notif(u32 i)
{
	return NT(i)->word == OLD_NT(i)->word && NT(i)->head == OLD_NT(i)->head &&
	       NT(i)->tail == OLD_NT(i)->tail && NT(i)->home == OLD_NT(i)->home &&
	       NT(i)->bound == OLD_NT(i)->bound && NT(i)->mailed == OLD_NT(i)->mailed &&
	       NT(i)->mail == OLD_NT(i)->mail;
}

PRED bool is_fresh(u32 i, u32 cpu)
{
	return NT(i)->word == 0 && NT(i)->head == NIL && NT(i)->tail == NIL && NT(i)->home == cpu &&
	       NT(i)->bound == NIL && NT(i)->mailed == 0 && NT(i)->mail == NIL;
}

PRED bool waits_for_nothing(u32 t)
{
	return TH(t)->queue == NIL && TH(t)->qnext == NIL && TH(t)->qprev == NIL;
}

PRED bool same_wait(u32 t)
{
	return TH(t)->queue == OLD_TH(t)->queue && TH(t)->state == OLD_TH(t)->state;
}

void h_init(void)
{
	ANY(u32, n);
	ANY(u32, cpu);
	ANY(u32, i);
	ASSUME_INPUT((n < PAGE_COUNT) & (i < PAGE_COUNT));
	SNAPSHOT(old_notif, ks_notif);
	notif_init(n, cpu);
	CHECK_IF(i == n, "spec", is_fresh(i, cpu));
	CHECK_IF(i != n, "spec", same_notif(i));
}

/* The state of t is its caller's to change: the invariant holds again only then.
 * What the queue's invariants say of thread t and its neighbours. */
static void waiter(u32 t)
{
	HINT(page_exists(t) && thread_is(t), thread_queue_inv(t));
	HINT(page_exists(t) && thread_is(t), thread_links_inv(t));
	HINT(page_exists(t) && thread_is(t), thread_ready_inv(t));
}

void h_unqueue(void)
{
	ANY(u32, t);
	ANY(u32, i);
	ANY(u32, n);
	ASSUME_INPUT((t < PAGE_COUNT) & (i < PAGE_COUNT) & (n < PAGE_COUNT));
	ASSUME_STATE(waits, thread_is(t) && TH(t)->state == THREAD_WAIT,
		     "who is taken out of a notification's queue waits there");
	waiter(t);
	u32 q = TH(t)->queue;
	HINT(page_exists(q), notif_ends_inv(q));
	HINT(1, notif_ends_inv(n));
	SNAPSHOT(old_notif, ks_notif);
	SNAPSHOT(old_thread, ks_thread);
	notif_unqueue(t);
	CHECK_SPEC(waits_for_nothing(t));
	CHECK_IF(i != t, "spec", same_wait(i));
	CHECK_IF(n != q, "spec", same_notif(n));
	CHECK_SPEC(notif_ends_inv(n));
	COVER(OLD_NT(q)->head != t);
}
