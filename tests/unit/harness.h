/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of the kernel on the simulated machine.
 *
 * A test is `TEST(name, "a sentence") { ... }` in any file of this directory;
 * it starts on a machine of its own with 3 CPUs, whose first program runs on
 * CPU 0 as thread `root`.  After every kernel entry all invariants are
 * checked, and that an error changed nothing.
 */
#pragma once
#define STATE_PEEK
#include "host.h"

enum { TEST_PAGES = 1600, TEST_CPUS = 3, BLOCKED = -1 };

void test_add(const char *file, const char *name, void (*run)(void));
#define TEST(id, name)                                                                             \
	static void id(void);                                                                      \
	__attribute__((constructor)) static void id##_add(void)                                    \
	{                                                                                          \
		test_add(__FILE__, name, id);                                                      \
	}                                                                                          \
	static void id(void)

_Noreturn void test_failed(const char *what, const char *file, int line, long got);
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			test_failed(#cond, __FILE__, __LINE__, 0);                                 \
	} while (0)
#define IS(value, wanted)                                                                          \
	do {                                                                                       \
		long is_value = (long)(value);                                                     \
		if (is_value != (long)(wanted))                                                    \
			test_failed(#value " is not " #wanted, __FILE__, __LINE__, is_value);      \
	} while (0)

/* --- what a thread does ----------------------------------------------------------- */

/*
 * Thread t makes a system call: its result, an ERRNO_*, or BLOCKED if it waits
 * (or is no more).  It must be ready; others of its priority give way to it.
 */
long call(u32 t, u32 nr, u64 handle, u64 a, u64 b, u64 c, u64 d, u64 e);
#define CALL0(t, nr, h) call(t, nr, h, 0, 0, 0, 0, 0)
#define CALL1(t, nr, h, a) call(t, nr, h, a, 0, 0, 0, 0)
#define CALL2(t, nr, h, a, b) call(t, nr, h, a, b, 0, 0, 0)
#define CALL3(t, nr, h, a, b, c) call(t, nr, h, a, b, c, 0, 0)
#define CALL4(t, nr, h, a, b, c, d) call(t, nr, h, a, b, c, d, 0)
/* The parts of a call: registers set, not yet made. */
void prepare(u32 t, u32 nr, u64 handle, u64 a, u64 b, u64 c, u64 d, u64 e);

/* Let t be the current thread of its CPU. */
void run(u32 t);
/* Registers of t, wherever they are: in a CPU or saved. */
u64 *regs(u32 t);
long result(u32 t); /* of a call that ended later; BLOCKED while it waits */
u64 out(u32 t, u32 i);
void set_word(u32 t, u32 i, u64 v);
u64 word(u32 t, u32 i);
/* t faults. */
void fault(u32 t, u32 kind, u64 code, u64 address);
/* An access to memory: the page, or NIL. */
u32 touch(u32 t, u64 vaddr, u32 access);

/* --- the machine ----------------------------------------------------------------- */
void enter(u32 cpu, u32 kind, u64 a); /* one kernel entry, with all checks */
void finish(u32 cpu);                 /* of an entry begun with host_begin */
void settle(void);                    /* deliver all that is under way */
void check_now(void);
/* Does what follows in `f` end in a failure of the machine or an invariant? */
const char *failure_of(void (*f)(void));

/* --- objects, made by the root thread --------------------------------------------------- */
extern u32 root;
u64 new_handle(void);
u32 page_of(u64 handle); /* object behind a handle of root */
u32 slot_of(u64 handle);
u64 new_object(u32 type, u64 param); /* handle */
u64 new_frames(u32 count);           /* handle */
u64 new_frames_aligned(u32 count, u32 align);
/* A started thread on a CPU, with root's table and space, a budget of its own and a message page. */
struct worker {
	u32 t;                  /* page */
	u64 thread, sched, msg; /* handles */
	u32 msg_page;
};
struct worker new_thread(u32 cpu, u32 prio, u32 flags);
u64 derive(u64 handle, u64 rights, u64 badge); /* handle */
/* Page tables for the 2 MiB around vaddr, in a space of that handle. */
void new_ptables(u64 space, u64 vaddr);
void delete_all(u64 handle); /* cap_delete until done, and drained */
u32 count_free(void);
