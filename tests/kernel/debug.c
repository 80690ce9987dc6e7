/* SPDX-License-Identifier: MIT */
/*
 * Debugging threads; the debug console; the trace.
 */
#include "ktest.h"

TESTS(thread_debug, system_debug_write, system_trace_read);

enum { OP_DR0 = 0, OP_DR7 = 4, OP_STEP = 5 };
#define DR6_STEP 0x4000ull
#define FLAG_TF 0x100ull

/* raw.S: a few instructions with known addresses. */
extern const char step_0[], step_1[], step_2[];
void do_steps(struct worker *w);

static void steps(struct worker *w)
{
	do_steps(w);
	w->count = 1;
}

static void expect_debug(struct worker *w, struct msg *m, u64 ip, u64 cause)
{
	EXPECT_OK(ep_recv(w->ep, m, 0));
	EXPECT_EQ(m->tag >> TAG_LABEL_SHIFT, FAULT_DEBUG);
	EXPECT_EQ(m->w[0] & 0x4fff, cause);
	EXPECT_EQ(m->w[2], ip);
}

static void resume(struct msg *m)
{
	m->tag = (u64)FAULT_RESUME << TAG_LABEL_SHIFT;
	EXPECT_OK(reply(m, (reply_h){ 0 }));
	m->tag = 0;
}

static struct worker *debuggee(void)
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, steps);

	w->ep = sys_ep();
	worker_faults_to(w, w->ep, 1);
	return w;
}

TEST(break_point, "a break point on an instruction stops a thread before it, every time")
{
	struct worker *w = debuggee();
	struct msg m = { 0 };

	EXPECT_OK(thread_debug(w->t.thread, OP_DR0 + 1, (u64)step_1));
	EXPECT_OK(thread_debug(w->t.thread, OP_DR7, 4));
	worker_run(w);
	expect_debug(w, &m, (u64)step_1, 2);
	/* With the resume flag it goes on past the break point (SDM vol 3, 17.3.1.1). */
	EXPECT(fault_regs(w->t.thread) != NULL);
	runner.msg[8 + 17] |= 0x10000;
	m.tag = (u64)FAULT_REGS << TAG_LABEL_SHIFT | (8 + sizeof(struct regs_general) / 8);
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	EXPECT(w->done);
	EXPECT_EQ(w->out[0], 3);
}

TEST(watch_point, "a watch point stops a thread after it wrote there")
{
	struct worker *w = debuggee();
	struct msg m = { 0 };

	/* Length 8, on writing. */
	EXPECT_OK(thread_debug(w->t.thread, OP_DR0, (u64)&w->out[0]));
	EXPECT_OK(thread_debug(w->t.thread, OP_DR7, 1 | 0x9 << 16));
	worker_run(w);
	expect_debug(w, &m, (u64)step_2, 1);
	EXPECT_EQ(w->out[0], 3);
	resume(&m);
	EXPECT(w->done);
}

TEST(single_step, "single steps stop a thread after each instruction")
{
	struct worker *w = debuggee();
	struct msg m = { 0 };

	EXPECT_OK(thread_debug(w->t.thread, OP_DR0, (u64)step_0));
	EXPECT_OK(thread_debug(w->t.thread, OP_DR7, 1));
	worker_run(w);
	expect_debug(w, &m, (u64)step_0, 1);
	m.tag = (u64)FAULT_STOP << TAG_LABEL_SHIFT;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	EXPECT_OK(thread_debug(w->t.thread, OP_DR7, 0));
	EXPECT_OK(thread_debug(w->t.thread, OP_STEP, 1));
	EXPECT_OK(thread_resume(w->t.thread));
	m.tag = 0;
	expect_debug(w, &m, (u64)step_1, DR6_STEP);
	resume(&m);
	expect_debug(w, &m, (u64)step_2, DR6_STEP);
	m.tag = (u64)FAULT_STOP << TAG_LABEL_SHIFT;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	EXPECT_OK(thread_debug(w->t.thread, OP_STEP, 0));
	EXPECT_OK(thread_resume(w->t.thread));
	EXPECT(w->done);
}

