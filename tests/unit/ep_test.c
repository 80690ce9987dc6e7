/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: messages in both orders, on one CPU and between two, deadlines,
 * cancelling, destruction; reply rights.
 */
#include "harness.h"

static void send_words(u32 t, u64 base)
{
	for (u32 i = 0; i < 8; i++)
		set_word(t, i, base + i);
}

static void check_words(u32 t, u64 base)
{
	for (u32 i = 0; i < 8; i++)
		IS(word(t, i), base + i);
}

/* client calls through a badged capability, server receives and answers; in both orders. */
static void round_trip(u32 client_cpu, u32 server_cpu, bool server_first)
{
	u64 ep = new_object(OBJ_EP, 1), c = derive(ep, RIGHTS_ALL_EP, 0x77);
	struct worker client = new_thread(client_cpu, 100, 0),
		      server = new_thread(server_cpu, 100, 0);

	if (server_first)
		IS(CALL2(server.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	send_words(client.t, 1000);
	IS(CALL2(client.t, SYS_EP_CALL, c, 8 | 5ull << TAG_LABEL_SHIFT, 0), BLOCKED);
	if (!server_first)
		IS(CALL2(server.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	settle();
	IS(result(server.t), ERRNO_OK);
	IS(out(server.t, 0), 0x77);
	IS(out(server.t, 1), 8 | 5ull << TAG_LABEL_SHIFT);
	check_words(server.t, 1000);
	IS(TH(client.t)->state, THREAD_REPLY);
	send_words(server.t, 2000);
	IS(CALL2(server.t, SYS_EP_REPLY_RECV, ep, 8 | 6ull << TAG_LABEL_SHIFT, 0), BLOCKED);
	settle();
	IS(result(client.t), ERRNO_OK);
	IS(out(client.t, 1), 8 | 6ull << TAG_LABEL_SHIFT);
	check_words(client.t, 2000);
	IS(TH(server.t)->reply_to, NIL);
}

TEST(ep_call_receiver_waits, "a call reaches a receiver that waits, and its answer comes back")
{
	round_trip(0, 0, true);
}

TEST(ep_call_sender_waits, "a call that waits reaches a receiver that comes later")
{
	round_trip(0, 0, false);
}

TEST(ep_call_cross, "the same between two CPUs, with the endpoint at a third")
{
	round_trip(1, 2, true);
	round_trip(1, 2, false);
	round_trip(0, 1, true);
	round_trip(1, 0, false);
}

TEST(ep_call_ordinary, "the same without the short way")
{
	host.knobs.no_fast_path = true;
	round_trip(0, 0, true);
	round_trip(0, 0, false);
	round_trip(1, 2, true);
}

TEST(ep_local_path, "call and answer on one CPU take no lock but that CPU's")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker client = new_thread(0, 100, 0), server = new_thread(0, 100, 0);

	IS(CALL2(server.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	CHECK(!host.was_global);
	IS(CALL2(client.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	CHECK(!host.was_global);
	IS(CPU(0)->current, server.t);
	IS(TH(server.t)->running_on, TH(client.t)->sched);
	IS(CALL2(server.t, SYS_EP_REPLY_RECV, ep, 0, 0), BLOCKED);
	CHECK(!host.was_global);
	IS(CPU(0)->current, client.t);
	IS(TH(client.t)->running_on, TH(client.t)->sched);
}

TEST(ep_send_both, "send ends when the message is received, in both orders")
{
	u64 ep = new_object(OBJ_EP, 0), s = derive(ep, RIGHT_EP_SEND, 3);
	struct worker a = new_thread(0, 100, 0), b = new_thread(0, 100, 0);

	send_words(a.t, 50);
	IS(CALL2(a.t, SYS_EP_SEND, s, 8, 0), BLOCKED);
	IS(CALL2(b.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(out(b.t, 0), 3);
	check_words(b.t, 50);
	IS(result(a.t), ERRNO_OK);
	IS(CALL2(b.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL2(a.t, SYS_EP_SEND, s, 8, 0), ERRNO_OK);
	IS(result(b.t), ERRNO_OK);
	IS(CALL2(b.t, SYS_REPLY, 0, 0, 0), ERRNO_STATE);
}

TEST(ep_order, "senders are served in the order in which they came")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker w[6], server = new_thread(0, 100, 0);

	for (u32 i = 0; i < 6; i++) {
		u64 c = derive(ep, RIGHT_EP_CALL | RIGHT_EP_SEND, 10 + i);
		w[i] = new_thread(i % 3, 100, 0);
		IS(CALL2(w[i].t, i % 2 ? SYS_EP_CALL : SYS_EP_SEND, c, 0, 0), BLOCKED);
	}
	for (u32 i = 0; i < 6; i++) {
		IS(CALL2(server.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
		IS(out(server.t, 0), 10 + i);
	}
}

TEST(ep_nonblock, "non-blocking forms fail where they would wait")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0);

	IS(CALL2(root, SYS_EP_SEND, ep, TAG_NONBLOCK, 0), ERRNO_WOULD_BLOCK);
	IS(CALL2(root, SYS_EP_CALL, ep, TAG_NONBLOCK, 0), ERRNO_WOULD_BLOCK);
	IS(CALL2(root, SYS_EP_RECV, ep, TAG_NONBLOCK, 0), ERRNO_WOULD_BLOCK);
	IS(CALL2(root, SYS_EP_REPLY_RECV, ep, TAG_NONBLOCK, 0), ERRNO_WOULD_BLOCK);
	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL2(root, SYS_EP_SEND, ep, TAG_NONBLOCK | 2, 0), ERRNO_OK);
	IS(out(a.t, 1), 2);
}

TEST(ep_reply_recv_fails_whole, "a reply_recv that would block answers nothing")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0), b = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(b.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL2(b.t, SYS_EP_REPLY_RECV, ep, TAG_NONBLOCK, 0), ERRNO_WOULD_BLOCK);
	IS(result(a.t), BLOCKED);
	IS(TH(b.t)->reply_to, a.t);
	IS(CALL2(b.t, SYS_REPLY, 0, 0, 0), ERRNO_OK);
	IS(result(a.t), ERRNO_OK);
}

TEST(ep_deadline, "calls, sends and receives end at their deadlines")
{
	u64 ep = new_object(OBJ_EP, 0), other = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0),
		      c = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, host.clock + 100), BLOCKED);
	IS(CALL2(b.t, SYS_EP_SEND, ep, 0, host.clock + 200), BLOCKED);
	IS(CALL2(c.t, SYS_EP_RECV, other, 0, host.clock + 300), BLOCKED);
	for (u32 i = 0; i < 3; i++) {
		host_advance(101);
		settle();
		IS(result(a.t), ERRNO_DONE_TIMEOUT);
		IS(result(b.t), i < 1 ? BLOCKED : ERRNO_DONE_TIMEOUT);
		IS(result(c.t), i < 2 ? BLOCKED : ERRNO_DONE_TIMEOUT);
	}
	IS(EP(page_of(ep))->head, NIL);
}

TEST(ep_deadline_in_reply,
     "the deadline of a call holds for the answer too; a late answer goes nowhere")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0), b = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, host.clock + 100), BLOCKED);
	IS(CALL2(b.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	host_advance(101);
	settle();
	IS(result(a.t), ERRNO_DONE_TIMEOUT);
	IS(TH(a.t)->running_on, TH(a.t)->sched);
	IS(CALL2(b.t, SYS_REPLY, 0, 0, 0), ERRNO_OK);
	IS(CALL2(b.t, SYS_REPLY, 0, 0, 0), ERRNO_STATE);
}

TEST(ep_cancel_badge, "ep_cancel ends the waits of one badge, 32 a call")
{
	u64 ep = new_object(OBJ_EP, 0), one = derive(ep, RIGHTS_ALL_EP, 1),
	    two = derive(ep, RIGHTS_ALL_EP, 2);
	struct worker w[40];

	for (u32 i = 0; i < 40; i++) {
		w[i] = new_thread(i % 2, 100, 0);
		IS(CALL2(w[i].t, i % 4 < 2 ? SYS_EP_CALL : SYS_EP_SEND, i % 5 ? one : two, 0, 0),
		   BLOCKED);
	}
	IS(CALL2(root, SYS_EP_CANCEL, one, 1, 0), ERRNO_RIGHTS);
	IS(CALL2(root, SYS_EP_CANCEL, ep, 2, 0), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(result(w[35].t), BLOCKED);
	IS(CALL2(root, SYS_EP_CANCEL, ep, 2, out(root, 1)), ERRNO_OK);
	IS(out(root, 0), 0);
	settle();
	for (u32 i = 0; i < 40; i++)
		IS(result(w[i].t), i % 5 ? BLOCKED : ERRNO_DONE_CANCELLED);
}

TEST(ep_cancel_goes_on, "ep_cancel goes on where it was, though the waiter there is gone meanwhile")
{
	u64 ep = new_object(OBJ_EP, 0), one = derive(ep, RIGHTS_ALL_EP, 1);
	struct worker w[40];

	for (u32 i = 0; i < 40; i++) {
		w[i] = new_thread(i % 2, 100, 0);
		IS(CALL2(w[i].t, SYS_EP_CALL, one, 0, 0), BLOCKED);
	}
	IS(CALL2(root, SYS_EP_CANCEL, ep, 7, 0), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(EP(page_of(ep))->cursor, w[32].t);
	delete_all(w[32].thread);
	IS(EP(page_of(ep))->cursor, w[33].t);
	for (u32 i = 33; i < 40; i++)
		IS(CALL0(root, SYS_THREAD_STOP, w[i].thread), ERRNO_OK);
	IS(EP(page_of(ep))->cursor, NIL);
	IS(CALL2(root, SYS_EP_CANCEL, ep, 1, 0), ERRNO_OK);
	IS(result(w[31].t), ERRNO_DONE_CANCELLED);
}

TEST(ep_cancel_in_turns, "cancellations of several badges in turns all end, and miss nobody")
{
	enum { N = 90, PARTIES = 3 };
	u64 ep = new_object(OBJ_EP, 0), badged[PARTIES], ticket[PARTIES] = { 0 };
	bool over[PARTIES] = { false };
	struct worker w[N];
	u32 calls = 0, left = PARTIES;

	for (u32 i = 0; i < PARTIES; i++)
		badged[i] = derive(ep, RIGHTS_ALL_EP, 1 + i);
	for (u32 i = 0; i < N; i++) {
		w[i] = new_thread(i % 2, 100, 0);
		IS(CALL2(w[i].t, SYS_EP_CALL, badged[i % PARTIES], 0, 0), BLOCKED);
	}
	/* Those of badge 3 stay; a second party looks for badge 1 too. */
	for (u32 i = 0; left > 0; i = (i + 1) % PARTIES) {
		if (over[i])
			continue;
		CHECK(++calls < 20);
		IS(CALL2(root, SYS_EP_CANCEL, ep, i == 2 ? 1 : 1 + i, ticket[i]), ERRNO_OK);
		ticket[i] = out(root, 1);
		over[i] = out(root, 0) == 0;
		left -= over[i];
	}
	settle();
	for (u32 i = 0; i < N; i++)
		IS(result(w[i].t), i % PARTIES == 2 ? BLOCKED : ERRNO_DONE_CANCELLED);
}

TEST(ep_gone, "destroying an endpoint ends all waits with DONE_GONE")
{
	u64 ep = new_object(OBJ_EP, 0), other = new_object(OBJ_EP, 2);
	struct worker w[36], r = new_thread(1, 100, 0);

	IS(CALL2(r.t, SYS_EP_RECV, other, 0, 0), BLOCKED);
	for (u32 i = 0; i < 36; i++) {
		w[i] = new_thread(i % 3, 100, 0);
		IS(CALL2(w[i].t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	}
	delete_all(ep);
	delete_all(other);
	for (u32 i = 0; i < 36; i++)
		IS(result(w[i].t), ERRNO_DONE_GONE);
	IS(result(r.t), ERRNO_DONE_GONE);
}

TEST(ep_rights, "each operation needs its right")
{
	u64 ep = new_object(OBJ_EP, 0);
	u64 call_only = derive(ep, RIGHT_EP_CALL, 0), recv = derive(ep, RIGHT_EP_RECV, 0);

	IS(CALL2(root, SYS_EP_SEND, call_only, 0, 0), ERRNO_RIGHTS);
	IS(CALL2(root, SYS_EP_RECV, call_only, 0, 0), ERRNO_RIGHTS);
	IS(CALL2(root, SYS_EP_CALL, recv, 0, 0), ERRNO_RIGHTS);
	IS(CALL1(root, SYS_EP_CANCEL, recv, 0), ERRNO_RIGHTS);
}

TEST(ep_rights_short, "the short way of a call and of an answer needs the rights too")
{
	u64 ep = new_object(OBJ_EP, 0);
	u64 call_only = derive(ep, RIGHT_EP_CALL, 0), recv = derive(ep, RIGHT_EP_RECV, 0);
	struct worker a = new_thread(0, 100, 0), s = new_thread(0, 100, 0);

	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL2(a.t, SYS_EP_CALL, recv, 0, 0), ERRNO_RIGHTS);
	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(s.t, SYS_EP_REPLY_RECV, call_only, 0, 0), ERRNO_RIGHTS);
	IS(CALL2(s.t, SYS_EP_REPLY_RECV, recv, 0, 0), BLOCKED);
	IS(result(a.t), ERRNO_OK);
}

TEST(ep_answer_urgent, "who is ready and more urgent than the caller runs before it when it is answered")
{
	u64 ep = new_object(OBJ_EP, 2), n = new_object(OBJ_NOTIF, 2);
	struct worker a = new_thread(1, 50, 0), b = new_thread(1, 80, 0),
		      s = new_thread(1, 100, 0);

	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL1(b.t, SYS_NOTIF_WAIT, n, 0), BLOCKED);
	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL1(s.t, SYS_NOTIF_SIGNAL, n, 1), ERRNO_OK);
	IS(CPU(1)->current, s.t);
	IS(CALL2(s.t, SYS_EP_REPLY_RECV, ep, 0, 0), BLOCKED);
	IS(CPU(1)->current, b.t);
	IS(result(a.t), ERRNO_OK);
}

/* --- reply rights ------------------------------------------------------------------ */

TEST(reply_dropped, "a reply right that is dropped ends the call with DONE_GONE")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0),
		      s = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(b.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(result(a.t), ERRNO_DONE_GONE);
	IS(TH(s.t)->reply_to, b.t);
	delete_all(s.thread);
	settle();
	IS(result(b.t), ERRNO_DONE_GONE);
}

