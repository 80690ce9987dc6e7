/* SPDX-License-Identifier: MIT */
/*
 * New tasks and processes.
 */
#include "internal.h"
#include "leave.h"
#include "../fs/vfs.h"
#include "../mm/mm.h"
#include "../tty/tty.h"
#include "linux/calls.h"
#include "linux/words.h"

enum { CLONE_ARGS_MIN = 64 };

#define CSIGNAL 0xffull
#define CLONE_VM 0x100ull
#define CLONE_FS 0x200ull
#define CLONE_FILES 0x400ull
#define CLONE_SIGHAND 0x800ull
#define CLONE_VFORK 0x4000ull
#define CLONE_PARENT 0x8000ull
#define CLONE_THREAD 0x10000ull
#define CLONE_SETTLS 0x80000ull
#define CLONE_PARENT_SETTID 0x100000ull
#define CLONE_CHILD_CLEARTID 0x200000ull
#define CLONE_CHILD_SETTID 0x1000000ull
#define CLONE_CLEAR_SIGHAND 0x100000000ull

struct clone {
	u64 flags, child_tid, parent_tid, stack, tls;
	u32 exit_signal;
};

struct process *process_new(struct process *parent)
{
	struct process *p = kalloc(sizeof *p);

	if (p == NULL)
		return NULL;
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->tasks);
	waitq_init(&p->stop_wait);
	waitq_init(&p->child_wait);
	waitq_init(&p->signal_wait);
	sigpending_init(&p->pending);
	p->start_ns = now_mono();
	p->dumpable = true;
	p->exit_signal = SIGCHLD;
	p->parent = parent;
	if (parent == NULL)
		return p;
	p->pgid = parent->pgid;
	p->sid = parent->sid;
	p->dumpable = parent->dumpable;
	memcpy(p->rlimit, parent->rlimit, sizeof p->rlimit);
	memcpy(p->comm, parent->comm, COMM);
	return p;
}

/* What a process of several tasks shares: only when nothing can fail any more. */
static void process_enter(struct process *p, struct process *from)
{
	p->tty = from->tty;
	if (p->tty != NULL)
		tty_get(p->tty);
	p->exe = from->exe;
	if (p->exe != NULL)
		inode_get(p->exe);
	if (from->exe_name != NULL) {
		size_t n = strlen(from->exe_name) + 1;

		p->exe_name = kalloc(n);
		if (p->exe_name != NULL)
			memcpy(p->exe_name, from->exe_name, n);
	}
	pid_set_process(p->pid, p);
	pid_use(p->pgid);
	pid_use(p->sid);
	list_add(&p->parent->children, &p->sibling);
	process_list_add(p);
}

