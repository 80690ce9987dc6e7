/* SPDX-License-Identifier: MIT */
/*
 * The FPU state of threads: kept over switches, never shared.
 */
#include "ktest.h"

TESTS(thread_get_regs, thread_set_regs);

/* raw.S: fill the 16 vector registers from 16 words; are they still the same? */
void fpu_fill(const u64 word[16]);
u64 fpu_differs(const u64 word[16]);
void fpu_read(u64 word[16]);

enum { XMM_AT = 160 / 8, MXCSR_AT = 24 / 8, HEADER_AT = 512 / 8 };

static void keep(struct worker *w)
{
	u64 word[16];

	for (u32 i = 0; i < 16; i++)
		word[i] = w->a * 0x0101010101010101ull + i;
	for (;;) {
		fpu_fill(word);
		(void)thread_yield();
		w->out[0] |= fpu_differs(word);
		for (u32 k = 0; k < 200; k++)
			__asm__ volatile("" ::: "memory");
		w->out[0] |= fpu_differs(word);
		w->count++;
	}
}

static struct worker *keeper(u32 prio, u32 cpu, u64 pattern)
{
	struct worker *w = worker_new(prio, cpu, THREAD_FPU, keep);
	u64 slice = sys_ticks(300);

	w->a = pattern;
	EXPECT_OK(sched_configure(w->t.sched, (cpus_h){ HANDLE_CPUS }, cpu, slice, slice));
	worker_run(w);
	return w;
}

TEST(fpu_isolated, "threads do not see each other's FPU registers, however they are switched")
{
	struct worker *w[4];

	for (u32 i = 0; i < 4; i++)
		w[i] = keeper(PRIO_LOW, 0, i + 1);
	for (u32 i = 0; i < 4; i++)
		WAIT_FOR(w[i]->count > 50);
	for (u32 i = 0; i < 4; i++)
		EXPECT_EQ(w[i]->out[0], 0);
}

TEST_FOR(fpu_moved, 10, "FPU registers go with a thread to another CPU")
{
	need_cpus(2);
	struct worker *w = keeper(PRIO_LOW, 0, 7);

	(void)keeper(PRIO_LOW, 1, 8);
	for (u32 i = 0; i < 20; i++) {
		u64 seen = w->count;

		WAIT_FOR(w->count > seen);
		EXPECT_OK(thread_stop(w->t.thread));
		EXPECT_OK(thread_set_cpu(w->t.thread, (cpus_h){ HANDLE_CPUS }, (i + 1) % 2));
		EXPECT_OK(thread_resume(w->t.thread));
	}
	EXPECT_EQ(w->out[0], 0);
}

static void read_fresh(struct worker *w)
{
	u64 word[16];

	fpu_read(word);
	for (u32 i = 0; i < 16; i++)
		w->out[0] |= word[i];
}

TEST(fpu_fresh, "a new thread finds its FPU registers empty")
{
	struct worker *w = keeper(PRIO_LOW, 0, 9);

	WAIT_FOR(w->count > 3);
	struct worker *v = worker_new(PRIO_HIGH, 0, THREAD_FPU, read_fresh);
	worker_run(v);
	EXPECT(v->done);
	EXPECT_EQ(v->out[0], 0);
}

static void fill_once(struct worker *w)
{
	u64 word[16];

	for (u32 i = 0; i < 16; i++)
		word[i] = 100 + i;
	fpu_fill(word);
	(void)thread_stop(w->t.thread);
	fpu_read(word);
	for (u32 i = 0; i < 8; i++)
		w->out[i] = word[i];
}

TEST(fpu_image, "the FPU image of a stopped thread can be read, changed and written")
{
	struct worker *w = worker_new(PRIO_HIGH, 0, THREAD_FPU, fill_once);
	u64 bytes = 0;

	worker_run(w);
	EXPECT_OK(thread_get_regs(w->t.thread, REGS_XSTATE, &bytes, NULL));
	EXPECT_EQ(bytes, sys_info->xstate_bytes);
	for (u32 i = 0; i < 16; i++)
		EXPECT_EQ(runner.msg[XMM_AT + 2 * i], 100 + i);
	runner.msg[XMM_AT + 2 * 3] = 0x333;
	EXPECT_OK(thread_set_regs(w->t.thread, REGS_XSTATE));
	EXPECT_OK(thread_resume(w->t.thread));
	EXPECT(w->done);
	EXPECT_EQ(w->out[2], 102);
	EXPECT_EQ(w->out[3], 0x333);
}

TEST(fpu_hostile, "a hostile FPU image is made harmless")
{
	for (u32 round = 0; round < 4; round++) {
		struct worker *w = worker_new(PRIO_HIGH, 0, THREAD_FPU, fill_once);

		worker_run(w);
		for (u32 i = 0; i < sys_info->xstate_bytes / 8; i++)
			runner.msg[i] = round == 0   ? ~0ull
					: round == 1 ? 0xa5a5a5a5a5a5a5a5ull
						     : i << (8 * round);
		EXPECT_OK(thread_set_regs(w->t.thread, REGS_XSTATE));
		EXPECT_OK(thread_resume(w->t.thread));
		EXPECT(w->done);
		EXPECT_OK(thread_get_regs(w->t.thread, REGS_XSTATE, NULL, NULL));
		EXPECT_EQ(runner.msg[MXCSR_AT] & 0xffff0000, 0);
		EXPECT_EQ(runner.msg[HEADER_AT] & ~sys_info->xstate_mask, 0);
	}
}

TEST(fpu_none, "a thread without FPU has no FPU image")
{
	thread_h t = sys_thread_object(0);
	u64 bytes = 1;

	EXPECT_OK(thread_get_regs(t, REGS_XSTATE, &bytes, NULL));
	EXPECT_EQ(bytes, 0);
	EXPECT_OK(thread_set_regs(t, REGS_XSTATE));
}
