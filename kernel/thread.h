/* SPDX-License-Identifier: MIT */
/*
 * Threads.
 *
 * Owns:       struct thread.               Invariant: thread_inv().
 * Locks:      the home CPU's lock; all locks for slots, home, binding.
 *
 * A thread page holds eight slots, a time queue node, struct thread, and at
 * the end the XSAVE area.
 */
#pragma once
#include "arch_frame.h"
#include "types.h"

enum thread_state {
	THREAD_STOPPED, /* waits for thread_start or thread_resume */
	THREAD_READY,   /* current, in a run queue, or out of budget */
	THREAD_SEND,    /* in the endpoint's queue, with a message, no answer wanted */
	THREAD_CALL,    /* in the endpoint's queue, with a message, answer wanted */
	THREAD_RECV,    /* in the endpoint's queue, for a message */
	THREAD_REPLY,   /* its message was received, the answer not given */
	THREAD_WAIT,    /* in a notification's queue */
};

/* Which internal slot holds what; the first six are thread_bind's `which`. */
enum {
	TSLOT_SPACE = THREAD_SPACE,
	TSLOT_TABLE = THREAD_TABLE,
	TSLOT_SCHED = THREAD_SCHED,
	TSLOT_FAULT = THREAD_FAULT,
	TSLOT_MSG = THREAD_MSG,
	TSLOT_NOTIF = THREAD_NOTIF,
};

struct thread {
	struct arch_frame frame; /* registers of user mode while not running */

	u8 state;
	u8 flags;    /* THREAD_FPU, THREAD_FOREIGN */
	u8 prio;     /* its own */
	u8 eprio;    /* effective: own or that of the lender */
	u8 max_prio; /* the highest it may give */
	u8 queued;   /* 1: in the run queue of its home CPU */
	u8 fault;    /* FAULT_*: its message is this fault; 0: an ordinary message */
	u8 pending;  /* FAULT_*: it was stopped before it could say so; 0: none */
	u32 home;    /* CPU */

	/* What the internal slots refer to, so that the fast path need not look. */
	u32 table; /* NIL: none */
	u32 space;
	u32 sched;
	u32 msg;   /* page of the message frame */
	u32 notif; /* bound notification */

	u32 running_on; /* scheduling context it runs on: own, borrowed, or NIL */
	u32 lent;       /* while it waits for an answer: what it lent along the call, or NIL */

	u32 queue; /* ep or notif whose queue it is in, or NIL */
	u32 qnext; /* links of that queue or of the run queue */
	u32 qprev;

	u32 reply_to;   /* thread that its reply right answers, or NIL */
	u64 reply_call; /* and which call of it */
	u64 call;       /* number of the call that this thread waits in; 0: none */

	u64 tag;   /* of the message it sends */
	u64 badge; /* of the capability it sends through */

	u64 fault_code; /* cause, as the architecture gives it */
	u64 fault_addr;

	GHOST(u64 g_arrived;) /* when it entered its queue */
};

/* thread.c */
void thread_init(u32 t, u64 param, u32 cpu);
/* End what t waits for or take it off the CPU; it is then STOPPED. */
void thread_halt(u32 t);
/* Take a waiting thread out of every queue; it then waits for nothing. */
void thread_end_wait(u32 t);
/* End t's wait with a completion code and let it go on. */
void thread_complete(u32 t, err_t code);
/* Begin a wait of the current thread, in `state`, until `deadline` (0: none). */
void thread_wait(u32 t, u32 state, u64 deadline);
/* Thread t, which does nothing else, reports the fault recorded in it; without an endpoint for
 * that it stops, its registers readable. */
err_t thread_raise(u32 t);
void thread_detach(u32 t, u32 which);
void thread_destroy(u32 t);
