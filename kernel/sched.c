/* SPDX-License-Identifier: MIT */
/*
 * Run queues: who runs, and when that changes.
 *
 * Owns:       struct cpu.                  Invariant: cpu_inv().
 * Locks:      the CPU's lock.
 * Called by:  everything that blocks or wakes threads; entry.c at every exit.
 * Never:      decides on budgets (budget.c does).
 *
 * The current thread is in no queue.  A ready thread that is neither current
 * nor queued has nothing to run on: no scheduling context, or one used up.
 */
#include "ks.h"

u64 cpu_new_uid(u32 cpu)
{
	CPU(cpu)->uid += CPU_MAX;
	return CPU(cpu)->uid;
}

/* The links of a thread that is in no queue are NIL. */
static void ready_push(struct cpu *c, u32 t, bool first)
{
	struct thread *th = TH(t);
	u32 p = th->eprio;
	u32 head = c->ready_head[p];
	u32 tail = c->ready_tail[p];

	th->queued = 1;
	if (head == NIL) {
		c->ready_head[p] = t;
		c->ready_tail[p] = t;
		c->ready_map[p / 64] |= 1ull << (p % 64);
		if (c->top <= p)
			c->top = p + 1;
	} else if (first) {
		th->qnext = head;
		TH(head)->qprev = t;
		c->ready_head[p] = t;
	} else {
		th->qprev = tail;
		TH(tail)->qnext = t;
		c->ready_tail[p] = t;
	}
}

/* The highest priority that waits has a bit in one of the first n words of the map, or nobody waits. */
static void top_find(struct cpu *c, u32 n)
{
	c->top = 0;
	for (u32 i = n; i > 0 && c->top == 0; i--) {
		if (c->ready_map[i - 1] != 0)
			c->top = i * 64 - (u32)__builtin_clzll(c->ready_map[i - 1]);
	}
}

/* Nobody of priority p waits any more. */
static void ready_emptied(struct cpu *c, u32 p)
{
	c->ready_map[p / 64] &= ~(1ull << (p % 64));
	if (c->top == p + 1)
		top_find(c, p / 64 + 1);
}

static void ready_remove(struct cpu *c, u32 t)
{
	struct thread *th = TH(t);
	u32 p = th->eprio;

	if (th->qprev == NIL)
		c->ready_head[p] = th->qnext;
	else
		TH(th->qprev)->qnext = th->qnext;
	if (th->qnext == NIL)
		c->ready_tail[p] = th->qprev;
	else
		TH(th->qnext)->qprev = th->qprev;
	th->queued = 0;
	th->qnext = NIL;
	th->qprev = NIL;
	if (c->ready_head[p] == NIL)
		ready_emptied(c, p);
}

/* Take out the first of the highest priority that waits. */
static u32 ready_pop(struct cpu *c)
{
	u32 p = c->top - 1;
	u32 t = c->ready_head[p];
	u32 next = TH(t)->qnext;

	TH(t)->queued = 0;
	TH(t)->qnext = NIL;
	c->ready_head[p] = next;
	if (next == NIL) {
		c->ready_tail[p] = NIL;
		ready_emptied(c, p);
	} else {
		TH(next)->qprev = NIL;
	}
	return t;
}

/* On another CPU it takes an interrupt to make it look. */
static void enqueue(u32 t)
{
	u32 home = TH(t)->home;

	ready_push(CPU(home), t, false);
	if (home == arch_cpu())
		return;
	u32 current = CPU(home)->current;
	if (current == NIL || TH(current)->eprio < TH(t)->eprio)
		arch_kick(home);
}

/*
 * See that t has something to run on: if nothing else, its own, at its own
 * priority.  False: there is none, or no time left in it.
 */
static inline bool has_time(u32 t)
{
	struct thread *th = TH(t);
	u32 sc = th->running_on;

	if (RARE(sc != NIL))
		return SC(sc)->left != 0;
	sc = th->sched;
	th->eprio = th->prio;
	if (sc == NIL)
		return false;
	struct sched *own = SC(sc);

	if (RARE(own->runner != NIL))
		sched_reclaim(t);
	th->running_on = sc;
	own->runner = t;
	return own->left != 0;
}

void sched_ready(u32 t)
{
	TH(t)->state = THREAD_READY;
	if (has_time(t))
		enqueue(t);
}

/* Can th, which is ready at priority prio, run here at once: is it above all that are ready, and whoever runs? */
static inline bool is_above(const struct cpu *c, const struct thread *th, u32 prio)
{
	return th->home == arch_cpu() && c->top <= prio &&
	       (c->current == NIL || TH(c->current)->eprio < prio);
}

/* sched_ready, and sched_exit has nothing to pick, where th runs on time of its own that nobody has. */
void sched_wake(u32 t)
{
	struct thread *th = TH(t);
	struct cpu *c = THIS_CPU();
	u32 sc = th->sched;
	u32 preempted = c->current;

	if (RARE(th->running_on != NIL) || RARE(sc == NIL) || RARE(SC(sc)->runner != NIL) ||
	    RARE(SC(sc)->left == 0) || RARE(!is_above(c, th, th->prio))) {
		sched_ready(t);
		return;
	}
	th->state = THREAD_READY;
	th->eprio = th->prio;
	th->running_on = sc;
	SC(sc)->runner = t;
	c->current = t;
	if (preempted != NIL)
		ready_push(c, preempted, true);
}

