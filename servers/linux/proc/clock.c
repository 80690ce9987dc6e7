/* SPDX-License-Identifier: MIT */
/*
 * Clocks and sleeping.
 */
#include "clock.h"
#include "internal.h"
#include "../mm/mm.h"
#include "linux/calls.h"

enum { TIMER_ABSTIME = 1, LOOK_NS = 1000000 };
/* CLOCK ids of other processes and tasks: ~pid << 3 | 4 if a task | which (man clock_getcpuclockid). */
enum { CPUCLOCK_TASK = 4, CPUCLOCK_MASK = 3, CPUCLOCK_MAX = 2 };
#define TIME_T_MAX (INT64_MAX / (s64)NS_PER_SEC)

s64 copy_timespec_in(struct task *t, u64 addr, u64 *ns)
{
	s64 v[2];

	if (copy_in(t->mm, v, addr, sizeof v) != 0)
		return -EFAULT;
	if (v[0] < 0 || v[1] < 0 || v[1] >= (s64)NS_PER_SEC)
		return -EINVAL;
	*ns = v[0] >= TIME_T_MAX ? INT64_MAX : (u64)v[0] * NS_PER_SEC + (u64)v[1];
	return 0;
}

s64 copy_timespec_out(struct task *t, u64 addr, u64 ns)
{
	u64 v[2] = { ns / NS_PER_SEC, ns % NS_PER_SEC };

	return copy_out(t->mm, addr, v, sizeof v);
}

static s64 cpu_clock(struct task *t, s32 id, u64 *ns)
{
	u32 pid = (u32)~(id >> 3);
	u64 user, system;

	if ((id & CPUCLOCK_MASK) > CPUCLOCK_MAX)
		return -EINVAL;
	if (id & CPUCLOCK_TASK) {
		struct task *o = pid == 0 ? t : task_find(pid);

		if (o == NULL || o->process != t->process)
			return -EINVAL;
		task_times(o, &user, &system);
	} else {
		struct process *p = pid == 0 ? t->process : process_find(pid);

		if (p == NULL)
			return -EINVAL;
		process_times(p, &user, &system);
	}
	*ns = (id & CPUCLOCK_MASK) == 1 ? user : user + system;
	return 0;
}

s64 clock_now(struct task *t, u64 id, u64 *ns)
{
	u64 user, system;

	switch ((s32)id) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI: *ns = now_real(); return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME_ALARM:
	case CLOCK_BOOTTIME: *ns = now_mono(); return 0;
	case CLOCK_PROCESS_CPUTIME: process_times(t->process, &user, &system); break;
	case CLOCK_THREAD_CPUTIME: task_times(t, &user, &system); break;
	default: return (s32)id < 0 ? cpu_clock(t, (s32)id, ns) : -EINVAL;
	}
	*ns = user + system;
	return 0;
}

bool clock_is_real(u64 id)
{
	return id == CLOCK_REALTIME || id == CLOCK_REALTIME_ALARM || id == CLOCK_TAI;
}

s64 clock_deadline(u64 id, bool absolute, u64 ns, u64 *deadline)
{
	u64 now = now_mono(), real;

	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		real = now_real();
		if (absolute) {
			*deadline = ns <= real ? 0 : now + (ns - real);
			return 0;
		}
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM: break;
	default: return -EINVAL;
	}
	*deadline = absolute ? ns : now + ns;
	return 0;
}

/* --- reading and setting ------------------------------------------------------------------- */

s64 lx_clock_gettime(struct task *t, u64 id, u64 to)
{
	u64 ns;
	s64 e = clock_now(t, id, &ns);

	return e != 0 ? e : copy_timespec_out(t, to, ns);
}

s64 lx_clock_getres(struct task *t, u64 id, u64 to)
{
	u64 ns;
	s64 e = clock_now(t, id, &ns);
	bool coarse = id == CLOCK_REALTIME_COARSE || id == CLOCK_MONOTONIC_COARSE;

	if (e != 0 || to == 0)
		return e;
	return copy_timespec_out(t, to, coarse ? 4000000 : 1);
}

static s64 set_real(struct task *t, u64 ns)
{
	if (!task_capable(t, CAP_SYS_TIME))
		return -EPERM;
	real_set(ns);
	return 0;
}

