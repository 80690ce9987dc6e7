/* SPDX-License-Identifier: MIT */
/*
 * Numbers: of tasks and processes, groups and sessions.
 */
#include "internal.h"
#include "../tty/tty.h"
#include "linux/calls.h"

s64 lx_getpid(struct task *t)
{
	return t->process->pid;
}

s64 lx_gettid(struct task *t)
{
	return t->tid;
}

s64 lx_getppid(struct task *t)
{
	return t->process->parent == NULL ? 0 : t->process->parent->pid;
}

s64 lx_getpgrp(struct task *t)
{
	return t->process->pgid;
}

static struct process *find(struct task *t, u64 pid)
{
	return (s32)pid == 0 ? t->process : (s32)pid < 0 ? NULL : process_find((u32)pid);
}

s64 lx_getpgid(struct task *t, u64 pid)
{
	struct process *p = find(t, pid);

	return p == NULL ? -ESRCH : (s64)p->pgid;
}

s64 lx_getsid(struct task *t, u64 pid)
{
	struct process *p = find(t, pid);

	return p == NULL ? -ESRCH : (s64)p->sid;
}

static void change_group(struct process *p, u32 pgid)
{
	pid_unuse(p->pgid);
	p->pgid = pgid;
	pid_use(pgid);
}

s64 lx_setpgid(struct task *t, u64 pid, u64 pgid)
{
	struct process *me = t->process, *p = find(t, pid);
	u32 to;

	if ((s32)pgid < 0 || (pgid == 0 && (s32)pid < 0))
		return -EINVAL;
	if (p == NULL || (p != me && p->parent != me))
		return -ESRCH;
	to = pgid == 0 ? p->pid : (u32)pgid;
	if (p != me && p->sid != me->sid)
		return -EPERM;
	if (p != me && p->exec_done)
		return -EACCES;
	if (p->sid == p->pid)
		return -EPERM;
	if (to != p->pid && !group_exists(to, me->sid))
		return -EPERM;
	if (to != p->pgid)
		change_group(p, to);
	return 0;
}

s64 lx_setsid(struct task *t)
{
	struct process *p = t->process;

	if (p->pgid == p->pid || group_exists(p->pid, 0))
		return -EPERM;
	change_group(p, p->pid);
	pid_unuse(p->sid);
	p->sid = p->pid;
	pid_use(p->sid);
	if (p->tty != NULL)
		tty_put(p->tty);
	p->tty = NULL;
	return p->sid;
}
