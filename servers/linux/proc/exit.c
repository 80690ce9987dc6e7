/* SPDX-License-Identifier: MIT */
/*
 * The end of tasks and processes.
 */
#include "internal.h"
#include "leave.h"
#include "../core/trace.h"
#include "../fs/vfs.h"
#include "../mm/mm.h"
#include "../tty/tty.h"
#include "linux/calls.h"

enum { FIRST_PID = 1 };

static struct list users;
static bool users_known;

struct user *user_find(u32 uid)
{
	struct user *u;

	if (!users_known)
		list_init(&users);
	users_known = true;
	list_for(l, &users) {
		u = container_of(l, struct user, link);
		if (u->uid == uid)
			return u;
	}
	u = kalloc(sizeof *u);
	if (u == NULL)
		return NULL;
	u->uid = uid;
	list_add(&users, &u->link);
	return u;
}

bool user_queue_bytes(u32 uid, s64 more, u64 limit)
{
	struct user *u = user_find(uid);

	if (u == NULL || (more > 0 && (u->queue_bytes > limit || (u64)more > limit - u->queue_bytes)))
		return false;
	u->queue_bytes += (u64)more;
	return true;
}

struct task *process_task(struct process *p)
{
	list_for(l, &p->tasks) {
		struct task *t = container_of(l, struct task, peer);

		if (!t->ended)
			return t;
	}
	return list_empty(&p->tasks) ? NULL : container_of(p->tasks.next, struct task, peer);
}

/* --- telling the parent ------------------------------------------------------------------ */

static void fill_child(struct process *p, struct siginfo *info)
{
	struct task *t = process_task(p);
	u64 user, system;

	process_times(p, &user, &system);
	info->child.pid = (s32)p->pid;
	info->child.uid = t == NULL ? 0 : t->ids.uid;
	info->child.utime = (s64)(user / (NS_PER_SEC / CLOCK_TICKS));
	info->child.stime = (s64)(system / (NS_PER_SEC / CLOCK_TICKS));
}

void process_tell_parent(struct process *p, int code, int status)
{
	struct process *parent = p->parent;
	struct siginfo info = { .signo = SIGCHLD, .code = code };
	const struct sigaction *a;

	if (parent == NULL)
		return;
	a = &parent->hand->action[SIGCHLD - 1];
	fill_child(p, &info);
	info.child.status = status;
	if (code <= CLD_DUMPED || !(a->flags & SA_NOCLDSTOP)) {
		info.signo = code <= CLD_DUMPED ? (s32)p->exit_signal : SIGCHLD;
		if (info.signo != 0)
			(void)signal_process(parent, info.signo, &info);
	}
	wake_all(&parent->child_wait, 0);
}

/* --- groups that nobody controls any more (POSIX, 3.264) ------------------------------------ */

struct orphan {
	u32 pgid;
	const struct process *without;
	bool controlled, stopped;
};

/*
 * The first process may be the shell that started the group.  It does not look after what it only
 * got when others ended, as little as Linux's own first process does.
 */
static bool look_at_member(struct process *p, void *arg)
{
	struct orphan *o = arg;
	const struct process *parent = p->parent;

	if (p->pgid != o->pgid || p->state != PROCESS_LIVE || p == o->without)
		return true;
	if (p->stopped)
		o->stopped = true;
	if (parent != NULL && parent != o->without && parent->pgid != p->pgid &&
	    parent->sid == p->sid && parent->state == PROCESS_LIVE && !p->adopted)
		o->controlled = true;
	return true;
}

bool group_is_orphaned(u32 pgid, const struct process *without)
{
	struct orphan o = { .pgid = pgid, .without = without };

	process_each(look_at_member, &o);
	return !o.controlled;
}

/* Groups that become orphaned because p ends, with stopped members: they are let go. */
static void release_group(u32 pgid, const struct process *p)
{
	struct orphan before = { .pgid = pgid }, after = { .pgid = pgid, .without = p };

	process_each(look_at_member, &before);
	process_each(look_at_member, &after);
	if (!before.controlled || after.controlled || !after.stopped)
		return;
	(void)signal_group(pgid, SIGHUP, NULL);
	(void)signal_group(pgid, SIGCONT, NULL);
}

