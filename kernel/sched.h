/* SPDX-License-Identifier: MIT */
/*
 * CPUs, run queues, scheduling contexts, budgets, lending.
 *
 * Owns:       struct sched, struct cpu.    Invariants: sched_inv(), cpu_inv().
 * Locks:      the CPU's lock.
 */
#pragma once
#include "lock.h"
#include "types.h"

enum { CPU_MAX = 64, PRIO_COUNT = 256, IRQ_VECTORS = 160, TRACE_EVENTS = 64 };

/* A scheduling context: an object page with one time queue node. */
struct sched {
	u64 budget; /* clock ticks per period */
	u64 period;
	u64 left;    /* ticks that remain in this period */
	u64 refill;  /* when the period ends; never, if the budget is a time slice */
	u64 over;    /* ticks used beyond the budget, to be taken off the next */
	u32 cpu;
	u32 owner;  /* thread bound to it, or NIL */
	u32 runner; /* thread whose running_on it is, or NIL */
};

struct trace_event {
	u64 when;
	u32 kind;
	u32 thread;
	u64 a;
	u64 b;
};

struct cpu {
	u32 current; /* thread in user mode or entering the kernel, or NIL: idle */
	u32 loaded;  /* thread whose FPU and debug state the CPU holds, or NIL */
	u32 charged; /* scheduling context whose time runs, or NIL */
	u32 top;     /* 1 + highest priority in the run queue; 0: it is empty */
	u64 since;   /* clock when charging began */
	u64 alarm;   /* clock value the timer is set to; ~0: off */
	u64 uid;     /* last never-reused number given out */
	u32 timeq;   /* root of the time queue, or NIL */
	u32 mailbox; /* first remotely signalled notification, or NIL; atomic */
	struct lock lock;
	u64 ready_map[PRIO_COUNT / 64];
	u32 ready_head[PRIO_COUNT];
	u32 ready_tail[PRIO_COUNT];
	u32 irq[IRQ_VECTORS]; /* irq object behind each vector, or NIL */
#if DEBUG
	u64 traced;
	struct trace_event trace[TRACE_EVENTS];
#endif
};

/* A number that this kernel gives out once. */
u64 cpu_new_uid(u32 cpu);

void sched_init(u32 sc, u32 cpu);
/* Make a thread that waits for nothing run when its turn comes. */
void sched_ready(u32 t);
/* The same; if it is above all that run or are ready here, it becomes current at once.  To be
 * used last, for whoever was current is in the run queue then. */
void sched_wake(u32 t);
/* Take a ready thread off its CPU or run queue.  If it was on its way into a
 * system call on another CPU, it will make the call when it runs again. */
void sched_unready(u32 t);
/* Keep nothing to run on: what is borrowed goes back to its owner. */
void sched_release(u32 t);
/* Let t run on what `from` runs on, if that is on the same CPU and not used up. */
void sched_lend(u32 from, u32 t);
/* Give what `from` runs on to t, if `from` borrowed it. */
void sched_return(u32 from, u32 t);
/* t's call ends, and what it had borrowed and lent along it did not come back with an answer: take
 * it from whoever runs on it, if the calls through which t had it still wait. */
void sched_recall(u32 t);
/* Take t's own scheduling context back from whoever runs on it. */
void sched_reclaim(u32 t);
/* Take a ready thread out of the run queue, if it is there. */
void sched_leave_queue(u32 t);
/* A ready thread in no queue, perhaps current, may have something else to run on
 * than before: let it stay current, queue it, or let it wait for time. */
void sched_go_on(u32 t);
/* Begin a new period of sc. */
void budget_refill(u32 sc, u64 now);
/* Charge the time since the last charge to what this CPU runs on; true: it is used up now,
 * and what follows from that is to be done. */
bool budget_charge(struct cpu *c, u64 now);
void budget_used_up(u32 sc, u64 now);
/* The current thread goes on after a wait that ended at once: see that it has something to run on. */
void sched_continue(u32 t);
/* Ready thread t runs next if nothing is above it, and the CPU has no current thread. */
void sched_switch(u32 cpu, u32 t);
/* Change the effective priority, moving the thread in its run queue. */
void sched_set_eprio(u32 t, u32 eprio);
/* Choose who runs when this kernel entry ends; charge time; set the timer. */
void sched_exit(void);
/* The clock has reached the alarm: budgets and deadlines.  False: one that has
 * passed can only be dealt with under all locks; call again. */
bool sched_timer(u32 cpu);
/* Move what nobody runs on to another CPU. */
void sched_move(u32 sc, u32 cpu);
/* Nothing runs or will run on it any more. */
void sched_unbind(u32 sc);
