/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: messages in every order, with deadlines, cancelling, capabilities.
 */
#include "ktest.h"

TESTS(ep_call, ep_send, ep_recv, ep_reply_recv, ep_cancel);

enum { CALLERS = 36 };

/* Receives once, and answers with the words doubled if it was asked to (a: 1). */
static void serve_once(struct worker *w)
{
	w->result = ep_recv(w->ep, &w->m, w->b);
	for (u32 i = 0; i < 8; i++)
		w->out[i] = w->m.w[i];
	w->count = w->m.badge;
	if (!w->a)
		return;
	for (u32 i = 0; i < 8; i++)
		w->m.w[i] *= 2;
	w->m.tag = 7ull << TAG_LABEL_SHIFT | 3;
	w->result = reply(&w->m, (reply_h){ 0 });
}

static void serve_all(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		w->count++;
		w->m.w[0]++;
		w->m.tag = 1;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
	w->result = e;
}

static void call_it(struct worker *w)
{
	w->m.tag = w->a;
	w->m.w[0] = w->count;
	w->result = ep_call(w->ep, &w->m, w->b);
	w->out[0] = w->m.w[0];
}

static void send_it(struct worker *w)
{
	w->m.tag = w->a;
	w->result = ep_send(w->ep, &w->m, w->b);
}

static struct worker *caller(u32 prio, ep_h ep, u64 badge, u64 deadline)
{
	struct worker *w = worker_new(prio, 0, 0, call_it);

	w->ep = badge == 0 ? ep : (ep_h){ sys_derive(ANY(ep), RIGHTS_ALL_EP, badge) };
	w->b = deadline;
	w->count = badge;
	worker_run(w);
	return w;
}

static struct worker *server(u32 prio, ep_h ep, u64 answer)
{
	struct worker *w = worker_new(prio, 0, 0, serve_once);

	w->ep = ep;
	w->a = answer;
	worker_run(w);
	return w;
}

TEST(call_waiting, "a call to a waiting receiver brings words, tag and badge, and an answer")
{
	ep_h ep = sys_ep();
	ep_h badged = { sys_derive(ANY(ep), RIGHT_EP_CALL, 42) };
	struct worker *w = server(PRIO_HIGH, ep, 1);
	struct msg m = { .tag = 5ull << TAG_LABEL_SHIFT | 8 };

	for (u32 i = 0; i < 8; i++)
		m.w[i] = 0x1111111111111111ull * (i + 1);
	EXPECT_OK(ep_call(badged, &m, 0));
	for (u32 i = 0; i < 8; i++) {
		EXPECT_EQ(w->out[i], 0x1111111111111111ull * (i + 1));
		EXPECT_EQ(m.w[i], 0x2222222222222222ull * (i + 1));
	}
	EXPECT_EQ(w->count, 42);
	EXPECT_EQ(m.tag, 7ull << TAG_LABEL_SHIFT | 3);
	EXPECT_EQ(m.badge, 0);
}

TEST(call_first, "a call waits until somebody receives")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(PRIO_HIGH, ep, 5, 0);
	struct msg m = { 0 };

	EXPECT(!c->done);
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.badge, 5);
	EXPECT_EQ(m.w[0], 5);
	EXPECT(!c->done);
	m.w[0] = 99;
	m.tag = 1;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	WAIT_FOR(c->done);
	EXPECT_OK(c->result);
	EXPECT_EQ(c->out[0], 99);
}

TEST(call_equal_prio, "call and answer work between threads of the same and of lower priority")
{
	ep_h a = sys_ep(), b = sys_ep();
	struct msg m = { .w = { 1 }, .tag = 1 };

	(void)worker_at(PRIO_RUN, 0, serve_all, a);
	(void)worker_at(PRIO_LOW, 0, serve_all, b);
	for (u64 i = 1; i < 100; i++) {
		EXPECT_OK(ep_call(i % 2 ? a : b, &m, 0));
		EXPECT_EQ(m.w[0], i + 1);
	}
}

TEST(short_stubs, "a call without words has a stub of its own")
{
	ep_h ep = sys_ep();
	u64 tag = 3ull << TAG_LABEL_SHIFT;

	(void)worker_at(PRIO_HIGH, 0, serve_all, ep);
	EXPECT_OK(ep_call_0(ep, &tag, 0));
	EXPECT_EQ(tag, 1);
}

/* Answers with the words in reverse, and with the badge in the label. */
static void serve_reversed(struct worker *w)
{
	struct msg in = { 0 };
	err_t e = ep_recv(w->ep, &in, 0);
	struct msg m = in;

	while (err_is_ok(e)) {
		w->count++;
		for (u32 i = 0; i < 4; i++) {
			u64 word = m.w[i];

			m.w[i] = m.w[7 - i];
			m.w[7 - i] = word;
		}
		m.tag = m.badge << TAG_LABEL_SHIFT | 8;
		e = ep_reply_recv_8(w->ep, &m, 0);
	}
	w->result = e;
}

