/* SPDX-License-Identifier: MIT */
/*
 * Scheduling contexts: budgets, and lending them along calls.
 *
 * Owns:       struct sched.                Invariant: sched_inv().
 * Locks:      the lock of the scheduling context's CPU.
 * Called by:  sched.c, ep.c, reply.c, thread.c.
 *
 * One thread owns a scheduling context, at most one runs on it.  One that is
 * used up (left == 0) is in the time queue until its period ends; who borrowed
 * it goes on with its own.
 */
#include "ks.h"

enum { EXPIRE_MAX = 16, CHAIN_MAX = 16 };

void sched_init(u32 sc, u32 cpu)
{
	struct sched *s = SC(sc);

	s->budget = 0;
	s->period = 0;
	s->left = 0;
	s->refill = 0;
	s->over = 0;
	s->cpu = cpu;
	s->owner = NIL;
	s->runner = NIL;
}

static void run_on(u32 t, u32 sc)
{
	TH(t)->running_on = sc;
	SC(sc)->runner = t;
}

void sched_release(u32 t)
{
	u32 sc = TH(t)->running_on;

	if (sc == NIL)
		return;
	SC(sc)->runner = NIL;
	TH(t)->running_on = NIL;
}

void sched_lend(u32 from, u32 t)
{
	u32 sc = TH(from)->running_on;

	TH(from)->lent = NIL;
	if (sc == NIL || SC(sc)->left == 0 || TH(from)->home != TH(t)->home)
		return;
	sched_release(t);
	TH(from)->running_on = NIL;
	TH(from)->lent = sc;
	run_on(t, sc);
	TH(t)->eprio = TH(t)->prio < TH(from)->eprio ? TH(from)->eprio : TH(t)->prio;
}

void sched_return(u32 from, u32 t)
{
	u32 sc = TH(from)->running_on;

	if (sc == NIL || sc == TH(from)->sched || TH(from)->home != TH(t)->home)
		return;
	TH(from)->running_on = NIL;
	TH(from)->eprio = TH(from)->prio;
	run_on(t, sc);
	if (sc == TH(t)->sched)
		TH(t)->eprio = TH(t)->prio;
}

/*
 * Who loses what it borrowed goes on with its own, if that is idle: a ready
 * thread has lent it to nobody.
 */
static RARELY void lose(u32 r)
{
	sched_release(r);
	if (TH(r)->state != THREAD_READY)
		return;
	sched_leave_queue(r);
	TH(r)->eprio = TH(r)->prio;
	if (TH(r)->sched != NIL && SC(TH(r)->sched)->runner == NIL)
		run_on(r, TH(r)->sched);
	sched_go_on(r);
}

void sched_reclaim(u32 t)
{
	u32 own = TH(t)->sched;

	if (own != NIL && SC(own)->runner != NIL && SC(own)->runner != t)
		lose(SC(own)->runner);
}

/* Was sc lent to t along calls that still wait, from its owner on? */
static bool is_lent_to(u32 t, u32 sc)
{
	for (u32 i = 0; i < CHAIN_MAX; i++) {
		u32 c = TH(t)->reply_to;

		if (c == NIL || reply_caller(c, TH(t)->reply_call) == NIL || TH(c)->lent != sc)
			return false;
		if (TH(c)->sched == sc)
			return true;
		t = c;
	}
	return false;
}

/* Each caller has one call and so one who works for it: who runs on sc does so through t. */
void sched_recall(u32 t)
{
	u32 sc = TH(t)->lent;

	if (sc == NIL || !is_lent_to(t, sc))
		return;
	if (SC(sc)->runner != NIL)
		lose(SC(sc)->runner);
	if (SC(sc)->left == 0)
		return;
	run_on(t, sc);
	u32 eprio = TH(TH(t)->reply_to)->eprio;
	TH(t)->eprio = TH(t)->prio < eprio ? (u8)eprio : TH(t)->prio;
}

/* What was used too much is taken off, but not what was used beyond one budget: a machine
 * that stood still does not make its threads stand still. */
void budget_refill(u32 sc, u64 now)
{
	struct sched *s = SC(sc);

	s->left = s->over < s->budget ? s->budget - s->over : 1;
	s->over = 0;
	/* Time slices have no periods: who is preempted goes on with what was left. */
	s->refill = s->budget == s->period ? ~0ull : now + s->period;
}

