/* SPDX-License-Identifier: MIT */
/*
 * The path that the system runs on: a call, fault or foreign system call that
 * goes to a thread waiting for it on the same CPU, and the answer.
 *
 * Owns:       nothing.  It does what sys_ep_call and sys_ep_reply_recv (ep.c)
 *             do in their most frequent case, and meets the same specification.
 * Locks:      this CPU's.
 * Called by:  the architecture's system call entry, before kernel_syscall;
 *             entry.c for faults.
 * Never:      waits at an endpoint that holds senders, looks at the clock, moves
 *             capabilities or borrowed time of a third thread.
 *
 * It never waits for its lock: while a CPU waits, others may stop its thread and
 * use the page, so all registers must be saved by then, and here they are not.
 *
 * Everything is checked before anything is written; whatever is not as in the
 * frequent case makes the whole thing be done in the ordinary way, from the start.
 *
 * What the caller has in registers comes as arguments, and what is to be done at
 * the end is done by the function returned to (TAIL), which gets the same
 * registers: so nothing is saved.  Each such function must be the last thing done,
 * and what is rare must be in it: registers that live across a call must be saved.
 * Why it exists and what it saves: docs/design/ipc.md.
 */
#include "arch_fast.h"
#include "ks.h"

#define ALWAYS static inline __attribute__((always_inline))

_Static_assert(MSG_WORDS_MAX <= 0x1ff, "a longer length is capabilities and flags");

/* Who goes, and who goes on: found by the checks, so that each is looked for once. */
struct way {
	struct thread *th; /* the current thread */
	struct thread *to; /* thread w */
	struct ep *e;
	struct sched *own; /* what th runs on */
	const struct cap *cap; /* to e */
	u32 w;
	u32 eprio; /* of w then, at least */
};

/* The capability to an endpoint that the handle of th names with this right, or NULL. */
ALWAYS const struct cap *endpoint(const struct thread *th, u64 handle, u32 right)
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

/* Words above 8 need a page. */
ALWAYS bool is_long(u64 tag)
{
	return RARE((u16)tag > REGISTER_WORDS);
}

/* Can the message reach p->to as it is?  It has no capabilities and flags, and pages if it needs them. */
ALWAYS bool can_pass(const struct way *p, u64 tag)
{
	return !is_long(tag) ||
	       ((u16)tag <= MSG_WORDS_MAX && p->th->msg != NIL && p->to->msg != NIL);
}

ALWAYS void pass_page(const struct way *p, u64 tag)
{
	if (is_long(tag))
		arch_fast_copy(p->to->msg, p->th->msg, REGISTER_WORDS, (u16)tag - REGISTER_WORDS);
}

/* The current thread, if it makes calls of its own. */
ALWAYS bool begin(struct way *p)
{
	u32 t = MY(current);

	if (RARE(t == NIL))
		return false;
	p->th = TH(t);
	return !RARE(p->th->flags & THREAD_FOREIGN);
}

/* May w, which waits without deadline, run here now at this priority? */
ALWAYS bool may_run(const struct way *p)
{
	if (RARE(p->to->home != arch_cpu()))
		return false;
	if (RARE(TN(p->w)->queued != 0))
		return false;
	return !RARE(MY(top) > p->eprio + 1);
}

/* From th to w, on scheduling context sc. */
ALWAYS u64 go(const struct way *p, u32 sc)
{
	p->to->state = THREAD_READY;
	p->th->running_on = NIL;
	p->to->running_on = sc;
	p->own->runner = p->w;
	trace_add(arch_cpu(), TRACE_switch, p->w, 0);
	MY(current) = p->w;
	u64 at = arch_fast_switch(p->th, p->to);
	MY(loaded) = p->w;
	return at;
}

/* --- calls ---------------------------------------------------------------------------------- */

/* Who receives at the endpoint of p->cap can go on here and now. */
ALWAYS bool find_receiver(struct way *p)
{
	p->e = EP(p->cap->obj);
	p->w = p->e->head;
	if (RARE(p->w == NIL))
		return false;
	if (RARE(p->e->home != arch_cpu()))
		return false;
	if (RARE(!p->e->receiving))
		return false;
	p->to = TH(p->w);
	p->eprio = p->th->eprio > p->to->prio ? p->th->eprio : p->to->prio;
	return may_run(p) && arch_fast_waits(p->to);
}

ALWAYS bool find_callee(struct way *p, u64 handle, u64 tag)
{
	if (!begin(p))
		return false;
	p->cap = endpoint(p->th, handle, RIGHT_EP_CALL);
	if (p->cap == NULL)
		return false;
	return find_receiver(p) && can_pass(p, tag);
}

/* Take the first waiter out of the queue: ep_unqueue for that case. */
ALWAYS void unqueue_first(struct ep *e, struct thread *first)
{
	u32 second = first->qnext;

	e->head = second;
	if (RARE(second != NIL))
		TH(second)->qprev = NIL;
	else
		e->tail = NIL;
	first->queue = NIL;
	first->qnext = NIL;
}

/* The current thread waits for the answer of w, which runs on its time. */
ALWAYS u64 call(struct way *p)
{
	u32 sc = p->th->running_on;
	u64 uid = MY(uid) + CPU_MAX;

	p->own = SC(sc);
	unqueue_first(p->e, p->to);
	MY(uid) = uid;
	p->th->call = uid;
	p->th->lent = sc;
	p->th->state = THREAD_REPLY;
	p->to->reply_to = MY(current);
	p->to->reply_call = uid;
	p->to->eprio = (u8)p->eprio;
	return go(p, sc);
}

