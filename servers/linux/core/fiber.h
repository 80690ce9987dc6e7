/* SPDX-License-Identifier: MIT */
/*
 * Fibers: the stacks on which system calls run that may have to wait.
 *
 * Each system call runs on the current fiber.  When it must wait, its caller's
 * reply right is saved, and another fiber goes on receiving.  Only fiber_sleep
 * and what calls it sleeps.
 *
 * A stack has FIBER_STACK bytes with an unmapped page below it: keep buffers of
 * more than a page out of it.
 */
#pragma once
#include "../linux.h"

enum { FIBER_PAGES = 7, FIBER_STACK = FIBER_PAGES * 4096 };

/* Something that is waited for.  Zeroed memory is not one: waitq_init. */
struct waitq {
	struct list waiters;
};

struct fiber;

/* One fiber in one queue; on the sleeper's stack. */
struct waiter {
	struct list link;
	struct fiber *fiber;
	uint64_t key;   /* for wake_key, and whatever the queue's owner wants */
	bool exclusive; /* wake_one ends with the first such */
	bool woken;
	/* Called instead of waking a fiber, where not NULL (epoll). It must not sleep. */
	void (*call)(struct waiter *w, uint32_t events);
};

void waitq_init(struct waitq *q);
/* Enter the current fiber (or, with w->call set, nobody) in a queue; `w` zeroed but for key, exclusive, call. */
void waiter_add(struct waitq *q, struct waiter *w);
/* Take it out, if it is still in: when this returns, nobody holds w. */
void waiter_del(struct waiter *w);

enum {
	SLEEP_KILLABLE = 1, /* only a fatal signal ends it early; else every signal does */
	SLEEP_FOREVER = 2   /* no signal does (short waits for devices) */
};
#define NO_DEADLINE UINT64_MAX

/*
 * Sleep until a queue entered wakes this fiber, `deadline` (CLOCK_MONOTONIC, ns) passes, or a
 * signal comes for the task.  Returns at once if woken since waiter_add.
 * @return 0, -ETIMEDOUT, or -EINTR (callers turn it into -ERESTART where Linux does)
 */
s64 fiber_sleep(u64 deadline, unsigned flags);

/* waiter_add, fiber_sleep, waiter_del on one queue.  The caller checks its condition again. */
s64 wait_on(struct waitq *q, u64 deadline, unsigned flags);

/* Wake all waiters (up to the first exclusive one that is woken, for wake_one).  `events`: POLL* bits. */
void wake_all(struct waitq *q, uint32_t events);
void wake_one(struct waitq *q, uint32_t events);
/* Wake at most `most` waiters with this key; returns how many. */
unsigned wake_key(struct waitq *q, uint64_t key, unsigned most);

/* Wake this one. */
void waiter_wake(struct waiter *w, uint32_t events);

/* Run `f(arg)` soon on a fiber of its own, for no task: it may sleep. False: no memory. */
bool fiber_start(void (*f)(void *), void *arg);

/* The task whose call the current fiber runs; NULL: none. */
struct task *current(void);
struct fiber *current_fiber(void);

/* --- for core/ and proc/ ------------------------------------------------------------ */

/* Fibers that there must be so that `tasks` tasks can sleep at once; false: no memory. */
bool fibers_reserve(unsigned tasks);
/* Run `f(arg)` soon on a fiber of its own, for `task`. */
bool fiber_start_for(struct task *task, void (*f)(void *), void *arg);
/* A signal came for whom this fiber works: end its sleep, if signals may. */
void fiber_interrupt(struct fiber *f, bool fatal);
/* The current fiber works for `t` from now on (NULL: nobody). */
void fiber_work_for(struct task *t);
/* Receive and handle messages; never returns. */
_Noreturn void loop_run(void);
