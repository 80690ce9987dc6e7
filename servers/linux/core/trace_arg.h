/* SPDX-License-Identifier: MIT */
/*
 * How a trace prints the words of a call (trace.c), in the form of strace.
 */
#pragma once
#include "words.h"

/* A call as far as it is known; `ended`: what it filled can be read, unless it failed. */
struct traced {
	struct task *t;
	const struct lx_call *call;
	const u64 *args;
	bool ended;
	s64 result;
};

void trace_args(struct text *x, const struct traced *c);
/* Its result, which is no error, and what that means. */
void trace_result(struct text *x, const struct traced *c);
void trace_signal_name(struct text *x, u32 signo);
