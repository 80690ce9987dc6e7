/* SPDX-License-Identifier: MIT */
/*
 * The way back to the program: signals, stops, ends; and faults.
 *
 * Called by:  the loop, for what is more than a result; fibers of tasks that were stopped in user mode.
 * Never:      returns to a task that ended.
 */
#include "internal.h"
#include "leave.h"
#include "../core/loop.h"
#include "../core/trace.h"
#include "../mm/mm.h"
#include "linux/names.h"

enum { PF_WRITE = 2, PF_FETCH = 16 };
enum { SYSCALL_BYTES = 2 };
#define NO_CALL (~0ull)

/* --- registers -------------------------------------------------------------------------- */

struct regs_general *task_regs(struct task *t)
{
	if (t->regs_known)
		return &t->regs;
	sys_must(thread_get_regs(t->thread, REGS_GENERAL, NULL, NULL), "linux: thread_get_regs");
	memcpy(&t->regs, (const void *)env.msg, sizeof t->regs);
	t->regs_known = true;
	return &t->regs;
}

void task_regs_changed(struct task *t)
{
	t->work |= WORK_REGS;
}

/* --- end of a call ------------------------------------------------------------------------ */

/* Of a call that a signal ended: is it made again? */
static bool is_restarted(s64 result, const struct sigaction *handler)
{
	if (handler == NULL)
		return result == -ERESTART || result == -ERESTART_NOHAND ||
		       result == -ERESTART_BLOCK;
	return result == -ERESTART && (handler->flags & SA_RESTART);
}

static bool is_internal(s64 result)
{
	return result <= -ERESTART && result >= -ERESTART_BLOCK;
}

/* The result of the call into the registers, or the call once more. */
static void settle(struct task *t, s64 result, const struct sigaction *handler)
{
	struct regs_general *r;

	if (t->call_nr == NO_CALL)
		return;
	r = task_regs(t);
	if (is_restarted(result, handler)) {
		r->rip = t->call_ip - SYSCALL_BYTES;
		r->rax = result == -ERESTART_BLOCK ? NR_restart_syscall : t->call_nr;
	} else {
		r->rax = (u64)(is_internal(result) ? -EINTR : result);
	}
	t->call_nr = NO_CALL;
	t->work |= WORK_REGS;
}

static void wait_stopped(struct task *t)
{
	while ((t->work & (WORK_STOP | WORK_KILL)) == WORK_STOP)
		(void)wait_on(&t->process->stop_wait, NO_DEADLINE, SLEEP_KILLABLE);
}

/* Signal without a handler. */
static void do_default(struct task *t, int signo)
{
	struct process *p = t->process;

	if (signal_stops(signo)) {
		if (signo != SIGSTOP && group_is_orphaned(p->pgid, NULL))
			return;
		process_stop(p, signo);
		return;
	}
	if (signo == SIGCHLD || signo == SIGCONT || signo == SIGURG || signo == SIGWINCH)
		return;
	process_exit(p, (u32)signo);
}

static void do_handler(struct task *t, int signo, const struct siginfo *info, s64 result)
{
	struct sigaction *a = &t->process->hand->action[signo - 1];
	struct sigaction act = *a;
	sigset_t mask = t->work & WORK_RESTORE ? t->saved_blocked : t->blocked;

	settle(t, result, &act);
	if (act.flags & SA_RESETHAND)
		a->handler = SIG_DFL;
	if (!signal_frame(t, signo, info, &act, mask)) {
		a = &t->process->hand->action[SIGSEGV - 1];
		if (signo == SIGSEGV || a->handler == SIG_DFL) {
			process_exit(t->process, SIGSEGV);
		} else {
			signal_fault(t, SIGSEGV, NULL);
		}
		return;
	}
	t->work &= ~(u32)WORK_RESTORE;
	t->work |= WORK_REGS;
	if (!(act.flags & SA_NODEFER))
		act.mask |= SIG_BIT(signo);
	signal_block(t, t->blocked | act.mask);
}

static void do_signal(struct task *t, s64 result)
{
	struct siginfo info;
	int signo = signal_take(t, ~t->blocked, &info);
	u64 handler;

	if (signo == 0)
		return;
	if (trace_on)
		trace_signal(t, &info);
	handler = t->process->hand->action[signo - 1].handler;
	if (handler == SIG_IGN)
		return;
	if (handler == SIG_DFL)
		do_default(t, signo);
	else
		do_handler(t, signo, &info, result);
}

/* An answer with all registers leaves the kernel's short path: setting them first costs less. */
static bool set_regs_first(struct task *t)
{
	if (t->reply_saved)
		return false;
	memcpy((void *)env.msg, &t->regs, sizeof t->regs);
	return err_is_ok(thread_set_regs(t->thread, REGS_GENERAL));
}

