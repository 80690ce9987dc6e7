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
	SIGNALS = 64,
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
		unsigned char bytes[112];
	};
};

struct sigpending {
	sigset_t set;
	struct list queue; /* of queued siginfo */
};

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

/* Is a signal waiting that would end a sleep of t? */
bool signal_waits(const struct task *t);
/* Signals pending for t that are not blocked, or all with `mask` given: signalfd, sigtimedwait. */
int signal_take(struct task *t, sigset_t mask, struct siginfo *info);
/* Queue woken when a signal becomes pending for t's process or t (signalfd). */
struct waitq *signal_waitq(struct process *p);
/* Is the process of t in the background of its terminal, and would SIGTTIN/TTOU be ignored or blocked? */
bool signal_ignored(const struct task *t, int signo);
