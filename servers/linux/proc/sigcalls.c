/* SPDX-License-Identifier: MIT */
/*
 * System calls about signals.
 */
#include "internal.h"
#include "../mm/mm.h"
#include "linux/calls.h"
#include "linux/words.h"

enum { SETSIZE = 8 };
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

s64 lx_rt_sigaction(struct task *t, u64 signo, u64 new, u64 old, u64 size)
{
	struct sigaction *a, act, was;

	if (size != SETSIZE || signo == 0 || (s32)signo > SIGNALS || (s32)signo < 0)
		return -EINVAL;
	a = &t->process->hand->action[(u32)signo - 1];
	if (new != 0) {
		if (copy_in(t->mm, &act, new, sizeof act) != 0)
			return -EFAULT;
		if (signo == SIGKILL || signo == SIGSTOP)
			return -EINVAL;
	}
	was = *a;
	if (new != 0) {
		act.mask &= ~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP));
		*a = act;
		/* What is pending and ignored now is forgotten (POSIX, sigaction). */
		if (act.handler == SIG_IGN ||
		    (act.handler == SIG_DFL && (signo == SIGCHLD || signo == SIGCONT ||
						signo == SIGURG || signo == SIGWINCH))) {
			sigpending_drop(&t->process->pending, SIG_BIT(signo));
			list_for(l, &t->process->tasks) {
				struct task *o = container_of(l, struct task, peer);

				sigpending_drop(&o->pending, SIG_BIT(signo));
				signal_recalc(o);
			}
		}
	}
	if (old != 0 && copy_out(t->mm, old, &was, sizeof was) != 0)
		return -EFAULT;
	return 0;
}

s64 lx_rt_sigprocmask(struct task *t, u64 how, u64 new, u64 old, u64 size)
{
	sigset_t was = t->blocked, set;

	if (size != SETSIZE)
		return -EINVAL;
	if (new != 0) {
		if (copy_in(t->mm, &set, new, sizeof set) != 0)
			return -EFAULT;
		switch ((u32)how) {
		case SIG_BLOCK: set = was | set; break;
		case SIG_UNBLOCK: set = was & ~set; break;
		case SIG_SETMASK: break;
		default: return lx_refused(t, LX_TAKES_RT_SIGPROCMASK_HOW, how, NULL);
		}
		signal_block(t, set);
	}
	if (old != 0 && copy_out(t->mm, old, &was, sizeof was) != 0)
		return -EFAULT;
	return 0;
}

s64 lx_rt_sigpending(struct task *t, u64 to, u64 size)
{
	sigset_t set = signal_pending(t) & t->blocked;

	if (size > SETSIZE)
		return -EINVAL;
	return copy_out(t->mm, to, &set, size);
}

s64 signal_mask_for_call(struct task *t, u64 set, u64 bytes)
{
	sigset_t mask;

	if (set == 0)
		return 0;
	if (bytes != SETSIZE)
		return -EINVAL;
	if (copy_in(t->mm, &mask, set, sizeof mask) != 0)
		return -EFAULT;
	if (!(t->work & WORK_RESTORE))
		t->saved_blocked = t->blocked;
	t->work |= WORK_RESTORE;
	signal_block(t, mask);
	return 0;
}

s64 lx_rt_sigsuspend(struct task *t, u64 set, u64 size)
{
	s64 e = set == 0 ? -EFAULT : signal_mask_for_call(t, set, size);

	if (e != 0)
		return e;
	while (!signal_waits(t))
		(void)wait_on(&t->wait, NO_DEADLINE, 0);
	return -ERESTART_NOHAND;
}

s64 lx_pause(struct task *t)
{
	while (!signal_waits(t))
		(void)wait_on(&t->wait, NO_DEADLINE, 0);
	return -ERESTART_NOHAND;
}

s64 lx_rt_sigtimedwait(struct task *t, u64 uset, u64 uinfo, u64 utimeout, u64 size)
{
	u64 deadline = NO_DEADLINE, ns;
	struct siginfo info;
	sigset_t set;
	int signo;

	if (size != SETSIZE)
		return -EINVAL;
	if (copy_in(t->mm, &set, uset, sizeof set) != 0)
		return -EFAULT;
	if (utimeout != 0) {
		s64 e = copy_timespec_in(t, utimeout, &ns);

		if (e != 0)
			return e;
		deadline = now_mono() + ns;
	}
	set &= ~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP));
	while ((signo = signal_take(t, set, &info)) == 0) {
		s64 e = wait_on(&t->process->signal_wait, deadline, 0);

		if (e == -ETIMEDOUT)
			return -EAGAIN;
		if (e == -EINTR && (signal_pending(t) & set) == 0)
			return -EINTR;
	}
	if (uinfo != 0 && copy_out(t->mm, uinfo, &info, sizeof info) != 0)
		return -EFAULT;
	return signo;
}

/* --- sending ------------------------------------------------------------------------------ */

