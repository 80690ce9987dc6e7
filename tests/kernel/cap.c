/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: deriving, moving, deleting, revoking.
 */
#include "ktest.h"

TESTS(cap_derive, cap_move, cap_delete, cap_revoke, cap_drain, cap_info, range_derive);

enum { DEPTH_MAX = 16, MANY = 200 };

static u64 depth_of(u32 handle)
{
	u64 kind = 0;

	EXPECT_OK(cap_info((any_h){ handle }, &kind, NULL, NULL));
	return (kind >> 8) & 0xff;
}

static u64 is_owner(u32 handle)
{
	u64 kind = 0;

	EXPECT_OK(cap_info((any_h){ handle }, &kind, NULL, NULL));
	return (kind >> 16) & 1;
}

TEST(derive_reduces, "a derived capability has the rights asked for, and one more depth")
{
	ep_h ep = sys_ep();
	slot_t slot = new_slot();

	EXPECT_OK(cap_derive(ANY(ep), slot, RIGHT_EP_SEND, 0));
	EXPECT_EQ(cap_rights((u32)slot.where), RIGHT_EP_SEND);
	EXPECT_EQ(cap_type((u32)slot.where), OBJ_EP);
	EXPECT_EQ(depth_of((u32)slot.where), depth_of(ep.h) + 1);
	EXPECT_EQ(is_owner(ep.h), 1);
	EXPECT_EQ(is_owner((u32)slot.where), 0);
}

TEST(derive_more, "a derivation cannot add rights")
{
	ep_h ep = sys_ep();
	u32 less = sys_derive(ANY(ep), RIGHT_EP_SEND, 0);

	EXPECT_ERR(cap_derive((any_h){ less }, new_slot(), RIGHT_EP_SEND | RIGHT_EP_RECV, 0),
		   ERR_RIGHTS);
	EXPECT_ERR(cap_derive(ANY(ep), new_slot(), RIGHTS_ALL_EP << 1, 0), ERR_RIGHTS);
	EXPECT_OK(cap_derive((any_h){ less }, new_slot(), 0, 0));
}

TEST(derive_badge, "a badge is given once and inherited")
{
	ep_h ep = sys_ep();
	u32 badged = sys_derive(ANY(ep), RIGHTS_ALL_EP, 77);
	u32 child = sys_derive((any_h){ badged }, RIGHTS_ALL_EP, 0);
	u64 badge = 0;

	EXPECT_OK(cap_info((any_h){ child }, NULL, &badge, NULL));
	EXPECT_EQ(badge, 77);
	EXPECT_ERR(cap_derive((any_h){ badged }, new_slot(), 0, 78), ERR_ARG);
	EXPECT_ERR(cap_derive((any_h){ HANDLE_SYSTEM }, new_slot(), 0, 1), ERR_ARG);
	EXPECT_EQ(cap_type(sys_derive(ANY(sys_notif()), 0, ~0ull)), OBJ_NOTIF);
}

TEST(derive_depth, "a chain of derivations has sixteen links and no seventeenth")
{
	u32 h = sys_ep().h;

	while (depth_of(h) < DEPTH_MAX) {
		h = sys_derive((any_h){ h }, RIGHTS_ALL_EP, 0);
		EXPECT(h != 0);
	}
	EXPECT_ERR(cap_derive((any_h){ h }, new_slot(), 0, 0), ERR_DEPTH);
	/* Still good for all else. */
	struct msg m = { .tag = TAG_NONBLOCK };
	EXPECT_ERR(ep_call((ep_h){ h }, &m, 0), ERR_WOULD_BLOCK);
}

TEST(derive_not, "grants and reply rights cannot be derived")
{
	grant_h g;

	(void)frames_at(AREA_A, 1, &g);
	EXPECT_ERR(cap_derive(ANY(g), new_slot(), RIGHT_GRANT_READ, 0), ERR_STATE);
}

TEST(move_keeps, "a moved capability keeps its place in the tree")
{
	ep_h ep = sys_ep();
	u32 child = sys_derive(ANY(ep), RIGHT_EP_SEND, 9);
	slot_t to = new_slot();

	EXPECT_OK(cap_move(SLOT_OWN(child), to));
	EXPECT(slot_is_empty(child));
	EXPECT_EQ(cap_rights((u32)to.where), RIGHT_EP_SEND);
	EXPECT_OK(sys_revoke(ANY(ep)));
	EXPECT(slot_is_empty((u32)to.where));
}

