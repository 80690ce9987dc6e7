/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: priorities, time slices, budgets, lending along calls.
 */
#include "ktest.h"

TESTS(sched_configure);

static void count(struct worker *w)
{
	for (;;)
		w->count++;
}

static void serve(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		w->count++;
		/* b: another server to ask first. */
		if (w->b != 0)
			e = ep_call((ep_h){ (u32)w->b }, &w->m, 0);
		w->m.tag = 0;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
}

static void call_once(struct worker *w)
{
	w->result = ep_call(w->ep, &w->m, 0);
}

TEST(configure_limits, "a budget is not longer than its period, and lies on a CPU that is there")
{
	sched_h s = sys_sched(0);
	cpus_h cpus = { HANDLE_CPUS };
	cpus_h none = { sys_range(ANY(cpus), 0, 1, 0) };
	cpus_h one = { sys_range(ANY(cpus), 0, 1, RIGHT_CPUS_SCHEDULE) };

	EXPECT_OK(sched_configure(s, cpus, 0, 1000, 1000));
	EXPECT_ERR(sched_configure(s, cpus, 0, 1001, 1000), ERR_ARG);
	EXPECT_ERR(sched_configure(s, cpus, sys_info->cpus, 1000, 1000), ERR_RANGE);
	EXPECT_ERR(sched_configure(s, one, 1, 1000, 1000), ERR_RANGE);
	EXPECT_ERR(sched_configure(s, none, 0, 1000, 1000), ERR_RIGHTS);
}

TEST(configure_bound, "the CPU of a bound scheduling context cannot change")
{
	need_cpus(2);
	struct worker *w = worker_new(PRIO_LOW, 0, 0, count);
	cpus_h cpus = { HANDLE_CPUS };

	EXPECT_ERR(sched_configure(w->t.sched, cpus, 1, 1000, 1000), ERR_STATE);
	EXPECT_OK(sched_configure(w->t.sched, cpus, 0, 5000, 9000));
}

TEST(bind_one, "a scheduling context serves one thread")
{
	struct worker *w = worker_new(PRIO_LOW, 0, 0, count);
	thread_h t = sys_thread_object(0);

	EXPECT_ERR(thread_bind(t, THREAD_SCHED, ANY(w->t.sched), 0), ERR_STATE);
	sys_thread_destroy(&w->t);
	EXPECT_OK(thread_bind(t, THREAD_SCHED, ANY(sys_sched(0)), 0));
}

TEST(higher_runs, "a thread that becomes ready runs before those of lower priority")
{
	struct worker *low = worker(PRIO_LOW, 0, count);
	struct worker *high;

	EXPECT_EQ(low->count, 0);
	WAIT_FOR(low->count > 0);
	/* Above the runner: nothing else runs from here on until it stops. */
	high = worker_new(PRIO_HIGH, 0, 0, call_once);
	high->ep = sys_ep();
	worker_run(high);
	EXPECT(!high->done);
}

TEST(time_slices, "threads of one priority share the CPU by time slices")
{
	struct worker *w[3];
	u64 slice = sys_ticks(1000);

	for (u32 i = 0; i < 3; i++) {
		w[i] = worker_new(PRIO_LOW, 0, 0, count);
		EXPECT_OK(sched_configure(w[i]->t.sched, (cpus_h){ HANDLE_CPUS }, 0, slice, slice));
		worker_run(w[i]);
	}
	WAIT_FOR(w[0]->count > 0 && w[1]->count > 0 && w[2]->count > 0);
	for (u32 i = 0; i < 3; i++) {
		u64 seen = w[i]->count;

		WAIT_FOR(w[i]->count > seen);
	}
}

/* Runs until `until`, and finds out how much of the time it was running. */
static void measure(struct worker *w)
{
	u64 last = sys_clock();

	while (last < w->a) {
		u64 now = sys_clock();

		/* A gap is time that it did not have. */
		if (now - last < sys_ticks(100))
			w->count += now - last;
		last = now;
	}
}

