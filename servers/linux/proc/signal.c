/* SPDX-License-Identifier: MIT */
/*
 * Sending signals: queues of what is pending, and who is woken.
 *
 * Owns:       struct sigpending, struct sighand.
 * Called by:  everything; deliver.c takes what is pending.
 * Never:      sleeps.
 */
#include "internal.h"
#include "leave.h"

struct queued {
	struct list link;
	struct process *process;
	struct user *user;
	struct siginfo info;
};

#define STOP_SIGNALS (SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))
#define UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
#define DEFAULT_IGNORED                                                                            \
	(SIG_BIT(SIGCHLD) | SIG_BIT(SIGCONT) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH))
/* Those that come before all others: faults of the task itself. */
#define FAULTS                                                                                     \
	(SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGILL) | SIG_BIT(SIGTRAP) |                 \
	 SIG_BIT(SIGFPE) | SIG_BIT(SIGSYS))

enum { QUEUED_MAX = 65536, FIRST_PID = 1 };

static u32 queued_count;

/* --- what is pending ------------------------------------------------------------------ */

void sigpending_init(struct sigpending *s)
{
	s->set = 0;
	list_init(&s->queue);
}

/* Out of the queue, to be delivered or forgotten: a timer goes on then. */
static struct siginfo queued_free(struct queued *q)
{
	struct siginfo info;

	if (q->info.code == SI_TIMER)
		posix_timer_taken(q->process, &q->info);
	info = q->info;
	list_del(&q->link);
	if (q->user != NULL)
		q->user->pending--;
	queued_count--;
	kfree(q);
	return info;
}

void sigpending_drop(struct sigpending *s, sigset_t which)
{
	if ((s->set & which) == 0)
		return;
	s->set &= ~which;
	list_for_safe(l, &s->queue) {
		struct queued *q = container_of(l, struct queued, link);

		if (SIG_BIT(q->info.signo) & which)
			(void)queued_free(q);
	}
}

/* -EAGAIN: a signal with information that must not be lost has no place. */
static s64 pending_add(struct sigpending *s, struct process *p, const struct task *to, int signo,
		       const struct siginfo *info)
{
	struct user *user = to == NULL ? NULL : user_find(to->ids.uid);
	struct queued *q = NULL;
	bool timer = info != NULL && info->code == SI_TIMER;

	if (signo < SIGRTMIN && (s->set & SIG_BIT(signo)) && !timer)
		return 0;
	if (queued_count < QUEUED_MAX &&
	    (user == NULL || user->pending < p->rlimit[RLIMIT_SIGPENDING].soft))
		q = kalloc(sizeof *q);
	if (q == NULL && signo >= SIGRTMIN && info != NULL && info->code != SI_USER)
		return -EAGAIN;
	if (q != NULL) {
		queued_count++;
		q->process = p;
		q->user = user;
		if (user != NULL)
			user->pending++;
		if (info != NULL)
			q->info = *info;
		else
			q->info.code = SI_KERNEL;
		q->info.signo = signo;
		list_add(&s->queue, &q->link);
		if (timer)
			posix_timer_queued(p, info);
	}
	s->set |= SIG_BIT(signo);
	return 0;
}

/* Take one out; what was lost is told as if from kill. */
static void pending_take(struct sigpending *s, int signo, struct siginfo *info)
{
	struct queued *found = NULL;
	bool more = false;

	list_for(l, &s->queue) {
		struct queued *q = container_of(l, struct queued, link);

		if (q->info.signo != signo)
			continue;
		if (found == NULL)
			found = q;
		else
			more = true;
	}
	if (!more)
		s->set &= ~SIG_BIT(signo);
	if (found == NULL) {
		*info = (struct siginfo){ .signo = signo, .code = SI_USER };
		return;
	}
	*info = queued_free(found);
}

static int first_of(sigset_t set)
{
	if (set & FAULTS)
		set &= FAULTS;
	return set == 0 ? 0 : __builtin_ctzll(set) + 1;
}