TEST(move_owner, "an owner capability can be moved, and still owns")
{
	ep_h ep = sys_ep();
	slot_t to = new_slot();

	EXPECT_OK(cap_move(SLOT_OWN(ep.h), to));
	EXPECT_EQ(is_owner((u32)to.where), 1);
	EXPECT_OK(sys_delete(to));
	EXPECT(slot_is_empty((u32)to.where));
}

TEST(move_parent, "a capability with children cannot be moved")
{
	ep_h ep = sys_ep();
	u32 child = sys_derive(ANY(ep), RIGHT_EP_SEND, 0);
	slot_t to = new_slot();

	EXPECT_ERR(cap_move(SLOT_OWN(ep.h), to), ERR_STATE);
	EXPECT_OK(sys_delete(SLOT_OWN(child)));
	EXPECT_OK(cap_move(SLOT_OWN(ep.h), to));
}

TEST(delete_subtree, "deleting a capability deletes all that was derived from it")
{
	ep_h ep = sys_ep();
	u32 a = sys_derive(ANY(ep), RIGHTS_ALL_EP, 0);
	u32 b = sys_derive((any_h){ a }, RIGHTS_ALL_EP, 0);
	u32 c = sys_derive((any_h){ b }, RIGHTS_ALL_EP, 0);
	u32 beside = sys_derive(ANY(ep), RIGHTS_ALL_EP, 0);

	EXPECT_OK(sys_delete(SLOT_OWN(a)));
	EXPECT(slot_is_empty(a) && slot_is_empty(b) && slot_is_empty(c));
	EXPECT(!slot_is_empty(beside) && !slot_is_empty(ep.h));
}

TEST(delete_owner, "deleting the owner capability frees the page at once")
{
	memory_h memory;
	u64 offset;
	slot_t slot = new_slot();

	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	for (u32 i = 0; i < 10; i++) {
		EXPECT_OK(object_create(memory, slot, i % 2 ? OBJ_EP : OBJ_NOTIF, offset, 0));
		EXPECT_ERR(frames_create(memory, new_slot(), offset, 1), ERR_BUSY);
		EXPECT_OK(sys_delete(slot));
	}
}

TEST(revoke_keeps, "revoking keeps the capability itself, and it can be derived from again")
{
	ep_h ep = sys_ep();
	u32 a = sys_derive(ANY(ep), RIGHTS_ALL_EP, 0);

	EXPECT_OK(sys_revoke(ANY(ep)));
	EXPECT(slot_is_empty(a));
	EXPECT_OK(cap_derive(ANY(ep), SLOT_OWN(a), RIGHTS_ALL_EP, 0));
	EXPECT_OK(sys_revoke(ANY(sys_ep())));
}

TEST(revoke_wide, "a wide tree is revoked in steps, and nothing can be derived meanwhile")
{
	ep_h ep = sys_ep();
	u32 child[MANY];
	u64 more = 0, ticket = 0;

	for (u32 i = 0; i < MANY; i++)
		child[i] = sys_derive(ANY(ep), RIGHTS_ALL_EP, 0);
	EXPECT(child[MANY - 1] != 0);
	EXPECT_OK(cap_revoke(ANY(ep), &more, &ticket));
	EXPECT_EQ(more, 1);
	EXPECT_ERR(cap_derive(ANY(ep), new_slot(), 0, 0), ERR_DEPTH);
	for (u32 i = 0; i < MANY; i++) {
		if (!slot_is_empty(child[i]))
			EXPECT_ERR(cap_derive((any_h){ child[i] }, new_slot(), 0, 0), ERR_DEPTH);
	}
	EXPECT_OK(sys_revoke(ANY(ep)));
	for (u32 i = 0; i < MANY; i++)
		EXPECT(slot_is_empty(child[i]));
	EXPECT_OK(cap_derive(ANY(ep), new_slot(), 0, 0));
}

