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

TEST(short_stubs, "the stubs for messages without words work, in both roles")
{
	ep_h ep = sys_ep();
	u64 tag = 3ull << TAG_LABEL_SHIFT;

	(void)worker_at(PRIO_HIGH, 0, serve_all, ep);
	EXPECT_OK(ep_call_0(ep, &tag, 0));
	EXPECT_EQ(tag, 1);
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
		EXPECT_ERR(i == 10 ? reply(&m, (reply_h){ 0 }) : ep_reply_recv(ep, &m, 0, (reply_h){ 0 }), OK);
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
	struct worker *c = caller(PRIO_HIGH, ep, 1, sys_after(3000));
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
	EXPECT_OK(ep_call(ep, &m, sys_after(4000)));
	EXPECT_ERR(notif_wait(n, sys_after(10000), NULL), DONE_TIMEOUT);
}

TEST(cancel_badge, "ep_cancel ends the waits of one badge only, however many there are")
{
	ep_h ep = sys_ep();
	struct worker *c[CALLERS];
	struct msg m = { 0 };
	u64 more = 1;

	for (u32 i = 0; i < CALLERS; i++)
		c[i] = caller(PRIO_HIGH, ep, 1 + i % 2, 0);
	while (more != 0)
		EXPECT_OK(ep_cancel(ep, 1, &more));
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

	EXPECT_ERR(ep_cancel(badged, 3, &more), ERR_RIGHTS);
	(void)server(PRIO_HIGH, ep, 0);
	EXPECT_OK(ep_cancel(ep, 0, &more));
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

/* --- long messages, capabilities ---------------------------------------------------- */

static void serve_long(struct worker *w)
{
	w->result = ep_recv(w->ep, &w->m, 0);
	u64 n = w->m.tag & 0x1ff;

	for (u64 i = 8; i < n; i++) {
		w->out[0] += w->t.msg[i] == i * 3;
		w->t.msg[i] = i * 5;
	}
	w->out[1] = w->m.tag;
	w->m.tag = n;
	w->result = reply(&w->m, (reply_h){ 0 });
}

TEST(long_message, "a message of 448 words arrives whole, and so does the answer")
{
	ep_h ep = sys_ep();
	struct worker *w = worker_at(PRIO_HIGH, 0, serve_long, ep);
	struct msg m = { .tag = MSG_WORDS_MAX };
	u64 right = 0;

	for (u64 i = 0; i < 512; i++)
		runner.msg[i] = i * 3;
	EXPECT_OK(ep_call(ep, &m, 0));
	EXPECT_EQ(w->out[0], MSG_WORDS_MAX - 8);
	for (u64 i = 8; i < MSG_WORDS_MAX; i++)
		right += runner.msg[i] == i * 5;
	EXPECT_EQ(right, MSG_WORDS_MAX - 8);
	EXPECT_EQ(m.tag, MSG_WORDS_MAX);
	/* What lies behind the words stays as it was. */
	EXPECT_EQ(runner.msg[MSG_WORDS_MAX], MSG_WORDS_MAX * 3);
	EXPECT_EQ(runner.msg[7], 7 * 3);
}

TEST(message_limits, "a message that is too long, or has too many capabilities, is refused")
{
	ep_h ep = sys_ep();
	struct msg m = { .tag = MSG_WORDS_MAX + 1 };

	EXPECT_ERR(ep_call(ep, &m, 1), ERR_ARG);
	m.tag = 511;
	EXPECT_ERR(ep_send(ep, &m, 1), ERR_ARG);
	for (u64 n = MSG_CAPS_MAX + 1; n < 8; n++) {
		m.tag = n << TAG_CAPS_SHIFT;
		EXPECT_ERR(ep_send(ep, &m, 1), ERR_ARG);
	}
}

TEST(no_msg_page, "a thread without message page sends short messages only, and receives eight words")
{
	ep_h ep = sys_ep();
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, call_it);
	struct msg m = { .tag = 20 };

	EXPECT_OK(thread_bind(w->t.thread, THREAD_MSG, (any_h){ 0 }, 0));
	w->ep = ep;
	w->a = 9;
	worker_run(w);
	EXPECT_ERR(w->result, ERR_MSG_PAGE);
	struct worker *r = worker_new(PRIO_HIGH, 0, 0, serve_once);
	r->ep = ep;
	EXPECT_OK(thread_bind(r->t.thread, THREAD_MSG, (any_h){ 0 }, 0));
	worker_run(r);
	EXPECT_OK(ep_send(ep, &m, 0));
	EXPECT_EQ(r->m.tag, 8);
}

