/* SPDX-License-Identifier: MIT */
/*
 * What only a hostile program does: entries with strange registers, stacks and
 * addresses; messages that carry what they are made with.
 */
#include "ktest.h"

TESTS(reply, ep_cancel, thread_start);

enum { WAITERS = 40 };
#define LAST_PAGE 0x7fffffffe000ull
#define USER_END 0x7ffffffff000ull
#define FLAG_DF 0x400ull

/* raw.S */
void do_last_syscall(struct worker *w);
void do_flags(struct worker *w);
void do_ss_shadow(struct worker *w);
void do_step_syscall(struct worker *w);
void do_bad_stack(struct worker *w);
void do_selectors(struct worker *w);
void do_misaligned(struct worker *w);
u64 read_fs(void);

/* --- messages ------------------------------------------------------------------------- */

static void call_it(struct worker *w)
{
	w->t.msg[MSG_RECV_SLOTS] = w->a;
	w->result = ep_call(w->ep, &w->m, w->b);
	w->out[0] = w->m.tag;
}

TEST(reply_sends_itself, "a reply right cannot travel in the answer that it gives")
{
	ep_h ep = sys_ep();
	slot_t saved = new_slot(), to = new_slot();
	struct worker *c = worker_new(PRIO_HIGH, 0, 0, call_it);
	struct msg m = { 0 };

	c->ep = ep;
	c->a = to.where;
	worker_run(c);
	for (u32 round = 0; round < 2; round++) {
		EXPECT_OK(ep_recv(ep, &m, 0));
		EXPECT_OK(reply_save(saved));
		runner.msg[MSG_SEND_CAPS] = saved.where;
		runner.msg[MSG_SEND_CAPS + 1] = CAP_SEND_MOVE;
		m.tag = 1ull << TAG_CAPS_SHIFT;
		if (round == 0)
			EXPECT_OK(reply(&m, (reply_h){ (u32)saved.where }));
		else
			EXPECT_ERR(ep_reply_recv(ep, &m, 1, (reply_h){ (u32)saved.where }),
				   DONE_TIMEOUT);
		WAIT_FOR(c->done);
		EXPECT_OK(c->result);
		EXPECT_EQ(c->out[0], 0);
		EXPECT(slot_is_empty((u32)saved.where) && slot_is_empty((u32)to.where));
		c->done = 0;
		c->m.tag = 0;
		worker_run(c);
		m.tag = 0;
	}
}

TEST(ep_sends_itself, "an endpoint capability can travel in a message through itself")
{
	ep_h ep = sys_ep();
	u32 copy = sys_derive(ANY(ep), RIGHTS_ALL_EP, 8);
	slot_t to = new_slot();
	struct worker *c = worker_new(PRIO_LOW, 0, 0, call_it);
	struct msg m = { .tag = 1ull << TAG_CAPS_SHIFT };

	/* Its message waits until this thread receives. */
	c->ep = (ep_h){ copy };
	c->m.tag = m.tag;
	c->t.msg[MSG_SEND_CAPS] = copy;
	c->t.msg[MSG_SEND_CAPS + 1] = CAP_SEND_MOVE;
	worker_run(c);
	settle();
	runner.msg[MSG_RECV_SLOTS] = to.where;
	m.tag = 0;
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.badge, 8);
	EXPECT_EQ(m.tag, 1ull << TAG_CAPS_SHIFT);
	EXPECT(slot_is_empty(copy) && !slot_is_empty((u32)to.where));
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	WAIT_FOR(c->done);
}

TEST(msg_page_dies, "a message whose page is gone when it is received has eight words")
{
	ep_h ep = sys_ep();
	struct worker *c = worker_new(PRIO_HIGH, 0, 0, call_it);
	struct msg m = { 0 };

	c->ep = ep;
	c->m.tag = 100 | 1ull << TAG_CAPS_SHIFT;
	worker_run(c);
	EXPECT_OK(sys_delete(SLOT_OWN(c->t.msg_page.h)));
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.tag, 8);
	m.tag = 200;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	WAIT_FOR(c->done);
	EXPECT_EQ(c->out[0], 8);
}

