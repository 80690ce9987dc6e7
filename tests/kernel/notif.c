/* SPDX-License-Identifier: MIT */
/*
 * Notifications.
 */
#include "ktest.h"

TESTS(notif_signal, notif_wait);

static void wait_once(struct worker *w)
{
	u64 bits = 0;

	w->result = notif_wait(w->notif, w->a, &bits);
	w->out[0] = bits;
}

static struct worker *waiter(u32 prio, u32 cpu, notif_h n, u64 deadline)
{
	struct worker *w = worker_new(prio, cpu, 0, wait_once);

	w->notif = n;
	w->a = deadline;
	worker_run(w);
	return w;
}

TEST(signal_first, "bits that were signalled are taken at once, all together, and cleared")
{
	notif_h n = sys_notif();
	u64 bits = 0;

	EXPECT_OK(notif_signal(n, 1));
	EXPECT_OK(notif_signal(n, 0x8000000000000000));
	EXPECT_OK(notif_signal(n, 1));
	EXPECT_OK(notif_wait(n, 0, &bits));
	EXPECT_EQ(bits, 0x8000000000000001);
	EXPECT_ERR(notif_wait(n, 1, &bits), ERR_WOULD_BLOCK);
}

TEST(wait_first, "a signal wakes the thread that waits")
{
	notif_h n = sys_notif();
	struct worker *w = waiter(PRIO_HIGH, 0, n, 0);

	EXPECT(!w->done);
	EXPECT_OK(notif_signal(n, 6));
	EXPECT(w->done);
	EXPECT_OK(w->result);
	EXPECT_EQ(w->out[0], 6);
	EXPECT_ERR(notif_wait(n, 1, NULL), ERR_WOULD_BLOCK);
}

TEST(one_waiter, "a signal wakes one waiter, the one that waits longest")
{
	notif_h n = sys_notif();
	struct worker *a = waiter(PRIO_HIGH, 0, n, 0);
	struct worker *b = waiter(PRIO_HIGH, 0, n, 0);
	struct worker *c = waiter(PRIO_HIGH + 1, 0, n, 0);

	EXPECT_OK(notif_signal(n, 1));
	EXPECT(a->done && !b->done && !c->done);
	EXPECT_OK(notif_signal(n, 2));
	EXPECT(b->done && !c->done);
	EXPECT_OK(notif_signal(n, 4));
	EXPECT_EQ(c->out[0], 4);
}

TEST(signal_badge, "a capability with a badge signals the badge")
{
	notif_h n = sys_notif();
	notif_h badged = { sys_derive(ANY(n), RIGHT_NOTIF_SIGNAL, 0x30) };
	u64 bits = 0;

	EXPECT_OK(notif_signal(badged, 1));
	EXPECT_OK(notif_wait(n, 1, &bits));
	EXPECT_EQ(bits, 0x30);
	EXPECT_ERR(notif_wait(badged, 1, &bits), ERR_RIGHTS);
}

TEST(wait_deadline, "a wait ends at its deadline, not before")
{
	notif_h n = sys_notif();
	u64 deadline = sys_after(3000);

	EXPECT_ERR(notif_wait(n, deadline, NULL), DONE_TIMEOUT);
	EXPECT(sys_clock() >= deadline);
	EXPECT_ERR(notif_wait(n, 2, NULL), DONE_TIMEOUT);
}

TEST(deadline_order, "deadlines end waits in their order, whatever the order of the waits")
{
	static const u64 ms[8] = { 5, 1, 7, 3, 8, 2, 6, 4 };
	notif_h n = sys_notif();
	struct worker *w[8];
	u64 start = sys_clock();

	for (u32 i = 0; i < 8; i++)
		w[i] = waiter(PRIO_HIGH, 0, n, start + sys_ticks(ms[i] * 2000 + 5000));
	for (u64 next = 1; next <= 8; next++) {
		for (u32 i = 0; i < 8; i++) {
			if (ms[i] != next)
				continue;
			WAIT_FOR(w[i]->done);
			EXPECT_ERR(w[i]->result, DONE_TIMEOUT);
		}
		for (u32 i = 0; i < 8; i++) {
			bool done = w[i]->done;

			EXPECT(!done || w[i]->a <= sys_clock());
		}
	}
}

TEST(signal_beats_deadline, "a signal before the deadline leaves nothing behind")
{
	notif_h n = sys_notif();
	struct worker *w = waiter(PRIO_HIGH, 0, n, sys_after(100000));

	EXPECT_OK(notif_signal(n, 1));
	EXPECT_OK(w->result);
	struct worker *v = waiter(PRIO_HIGH, 0, n, 0);
	sleep_us(150000);
	EXPECT(!v->done);
}

TEST(notif_destroyed, "destroying a notification ends the waits at it")
{
	notif_h n = sys_notif();
	struct worker *w[36];

	for (u32 i = 0; i < 36; i++)
		w[i] = waiter(PRIO_HIGH, 0, n, i % 2 ? 0 : sys_after(1000000));
	EXPECT_OK(sys_destroy(ANY(n)));
	for (u32 i = 0; i < 36; i++) {
		EXPECT(w[i]->done);
		EXPECT_ERR(w[i]->result, DONE_GONE);
	}
}

