/* SPDX-License-Identifier: MIT */
/*
 * timer_create and its kin.
 *
 * A timer has at most one signal pending. While it has, it is not armed: how often it would have
 * rung meanwhile is reckoned when the signal is taken (POSIX, timer_getoverrun).
 */
#include "clock.h"
#include "internal.h"
#include "../mm/mm.h"
#include "linux/calls.h"
#include "linux/words.h"

enum { SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, SIGEV_THREAD_ID = 4 };
enum { TIMER_ABSTIME = 1, TIMERS_MAX = 1024, LEAST_NS = 1000000 };

struct posix_timer {
	struct posix_timer *next;
	struct process *process;
	u32 id;
	u64 clock;
	u32 notify, tid; /* tid: of SIGEV_THREAD_ID */
	int signo;
	u64 value;       /* sigev_value */
	struct timer timer;
	u64 when, interval; /* on its clock; 0: not armed */
	bool queued;        /* its signal is pending */
	u32 overrun;        /* of the signal that was taken last */
};

struct sigevent {
	u64 value;
	s32 signo, notify, tid, pad[11];
};

static struct posix_timer *find(struct process *p, u64 id)
{
	for (struct posix_timer *i = p->posix_timers; i != NULL; i = i->next) {
		if (i->id == id)
			return i;
	}
	return NULL;
}

static bool is_cpu_clock(u64 clock)
{
	return clock == CLOCK_PROCESS_CPUTIME || clock == CLOCK_THREAD_CPUTIME ||
	       (s32)clock < 0;
}

static u64 now_of(struct posix_timer *i)
{
	struct task *t = process_task(i->process);
	u64 ns = 0;

	if (t != NULL)
		(void)clock_now(t, i->clock, &ns);
	return ns;
}

static void ring(struct timer *timer);

/* Clocks run alike, but those of processor time are looked at again. */
static void arm(struct posix_timer *i)
{
	u64 now = now_of(i), left = i->when > now ? i->when - now : 0;

	if (is_cpu_clock(i->clock) && left < LEAST_NS)
		left = LEAST_NS;
	timer_arm(&i->timer, now_mono() + left, ring);
}

static void notify(struct posix_timer *i)
{
	struct siginfo info = { .signo = i->signo,
				.code = SI_TIMER,
				.timer = { .timer = (s32)i->id, .value = i->value } };
	struct task *t = i->notify == SIGEV_THREAD_ID ? task_find(i->tid) : NULL;

	if (i->notify == SIGEV_NONE)
		return;
	if (i->notify == SIGEV_THREAD_ID) {
		if (t != NULL && t->process == i->process)
			(void)signal_task(t, i->signo, &info);
	} else {
		(void)signal_process(i->process, i->signo, &info);
	}
}

/* To the first of its times after `now`. @return how many others were passed over. */
static u32 go_on(struct posix_timer *i, u64 now)
{
	u64 missed = now > i->when ? (now - i->when) / i->interval : 0;

	i->when += (missed + 1) * i->interval;
	arm(i);
	return missed > INT32_MAX ? INT32_MAX : (u32)missed;
}

static void ring(struct timer *timer)
{
	struct posix_timer *i = container_of(timer, struct posix_timer, timer);

	if (is_cpu_clock(i->clock) && now_of(i) < i->when) {
		arm(i);
		return;
	}
	notify(i);
	if (i->interval == 0)
		i->when = 0;
	else if (!i->queued) /* nobody is slowed down by taking it, so let it not ring too often */
		(void)go_on(i, now_of(i) + (i->interval < LEAST_NS ? LEAST_NS : 0));
}

void posix_timer_queued(struct process *p, const struct siginfo *info)
{
	struct posix_timer *i = find(p, (u32)info->timer.timer);

	if (i != NULL)
		i->queued = true;
}

void posix_timer_taken(struct process *p, struct siginfo *info)
{
	struct posix_timer *i = find(p, (u32)info->timer.timer);

	if (i == NULL || !i->queued)
		return;
	i->queued = false;
	i->overrun = i->interval == 0 || i->when == 0 ? 0 : go_on(i, now_of(i));
	info->timer.overrun = (s32)i->overrun;
}