void sched_unready(u32 t)
{
	u32 home = TH(t)->home;

	if (TH(t)->queued) {
		ready_remove(CPU(home), t);
	} else if (CPU(home)->current == t) {
		if (home != arch_cpu()) {
			arch_sync(home);
			arch_frame_rewind(t);
			arch_kick(home);
		}
		CPU(home)->current = NIL;
	}
}

void sched_leave_queue(u32 t)
{
	if (TH(t)->queued)
		ready_remove(CPU(TH(t)->home), t);
}

void sched_go_on(u32 t)
{
	u32 home = TH(t)->home;
	u32 sc = TH(t)->running_on;

	if (sc == NIL || SC(sc)->left == 0)
		sched_unready(t);
	else if (CPU(home)->current != t)
		enqueue(t);
	else if (home != arch_cpu())
		arch_kick(home);
}

void sched_continue(u32 t)
{
	CPU(TH(t)->home)->current = has_time(t) ? t : NIL;
}

void sched_switch(u32 cpu, u32 t)
{
	TH(t)->state = THREAD_READY;
	if (!has_time(t))
		return;
	if (CPU(cpu)->current == NIL && TH(t)->home == cpu && CPU(cpu)->top <= TH(t)->eprio + 1u)
		CPU(cpu)->current = t;
	else
		enqueue(t);
}

void sched_set_eprio(u32 t, u32 eprio)
{
	if (!TH(t)->queued) {
		TH(t)->eprio = (u8)eprio;
		return;
	}
	ready_remove(CPU(TH(t)->home), t);
	TH(t)->eprio = (u8)eprio;
	enqueue(t);
}

/* One that is preempted goes on first in its priority; one that is not, last. */
static APART void pick_ready(void)
{
	struct cpu *c = THIS_CPU();

	if (c->current != NIL)
		ready_push(c, c->current, true);
	c->current = ready_pop(c);
}

static inline u32 running_on(void)
{
	u32 t = MY(current);

	return t == NIL ? NIL : TH(t)->running_on;
}

/* Who is to run becomes current; returns what it runs on. */
static inline u32 pick(void)
{
	u32 t = MY(current);

	if (t != NIL) {
		const struct thread *th = TH(t);

		if (MY(top) <= th->eprio + 1u)
			return th->running_on;
	} else if (MY(top) == 0) {
		return NIL;
	}
	pick_ready();
	return running_on();
}

static RARELY void alarm_earlier(u64 when)
{
	MY(alarm) = when;
	arch_timer(when);
}

/* The timer only moves earlier here; an alarm that comes too early is set anew then. */
static inline void set_alarm(u64 when)
{
	if (when < MY(alarm))
		alarm_earlier(when);
}

/* From now on that of sc runs. */
static inline void charge_from(u32 sc, u64 now)
{
	MY(charged) = sc;
	if (sc == NIL)
		return;
	const struct sched *s = SC(sc);

	if (now >= s->refill)
		budget_refill(sc, now);
	set_alarm(now + s->left);
}

/* What ran out may have been queued above or below: look again. */
static RARELY void charge_used_up(u64 now)
{
	budget_used_up(MY(charged), now);
	charge_from(pick(), now);
}

/* Other time runs from now on: that of sc. */
static inline void charge(u32 sc)
{
	u64 now = arch_clock();

	if (budget_charge(THIS_CPU(), now))
		charge_used_up(now);
	else
		charge_from(sc, now);
}

void sched_exit(void)
{
	u32 sc = pick();

	if (sc != MY(charged))
		charge(sc);
	if (MY(timeq) != NIL)
		set_alarm(TN(MY(timeq))->when);
	u32 from = MY(loaded);
	u32 to = MY(current);

	if (from == to)
		return;
	trace_add(arch_cpu(), TRACE_switch, to, 0);
	MY(loaded) = to;
	arch_switch(from, to);
}

err_t sys_thread_yield(u32 t)
{
	struct cpu *c = THIS_CPU();

	/* commit */
	if (c->top > TH(t)->eprio) {
		ready_push(c, t, false);
		c->current = ready_pop(c);
	}
	return OK;
}

err_t sys_thread_set_prio(u32 t, u32 s, u64 prio)
{
	u32 target = SLOT(s)->obj;
	u32 sc = TH(target)->running_on;
	u32 eprio = (u32)prio;

	if (prio > TH(t)->max_prio)
		return ERR_RANGE;
	/* commit */
	TH(target)->prio = (u8)prio;
	if (sc != NIL && sc != TH(target)->sched && TH(SC(sc)->owner)->prio > prio)
		eprio = TH(SC(sc)->owner)->prio;
	sched_set_eprio(target, eprio);
	if (TH(target)->home != arch_cpu())
		arch_kick(TH(target)->home);
	return OK;
}