int signal_take(struct task *t, sigset_t mask, struct siginfo *info)
{
	int signo = first_of(t->pending.set & mask);

	if (signo != 0) {
		pending_take(&t->pending, signo, info);
	} else {
		signo = first_of(t->process->pending.set & mask);
		if (signo == 0)
			return 0;
		pending_take(&t->process->pending, signo, info);
	}
	signal_recalc(t);
	return signo;
}

sigset_t signal_pending(const struct task *t)
{
	return t->pending.set | t->process->pending.set;
}

void signal_recalc(struct task *t)
{
	if (signal_pending(t) & ~t->blocked)
		t->work |= WORK_SIGNAL;
	else
		t->work &= ~(u32)WORK_SIGNAL;
}

void signal_block(struct task *t, sigset_t blocked)
{
	t->blocked = blocked & ~UNBLOCKABLE;
	signal_recalc(t);
}

bool signal_waits(const struct task *t)
{
	return (t->work & (WORK_SIGNAL | WORK_KILL | WORK_STOP)) != 0;
}

bool signal_fatal_waits(const struct task *t)
{
	return (t->work & WORK_KILL) != 0;
}

struct waitq *signal_waitq(struct process *p)
{
	return &p->signal_wait;
}

/* --- actions ---------------------------------------------------------------------------- */

struct sighand *sighand_copy(const struct sighand *from)
{
	struct sighand *h = kalloc(sizeof *h);

	if (h == NULL)
		return NULL;
	if (from != NULL)
		*h = *from;
	h->refs = 1;
	return h;
}

void sighand_put(struct sighand *h)
{
	if (--h->refs == 0)
		kfree(h);
}

bool signal_stops(int signo)
{
	return (SIG_BIT(signo) & STOP_SIGNALS) != 0;
}

static bool is_ignored(const struct process *p, int signo)
{
	u64 handler = p->hand->action[signo - 1].handler;

	if (signo == SIGKILL)
		return false;
	/* Nobody could continue the first process. */
	if (p->pid == FIRST_PID && (signo == SIGSTOP || (signal_stops(signo) && handler == SIG_DFL)))
		return true;
	if (handler == SIG_IGN)
		return true;
	return handler == SIG_DFL && (SIG_BIT(signo) & DEFAULT_IGNORED);
}

bool signal_ignored(const struct task *t, int signo)
{
	return (t->blocked & SIG_BIT(signo)) ||
	       t->process->hand->action[signo - 1].handler == SIG_IGN;
}

/* --- waking ------------------------------------------------------------------------------- */

/* On a fiber: a task that was stopped in user mode does what there is to do, and goes on. */
static void leave_halted(void *arg)
{
	struct task *t = arg;

	t->call_nr = ~0ull;
	task_leave_call(t, 0);
}

void task_start_working(struct task *t)
{
	if (!fiber_start_for(t, leave_halted, t))
		sys_panic("linux: no fiber for a task");
}

void task_kick(struct task *t, bool fatal)
{
	if (t->ended)
		return;
	if (t->fiber != NULL) {
		fiber_interrupt(t->fiber, fatal);
		return;
	}
	(void)thread_stop(t->thread);
	t->halted = true;
	task_entered(t);
	task_start_working(t);
}

/* A stopped process notices nothing but SIGKILL and SIGCONT. */
static void wake_task(struct task *t)
{
	signal_recalc(t);
	if ((t->work & WORK_SIGNAL) && !t->process->stopped)
		task_kick(t, false);
}

static bool wants(const struct task *t, int signo)
{
	return !t->ended && !(t->blocked & SIG_BIT(signo));
}

/* Who of the process takes a signal sent to all of it: best the first task. */
static struct task *choose(struct process *p, int signo)
{
	struct task *sleeper = NULL;

	list_for(l, &p->tasks) {
		struct task *t = container_of(l, struct task, peer);

		if (!wants(t, signo))
			continue;
		if (t->tid == p->pid)
			return t;
		if (sleeper == NULL)
			sleeper = t;
	}
	return sleeper;
}