TEST(delete_steps, "each step of a deletion does some work and says whether more remains")
{
	ep_h ep = sys_ep();
	u64 more = 1, ticket = 0;
	u32 steps = 0;

	for (u32 i = 0; i < MANY; i++)
		EXPECT(sys_derive(ANY(ep), RIGHTS_ALL_EP, 0) != 0);
	while (more != 0) {
		EXPECT_OK(cap_delete(SLOT_OWN(ep.h), &more, &ticket));
		EXPECT(++steps <= MANY + 2);
	}
	EXPECT(steps > 1);
	EXPECT(slot_is_empty(ep.h));
	EXPECT_OK(cap_drain(ticket, &more));
	EXPECT_EQ(more, 0);
}

TEST(range_part, "a part of a range can be derived, and a part of that")
{
	u32 part = sys_range(ANY(TEST_MEMORY), 100, 50, RIGHT_MEMORY_CREATE);
	u32 inner = sys_range((any_h){ part }, 10, 5, 0);
	u64 first = 0, count = 0, base = 0;

	EXPECT_OK(cap_info(ANY(TEST_MEMORY), NULL, &base, NULL));
	EXPECT_OK(cap_info((any_h){ inner }, NULL, &first, &count));
	EXPECT_EQ(first, base + 110);
	EXPECT_EQ(count, 5);
	EXPECT_ERR(frames_create((memory_h){ inner }, new_slot(), 0, 1), ERR_RIGHTS);
}

TEST(range_bounds, "a range cannot be derived beyond its end, nor with more rights")
{
	u32 part = sys_range(ANY(TEST_MEMORY), 100, 50, 0);
	any_h p = { part };

	EXPECT_OK(range_derive(p, new_slot(), 49, 1, 0));
	EXPECT_ERR(range_derive(p, new_slot(), 50, 1, 0), ERR_RANGE);
	EXPECT_ERR(range_derive(p, new_slot(), 0, 51, 0), ERR_RANGE);
	EXPECT_ERR(range_derive(p, new_slot(), 0xffffffff, 0xffffffff, 0), ERR_RANGE);
	EXPECT_ERR(range_derive(p, new_slot(), 0, 1, RIGHT_MEMORY_CREATE), ERR_RIGHTS);
	EXPECT_ERR(range_derive(ANY(sys_ep()), new_slot(), 0, 1, 0), ERR_TYPE);
}

TEST(range_owned, "what was made in a derived memory goes with it")
{
	u32 part = sys_range(ANY(TEST_MEMORY), TEST_PAGES - 8, 8, RIGHT_MEMORY_CREATE);
	slot_t ep = new_slot(), frames = new_slot();

	EXPECT_OK(object_create((memory_h){ part }, ep, OBJ_EP, 0, 0));
	EXPECT_OK(frames_create((memory_h){ part }, frames, 1, 7));
	EXPECT_ERR(frames_create(TEST_MEMORY, new_slot(), TEST_PAGES - 8, 1), ERR_BUSY);
	EXPECT_OK(sys_delete(SLOT_OWN(part)));
	EXPECT(slot_is_empty((u32)ep.where) && slot_is_empty((u32)frames.where));
	EXPECT_OK(frames_create(TEST_MEMORY, new_slot(), TEST_PAGES - 8, 8));
}

TEST(foreign_table, "capabilities can be put into and taken from another table by its handle")
{
	table_h table = sys_table();
	slots_h slots = sys_slots();
	ep_h ep = sys_ep();
	slot_t there = SLOT_IN(table, 64 + 3);
	slot_t back = new_slot();

	EXPECT_ERR(cap_derive(ANY(ep), there, RIGHT_EP_SEND, 0), ERR_SLOT);
	EXPECT_OK(table_attach(table, slots, 1));
	EXPECT_OK(cap_derive(ANY(ep), there, RIGHT_EP_SEND, 5));
	EXPECT_ERR(cap_derive(ANY(ep), there, RIGHT_EP_SEND, 0), ERR_SLOT);
	EXPECT_OK(cap_move(there, back));
	EXPECT_EQ(cap_rights((u32)back.where), RIGHT_EP_SEND);
	EXPECT_OK(cap_move(back, there));
	EXPECT_OK(sys_delete(there));
	EXPECT_ERR(cap_move(there, back), ERR_CAP);
}

