/* SPDX-License-Identifier: MIT */
/*
 * Fibers and wait queues.
 *
 * Owns:       all fibers; which runs; which are ready.
 * Called by:  everything that may sleep.
 * Never:      gives a stack back: fibers that are not needed wait for the next call.
 */
#include "event.h"
#include "fiber.h"
#include "loop.h"
#include "../proc/task.h"

#define STACKS 0x200000000ull
enum { SPARE = 4, FIBERS_MAX = 4096 };

enum fiber_state { FIBER_RUNS, FIBER_IDLE, FIBER_READY, FIBER_SLEEPS };

/* At the top of its own stack. */
struct fiber {
	u64 sp;
	struct list link; /* idle or ready */
	enum fiber_state state;
	bool pending;     /* woken before it slept */
	bool for_nobody;  /* its work is no task's */
	u32 waiters;      /* in which it is entered */
	u32 flags;        /* SLEEP_* of its sleep */
	s64 result;       /* of its sleep */
	struct task *task;
	struct timer timer;
	void (*start)(void *);
	void *arg;
};

static struct list idle, ready;
static struct fiber *running;
static u32 count;    /* of all fibers */
static u32 reserved; /* for so many tasks */
static u32 extra;    /* that work for no task */

void fiber_switch(u64 *save, u64 load);

struct task *current(void)
{
	return running->task;
}

struct fiber *current_fiber(void)
{
	return running;
}

void fiber_work_for(struct task *t)
{
	running->task = t;
	if (t != NULL)
		t->fiber = running;
}

/* --- making ------------------------------------------------------------------------ */

/* Where each fiber begins, and is again whenever it has nothing to do. */
static _Noreturn void fiber_main(void)
{
	for (;;) {
		if (running->start != NULL) {
			void (*f)(void *) = running->start;

			running->start = NULL;
			f(running->arg);
			extra -= running->for_nobody;
			fiber_work_for(NULL);
		}
		loop_once();
	}
}

static void to(struct fiber *f)
{
	struct fiber *from = running;

	f->state = FIBER_RUNS;
	running = f;
	fiber_switch(&from->sp, f->sp);
}

static bool fiber_make(void)
{
	u64 bottom = STACKS + (u64)count * (FIBER_PAGES + 1) * PAGE + PAGE;
	u64 *sp;

	if (count == FIBERS_MAX || sys_map_new(bottom, FIBER_PAGES) == NULL)
		return false;
	count++;
	struct fiber *f = (struct fiber *)(bottom + FIBER_STACK - ((sizeof *f + 63) & ~63ull));
	sp = (u64 *)f;
	*--sp = 0; /* where fiber_main would return to */
	*--sp = (u64)fiber_main;
	sp -= 6;
	f->sp = (u64)sp;
	f->state = FIBER_IDLE;
	list_add(&idle, &f->link);
	return true;
}

/* One for each task, one for the loop, one for each fiber of no task, and some. */
static bool enough(u32 tasks, u32 others)
{
	while (count < tasks + others + SPARE) {
		if (!fiber_make())
			return false;
	}
	return true;
}

bool fibers_reserve(unsigned tasks)
{
	if (!enough(tasks, extra))
		return false;
	if (tasks > reserved)
		reserved = tasks;
	return true;
}

void fibers_start(void)
{
	static struct fiber first;

	list_init(&idle);
	list_init(&ready);
	running = &first;
	list_init(&first.link);
	if (!fibers_reserve(1))
		sys_panic("linux: no memory for fibers");
}

_Noreturn void loop_run(void)
{
	struct fiber *f = container_of(idle.next, struct fiber, link);

	list_del(&f->link);
	to(f);
	__builtin_unreachable();
}

/* --- switching ----------------------------------------------------------------------- */

static void make_ready(struct fiber *f)
{
	f->state = FIBER_READY;
	list_add(&ready, &f->link);
}

static struct fiber *first_of(struct list *l)
{
	struct fiber *f;

	if (list_empty(l))
		return NULL;
	f = container_of(l->next, struct fiber, link);
	list_del(&f->link);
	return f;
}

/* Idle fibers are taken from where they were put last: their stacks are in the cache. */
static void make_idle(struct fiber *f)
{
	f->state = FIBER_IDLE;
	list_add(idle.next, &f->link);
}

bool fibers_ready(void)
{
	return !list_empty(&ready);
}

void fiber_yield_idle(void)
{
	struct fiber *f = first_of(&ready);

	if (f == NULL)
		return;
	make_idle(running);
	to(f);
}

