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
	GHOST(u64 g_clock;) /* arrivals so far */
};

/* msg.c: the fields of a tag. */
#define TAG_LENGTH(tag) ((u32)((tag) & 0x1ff))
#define TAG_CAPS(tag) ((u32)(((tag) >> 9) & 7))
#define TAG_NO_WAIT(tag) (((tag) & TAG_NONBLOCK) != 0)
#define TAG_LABEL(tag) ((tag) >> 16)

void ep_init(u32 ep, u32 cpu);
void ep_queue(u32 ep, u32 t);
void ep_unqueue(u32 t);
/* Wake at most 32 waiters with DONE_GONE; true when none is left. */
bool ep_destroy_step(u32 ep);
/* Deliver the fault recorded in t to its fault endpoint; if it has none, stop it. */
void ep_fault(u32 t);
/* Drop the reply right that t holds: the caller gets DONE_GONE. */
void reply_drop(u32 t);
/* The thread that waits for exactly this answer, or NIL. */
u32 reply_caller(u32 t, u64 call);

/* msg.c */
err_t msg_check(u32 t, u64 tag, u32 source) NODISCARD;
void msg_transfer(u32 from, u32 to, u64 badge);
/* Apply an answer to a fault of `to`, given in the registers of `from`. */
void msg_answer_fault(u32 from, u32 to);