static void go_on(struct task *t)
{
	bool regs = (t->work & WORK_REGS) != 0;

	t->work &= ~(u32)WORK_REGS;
	if (!t->halted) {
		if (regs && set_regs_first(t))
			regs = false;
		loop_answer(t, regs ? FAULT_REGS : FAULT_RESUME, 0);
		task_left(t);
		return;
	}
	t->halted = false;
	if (regs) {
		memcpy((void *)env.msg, &t->regs, sizeof t->regs);
		(void)thread_set_regs(t->thread, REGS_GENERAL);
	}
	task_left(t);
	(void)thread_resume(t->thread);
}

/* Ended: it gets no answer, its objects serve others, unless the process's first task stays for wait. */
static void end(struct task *t)
{
	fiber_work_for(NULL);
	t->fiber = NULL;
	if (t->halted)
		loop_forget(t);
	else
		loop_answer(t, FAULT_STOP, 0);
	if (t->process == NULL)
		task_free(t);
}

void task_leave_call(struct task *t, s64 result)
{
	for (;;) {
		if (t->work & WORK_ENDED) {
			end(t);
			return;
		}
		if (t->work & WORK_KILL)
			task_exit(t, t->process->exit_status);
		else if (t->work & WORK_STOP)
			wait_stopped(t);
		else if (t->work & WORK_SIGNAL)
			do_signal(t, result);
		else if (t->work & WORK_MOVE)
			task_move_now(t);
		else
			break;
	}
	settle(t, result, NULL);
	if (t->work & WORK_RESTORE) {
		t->work &= ~(u32)WORK_RESTORE;
		signal_block(t, t->saved_blocked);
		if (t->work & WORK_SIGNAL) {
			task_leave_call(t, result);
			return;
		}
	}
	go_on(t);
}

/* --- faults ---------------------------------------------------------------------------------- */

static void fault_signal(struct task *t, int signo, int code, u64 addr)
{
	struct siginfo info = { .signo = signo, .code = code, .fault = { .addr = addr } };

	signal_fault(t, signo, &info);
	/* One that is handled is told when it is delivered. */
	if (trace_on && signal_fatal_waits(t))
		trace_signal(t, &info);
}

static void out_of_memory(struct task *t)
{
	log_line("out of memory: process %u (%s) ends; pages of objects %u, slots %u, pages %lu",
		 t->process->pid, t->process->comm, sys_pages_left(), sys_slots_left(),
		 pages_free());
	process_exit(t->process, SIGKILL);
}

static void page_signal(struct task *t, s64 e, u64 code, u64 addr)
{
	t->fault.code = code & 0xffffffff;
	t->fault.vector = 14;
	t->fault.address = addr;
	switch (e) {
	case -EACCES: fault_signal(t, SIGSEGV, SEGV_ACCERR, addr); break;
	case -ENXIO:
	case -EIO: fault_signal(t, SIGBUS, BUS_ADRERR, addr); break;
	case -ENOMEM: out_of_memory(t); break;
	case -EINTR: break;
	default: fault_signal(t, SIGSEGV, SEGV_MAPERR, addr); break;
	}
}

void task_page_fault(struct task *t, u64 code, u64 addr)
{
	unsigned access = code & PF_FETCH ? ACCESS_EXEC
			  : code & PF_WRITE ? ACCESS_WRITE
					    : ACCESS_READ;
	s64 e = mm_fault(t->mm, addr, access);

	t->call_nr = NO_CALL;
	t->minor_faults++;
	if (e != 0)
		page_signal(t, e, code, addr);
	if (t->work != 0) {
		task_leave_call(t, 0);
		return;
	}
	loop_answer(t, FAULT_RESUME, 0);
	task_left(t);
}

/* By vector (Intel SDM vol 3, table 6-1), what Linux sends. */
void task_exception(struct task *t, u64 code, u64 ip)
{
	u32 vector = (u32)(code >> 32);

	t->call_nr = NO_CALL;
	t->fault.code = code & 0xffffffff;
	t->fault.vector = vector;
	t->fault.address = 0;
	switch (vector) {
	case 0: fault_signal(t, SIGFPE, FPE_INTDIV, ip); break;
	case 1: fault_signal(t, SIGTRAP, TRAP_TRACE, ip); break;
	case 3: fault_signal(t, SIGTRAP, SI_KERNEL, 0); break;
	case 6: fault_signal(t, SIGILL, ILL_ILLOPN, ip); break;
	case 16:
	case 19: fault_signal(t, SIGFPE, 0, ip); break;
	case 17: fault_signal(t, SIGBUS, BUS_ADRALN, ip); break;
	default: fault_signal(t, SIGSEGV, SI_KERNEL, 0); break;
	}
	task_leave_call(t, 0);
}