u32 kernel_fast_call(u64 handle, u64 tag, u64 deadline, u64 unused, u64 w6, u64 w7)
{
	struct way p;

	/* What is known to be 0 from here on takes no register. */
	if (RARE(deadline != 0) || RARE(!arch_try_lock_own()))
		TAIL return arch_fast_not_call(0, tag, deadline, unused, w6, w7);
	if (RARE(!find_callee(&p, handle, tag))) {
		arch_unlock_own();
		TAIL return arch_fast_not_call(0, tag, 0, 0, w6, w7);
	}
	/* commit */
	u64 badge = p.cap->badge;
	trace_add(arch_cpu(), TRACE_call, SYS_EP_CALL, handle);
	pass_page(&p, tag);
	u64 at = call(&p);
	arch_unlock_own();
	TAIL return arch_fast_direct(badge, tag, 0, at, w6, w7);
}

/* --- answers -------------------------------------------------------------------------------- */

/* Can th wait for the next call here? */
ALWAYS bool find_next(struct way *p, u64 handle)
{
	/* A signal from its home, if that is another CPU, could come between look and wait. */
	if (RARE(p->th->notif != NIL) &&
	    (NT(p->th->notif)->home != arch_cpu() || NT(p->th->notif)->word != 0))
		return false;
	p->cap = endpoint(p->th, handle, RIGHT_EP_RECV);
	if (p->cap == NULL)
		return false;
	p->e = EP(p->cap->obj);
	if (RARE(p->e->home != arch_cpu()))
		return false;
	return !RARE(p->e->head != NIL) || p->e->receiving;
}

/*
 * The caller that th is to answer and whose time it runs on.  Mostly it owns
 * that, which so says that it is a thread; else see whether it is one, which has
 * its own priority at least.  One that has a call waits for the answer.
 */
ALWAYS bool find_caller(struct way *p)
{
	u32 sc = p->th->running_on;

	p->own = SC(sc);
	p->w = p->th->reply_to;
	if (RARE(p->w == NIL))
		return false;
	if (RARE(p->own->owner != p->w) &&
	    (PD(p->w)->type != OBJ_THREAD || sc == p->th->sched))
		return false;
	p->to = TH(p->w);
	p->eprio = p->to->prio;
	return !RARE(p->to->call != p->th->reply_call);
}

ALWAYS bool find_answered(struct way *p, u64 handle)
{
	return begin(p) && find_next(p, handle) && find_caller(p) && may_run(p);
}

/* An answer to a fault that sets the result at most. */
ALWAYS bool is_result(u64 tag)
{
	return !is_long(tag) && TAG_LABEL(tag) <= FAULT_RESULT;
}

/* Enter t, whose struct is th, as the last receiver: ep_queue. */
ALWAYS void queue_receiver(struct ep *e, u32 ep, u32 t, struct thread *th)
{
	u32 last = e->tail;

	e->tail = t;
	if (RARE(last != NIL)) {
		TH(last)->qnext = t;
	} else {
		e->head = t;
		e->receiving = 1;
	}
	th->queue = ep;
	th->qprev = last;
	GHOST(th->g_arrived = e->g_clock++;)
}

/* The current thread has answered w and waits for the next call. */
ALWAYS u64 answer(const struct way *p)
{
	u32 sc = p->th->running_on;

	queue_receiver(p->e, p->cap->obj, MY(current), p->th);
	p->th->state = THREAD_RECV;
	p->th->eprio = p->th->prio;
	p->th->reply_to = NIL;
	p->to->call = 0;
	if (!RARE(p->own->owner != p->w))
		p->to->eprio = p->to->prio;
	return go(p, sc);
}

ALWAYS void answer_fault(const struct way *p, u64 tag)
{
	p->to->fault = 0;
	if (TAG_LABEL(tag) == FAULT_RESULT)
		arch_foreign_result(p->w, FR_MSG(MY(current), 0));
}

u32 kernel_fast_reply_recv(u64 handle, u64 tag, u64 deadline, u64 reply, u64 w6, u64 w7)
{
	struct way p;

	if (RARE((deadline | reply) != 0) || RARE(!arch_try_lock_own()))
		TAIL return arch_fast_not_reply_recv(0, tag, deadline, reply, w6, w7);
	bool is_found = find_answered(&p, handle);
	bool is_fault = is_found && RARE(p.to->fault != 0);

	if (is_fault && is_result(tag)) {
		/* commit */
		trace_add(arch_cpu(), TRACE_call, SYS_EP_REPLY_RECV, handle);
		answer_fault(&p, tag);
		(void)answer(&p);
		arch_unlock_own();
		return arch_fast_full();
	}
	if (RARE(!is_found) || is_fault || !arch_fast_waits(p.to) || !can_pass(&p, tag)) {
		arch_unlock_own();
		TAIL return arch_fast_not_reply_recv(0, tag, 0, 0, w6, w7);
	}
	/* commit */
	trace_add(arch_cpu(), TRACE_call, SYS_EP_REPLY_RECV, handle);
	pass_page(&p, tag);
	u64 at = answer(&p);
	arch_unlock_own();
	TAIL return arch_fast_direct(0, tag, 0, at, w6, w7);
}

/* --- faults --------------------------------------------------------------------------------- */

bool fast_fault(u32 t)
{
	struct way p = { .th = TH(t), .cap = SLOT(SLOT_OF(t, TSLOT_FAULT)) };

	if (RARE(p.cap->type != OBJ_EP) || !find_receiver(&p))
		return false;
	/* commit */
	arch_fast_fault(t, p.w);
	FR_ERR(p.w) = OK.v;
	FR_OUT(p.w, 0) = p.cap->badge;
	FR_OUT(p.w, 1) = (u64)p.th->fault << TAG_LABEL_SHIFT | REGISTER_WORDS;
	p.th->badge = p.cap->badge;
	(void)call(&p);
	return true;
}
