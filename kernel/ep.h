/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: synchronous transfer of a message between two threads.
 *
 * Owns:       struct ep and its queue.     Invariant: ep_inv().
 * Locks:      the home CPU's lock.
 *
 * The queue holds either senders (SEND, CALL) or receivers (RECV), oldest
 * first.
 */
#pragma once
#include "types.h"

struct ep {
	u32 head; /* first waiting thread, or NIL */
	u32 tail;
	u32 home;    /* CPU */
	u32 cursor;  /* ep_cancel: thread at which to go on, or NIL */
	u32 receiving; /* 1: the queue holds receivers */
	u64 cancelling; /* ep_cancel: the badge that the cursor belongs to */
	u64 cancels;    /* ep_cancel: how many have begun; the last one's ticket */
	GHOST(u64 g_clock;) /* arrivals so far */
};

/* Of a message, so many words are in registers. */
enum { REGISTER_WORDS = 8 };

/* msg.c: the fields of a tag. */
#define TAG_LENGTH(tag) ((u32)((tag) & 0x1ff))
#define TAG_CAPS(tag) ((u32)(((tag) >> 9) & 7))
#define TAG_NO_WAIT(tag) (((tag) & TAG_NONBLOCK) != 0)
#define TAG_LABEL(tag) ((tag) >> 16)

void ep_init(u32 ep, u32 cpu);
/* Enter a waiting thread at the end of the queue, or take it out. */
void ep_queue(u32 ep, u32 t);
void ep_unqueue(u32 t);
/* Wake at most 32 waiters with DONE_GONE; true when none is left. */
bool ep_destroy_step(u32 ep);
/* Send the message of t (its registers, or its fault) through the capability
 * in s and wait for the answer. */
err_t ep_call_through(u32 t, u32 s, u64 tag, u64 deadline) NODISCARD;

/* fastpath.c: deliver the fault recorded in t, the current thread, if its handler
 * waits for it here; this CPU's lock is held.  False: nothing was done. */
bool fast_fault(u32 t);

/* reply.c: the thread that waits for exactly this answer, or NIL. */
u32 reply_caller(u32 t, u64 call);
/* Drop the right that t holds: the caller gets DONE_GONE. */
void reply_drop(u32 t);
/* Answer caller c with the registers of t. */
void reply_give(u32 t, u32 c, u64 tag, bool lent);

/* msg.c: may t send a message with this tag through the capability in s? */
err_t msg_check(u32 t, u64 tag, u32 s) NODISCARD;
/* Does delivering t's message need all locks? */
bool msg_is_global(u32 t);
/* Write the message of `from`, its fault or its registers, into the registers
 * and message page of `to`, whose system call thereby ends with OK. */
void msg_transfer(u32 from, u32 to, u64 tag, u64 badge);
/* Apply an answer to a fault of `to`, given in the registers of `from`; false: it stays stopped. */
bool msg_answer_fault(u32 from, u32 to, u64 tag);
