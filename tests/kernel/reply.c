/* SPDX-License-Identifier: MIT */
/*
 * Reply rights: given once, saved, dropped; and the death of each party of a
 * call in each of its phases.
 */
#include "ktest.h"

TESTS(reply, reply_save);

static void call_it(struct worker *w)
{
	w->result = ep_call(w->ep, &w->m, w->b);
}

static struct worker *caller(ep_h ep, u64 badge)
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, call_it);

	w->ep = (ep_h){ sys_derive(ANY(ep), RIGHTS_ALL_EP, badge) };
	worker_run(w);
	return w;
}

static void recv_wait(struct worker *w)
{
	w->result = ep_recv(w->ep, &w->m, 0);
	(void)notif_wait(nowhere, 0, NULL);
}

TEST(reply_once, "a call is answered once")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(ep, 1);
	struct msg m = { 0 };

	EXPECT_ERR(reply(&m, (reply_h){ 0 }), ERR_STATE);
	m.tag = 0;
	EXPECT_OK(ep_recv(ep, &m, 0));
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	m.tag = 0;
	EXPECT_ERR(reply(&m, (reply_h){ 0 }), ERR_STATE);
	WAIT_FOR(c->done);
}

TEST(reply_dropped, "receiving again drops the right to answer, and the caller is told")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(ep, 1);
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	m.tag = 0;
	EXPECT_ERR(ep_recv(ep, &m, 1), DONE_TIMEOUT);
	WAIT_FOR(c->done);
	EXPECT_ERR(c->result, DONE_GONE);
}

TEST(reply_saved, "saved replies can be given in any order")
{
	ep_h ep = sys_ep();
	struct worker *c[4];
	slot_t saved[4];
	struct msg m = { 0 };

	for (u64 i = 0; i < 4; i++) {
		c[i] = caller(ep, i + 1);
		saved[i] = new_slot();
		EXPECT_OK(ep_recv(ep, &m, 0));
		EXPECT_EQ(m.badge, i + 1);
		EXPECT_OK(reply_save(saved[i]));
		EXPECT_EQ(cap_type((u32)saved[i].where), OBJ_REPLY);
		m.tag = 0;
	}
	EXPECT_ERR(reply_save(new_slot()), ERR_STATE);
	for (u64 k = 0; k < 4; k++) {
		u64 i = (k * 3 + 2) % 4;

		m.w[0] = 100 + i;
		m.tag = 1;
		EXPECT_OK(reply(&m, (reply_h){ (u32)saved[i].where }));
		EXPECT(slot_is_empty((u32)saved[i].where));
		WAIT_FOR(c[i]->done);
		EXPECT_OK(c[i]->result);
		EXPECT_EQ(c[i]->m.w[0], 100 + i);
	}
}

TEST(reply_saved_recv, "a saved reply can be given together with the next receive")
{
	ep_h ep = sys_ep();
	struct worker *a = caller(ep, 1), *b = caller(ep, 2);
	slot_t saved = new_slot();
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_OK(reply_save(saved));
	m.w[0] = 55;
	m.tag = 1;
	EXPECT_OK(ep_reply_recv(ep, &m, 0, (reply_h){ (u32)saved.where }));
	EXPECT_EQ(m.badge, 2);
	WAIT_FOR(a->done);
	EXPECT_EQ(a->m.w[0], 55);
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	WAIT_FOR(b->done);
}

TEST(reply_moves, "a reply right can be moved and deleted, but not derived")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(ep, 1);
	slot_t saved = new_slot(), other = new_slot();
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_OK(reply_save(saved));
	EXPECT_ERR(cap_derive((any_h){ (u32)saved.where }, other, 0, 0), ERR_STATE);
	EXPECT_OK(cap_move(saved, other));
	EXPECT(!c->done);
	EXPECT_OK(sys_delete(other));
	WAIT_FOR(c->done);
	EXPECT_ERR(c->result, DONE_GONE);
}

TEST(reply_stale, "a reply right whose caller gave up answers nobody, not even its next call")
{
	ep_h ep = sys_ep();
	struct worker *c = worker_new(PRIO_HIGH, 0, 0, call_it);
	slot_t saved = new_slot();
	struct msg m = { 0 };

	c->ep = ep;
	c->b = sys_after(100000);
	worker_run(c);
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_OK(reply_save(saved));
	WAIT_FOR(c->done);
	EXPECT_ERR(c->result, DONE_TIMEOUT);
	EXPECT(thread_is_stopped(c->t.thread));
	c->done = 0;
	c->b = 0;
	worker_run(c);
	m.tag = 0;
	EXPECT_OK(ep_recv(ep, &m, 0));
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ (u32)saved.where }));
	EXPECT(!c->done);
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	WAIT_FOR(c->done);
	EXPECT_OK(c->result);
}