static s64 check(const struct clone *c)
{
	if ((c->flags & CLONE_SIGHAND) && !(c->flags & CLONE_VM))
		return -EINVAL;
	if ((c->flags & CLONE_THREAD) && !(c->flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((c->flags & CLONE_SIGHAND) && (c->flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	return c->exit_signal > SIGNALS ? -EINVAL : 0;
}

static s64 check_limit(struct task *t)
{
	struct user *u = user_find(t->ids.uid);

	if (u == NULL)
		return -EAGAIN;
	if (u->tasks >= t->process->rlimit[RLIMIT_NPROC].soft && t->ids.uid != 0 &&
	    !task_capable(t, CAP_SYS_RESOURCE) && !task_capable(t, CAP_SYS_ADMIN))
		return -EAGAIN;
	return 0;
}

/* Shared or copied: memory, files, names. */
static s64 copy_parts(struct task *n, struct task *t, u64 flags)
{
	s64 e = 0;

	if (flags & CLONE_VM) {
		n->mm = t->mm;
		mm_get(n->mm);
	} else {
		e = mm_fork(t->mm, &n->mm);
	}
	if (flags & CLONE_FILES) {
		n->files = t->files;
		fdtable_get(n->files);
	} else {
		n->files = fdtable_copy(t->files);
	}
	if (flags & CLONE_FS) {
		n->fs = t->fs;
		fsinfo_get(n->fs);
	} else {
		n->fs = fsinfo_copy(t->fs);
	}
	return e == 0 && (n->files == NULL || n->fs == NULL) ? -ENOMEM : e;
}

static void drop_parts(struct task *n)
{
	if (n->fs != NULL)
		fsinfo_put(n->fs);
	if (n->files != NULL)
		fdtable_put(n->files);
	if (n->mm != NULL)
		mm_put(n->mm);
}

static void copy_fields(struct task *n, const struct task *t, const struct clone *c)
{
	n->ids = t->ids;
	n->affinity = t->affinity;
	n->blocked = t->work & WORK_RESTORE ? t->saved_blocked : t->blocked;
	memcpy(n->comm, t->comm, COMM);
	n->nice = t->nice;
	n->policy = t->policy;
	n->rt_priority = t->rt_priority;
	n->timer_slack = t->timer_slack;
	if (c->flags & CLONE_CHILD_CLEARTID)
		n->clear_tid = c->child_tid;
	/* A new thread begins without alternate stack; a copy of the memory has it still. */
	if (!(c->flags & CLONE_VM) || (c->flags & CLONE_VFORK))
		n->altstack = t->altstack;
}

/* Space, CPU and registers of the new thread: those of t, but for the result. */
static s64 set_thread(struct task *n, struct task *t, const struct clone *c)
{
	struct regs_general *r = task_regs(t);
	u64 rax = r->rax, rsp = r->rsp, fs = r->fs_base;

	if (!err_is_ok(thread_bind(n->thread, THREAD_SPACE, ANY(mm_space(n->mm)), 0)))
		return -ENOMEM;
	(void)task_set_cpu(n, cpu_choose(n->affinity));
	task_set_share(n);
	(void)thread_get_regs(t->thread, REGS_XSTATE, NULL, NULL);
	(void)thread_set_regs(n->thread, REGS_XSTATE);
	r->rax = 0;
	if (c->stack != 0)
		r->rsp = c->stack;
	if (c->flags & CLONE_SETTLS)
		r->fs_base = c->tls;
	memcpy((void *)env.msg, r, sizeof *r);
	(void)thread_set_regs(n->thread, REGS_GENERAL);
	r->rax = rax;
	r->rsp = rsp;
	r->fs_base = fs;
	return 0;
}

/* A process of its own for the new task. */
static struct process *new_process(struct task *t, const struct clone *c)
{
	struct process *p;
	struct process *parent = c->flags & CLONE_PARENT ? t->process->parent : t->process;

	if (c->flags & CLONE_THREAD)
		return t->process;
	p = process_new(parent == NULL ? t->process : parent);
	if (p == NULL)
		return NULL;
	p->pgid = t->process->pgid;
	p->sid = t->process->sid;
	memcpy(p->rlimit, t->process->rlimit, sizeof p->rlimit);
	p->exit_signal = c->flags & CLONE_PARENT ? t->process->exit_signal : c->exit_signal;
	if (c->flags & CLONE_SIGHAND) {
		p->hand = t->process->hand;
		p->hand->refs++;
	} else {
		p->hand = sighand_copy(t->process->hand);
	}
	if (p->hand == NULL) {
		kfree(p);
		return NULL;
	}
	if (c->flags & CLONE_CLEAR_SIGHAND) {
		for (u32 i = 0; i < SIGNALS; i++) {
			if (p->hand->action[i].handler != SIG_IGN)
				p->hand->action[i] = (struct sigaction){ 0 };
		}
	}
	return p;
}

/* Everything that can fail or sleep; nobody knows of n yet. */
static s64 prepare(struct task *n, struct task *t, const struct clone *c)
{
	s64 e = copy_parts(n, t, c->flags);
	u32 tid = n->tid;

	if (e == 0)
		e = set_thread(n, t, c);
	if (e == 0 && (c->flags & CLONE_PARENT_SETTID) &&
	    copy_out(t->mm, c->parent_tid, &tid, sizeof tid) != 0)
		e = -EFAULT;
	if (e == 0 && (c->flags & CLONE_CHILD_SETTID))
		(void)copy_out(n->mm, c->child_tid, &tid, sizeof tid);
	return e;
}

static void enter(struct task *n, struct task *t, struct process *p)
{
	n->process = p;
	if (p != t->process) {
		p->pid = n->tid;
		process_enter(p, t->process);
	}
	pid_set_task(n->tid, n);
	list_add(&p->tasks, &n->peer);
	p->live++;
	user_find(n->ids.uid)->tasks++;
	if (p->stopped)
		n->work |= WORK_STOP;
	signal_recalc(n);
}

/* Sleep until the child has a memory of its own, or ended. */
static void wait_vfork(struct waitq *q, u32 tid)
{
	struct waiter w = { 0 };
	s64 e = 0;

	waiter_add(q, &w);
	while (!w.woken && e != -EINTR)
		e = fiber_sleep(NO_DEADLINE, SLEEP_KILLABLE);
	waiter_del(&w);
	struct task *child = task_find(tid);
	if (child != NULL && child->vfork_done == q)
		child->vfork_done = NULL;
}

static s64 do_clone(struct task *t, const struct clone *c)
{
	struct waitq done;
	struct process *p;
	struct task *n;
	s64 e = check(c);

	if (e == 0)
		e = check_limit(t);
	if (e != 0)
		return e;
	n = task_alloc();
	if (n == NULL)
		return -EAGAIN;
	n->tid = pid_new();
	copy_fields(n, t, c);
	p = n->tid == 0 ? NULL : new_process(t, c);
	if (p == NULL) {
		task_free(n);
		return -EAGAIN;
	}
	/* The number is not given to another while this sleeps. */
	pid_use(n->tid);
	e = prepare(n, t, c);
	pid_unuse(n->tid);
	if (e == 0 && (t->work & WORK_KILL))
		e = -EINTR;
	if (e != 0) {
		drop_parts(n);
		if (p != t->process) {
			sighand_put(p->hand);
			kfree(p);
		}
		task_free(n);
		return e;
	}
	enter(n, t, p);
	waitq_init(&done);
	if (c->flags & CLONE_VFORK)
		n->vfork_done = &done;
	u32 tid = n->tid;
	if (n->work != 0) {
		n->halted = true;
		n->entered = now_ticks();
		n->call_nr = ~0ull;
		task_start_working(n);
	} else {
		task_begin(n);
	}
	if (c->flags & CLONE_VFORK)
		wait_vfork(&done, tid);
	return (s64)tid;
}

s64 lx_fork(struct task *t)
{
	struct clone c = { .exit_signal = SIGCHLD };

	return do_clone(t, &c);
}

s64 lx_vfork(struct task *t)
{
	struct clone c = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

	return do_clone(t, &c);
}

s64 lx_clone(struct task *t, u64 flags, u64 stack, u64 parent_tid, u64 child_tid, u64 tls)
{
	struct clone c = { .flags = flags & ~CSIGNAL,
			   .exit_signal = (u32)(flags & CSIGNAL),
			   .stack = stack,
			   .parent_tid = parent_tid,
			   .child_tid = child_tid,
			   .tls = tls };

	return do_clone(t, &c);
}

s64 lx_clone3(struct task *t, u64 uargs, u64 size)
{
	struct {
		u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
			set_tid, set_tid_size, cgroup;
	} a;
	struct clone c;
	s64 e;

	e = copy_struct_in(t->mm, &a, sizeof a, uargs, size, CLONE_ARGS_MIN);
	if (e != 0)
		return e;
	if (!lx_takes_clone3_clone3(a.flags))
		return lx_refused(t, LX_TAKES_CLONE3_CLONE3, a.flags, NULL);
	if (a.set_tid_size != 0 || a.exit_signal > SIGNALS ||
	    (a.stack == 0) != (a.stack_size == 0) ||
	    ((a.flags & (CLONE_THREAD | CLONE_PARENT)) && a.exit_signal != 0))
		return -EINVAL;
	c = (struct clone){ .flags = a.flags,
			    .exit_signal = (u32)a.exit_signal,
			    .stack = a.stack + a.stack_size,
			    .parent_tid = a.parent_tid,
			    .child_tid = a.child_tid,
			    .tls = a.tls };
	return do_clone(t, &c);
}
