/* SPDX-License-Identifier: MIT */
/*
 * Structures in traces, and what trace_arg.c and trace_struct.c need of each other.
 */
#pragma once
#include "trace_arg.h"

void trace_address(struct text *x, u64 addr);
void trace_string(struct text *x, const struct task *t, u64 addr, u64 bytes);
void trace_path(struct text *x, const struct task *t, u64 addr);
/* Argument i as what it points to; false: it is no structure, or cannot be read. */
bool trace_struct(struct text *x, const struct traced *c, u32 i);
/* Behind the result of poll: what there is. */
void trace_polled(struct text *x, const struct traced *c, u32 i);