TEST(reply_dropped_by_send, "who received a message after a call has no right to answer")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0), s = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL2(root, SYS_EP_SEND, ep, 0, 0), BLOCKED);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(result(a.t), ERRNO_DONE_GONE);
	IS(CALL2(s.t, SYS_REPLY, 0, 0, 0), ERRNO_STATE);
}

TEST(reply_saved, "saved reply rights answer later and in any order, each once")
{
	u64 ep = new_object(OBJ_EP, 0), x = new_handle(), y = new_handle();
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0),
		      s = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(b.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL1(s.t, SYS_REPLY_SAVE, 0, x), ERRNO_STATE);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL1(s.t, SYS_REPLY_SAVE, 0, x), ERRNO_OK);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL1(s.t, SYS_REPLY_SAVE, 0, y), ERRNO_OK);
	IS(CALL3(s.t, SYS_CAP_DERIVE, x, new_handle(), 0, 0), ERRNO_STATE);
	set_word(s.t, 0, 42);
	IS(CALL3(s.t, SYS_REPLY, 0, 1, 0, y), ERRNO_OK);
	settle();
	IS(result(b.t), ERRNO_OK);
	IS(word(b.t, 0), 42);
	IS(result(a.t), BLOCKED);
	IS(CALL3(s.t, SYS_REPLY, 0, 0, 0, y), ERRNO_CAP);
	IS(CALL3(s.t, SYS_EP_REPLY_RECV, ep, 0, 0, x), BLOCKED);
	IS(result(a.t), ERRNO_OK);
}

