/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: synchronous transfer of a message between two threads.
 *
 * Owns:       struct ep and its queue.     Invariant: ep_inv().
 * Locks:      the home CPU's, if both threads live there too; else all locks.
 * Called by:  the generated dispatcher; entry.c for faults.
 * Never:      gives answers (reply.c) or moves words (msg.c).
 */
#include "ks.h"

enum { EP_WAKES = 32 };

void ep_init(u32 ep, u32 cpu)
{
	struct ep *e = EP(ep);

	e->head = NIL;
	e->tail = NIL;
	e->home = cpu;
	e->cursor = NIL;
	e->cancelling = 0;
	e->cancels = 0;
	e->receiving = 0;
}

void ep_queue(u32 ep, u32 t)
{
	struct ep *e = EP(ep);

	TH(t)->queue = ep;
	TH(t)->qprev = e->tail;
	TH(t)->qnext = NIL;
	if (e->tail == NIL) {
		e->head = t;
		e->receiving = TH(t)->state == THREAD_RECV;
	} else {
		TH(e->tail)->qnext = t;
	}
	e->tail = t;
	GHOST(TH(t)->g_arrived = e->g_clock++;)
}

void ep_unqueue(u32 t)
{
	struct thread *th = TH(t);
	struct ep *e = EP(th->queue);

	if (e->cursor == t)
		e->cursor = th->qnext;
	if (th->qprev == NIL)
		e->head = th->qnext;
	else
		TH(th->qprev)->qnext = th->qnext;
	if (th->qnext == NIL)
		e->tail = th->qprev;
	else
		TH(th->qnext)->qprev = th->qprev;
	th->queue = NIL;
	th->qnext = NIL;
	th->qprev = NIL;
}

/* Can an operation at `ep` with its first waiter be done with this CPU's lock alone? */
static bool is_local(u32 ep, u32 cpu)
{
	u32 first = EP(ep)->head;

	return EP(ep)->home == cpu && (first == NIL || TH(first)->home == cpu);
}

static void take_waiter(u32 w)
{
	ep_unqueue(w);
	if (TN(w)->queued)
		timeq_remove(TH(w)->home, w);
}

/* --- sending ---------------------------------------------------------------------- */

err_t ep_call_through(u32 t, u32 s, u64 tag, u64 deadline)
{
	u32 ep = SLOT(s)->obj;
	u32 cpu = TH(t)->home;
	u32 r = EP(ep)->receiving ? EP(ep)->head : NIL;

	if (!ks.global && !is_local(ep, cpu))
		return RUN_GLOBAL;
	if (r == NIL && TAG_NO_WAIT(tag))
		return ERR_WOULD_BLOCK;
	/* commit */
	TH(t)->tag = tag;
	TH(t)->badge = SLOT(s)->badge;
	if (r == NIL) {
		thread_wait(t, THREAD_CALL, deadline);
		ep_queue(ep, t);
		return NO_RESULT;
	}
	take_waiter(r);
	thread_wait(t, THREAD_REPLY, deadline);
	TH(t)->call = cpu_new_uid(cpu);
	msg_transfer(t, r, tag, SLOT(s)->badge);
	TH(r)->reply_to = t;
	TH(r)->reply_call = TH(t)->call;
	sched_lend(t, r);
	sched_release(t);
	sched_switch(arch_cpu(), r);
	return NO_RESULT;
}

err_t sys_ep_call(u32 t, u32 s, u64 tag, u64 deadline)
{
	err_t e = msg_check(t, tag, s);

	if (!err_is_ok(e))
		return e;
	return ep_call_through(t, s, tag, deadline);
}

err_t sys_ep_send(u32 t, u32 s, u64 tag, u64 deadline)
{
	u32 ep = SLOT(s)->obj;
	u32 cpu = TH(t)->home;
	u32 r = EP(ep)->receiving ? EP(ep)->head : NIL;
	err_t e = msg_check(t, tag, s);

	if (!err_is_ok(e))
		return e;
	if (!ks.global && !is_local(ep, cpu))
		return RUN_GLOBAL;
	if (r == NIL && TAG_NO_WAIT(tag))
		return ERR_WOULD_BLOCK;
	/* commit */
	TH(t)->tag = tag;
	TH(t)->badge = SLOT(s)->badge;
	if (r == NIL) {
		sched_release(t);
		thread_wait(t, THREAD_SEND, deadline);
		ep_queue(ep, t);
		return NO_RESULT;
	}
	take_waiter(r);
	msg_transfer(t, r, tag, SLOT(s)->badge);
	sched_ready(r);
	return OK;
}

/* --- receiving ---------------------------------------------------------------------- */