/* --- deaths ------------------------------------------------------------------------ */

TEST(caller_dies_queued, "a caller that dies in the queue is skipped")
{
	ep_h ep = sys_ep();
	struct worker *a = caller(ep, 1), *b = caller(ep, 2);
	struct msg m = { 0 };

	(void)b;
	sys_thread_destroy(&a->t);
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.badge, 2);
}

TEST(caller_dies_served, "a caller that dies while it is served leaves a right that answers nobody")
{
	ep_h ep = sys_ep();
	struct worker *a = caller(ep, 1), *b = caller(ep, 2);
	slot_t saved = new_slot();
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	sys_thread_destroy(&a->t);
	/* Whatever the page of the dead thread is now. */
	(void)sys_ep();
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_OK(reply_save(saved));
	sys_thread_destroy(&b->t);
	(void)sys_thread_object(0);
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ (u32)saved.where }));
}

TEST(server_dies_waiting, "a server that dies while it waits leaves callers waiting for another")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_HIGH, 0, recv_wait, ep);

	sys_thread_destroy(&s->t);
	struct worker *c = caller(ep, 1);
	EXPECT(!c->done);
	struct msg m = { 0 };
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.badge, 1);
}

TEST(server_dies_serving, "the caller of a server that dies is told")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_HIGH, 0, recv_wait, ep);
	struct worker *c = caller(ep, 1);

	EXPECT(!c->done);
	EXPECT_OK(s->result);
	sys_thread_destroy(&s->t);
	WAIT_FOR(c->done);
	EXPECT_ERR(c->result, DONE_GONE);
}

TEST(server_stops_serving,
     "a stopped server keeps the right to answer; when it dies the caller is told")
{
	ep_h ep = sys_ep();
	struct worker *s = worker_at(PRIO_HIGH, 0, recv_wait, ep);
	struct worker *c = caller(ep, 1);

	EXPECT_OK(thread_stop(s->t.thread));
	settle();
	EXPECT(!c->done);
	sys_thread_destroy(&s->t);
	WAIT_FOR(c->done);
	EXPECT_ERR(c->result, DONE_GONE);
}

TEST(caller_stopped, "a caller that is stopped is cancelled in the queue and while it is served")
{
	ep_h ep = sys_ep();
	struct worker *a = caller(ep, 1), *b = caller(ep, 2);
	struct msg m = { 0 };

	EXPECT_OK(thread_stop(a->t.thread));
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.badge, 2);
	EXPECT_OK(thread_stop(b->t.thread));
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	EXPECT_OK(thread_resume(a->t.thread));
	EXPECT_OK(thread_resume(b->t.thread));
	WAIT_FOR(a->done && b->done);
	EXPECT_ERR(a->result, DONE_CANCELLED);
	EXPECT_ERR(b->result, DONE_CANCELLED);
}

TEST(space_dies, "a caller whose space is taken away waits no more, and its server goes on")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(ep, 1);
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_OK(thread_bind(c->t.thread, THREAD_SPACE, (any_h){ 0 }, 0));
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	EXPECT_ERR(thread_resume(c->t.thread), ERR_STATE);
	EXPECT(!c->done);
}

TEST(reply_table_dies, "a saved reply dies with the table page it lies in")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(ep, 1);
	table_h t = sys_table();
	slots_h s = sys_slots();
	struct msg m = { 0 };

	EXPECT_OK(table_attach(t, s, 0));
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_OK(reply_save(SLOT_IN(t, 5)));
	EXPECT_OK(sys_destroy(ANY(s)));
	WAIT_FOR(c->done);
	EXPECT_ERR(c->result, DONE_GONE);
}

TEST(cap_dies_during_call,
     "deleting the capability through which a call was made does not end the call")
{
	ep_h ep = sys_ep();
	struct worker *c = caller(ep, 1);
	struct msg m = { 0 };

	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_OK(sys_delete(SLOT_OWN(c->ep.h)));
	m.tag = 0;
	EXPECT_OK(reply(&m, (reply_h){ 0 }));
	WAIT_FOR(c->done);
	EXPECT_OK(c->result);
}