TEST(msg_page_shared, "two threads with the same message page can exchange long messages")
{
	ep_h ep = sys_ep();
	struct worker *c = worker_new(PRIO_HIGH, 0, 0, call_it);
	struct msg m = { 0 };

	EXPECT_OK(thread_bind(c->t.thread, THREAD_MSG, ANY(runner.msg_page), 0));
	c->ep = ep;
	c->m.tag = 300;
	runner.msg[200] = 5;
	worker_run(c);
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.tag, 300);
	EXPECT_EQ(runner.msg[200], 5);
}

static struct worker *badged(ep_h ep, u64 badge)
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, call_it);

	w->ep = (ep_h){ sys_derive(ANY(ep), RIGHTS_ALL_EP, badge) };
	worker_run(w);
	return w;
}

TEST(cancel_abandoned, "a cancellation that was not finished does not hide waiters from the next")
{
	ep_h ep = sys_ep();
	struct worker *w[WAITERS];
	u64 more = 1, ticket = 0;

	for (u32 i = 0; i < WAITERS; i++)
		w[i] = badged(ep, 1 + i % 2);
	EXPECT_OK(ep_cancel(ep, 1, 0, &more, NULL));
	EXPECT_EQ(more, 1);
	while (more != 0)
		EXPECT_OK(ep_cancel(ep, 2, ticket, &more, &ticket));
	for (u32 i = 1; i < WAITERS; i += 2) {
		EXPECT(w[i]->done);
		EXPECT_ERR(w[i]->result, DONE_CANCELLED);
	}
}

/* --- entries ----------------------------------------------------------------------------- */

static struct worker *with_faults(void (*fn)(struct worker *), u64 flags)
{
	struct worker *w = worker_new(PRIO_HIGH, 0, flags, fn);

	w->ep = sys_ep();
	worker_faults_to(w, w->ep, 1);
	return w;
}

/* SYSRET to a non-canonical address would fault in the kernel (Intel SDM vol 2, SYSRET). */
TEST(last_syscall, "a system call at the very end of user memory returns to where nothing can be")
{
	frames_h f = sys_frames(1);
	grant_h g;
	struct worker *w = with_faults(do_last_syscall, 0);
	struct msg m = { 0 };

	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(f), AREA_A, 1, MAP_READ | MAP_WRITE, &g));
	*(volatile u8 *)(AREA_A + 4094) = 0x0f;
	*(volatile u8 *)(AREA_A + 4095) = 0x05;
	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(f), LAST_PAGE, 1, MAP_READ | MAP_EXEC, &g));
	w->a = LAST_PAGE + 4094;
	worker_run(w);
	EXPECT_OK(ep_recv(w->ep, &m, 0));
	EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_PAGE);
	EXPECT_EQ(m.w[1], USER_END);
	EXPECT_EQ(m.w[2], USER_END);
}

TEST(entry_flags, "flags that a program sets do not disturb the kernel, and come back")
{
	struct worker *w = worker(PRIO_HIGH, 0, do_flags);

	EXPECT(w->done);
	/* Result of the call, and the flags after it. */
	EXPECT_EQ(w->out[0], 0);
	EXPECT_EQ(w->out[1] & FLAG_DF, FLAG_DF);
}

