/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: affinity, priorities, policies.
 */
#include "internal.h"
#include "leave.h"
#include "../mm/mm.h"
#include "linux/calls.h"
#include "linux/words.h"

enum { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE = 5, SCHED_DEADLINE = 6 };
enum { RESET_ON_FORK = 0x40000000, RT_MAX = 99, ATTR_BYTES = 48 };
enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

/* struct sched_attr, version 0. */
struct attr {
	u32 size, policy;
	u64 flags;
	s32 nice;
	u32 priority;
	u64 runtime, deadline, period;
};

static struct task *find(struct task *t, u64 pid)
{
	return (s32)pid == 0 ? t : (s32)pid < 0 ? NULL : task_find((u32)pid);
}

static bool may_change(struct task *t, const struct task *o)
{
	return t->ids.euid == o->ids.uid || t->ids.euid == o->ids.euid ||
	       task_capable(t, CAP_SYS_NICE);
}

/* --- affinity ---------------------------------------------------------------------------- */

/* Move it now, wherever it is. */
static void move(struct task *o, u32 cpu)
{
	if (o->cpu == cpu || o->ended)
		return;
	if (o->fiber == NULL && !o->halted) {
		(void)thread_stop(o->thread);
		task_leaves_cpu(o);
		(void)task_set_cpu(o, cpu);
		task_enters_cpu(o);
		(void)thread_resume(o->thread);
		return;
	}
	/* In a call: it is moved when it goes on. */
	o->move_to = cpu + 1;
	o->work |= WORK_MOVE;
}

s64 lx_sched_setaffinity(struct task *t, u64 pid, u64 bytes, u64 from)
{
	struct task *o = find(t, pid);
	u64 mask = 0;

	if (copy_in(t->mm, &mask, from, bytes < sizeof mask ? bytes : sizeof mask) != 0)
		return -EFAULT;
	if (o == NULL)
		return -ESRCH;
	if (!may_change(t, o))
		return -EPERM;
	mask &= cpus_all();
	if (mask == 0)
		return -EINVAL;
	o->affinity = mask;
	if (!((mask >> o->cpu) & 1))
		move(o, cpu_choose(mask));
	return 0;
}

s64 lx_sched_getaffinity(struct task *t, u64 pid, u64 bytes, u64 to)
{
	struct task *o = find(t, pid);
	u64 mask;

	if (bytes < sizeof mask || bytes % sizeof mask != 0)
		return -EINVAL;
	if (o == NULL)
		return -ESRCH;
	mask = o->affinity & cpus_all();
	return copy_out(t->mm, to, &mask, sizeof mask) != 0 ? -EFAULT : (s64)sizeof mask;
}

s64 lx_getcpu(struct task *t, u64 ucpu, u64 unode, u64 unused)
{
	u32 node = 0;

	(void)unused;
	if (ucpu != 0 && copy_out(t->mm, ucpu, &t->cpu, sizeof t->cpu) != 0)
		return -EFAULT;
	if (unode != 0 && copy_out(t->mm, unode, &node, sizeof node) != 0)
		return -EFAULT;
	return 0;
}

/*
 * Whoever else wants to run gets the CPU: with nobody else, this call has given them the chance
 * already, for the server ran in between; else the task begins a new turn, behind the others.
 */
s64 lx_sched_yield(struct task *t)
{
	task_requeue(t);
	return 0;
}

/* --- nice --------------------------------------------------------------------------------- */

struct nice {
	struct task *from;
	u64 type;
	u32 id;
	bool set;
	s32 value, best; /* best: lowest found */
	u32 found;
	s64 error;
};

static void nice_task(struct nice *n, struct task *o)
{
	n->found++;
	if (o->nice < n->best)
		n->best = o->nice;
	if (!n->set)
		return;
	if (!may_change(n->from, o)) {
		n->error = -EPERM;
		return;
	}
	if (n->value < o->nice && !task_capable(n->from, CAP_SYS_NICE) &&
	    (u64)(20 - n->value) > o->process->rlimit[RLIMIT_NICE].soft) {
		n->error = -EACCES;
		return;
	}
	o->nice = n->value;
	task_set_share(o);
}

static bool nice_process(struct process *p, void *arg)
{
	struct nice *n = arg;

	if (p->state != PROCESS_LIVE || (n->type == PRIO_PGRP && p->pgid != n->id))
		return true;
	list_for(l, &p->tasks) {
		struct task *o = container_of(l, struct task, peer);

		if (!o->ended && (n->type != PRIO_USER || o->ids.uid == n->id))
			nice_task(n, o);
	}
	return true;
}

static s64 nice_all(struct task *t, struct nice *n)
{
	n->from = t;
	n->best = 20;
	if (n->type == PRIO_PROCESS) {
		struct task *o = find(t, n->id);

		if (o != NULL)
			nice_task(n, o);
	} else {
		if (n->id == 0)
			n->id = n->type == PRIO_PGRP ? t->process->pgid : t->ids.uid;
		process_each(nice_process, n);
	}
	return n->found == 0 ? -ESRCH : n->error;
}

