/* SPDX-License-Identifier: MIT */
/*
 * Parties on different CPUs: who waits here is woken, cancelled, answered or
 * destroyed from there.
 */
#include "ktest.h"

TESTS(object_create, ep_cancel, reply, thread_stop);

enum { ROUNDS = 20 };

static void call_it(struct worker *w)
{
	w->result = ep_call(w->ep, &w->m, w->b);
}

static void recv_it(struct worker *w)
{
	w->result = ep_recv(w->ep, &w->m, w->b);
	w->out[0] = w->m.badge;
}

static void recv_keep(struct worker *w)
{
	w->result = ep_recv(w->ep, &w->m, 0);
	w->count = 1;
	(void)notif_wait(nowhere, 0, NULL);
}

static struct worker *remote(u32 cpu, ep_h ep, void (*fn)(struct worker *), u64 badge, u64 deadline)
{
	struct worker *w = worker_new(PRIO_HIGH, cpu, 0, fn);

	w->ep = badge == 0 ? ep : (ep_h){ sys_derive(ANY(ep), RIGHTS_ALL_EP, badge) };
	w->b = deadline;
	worker_run(w);
	/* Until it waits: then it is not ready and not stopped. */
	settle();
	return w;
}

static ep_h ep_on(u32 cpu)
{
	any_h h;

	EXPECT_OK(sys_create(OBJ_EP, cpu + 1, &h));
	return (ep_h){ h.h };
}

TEST(home_param, "endpoints and notifications can be made for a CPU that there is")
{
	any_h h;

	for (u32 c = 0; c <= sys_info->cpus; c++) {
		EXPECT_OK(sys_create(OBJ_EP, c, &h));
		EXPECT_OK(sys_create(OBJ_NOTIF, c, &h));
	}
	EXPECT_ERR(sys_create(OBJ_EP, sys_info->cpus + 1, &h), ERR_ARG);
	EXPECT_ERR(sys_create(OBJ_NOTIF, ~0ull, &h), ERR_ARG);
}

TEST_FOR(three_homes, 10, "a call works wherever caller, server and endpoint live")
{
	need_cpus(2);
	for (u32 i = 0; i < 8; i++) {
		ep_h ep = ep_on(i & 1);
		struct worker *c;
		struct msg m = { 0 };

		if (i & 2) {
			/* The runner serves, on CPU 0. */
			c = remote(i >> 2, ep, call_it, 5, 0);
			EXPECT_OK(ep_recv(ep, &m, 0));
			EXPECT_EQ(m.badge, 5);
			m.w[0] = 77;
			m.tag = 1;
			EXPECT_OK(reply(&m, (reply_h){ 0 }));
			WAIT_FOR(c->done);
			EXPECT_EQ(c->m.w[0], 77);
		} else {
			c = remote(i >> 2, ep, recv_it, 0, 0);
			EXPECT_OK(ep_send(ep, &m, 0));
			WAIT_FOR(c->done);
			EXPECT_OK(c->result);
		}
	}
}

TEST(remote_deadlines, "deadlines end waits at endpoints of another CPU")
{
	need_cpus(2);
	ep_h ep = ep_on(1);
	struct msg m = { 0 };
	struct worker *w = remote(1, ep_on(0), call_it, 0, sys_after(3000));

	EXPECT_ERR(ep_call(ep, &m, sys_after(2000)), DONE_TIMEOUT);
	m.tag = 0;
	EXPECT_ERR(ep_recv(ep, &m, sys_after(2000)), DONE_TIMEOUT);
	WAIT_FOR(w->done);
	EXPECT_ERR(w->result, DONE_TIMEOUT);
}

TEST(remote_cancel, "waits of threads on another CPU are cancelled")
{
	need_cpus(2);
	ep_h ep = sys_ep();
	struct worker *a = remote(1, ep, call_it, 1, 0), *b = remote(1, ep, call_it, 2, 0);
	u64 more;

	EXPECT_OK(ep_cancel(ep, 2, 0, &more, NULL));
	WAIT_FOR(b->done);
	EXPECT_ERR(b->result, DONE_CANCELLED);
	EXPECT(!a->done);
	EXPECT_OK(sys_destroy(ANY(ep)));
	WAIT_FOR(a->done);
	EXPECT(err_is(a->result, DONE_GONE));
}

TEST(remote_saved, "a saved reply answers a caller on another CPU")
{
	need_cpus(2);
	ep_h ep = sys_ep();
	struct worker *c = remote(1, ep, call_it, 1, 0);
	slot_t saved = new_slot();
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_OK(reply_save(saved));
	m.w[0] = 9;
	m.tag = 1;
	EXPECT_OK(reply(&m, (reply_h){ (u32)saved.where }));
	WAIT_FOR(c->done);
	EXPECT_EQ(c->m.w[0], 9);
}

TEST(remote_drop, "dropping the right to answer, or dying with it, tells a caller on another CPU")
{
	need_cpus(2);
	ep_h ep = sys_ep(), other = sys_ep();
	struct worker *c = remote(1, ep, call_it, 1, 0);
	struct worker *s = remote(1, other, recv_keep, 0, 0);
	struct worker *d = remote(0, other, call_it, 1, 0);
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	m.tag = 0;
	EXPECT_ERR(ep_recv(ep, &m, 1), DONE_TIMEOUT);
	WAIT_FOR(c->done);
	EXPECT_ERR(c->result, DONE_GONE);
	WAIT_FOR(s->count == 1);
	sys_thread_destroy(&s->t);
	WAIT_FOR(d->done);
	EXPECT_ERR(d->result, DONE_GONE);
}