/* Another table, whose pages of slots hold the owners of table and pages, and the memory. */
TEST(table_in_itself, "a table that holds the memory it was made from goes away entirely")
{
	u32 part = sys_range(ANY(TEST_MEMORY), TEST_PAGES - 32, 32, RIGHT_MEMORY_CREATE);
	memory_h memory = { sys_range((any_h){ part }, 0, 32, RIGHT_MEMORY_CREATE) };
	slot_t table = new_slot(), first = new_slot(), second = new_slot();

	EXPECT_OK(object_create(memory, table, OBJ_TABLE, 0, 0));
	EXPECT_OK(object_create(memory, first, OBJ_SLOTS, 1, 0));
	EXPECT_OK(object_create(memory, second, OBJ_SLOTS, 2, 0));
	table_h t = { (u32)table.where };
	EXPECT_OK(table_attach(t, (slots_h){ (u32)first.where }, 0));
	EXPECT_OK(table_attach(t, (slots_h){ (u32)second.where }, 1));
	for (u32 i = 3; i < 30; i++)
		EXPECT_OK(object_create(memory, SLOT_IN(t, i % 2 ? i : 64 + i), OBJ_EP, i, 0));
	EXPECT_OK(cap_move(first, SLOT_IN(t, 64)));
	EXPECT_OK(cap_move(second, SLOT_IN(t, 1)));
	/* Memory with children cannot be moved: the copy in there is derived from it. */
	EXPECT_OK(cap_derive(ANY(memory), SLOT_IN(t, 2), RIGHT_MEMORY_CREATE, 0));
	EXPECT_OK(sys_delete(SLOT_OWN(part)));
	EXPECT(slot_is_empty((u32)table.where) && slot_is_empty(memory.h));
	EXPECT_OK(frames_create(TEST_MEMORY, new_slot(), TEST_PAGES - 32, 32));
}

/* The memory itself lies in a page of slots that was made from it. */
TEST(memory_in_own_slots, "memory that lies in slots made from it is freed by revoking its parent")
{
	u32 part = sys_range(ANY(TEST_MEMORY), TEST_PAGES - 8, 8, RIGHT_MEMORY_CREATE);
	slot_t slots = new_slot();
	table_h t = sys_table();

	EXPECT_OK(object_create((memory_h){ part }, slots, OBJ_SLOTS, 0, 0));
	EXPECT_OK(table_attach(t, (slots_h){ (u32)slots.where }, 0));
	EXPECT_OK(range_derive((any_h){ part }, SLOT_IN(t, 5), 0, 8, RIGHT_MEMORY_CREATE));
	EXPECT_OK(cap_move(slots, SLOT_IN(t, 6)));
	EXPECT_OK(sys_revoke((any_h){ part }));
	EXPECT_OK(frames_create((memory_h){ part }, new_slot(), 0, 8));
}

TEST(info_kinds, "cap_info tells ranges, badges and windows")
{
	grant_h g;
	frames_h f = frames_at(AREA_A, 3, &g);
	u64 kind = 0, first = 0, count = 0;

	EXPECT_OK(cap_info(ANY(f), &kind, &first, &count));
	EXPECT_EQ(kind & 0xff, OBJ_FRAMES);
	EXPECT_EQ(kind >> 32, RIGHTS_ALL_FRAMES);
	EXPECT_EQ(count, 3);
	EXPECT_OK(cap_info(ANY(g), &kind, &first, &count));
	EXPECT_EQ(kind & 0xff, OBJ_GRANT);
	EXPECT_EQ(first, AREA_A / SYS_PAGE);
	EXPECT_EQ(count, 3);
}

TEST(no_call, "a call number that does not exist is refused")
{
	const u64 arg[5] = { 0 };
	u64 out[3];

	EXPECT_EQ(raw_call(0, 0, arg, out), ERRNO_CALL);
	EXPECT_EQ(raw_call(SYS_MAX + 1, 0, arg, out), ERRNO_CALL);
	EXPECT_EQ(raw_call(64 + SYS_CAP_DERIVE, 0, arg, out), ERRNO_CALL);
	EXPECT_EQ(raw_call(1ull << 32 | SYS_CAP_INFO, HANDLE_SYSTEM, arg, out), ERRNO_CALL);
	EXPECT_EQ(raw_call(~0ull, 0, arg, out), ERRNO_CALL);
}

TEST(registers_kept, "a call keeps the registers that the interface says it keeps")
{
	EXPECT_EQ(changed_registers(SYS_CAP_INFO, HANDLE_SYSTEM), 0);
}