s64 lx_setpriority(struct task *t, u64 type, u64 id, u64 value)
{
	s32 v = (s32)value;
	struct nice n = { .type = type, .id = (u32)id, .set = true };

	n.value = v < -20 ? -20 : v > 19 ? 19 : v;
	return nice_all(t, &n);
}

s64 lx_getpriority(struct task *t, u64 type, u64 id)
{
	struct nice n = { .type = type, .id = (u32)id };
	s64 e = nice_all(t, &n);

	return e != 0 ? e : 20 - n.best;
}

/* --- policies -------------------------------------------------------------------------------- */

static bool is_realtime(u32 policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static s64 set_policy(struct task *t, u64 pid, u32 policy, u32 priority)
{
	struct task *o = find(t, pid);

	policy &= ~(u32)RESET_ON_FORK;
	if ((s32)pid < 0)
		return -EINVAL;
	if (is_realtime(policy) ? priority < 1 || priority > RT_MAX : priority != 0)
		return -EINVAL;
	if (o == NULL)
		return -ESRCH;
	if (!task_capable(t, CAP_SYS_NICE)) {
		if (!may_change(t, o))
			return -EPERM;
		if (is_realtime(policy) && priority > o->process->rlimit[RLIMIT_RTPRIO].soft)
			return -EPERM;
	}
	realtime_spent(o);
	o->policy = policy;
	o->rt_priority = priority;
	task_set_share(o);
	return 0;
}

s64 lx_sched_setscheduler(struct task *t, u64 pid, u64 policy, u64 from)
{
	u32 priority;

	if (copy_in(t->mm, &priority, from, sizeof priority) != 0)
		return -EFAULT;
	return set_policy(t, pid, (u32)policy, priority);
}

s64 lx_sched_setparam(struct task *t, u64 pid, u64 from)
{
	struct task *o = find(t, pid);
	u32 priority;

	if (copy_in(t->mm, &priority, from, sizeof priority) != 0)
		return -EFAULT;
	return o == NULL ? -ESRCH : set_policy(t, pid, o->policy, priority);
}

s64 lx_sched_getscheduler(struct task *t, u64 pid)
{
	struct task *o = find(t, pid);

	return (s32)pid < 0 ? -EINVAL : o == NULL ? -ESRCH : (s64)o->policy;
}

s64 lx_sched_getparam(struct task *t, u64 pid, u64 to)
{
	struct task *o = find(t, pid);

	if ((s32)pid < 0)
		return -EINVAL;
	return o == NULL ? -ESRCH : copy_out(t->mm, to, &o->rt_priority, sizeof o->rt_priority);
}

s64 lx_sched_get_priority_max(struct task *t, u64 policy)
{
	(void)t;
	return is_realtime((u32)policy) ? RT_MAX : 0;
}

s64 lx_sched_get_priority_min(struct task *t, u64 policy)
{
	(void)t;
	return is_realtime((u32)policy);
}

s64 lx_sched_rr_get_interval(struct task *t, u64 pid, u64 to)
{
	struct task *o = find(t, pid);

	if ((s32)pid < 0)
		return -EINVAL;
	return o == NULL ? -ESRCH : copy_timespec_out(t, to, o->policy == SCHED_FIFO ? 0 : 4000000);
}

s64 lx_sched_setattr(struct task *t, u64 pid, u64 from, u64 flags)
{
	struct attr a = { 0 };
	struct task *o = find(t, pid);

	(void)flags; /* none */
	if ((s32)pid < 0)
		return -EINVAL;
	if (copy_in(t->mm, &a, from, sizeof a.size) != 0)
		return -EFAULT;
	if (a.size != 0 && a.size < ATTR_BYTES)
		return -E2BIG;
	if (copy_in(t->mm, &a, from, ATTR_BYTES) != 0)
		return -EFAULT;
	if (!lx_takes_sched_setattr_policy(a.policy))
		return lx_refused(t, LX_TAKES_SCHED_SETATTR_POLICY, a.policy, NULL);
	if (!lx_takes_sched_setattr_schedflags(a.flags))
		return lx_refused(t, LX_TAKES_SCHED_SETATTR_SCHEDFLAGS, a.flags, NULL);
	if (o == NULL)
		return -ESRCH;
	s64 e = set_policy(t, pid, a.policy, a.priority);
	if (e == 0 && !is_realtime(a.policy) && a.nice != o->nice) {
		if (a.nice < -20 || a.nice > 19)
			return -EINVAL;
		e = lx_setpriority(t, PRIO_PROCESS, pid, (u64)a.nice);
	}
	return e;
}

s64 lx_sched_getattr(struct task *t, u64 pid, u64 to, u64 size, u64 flags)
{
	struct task *o = find(t, pid);
	struct attr a;

	(void)flags; /* none */
	if ((s32)pid < 0 || size < ATTR_BYTES || size > PAGE)
		return -EINVAL;
	if (o == NULL)
		return -ESRCH;
	a = (struct attr){ .size = ATTR_BYTES,
			   .policy = o->policy,
			   .nice = o->nice,
			   .priority = o->rt_priority };
	return copy_out(t->mm, to, &a, sizeof a);
}
