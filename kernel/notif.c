/* SPDX-License-Identifier: MIT */
/*
 * Notifications: a word of bits that threads set and wait for.
 *
 * Owns:       struct notif and its queue.  Invariant: notif_inv().
 * Locks:      the home CPU's; word, mailed and mail are atomic.
 * Called by:  the generated dispatcher; irq.c; entry.c for the mailbox.
 *
 * A CPU that is not the home sets the bits and puts the notification into the
 * home CPU's mailbox; so does the home if who waits lives elsewhere.
 */
#include "ks.h"

enum { NOTIF_WAKES = 32 };

void notif_init(u32 nt, u32 cpu)
{
	struct notif *n = NT(nt);

	n->word = 0;
	n->head = NIL;
	n->tail = NIL;
	n->home = cpu;
	n->bound = NIL;
	n->mailed = 0;
	n->mail = NIL;
}

static void queue(u32 nt, u32 t)
{
	struct notif *n = NT(nt);

	TH(t)->queue = nt;
	TH(t)->qprev = n->tail;
	TH(t)->qnext = NIL;
	if (n->tail == NIL)
		n->head = t;
	else
		TH(n->tail)->qnext = t;
	n->tail = t;
	GHOST(TH(t)->g_arrived = n->g_clock++;)
}

inline void notif_unqueue(u32 t)
{
	struct thread *th = TH(t);
	struct notif *n = NT(th->queue);

	if (USUAL(th->qprev == NIL))
		n->head = th->qnext;
	else
		TH(th->qprev)->qnext = th->qnext;
	if (USUAL(th->qnext == NIL))
		n->tail = th->qprev;
	else
		TH(th->qnext)->qprev = th->qprev;
	th->queue = NIL;
	th->qnext = NIL;
	th->qprev = NIL;
}

/* Who gets the bits: the bound thread if it receives, else the oldest waiter, or NIL. */
static u32 taker(const struct notif *n)
{
	u32 bound = n->bound;

	if (USUAL(bound == NIL))
		return n->head;
	return TH(bound)->state == THREAD_RECV ? bound : NIL;
}

/* Is waking t at home `cpu` possible with that CPU's lock alone? */
static bool can_wake(u32 t, u32 cpu)
{
	const struct thread *th = TH(t);

	if (ks.global)
		return true;
	return th->home == cpu && (th->state != THREAD_RECV || EP(th->queue)->home == cpu);
}

/* The wait of t has ended with e; the bits are its. */
static inline void take(struct notif *n, u32 t, err_t e)
{
	FR_OUT(t, 0) = arch_atomic_swap(&n->word, 0);
	FR_OUT(t, 1) = 0;
	FR_ERR(t) = e.v;
	trace_add(TH(t)->home, TRACE_complete, t, e.v);
	sched_wake(t);
}

static inline void wake_waiter(struct notif *n, u32 t)
{
	notif_unqueue(t);
	take(n, t, OK);
}

/* As thread_complete, but t receives or waits, so that it has no call and no fault; and it runs at
 * once if it can. */
static APART void wake(u32 nt, u32 t)
{
	if (TN(t)->queued)
		timeq_remove(TH(t)->home, t);
	if (TH(t)->state == THREAD_RECV) {
		ep_unqueue(t);
		take(NT(nt), t, DONE_SIGNAL);
	} else {
		wake_waiter(NT(nt), t);
	}
}

/*
 * Lock-free push; only the owner of the mailbox takes notifications out, all at once.
 * The kick makes it look into the mailbox, also if it is this CPU: its way out does not.
 */
static void mail(u32 nt, u32 cpu)
{
	if (arch_atomic_swap32(&NT(nt)->mailed, 1) != 0)
		return;
	for (;;) {
		u32 first = CPU(cpu)->mailbox;

		NT(nt)->mail = first;
		if (arch_atomic_cas32(&CPU(cpu)->mailbox, first, nt))
			break;
	}
	arch_kick(cpu);
}

void notif_set(u32 nt, u64 bits, u32 cpu)
{
	struct notif *n = NT(nt);
	u32 home = n->home;

	(void)arch_atomic_or(&n->word, bits);
	if (RARE(home != cpu) && !ks.global) {
		mail(nt, home);
		return;
	}
	u32 t = taker(n);
	if (t == NIL)
		return;
	const struct thread *th = TH(t);

	if (USUAL(th->home == home) && USUAL(th->state != THREAD_RECV) && USUAL(!TN(t)->queued)) {
		wake_waiter(n, t);
	} else if (can_wake(t, home)) {
		wake(nt, t);
	} else {
		mail(nt, home);
	}
}

/* Take the first notification out; only this CPU, or the holder of all locks, does. */
static u32 mailbox_take(u32 cpu)
{
	u32 nt = CPU(cpu)->mailbox;

	if (nt == NIL || !arch_atomic_cas32(&CPU(cpu)->mailbox, nt, NT(nt)->mail))
		return NIL;
	/* From here on a signal mails it again. */
	(void)arch_atomic_swap32(&NT(nt)->mailed, 0);
	return nt;
}

bool notif_mailbox(u32 cpu)
{
	for (u32 i = 0; i < NOTIF_WAKES; i++) {
		u32 nt = mailbox_take(cpu);
		u32 t = nt != NIL && NT(nt)->word != 0 ? taker(NT(nt)) : NIL;

		if (t != NIL && can_wake(t, cpu)) {
			wake(nt, t);
		} else if (t != NIL) {
			mail(nt, cpu);
			return false;
		}
	}
	if (CPU(cpu)->mailbox != NIL)
		arch_kick(cpu);
	return true;
}

bool notif_destroy_step(u32 nt)
{
	if (NT(nt)->mailed)
		(void)notif_mailbox(NT(nt)->home);
	for (u32 i = 0; i < NOTIF_WAKES && NT(nt)->head != NIL; i++)
		thread_complete(NT(nt)->head, DONE_GONE);
	return NT(nt)->head == NIL && !NT(nt)->mailed;
}

err_t sys_notif_signal(u32 t, u32 s, u64 bits)
{
	u64 badge = SLOT(s)->badge;

	/* commit */
	notif_set(SLOT(s)->obj, badge != 0 ? badge : bits, TH(t)->home);
	return OK;
}

err_t sys_notif_wait(u32 t, u32 s, u64 deadline)
{
	u32 nt = SLOT(s)->obj;

	if (!ks.global && NT(nt)->home != TH(t)->home)
		return RUN_GLOBAL;
	if (NT(nt)->bound != NIL)
		return ERR_STATE;
	if (NT(nt)->word == 0 && deadline == 1)
		return ERR_WOULD_BLOCK;
	/* commit */
	if (NT(nt)->word != 0) {
		FR_OUT(t, 0) = arch_atomic_swap(&NT(nt)->word, 0);
		return OK;
	}
	sched_release(t);
	thread_wait(t, THREAD_WAIT, deadline);
	queue(nt, t);
	return NO_RESULT;
}