TEST(register_stubs, "the stubs that keep messages in registers carry eight words, in both roles")
{
	ep_h ep = sys_ep();
	ep_h badged = { sys_derive(ANY(ep), RIGHT_EP_CALL, 5) };
	struct worker *s = worker_at(PRIO_HIGH, 0, serve_reversed, ep);
	struct msg m = { .w = { 1, 2, 3, 4, 5, 6, 7, 8 } };

	for (u64 round = 1; round < 4; round++) {
		m.tag = 8;
		EXPECT_OK(ep_call_8(badged, &m, 0));
		EXPECT_EQ(m.tag, 5ull << TAG_LABEL_SHIFT | 8);
		EXPECT_EQ(m.badge, 0);
		EXPECT_EQ(s->count, round);
		for (u64 i = 0; i < 8; i++)
			EXPECT_EQ(m.w[i], round % 2 ? 8 - i : i + 1);
	}
}

TEST(send_both, "a send completes when it is received, whoever came first")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_new(PRIO_HIGH, 0, 0, send_it);
	struct msg m = { 0 };

	s->ep = ep;
	s->m.w[7] = 123;
	s->a = 8;
	worker_run(s);
	EXPECT(!s->done);
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.w[7], 123);
	WAIT_FOR(s->done);
	EXPECT_OK(s->result);
	/* There is nobody to answer. */
	EXPECT_ERR(reply(&m, (reply_h){ 0 }), ERR_STATE);

	struct worker *r = server(PRIO_HIGH, ep, 0);
	m.w[2] = 5;
	m.tag = 8;
	EXPECT_OK(ep_send(ep, &m, 0));
	WAIT_FOR(r->done);
	EXPECT_EQ(r->out[2], 5);
}

TEST(fifo, "callers are served in the order in which they came")
{
	ep_h ep = sys_ep();
	struct msg m = { 0 };

	for (u64 i = 1; i <= 10; i++)
		(void)caller(PRIO_HIGH + (u32)i % 3, ep, i, i % 2 ? 0 : sys_after(5000000));
	EXPECT_OK(ep_recv(ep, &m, 0));
	for (u64 i = 1; i <= 10; i++) {
		EXPECT_EQ(m.badge, i);
		m.tag = i == 10 ? TAG_NONBLOCK : 0;
		EXPECT_ERR(i == 10 ? reply(&m, (reply_h){ 0 })
				   : ep_reply_recv(ep, &m, 0, (reply_h){ 0 }),
			   OK);
	}
}

TEST(receivers_fifo, "receivers are served in the order in which they came")
{
	ep_h ep = sys_ep();
	struct worker *r[3];
	struct msg m = { .tag = 1 };

	for (u32 i = 0; i < 3; i++)
		r[i] = server(PRIO_HIGH, ep, 0);
	for (u64 i = 0; i < 3; i++) {
		m.w[0] = 70 + i;
		EXPECT_OK(ep_send(ep, &m, 0));
		EXPECT(r[i]->done);
		EXPECT_EQ(r[i]->out[0], 70 + i);
	}
}

TEST(no_block, "operations that must not wait say so, and change nothing")
{
	ep_h ep = sys_ep();
	struct msg m = { .tag = TAG_NONBLOCK };

	EXPECT_ERR(ep_call(ep, &m, 0), ERR_WOULD_BLOCK);
	m.tag = TAG_NONBLOCK;
	EXPECT_ERR(ep_send(ep, &m, 0), ERR_WOULD_BLOCK);
	m.tag = TAG_NONBLOCK;
	EXPECT_ERR(ep_recv(ep, &m, 0), ERR_WOULD_BLOCK);
	m.tag = TAG_NONBLOCK;
	EXPECT_ERR(ep_reply_recv(ep, &m, 0, (reply_h){ 0 }), ERR_WOULD_BLOCK);
	(void)server(PRIO_HIGH, ep, 1);
	m.tag = TAG_NONBLOCK;
	EXPECT_OK(ep_call(ep, &m, 0));
	EXPECT_EQ(m.tag & 0xfff, 3);
}

TEST(no_block_keeps, "a reply_recv that would block has not answered either")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(PRIO_HIGH, ep, 1, 0);
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	m.tag = TAG_NONBLOCK;
	EXPECT_ERR(ep_reply_recv(ep, &m, 0, (reply_h){ 0 }), ERR_WOULD_BLOCK);
	EXPECT(!c->done);
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	WAIT_FOR(c->done);
	EXPECT_OK(c->result);
}

