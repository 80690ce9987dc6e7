/* SPDX-License-Identifier: MIT */
/*
 * Between fibers and the loop; nobody else needs it.
 */
#pragma once
#include "../linux.h"

void fibers_start(void);
/* Is there a fiber that could go on? */
bool fibers_ready(void);
/* Let the first ready fiber run; the current one has nothing to do. */
void fiber_yield_idle(void);

/* Give the answer that is due, receive a message or event, handle it. */
void loop_once(void);
/* The current fiber, which works for t, is about to sleep: keep t's right to be answered. */
void loop_leaves(struct task *t);

/*
 * t's call or fault is done with and it was not set going otherwise: let it go on.
 * result: of its call, where it is one.
 */
void loop_answer(struct task *t, u64 label, u64 result);
/* t gets no answer (it ended, or was started anew). */
void loop_forget(struct task *t);

void loop_start(void);
