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
struct posix_timer;

enum { COMM = 16, GROUPS = 32, RLIMITS = 16, PID_MAX = 32768, CPUS_MAX = 64 };
enum { CLOCK_TICKS = 100 }; /* per second, as times() and /proc count (AT_CLKTCK) */

struct ids {
	u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	u32 groups, group[GROUPS];
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bounding, cap_ambient;
	u32 securebits;
	bool keep_caps, no_new_privs;
};
/* Capabilities of Linux that its parts ask for. */
enum {
	CAP_CHOWN = 0,
	CAP_DAC_OVERRIDE = 1,
	CAP_DAC_READ_SEARCH = 2,
	CAP_FOWNER = 3,
	CAP_FSETID = 4,
	CAP_KILL = 5,
	CAP_SETGID = 6,
	CAP_SETUID = 7,
	CAP_SETPCAP = 8,
	CAP_NET_BIND_SERVICE = 10,
	CAP_NET_ADMIN = 12,
	CAP_NET_RAW = 13,
	CAP_SYS_CHROOT = 18,
	CAP_SYS_ADMIN = 21,
	CAP_SYS_BOOT = 22,
	CAP_SYS_NICE = 23,
	CAP_SYS_RESOURCE = 24,
	CAP_SYS_TIME = 25,
	CAP_SYS_TTY_CONFIG = 26,
	CAP_MKNOD = 27,
	CAP_LAST = 40,
};

struct rlimit {
	u64 soft, hard;
};
enum {
	RLIMIT_CPU,
	RLIMIT_FSIZE,
	RLIMIT_DATA,
	RLIMIT_STACK,
	RLIMIT_CORE,
	RLIMIT_RSS,
	RLIMIT_NPROC,
	RLIMIT_NOFILE,
	RLIMIT_MEMLOCK,
	RLIMIT_AS,
	RLIMIT_LOCKS,
	RLIMIT_SIGPENDING,
	RLIMIT_MSGQUEUE,
	RLIMIT_NICE,
	RLIMIT_RTPRIO,
	RLIMIT_RTTIME,
};

/* ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF: `when` on the timer's own clock; 0: not armed. */
struct itimer {
	struct timer timer;
	u64 interval, when;
};

/* Process group and session: fields of a process; leaders are found by number. */
struct process {
	u32 pid;
	struct process *parent;
	struct list children, sibling; /* processes */
	struct list tasks; /* of struct task.peer; the leader stays until the process is reaped */
	struct list all;   /* of all processes */
	u32 live;          /* tasks that have not ended */
	u32 pgid, sid;
	struct tty *tty; /* controlling terminal; NULL: none */
	u32 state;       /* enum process_state */
	u32 exit_status; /* as wait reports it */
	u32 exit_signal; /* to the parent: SIGCHLD, mostly; 0: none */
	bool group_exit; /* all its tasks are to end, with exit_status */
	bool stopped;    /* by a signal: its tasks wait for SIGCONT */
	bool stop_told, continued; /* what the parent has not waited for yet */
	bool dumpable, exec_done, subreaper;
	bool adopted; /* by the first process, when its parent ended */
	u32 stop_status; /* the signal that stopped it */
	struct waitq stop_wait;    /* its tasks, while stopped */
	struct waitq child_wait;   /* wait4: something happened to a child; exec: a task ended */
	struct sighand *hand;      /* actions; shared by CLONE_SIGHAND */
	struct sigpending pending; /* of the whole process */
	struct waitq signal_wait;  /* signalfd, sigtimedwait */
	struct rlimit rlimit[RLIMITS];
	struct itimer itimer[3];
	u64 start_ns;
	/* Ticks of the counter: of tasks that ended, of children that were waited for. */
	u64 user_ticks, system_ticks, child_user_ticks, child_system_ticks;
	u64 peak_pages, child_peak_pages;
	char comm[COMM];
	struct posix_timer *posix_timers;
	u32 posix_timer_next, posix_timer_count;
	u32 death_signal; /* of all tasks; PR_SET_PDEATHSIG */
	struct inode *exe; /* what is running */
	char *exe_name;    /* its absolute name */
};
enum process_state { PROCESS_LIVE, PROCESS_ZOMBIE, PROCESS_DEAD };

/* Reasons not to answer a call at once: bits of task.work. */
enum {
	WORK_SIGNAL = 1,   /* a signal can be delivered */
	WORK_KILL = 2,     /* the process ends, or another task of it has called execve */
	WORK_STOP = 4,     /* the process is stopped */
	WORK_REGS = 8,     /* registers were changed */
	WORK_RESTORE = 16, /* sigsuspend, ppoll: the mask of before comes back */
	WORK_ENDED = 32,
	WORK_MOVE = 64, /* to another CPU */
};

