/* SPDX-License-Identifier: MIT */
/*
 * Integer types and the few helpers that every kernel file uses.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h" /* generated from abi/kernel.toml: u8 to u64, err_t, numbers */

#define PAGE_SIZE 4096ull
#define PAGE_SHIFT 12

/* "No such index", for pages, slots, threads and CPUs alike. */
#define NIL 0xffffffffu

/* A pure predicate or accessor: the prover turns a call into one term. */
#ifndef PRED
#define PRED static inline __attribute__((pure))
#endif

/* Ghost state: exists for the prover and in debug builds on the host only. */
#ifdef WITH_GHOST
#define GHOST(...) __VA_ARGS__
#else
#define GHOST(...)
#endif

#define NODISCARD __attribute__((warn_unused_result))
/* What happens rarely stays out of the functions that call it, which then save no registers for it. */
#define RARELY __attribute__((noinline, cold))
#define APART __attribute__((noinline))
#define RARE(x) __builtin_expect(x, 0)
#define USUAL(x) __builtin_expect(x, 1)
/* On the paths that are measured; the prover takes them one by one. */
#ifndef HOT
#define HOT static inline __attribute__((always_inline))
#endif

/*
 * Results that are not errors of the interface but instructions to the
 * dispatcher: run the handler again with all locks; or leave the result
 * registers alone, because the thread waits or its result is written already;
 * the same, and the CPU has gone on to whoever runs now.
 */
enum { INT_GLOBAL = 0x100, INT_NONE = 0x101, INT_GONE_ON = 0x102 };
#define RUN_GLOBAL ((err_t){ INT_GLOBAL })
#define NO_RESULT ((err_t){ INT_NONE })
#define GONE_ON ((err_t){ INT_GONE_ON })

/* An invariant that a bug in the kernel would break.  Stays on in release. */
#define KASSERT(cond)                                                                              \
	do {                                                                                       \
		if (!(cond))                                                                       \
			arch_panic(#cond, __FILE__, __LINE__);                                     \
	} while (0)

/*
 * What is proved of every caller, and debug kernels assert: the compiler may rely
 * on it.  Only for functions whose absence of undefined behaviour is proved, which
 * includes this.
 */
#if DEBUG
#define KNOWN(cond) KASSERT(cond)
#else
#define KNOWN(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			__builtin_unreachable();                                                   \
	} while (0)
#endif

_Noreturn void arch_panic(const char *what, const char *file, int line);
