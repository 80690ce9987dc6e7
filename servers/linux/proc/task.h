/* SPDX-License-Identifier: MIT */
/*
 * Tasks (Linux threads) and processes (thread groups).
 */
#pragma once
#include "../core/event.h"
#include "../core/fiber.h"
#include "../linux.h"
#include "signal.h"

struct fdtable;
struct fsinfo;
struct tty;

enum { COMM = 16, GROUPS = 32, RLIMITS = 16 };

struct ids {
	u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	u32 groups, group[GROUPS];
};

struct rlimit {
	u64 soft, hard;
};

/* Process group and session: fields of a process; leaders are found by number. */
struct process {
	u32 pid;
	struct process *parent;
	struct list children, sibling; /* processes */
	struct list tasks; /* of struct task.peer; the leader stays until the process is reaped */
	u32 live;          /* tasks that have not ended */
	u32 pgid, sid;
	struct tty *tty; /* controlling terminal; NULL: none */
	u32 state;       /* enum process_state */
	u32 exit_status; /* as wait reports it */
	u32 exit_signal; /* to the parent: SIGCHLD, mostly */
	bool group_exit, stopped, continued, dumpable, exec_done;
	u32 stop_status;
	struct waitq child_wait;   /* wait4: something happened to a child */
	struct sighand *hand;      /* actions; shared by CLONE_SIGHAND */
	struct sigpending pending; /* of the whole process */
	struct rlimit rlimit[RLIMITS];
	struct itimer {
		struct timer timer;
		u64 interval, when;
	} real;
	u64 start_ns;
	u64 user_ns, system_ns, child_user_ns, child_system_ns;
	char comm[COMM];
	void *posix_timers;
	struct inode *exe; /* what is running */
	char *exe_name;
};
enum process_state { PROCESS_LIVE, PROCESS_ZOMBIE, PROCESS_DEAD };

struct task {
	u32 tid;
	u32 index; /* badge of its messages is index + 1 */
	struct process *process;
	struct list peer; /* in process->tasks */
	struct mm *mm;
	struct fdtable *files;
	struct fsinfo *fs;
	struct ids ids;
	thread_h thread;
	sched_h sched;
	u32 cpu;
	u64 affinity;        /* bit per CPU */
	struct fiber *fiber; /* on which its call runs; NULL: it is in user mode */
	bool in_call, ended, stopped;
	sigset_t blocked, saved_blocked;
	bool restore_blocked; /* sigsuspend, ppoll: when the call ends */
	struct sigpending pending;
	struct {
		u64 sp, size;
		u32 flags;
	} altstack;
	u64 clear_tid, set_tid, robust_list;
	u64 restart[4];           /* ERESTART_BLOCK */
	u64 call_nr, call_ip;     /* of the call under way */
	struct waitq *vfork_done; /* the parent waits here */
	char comm[COMM];
	s32 nice;
	void *ptrace;
};

/* The registers of a task whose call or fault is being handled; fetched on first use. */
struct regs_general *task_regs(struct task *t);
/* They were changed: they are set when the task goes on. */
void task_regs_changed(struct task *t);

struct process *process_find(u32 pid);
struct task *task_find(u32 tid);
/* f for each live or zombie process, until it returns false. May not sleep. */
void process_each(bool (*f)(struct process *p, void *arg), void *arg);
u32 process_count(void);

/* Start the first process: path with arguments and environment (ended by NULL). */
s64 process_first(const char *path, char *const argv[], char *const envp[]);

/* All tasks of the process end with this status (as wait reports it). Does not return for the current task. */
void process_exit(struct process *p, u32 status);

/* May `t` send signals to p? */
bool may_signal(struct task *t, struct process *p);
