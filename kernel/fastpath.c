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
#define RARE(x) __builtin_expect(x, 0)

enum { SHORT_TAG = 8 }; /* no more than register words, no capabilities, no flags */

/* The capability to an endpoint that the handle of th names with this right, or NULL. */
static inline ALWAYS const struct cap *endpoint(const struct thread *th, u64 handle, u32 right)
{
	if (RARE(th->table == NIL))
		return NULL;
	if (RARE(handle >= 512 * SLOTS_PER_PAGE))
		return NULL;
	u32 leaf = CT(th->table)->leaf[handle >> SLOT_SHIFT];
	if (RARE(leaf == 0))
		return NULL;
	const struct cap *c = SLOT(SLOT_OF(leaf, handle % SLOTS_PER_PAGE));

	if (RARE(c->type != OBJ_EP))
		return NULL;
	return RARE(!(c->rights & right)) ? NULL : c;
}

/* Words in registers at most, no deadline. */
static inline ALWAYS bool is_plain(u32 t)
{
	if (RARE((FR_ARG(t, 0) & 0xffff) > SHORT_TAG))
		return false;
	return !RARE(FR_ARG(t, 1) != 0);
}

/* May w, which waits without deadline, run here now at this priority? */
static inline ALWAYS bool may_run(const struct cpu *c, u32 cpu, u32 w, u32 eprio)
{
	if (RARE(TH(w)->home != cpu))
		return false;
	if (RARE(TN(w)->queued != 0))
		return false;
	return !RARE(c->top > eprio + 1);
}

/* The CPU goes from t to w, with its message, on scheduling context sc. */
static inline ALWAYS void go(u32 cpu, u32 t, u32 w, u32 sc, u64 badge)
{
	arch_fast_pass(t, w);
	FR_ERR(w) = OK.v;
	FR_OUT(w, 0) = badge;
	FR_OUT(w, 1) = FR_ARG(t, 0);
	TH(w)->state = THREAD_READY;
	TH(t)->running_on = NIL;
	TH(w)->running_on = sc;
	SC(sc)->runner = w;
	trace_add(cpu, TRACE_switch, w, 0);
	arch_fast_switch(cpu, t, w);
	CPU(cpu)->current = w;
	CPU(cpu)->loaded = w;
}

/* Take the first waiter out of the queue: ep_unqueue for that case. */
static inline ALWAYS void unqueue_first(struct ep *e, u32 r)
{
	u32 second = TH(r)->qnext;

	e->head = second;
	if (second == NIL)
		e->tail = NIL;
	else
		TH(second)->qprev = NIL;
	TH(r)->queue = NIL;
	TH(r)->qnext = NIL;
}

static inline ALWAYS bool call(struct cpu *c, u32 cpu, u32 t)
{
	struct thread *th = TH(t);

	if (!is_plain(t))
		return false;
	const struct cap *cap = endpoint(th, FR_HANDLE(t), RIGHT_EP_CALL);
	if (cap == NULL)
		return false;
	struct ep *e = EP(cap->obj);
	u32 r = e->head;
	if (RARE(r == NIL))
		return false;
	if (RARE(e->home != cpu))
		return false;
	if (RARE(!e->receiving))
		return false;
	struct thread *rh = TH(r);
	u32 eprio = th->eprio > rh->prio ? th->eprio : rh->prio;
	if (!may_run(c, cpu, r, eprio) || !arch_fast_ok(t, r))
		return false;

	/* commit */
	unqueue_first(e, r);
	u64 uid = c->uid + CPU_MAX;
	c->uid = uid;
	th->call = uid;
	th->state = THREAD_REPLY;
	rh->reply_to = t;
	rh->reply_call = uid;
	rh->eprio = (u8)eprio;
	go(cpu, t, r, th->running_on, cap->badge);
	return true;
}

/* The caller that t is to answer and whose time it runs on, or NIL. */
static inline ALWAYS u32 caller(u32 t)
{
	u32 w = TH(t)->reply_to;

	if (RARE(w == NIL))
		return NIL;
	if (RARE(PD(w)->type != OBJ_THREAD))
		return NIL;
	if (RARE(TH(w)->state != THREAD_REPLY))
		return NIL;
	if (RARE(TH(w)->call != TH(t)->reply_call))
		return NIL;
	if (RARE(TH(w)->fault != 0))
		return NIL;
	return RARE(TH(t)->running_on == TH(t)->sched) ? NIL : w;
}

/* Enter t as the last receiver: ep_queue. */
static inline ALWAYS void queue_receiver(struct ep *e, u32 ep, u32 t)
{
	u32 last = e->tail;

	e->tail = t;
	if (last == NIL) {
		e->head = t;
		e->receiving = 1;
	} else {
		TH(last)->qnext = t;
	}
	TH(t)->queue = ep;
	TH(t)->qprev = last;
	GHOST(TH(t)->g_arrived = e->g_clock++;)
}

static inline ALWAYS bool reply_recv(struct cpu *c, u32 cpu, u32 t)
{
	struct thread *th = TH(t);
	u32 sc = th->running_on;

	if (!is_plain(t) || RARE(FR_ARG(t, 2) != 0))
		return false;
	if (RARE(th->notif != NIL) && NT(th->notif)->word != 0)
		return false;
	const struct cap *cap = endpoint(th, FR_HANDLE(t), RIGHT_EP_RECV);
	if (cap == NULL)
		return false;
	struct ep *e = EP(cap->obj);
	if (RARE(e->home != cpu))
		return false;
	if (RARE(e->head != NIL) && !e->receiving)
		return false;
	u32 w = caller(t);
	if (w == NIL)
		return false;
	u32 eprio = sc == TH(w)->sched ? TH(w)->prio : TH(w)->eprio;
	if (!may_run(c, cpu, w, eprio) || !arch_fast_ok(t, w))
		return false;

	/* commit */
	queue_receiver(e, cap->obj, t);
	th->state = THREAD_RECV;
	th->eprio = th->prio;
	th->reply_to = NIL;
	TH(w)->call = 0;
	TH(w)->eprio = (u8)eprio;
	go(cpu, t, w, sc, 0);
	return true;
}

bool kernel_fast_call(u32 cpu)
{
	struct cpu *c = CPU(cpu);

	/* Waiting would let others stop this thread, whose message words are not saved. */
	if (!arch_try_lock(&c->lock))
		return false;
	u32 t = c->current;
	bool done = !RARE(t == NIL) && !RARE(c->mailbox != NIL) && call(c, cpu, t);
	arch_unlock(&c->lock);
	return done;
}

bool kernel_fast_reply_recv(u32 cpu)
{
	struct cpu *c = CPU(cpu);

	if (!arch_try_lock(&c->lock))
		return false;
	u32 t = c->current;
	bool done = !RARE(t == NIL) && !RARE(c->mailbox != NIL) && reply_recv(c, cpu, t);
	arch_unlock(&c->lock);
	return done;
}