/* There is always an idle fiber: as many as tasks, and more, were made. */
static void leave(void)
{
	struct fiber *f = first_of(&ready);

	if (f == NULL)
		f = first_of(&idle);
	if (f == NULL)
		sys_panic("linux: no fiber left");
	to(f);
}

static bool start(struct task *task, void (*f)(void *), void *arg)
{
	struct fiber *n;

	if (task == NULL && !enough(reserved, extra + 1))
		return false;
	n = first_of(&idle);
	if (n == NULL)
		return false;
	if (task == NULL)
		extra++;
	n->for_nobody = task == NULL;
	n->start = f;
	n->arg = arg;
	n->task = task;
	if (task != NULL)
		task->fiber = n;
	make_ready(n);
	return true;
}

bool fiber_start(void (*f)(void *), void *arg)
{
	return start(NULL, f, arg);
}

bool fiber_start_for(struct task *task, void (*f)(void *), void *arg)
{
	return start(task, f, arg);
}

/* --- sleeping -------------------------------------------------------------------------- */

static void end_sleep(struct fiber *f, s64 result)
{
	if (f->state != FIBER_SLEEPS) {
		if (result == 0)
			f->pending = true;
		return;
	}
	f->result = result;
	make_ready(f);
}

static void timed_out(struct timer *t)
{
	end_sleep(container_of(t, struct fiber, timer), -ETIMEDOUT);
}

static bool interrupted(const struct fiber *f)
{
	if (f->task == NULL || (f->flags & SLEEP_FOREVER))
		return false;
	return f->flags & SLEEP_KILLABLE ? signal_fatal_waits(f->task) : signal_waits(f->task);
}

s64 fiber_sleep(u64 deadline, unsigned flags)
{
	struct fiber *f = running;

	f->flags = flags;
	if (f->pending) {
		f->pending = false;
		return 0;
	}
	if (interrupted(f))
		return -EINTR;
	if (deadline != NO_DEADLINE) {
		if (deadline <= now_mono())
			return -ETIMEDOUT;
		timer_arm(&f->timer, deadline, timed_out);
	}
	f->state = FIBER_SLEEPS;
	loop_leaves(f->task);
	if (f->task != NULL)
		f->task->system_ticks += now_ticks() - f->task->entered;
	leave();
	if (f->task != NULL)
		f->task->entered = now_ticks();
	(void)timer_cancel(&f->timer);
	f->pending = false;
	return f->result;
}

void fiber_interrupt(struct fiber *f, bool fatal)
{
	if (f->state != FIBER_SLEEPS || (f->flags & SLEEP_FOREVER))
		return;
	if (!(f->flags & SLEEP_KILLABLE) || fatal)
		end_sleep(f, -EINTR);
}

/* --- wait queues ------------------------------------------------------------------------- */

void waitq_init(struct waitq *q)
{
	list_init(&q->waiters);
}

void waiter_add(struct waitq *q, struct waiter *w)
{
	w->woken = false;
	if (w->call == NULL) {
		w->fiber = running;
		running->waiters++;
	}
	list_add(&q->waiters, &w->link);
}

void waiter_del(struct waiter *w)
{
	list_del(&w->link);
	if (w->fiber == NULL)
		return;
	w->fiber->waiters--;
	if (w->fiber->waiters == 0)
		w->fiber->pending = false;
	w->fiber = NULL;
}

s64 wait_on(struct waitq *q, u64 deadline, unsigned flags)
{
	struct waiter w = { 0 };
	s64 result;

	waiter_add(q, &w);
	result = fiber_sleep(deadline, flags);
	waiter_del(&w);
	return result;
}

void waiter_wake(struct waiter *w, uint32_t events)
{
	w->woken = true;
	if (w->call != NULL)
		w->call(w, events);
	else
		end_sleep(w->fiber, 0);
}

void wake_all(struct waitq *q, uint32_t events)
{
	list_for_safe(l, &q->waiters)
		waiter_wake(container_of(l, struct waiter, link), events);
}

void wake_one(struct waitq *q, uint32_t events)
{
	list_for_safe(l, &q->waiters) {
		struct waiter *w = container_of(l, struct waiter, link);
		bool last = w->exclusive && !w->woken;

		waiter_wake(w, events);
		if (last)
			return;
	}
}

unsigned wake_key(struct waitq *q, uint64_t key, unsigned most)
{
	unsigned n = 0;

	list_for_safe(l, &q->waiters) {
		struct waiter *w = container_of(l, struct waiter, link);

		if (n == most)
			break;
		if (w->key != key || w->woken)
			continue;
		waiter_wake(w, 0);
		n++;
	}
	return n;
}