/* A watch point hit by a move to SS is delayed past SYSCALL (SDM vol 3, 6.8.3). */
TEST(ss_shadow, "a debug exception that is delayed into the kernel does no harm")
{
	struct worker *w = with_faults(do_ss_shadow, 0);
	struct msg m = { 0 };

	w->a = 0x23;
	__asm__ volatile("mov %%ss, %0" : "=r"(w->b));
	EXPECT_OK(thread_debug(w->t.thread, 0, (u64)&w->b));
	/* Length 8, on reading and writing. */
	EXPECT_OK(thread_debug(w->t.thread, 4, 1 | 0xb << 16));
	worker_run(w);
	while (!w->done && err_is_ok(ep_recv(w->ep, &m, sys_after(200000)))) {
		m.tag = (u64)FAULT_RESUME << TAG_LABEL_SHIFT;
		EXPECT_OK(reply(&m, (reply_h){ 0 }));
		m.tag = 0;
	}
	EXPECT(w->done);
	EXPECT_EQ(w->out[0], 0);
}

TEST(step_into_syscall, "the trap flag set by the program itself is not taken into the kernel")
{
	struct worker *w = with_faults(do_step_syscall, 0);
	struct msg m = { 0 };
	u64 steps = 0;

	worker_run(w);
	while (!w->done && err_is_ok(ep_recv(w->ep, &m, sys_after(200000)))) {
		EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_DEBUG);
		m.tag = (u64)FAULT_RESUME << TAG_LABEL_SHIFT;
		EXPECT_OK(reply(&m, (reply_h){ 0 }));
		m.tag = 0;
		EXPECT(++steps < 1000);
	}
	EXPECT(w->done);
	EXPECT_EQ(w->out[0], 0);
}

TEST(bad_stack, "system calls and faults need no stack of the program")
{
	struct worker *w = with_faults(do_bad_stack, 0);
	struct msg m = { 0 };

	worker_run(w);
	EXPECT_OK(ep_recv(w->ep, &m, 0));
	EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_EXCEPTION);
	EXPECT_EQ(m.w[0] >> 32, 6);
	EXPECT_EQ(m.w[3], 0x0000800000000000ull);
	EXPECT_EQ(w->out[0], 0);
}

static void yield_fs(struct worker *w)
{
	for (u32 i = 0; i < 50; i++) {
		(void)thread_yield();
		w->out[0] |= read_fs() != w->a;
	}
}

/* Each starts with a base of its own, given with its registers. */
static struct worker *fs_worker(u64 *word)
{
	struct worker *w = worker_new(PRIO_LOW, 0, 0, yield_fs);
	volatile struct regs_general *r = (volatile struct regs_general *)runner.msg;

	w->a = *word;
	worker_run(w);
	EXPECT_OK(thread_stop(w->t.thread));
	EXPECT_OK(thread_get_regs(w->t.thread, REGS_GENERAL, NULL, NULL));
	r->fs_base = (u64)word;
	EXPECT_OK(thread_set_regs(w->t.thread, REGS_GENERAL));
	return w;
}

TEST(fs_base, "each thread has its own FS base")
{
	static u64 word[3] = { 11, 22, 33 };
	struct worker *w[3];

	for (u32 i = 0; i < 3; i++)
		w[i] = fs_worker(&word[i]);
	for (u32 i = 0; i < 3; i++)
		EXPECT_OK(thread_resume(w[i]->t.thread));
	for (u32 i = 0; i < 3; i++) {
		WAIT_FOR(w[i]->done);
		EXPECT_EQ(w[i]->out[0], 0);
	}
}

TEST(selectors, "loading segment registers in user mode disturbs nobody")
{
	struct worker *w = with_faults(do_selectors, 0);
	struct worker *v = worker(PRIO_LOW, 0, yield_fs);

	(void)v;
	EXPECT_OK(thread_stop(v->t.thread));
	worker_run(w);
	WAIT_FOR(w->done);
	EXPECT_EQ(w->out[0], 0);
	settle();
}

TEST(alignment, "an alignment check is a fault of the program")
{
	struct worker *w = with_faults(do_misaligned, 0);
	struct msg m = { 0 };

	worker_run(w);
	/* Not every processor does it: where CR0.AM is off the thread just ends. */
	if (!w->done) {
		EXPECT_OK(ep_recv(w->ep, &m, 0));
		EXPECT_EQ(m.w[0] >> 32, 17);
	}
}
