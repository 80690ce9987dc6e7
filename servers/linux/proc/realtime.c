/* SPDX-License-Identifier: MIT */
/*
 * Tasks of SCHED_FIFO and SCHED_RR go before all others; where they compute all the time, they go behind the
 * others for 50 ms of each second, so that whoever wants to end them can.  What one has used counts for its CPU, also
 * if it is another kind of task by then, is elsewhere, or has ended.
 *
 * Owns:       the timer; whether it is that time now, and where.
 * Called by:  thread.c, schedcalls.c, exit.c: when a task becomes or stops being such a one, moves, ends.
 */
#include "internal.h"

enum { SECOND_MS = 1000, REST_MS = 50, NS_PER_MS = 1000000, BUSY_PART = 10 };

static struct timer turn;
static bool resting;
static u64 began;              /* this turn, ticks */
static u64 used[CPUS_MAX];     /* by such tasks in this turn, at most */
static bool full[CPUS_MAX];    /* there they rest now */
static bool any;

static void each_task(struct process *p, void (*f)(struct task *t))
{
	list_for(at, &p->tasks) {
		struct task *t = container_of(at, struct task, peer);

		if (!t->ended && task_is_realtime(t))
			f(t);
	}
}

/* One that is in user mode may have computed since it was let go on. */
void realtime_spent(struct task *t)
{
	const u64 ticks = t->user_ticks + t->system_ticks +
			  (t->fiber == NULL && !t->halted ? now_ticks() - t->left : 0);

	if (task_is_realtime(t) && ticks > t->realtime_seen)
		used[t->cpu] += ticks - t->realtime_seen;
	t->realtime_seen = ticks;
}

bool realtime_rests(const struct task *t)
{
	return task_is_realtime(t) && full[t->cpu];
}

void realtime_moves(struct task *t, u32 cpu)
{
	realtime_spent(t);
	t->cpu = cpu;
	if (t->rests == realtime_rests(t))
		return;
	t->rests = !t->rests;
	task_set_prio(t);
}

static void add(struct task *t)
{
	any = true;
	realtime_spent(t);
}

static void rest(struct task *t)
{
	t->rests = full[t->cpu];
	if (t->rests)
		task_set_prio(t);
}

static void go_on(struct task *t)
{
	any = true;
	realtime_spent(t);
	if (!t->rests)
		return;
	t->rests = false;
	task_set_prio(t);
}

static bool add_process(struct process *p, void *arg)
{
	(void)arg;
	each_task(p, add);
	return true;
}

static bool rest_process(struct process *p, void *arg)
{
	(void)arg;
	each_task(p, rest);
	return true;
}

static bool go_on_process(struct process *p, void *arg)
{
	(void)arg;
	each_task(p, go_on);
	return true;
}

static void next_turn(struct timer *timer)
{
	const u64 all = now_ticks() - began;

	any = false;
	resting = !resting;
	if (resting) {
		process_each(add_process, NULL);
		for (u32 c = 0; c < CPUS_MAX; c++) {
			full[c] = used[c] >= all - all / BUSY_PART;
			/* Whoever used it may be another kind of task just now. */
			any |= full[c];
		}
		process_each(rest_process, NULL);
	} else {
		memset(full, 0, sizeof full);
		process_each(go_on_process, NULL);
		memset(used, 0, sizeof used);
	}
	began = now_ticks();
	if (any)
		timer_arm(timer, now_mono() + (u64)(resting ? REST_MS : SECOND_MS - REST_MS) * NS_PER_MS,
			  next_turn);
	else
		resting = false;
}

void realtime_watch(void)
{
	if (turn.armed)
		return;
	resting = false;
	memset(full, 0, sizeof full);
	memset(used, 0, sizeof used);
	began = now_ticks();
	timer_arm(&turn, now_mono() + (u64)(SECOND_MS - REST_MS) * NS_PER_MS, next_turn);
}