TEST(reply_saved_deleted, "deleting a saved reply right ends the call with DONE_GONE")
{
	u64 ep = new_object(OBJ_EP, 0), x = new_handle();
	struct worker a = new_thread(0, 100, 0), s = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL1(s.t, SYS_REPLY_SAVE, 0, x), ERRNO_OK);
	delete_all(x);
	IS(result(a.t), ERRNO_DONE_GONE);
}

TEST(reply_outlives, "a reply right outlives its caller without harm")
{
	u64 ep = new_object(OBJ_EP, 0), x = new_handle();
	struct worker a = new_thread(0, 100, 0), s = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL1(s.t, SYS_REPLY_SAVE, 0, x), ERRNO_OK);
	u32 page = a.t;
	delete_all(a.thread);
	IS(PD(page)->type, PAGE_FREE);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, new_handle(), OBJ_THREAD,
		 page - host_root.memory, 0),
	   ERRNO_OK);
	IS(CALL3(s.t, SYS_REPLY, 0, 0, 0, x), ERRNO_OK);
	IS(SLOT(slot_of(x))->type, 0);
}

TEST(reply_other_call, "a right to answer a call does not answer the next one of the same caller")
{
	u64 ep = new_object(OBJ_EP, 0), x = new_handle();
	struct worker a = new_thread(0, 100, 0), s = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL1(s.t, SYS_REPLY_SAVE, 0, x), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_STOP, a.thread), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, a.thread), ERRNO_OK);
	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL3(s.t, SYS_REPLY, 0, 0, 0, x), ERRNO_OK);
	IS(result(a.t), BLOCKED);
	IS(CALL2(s.t, SYS_REPLY, 0, 0, 0), ERRNO_OK);
	IS(result(a.t), ERRNO_OK);
}

