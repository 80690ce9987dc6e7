/* SPDX-License-Identifier: MIT */
/*
 * The path that the system runs on: a call to a thread that waits for it on
 * the same CPU, and the answer.
 *
 * Owns:       nothing.  It does what sys_ep_call and sys_ep_reply_recv (ep.c)
 *             do in their most frequent case, and meets the same specification.
 * Locks:      this CPU's.
 * Called by:  the architecture's system call entry, before kernel_syscall.
 * Never:      waits at an endpoint that holds senders, looks at the clock, moves
 *             capabilities, words in memory or borrowed time of a third thread.
 *
 * Everything is checked before anything is written; whatever is not as in the
 * frequent case makes the whole thing be done in the ordinary way, from the start.
 * Why it exists and what it saves: docs/design/ipc.md.
 */
#include "arch_fast.h"
#include "ks.h"

#define ALWAYS __attribute__((always_inline))

enum { SHORT_TAG = 8 }; /* no more than register words, no capabilities, no flags */

/* The endpoint that the invoked handle of t names with this right, or NIL. */
static inline ALWAYS u32 endpoint(const struct thread *th, u64 handle, u32 right)
{
	if (th->table == NIL || handle >= 512 * SLOTS_PER_PAGE)
		return NIL;
	u32 leaf = CT(th->table)->leaf[handle >> SLOT_SHIFT];
	if (leaf == 0)
		return NIL;
	const struct cap *c = SLOT(SLOT_OF(leaf, handle % SLOTS_PER_PAGE));

	return c->type == OBJ_EP && (c->rights & right) ? SLOT_OF(leaf, handle % SLOTS_PER_PAGE) : NIL;
}

/* The CPU goes from t to w, which runs on scheduling context sc from now on. */
static inline ALWAYS void go(struct cpu *c, u32 t, u32 w, u32 sc)
{
	TH(w)->state = THREAD_READY;
	TH(t)->running_on = NIL;
	TH(w)->running_on = sc;
	SC(sc)->runner = w;
	trace_add(TH(w)->home, TRACE_switch, w, 0);
	arch_fast_switch(t, w);
	c->current = w;
	c->loaded = w;
}

static inline ALWAYS bool fast_call(struct cpu *c, u32 cpu, u32 t)
{
	struct thread *th = TH(t);
	u64 tag = FR_ARG(t, 0);

	if ((tag & 0xffff) > SHORT_TAG || FR_ARG(t, 1) != 0)
		return false;
	u32 s = endpoint(th, FR_HANDLE(t), RIGHT_EP_CALL);
	if (s == NIL)
		return false;
	struct ep *e = EP(SLOT(s)->obj);
	u32 r = e->head;
	if (e->home != cpu || r == NIL || !e->receiving)
		return false;
	struct thread *rh = TH(r);
	u32 eprio = th->eprio > rh->prio ? th->eprio : rh->prio;
	if (rh->home != cpu || TN(r)->queued || c->top > eprio + 1 || !arch_fast_ok(t, r))
		return false;

	/* commit */
	u32 second = rh->qnext;
	e->head = second;
	if (second == NIL)
		e->tail = NIL;
	else
		TH(second)->qprev = NIL;
	rh->queue = NIL;
	rh->qnext = NIL;
	c->uid += CPU_MAX;
	th->call = c->uid;
	th->state = THREAD_REPLY;
	rh->reply_to = t;
	rh->reply_call = c->uid;
	rh->eprio = (u8)eprio;
	arch_fast_pass(t, r);
	FR_ERR(r) = OK.v;
	FR_OUT(r, 0) = SLOT(s)->badge;
	FR_OUT(r, 1) = tag;
	go(c, t, r, th->running_on);
	return true;
}

static inline ALWAYS bool fast_reply_recv(struct cpu *c, u32 cpu, u32 t)
{
	struct thread *th = TH(t);
	u64 tag = FR_ARG(t, 0);
	u32 w = th->reply_to;
	u32 sc = th->running_on;

	if ((tag & 0xffff) > SHORT_TAG || FR_ARG(t, 1) != 0 || FR_ARG(t, 2) != 0)
		return false;
	if (w == NIL || sc == th->sched || (th->notif != NIL && NT(th->notif)->word != 0))
		return false;
	u32 s = endpoint(th, FR_HANDLE(t), RIGHT_EP_RECV);
	if (s == NIL)
		return false;
	struct ep *e = EP(SLOT(s)->obj);
	if (e->home != cpu || (e->head != NIL && !e->receiving))
		return false;
	struct thread *wh = TH(w);
	if (PD(w)->type != OBJ_THREAD || wh->state != THREAD_REPLY || wh->call != th->reply_call)
		return false;
	u32 eprio = sc == wh->sched ? wh->prio : wh->eprio;
	if (wh->home != cpu || wh->fault != 0 || TN(w)->queued || c->top > eprio + 1 ||
	    !arch_fast_ok(t, w))
		return false;

	/* commit */
	u32 last = e->tail;
	e->tail = t;
	if (last == NIL) {
		e->head = t;
		e->receiving = 1;
	} else {
		TH(last)->qnext = t;
	}
	th->queue = SLOT(s)->obj;
	th->qprev = last;
	th->state = THREAD_RECV;
	th->eprio = th->prio;
	th->reply_to = NIL;
	GHOST(th->g_arrived = e->g_clock++;)
	wh->call = 0;
	wh->eprio = (u8)eprio;
	arch_fast_pass(t, w);
	FR_ERR(w) = OK.v;
	FR_OUT(w, 0) = 0;
	FR_OUT(w, 1) = tag;
	go(c, t, w, sc);
	return true;
}

bool kernel_fast(u32 cpu, u32 is_reply_recv)
{
	struct cpu *c = CPU(cpu);

	arch_lock(&c->lock);
	u32 t = c->current;
	bool done = t != NIL && c->mailbox == NIL &&
		    (is_reply_recv ? fast_reply_recv(c, cpu, t) : fast_call(c, cpu, t));
	arch_unlock(&c->lock);
	return done;
}
