/* SPDX-License-Identifier: MIT */
/*
 * What messages carry beyond eight words: long ones, and capabilities.
 */
#include "ktest.h"

TESTS(ep_call, ep_send, ep_recv, reply);

/* Receives once. */
static void recv_once(struct worker *w)
{
	w->result = ep_recv(w->ep, &w->m, 0);
}

static void call_it(struct worker *w)
{
	w->m.tag = w->a;
	w->result = ep_call(w->ep, &w->m, 0);
}

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

TEST(no_msg_page,
     "a thread without message page sends short messages only, and receives eight words")
{
	ep_h ep = sys_ep();
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, call_it);
	struct msg m = { .tag = 20 };

	EXPECT_OK(thread_bind(w->t.thread, THREAD_MSG, (any_h){ 0 }, 0));
	w->ep = ep;
	w->a = 9;
	worker_run(w);
	EXPECT_ERR(w->result, ERR_MSG_PAGE);
	struct worker *r = worker_new(PRIO_HIGH, 0, 0, recv_once);
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

TEST(caps_refused,
     "capabilities that cannot be transferred are left out, and the tag says how many came")
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