TEST(budget_limits, "a thread with a budget gets not much more of the CPU than that")
{
	struct worker *w = worker_new(PRIO_LOW, 0, 0, measure);
	u64 start = sys_clock(), total = sys_ticks(500000);

	EXPECT_OK(sched_configure(w->t.sched, (cpus_h){ HANDLE_CPUS }, 0, sys_ticks(10000),
				  sys_ticks(100000)));
	w->a = start + total;
	worker_run(w);
	WAIT_FOR(w->done);
	EXPECT(w->count > total / 100);
	EXPECT(w->count < total / 4);
}

TEST(budget_others, "while a thread has used up its budget, those of lower priority run")
{
	struct worker *greedy = worker_new(PRIO_RUN - 10, 0, 0, count);
	struct worker *low = worker_new(PRIO_LOW, 0, 0, count);

	EXPECT_OK(sched_configure(greedy->t.sched, (cpus_h){ HANDLE_CPUS }, 0, sys_ticks(1000),
				  sys_ticks(10000)));
	worker_run(greedy);
	worker_run(low);
	WAIT_FOR(greedy->count > 0 && low->count > 0);
	u64 seen = greedy->count;
	WAIT_FOR(greedy->count > seen);
}

TEST(budget_raised, "a thread that waits for its next period goes on when it gets more budget")
{
	struct worker *w = worker_new(PRIO_LOW, 0, 0, count);
	cpus_h cpus = { HANDLE_CPUS };
	u64 seen;

	EXPECT_OK(sched_configure(w->t.sched, cpus, 0, sys_ticks(1000), sys_ticks(100000000)));
	worker_run(w);
	sleep_us(20000);
	seen = w->count;
	sleep_us(5000);
	EXPECT_EQ(w->count, seen);
	EXPECT_OK(sched_configure(w->t.sched, cpus, 0, sys_ticks(10000), sys_ticks(10000)));
	WAIT_FOR(w->count > seen);
}

TEST(no_sched, "a thread without scheduling context does not run until it gets one")
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, count);

	EXPECT_OK(thread_bind(w->t.thread, THREAD_SCHED, (any_h){ 0 }, 0));
	worker_run(w);
	sleep_us(2000);
	EXPECT_EQ(w->count, 0);
	EXPECT_OK(thread_set_prio(w->t.thread, PRIO_LOW));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_SCHED, ANY(w->t.sched), 0));
	WAIT_FOR(w->count > 0);
}

/* --- lending ---------------------------------------------------------------------- */

TEST(lend_passive, "a server that used up its own time serves on the time of its callers")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_new(PRIO_HIGH, 0, 0, serve);
	struct msg m = { 0 };

	s->ep = ep;
	worker_run(s);
	EXPECT_OK(sched_configure(s->t.sched, (cpus_h){ HANDLE_CPUS }, 0, 1000,
				  sys_ticks(100000000)));
	for (u64 i = 1; i <= 50; i++) {
		m.tag = 0;
		EXPECT_OK(ep_call(ep, &m, 0));
		EXPECT_EQ(s->count, i);
	}
}

TEST(lend_priority, "a server of low priority runs at the priority of its caller")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_LOW, 0, serve, ep);
	struct worker *spin;
	struct msg m = { 0 };

	WAIT_FOR(s->count == 0 && !thread_is_stopped(s->t.thread));
	settle();
	spin = worker(PRIO_LOW + 10, 0, count);
	EXPECT_OK(ep_call(ep, &m, 0));
	EXPECT_EQ(s->count, 1);
	EXPECT_EQ(spin->count, 0);
}

TEST(lend_chain, "lending goes through several servers, and comes back")
{
	ep_h ep[4];
	struct worker *s[4];
	struct worker *spin;
	struct msg m = { 0 };

	for (u32 i = 0; i < 4; i++)
		ep[i] = sys_ep();
	for (u32 i = 0; i < 4; i++) {
		s[i] = worker_new(PRIO_LOW + i, 0, 0, serve);
		s[i]->ep = ep[i];
		s[i]->b = i < 3 ? ep[i + 1].h : 0;
		worker_run(s[i]);
	}
	settle();
	spin = worker(PRIO_LOW + 20, 0, count);
	for (u64 n = 1; n <= 5; n++) {
		m.tag = 0;
		EXPECT_OK(ep_call(ep[0], &m, 0));
		for (u32 i = 0; i < 4; i++)
			EXPECT_EQ(s[i]->count, n);
	}
	EXPECT_EQ(spin->count, 0);
}