TEST(reply_stopped_caller, "stopping a caller that waits for its answer makes the right worthless")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(1, 100, 0), s = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(s.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_STOP, a.thread), ERRNO_OK);
	IS(result(a.t), ERRNO_DONE_CANCELLED);
	IS(CALL2(s.t, SYS_REPLY, 0, 0, 0), ERRNO_OK);
	IS(TH(a.t)->state, THREAD_STOPPED);
}

/* --- long messages and capabilities --------------------------------------------------- */

TEST(msg_long, "words from the eighth on go from message page to message page")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0);

	for (u32 i = 0; i < 512; i++) {
		WORD(a.msg_page, i) = 7000 + i;
		WORD(b.msg_page, i) = 1;
	}
	IS(CALL2(a.t, SYS_EP_SEND, ep, 449, 0), ERRNO_ARG);
	IS(CALL2(b.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL2(a.t, SYS_EP_SEND, ep, 20, 0), ERRNO_OK);
	settle();
	IS(out(b.t, 1), 20);
	IS(WORD(b.msg_page, 8), 7008);
	IS(WORD(b.msg_page, 19), 7019);
	IS(WORD(b.msg_page, 20), 1);
	IS(WORD(b.msg_page, 7), 1);
}

TEST(msg_no_page, "a long message needs a page; a receiver without one gets eight words")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0), b = new_thread(0, 100, 0);

	IS(CALL2(root, SYS_EP_SEND, ep, 9, 0), ERRNO_MSG_PAGE);
	IS(CALL0(root, SYS_THREAD_STOP, b.thread), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, b.thread, THREAD_MSG, 0, 0), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, b.thread), ERRNO_OK);
	IS(CALL2(b.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL2(a.t, SYS_EP_SEND, ep, 30, 0), ERRNO_OK);
	IS(out(b.t, 1), 8);
}