/* --- the end of a process --------------------------------------------------------------------- */

void process_free(struct process *p)
{
	if (p->exe != NULL)
		inode_put(p->exe);
	/* An epoll that outlives the process may watch a signalfd of it. */
	list_for_safe(l, &p->signal_wait.waiters)
		list_del(l);
	kfree(p->exe_name);
	kfree(p);
}

void process_reap(struct process *p)
{
	struct process *parent = p->parent;
	struct task *leader = container_of(p->tasks.next, struct task, peer);

	p->state = PROCESS_DEAD;
	busy_ended(p->user_ticks + p->system_ticks);
	if (parent != NULL) {
		u64 own_peak = p->peak_pages > p->child_peak_pages ? p->peak_pages
								   : p->child_peak_pages;

		parent->child_user_ticks += p->user_ticks + p->child_user_ticks;
		parent->child_system_ticks += p->system_ticks + p->child_system_ticks;
		if (own_peak > parent->child_peak_pages)
			parent->child_peak_pages = own_peak;
	}
	list_del(&p->sibling);
	process_list_del(p);
	pid_set_task(p->pid, NULL);
	pid_set_process(p->pid, NULL);
	pid_unuse(p->pgid);
	pid_unuse(p->sid);
	leader->process = NULL;
	if (leader->fiber == NULL)
		task_free(leader);
	process_free(p);
}

/*
 * Children go to the nearest ancestor that asked for them, or to the first process; when that has
 * ended, to nobody.
 */
static struct process *new_parent(struct process *p)
{
	struct process *first = process_find(FIRST_PID);

	for (struct process *a = p->parent; a != NULL; a = a->parent) {
		if (a->subreaper && a->state == PROCESS_LIVE)
			return a;
	}
	return first != NULL && first->state == PROCESS_LIVE ? first : NULL;
}

static bool reaps_itself(const struct process *p)
{
	const struct sigaction *a;

	if (p->parent == NULL || p->parent->state != PROCESS_LIVE)
		return false;
	a = &p->parent->hand->action[SIGCHLD - 1];
	return p->exit_signal == SIGCHLD &&
	       (a->handler == SIG_IGN || (a->flags & SA_NOCLDWAIT));
}

static void give_children(struct process *p)
{
	struct process *to = new_parent(p);

	list_for_safe(l, &p->children) {
		struct process *c = container_of(l, struct process, sibling);

		list_del(&c->sibling);
		c->parent = to;
		c->adopted = to == NULL || to->pid == FIRST_PID;
		if (to == NULL)
			continue;
		list_add(&to->children, &c->sibling);
		c->exit_signal = SIGCHLD;
		if (c->death_signal != 0)
			(void)signal_process(c, (int)c->death_signal, NULL);
		if (c->state != PROCESS_ZOMBIE)
			continue;
		if (reaps_itself(c))
			process_reap(c);
		else
			wake_all(&to->child_wait, 0);
	}
}

static void release_groups(struct process *p)
{
	if (p->parent != NULL && p->parent->pgid != p->pgid)
		release_group(p->pgid, p);
	list_for(l, &p->children) {
		struct process *c = container_of(l, struct process, sibling);

		if (c->pgid != p->pgid && c->sid == p->sid)
			release_group(c->pgid, p);
	}
}

static bool end_with_first(struct process *p, void *first)
{
	if (p != first)
		process_exit(p, SIGKILL);
	return true;
}

