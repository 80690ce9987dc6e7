/* SPDX-License-Identifier: MIT */
/*
 * A line for each system call, in the form of strace.
 */
#pragma once
#include "../linux.h"

struct siginfo;

extern bool trace_on;

/* Words of the message: number, six arguments. */
void trace_begin(struct task *t, const u64 *words);
void trace_end(struct task *t, const u64 *words, s64 result);
/* Lines of their own: a signal is delivered; a task ends, with a status as wait reports it. */
void trace_signal(const struct task *t, const struct siginfo *info);
void trace_ended(const struct task *t, u32 status);
