/* SPDX-License-Identifier: MIT */
/*
 * What the files of proc/ share and nobody else needs.
 */
#pragma once
#include "task.h"

/* --- table.c ------------------------------------------------------------------------ */

/*
 * A number for a task or process: 0 if there is none left.  It stays taken while a task, a process, a
 * group or a session has it.
 */
u32 pid_new(void);
void pid_set_task(u32 pid, struct task *t);       /* NULL: ended */
void pid_set_process(u32 pid, struct process *p); /* NULL: reaped */
void pid_use(u32 pid);                            /* as a group's or session's number */
void pid_unuse(u32 pid);
void process_list_add(struct process *p);
void process_list_del(struct process *p);

/* --- thread.c ----------------------------------------------------------------------- */

/* Once: how many there can be. */
void tasks_limit(void);
/* A task with its kernel objects, stopped, all else cleared; NULL: no memory, too many. */
struct task *task_alloc(void);
void task_free(struct task *t);
/* Where a new task had best run; t's own affinity holds. */
u32 cpu_choose(u64 affinity);
s64 task_set_cpu(struct task *t, u32 cpu);
/* Priority and time slice by nice, policy. */
void task_set_share(struct task *t);
/* The kernel's priority, by its policy. */
void task_set_prio(struct task *t);
/* realtime.c: there is a task of SCHED_FIFO or SCHED_RR. */
void realtime_watch(void);
/* What it has computed until now counts for the CPU and as the kind of task that it is. */
void realtime_spent(struct task *t);
/* It goes to another CPU. */
void realtime_moves(struct task *t, u32 cpu);
/* Must it go behind all others for the moment? */
bool realtime_rests(const struct task *t);
u64 cpus_all(void);
/* Behind others that want its CPU. */
void task_requeue(struct task *t);
/* With WORK_MOVE: let its thread be stopped and go to the other CPU. */
void task_move_now(struct task *t);

/* --- clone.c, exit.c, exec.c --------------------------------------------------------- */

struct process *process_new(struct process *parent);
void process_free(struct process *p);
/* t ends: with `status` if it is the last of its process and nothing else was said. May sleep. */
void task_exit(struct task *t, u32 status);
/* The other tasks of t's process are to end; waits until they have.  -EINTR: t itself is to end. */
s64 process_only(struct task *t);
void process_reap(struct process *p);
/* A child of p's stopped, went on, ended: tell p. */
void process_tell_parent(struct process *p, int code, int status);
bool group_is_orphaned(u32 pgid, const struct process *without);
/* Tell a task that waits in vfork that it may go on; write what exit writes into the memory. */
void task_leave_mm(struct task *t);
/* A new task begins to run. */
void task_begin(struct task *t);
/* A task whose thread is stopped does what task->work says, on a fiber of its own. */
void task_start_working(struct task *t);

struct user {
	struct list link;
	u32 uid, tasks, pending;
	u64 queue_bytes; /* of message queues */
};
/* The user with that number; NULL: no memory. */
struct user *user_find(u32 uid);

/* --- futex.c --------------------------------------------------------------------------- */

void futexes_start(void);
void futex_robust_exit(struct task *t);
void futex_wake_addr(struct task *t, u64 addr);

/* --- deliver.c --------------------------------------------------------------------------- */

/* Put the frame of a handler on the stack. false: it cannot be written. May sleep. */
bool signal_frame(struct task *t, int signo, const struct siginfo *info,
		  const struct sigaction *a, sigset_t mask);

/* --- stat.c ---------------------------------------------------------------------------- */

/* A process was reaped that had used so much. */
void busy_ended(u64 ticks);

/* --- timers -------------------------------------------------------------------------------- */

void posix_timers_drop(struct process *p);
/* A timer's signal became pending; it is taken, or forgotten. */
void posix_timer_queued(struct process *p, const struct siginfo *info);
void posix_timer_taken(struct process *p, struct siginfo *info);
void itimers_drop(struct process *p);
/* RLIMIT_CPU, ITIMER_VIRTUAL, ITIMER_PROF: when to look again. */
void cpu_timers_arm(struct process *p);
