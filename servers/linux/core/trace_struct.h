/* SPDX-License-Identifier: MIT */
/*
 * Structures and options in traces, and what trace_arg.c, trace_struct.c and trace_prctl.c need of each other.
 */
#pragma once
#include "trace_arg.h"

void trace_address(struct text *x, u64 addr);
void trace_string(struct text *x, const struct task *t, u64 addr, u64 bytes);
void trace_path(struct text *x, const struct task *t, u64 addr);
/* So much of a string as has room with its end; at most 256. */
void trace_text(struct text *x, const struct task *t, u64 addr, u64 room);
/* A number, or words of a set: enum lx_kind. */
void trace_word(struct text *x, u32 kind, u64 v);
/* Argument i as what it points to; false: it is no structure, or cannot be read. */
bool trace_struct(struct text *x, const struct traced *c, u32 i);
/* Behind the result of poll: what there is. */
void trace_polled(struct text *x, const struct traced *c, u32 i);
/* How many arguments prctl looks at; false: not an argument of prctl that its option decides; behind its result. */
u32 trace_prctl_count(u32 option);
bool trace_prctl(struct text *x, const struct traced *c, u32 i);
void trace_prctl_result(struct text *x, const struct traced *c);