/* May t receive at ep under the locks held, without waiting if it must not? */
static err_t recv_check(u32 t, u32 ep, bool no_wait)
{
	u32 w = EP(ep)->receiving ? NIL : EP(ep)->head;
	u32 nt = TH(t)->notif;
	u32 held = TH(t)->reply_to == NIL ? NIL : reply_caller(TH(t)->reply_to, TH(t)->reply_call);

	if (!ks.global) {
		if (!is_local(ep, TH(t)->home) || (nt != NIL && NT(nt)->home != TH(t)->home) ||
		    (held != NIL && TH(held)->home != TH(t)->home) || (w != NIL && msg_is_global(w)))
			return RUN_GLOBAL;
	}
	if (no_wait && w == NIL && (nt == NIL || NT(nt)->word == 0))
		return ERR_WOULD_BLOCK;
	return OK;
}

/* The oldest sender's message goes to t, which need not wait. */
static void recv_from(u32 t, u32 w)
{
	bool call = TH(w)->state == THREAD_CALL;

	ep_unqueue(w);
	msg_transfer(w, t, TH(w)->tag, TH(w)->badge);
	if (call) {
		/* Its deadline stays: it holds for the answer too. */
		TH(w)->state = THREAD_REPLY;
		TH(w)->call = cpu_new_uid(TH(t)->home);
		TH(t)->reply_to = w;
		TH(t)->reply_call = TH(w)->call;
		sched_lend(w, t);
		sched_release(w);
	} else {
		thread_complete(w, OK);
	}
}

/* The wait of a thread that holds no reply right.  Checked before; cannot fail. */
static void recv_commit(u32 t, u32 ep, u64 deadline)
{
	u32 w = EP(ep)->receiving ? NIL : EP(ep)->head;
	u32 nt = TH(t)->notif;
	u64 bits = nt != NIL && NT(nt)->word != 0 ? arch_atomic_swap(&NT(nt)->word, 0) : 0;

	if (TH(t)->running_on != TH(t)->sched)
		sched_release(t);
	if (bits != 0) {
		FR_ERR(t) = DONE_SIGNAL.v;
		FR_OUT(t, 0) = bits;
		FR_OUT(t, 1) = 0;
	} else if (w != NIL) {
		recv_from(t, w);
	} else {
		sched_release(t);
		thread_wait(t, THREAD_RECV, deadline);
		ep_queue(ep, t);
		return;
	}
	sched_continue(t);
}

err_t sys_ep_recv(u32 t, u32 s, u64 tag, u64 deadline)
{
	err_t e = recv_check(t, SLOT(s)->obj, TAG_NO_WAIT(tag));

	if (!err_is_ok(e))
		return e;
	/* commit */
	reply_drop(t);
	recv_commit(t, SLOT(s)->obj, deadline);
	return NO_RESULT;
}

err_t sys_ep_reply_recv(u32 t, u32 s, u64 tag, u64 deadline, u32 reply)
{
	u32 ep = SLOT(s)->obj;
	u32 cpu = TH(t)->home;
	u32 c = NIL;
	err_t e = msg_check(t, tag, NIL);

	if (!err_is_ok(e))
		return e;
	if (reply != NIL)
		c = reply_caller(SLOT(reply)->obj, SLOT(reply)->badge);
	else if (TH(t)->reply_to != NIL)
		c = reply_caller(TH(t)->reply_to, TH(t)->reply_call);
	if (!ks.global && (reply != NIL || (c != NIL && TH(c)->home != cpu)))
		return RUN_GLOBAL;
	e = recv_check(t, ep, TAG_NO_WAIT(tag));
	if (!err_is_ok(e))
		return e;
	/* commit */
	/* As in sys_reply: first, so that the right cannot travel in the answer that it gives. */
	if (reply != NIL)
		cap_remove(reply);
	else
		TH(t)->reply_to = NIL;
	if (c != NIL)
		reply_give(t, c, tag, reply == NIL);
	reply_drop(t);
	recv_commit(t, ep, deadline);
	if (c != NIL && TH(c)->state == THREAD_READY)
		sched_switch(cpu, c);
	return NO_RESULT;
}

/* --- cancelling and destroying --------------------------------------------------------- */

/* All before the cursor have been looked at, and those that come go to the end. */
err_t sys_ep_cancel(u32 t, u32 s, u64 badge, u64 ticket)
{
	struct ep *e = EP(SLOT(s)->obj);
	bool is_over = ticket != 0 && ticket != e->cancels;

	if (SLOT(s)->badge != 0)
		return ERR_RIGHTS;
	/* commit */
	for (u32 i = 0; i < EP_WAKES && !is_over; i++) {
		if (e->cursor == NIL && ticket == 0) {
			ticket = ++e->cancels;
			e->cancelling = badge;
			e->cursor = e->receiving ? NIL : e->head;
		}
		u32 w = e->cursor;

		if (w == NIL)
			break;
		e->cursor = TH(w)->qnext;
		if (TH(w)->badge == e->cancelling)
			thread_complete(w, DONE_CANCELLED);
	}
	FR_OUT(t, 0) = ticket == 0 || (e->cursor != NIL && !is_over);
	FR_OUT(t, 1) = ticket;
	return OK;
}

bool ep_destroy_step(u32 ep)
{
	for (u32 i = 0; i < EP_WAKES && EP(ep)->head != NIL; i++)
		thread_complete(EP(ep)->head, DONE_GONE);
	return EP(ep)->head == NIL;
}
