/* SPDX-License-Identifier: MIT */
/*
 * Signals.
 */
#pragma once
#include "../linux.h"

typedef u64 sigset_t; /* bit n - 1: signal n */
#define SIG_BIT(n) (1ull << ((n)-1))
enum {
	SIGHUP = 1,
	SIGINT,
	SIGQUIT,
	SIGILL,
	SIGTRAP,
	SIGABRT,
	SIGBUS,
	SIGFPE,
	SIGKILL,
	SIGUSR1,
	SIGSEGV,
	SIGUSR2,
	SIGPIPE,
	SIGALRM,
	SIGTERM,
	SIGSTKFLT,
	SIGCHLD,
	SIGCONT,
	SIGSTOP,
	SIGTSTP,
	SIGTTIN,
	SIGTTOU,
	SIGURG,
	SIGXCPU,
	SIGXFSZ,
	SIGVTALRM,
	SIGPROF,
	SIGWINCH,
	SIGIO,
	SIGPWR,
	SIGSYS,
	SIGRTMIN,
	SIGNALS = 64,
};

/* siginfo.code */
enum {
	SI_USER = 0,
	SI_KERNEL = 0x80,
	SI_QUEUE = -1,
	SI_TIMER = -2,
	SI_MESGQ = -3,
	SI_TKILL = -6,
	CLD_EXITED = 1,
	CLD_KILLED = 2,
	CLD_DUMPED = 3,
	CLD_STOPPED = 5,
	CLD_CONTINUED = 6,
	SEGV_MAPERR = 1,
	SEGV_ACCERR = 2,
	BUS_ADRALN = 1,
	BUS_ADRERR = 2,
	ILL_ILLOPN = 2,
	FPE_INTDIV = 1,
	TRAP_BRKPT = 1,
	TRAP_TRACE = 2,
};

/* siginfo_t of Linux, 128 bytes. */
struct siginfo {
	s32 signo, errno_, code, pad;
	union {
		struct {
			s32 pid;
			u32 uid;
			s32 status;
			s32 pad;
			s64 utime, stime;
		} child;
		struct {
			s32 pid;
			u32 uid;
			u64 value;
		} kill;
		struct {
			s32 timer, overrun;
			u64 value;
		} timer;
		struct {
			u64 addr;
		} fault;
		struct {
			s64 band;
			s32 fd;
		} poll;
		unsigned char bytes[112];
	};
};
_Static_assert(sizeof(struct siginfo) == 128, "siginfo_t");

struct sigpending {
	sigset_t set;
	struct list queue; /* of queued siginfo */
};

#define SIG_DFL 0ull
#define SIG_IGN 1ull
#define SA_NOCLDSTOP 1ull
#define SA_NOCLDWAIT 2ull
#define SA_SIGINFO 4ull
#define SA_RESTORER 0x04000000ull
#define SA_ONSTACK 0x08000000ull
#define SA_RESTART 0x10000000ull
#define SA_NODEFER 0x40000000ull
#define SA_RESETHAND 0x80000000ull

/* As rt_sigaction has it. */
struct sigaction {
	u64 handler, flags, restorer;
	sigset_t mask;
};
struct sighand {
	u32 refs;
	struct sigaction action[SIGNALS];
};

/*
 * Send: to a process (any of its tasks may take it), to a task, to all of a group.  Never sleeps.
 * info NULL: as the kernel sends it (SI_KERNEL).
 */
s64 signal_process(struct process *p, int signo, const struct siginfo *info);
s64 signal_task(struct task *t, int signo, const struct siginfo *info);
s64 signal_group(u32 pgid, int signo, const struct siginfo *info);
/* A fault of the task itself: delivered even if blocked or ignored (then it kills). */
void signal_fault(struct task *t, int signo, const struct siginfo *info);

/* Is a signal waiting that would end a sleep of t?  One that ends t? */
bool signal_waits(const struct task *t);
bool signal_fatal_waits(const struct task *t);
/* Take a pending signal that is in `mask` (signalfd, sigtimedwait): its number, or 0. */
int signal_take(struct task *t, sigset_t mask, struct siginfo *info);
/* Those pending for t or its process. */
sigset_t signal_pending(const struct task *t);
/* Queue woken when a signal becomes pending for t's process or t (signalfd). */
struct waitq *signal_waitq(struct process *p);
/* Would SIGTTIN/TTOU be ignored or blocked? */
bool signal_ignored(const struct task *t, int signo);

/* --- within proc/ ------------------------------------------------------------------ */

void sigpending_init(struct sigpending *s);
void sigpending_drop(struct sigpending *s, sigset_t which);
struct sighand *sighand_copy(const struct sighand *from); /* NULL from: all default; NULL: no memory */
void sighand_put(struct sighand *h);
/* The set of blocked signals, or what is pending, changed. */
void signal_recalc(struct task *t);
void signal_block(struct task *t, sigset_t blocked);
/* Has t something to do before it goes on?  Then it does so soon: wake it. */
void task_kick(struct task *t, bool fatal);
/* An info of kill(2) from the current task. */
struct siginfo signal_info_of(const struct task *from, int signo, int code);
/* The process stops, or goes on. */
void process_stop(struct process *p, int signo);
void process_continue(struct process *p);
bool signal_stops(int signo);