bool may_signal(struct task *t, struct process *p)
{
	struct task *to = process_task(p);

	if (p == t->process || to == NULL || task_capable(t, CAP_KILL))
		return true;
	return t->ids.euid == to->ids.suid || t->ids.euid == to->ids.uid ||
	       t->ids.uid == to->ids.suid || t->ids.uid == to->ids.uid;
}

static bool allowed(struct task *t, struct process *p, int signo)
{
	return may_signal(t, p) || (signo == SIGCONT && p->sid == t->process->sid);
}

struct many {
	struct task *from;
	struct siginfo info;
	u32 pgid; /* 0: all but the first process and one's own */
	bool found, sent;
	s64 error;
};

static bool kill_one(struct process *p, void *arg)
{
	struct many *m = arg;

	if (m->pgid != 0 ? p->pgid != m->pgid : p->pid == 1 || p == m->from->process)
		return true;
	m->found = true;
	if (!allowed(m->from, p, m->info.signo)) {
		m->error = -EPERM;
		return true;
	}
	m->sent = true;
	(void)signal_process(p, m->info.signo, &m->info);
	return true;
}

static s64 kill_many(struct task *t, u32 pgid, int signo)
{
	struct many m = { .from = t, .pgid = pgid, .info = signal_info_of(t, signo, SI_USER) };

	process_each(kill_one, &m);
	if (!m.found)
		return -ESRCH;
	return m.sent ? 0 : m.error;
}

s64 lx_kill(struct task *t, u64 pid, u64 sig)
{
	s32 n = (s32)pid, signo = (s32)sig;
	struct siginfo info;
	struct process *p;

	if (signo < 0 || signo > SIGNALS)
		return -EINVAL;
	if (n == -1)
		return kill_many(t, 0, signo);
	if (n == INT32_MIN)
		return -ESRCH;
	if (n <= 0)
		return kill_many(t, n == 0 ? t->process->pgid : (u32)-n, signo);
	p = process_find((u32)n);
	if (p == NULL) {
		struct task *o = task_find((u32)n);

		if (o == NULL)
			return -ESRCH;
		p = o->process;
	}
	if (!allowed(t, p, signo))
		return -EPERM;
	info = signal_info_of(t, signo, SI_USER);
	return signal_process(p, signo, &info);
}

static s64 kill_task(struct task *t, u32 tgid, u64 tid, u64 sig, struct siginfo *info)
{
	struct task *to = (s32)tid <= 0 ? NULL : task_find((u32)tid);
	s32 signo = (s32)sig;

	if (signo < 0 || signo > SIGNALS || (s32)tid <= 0)
		return -EINVAL;
	if (to == NULL || to->ended || (tgid != 0 && to->process->pid != tgid))
		return -ESRCH;
	if (!allowed(t, to->process, signo))
		return -EPERM;
	info->signo = signo;
	return signal_task(to, signo, info);
}

s64 lx_tkill(struct task *t, u64 tid, u64 sig)
{
	struct siginfo info = signal_info_of(t, (int)sig, SI_TKILL);

	return kill_task(t, 0, tid, sig, &info);
}

s64 lx_tgkill(struct task *t, u64 tgid, u64 tid, u64 sig)
{
	struct siginfo info = signal_info_of(t, (int)sig, SI_TKILL);

	if ((s32)tgid <= 0)
		return -EINVAL;
	return kill_task(t, (u32)tgid, tid, sig, &info);
}

/* What a program says itself: it cannot pretend to be the kernel or kill(2), but to itself. */
static s64 info_in(struct task *t, u64 uinfo, bool to_self, u64 sig, struct siginfo *info)
{
	if (copy_in(t->mm, info, uinfo, sizeof *info) != 0)
		return -EFAULT;
	if ((info->code >= 0 || info->code == SI_TKILL) && !to_self)
		return -EPERM;
	info->signo = (s32)sig;
	return 0;
}

s64 lx_rt_sigqueueinfo(struct task *t, u64 pid, u64 sig, u64 uinfo)
{
	struct process *p = (s32)pid <= 0 ? NULL : process_find((u32)pid);
	struct siginfo info;
	s64 e = info_in(t, uinfo, p == t->process, sig, &info);

	if (e != 0)
		return e;
	if ((s32)sig < 0 || (s32)sig > SIGNALS)
		return -EINVAL;
	if (p == NULL)
		return -ESRCH;
	if (!allowed(t, p, (s32)sig))
		return -EPERM;
	return signal_process(p, (s32)sig, &info);
}

s64 lx_rt_tgsigqueueinfo(struct task *t, u64 tgid, u64 tid, u64 sig, u64 uinfo)
{
	struct siginfo info;
	s64 e = info_in(t, uinfo, tgid == t->process->pid, sig, &info);

	if (e != 0)
		return e;
	if ((s32)tgid <= 0)
		return -EINVAL;
	return kill_task(t, (u32)tgid, tid, sig, &info);
}
