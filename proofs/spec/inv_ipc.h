/* SPDX-License-Identifier: MIT */
/*
 * Invariants of endpoints and notifications: their queues, and that no signal
 * is lost.
 */
#pragma once
#include "inv.h"
#include "inv_thread.h"

PRED bool ep_ends_inv(u32 e)
{
	return EP(e)->home < ks.cpus && EP(e)->receiving <= 1 &&
	       (EP(e)->head == NIL) == (EP(e)->tail == NIL);
}

PRED bool ep_head_inv(u32 e)
{
	return EP(e)->head == NIL ||
	       (thread_is(EP(e)->head) && thread_in_ep(EP(e)->head) &&
		TH(EP(e)->head)->queue == e && TH(EP(e)->head)->qprev == NIL &&
		(EP(e)->receiving == 1) == (TH(EP(e)->head)->state == THREAD_RECV) &&
		(EP(e)->receiving == 1) == (TH(EP(e)->tail)->state == THREAD_RECV) &&
		thread_is(EP(e)->tail) && thread_in_ep(EP(e)->tail) &&
		TH(EP(e)->tail)->queue == e && TH(EP(e)->tail)->qnext == NIL);
}

PRED bool ep_cursor_inv(u32 e)
{
	return EP(e)->cursor == NIL ||
	       (thread_is(EP(e)->cursor) && thread_in_ep(EP(e)->cursor) &&
		TH(EP(e)->cursor)->queue == e && TH(EP(e)->cursor)->state != THREAD_RECV);
}

PRED bool notif_ends_inv(u32 n)
{
	return NT(n)->home < ks.cpus && NT(n)->mailed <= 1 &&
	       (NT(n)->head == NIL) == (NT(n)->tail == NIL);
}

PRED bool notif_head_inv(u32 n)
{
	return NT(n)->head == NIL ||
	       (thread_is(NT(n)->head) && TH(NT(n)->head)->state == THREAD_WAIT &&
		TH(NT(n)->head)->queue == n && TH(NT(n)->head)->qprev == NIL &&
		thread_is(NT(n)->tail) && TH(NT(n)->tail)->state == THREAD_WAIT &&
		TH(NT(n)->tail)->queue == n && TH(NT(n)->tail)->qnext == NIL);
}

PRED bool notif_bound_inv(u32 n)
{
	return IMP(NT(n)->bound != NIL,
		   thread_is(NT(n)->bound) && TH(NT(n)->bound)->notif == n && NT(n)->head == NIL);
}

/* Bits are there only while nobody waits for them, or a CPU will look. */
PRED bool notif_wakes_inv(u32 n)
{
	return NT(n)->word == 0 || NT(n)->mailed == 1 ||
	       (NT(n)->head == NIL &&
		IMP(NT(n)->bound != NIL, TH(NT(n)->bound)->state != THREAD_RECV));
}

PRED bool notif_mail_inv(u32 n)
{
	return IMP(NT(n)->mailed && NT(n)->mail != NIL,
		   is_object(NT(n)->mail, OBJ_NOTIF) && NT(NT(n)->mail)->mailed &&
			   NT(NT(n)->mail)->home == NT(n)->home);
}

#define EP_INVARIANTS(X)                                                                           \
	X(ep_ends_inv)                                                                             \
	X(ep_head_inv)                                                                             \
	X(ep_cursor_inv)

#define NOTIF_INVARIANTS(X)                                                                        \
	X(notif_ends_inv)                                                                          \
	X(notif_head_inv)                                                                          \
	X(notif_bound_inv)                                                                         \
	X(notif_wakes_inv)                                                                         \
	X(notif_mail_inv)