static void process_end(struct process *p)
{
	int status = (int)p->exit_status;

	itimers_drop(p);
	posix_timers_drop(p);
	sigpending_drop(&p->pending, ~0ull);
	if (p->pid == FIRST_PID)
		server_end(status);
	if (p->sid == p->pid)
		tty_session_ended(p->sid);
	if (p->tty != NULL)
		tty_put(p->tty);
	p->tty = NULL;
	release_groups(p);
	p->state = PROCESS_ZOMBIE;
	p->stopped = false;
	sighand_put(p->hand);
	p->hand = NULL;
	give_children(p);
	/* With the first process everything ends. */
	if (p->pid == FIRST_PID)
		process_each(end_with_first, p);
	bool alone = reaps_itself(p);
	if ((status & 0x7f) == 0)
		process_tell_parent(p, CLD_EXITED, (status >> 8) & 0xff);
	else
		process_tell_parent(p, CLD_KILLED, status & 0x7f);
	if (alone)
		process_reap(p);
}

/* --- the end of a task ---------------------------------------------------------------------------- */

void task_leave_mm(struct task *t)
{
	u32 zero = 0;

	futex_robust_exit(t);
	if (t->clear_tid != 0) {
		if (copy_out(t->mm, t->clear_tid, &zero, sizeof zero) == 0)
			futex_wake_addr(t, t->clear_tid);
		t->clear_tid = 0;
	}
	if (t->vfork_done != NULL)
		wake_all(t->vfork_done, 0);
	t->vfork_done = NULL;
}

static void drop_parts(struct task *t)
{
	struct mm_stat stat;

	fdtable_put(t->files);
	fsinfo_put(t->fs);
	if (t->process->live == 1) {
		mm_stat(t->mm, &stat);
		t->process->peak_pages = stat.peak_pages;
	}
	mm_put(t->mm);
	t->files = NULL;
	t->fs = NULL;
	t->mm = NULL;
}

void task_exit(struct task *t, u32 status)
{
	struct process *p = t->process;

	if (trace_on)
		trace_ended(t, status);
	t->work &= ~(u32)(WORK_KILL | WORK_STOP | WORK_SIGNAL);
	t->exiting = true;
	task_leave_mm(t);
	drop_parts(t);
	sigpending_drop(&t->pending, ~0ull);
	user_find(t->ids.uid)->tasks--;
	realtime_spent(t);
	t->ended = true;
	t->work = WORK_ENDED;
	p->user_ticks += t->user_ticks;
	p->system_ticks += t->system_ticks;
	t->user_ticks = t->system_ticks = 0;
	p->live--;
	if (!p->group_exit)
		p->exit_status = status;
	if (t->tid != p->pid) {
		list_del(&t->peer);
		pid_set_task(t->tid, NULL);
		t->process = NULL;
	}
	if (p->live == 0) {
		process_end(p);
		return;
	}
	wake_all(&p->child_wait, 0);
}

void process_exit(struct process *p, u32 status)
{
	if (p->group_exit || p->state != PROCESS_LIVE)
		return;
	p->group_exit = true;
	p->exit_status = status;
	p->stopped = false;
	list_for_safe(l, &p->tasks) {
		struct task *t = container_of(l, struct task, peer);

		if (t->ended || t->exiting)
			continue;
		t->work |= WORK_KILL;
		if (t != current())
			task_kick(t, true);
	}
}

s64 process_only(struct task *t)
{
	struct process *p = t->process;

	list_for_safe(l, &p->tasks) {
		struct task *o = container_of(l, struct task, peer);

		if (o == t || o->ended || o->exiting)
			continue;
		o->work |= WORK_KILL;
		task_kick(o, true);
	}
	while (p->live > 1 && !(t->work & WORK_KILL))
		(void)wait_on(&p->child_wait, NO_DEADLINE, SLEEP_KILLABLE);
	return t->work & WORK_KILL ? -EINTR : 0;
}

s64 lx_exit(struct task *t, u64 status)
{
	task_exit(t, (u32)(status & 0xff) << 8);
	return 0;
}

s64 lx_exit_group(struct task *t, u64 status)
{
	process_exit(t->process, (u32)(status & 0xff) << 8);
	if (!(t->work & WORK_ENDED))
		task_exit(t, t->process->exit_status);
	return 0;
}
