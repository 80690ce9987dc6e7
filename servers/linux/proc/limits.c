/* SPDX-License-Identifier: MIT */
/*
 * Resource limits.
 */
#include "internal.h"
#include "../mm/mm.h"
#include "linux/calls.h"

#define NOFILE_MAX (1024 * 1024ull)

static s64 set(struct task *t, struct process *p, u32 which, const struct rlimit *new)
{
	struct rlimit *l = &p->rlimit[which];

	if (new->soft > new->hard)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new->hard > NOFILE_MAX)
		return -EPERM;
	if (new->hard > l->hard && !task_capable(t, CAP_SYS_RESOURCE))
		return -EPERM;
	*l = *new;
	if (which == RLIMIT_CPU)
		cpu_timers_arm(p);
	return 0;
}

static bool may_change(struct task *t, struct process *p)
{
	struct task *o = process_task(p);

	if (p == t->process || task_capable(t, CAP_SYS_RESOURCE))
		return true;
	return o != NULL && t->ids.uid == o->ids.uid && t->ids.uid == o->ids.euid &&
	       t->ids.uid == o->ids.suid && t->ids.gid == o->ids.gid &&
	       t->ids.gid == o->ids.egid && t->ids.gid == o->ids.sgid;
}

s64 lx_prlimit64(struct task *t, u64 pid, u64 which, u64 unew, u64 uold)
{
	struct process *p = (s32)pid == 0 ? t->process : process_find((u32)pid);
	struct rlimit new, old;

	if (unew != 0 && copy_in(t->mm, &new, unew, sizeof new) != 0)
		return -EFAULT;
	if (p == NULL)
		return -ESRCH;
	if (!may_change(t, p))
		return -EPERM;
	old = p->rlimit[which];
	if (unew != 0) {
		s64 e = set(t, p, (u32)which, &new);

		if (e != 0)
			return e;
	}
	if (uold != 0 && copy_out(t->mm, uold, &old, sizeof old) != 0)
		return -EFAULT;
	return 0;
}

s64 lx_getrlimit(struct task *t, u64 which, u64 to)
{
	return to == 0 ? -EFAULT : lx_prlimit64(t, 0, which, 0, to);
}

s64 lx_setrlimit(struct task *t, u64 which, u64 from)
{
	return from == 0 ? -EFAULT : lx_prlimit64(t, 0, which, from, 0);
}