TEST(remote_bound, "a bound notification that is signalled from another CPU ends a receive")
{
	need_cpus(2);
	ep_h ep = sys_ep();
	notif_h n = sys_notif();
	struct worker *w = worker_new(PRIO_HIGH, 1, 0, recv_it);

	w->ep = ep;
	EXPECT_OK(thread_bind(w->t.thread, THREAD_NOTIF, ANY(n), 0));
	worker_run(w);
	settle();
	EXPECT(!w->done);
	EXPECT_OK(notif_signal(n, 0x40));
	WAIT_FOR(w->done);
	EXPECT_ERR(w->result, DONE_SIGNAL);
	EXPECT_EQ(w->out[0], 0x40);
}

TEST(remote_stop_wait, "threads that wait on another CPU are stopped, resumed and destroyed")
{
	need_cpus(2);
	ep_h ep = ep_on(1);
	struct worker *a = remote(1, ep, recv_it, 0, 0),
		      *b = remote(1, ep, recv_it, 0, sys_after(1000000));

	EXPECT_OK(thread_stop(a->t.thread));
	EXPECT(thread_is_stopped(a->t.thread));
	EXPECT_OK(thread_resume(a->t.thread));
	WAIT_FOR(a->done);
	EXPECT_ERR(a->result, DONE_CANCELLED);
	sys_thread_destroy(&b->t);
	struct msg m = { .tag = TAG_NONBLOCK };
	EXPECT_ERR(ep_send(ep, &m, 0), ERR_WOULD_BLOCK);
}

static void count(struct worker *w)
{
	for (;;)
		w->count++;
}

TEST_FOR(remote_prio, 10,
	 "priority and budget of a thread on another CPU can be changed while it runs")
{
	need_cpus(2);
	struct worker *a = worker(PRIO_LOW, 1, count), *b = worker(PRIO_LOW - 1, 1, count);
	u64 seen;

	WAIT_FOR(a->count > 0);
	EXPECT_EQ(b->count, 0);
	EXPECT_OK(thread_set_prio(b->t.thread, PRIO_LOW + 1));
	WAIT_FOR(b->count > 0);
	seen = a->count;
	settle();
	EXPECT_EQ(a->count, seen);
	EXPECT_OK(sched_configure(b->t.sched, (cpus_h){ HANDLE_CPUS }, 1, 1000,
				  sys_ticks(100000000)));
	WAIT_FOR(a->count > seen);
	EXPECT_OK(sys_delete(SLOT_OWN(a->t.sched.h)));
	EXPECT(thread_is_stopped(a->t.thread));
}

static void serve(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		w->count++;
		w->m.tag = 0;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
}

TEST_FOR(migrating_server, 10, "a server that is moved between CPUs loses no caller")
{
	need_cpus(2);
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_HIGH, 0, serve, ep);
	struct msg m = { 0 };

	for (u32 i = 1; i <= ROUNDS; i++) {
		/* It waits at its endpoint: stopped, that wait ends, and it must be started anew. */
		EXPECT_OK(thread_stop(s->t.thread));
		EXPECT_OK(thread_set_cpu(s->t.thread, (cpus_h){ HANDLE_CPUS }, i % 2));
		worker_run(s);
		m.tag = 0;
		EXPECT_OK(ep_call(ep, &m, 0));
		EXPECT_EQ(s->count, i);
	}
}

/* Sends capabilities to and fro between two CPUs. */
static void bounce(struct worker *w)
{
	u64 slot = w->a;

	w->t.msg[MSG_RECV_SLOTS] = slot;
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		w->t.msg[MSG_SEND_CAPS] = slot;
		w->t.msg[MSG_SEND_CAPS + 1] = CAP_SEND_MOVE;
		w->m.tag = w->m.tag & (7ull << TAG_CAPS_SHIFT);
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
}

TEST_FOR(remote_caps, 10, "a capability goes to another CPU and back, many times")
{
	need_cpus(2);
	struct worker *w = worker_new(PRIO_HIGH, 1, 0, bounce);
	u32 gift = sys_notif().h;
	struct msg m = { 0 };

	w->ep = sys_ep();
	w->a = new_slot().where;
	worker_run(w);
	for (u32 i = 0; i < ROUNDS; i++) {
		runner.msg[MSG_SEND_CAPS] = gift;
		runner.msg[MSG_SEND_CAPS + 1] = CAP_SEND_MOVE;
		runner.msg[MSG_RECV_SLOTS] = gift;
		m.tag = 1ull << TAG_CAPS_SHIFT;
		EXPECT_OK(ep_call(w->ep, &m, 0));
		EXPECT_EQ(m.tag, 1ull << TAG_CAPS_SHIFT);
		EXPECT_EQ(cap_type(gift), OBJ_NOTIF);
	}
	EXPECT_OK(notif_signal((notif_h){ gift }, 1));
}
