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
 * Why it exists and what it saves: docs/design/ipc.md.
 */
#include "arch_fast.h"
#include "ks.h"

#define ALWAYS __attribute__((always_inline))
#define RARE(x) __builtin_expect(x, 0)

enum { REGISTER_WORDS = 8, LENGTH_MASK = 0x1ff };

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

/* No capabilities, flags or deadline. */
static inline ALWAYS bool is_plain(u32 t, u64 tag)
{
	if (RARE((tag & ~(u64)LENGTH_MASK & 0xffff) != 0))
		return false;
	return !RARE(FR_ARG(t, 1) != 0);
}

/* Can the words of t's message reach w?  Those above 8 need a page on both sides. */
static inline ALWAYS bool can_pass(u32 t, u32 w, u64 tag)
{
	if (TAG_LENGTH(tag) <= REGISTER_WORDS)
		return true;
	return TAG_LENGTH(tag) <= MSG_WORDS_MAX && TH(t)->msg != NIL && TH(w)->msg != NIL;
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

/* The result of w's call is the message of t. */
static inline ALWAYS void pass(u32 t, u32 w, u64 tag, u64 badge)
{
	arch_fast_pass(t, w);
	if (RARE(TAG_LENGTH(tag) > REGISTER_WORDS))
		arch_words_copy(TH(w)->msg, TH(t)->msg, REGISTER_WORDS, TAG_LENGTH(tag) - REGISTER_WORDS);
	FR_ERR(w) = OK.v;
	FR_OUT(w, 0) = badge;
	FR_OUT(w, 1) = tag;
}

/* The CPU goes from t to w, on scheduling context sc. */
static inline ALWAYS void go(struct cpu *c, u32 t, u32 w, u32 sc)
{
	TH(w)->state = THREAD_READY;
	TH(t)->running_on = NIL;
	TH(w)->running_on = sc;
	SC(sc)->runner = w;
	trace_add(arch_cpu(), TRACE_switch, w, 0);
	c->current = w;
	c->loaded = w;
	arch_fast_switch(t, w);
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

static inline ALWAYS u32 call_eprio(u32 t, u32 r)
{
	return TH(t)->eprio > TH(r)->prio ? TH(t)->eprio : TH(r)->prio;
}

/* The thread that receives at the endpoint of `cap` here, or NIL. */
static inline ALWAYS u32 receiver(u32 cpu, const struct cap *cap)
{
	const struct ep *e = EP(cap->obj);
	u32 r = e->head;

	if (RARE(r == NIL))
		return NIL;
	if (RARE(e->home != cpu))
		return NIL;
	if (RARE(!e->receiving))
		return NIL;
	return r;
}

/* t waits for the answer of r, which runs on its time.  The message is passed already. */
static inline ALWAYS void call(struct cpu *c, u32 t, u32 r, u32 ep, u32 eprio)
{
	u64 uid = c->uid + CPU_MAX;
	u32 sc = TH(t)->running_on;

	unqueue_first(EP(ep), r);
	c->uid = uid;
	TH(t)->call = uid;
	TH(t)->lent = sc;
	TH(t)->state = THREAD_REPLY;
	TH(r)->reply_to = t;
	TH(r)->reply_call = uid;
	TH(r)->eprio = (u8)eprio;
	go(c, t, r, sc);
}

static inline ALWAYS u32 try_call(struct cpu *c, u32 cpu, u32 t)
{
	u64 tag = FR_ARG(t, 0);

	if (!is_plain(t, tag))
		return FAST_NOT;
	const struct cap *cap = endpoint(TH(t), FR_HANDLE(t), RIGHT_EP_CALL);
	if (cap == NULL)
		return FAST_NOT;
	u32 r = receiver(cpu, cap);
	if (RARE(r == NIL))
		return FAST_NOT;
	u32 eprio = call_eprio(t, r);
	if (!may_run(c, cpu, r, eprio) || !arch_fast_ok(t, r) || !can_pass(t, r, tag))
		return FAST_NOT;

	/* commit */
	trace_add(cpu, TRACE_call, FR_NR(t), FR_HANDLE(t));
	pass(t, r, tag, cap->badge);
	call(c, t, r, cap->obj, eprio);
	return FAST_DIRECT;
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
	return RARE(TH(t)->running_on == TH(t)->sched) ? NIL : w;
}

/* Can t's answer to w be given here?  To a fault: if it sets the result at most. */
static inline ALWAYS bool can_answer(u32 t, u32 w, u64 tag)
{
	if (TH(w)->fault != 0)
		return TAG_LENGTH(tag) <= REGISTER_WORDS && TAG_LABEL(tag) <= FAULT_RESULT;
	return arch_fast_ok(t, w) && can_pass(t, w, tag);
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

static inline ALWAYS u32 answer(u32 t, u32 w, u64 tag)
{
	if (TH(w)->fault == 0) {
		pass(t, w, tag, 0);
		return FAST_DIRECT;
	}
	TH(w)->fault = 0;
	if (TAG_LABEL(tag) == FAULT_RESULT)
		arch_foreign_result(w, FR_MSG(t, 0));
	return FAST_FULL;
}

static inline ALWAYS u32 try_reply_recv(struct cpu *c, u32 cpu, u32 t)
{
	struct thread *th = TH(t);
	u32 sc = th->running_on;
	u64 tag = FR_ARG(t, 0);

	if (!is_plain(t, tag) || RARE(FR_ARG(t, 2) != 0))
		return FAST_NOT;
	/* A signal from its home, if that is another CPU, could come between look and wait. */
	if (RARE(th->notif != NIL) && (NT(th->notif)->home != cpu || NT(th->notif)->word != 0))
		return FAST_NOT;
	const struct cap *cap = endpoint(th, FR_HANDLE(t), RIGHT_EP_RECV);
	if (cap == NULL)
		return FAST_NOT;
	struct ep *e = EP(cap->obj);
	if (RARE(e->home != cpu))
		return FAST_NOT;
	if (RARE(e->head != NIL) && !e->receiving)
		return FAST_NOT;
	u32 w = caller(t);
	if (w == NIL)
		return FAST_NOT;
	u32 eprio = sc == TH(w)->sched ? TH(w)->prio : TH(w)->eprio;
	if (!may_run(c, cpu, w, eprio) || !can_answer(t, w, tag))
		return FAST_NOT;

	/* commit */
	trace_add(cpu, TRACE_call, FR_NR(t), FR_HANDLE(t));
	queue_receiver(e, cap->obj, t);
	th->state = THREAD_RECV;
	th->eprio = th->prio;
	th->reply_to = NIL;
	TH(w)->call = 0;
	TH(w)->eprio = (u8)eprio;
	u32 way = answer(t, w, tag);
	go(c, t, w, sc);
	return way;
}

u32 kernel_fast_call(u32 cpu)
{
	struct cpu *c = THIS_CPU();
	u32 way = FAST_NOT;

	if (!arch_try_lock(&c->lock))
		return FAST_NOT;
	u32 t = c->current;
	if (!RARE(t == NIL) && !RARE(c->mailbox != NIL))
		way = try_call(c, cpu, t);
	arch_unlock(&c->lock);
	return way;
}

u32 kernel_fast_reply_recv(u32 cpu)
{
	struct cpu *c = THIS_CPU();
	u32 way = FAST_NOT;

	if (!arch_try_lock(&c->lock))
		return FAST_NOT;
	u32 t = c->current;
	if (!RARE(t == NIL) && !RARE(c->mailbox != NIL))
		way = try_reply_recv(c, cpu, t);
	arch_unlock(&c->lock);
	return way;
}

bool fast_fault(u32 cpu, u32 t)
{
	struct cpu *c = THIS_CPU();
	const struct cap *cap = SLOT(SLOT_OF(t, TSLOT_FAULT));

	if (RARE(cap->type != OBJ_EP) || RARE(c->mailbox != NIL))
		return false;
	u32 r = receiver(cpu, cap);
	if (r == NIL)
		return false;
	u32 eprio = call_eprio(t, r);
	if (!may_run(c, cpu, r, eprio))
		return false;

	/* commit */
	arch_fast_fault(t, r);
	FR_ERR(r) = OK.v;
	FR_OUT(r, 0) = cap->badge;
	FR_OUT(r, 1) = (u64)TH(t)->fault << TAG_LABEL_SHIFT | REGISTER_WORDS;
	TH(t)->badge = cap->badge;
	call(c, t, r, cap->obj, eprio);
	return true;
}
