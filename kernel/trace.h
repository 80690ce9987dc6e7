/* SPDX-License-Identifier: MIT */
/*
 * Trace events: what a CPU did last, for the epitaph and for `make trace`.
 */
#pragma once
#include "types.h"

/* X(kind, name, meaning of a, meaning of b) */
#define TRACE_LIST(X)                                                                              \
	X(1, call, "call number", "handle")                                                        \
	X(2, result, "call number", "error")                                                       \
	X(3, switch, "thread switched to", "its effective priority")                               \
	X(4, fault, "kind", "address")                                                             \
	X(5, irq, "vector", "irq object")                                                          \
	X(6, timer, "clock", "0")                                                                  \
	X(7, destroy, "page", "type")                                                              \
	X(8, complete, "thread", "completion code")                                                \
	X(9, kick, "CPU", "0")                                                                     \
	X(10, iommu, "requester id | reason << 16", "address refused to a device")

#define TRACE_ENUM(kind, name, a, b) TRACE_##name = kind,
enum { TRACE_LIST(TRACE_ENUM) };

#if DEBUG
void trace_add(u32 cpu, u32 kind, u64 a, u64 b);
#else
static inline void trace_add(u32 cpu, u32 kind, u64 a, u64 b)
{
	(void)cpu;
	(void)kind;
	(void)a;
	(void)b;
}
#endif