s64 lx_clock_settime(struct task *t, u64 id, u64 from)
{
	u64 ns;
	s64 e;

	(void)id; /* CLOCK_REALTIME */
	e = copy_timespec_in(t, from, &ns);
	return e != 0 ? e : set_real(t, ns);
}

s64 lx_gettimeofday(struct task *t, u64 to, u64 zone)
{
	u64 now = now_real();
	u64 v[2] = { now / NS_PER_SEC, now % NS_PER_SEC / 1000 };
	u64 none = 0;

	if (to != 0 && copy_out(t->mm, to, v, sizeof v) != 0)
		return -EFAULT;
	return zone == 0 ? 0 : copy_out(t->mm, zone, &none, sizeof none);
}

s64 lx_settimeofday(struct task *t, u64 from, u64 zone)
{
	s64 v[2];

	(void)zone;
	if (from == 0)
		return task_capable(t, CAP_SYS_TIME) ? 0 : -EPERM;
	if (copy_in(t->mm, v, from, sizeof v) != 0)
		return -EFAULT;
	if (v[0] < 0 || v[0] >= TIME_T_MAX || v[1] < 0 || v[1] >= 1000000)
		return -EINVAL;
	return set_real(t, (u64)v[0] * NS_PER_SEC + (u64)v[1] * 1000);
}

s64 lx_time(struct task *t, u64 to)
{
	u64 now = now_real() / NS_PER_SEC;

	if (to != 0 && copy_out(t->mm, to, &now, sizeof now) != 0)
		return -EFAULT;
	return (s64)now;
}

/* --- sleeping --------------------------------------------------------------------------------- */

/* Until then; what is left is written to `left` (0: nowhere) when a signal ends it. */
static s64 sleep_until(struct task *t, u64 deadline, u64 left)
{
	s64 e = 0;

	while (e == 0)
		e = wait_on(&t->wait, deadline, 0);
	if (e == -ETIMEDOUT)
		return 0;
	if (left != 0) {
		u64 now = now_mono();

		if (copy_timespec_out(t, left, deadline > now ? deadline - now : 0) != 0)
			return -EFAULT;
	}
	return -ERESTART_BLOCK;
}

static s64 sleep_again(struct task *t)
{
	return sleep_until(t, t->restart.a[0], t->restart.a[1]);
}

static s64 sleep_for(struct task *t, u64 ns, u64 left)
{
	u64 now = now_mono();
	u64 deadline = ns > INT64_MAX - now ? INT64_MAX : now + ns;

	t->restart.call = sleep_again;
	t->restart.a[0] = deadline;
	t->restart.a[1] = left;
	return sleep_until(t, deadline, left);
}

s64 lx_nanosleep(struct task *t, u64 from, u64 left)
{
	u64 ns;
	s64 e = copy_timespec_in(t, from, &ns);

	return e != 0 ? e : sleep_for(t, ns, left);
}

/*
 * Sleep on a clock of processor time: look now and then.  It may be one's own, which stands still
 * meanwhile: then only a signal ends it, and there must be time in between for all others.
 */
static s64 sleep_cpu(struct task *t, u64 id, u64 until)
{
	u64 now;

	for (;;) {
		s64 e = clock_now(t, id, &now);

		if (e != 0 || now >= until)
			return e;
		const u64 left = until - now < LOOK_NS ? LOOK_NS : until - now;

		e = wait_on(&t->wait, now_mono() + left, 0);
		if (e == -EINTR)
			return -ERESTART_NOHAND;
	}
}

s64 lx_clock_nanosleep(struct task *t, u64 id, u64 flags, u64 from, u64 left)
{
	bool absolute = (flags & TIMER_ABSTIME) != 0;
	u64 ns, deadline, now;
	s64 e = clock_now(t, id, &now);

	if (e != 0)
		return e;
	e = copy_timespec_in(t, from, &ns);
	if (e != 0)
		return e;
	e = clock_deadline(id, absolute, ns, &deadline);
	if (e != 0)
		return sleep_cpu(t, id, absolute ? ns : now + ns);
	if (!absolute)
		return sleep_for(t, ns, left);
	e = sleep_until(t, deadline, 0);
	return e == -ERESTART_BLOCK ? -ERESTART_NOHAND : e;
}

s64 lx_restart_syscall(struct task *t)
{
	s64 (*call)(struct task *) = t->restart.call;

	return call == NULL ? -EINTR : call(t);
}
