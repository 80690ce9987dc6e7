/* SPDX-License-Identifier: MIT */
/*
 * Capability tables and pages of slots.
 */
#include "ktest.h"

TESTS(table_attach);

TEST(attach_once, "a page of slots is in one place, and a place holds one page")
{
	table_h a = sys_table(), b = sys_table();
	slots_h s = sys_slots();

	EXPECT_OK(table_attach(a, s, 7));
	EXPECT_ERR(table_attach(a, s, 8), ERR_STATE);
	EXPECT_ERR(table_attach(b, s, 7), ERR_STATE);
	EXPECT_ERR(table_attach(a, sys_slots(), 7), ERR_BUSY);
	EXPECT_OK(table_attach(a, sys_slots(), 511));
}

TEST(attach_again, "pages of slots outlive their table and can be attached again")
{
	table_h a = sys_table(), b = sys_table();
	slots_h s = sys_slots();
	ep_h ep = sys_ep();

	EXPECT_OK(table_attach(a, s, 0));
	EXPECT_OK(cap_derive(ANY(ep), SLOT_IN(a, 9), RIGHT_EP_SEND, 3));
	EXPECT_OK(sys_destroy(ANY(a)));
	EXPECT_OK(table_attach(b, s, 2));
	EXPECT_OK(cap_move(SLOT_IN(b, 128 + 9), new_slot()));
}

TEST(slots_gone, "a page of slots that is destroyed takes its capabilities along")
{
	table_h a = sys_table();
	slots_h s = sys_slots();
	ep_h ep = sys_ep();
	u32 mine;

	EXPECT_OK(table_attach(a, s, 0));
	EXPECT_OK(cap_derive(ANY(ep), SLOT_IN(a, 9), RIGHTS_ALL_EP, 3));
	mine = sys_slot();
	EXPECT_OK(cap_move(SLOT_IN(a, 9), SLOT_OWN(mine)));
	EXPECT_OK(cap_derive((any_h){ mine }, SLOT_IN(a, 10), RIGHTS_ALL_EP, 0));
	EXPECT_OK(sys_destroy(ANY(s)));
	EXPECT_ERR(cap_move(SLOT_IN(a, 10), new_slot()), ERR_CAP);
	EXPECT_ERR(cap_derive(ANY(ep), SLOT_IN(a, 9), 0, 0), ERR_SLOT);
	/* And the place is free for another. */
	EXPECT_OK(table_attach(a, sys_slots(), 0));
}

TEST(slots_full, "all 64 slots of a page hold capabilities, and go with the page")
{
	table_h a = sys_table();
	slots_h s = sys_slots();
	ep_h ep = sys_ep();

	EXPECT_OK(table_attach(a, s, 1));
	for (u32 i = 64; i < 128; i++)
		EXPECT_OK(cap_derive(ANY(ep), SLOT_IN(a, i), RIGHT_EP_SEND, i));
	EXPECT_ERR(cap_derive(ANY(ep), SLOT_IN(a, 128), 0, 0), ERR_SLOT);
	EXPECT_ERR(cap_derive(ANY(ep), SLOT_IN(a, 63), 0, 0), ERR_SLOT);
	EXPECT_OK(sys_destroy(ANY(s)));
	/* Nothing is derived from the endpoint any more: it can be moved. */
	EXPECT_OK(cap_move(SLOT_OWN(ep.h), new_slot()));
}

TEST(slot_zero, "nothing can be put into slot 0")
{
	table_h a = sys_table();

	EXPECT_OK(table_attach(a, sys_slots(), 0));
	EXPECT_ERR(cap_derive((any_h){ HANDLE_SYSTEM }, SLOT_IN(a, 0), 0, 0), ERR_SLOT);
	EXPECT_OK(cap_derive((any_h){ HANDLE_SYSTEM }, SLOT_IN(a, 1), 0, 0));
}

static void lookup_all(struct worker *w)
{
	for (u32 i = 1; i < 20; i++) {
		if (!slot_is_empty(i))
			w->count++;
	}
}

TEST(thread_no_table, "a thread without a table has no capabilities")
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, lookup_all);

	EXPECT_OK(thread_bind(w->t.thread, THREAD_TABLE, (any_h){ 0 }, 0));
	/* It cannot stop itself without a handle, so it ends with a fault. */
	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, (any_h){ 0 }, 0));
	worker_run(w);
	WAIT_FOR(w->done);
	EXPECT_EQ(w->count, 0);
}

TEST(thread_own_table, "a thread looks up handles in its own table")
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, lookup_all);
	table_h a = sys_table();

	EXPECT_OK(table_attach(a, sys_slots(), 0));
	EXPECT_OK(cap_derive((any_h){ HANDLE_SYSTEM }, SLOT_IN(a, 11), 0, 0));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, (any_h){ 0 }, 0));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_TABLE, (any_h){ 0 }, 0));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_TABLE, ANY(a), 0));
	worker_run(w);
	WAIT_FOR(w->done);
	EXPECT_EQ(w->count, 1);
}

static void lookup_forever(struct worker *w)
{
	for (;;) {
		w->out[0] = slot_is_empty(11);
		w->count++;
	}
}

TEST(table_dies_in_use, "a table can be destroyed while its thread runs, which then finds nothing")
{
	struct worker *w = worker_new(PRIO_LOW, 0, 0, lookup_forever);
	table_h a = sys_table();
	u64 seen;

	EXPECT_OK(table_attach(a, sys_slots(), 0));
	EXPECT_OK(cap_derive((any_h){ HANDLE_SYSTEM }, SLOT_IN(a, 11), 0, 0));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_TABLE, ANY(a), 0));
	worker_run(w);
	WAIT_FOR(w->count > 3);
	EXPECT_EQ(w->out[0], 0);
	EXPECT_OK(sys_destroy(ANY(a)));
	seen = w->count;
	WAIT_FOR(w->count > seen + 2);
	EXPECT_EQ(w->out[0], 1);
}