TEST(inversion, "a high caller is not held up by middle threads while a low server serves")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_LOW, 0, serve, ep);
	struct worker *high = worker_new(PRIO_HIGH, 0, 0, call_once);
	struct worker *spin;

	settle();
	spin = worker_new(PRIO_RUN, 0, 0, count);
	high->ep = ep;
	worker_run(spin);
	worker_run(high);
	EXPECT(high->done);
	EXPECT_EQ(s->count, 1);
	EXPECT_EQ(spin->count, 0);
}

static void serve_slowly(struct worker *w)
{
	(void)ep_recv(w->ep, &w->m, 0);
	for (;;)
		w->count++;
}

TEST(lend_timeout, "a caller that times out takes its time back from the server")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_LOW, 0, serve_slowly, ep);
	struct msg m = { 0 };

	settle();
	EXPECT_ERR(ep_call(ep, &m, sys_after(50000)), DONE_TIMEOUT);
	u64 seen = s->count;
	EXPECT(seen > 0);
	/* On its own time and at its own priority it still runs, when this thread sleeps. */
	WAIT_FOR(s->count > seen);
}

/* Asks another server, in vain, and then has work of its own before it answers. */
static void serve_in_the_middle(struct worker *w)
{
	struct msg m = { 0 };

	(void)ep_recv(w->ep, &w->m, 0);
	w->result = ep_call((ep_h){ (u32)w->b }, &m, sys_after(50000));
	while (w->count < 100000)
		w->count++;
	w->m.tag = 0;
	(void)ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
}

TEST(lend_middle, "a server whose own call times out goes on with its client's time")
{
	ep_h ep[2] = { sys_ep(), sys_ep() };
	struct worker *last = worker_at(PRIO_LOW, 0, serve_slowly, ep[1]);
	struct worker *middle = worker_new(PRIO_LOW, 0, 0, serve_in_the_middle);
	struct msg m = { 0 };

	middle->ep = ep[0];
	middle->b = ep[1].h;
	worker_run(middle);
	settle();
	/* Its own time lasts no longer than this. */
	EXPECT_OK(sched_configure(middle->t.sched, (cpus_h){ HANDLE_CPUS }, 0, 1000,
				  sys_ticks(100000000)));
	EXPECT_OK(ep_call(ep[0], &m, 0));
	EXPECT_ERR(middle->result, DONE_TIMEOUT);
	EXPECT(last->count > 0);
	EXPECT_EQ(middle->count, 100000);
	u64 seen = last->count;
	WAIT_FOR(last->count > seen);
}

TEST(lend_death, "a caller that dies takes its time along, and the server goes on with its own")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_LOW, 0, serve_slowly, ep);
	struct worker *c;

	settle();
	c = worker_at(PRIO_LOW + 5, 0, call_once, ep);
	WAIT_FOR(s->count > 0);
	sys_thread_destroy(&c->t);
	u64 seen = s->count;
	WAIT_FOR(s->count > seen);
}

TEST(lend_used_up, "a borrowed budget that is used up leaves the server with its own")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_LOW, 0, serve_slowly, ep);
	struct worker *c = worker_new(PRIO_LOW + 5, 0, 0, call_once);

	settle();
	c->ep = ep;
	EXPECT_OK(sched_configure(c->t.sched, (cpus_h){ HANDLE_CPUS }, 0, sys_ticks(30000),
				  sys_ticks(100000000)));
	worker_run(c);
	/* Long enough for a slow host to get as far as the call, and then all of it. */
	WAIT_FOR(s->count > 0);
	sleep_us(100000);
	u64 seen = s->count;
	WAIT_FOR(s->count > seen);
}

TEST(sched_dies, "a scheduling context can be destroyed while it is lent")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_LOW, 0, serve_slowly, ep);
	struct worker *c;

	settle();
	c = worker_at(PRIO_LOW + 5, 0, call_once, ep);
	WAIT_FOR(s->count > 0);
	EXPECT_OK(sys_delete(SLOT_OWN(c->t.sched.h)));
	u64 seen = s->count;
	WAIT_FOR(s->count > seen);
	EXPECT(thread_is_stopped(c->t.thread));
}