TEST(deadlines, "waits to send, to be answered and to receive end at their deadline")
{
	ep_h ep = sys_ep();
	u64 deadline = sys_after(2000);
	struct msg m = { 0 };

	EXPECT_ERR(ep_call(ep, &m, deadline), DONE_TIMEOUT);
	EXPECT(sys_clock() >= deadline);
	m.tag = 0;
	EXPECT_ERR(ep_send(ep, &m, sys_after(1000)), DONE_TIMEOUT);
	m.tag = 0;
	EXPECT_ERR(ep_recv(ep, &m, sys_after(1000)), DONE_TIMEOUT);
	m.tag = 0;
	EXPECT_ERR(ep_recv(ep, &m, 1), DONE_TIMEOUT);
	/* Nobody is left in a queue. */
	m.tag = TAG_NONBLOCK;
	EXPECT_ERR(ep_recv(ep, &m, 0), ERR_WOULD_BLOCK);
	m.tag = TAG_NONBLOCK;
	EXPECT_ERR(ep_send(ep, &m, 0), ERR_WOULD_BLOCK);
}

TEST(answer_too_late, "a call that is not answered in time ends, and the late answer harms nobody")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(PRIO_HIGH, ep, 1, sys_after(100000));
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	WAIT_FOR(c->done);
	EXPECT_ERR(c->result, DONE_TIMEOUT);
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	EXPECT_ERR(reply(&m, (reply_h){ 0 }), ERR_STATE);
}

TEST(answer_in_time, "the deadline of a call is forgotten when the answer comes")
{
	ep_h ep = sys_ep();
	notif_h n = sys_notif();
	struct msg m = { 0 };

	(void)server(PRIO_HIGH, ep, 1);
	EXPECT_OK(ep_call(ep, &m, sys_after(100000)));
	EXPECT_ERR(notif_wait(n, sys_after(150000), NULL), DONE_TIMEOUT);
}

TEST(cancel_badge, "ep_cancel ends the waits of one badge only, however many there are")
{
	ep_h ep = sys_ep();
	struct worker *c[CALLERS];
	struct msg m = { 0 };
	u64 more = 1, ticket = 0;

	for (u32 i = 0; i < CALLERS; i++)
		c[i] = caller(PRIO_HIGH, ep, 1 + i % 2, 0);
	while (more != 0)
		EXPECT_OK(ep_cancel(ep, 1, ticket, &more, &ticket));
	for (u32 i = 0; i < CALLERS; i++) {
		EXPECT_EQ(c[i]->done, i % 2 == 0);
		if (c[i]->done)
			EXPECT_ERR(c[i]->result, DONE_CANCELLED);
	}
	for (u32 i = 1; i < CALLERS; i += 2) {
		EXPECT_OK(ep_recv(ep, &m, 0));
		EXPECT_EQ(m.badge, 2);
	}
}

TEST(cancel_rights, "a capability with a badge cannot cancel")
{
	ep_h ep = sys_ep();
	ep_h badged = { sys_derive(ANY(ep), RIGHTS_ALL_EP, 3) };
	u64 more;

	EXPECT_ERR(ep_cancel(badged, 3, 0, &more, NULL), ERR_RIGHTS);
	(void)server(PRIO_HIGH, ep, 0);
	EXPECT_OK(ep_cancel(ep, 0, 0, &more, NULL));
	EXPECT_EQ(more, 0);
	EXPECT(!workers[0].done);
}

TEST(ep_destroyed, "destroying an endpoint ends all waits at it")
{
	ep_h ep = sys_ep();
	struct worker *c[CALLERS];

	for (u32 i = 0; i < CALLERS; i++) {
		c[i] = worker_new(PRIO_HIGH, 0, 0, i % 3 ? call_it : send_it);
		c[i]->ep = ep;
		c[i]->b = i % 2 ? 0 : sys_after(1000000);
		worker_run(c[i]);
	}
	EXPECT_OK(sys_destroy(ANY(ep)));
	for (u32 i = 0; i < CALLERS; i++) {
		EXPECT(c[i]->done);
		EXPECT_ERR(c[i]->result, DONE_GONE);
	}
	ep = sys_ep();
	struct worker *r = worker_at(PRIO_HIGH, 0, serve_once, ep);
	EXPECT_OK(sys_destroy(ANY(ep)));
	EXPECT_ERR(r->result, DONE_GONE);
}

TEST(ep_destroyed_later, "a call that was received survives the endpoint")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(PRIO_HIGH, ep, 0, 0);
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_OK(sys_destroy(ANY(ep)));
	EXPECT(!c->done);
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	WAIT_FOR(c->done);
	EXPECT_OK(c->result);
}
