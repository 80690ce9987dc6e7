/* SPDX-License-Identifier: MIT */
/*
 * Tests of the kernel from user mode.
 *
 * A test is a function with a sentence for a name.  It runs on a thread of its
 * own (the runner), with memory of its own; afterwards the supervisor revokes
 * that memory and checks that every page of it is free.  So tests do not clean
 * up, and one that hangs or crashes costs its time only.
 *
 * Each file says with TESTS(call, ...) which calls its positive tests cover.
 */
#pragma once
#include "tessera/sys.h"

struct test {
	void (*run)(void);
	const char *name;
	u64 seconds; /* it may take; 0: the usual */
	u32 arg;     /* becomes test_arg */
};
extern u32 test_arg;

#define TEST_FOR(id, seconds, sentence)                                                            \
	static void id(void);                                                                      \
	static const struct test test_##id                                                         \
		__attribute__((used, section("tests"), aligned(8))) = { id, sentence, seconds,     \
									0 };                       \
	static void id(void)
#define TEST(id, sentence) TEST_FOR(id, 0, sentence)

/* Read by tools/abigen.py --check. */
#define TESTS(...) _Static_assert(1, #__VA_ARGS__)

/* --- what a test says -------------------------------------------------------- */

/* End the test: `not ok` with this text, or skipped.  Any thread may call them. */
_Noreturn void test_fail(const char *file, int line, const char *text, u64 got, u64 want);
_Noreturn void test_skip(const char *reason);

#define EXPECT(cond)                                                                               \
	do {                                                                                       \
		if (!(cond))                                                                       \
			test_fail(__FILE__, __LINE__, #cond, 0, 1);                                \
	} while (0)
#define EXPECT_EQ(got, want)                                                                       \
	do {                                                                                       \
		u64 got_ = (u64)(got), want_ = (u64)(want);                                        \
		if (got_ != want_)                                                                 \
			test_fail(__FILE__, __LINE__, #got " == " #want, got_, want_);             \
	} while (0)
#define EXPECT_ERR(call, want) EXPECT_EQ((call).v, (want).v)
#define EXPECT_OK(call) EXPECT_ERR(call, OK)
/* Wait for what another thread does; the time limit of the test is the limit. */
#define WAIT_FOR(cond)                                                                             \
	do {                                                                                       \
		while (!(cond))                                                                    \
			sleep_us(100);                                                             \
	} while (0)

/* --- what a test has ------------------------------------------------------------ */

enum { PRIO_LOW = 50, PRIO_RUN = 100, PRIO_HIGH = 150, PRIO_MAX = 240, TEST_PAGES = 6144 };

/* The memory of the test, and the message page of the runner. */
#define TEST_MEMORY ((memory_h){ test_memory })
extern u32 test_memory;
extern struct sys_thread runner;
/* Where faults go that a test does not expect. */
extern ep_h super_ep;
/* A notification that nobody signals: to sleep, or to wait for ever. */
extern notif_h nowhere;

void sleep_us(u64 microseconds);
/* Long enough for others to get where they wait; on a busy host that takes a while. */
void settle(void);
/* Two addresses with nothing mapped around them: 1 GiB each. */
#define AREA_A 0x40000000000ull
#define AREA_B 0x48000000000ull

/* Another thread. `fn` runs on it; a fault of it ends the test, unless expected. */
struct worker {
	struct sys_thread t;
	void (*fn)(struct worker *w);
	ep_h ep;
	notif_h notif;
	u64 a, b;            /* arguments */
	volatile u64 out[8]; /* what it found out */
	volatile err_t result;
	volatile u64 count;
	volatile u32 done; /* 1: fn returned */
	struct msg m;
};
_Static_assert(offsetof(struct worker, out) == 88, "as raw.S has it");
_Static_assert(offsetof(struct worker, a) == 72, "as raw.S has it");

enum { WORKERS_MAX = 48 };
extern struct worker workers[WORKERS_MAX];

struct worker *worker_new(u32 prio, u32 cpu, u64 flags, void (*fn)(struct worker *));
void worker_run(struct worker *w);
/* Both: it runs at once if its priority is above the caller's. */
struct worker *worker(u32 prio, u32 cpu, void (*fn)(struct worker *));
struct worker *worker_at(u32 prio, u32 cpu, void (*fn)(struct worker *), ep_h ep);
/* Deliver its faults to this endpoint, with this badge, instead of ending the test. */
void worker_faults_to(struct worker *w, ep_h ep, u64 badge);
bool thread_is_stopped(thread_h t);
/* All registers of a thread that waits for the answer to a fault, where FAULT_REGS wants them. */
volatile struct regs_general *fault_regs(thread_h t);

/* Skip the test unless there are so many CPUs. */
void need_cpus(u32 n);

/* A new slot, empty. */
slot_t new_slot(void);
bool slot_is_empty(u32 slot);
u32 cap_type(u32 handle);
u64 cap_rights(u32 handle);

/* A pool of frames mapped at vaddr, for reading and writing. */
frames_h frames_at(u64 vaddr, u32 pages, grant_h *grant);

/* raw.S: any call, with all registers of the C convention kept. */
u64 raw_call(u64 nr, u64 handle, const u64 arg[5], u64 out[3]);
/* A call with different values in the registers that it must keep; 0: they were kept. */
u64 changed_registers(u64 nr, u64 handle);

/* neg.c: the generated wrong calls, as one test for each call. */
u32 neg_tests(struct test *to, u32 max);