/* Receives one message with capabilities, into the slots that a and b name. */
static void recv_caps(struct worker *w)
{
	w->t.msg[MSG_RECV_SLOTS] = w->a;
	w->t.msg[MSG_RECV_SLOTS + 1] = w->b;
	w->result = ep_recv(w->ep, &w->m, 0);
	w->out[0] = w->m.tag;
}

static struct worker *cap_receiver(ep_h ep, u64 a, u64 b)
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, recv_caps);

	w->ep = ep;
	w->a = a;
	w->b = b;
	worker_run(w);
	return w;
}

static void offer(u32 i, u64 handle, u64 mode, u64 badge)
{
	runner.msg[MSG_SEND_CAPS + 4 * i] = handle;
	runner.msg[MSG_SEND_CAPS + 4 * i + 1] = mode;
	runner.msg[MSG_SEND_CAPS + 4 * i + 2] = badge;
}

TEST(caps_travel, "a message carries capabilities, one derived with a badge and one moved")
{
	ep_h ep = sys_ep(), gift = sys_ep();
	notif_h moved = sys_notif();
	u64 a = new_slot().where, b = new_slot().where, badge = 0;
	struct worker *w = cap_receiver(ep, a, b);
	struct msg m = { .tag = 2ull << TAG_CAPS_SHIFT };

	offer(0, gift.h, RIGHT_EP_SEND, 31);
	offer(1, moved.h, CAP_SEND_MOVE, 0);
	EXPECT_OK(ep_send(ep, &m, 0));
	EXPECT_EQ(w->out[0], 2ull << TAG_CAPS_SHIFT);
	EXPECT_EQ(cap_rights((u32)a), RIGHT_EP_SEND);
	EXPECT_OK(cap_info((any_h){ (u32)a }, NULL, &badge, NULL));
	EXPECT_EQ(badge, 31);
	EXPECT_EQ(cap_type((u32)b), OBJ_NOTIF);
	EXPECT(slot_is_empty(moved.h));
	EXPECT_OK(sys_revoke(ANY(gift)));
	EXPECT(slot_is_empty((u32)a));
}

TEST(caps_wait, "capabilities arrive as well when the sender waited first")
{
	ep_h ep = sys_ep(), gift = sys_ep();
	u64 a = new_slot().where;
	struct msg m = { .tag = 1ull << TAG_CAPS_SHIFT | 8, .w = { [3] = 4 } };
	struct worker *w = worker_new(PRIO_LOW, 0, 0, recv_caps);

	w->ep = ep;
	w->a = a;
	worker_run(w);
	offer(0, gift.h, RIGHT_EP_SEND, 0);
	EXPECT_OK(ep_send(ep, &m, 0));
	EXPECT_EQ(cap_rights((u32)a), RIGHT_EP_SEND);
	WAIT_FOR(w->done);
	EXPECT_EQ(w->out[0], 1ull << TAG_CAPS_SHIFT | 8);
	EXPECT_EQ(w->m.w[3], 4);
}