static s64 event_in(struct task *t, u64 from, struct posix_timer *i)
{
	struct sigevent e = { .signo = SIGALRM, .value = i->id };

	if (from != 0 && copy_in(t->mm, &e, from, sizeof e) != 0)
		return -EFAULT;
	i->notify = (u32)e.notify;
	i->signo = e.signo;
	i->value = e.value;
	i->tid = (u32)e.tid;
	if (e.notify == SIGEV_NONE)
		return 0;
	if (!lx_takes_timer_create_sigev((u32)e.notify))
		return lx_refused(t, LX_TAKES_TIMER_CREATE_SIGEV, (u32)e.notify, NULL);
	if (e.signo < 1 || e.signo > SIGNALS)
		return -EINVAL;
	if (e.notify == SIGEV_THREAD_ID) {
		struct task *o = task_find(i->tid);

		if (o == NULL || o->process != t->process)
			return -EINVAL;
	}
	return 0;
}

s64 lx_timer_create(struct task *t, u64 clock, u64 event, u64 to)
{
	struct process *p = t->process;
	struct posix_timer *i;
	u64 now;
	s64 e = clock_now(t, clock, &now);

	if (e != 0)
		return e;
	if (p->posix_timer_count == TIMERS_MAX)
		return -EAGAIN;
	i = kalloc(sizeof *i);
	if (i == NULL)
		return -EAGAIN;
	i->process = p;
	i->clock = clock;
	i->id = p->posix_timer_next;
	e = event_in(t, event, i);
	if (e == 0)
		e = copy_out(t->mm, to, &i->id, sizeof i->id);
	if (e != 0) {
		kfree(i);
		return e;
	}
	p->posix_timer_next = (p->posix_timer_next + 1) & INT32_MAX;
	p->posix_timer_count++;
	i->next = p->posix_timers;
	p->posix_timers = i;
	return 0;
}

static u64 left_of(const struct posix_timer *i, u64 now)
{
	if (i->when == 0)
		return 0;
	if (i->when > now)
		return i->when - now;
	return i->interval == 0 ? 1 : i->interval - (now - i->when) % i->interval;
}

static s64 put(struct task *t, u64 to, struct posix_timer *i)
{
	u64 left = left_of(i, now_of(i));
	u64 v[4] = { i->interval / NS_PER_SEC, i->interval % NS_PER_SEC, left / NS_PER_SEC,
		     left % NS_PER_SEC };

	return copy_out(t->mm, to, v, sizeof v);
}

s64 lx_timer_gettime(struct task *t, u64 id, u64 to)
{
	struct posix_timer *i = find(t->process, id);

	return i == NULL ? -EINVAL : put(t, to, i);
}

s64 lx_timer_settime(struct task *t, u64 id, u64 flags, u64 from, u64 old)
{
	struct posix_timer *i = find(t->process, id);
	u64 interval, value;
	s64 e;

	if (i == NULL || from == 0)
		return -EINVAL;
	e = copy_timespec_in(t, from, &interval);
	if (e == 0)
		e = copy_timespec_in(t, from + 16, &value);
	if (e == 0 && old != 0)
		e = put(t, old, i);
	if (e != 0)
		return e;
	(void)timer_cancel(&i->timer);
	i->interval = interval;
	i->when = value == 0 ? 0 : flags & TIMER_ABSTIME ? value : now_of(i) + value;
	i->overrun = 0;
	i->queued = false;
	if (i->when != 0)
		arm(i);
	return 0;
}

s64 lx_timer_getoverrun(struct task *t, u64 id)
{
	struct posix_timer *i = find(t->process, id);

	return i == NULL ? -EINVAL : (s64)i->overrun;
}

static void drop(struct posix_timer *i)
{
	(void)timer_cancel(&i->timer);
	i->process->posix_timer_count--;
	kfree(i);
}

s64 lx_timer_delete(struct task *t, u64 id)
{
	struct posix_timer *i = find(t->process, id), **at = &t->process->posix_timers;

	if (i == NULL)
		return -EINVAL;
	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	drop(i);
	return 0;
}

void posix_timers_drop(struct process *p)
{
	while (p->posix_timers != NULL) {
		struct posix_timer *i = p->posix_timers;

		p->posix_timers = i->next;
		drop(i);
	}
}