static void offer(const struct worker *w, u32 i, u64 handle, u64 mode, u64 badge)
{
	WORD(w->msg_page, MSG_SEND_CAPS + 4 * i) = handle;
	WORD(w->msg_page, MSG_SEND_CAPS + 4 * i + 1) = mode;
	WORD(w->msg_page, MSG_SEND_CAPS + 4 * i + 2) = badge;
}

TEST(msg_caps, "capabilities are derived or moved into the slots that the receiver named")
{
	u64 ep = new_object(OBJ_EP, 0), thing = new_object(OBJ_NOTIF, 0),
	    move = derive(thing, 3, 0);
	u64 to = new_handle(), to2 = new_handle();
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0);

	offer(&a, 0, thing, RIGHT_NOTIF_SIGNAL, 9);
	offer(&a, 1, move, CAP_SEND_MOVE, 0);
	WORD(b.msg_page, MSG_RECV_SLOTS) = to;
	WORD(b.msg_page, MSG_RECV_SLOTS + 1) = to2;
	IS(CALL2(a.t, SYS_EP_SEND, ep, 2 << TAG_CAPS_SHIFT, 0), BLOCKED);
	IS(CALL2(b.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(out(b.t, 1), 2 << TAG_CAPS_SHIFT);
	IS(SLOT(slot_of(to))->badge, 9);
	IS(SLOT(slot_of(to))->rights, RIGHT_NOTIF_SIGNAL);
	IS(SLOT(slot_of(to))->parent, slot_of(thing));
	IS(SLOT(slot_of(move))->type, 0);
	IS(SLOT(slot_of(to2))->type, OBJ_NOTIF);
}

TEST(msg_caps_stop, "a capability that cannot be transferred stops the transfer, not the message")
{
	u64 ep = new_object(OBJ_EP, 0), thing = new_object(OBJ_NOTIF, 0);
	u64 to[3] = { new_handle(), new_handle(), new_handle() };
	struct worker a = new_thread(0, 100, 0), b = new_thread(0, 100, 0);

	offer(&a, 0, thing, RIGHT_NOTIF_SIGNAL, 0);
	offer(&a, 1, 9999, 0, 0);
	offer(&a, 2, thing, RIGHT_NOTIF_SIGNAL, 0);
	for (u32 i = 0; i < 3; i++)
		WORD(b.msg_page, MSG_RECV_SLOTS + i) = to[i];
	IS(CALL2(b.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL2(a.t, SYS_EP_SEND, ep, 3 << TAG_CAPS_SHIFT | 4, 0), ERRNO_OK);
	IS(out(b.t, 1), 1 << TAG_CAPS_SHIFT | 4);
	IS(SLOT(slot_of(to[0]))->type, OBJ_NOTIF);
	IS(SLOT(slot_of(to[1]))->type, 0);
	IS(SLOT(slot_of(to[2]))->type, 0);
}

TEST(msg_caps_right, "sending capabilities needs TRANSFER")
{
	u64 ep = new_object(OBJ_EP, 0), c = derive(ep, RIGHT_EP_SEND, 0);
	struct worker a = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_SEND, c, 1 << TAG_CAPS_SHIFT, 0), ERRNO_RIGHTS);
	IS(CALL2(a.t, SYS_EP_SEND, ep, 5 << TAG_CAPS_SHIFT, 0), ERRNO_ARG);
}

TEST(msg_reply_caps, "an answer can carry capabilities to the caller")
{
	u64 ep = new_object(OBJ_EP, 0), thing = new_object(OBJ_NOTIF, 0), to = new_handle();
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0);

	WORD(a.msg_page, MSG_RECV_SLOTS) = to;
	IS(CALL2(a.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL2(b.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	offer(&b, 0, thing, RIGHT_NOTIF_WAIT, 0);
	IS(CALL2(b.t, SYS_REPLY, 0, 1 << TAG_CAPS_SHIFT, 0), ERRNO_OK);
	settle();
	IS(result(a.t), ERRNO_OK);
	IS(out(a.t, 1), 1 << TAG_CAPS_SHIFT);
	IS(SLOT(slot_of(to))->type, OBJ_NOTIF);
}
