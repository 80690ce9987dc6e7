/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children, and what they used.
 */
#include "internal.h"
#include "leave.h"
#include "../mm/mm.h"
#include "linux/calls.h"

enum {
	WNOHANG = 1,
	WSTOPPED = 2,
	WEXITED = 4,
	WCONTINUED = 8,
	WNOWAIT = 0x1000000,
};
#define WALL 0x40000000u
#define WCLONE 0x80000000u
enum { P_ALL, P_PID, P_PGID };
enum { RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1 };

struct rusage {
	s64 utime[2], stime[2], maxrss, zero0[3], minflt, majflt, zero1[8];
};
_Static_assert(sizeof(struct rusage) == 144, "struct rusage of Linux");

/* Whom to wait for, and what was found. */
struct want {
	u32 type, id, options;
	struct siginfo info;
	u32 status; /* as wait4 tells */
	struct rusage usage;
};

/* --- used time --------------------------------------------------------------------------- */

void task_times(const struct task *t, u64 *user, u64 *system)
{
	u64 u = t->user_ticks, s = t->system_ticks;

	if (!t->ended && t->fiber == NULL) {
		u32 share = cpu_running[t->cpu] > 1 ? cpu_running[t->cpu] : 1;

		u += (now_ticks() - t->left) / share;
	}
	*user = ticks_to_ns(u);
	*system = ticks_to_ns(s);
}

void process_times(const struct process *p, u64 *user, u64 *system)
{
	*user = ticks_to_ns(p->user_ticks);
	*system = ticks_to_ns(p->system_ticks);
	list_for(l, &p->tasks) {
		u64 u, s;

		task_times(container_of(l, struct task, peer), &u, &s);
		*user += u;
		*system += s;
	}
}

static void put_time(s64 to[2], u64 ns)
{
	to[0] = (s64)(ns / NS_PER_SEC);
	to[1] = (s64)(ns % NS_PER_SEC / 1000);
}

static void usage_of(struct process *p, struct rusage *r)
{
	u64 user, system;

	*r = (struct rusage){ 0 };
	process_times(p, &user, &system);
	put_time(r->utime, user);
	put_time(r->stime, system);
	list_for(l, &p->tasks) {
		r->minflt += (s64)container_of(l, struct task, peer)->minor_faults;
		r->majflt += (s64)container_of(l, struct task, peer)->major_faults;
	}
	r->maxrss = (s64)p->peak_pages * 4;
}

s64 lx_getrusage(struct task *t, u64 who, u64 to)
{
	struct process *p = t->process;
	struct rusage r = { 0 };
	u64 user, system;

	switch ((s32)who) {
	case RUSAGE_SELF: {
		struct mm_stat stat;

		usage_of(p, &r);
		mm_stat(t->mm, &stat);
		r.maxrss = (s64)stat.peak_pages * 4;
		break;
	}
	case RUSAGE_CHILDREN:
		put_time(r.utime, ticks_to_ns(p->child_user_ticks));
		put_time(r.stime, ticks_to_ns(p->child_system_ticks));
		r.maxrss = (s64)p->child_peak_pages * 4;
		break;
	case RUSAGE_THREAD:
		task_times(t, &user, &system);
		put_time(r.utime, user);
		put_time(r.stime, system);
		r.minflt = (s64)t->minor_faults;
		break;
	default: return -EINVAL;
	}
	return copy_out(t->mm, to, &r, sizeof r);
}

s64 lx_times(struct task *t, u64 to)
{
	struct process *p = t->process;
	u64 user, system, tick = NS_PER_SEC / CLOCK_TICKS;
	s64 out[4];

	process_times(p, &user, &system);
	out[0] = (s64)(user / tick);
	out[1] = (s64)(system / tick);
	out[2] = (s64)(ticks_to_ns(p->child_user_ticks) / tick);
	out[3] = (s64)(ticks_to_ns(p->child_system_ticks) / tick);
	if (to != 0 && copy_out(t->mm, to, out, sizeof out) != 0)
		return -EFAULT;
	return (s64)(now_mono() / tick);
}

/* --- children ---------------------------------------------------------------------------- */

static bool is_wanted(const struct want *w, const struct process *c)
{
	bool clone = c->exit_signal != SIGCHLD;

	if (w->type == P_PID && c->pid != w->id)
		return false;
	if (w->type == P_PGID && c->pgid != w->id)
		return false;
	return (w->options & WALL) || clone == ((w->options & WCLONE) != 0);
}