struct task {
	u32 tid;
	u32 index; /* badge of its messages is index + 1 */
	struct process *process;
	struct list peer; /* in process->tasks */
	struct mm *mm;
	struct fdtable *files;
	struct fsinfo *fs;
	struct ids ids;

	/* Kernel objects, which go to the next task when this one ends. */
	thread_h thread;
	sched_h sched;
	u32 reply_slot;
	bool reply_saved; /* the right to answer it stands in that slot */
	bool halted;      /* its thread is stopped, and is resumed instead of answered */
	u32 share;        /* nice and policy that the objects are set up for */
	u32 cpu, move_to; /* move_to: CPU + 1 */
	u32 far_calls;    /* from another CPU than the server's, since far_since (ticks) */
	u64 far_since;
	u64 affinity; /* bit per CPU */

	struct fiber *fiber; /* on which its call runs; NULL: it is in user mode */
	u32 work;            /* WORK_* */
	bool ended, exiting, regs_known;
	struct regs_general regs; /* while regs_known */
	sigset_t blocked, saved_blocked;
	struct sigpending pending;
	struct waitq wait; /* for others: sigtimedwait */
	struct {
		u64 sp, size;
		u32 flags;
	} altstack;
	u64 clear_tid, robust_list;
	struct {
		s64 (*call)(struct task *t);
		u64 a[5];
	} restart;                /* ERESTART_BLOCK */
	u64 call_nr, call_ip;     /* of the call under way; number ~0: a fault */
	u64 entered, left;        /* ticks: when it came in, when it was let go on */
	u64 user_ticks, system_ticks;
	u64 minor_faults, major_faults;
	struct waitq *vfork_done; /* the parent waits here */
	char comm[COMM];
	s32 nice;
	u32 policy, rt_priority;
	bool rests; /* SCHED_FIFO, SCHED_RR: for the moment behind all others (realtime.c) */
	u64 realtime_seen; /* user and system ticks that count already (realtime.c) */
	u64 timer_slack;
	struct {
		u64 code, vector, address;
	} fault; /* the last one, for signal frames */
};

/* SCHED_FIFO or SCHED_RR. */
static inline bool task_is_realtime(const struct task *t)
{
	return t->policy - 1 < 2;
}

/* The registers of a task whose call or fault is being handled; fetched on first use. */
struct regs_general *task_regs(struct task *t);
/* They were changed: they are set when the task goes on. */
void task_regs_changed(struct task *t);

/* Once, at the start. */
void tasks_start(void);

struct process *process_find(u32 pid);
struct task *task_find(u32 tid);
/* f for each live or zombie process, until it returns false. May not sleep. */
void process_each(bool (*f)(struct process *p, void *arg), void *arg);
/* Is there a group of that number, in session `sid` if that is not 0? */
bool group_exists(u32 pgid, u32 sid);
u32 process_count(void);
u32 task_count(void);
/* Some task of the process that has not ended; NULL: none. */
struct task *process_task(struct process *p);
/* Letter of its state, as /proc/PID/stat has it. */
char task_state(const struct task *t);
/* Processor time of a task or of all tasks of a process, ns; up to now. */
void task_times(const struct task *t, u64 *user, u64 *system);
void process_times(const struct process *p, u64 *user, u64 *system);
/* Tasks that want to run, averaged over 1, 5 and 15 minutes, times 65536; now; tasks. */
void load_averages(u64 average[3], u32 *running, u32 *tasks);
u32 last_pid(void);
/* Time that the machine computed and was idle, ns, sums over all CPUs. */
u64 busy_ns(void);

/* The first process, before it has a program: whose files it gets can be opened for it. */
struct task *process_first_task(void);
/* Start the first process: path with arguments and environment (ended by NULL). */
s64 process_first(const char *path, char *const argv[], char *const envp[]);

/* All tasks of the process end with this status (as wait reports it). */
void process_exit(struct process *p, u32 status);

/* May `t` send signals to p? */
bool may_signal(struct task *t, struct process *p);

/* A user's message queues take so much more or less: false if that is more than the limit. */
bool user_queue_bytes(u32 uid, s64 more, u64 limit);

/* Has the task (its effective ids) this capability of Linux? */
static inline bool task_capable(const struct task *t, u32 cap)
{
	return (t->ids.cap_effective >> cap) & 1;
}

/*
 * For ppoll, pselect6, epoll_pwait: until the call ends the task's mask is the one at `set`
 * (0: the one it has).  Such a call ends in -ERESTART_NOHAND.
 */
s64 signal_mask_for_call(struct task *t, u64 set, u64 bytes);

/* struct timespec at `addr` as ns (at most ~0 - 1); -EINVAL, -EFAULT. */
s64 copy_timespec_in(struct task *t, u64 addr, u64 *ns);
s64 copy_timespec_out(struct task *t, u64 addr, u64 ns);