static void step_over_call(struct worker *w)
{
	(void)thread_stop(w->t.thread);
	w->result = thread_yield();
	w->count = 1;
	(void)notif_wait(nowhere, 0, NULL);
}

TEST(step_syscall, "a thread that is single-stepped can make system calls")
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, step_over_call);
	struct msg m = { 0 };
	u64 n = 0;

	w->ep = sys_ep();
	worker_faults_to(w, w->ep, 1);
	worker_run(w);
	EXPECT(thread_is_stopped(w->t.thread));
	EXPECT_OK(thread_debug(w->t.thread, OP_STEP, 1));
	EXPECT_OK(thread_resume(w->t.thread));
	for (; n < 1000; n++) {
		m.tag = 0;
		if (!err_is_ok(ep_recv(w->ep, &m, sys_after(200000))))
			break;
		EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_DEBUG);
		resume(&m);
	}
	EXPECT(n > 5);
	EXPECT_EQ(w->count, 1);
}

TEST(others_not, "break points of one thread do not stop another")
{
	struct worker *w = debuggee();
	struct worker *v = worker_new(PRIO_HIGH, 0, 0, steps);
	struct msg m = { 0 };

	EXPECT_OK(thread_debug(w->t.thread, OP_DR0, (u64)step_1));
	EXPECT_OK(thread_debug(w->t.thread, OP_DR7, 1));
	worker_run(w);
	EXPECT(!w->done);
	worker_run(v);
	EXPECT(v->done);
	expect_debug(w, &m, (u64)step_1, 1);
}

TEST(debug_values, "break points in the kernel, and on I/O ports, are refused")
{
	thread_h t = sys_thread_object(0);

	EXPECT_ERR(thread_debug(t, OP_DR0, 0xffffffff80000000ull), ERR_ARG);
	EXPECT_ERR(thread_debug(t, OP_DR0 + 3, 0x800000000000ull), ERR_ARG);
	EXPECT_ERR(thread_debug(t, OP_DR7, 2 << 16 | 1), ERR_ARG);
	EXPECT_ERR(thread_debug(t, OP_DR7, 1 << 13), ERR_ARG);
	EXPECT_ERR(thread_debug(t, OP_DR7, 1ull << 32), ERR_ARG);
	EXPECT_ERR(thread_debug(t, OP_STEP, 2), ERR_ARG);
	EXPECT_OK(thread_debug(t, OP_DR0, 0x7fffffffe000ull));
}

static void count(struct worker *w)
{
	for (;;)
		w->count++;
}

TEST(debug_running, "a running thread cannot be debugged")
{
	struct worker *w = worker(PRIO_LOW, 0, count);

	EXPECT_ERR(thread_debug(w->t.thread, OP_STEP, 1), ERR_STATE);
}

TEST(console, "bytes can be written to the debug console")
{
	system_h none = { sys_derive((any_h){ HANDLE_SYSTEM }, RIGHT_SYSTEM_TRACE, 0) };

	EXPECT_OK(system_debug_write((system_h){ HANDLE_SYSTEM }, 10, 0x736e6f6320232323ull,
				     0x0a65ull, 0));
	EXPECT_ERR(system_debug_write(none, 1, 0x2e, 0, 0), ERR_RIGHTS);
}

TEST(trace, "the trace of a CPU can be read from where one wants")
{
	system_h s = { HANDLE_SYSTEM };
	u64 count_out = 0, next = 0;

	EXPECT_OK(system_trace_read(s, 0, 0, &count_out, &next));
	if (!(sys_info->features & FEATURE_DEBUG_KERNEL)) {
		EXPECT_EQ(count_out, 0);
		return;
	}
	EXPECT(count_out > 0 && count_out <= 128 && next >= count_out);
	EXPECT_ERR(system_trace_read(s, sys_info->cpus, 0, NULL, NULL), ERR_RANGE);
}