static void found(struct want *w, struct process *c, int code, int status)
{
	struct task *t = process_task(c);

	w->info = (struct siginfo){ .signo = SIGCHLD,
				    .code = code,
				    .child = { .pid = (s32)c->pid,
					       .uid = t == NULL ? 0 : t->ids.uid,
					       .status = status } };
	usage_of(c, &w->usage);
}

/* Has something happened to c that is waited for? */
static bool look_at(struct want *w, struct process *c)
{
	bool keep = (w->options & WNOWAIT) != 0;
	u32 status = c->exit_status;

	if (c->state == PROCESS_ZOMBIE && (w->options & WEXITED)) {
		found(w, c, (status & 0x7f) == 0 ? CLD_EXITED : CLD_KILLED,
		      (int)((status & 0x7f) == 0 ? status >> 8 & 0xff : status & 0x7f));
		w->status = status;
		if (!keep)
			process_reap(c);
		return true;
	}
	if (c->state != PROCESS_LIVE)
		return false;
	if (c->stopped && !c->stop_told && (w->options & WSTOPPED)) {
		found(w, c, CLD_STOPPED, (int)c->stop_status);
		w->status = c->stop_status << 8 | 0x7f;
		c->stop_told = !keep;
		return true;
	}
	if (c->continued && (w->options & WCONTINUED)) {
		found(w, c, CLD_CONTINUED, SIGCONT);
		w->status = 0xffff;
		c->continued = keep;
		return true;
	}
	return false;
}

/* @return the child's number, 0 (WNOHANG: nothing yet), or an error. */
static s64 look(struct process *p, struct want *w)
{
	bool any = false;

	list_for_safe(l, &p->children) {
		struct process *c = container_of(l, struct process, sibling);
		u32 pid = c->pid;

		if (!is_wanted(w, c))
			continue;
		any = true;
		if (look_at(w, c))
			return pid;
	}
	return any ? 0 : -ECHILD;
}

static s64 wait_for(struct task *t, struct want *w)
{
	bool interrupted = false;

	for (;;) {
		s64 e = look(t->process, w);

		if (e != 0 || (w->options & WNOHANG))
			return e;
		if (interrupted)
			return -ERESTART;
		interrupted = wait_on(&t->process->child_wait, NO_DEADLINE, 0) == -EINTR;
	}
}

s64 lx_wait4(struct task *t, u64 upid, u64 ustatus, u64 options, u64 urusage)
{
	struct want w = { .options = (u32)options | WEXITED };
	s32 pid = (s32)upid;
	s64 e;

	if (pid == INT32_MIN)
		return -ESRCH;
	w.type = pid > 0 ? P_PID : pid == -1 ? P_ALL : P_PGID;
	w.id = pid > 0 ? (u32)pid : pid == 0 ? t->process->pgid : (u32)-pid;
	e = wait_for(t, &w);
	if (e <= 0)
		return e;
	if (ustatus != 0 && copy_out(t->mm, ustatus, &w.status, sizeof w.status) != 0)
		return -EFAULT;
	if (urusage != 0 && copy_out(t->mm, urusage, &w.usage, sizeof w.usage) != 0)
		return -EFAULT;
	return e;
}

s64 lx_waitid(struct task *t, u64 type, u64 id, u64 uinfo, u64 options, u64 urusage)
{
	struct want w = { .type = (u32)type, .id = (u32)id, .options = (u32)options };
	s64 e;

	if (!(options & (WSTOPPED | WEXITED | WCONTINUED)))
		return -EINVAL;
	if ((w.type == P_PID && (s32)id <= 0) || (s32)id < 0)
		return -EINVAL;
	if (w.type == P_PGID && id == 0)
		w.id = t->process->pgid;
	e = wait_for(t, &w);
	if (e < 0)
		return e;
	if (e == 0)
		w.info = (struct siginfo){ 0 };
	if (uinfo != 0 && copy_out(t->mm, uinfo, &w.info, 48) != 0)
		return -EFAULT;
	if (e != 0 && urusage != 0 && copy_out(t->mm, urusage, &w.usage, sizeof w.usage) != 0)
		return -EFAULT;
	return 0;
}