/* A scheduling context used up: its runner waits, rotates, or goes on with its own. */
RARELY void budget_used_up(u32 sc, u64 now)
{
	u32 r = SC(sc)->runner;
	bool ends = SC(sc)->budget == SC(sc)->period || now >= SC(sc)->refill;

	SC(sc)->left = 0;
	if (ends)
		budget_refill(sc, now);
	else
		timeq_add(SC(sc)->cpu, sc, SC(sc)->refill);
	if (r == NIL || TH(r)->state != THREAD_READY)
		return;
	sched_unready(r);
	if (!ends && r != SC(sc)->owner)
		sched_release(r);
	sched_ready(r);
}

bool budget_charge(struct cpu *c, u64 now)
{
	u32 sc = c->charged;
	u64 used = now - c->since;

	c->since = now;
	if (sc == NIL)
		return false;
	if (USUAL(used < SC(sc)->left)) {
		SC(sc)->left -= used;
		return false;
	}
	if (SC(sc)->left == 0)
		return false;
	SC(sc)->over = used - SC(sc)->left;
	return true;
}

/* A wait at an endpoint or notification of another CPU can only end under all locks. */
static bool is_foreign(u32 cpu, u32 t)
{
	u32 q = TH(t)->queue;

	if (q == NIL)
		return false;
	return (PD(q)->type == OBJ_EP ? EP(q)->home : NT(q)->home) != cpu;
}

/* False: this needs all locks. */
static bool expire(u32 cpu, u32 page, u64 now)
{
	if (!ks.global && PD(page)->type == OBJ_THREAD && is_foreign(cpu, page))
		return false;
	timeq_remove(cpu, page);
	if (PD(page)->type == OBJ_THREAD) {
		thread_complete(page, DONE_TIMEOUT);
		return true;
	}
	budget_refill(page, now);
	u32 r = SC(page)->runner;
	if (r != NIL && TH(r)->state == THREAD_READY && CPU(cpu)->current != r)
		sched_ready(r);
	return true;
}

bool sched_timer(u32 cpu)
{
	u64 now = arch_clock();
	bool done = true;

	trace_add(cpu, TRACE_timer, now, 0);
	CPU(cpu)->alarm = ~0ull;
	for (u32 i = 0; i < EXPIRE_MAX && done; i++) {
		u32 first = CPU(cpu)->timeq;

		if (first == NIL || TN(first)->when > now)
			break;
		done = expire(cpu, first, now);
	}
	if (budget_charge(CPU(cpu), now))
		budget_used_up(CPU(cpu)->charged, now);
	/* Force the next exit to set the alarm for whoever runs then. */
	CPU(cpu)->charged = NIL;
	return done;
}

void sched_unbind(u32 sc)
{
	u32 cpu = SC(sc)->cpu;

	if (TN(sc)->queued)
		timeq_remove(cpu, sc);
	if (CPU(cpu)->charged == sc)
		CPU(cpu)->charged = NIL;
}

void sched_move(u32 sc, u32 cpu)
{
	bool parked = TN(sc)->queued != 0;

	sched_unbind(sc);
	SC(sc)->cpu = cpu;
	if (!parked)
		return;
	timeq_add(cpu, sc, SC(sc)->refill);
	/* That CPU has not set its timer for it. */
	if (cpu != arch_cpu())
		arch_kick(cpu);
}

err_t sys_sched_configure(u32 t, u32 s, u32 cpus, u64 cpu, u64 budget, u64 period)
{
	u32 sc = SLOT(s)->obj;

	(void)t;
	if (budget > period)
		return ERR_ARG;
	if (cpu >= SLOT(cpus)->count || SLOT(cpus)->first + cpu >= ks.cpus)
		return ERR_RANGE;
	if (SC(sc)->owner != NIL && SC(sc)->cpu != SLOT(cpus)->first + cpu)
		return ERR_STATE;
	/* commit */
	sched_unbind(sc);
	SC(sc)->cpu = SLOT(cpus)->first + (u32)cpu;
	SC(sc)->budget = budget;
	SC(sc)->period = period;
	bool parked = SC(sc)->left == 0;
	SC(sc)->over = 0;
	budget_refill(sc, arch_clock());
	u32 r = SC(sc)->runner;
	if (parked && r != NIL && TH(r)->state == THREAD_READY)
		sched_ready(r);
	if (SC(sc)->cpu != arch_cpu())
		arch_kick(SC(sc)->cpu);
	return OK;
}
