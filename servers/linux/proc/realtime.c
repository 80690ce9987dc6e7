/* SPDX-License-Identifier: MIT */
/*
 * Tasks of SCHED_FIFO and SCHED_RR go before all others; where they compute all the time, they are like the
 * others for 50 ms of each second, so that whoever wants to end them can.
 *
 * Owns:       the timer; whether it is that time now.
 * Called by:  thread.c, when a task becomes such a one.
 */
#include "internal.h"

enum { SECOND_MS = 1000, REST_MS = 50, NS_PER_MS = 1000000, BUSY_PART = 10 };

static struct timer turn;
static bool resting;
static u64 began;              /* this turn, ticks */
static u64 used[CPUS_MAX];     /* by such tasks in this turn, at most */
static bool any;

static bool is_realtime(const struct task *t)
{
	return !t->ended && (t->policy == 1 || t->policy == 2);
}

static void each_task(struct process *p, void (*f)(struct task *t))
{
	list_for(at, &p->tasks) {
		struct task *t = container_of(at, struct task, peer);

		if (is_realtime(t))
			f(t);
	}
}

/* One that is in user mode may have computed since it was let go on. */
static void add(struct task *t)
{
	const u64 ticks = t->user_ticks + (t->fiber == NULL ? now_ticks() - t->left : 0);

	any = true;
	used[t->cpu] += ticks > t->realtime_seen ? ticks - t->realtime_seen : 0;
	t->realtime_seen = ticks;
}

static void rest(struct task *t)
{
	const u64 all = now_ticks() - began;

	t->rests = used[t->cpu] >= all - all / BUSY_PART;
	if (t->rests)
		task_set_prio(t);
}

static void go_on(struct task *t)
{
	any = true;
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
	any = false;
	resting = !resting;
	if (resting) {
		memset(used, 0, sizeof used);
		process_each(add_process, NULL);
		process_each(rest_process, NULL);
	} else {
		process_each(go_on_process, NULL);
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
	began = now_ticks();
	timer_arm(&turn, now_mono() + (u64)(SECOND_MS - REST_MS) * NS_PER_MS, next_turn);
}