/* Each task may find that it has something to do no more. */
static void recalc_all(struct process *p)
{
	list_for(l, &p->tasks)
		signal_recalc(container_of(l, struct task, peer));
}

static void drop_everywhere(struct process *p, sigset_t which)
{
	sigpending_drop(&p->pending, which);
	list_for(l, &p->tasks)
		sigpending_drop(&container_of(l, struct task, peer)->pending, which);
	recalc_all(p);
}

/* --- stopping ------------------------------------------------------------------------------ */

void process_stop(struct process *p, int signo)
{
	if (p->stopped || p->group_exit || p->state != PROCESS_LIVE)
		return;
	p->stopped = true;
	p->stop_told = false;
	p->continued = false;
	p->stop_status = (u32)signo;
	list_for(l, &p->tasks) {
		struct task *t = container_of(l, struct task, peer);

		t->work |= WORK_STOP;
		if (!t->ended && t != current())
			task_kick(t, false);
	}
	process_tell_parent(p, CLD_STOPPED, signo);
}

void process_continue(struct process *p)
{
	if (!p->stopped)
		return;
	p->stopped = false;
	p->continued = true;
	list_for(l, &p->tasks)
		container_of(l, struct task, peer)->work &= ~(u32)WORK_STOP;
	wake_all(&p->stop_wait, 0);
	process_tell_parent(p, CLD_CONTINUED, SIGCONT);
}

/* --- sending ---------------------------------------------------------------------------------- */

static s64 send(struct process *p, struct task *t, int signo, const struct siginfo *info)
{
	struct task *to = t;
	s64 e;

	if (p->state != PROCESS_LIVE || signo == 0)
		return 0;
	if (SIG_BIT(signo) & STOP_SIGNALS)
		drop_everywhere(p, SIG_BIT(SIGCONT));
	if (signo == SIGCONT) {
		drop_everywhere(p, STOP_SIGNALS);
		process_continue(p);
	}
	if (signo == SIGKILL) {
		process_exit(p, SIGKILL);
		return 0;
	}
	if (to == NULL)
		to = choose(p, signo);
	if (is_ignored(p, signo) && to != NULL && wants(to, signo))
		return 0;
	e = pending_add(t != NULL ? &t->pending : &p->pending, p,
			to != NULL ? to : process_task(p), signo, info);
	if (e != 0)
		return e;
	wake_all(&p->signal_wait, 1);
	if (to == NULL)
		return 0;
	wake_task(to);
	return 0;
}

s64 signal_process(struct process *p, int signo, const struct siginfo *info)
{
	return send(p, NULL, signo, info);
}

s64 signal_task(struct task *t, int signo, const struct siginfo *info)
{
	return t->ended ? 0 : send(t->process, t, signo, info);
}

struct group {
	u32 pgid, count;
	int signo;
	const struct siginfo *info;
};

static bool send_member(struct process *p, void *arg)
{
	struct group *g = arg;

	if (p->pgid == g->pgid) {
		g->count++;
		(void)signal_process(p, g->signo, g->info);
	}
	return true;
}

s64 signal_group(u32 pgid, int signo, const struct siginfo *info)
{
	struct group g = { .pgid = pgid, .signo = signo, .info = info };

	process_each(send_member, &g);
	return g.count == 0 ? -ESRCH : 0;
}

void signal_fault(struct task *t, int signo, const struct siginfo *info)
{
	struct sigaction *a = &t->process->hand->action[signo - 1];

	if (a->handler == SIG_IGN || (t->blocked & SIG_BIT(signo))) {
		a->handler = SIG_DFL;
		t->blocked &= ~SIG_BIT(signo);
	}
	if (a->handler == SIG_DFL) {
		process_exit(t->process, (u32)signo);
		return;
	}
	(void)pending_add(&t->pending, t->process, t, signo, info);
	signal_recalc(t);
}

struct siginfo signal_info_of(const struct task *from, int signo, int code)
{
	return (struct siginfo){ .signo = signo,
				 .code = code,
				 .kill = { .pid = (s32)from->process->pid, .uid = from->ids.uid } };
}
