/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing the kernel on the simulated machine.
 *
 * An input is a sequence of choices.  They come from the bytes of a file, or
 * without end from a generator with a seed; both drive the same operations:
 * system calls with arguments that are mostly sensible, faults, interrupts,
 * time, memory accesses, and when on which CPU each of them goes on.
 */
#pragma once
#include <stddef.h>

#include "host.h"

enum {
	FUZZ_PAGES = 384,
	FUZZ_CPUS = 3,
	FUZZ_EPISODE = 3000, /* operations before a new start, with endless choices */
};

/* --- choices: gen.c ------------------------------------------------------------- */
void choose_from_bytes(const u8 *data, size_t length);
void choose_from_seed(u64 seed);
bool choices_left(void);
u32 choose(u32 n); /* 0 to n - 1 */
bool chance(u32 of_256);
u64 choose_u64(void);
u64 choose_between(u64 min, u64 max);
u64 choose_vaddr(void);

/* A handle of thread t to something in `mask` of types (0: any) with these rights. */
u64 choose_handle(u32 t, u32 mask, u32 rights);
/* An empty slot (or a full one) of a table of t, as slot and from arguments are written. */
u64 choose_where(u32 t, bool full);
u32 choose_page(u32 type); /* a page of that type, or NIL */

/* --- args.c ------------------------------------------------------------------------ */
struct fuzz_call;
/* Fill the registers of the thread that runs on the CPU for a system call. */
void make_call(u32 cpu, const struct fuzz_call *call);
void make_random_call(u32 cpu);
void make_polite_call(u32 cpu);
/* Something to send, map or load, in the message page of a thread. */
void fill_message_page(u32 t, u32 page);
const struct fuzz_call *choose_call(void);
const struct fuzz_call *call_named(u32 nr);

/* --- shadow.c ------------------------------------------------------------------------ */
void shadow_reset(void);
void shadow_forget(u32 t);
void shadow_forget_all(void);
void shadow_check(void);
void shadow_compute(u32 cpu);

/* --- twice.c ------------------------------------------------------------------------- */
/* Finish an entry both with the short way of messages and without it. */
void finish_twice(u32 cpu);

/* --- run.c --------------------------------------------------------------------------- */
struct fuzz_options {
	u32 check_every; /* all invariants after every Nth kernel entry */
	u64 calls;       /* system calls made so far */
	u64 operations;
	u64 entries;   /* operations that entered the kernel */
	u64 errors;    /* calls that ended with an error, of which was checked that ... */
	u64 unchanged; /* ... they changed nothing */
	u64 result[64][ERRNO_DEVICE + 1]; /* how often each call ended how; completions are OK */
};
extern struct fuzz_options fuzz;
void fuzz_start(void);
/* One operation; false: nothing can happen on this machine any more. */
bool fuzz_step(void);
void fuzz_check_all(void);
