/* SPDX-License-Identifier: MIT */
/*
 * alarm, setitimer, and the limit of processor time.
 *
 * Timers of processor time are looked at when the process can have used that much at the earliest.
 */
#include "internal.h"
#include "../mm/mm.h"
#include "linux/calls.h"

enum { REAL, VIRTUAL, PROF, KINDS };
enum { LEAST_NS = 4000000 };

/* --- processor time --------------------------------------------------------------------- */

static u64 used(struct process *p, u32 kind)
{
	u64 user, system;

	process_times(p, &user, &system);
	return kind == VIRTUAL ? user : user + system;
}

static void look(struct timer *timer);

/* When it can have run out at the earliest, with all its tasks computing. */
static u64 earliest(struct process *p)
{
	u64 left = UINT64_MAX, limit = p->rlimit[RLIMIT_CPU].soft;
	u32 tasks = p->live < env.cpus ? p->live : env.cpus;

	for (u32 k = VIRTUAL; k <= PROF; k++) {
		u64 now = used(p, k), when = p->itimer[k].when;

		if (when != 0 && (when > now ? when - now : 0) < left)
			left = when > now ? when - now : 0;
	}
	if (limit < UINT64_MAX / NS_PER_SEC) {
		u64 now = used(p, PROF), when = limit * NS_PER_SEC;

		if ((when > now ? when - now : 0) < left)
			left = when > now ? when - now : 0;
	}
	return left == UINT64_MAX ? left : left / (tasks == 0 ? 1 : tasks);
}

void cpu_timers_arm(struct process *p)
{
	u64 left = earliest(p);

	if (left == UINT64_MAX)
		(void)timer_cancel(&p->itimer[PROF].timer);
	else
		timer_arm(&p->itimer[PROF].timer, now_mono() + (left < LEAST_NS ? LEAST_NS : left),
			  look);
}

static void look_at_limit(struct process *p)
{
	struct rlimit *l = &p->rlimit[RLIMIT_CPU];
	u64 seconds = used(p, PROF) / NS_PER_SEC;

	if (seconds >= l->hard) {
		(void)signal_process(p, SIGKILL, NULL);
	} else if (seconds >= l->soft) {
		(void)signal_process(p, SIGXCPU, NULL);
		l->soft++;
	}
}

static void look(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, itimer[PROF].timer);
	static const int signo[KINDS] = { SIGALRM, SIGVTALRM, SIGPROF };

	for (u32 k = VIRTUAL; k <= PROF; k++) {
		struct itimer *i = &p->itimer[k];

		if (i->when == 0 || used(p, k) < i->when)
			continue;
		i->when = i->interval == 0 ? 0 : used(p, k) + i->interval;
		(void)signal_process(p, signo[k], NULL);
	}
	look_at_limit(p);
	if (p->state == PROCESS_LIVE)
		cpu_timers_arm(p);
}

/* --- real time ---------------------------------------------------------------------------- */

static void ring(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, itimer[REAL].timer);
	struct itimer *i = &p->itimer[REAL];
	u64 now = now_mono();

	i->when = 0;
	if (i->interval != 0) {
		i->when = timer->when + i->interval;
		if (i->when <= now)
			i->when = now + i->interval;
		timer_arm(timer, i->when, ring);
	}
	(void)signal_process(p, SIGALRM, NULL);
}

/* What is left until it rings; 0: not armed. */
static u64 left_of(struct process *p, u32 kind)
{
	u64 now = kind == REAL ? now_mono() : used(p, kind), when = p->itimer[kind].when;

	if (when == 0)
		return 0;
	return when > now ? when - now : 1000;
}

static void set(struct process *p, u32 kind, u64 value, u64 interval)
{
	struct itimer *i = &p->itimer[kind];

	i->interval = interval;
	i->when = value == 0 ? 0 : value + (kind == REAL ? now_mono() : used(p, kind));
	if (kind != REAL)
		cpu_timers_arm(p);
	else if (value == 0)
		(void)timer_cancel(&i->timer);
	else
		timer_arm(&i->timer, i->when, ring);
}

void itimers_drop(struct process *p)
{
	for (u32 k = 0; k < KINDS; k++) {
		p->itimer[k].when = 0;
		(void)timer_cancel(&p->itimer[k].timer);
	}
}

/* --- calls ------------------------------------------------------------------------------------ */

static s64 put(struct task *t, u64 to, u32 kind)
{
	u64 interval = t->process->itimer[kind].interval, left = left_of(t->process, kind);
	u64 v[4] = { interval / NS_PER_SEC, interval % NS_PER_SEC / 1000, left / NS_PER_SEC,
		     left % NS_PER_SEC / 1000 };

	return copy_out(t->mm, to, v, sizeof v);
}

s64 lx_getitimer(struct task *t, u64 kind, u64 to)
{
	return put(t, to, (u32)kind);
}

static bool time_ok(const s64 v[2])
{
	return v[0] >= 0 && v[0] <= INT32_MAX * 64ll && v[1] >= 0 && v[1] < 1000000;
}

s64 lx_setitimer(struct task *t, u64 kind, u64 from, u64 old)
{
	s64 v[4] = { 0 };

	if (from != 0 && copy_in(t->mm, v, from, sizeof v) != 0)
		return -EFAULT;
	if (!time_ok(v) || !time_ok(v + 2))
		return -EINVAL;
	if (old != 0 && put(t, old, (u32)kind) != 0)
		return -EFAULT;
	set(t->process, (u32)kind, (u64)v[2] * NS_PER_SEC + (u64)v[3] * 1000,
	    (u64)v[0] * NS_PER_SEC + (u64)v[1] * 1000);
	return 0;
}

s64 lx_alarm(struct task *t, u64 seconds)
{
	u64 left = left_of(t->process, REAL);

	set(t->process, REAL, (u32)seconds * NS_PER_SEC, 0);
	/* Rounded, but something that is left is not told as nothing. */
	if (left == 0)
		return 0;
	return left < NS_PER_SEC ? 1 : (s64)((left + NS_PER_SEC / 2) / NS_PER_SEC);
}