TEST(caps_refused, "capabilities that cannot be transferred are left out, and the tag says how many came")
{
	ep_h ep = sys_ep(), gift = sys_ep();
	u32 less = sys_derive(ANY(gift), RIGHT_EP_SEND, 0);
	u64 a = new_slot().where, b = new_slot().where;
	struct msg m = { .tag = 2ull << TAG_CAPS_SHIFT };

	/* The second would have more rights than its source. */
	struct worker *w = cap_receiver(ep, a, b);
	offer(0, gift.h, RIGHT_EP_SEND, 0);
	offer(1, less, RIGHTS_ALL_EP, 0);
	EXPECT_OK(ep_send(ep, &m, 0));
	EXPECT_EQ(w->out[0], 1ull << TAG_CAPS_SHIFT);
	EXPECT(!slot_is_empty((u32)a) && slot_is_empty((u32)b));
	/* No room. */
	w = cap_receiver(ep, HANDLE_SYSTEM, b);
	m.tag = 1ull << TAG_CAPS_SHIFT;
	EXPECT_OK(ep_send(ep, &m, 0));
	EXPECT_EQ(w->out[0], 0);
	/* Moving what has children. */
	w = cap_receiver(ep, b, 0);
	offer(0, gift.h, CAP_SEND_MOVE, 0);
	m.tag = 1ull << TAG_CAPS_SHIFT;
	EXPECT_OK(ep_send(ep, &m, 0));
	EXPECT_EQ(w->out[0], 0);
	EXPECT(!slot_is_empty(gift.h));
}

TEST(caps_right, "capabilities travel only through a capability with the right TRANSFER")
{
	ep_h ep = sys_ep();
	ep_h plain = { sys_derive(ANY(ep), RIGHT_EP_SEND | RIGHT_EP_CALL, 0) };
	struct msg m = { .tag = 1ull << TAG_CAPS_SHIFT };

	EXPECT_ERR(ep_send(plain, &m, 1), ERR_RIGHTS);
	m.tag = 1ull << TAG_CAPS_SHIFT;
	EXPECT_ERR(ep_call(plain, &m, 1), ERR_RIGHTS);
	m.tag = 1;
	EXPECT_ERR(ep_send(plain, &m, 1), DONE_TIMEOUT);
}

/* Answers with a capability. */
static void answer_cap(struct worker *w)
{
	w->result = ep_recv(w->ep, &w->m, 0);
	w->t.msg[MSG_SEND_CAPS] = w->a;
	w->t.msg[MSG_SEND_CAPS + 1] = RIGHT_NOTIF_WAIT;
	w->t.msg[MSG_SEND_CAPS + 2] = 0;
	w->m.tag = 1ull << TAG_CAPS_SHIFT;
	w->result = reply(&w->m, (reply_h){ 0 });
}

TEST(caps_answer, "an answer can carry capabilities, even to a caller without that right")
{
	ep_h ep = sys_ep();
	ep_h plain = { sys_derive(ANY(ep), RIGHT_EP_CALL, 0) };
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, answer_cap);
	u64 a = new_slot().where;
	struct msg m = { 0 };

	w->ep = ep;
	w->a = sys_notif().h;
	worker_run(w);
	runner.msg[MSG_RECV_SLOTS] = a;
	EXPECT_OK(ep_call(plain, &m, 0));
	EXPECT_EQ(m.tag, 1ull << TAG_CAPS_SHIFT);
	EXPECT_EQ(cap_rights((u32)a), RIGHT_NOTIF_WAIT);
}

TEST(caps_all, "four capabilities travel at once")
{
	ep_h ep = sys_ep();
	struct msg m = { .tag = 4ull << TAG_CAPS_SHIFT };
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, recv_caps);
	u64 slot[4];

	for (u32 i = 0; i < 4; i++) {
		slot[i] = new_slot().where;
		offer(i, sys_ep().h, CAP_SEND_MOVE, 0);
	}
	w->ep = ep;
	w->a = slot[0];
	w->b = slot[1];
	for (u32 i = 2; i < 4; i++)
		w->t.msg[MSG_RECV_SLOTS + i] = slot[i];
	worker_run(w);
	EXPECT_OK(ep_send(ep, &m, 0));
	for (u32 i = 0; i < 4; i++)
		EXPECT_EQ(cap_type((u32)slot[i]), OBJ_EP);
}
