/* SPDX-License-Identifier: MIT */
/*
 * SCHED_FIFO on the host: who computes all the time rests for a part of each second, whatever it does against that; who does not,
 * never rests.
 */
#include <stdio.h>

#include "servers/linux/proc/internal.h"
#include "servers/linux/proc/leave.h"

enum { MS = 1000000, TASKS = 8, FIFO = 1, OTHER = 0 };

static u64 now; /* ns, and ticks */
static struct process process = { .state = PROCESS_LIVE };
static struct task task[TASKS];
static struct timer *armed;

u64 now_mono(void)
{
	return now;
}

u64 now_ticks(void)
{
	return now;
}

void timer_arm(struct timer *t, u64 when, void (*fire)(struct timer *))
{
	t->when = when;
	t->fire = fire;
	t->armed = true;
	armed = t;
}

void process_each(bool (*f)(struct process *p, void *arg), void *arg)
{
	(void)f(&process, arg);
}

/* As thread.c does it, but for the kernel's part. */
void task_set_prio(struct task *t)
{
	if (task_is_realtime(t) && !t->rests)
		realtime_watch();
}

static void become(struct task *t, u32 policy, u32 priority)
{
	realtime_spent(t);
	t->policy = policy;
	t->rt_priority = priority;
	t->rests = realtime_rests(t);
	task_set_prio(t);
}

static void end(struct task *t)
{
	realtime_spent(t);
	t->ended = true;
}

/* A ms passes, in which those of `set` compute. */
static void pass(u32 set)
{
	now += MS;
	for (u32 i = 0; i < TASKS; i++)
		task[i].user_ticks += set >> i & 1 ? MS : 0;
	if (armed != NULL && armed->armed && armed->when <= now) {
		armed->armed = false;
		armed->fire(armed);
	}
}

static unsigned tests, failures;

static void check(bool ok, const char *name)
{
	failures += !ok;
	printf("%sok %u %s\n", ok ? "" : "not ", ++tests, name);
}

static void start(u32 tasks)
{
	/* Until nothing of the last test counts. */
	list_init(&process.tasks);
	while (armed != NULL && armed->armed)
		pass(0);
	for (u32 i = 0; i < TASKS; i++) {
		task[i] = (struct task){ .process = &process, .fiber = (void *)&task[i] };
		list_init(&task[i].peer);
		if (i < tasks)
			list_add(&process.tasks, &task[i].peer);
	}
}

/* How many ms of two seconds the task is one that goes before others and computes. */
static u32 before_others(void (*trick)(u32 ms), u32 set)
{
	u32 n = 0;

	for (u32 ms = 0; ms < 2000; ms++) {
		if (trick != NULL)
			trick(ms);
		pass(set);
		bool first = false;
		for (u32 i = 0; i < TASKS; i++)
			first |= (set >> i & 1) && task_is_realtime(&task[i]) && !task[i].rests;
		n += first;
	}
	return n;
}

static void no_trick(void)
{
	start(1);
	become(&task[0], FIFO, 99);
	u32 n = before_others(NULL, 1);
	check(n >= 1850 && n <= 1905, "one that computes all the time rests a twentieth of it");
}

static void change_priority(u32 ms)
{
	become(&task[0], FIFO, 98 + ms % 2);
}

static void leave_and_return(u32 ms)
{
	become(&task[0], OTHER, 0);
	become(&task[0], FIFO, 98 + ms % 2);
}

/* Not such a one at the moment at which they are counted. */
static void hide(u32 ms)
{
	become(&task[0], ms % 1000 >= 940 && ms % 1000 <= 952 ? OTHER : FIFO, 50);
}

static void hop(u32 ms)
{
	if (ms % 1000 == 945)
		realtime_moves(&task[0], 1);
	else if (ms % 1000 == 955)
		realtime_moves(&task[0], 0);
}

static void tricks(void)
{
	start(1);
	become(&task[0], FIFO, 99);
	check(before_others(change_priority, 1) <= 1905, "so does one that changes its priority");
	start(1);
	become(&task[0], FIFO, 99);
	check(before_others(leave_and_return, 1) <= 1905, "and one that becomes another and comes back");
	start(1);
	become(&task[0], FIFO, 99);
	check(before_others(hide, 1) <= 1905, "and one that is another when they are counted");
	start(1);
	become(&task[0], FIFO, 99);
	check(before_others(hop, 1) <= 1920, "and one that is elsewhere when they are counted");
}

/* One after the other computes for 100 ms and ends; the last one is there when they are counted. */
static void relay(u32 ms)
{
	u32 turn = ms / 100 % TASKS;

	if (ms % 100 == 0) {
		for (u32 i = 0; i < TASKS; i++) {
			if (i != turn && task_is_realtime(&task[i]) && !task[i].ended)
				end(&task[i]);
		}
		task[turn].ended = false;
		task[turn].policy = OTHER;
		task[turn].realtime_seen = task[turn].user_ticks;
		become(&task[turn], FIFO, 60);
	}
}

static void children(void)
{
	u32 n = 0;

	start(TASKS);
	for (u32 ms = 0; ms < 2000; ms++) {
		relay(ms);
		u32 turn = ms / 100 % TASKS;
		pass(1u << turn);
		n += task_is_realtime(&task[turn]) && !task[turn].rests;
	}
	check(n <= 1905, "and a row of tasks, each of which ends soon");
}

static void half(void)
{
	bool rests = false;

	start(2);
	become(&task[0], FIFO, 99);
	become(&task[1], FIFO, 50);
	realtime_moves(&task[1], 1);
	for (u32 ms = 0; ms < 5000; ms++) {
		pass((ms % 2 ? 1 : 0) | 2);
		rests |= task[0].rests;
	}
	check(!rests, "one that computes half of the time never rests, whatever is on another CPU");
}

static void nobody(void)
{
	start(1);
	become(&task[0], FIFO, 99);
	for (u32 ms = 0; ms < 949; ms++)
		pass(1);
	end(&task[0]);
	list_del(&task[0].peer);
	pass(0);
	pass(0);
	task[1].policy = OTHER;
	list_add(&process.tasks, &task[1].peer);
	become(&task[1], FIFO, 1);
	check(task[1].rests, "the next one rests for those that have gone");
	for (u32 ms = 0; ms < 60; ms++)
		pass(0);
	check(!task[1].rests, "and then goes before others");
}

int main(void)
{
	no_trick();
	tricks();
	children();
	half();
	nobody();
	printf("1..%u\n", tests);
	return failures != 0;
}
