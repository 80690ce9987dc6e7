/* SPDX-License-Identifier: MIT */
/*
 * A line for each system call, in the form of strace, on the debug console.
 */
#pragma once
#include "../linux.h"

extern bool trace_on;

/* Words of the message: number, six arguments. */
void trace_begin(struct task *t, const u64 *words);
void trace_end(struct task *t, const u64 *words, s64 result);
/* A signal is delivered, a task ends: a line of its own. */
void trace_note(const struct task *t, const char *what, u64 value);
/* A fault that becomes a signal. */
void trace_fault(const struct task *t, int signo, u64 addr, const struct regs_general *r);