TEST(waiter_stopped, "a waiter that is stopped is cancelled and takes no signal")
{
	notif_h n = sys_notif();
	struct worker *w = waiter(PRIO_HIGH, 0, n, 0);
	u64 bits = 0;

	EXPECT_OK(thread_stop(w->t.thread));
	EXPECT_OK(notif_signal(n, 8));
	EXPECT_OK(thread_resume(w->t.thread));
	EXPECT(w->done);
	EXPECT_ERR(w->result, DONE_CANCELLED);
	EXPECT_OK(notif_wait(n, 1, &bits));
	EXPECT_EQ(bits, 8);
}

TEST(waiter_dies, "a waiter that is destroyed leaves the queue")
{
	notif_h n = sys_notif();
	struct worker *a = waiter(PRIO_HIGH, 0, n, 0);
	struct worker *b = waiter(PRIO_HIGH, 0, n, sys_after(1000000));
	struct worker *c = waiter(PRIO_HIGH, 0, n, 0);

	sys_thread_destroy(&b->t);
	sys_thread_destroy(&a->t);
	EXPECT_OK(notif_signal(n, 1));
	EXPECT(c->done);
}

static void recv_once(struct worker *w)
{
	w->m.tag = w->a;
	w->result = ep_recv(w->ep, &w->m, w->b);
}

static struct worker *bound(notif_h n, ep_h ep)
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, recv_once);

	w->ep = ep;
	EXPECT_OK(thread_bind(w->t.thread, THREAD_NOTIF, ANY(n), 0));
	return w;
}

TEST(bound_recv, "a bound notification ends a receive, with its bits")
{
	notif_h n = sys_notif();
	struct worker *w = bound(n, sys_ep());

	worker_run(w);
	EXPECT(!w->done);
	EXPECT_OK(notif_signal(n, 5));
	EXPECT(w->done);
	EXPECT_ERR(w->result, DONE_SIGNAL);
	EXPECT_EQ(w->m.badge, 5);
}

TEST(bound_before, "bits signalled before a receive are taken by it")
{
	notif_h n = sys_notif();
	struct worker *w = bound(n, sys_ep());

	EXPECT_OK(notif_signal(n, 5));
	w->a = TAG_NONBLOCK;
	worker_run(w);
	EXPECT_ERR(w->result, DONE_SIGNAL);
	EXPECT_EQ(w->m.badge, 5);
}

TEST(bound_no_wait, "a bound notification cannot be waited for, nor bound twice")
{
	notif_h n = sys_notif();
	struct worker *w = bound(n, sys_ep());

	EXPECT_ERR(notif_wait(n, 1, NULL), ERR_STATE);
	EXPECT_ERR(thread_bind(runner.thread, THREAD_NOTIF, ANY(n), 0), ERR_STATE);
	EXPECT_OK(thread_bind(w->t.thread, THREAD_NOTIF, (any_h){ 0 }, 0));
	EXPECT_ERR(notif_wait(n, 1, NULL), ERR_WOULD_BLOCK);
}

TEST(bound_dies, "a bound notification can be destroyed, and so can its thread")
{
	notif_h n = sys_notif();
	ep_h ep = sys_ep();
	struct worker *w = bound(n, ep);

	worker_run(w);
	EXPECT_OK(sys_destroy(ANY(n)));
	EXPECT(!w->done);
	n = sys_notif();
	struct worker *v = bound(n, ep);
	worker_run(v);
	sys_thread_destroy(&v->t);
	EXPECT_OK(notif_signal(n, 2));
	EXPECT_OK(notif_wait(n, 1, NULL));
}

TEST(remote_wake, "a signal from another CPU wakes a waiter")
{
	need_cpus(2);
	notif_h n = sys_notif();
	struct worker *w = waiter(PRIO_HIGH, 1, n, 0);

	settle();
	EXPECT(!w->done);
	EXPECT_OK(notif_signal(n, 9));
	WAIT_FOR(w->done);
	EXPECT_OK(w->result);
	EXPECT_EQ(w->out[0], 9);
}

static void signal_many(struct worker *w)
{
	for (u64 i = 0; i < w->a; i++) {
		(void)notif_signal(w->notif, 1ull << (i % 32));
		w->count++;
	}
}

TEST(remote_many, "no bit is lost when CPUs signal at the same time")
{
	need_cpus(2);
	notif_h n = sys_notif();
	u32 cpus = sys_info->cpus < 4 ? sys_info->cpus : 4;
	u64 all = 0, bits = 0;

	for (u32 c = 1; c < cpus; c++) {
		struct worker *w = worker_new(PRIO_RUN, c, 0, signal_many);

		w->notif = n;
		w->a = 2000;
		worker_run(w);
	}
	while (all != 0xffffffff) {
		EXPECT_OK(notif_wait(n, sys_after(1000000), &bits));
		EXPECT(bits != 0);
		all |= bits;
	}
	for (u32 c = 1; c < cpus; c++)
		WAIT_FOR(workers[c - 1].done);
}
