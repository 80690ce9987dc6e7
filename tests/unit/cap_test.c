/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: deriving, moving, deleting, revoking; tables.
 */
#include "harness.h"

TEST(cap_info_tells, "cap_info tells type, depth, rights and range")
{
	IS(CALL0(root, SYS_CAP_INFO, HANDLE_MEMORY), ERRNO_OK);
	IS(out(root, 0), OBJ_MEMORY | (u64)RIGHT_MEMORY_CREATE << 32);
	IS(out(root, 1), host_root.memory);
	IS(out(root, 2), host_root.pages);
	IS(CALL0(root, SYS_CAP_INFO, HANDLE_THREAD), ERRNO_OK);
	IS(out(root, 0), OBJ_THREAD | 1 << 8 | 1 << 16 | (u64)RIGHTS_ALL_THREAD << 32);
}

TEST(cap_derive_less, "a derived capability has no right that its source lacks")
{
	u64 ep = new_object(OBJ_EP, 0), h = derive(ep, RIGHT_EP_SEND, 0), to = new_handle();

	IS(CALL3(root, SYS_CAP_DERIVE, h, to, RIGHT_EP_SEND | RIGHT_EP_RECV, 0), ERRNO_RIGHTS);
	IS(CALL3(root, SYS_CAP_DERIVE, h, to, RIGHT_EP_SEND, 0), ERRNO_OK);
	IS(CALL2(root, SYS_EP_RECV, to, 0, 0), ERRNO_RIGHTS);
}

TEST(cap_badge_once, "a badge is given once, and only to endpoints and notifications")
{
	u64 ep = new_object(OBJ_EP, 0), h = derive(ep, RIGHTS_ALL_EP, 5), to = new_handle();

	IS(CALL3(root, SYS_CAP_DERIVE, h, to, RIGHTS_ALL_EP, 6), ERRNO_ARG);
	IS(CALL3(root, SYS_CAP_DERIVE, HANDLE_SPACE, to, 1, 6), ERRNO_ARG);
	IS(CALL3(root, SYS_CAP_DERIVE, h, to, RIGHTS_ALL_EP, 0), ERRNO_OK);
	IS(SLOT(slot_of(to))->badge, 5);
}

TEST(cap_depth, "a chain may be 16 deep, and not 17")
{
	u64 h = new_object(OBJ_EP, 0); /* depth 1 */

	for (u32 depth = 2; depth <= CAP_DEPTH_MAX; depth++)
		h = derive(h, RIGHTS_ALL_EP, 0);
	IS(SLOT(slot_of(h))->depth, CAP_DEPTH_MAX);
	IS(CALL3(root, SYS_CAP_DERIVE, h, new_handle(), RIGHTS_ALL_EP, 0), ERRNO_DEPTH);
}

TEST(cap_slots_checked, "destinations must exist and be empty")
{
	IS(CALL3(root, SYS_CAP_DERIVE, HANDLE_SPACE, HANDLE_TABLE, 1, 0), ERRNO_SLOT);
	IS(CALL3(root, SYS_CAP_DERIVE, HANDLE_SPACE, 64, 1, 0), ERRNO_SLOT);
	IS(CALL3(root, SYS_CAP_DERIVE, HANDLE_SPACE, 0, 1, 0), ERRNO_SLOT);
	IS(CALL3(root, SYS_CAP_DERIVE, HANDLE_SPACE, 40 | (u64)HANDLE_SPACE << 32, 1, 0),
	   ERRNO_SLOT);
	IS(CALL3(root, SYS_CAP_DERIVE, HANDLE_SPACE, 40 | (u64)HANDLE_TABLE << 32, 1, 0), ERRNO_OK);
	IS(SLOT(slot_of(40))->type, OBJ_SPACE);
}

TEST(cap_move_keeps_place, "moving hands over the place in the tree, and the object")
{
	u64 ep = new_object(OBJ_EP, 0), a = derive(ep, 1, 0), b = derive(ep, 1, 0),
	    c = derive(ep, 1, 0);
	u64 to = new_handle(), leaf = new_object(OBJ_NOTIF, 0), other = new_handle();

	IS(CALL2(root, SYS_CAP_MOVE, 0, b, to), ERRNO_OK);
	IS(SLOT(slot_of(b))->type, 0);
	IS(SLOT(slot_of(c))->next, slot_of(to));
	IS(SLOT(slot_of(a))->prev, slot_of(to));
	IS(CALL2(root, SYS_CAP_MOVE, 0, ep, other), ERRNO_STATE);
	IS(CALL2(root, SYS_CAP_MOVE, 0, leaf, other), ERRNO_OK);
	IS(PD(page_of(other))->owner, slot_of(other));
	IS(CALL2(root, SYS_CAP_MOVE, 0, other, other), ERRNO_SLOT);
}

TEST(cap_delete_subtree, "deleting a capability deletes all that was derived from it")
{
	u64 ep = new_object(OBJ_EP, 0), a = derive(ep, 1, 0), b = derive(a, 1, 0),
	    c = derive(ep, 1, 0);

	delete_all(a);
	IS(SLOT(slot_of(a))->type, 0);
	IS(SLOT(slot_of(b))->type, 0);
	IS(SLOT(slot_of(c))->type, OBJ_EP);
}

TEST(cap_delete_owner, "deleting the owner capability destroys the object and frees its page")
{
	u32 before = count_free();
	u64 ep = new_object(OBJ_EP, 0), h = derive(ep, 1, 0);
	u32 page = page_of(ep);

	delete_all(ep);
	IS(SLOT(slot_of(h))->type, 0);
	IS(PD(page)->type, PAGE_FREE);
	IS(count_free(), before);
}

TEST(cap_revoke_keeps, "revoking keeps the capability itself, usable again afterwards")
{
	u64 ep = new_object(OBJ_EP, 0), a = 0;

	for (u32 i = 0; i < 20; i++)
		a = derive(ep, 1, 0);
	IS(CALL0(root, SYS_CAP_REVOKE, ep), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(CALL3(root, SYS_CAP_DERIVE, ep, new_handle(), 1, 0), ERRNO_DEPTH);
	for (u32 i = 0; i < 100 && out(root, 0) != 0; i++)
		IS(CALL0(root, SYS_CAP_REVOKE, ep), ERRNO_OK);
	IS(SLOT(slot_of(a))->type, 0);
	IS(SLOT(slot_of(ep))->child, NIL);
	(void)derive(ep, 1, 0);
}

TEST(cap_derive_below_dying,
     "nothing is derived below a capability that is being revoked, by any CPU")
{
	u64 ep = new_object(OBJ_EP, 0), a = derive(ep, 1, 0), b = derive(a, 1, 0);
	struct worker w = new_thread(1, 100, 0);

	for (u32 i = 0; i < 40; i++)
		(void)derive(ep, 1, 0);
	IS(CALL0(root, SYS_CAP_REVOKE, ep), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(SLOT(slot_of(b))->type, OBJ_EP);
	IS(CALL3(w.t, SYS_CAP_DERIVE, b, new_handle(), 1, 0), ERRNO_DEPTH);
	IS(CALL3(w.t, SYS_CAP_DERIVE, a, new_handle(), 1, 0), ERRNO_DEPTH);
}

TEST(cap_two_revokers, "two CPUs that revoke on one path both come to an end")
{
	u64 mem = new_handle(), ep = new_handle();
	struct worker w = new_thread(1, 100, 0);
	u64 h = 0;

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_MEMORY, mem, 900, 10, 1), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, ep, OBJ_EP, 0, 0), ERRNO_OK);
	for (u32 i = 0; i < 60; i++)
		h = derive(ep, 1, 0);
	for (u32 i = 0; i < 100; i++) {
		if (SLOT(slot_of(ep))->type != 0)
			(void)CALL0(w.t, SYS_CAP_REVOKE, ep);
		IS(CALL0(root, SYS_CAP_REVOKE, mem), ERRNO_OK);
		if (out(root, 0) == 0)
			break;
	}
	IS(out(root, 0), 0);
	IS(SLOT(slot_of(h))->type, 0);
	IS(SLOT(slot_of(ep))->type, 0);
}

TEST(cap_range, "a range is derived inside its source, with a part of its rights")
{
	u64 h = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_IOPORTS, h, 65535, 2, 3), ERRNO_RANGE);
	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_IOPORTS, h, 0xffffffff, 0xffffffff, 3),
	   ERRNO_RANGE);
	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_IOPORTS, h, 1, 1, 7), ERRNO_RIGHTS);
	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_SPACE, h, 0, 1, 0), ERRNO_TYPE);
	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_IOPORTS, h, 0x60, 5, 1), ERRNO_OK);
	IS(SLOT(slot_of(h))->first, 0x60);
	IS(SLOT(slot_of(h))->count, 5);
}

/* --- tables ----------------------------------------------------------------------- */

TEST(table_attach_once, "a page of slots is attached in one place only")
{
	u64 s = new_object(OBJ_SLOTS, 0), t = new_object(OBJ_TABLE, 0);

	IS(CALL2(root, SYS_TABLE_ATTACH, HANDLE_TABLE, s, 0), ERRNO_BUSY);
	IS(CALL2(root, SYS_TABLE_ATTACH, t, s, 3), ERRNO_OK);
	IS(CALL2(root, SYS_TABLE_ATTACH, t, s, 4), ERRNO_STATE);
	IS(CALL3(root, SYS_CAP_DERIVE, HANDLE_SPACE, (3 * 64 + 1) | t << 32, 1, 0), ERRNO_OK);
	IS(CALL3(root, SYS_CAP_DERIVE, HANDLE_SPACE, (4 * 64 + 1) | t << 32, 1, 0), ERRNO_SLOT);
}

TEST(table_destroyed_first, "pages of slots outlive their table, and can be attached to another")
{
	u64 s = new_object(OBJ_SLOTS, 0), t = new_object(OBJ_TABLE, 0),
	    u = new_object(OBJ_TABLE, 0);

	IS(CALL2(root, SYS_TABLE_ATTACH, t, s, 511), ERRNO_OK);
	delete_all(t);
	IS(PD(page_of(s))->parent, NIL);
	IS(CALL2(root, SYS_TABLE_ATTACH, u, s, 0), ERRNO_OK);
}

TEST(table_contents_deleted,
     "destroying a page of slots deletes what is in it, one after the other")
{
	u32 before = count_free();
	u64 s = new_object(OBJ_SLOTS, 0), ep = new_object(OBJ_EP, 0);

	IS(CALL2(root, SYS_TABLE_ATTACH, HANDLE_TABLE, s, 2), ERRNO_OK);
	for (u64 i = 0; i < 20; i++)
		IS(CALL3(root, SYS_CAP_DERIVE, ep, 2 * 64 + i, 1, 0), ERRNO_OK);
	IS(CALL2(root, SYS_CAP_MOVE, 0, ep, 2 * 64 + 30), ERRNO_STATE);
	delete_all(s);
	IS(SLOT(slot_of(ep))->child, NIL);
	delete_all(ep);
	IS(count_free(), before);
}

TEST(table_contains_itself,
     "a page of slots that contains the memory it was made from comes to an end")
{
	u32 before = count_free();
	u64 mem = new_handle(), s = new_handle();
	u64 place = 3 * 64 + 7;

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_MEMORY, mem, 700, 50, 1), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, s, OBJ_SLOTS, 5, 0), ERRNO_OK);
	IS(CALL2(root, SYS_TABLE_ATTACH, HANDLE_TABLE, s, 3), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, place + 1, OBJ_EP, 6, 0), ERRNO_OK);
	/* Its own owner capability, and an object made from the same memory, lie in it. */
	IS(CALL2(root, SYS_CAP_MOVE, 0, s, place), ERRNO_OK);
	delete_all(mem);
	IS(SLOT(slot_of(mem))->type, 0);
	IS(count_free(), before);
}

TEST(table_memory_inside,
     "memory that lies in a page of slots made from it can be revoked from above")
{
	u32 before = count_free();
	u64 mem = new_handle(), s = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_MEMORY, mem, 700, 50, 1), ERRNO_OK);
	u64 sub = new_handle();
	IS(CALL4(root, SYS_RANGE_DERIVE, mem, sub, 0, 50, 1), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, s, OBJ_SLOTS, 5, 0), ERRNO_OK);
	IS(CALL2(root, SYS_TABLE_ATTACH, HANDLE_TABLE, s, 3), ERRNO_OK);
	IS(CALL2(root, SYS_CAP_MOVE, 0, sub, 3 * 64 + 9), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, 3 * 64 + 9, 3 * 64 + 10, OBJ_EP, 6, 0), ERRNO_OK);
	delete_all(mem);
	IS(count_free(), before);
}

TEST(table_of_other, "a slot in another table needs the right to insert or remove there")
{
	u64 s = new_object(OBJ_SLOTS, 0), t = new_object(OBJ_TABLE, 0);
	u64 only = derive(t, RIGHT_TABLE_INSERT, 0);

	IS(CALL2(root, SYS_TABLE_ATTACH, t, s, 0), ERRNO_OK);
	IS(CALL3(root, SYS_CAP_DERIVE, HANDLE_SPACE, 5 | only << 32, 1, 0), ERRNO_OK);
	IS(CALL1(root, SYS_CAP_DELETE, 0, 5 | only << 32), ERRNO_CAP);
	IS(CALL1(root, SYS_CAP_DELETE, 0, 5 | t << 32), ERRNO_OK);
}

/* A page of slots at place `index` of root's table, with objects in it that go one by one. */
static u64 full_page(u32 index)
{
	u64 s = new_object(OBJ_SLOTS, 0);

	IS(CALL2(root, SYS_TABLE_ATTACH, HANDLE_TABLE, s, index), ERRNO_OK);
	for (u32 i = 0; i < 4; i++)
		IS(CALL2(root, SYS_CAP_MOVE, 0, new_object(OBJ_EP, 0), index * 64 + 1 + i), ERRNO_OK);
	return s;
}

TEST(cap_delete_pages, "pages of slots that wait to be emptied wait in a row")
{
	u32 before = count_free();
	u64 a = full_page(20), b = full_page(21), c = full_page(22);

	IS(CALL1(root, SYS_CAP_DELETE, 0, a), ERRNO_OK);
	IS(CALL1(root, SYS_CAP_DELETE, 0, b), ERRNO_OK);
	IS(CALL1(root, SYS_CAP_DELETE, 0, c), ERRNO_OK);
	const u64 ticket = out(root, 1);

	do
		IS(CALL1(root, SYS_CAP_DRAIN, 0, ticket), ERRNO_OK);
	while (out(root, 0) != 0);
	IS(count_free(), before);
}

TEST(cap_delete_last, "a call that deletes little may be its thread's last, for it empties pages that wait")
{
	const struct worker w = new_thread(1, 50, 0);
	const u64 s = full_page(20);
	u64 light[4];

	for (u32 i = 0; i < 4; i++)
		light[i] = derive(HANDLE_SPACE, 1, 0);
	IS(CALL2(root, SYS_CAP_MOVE, 0, w.thread, 20 * 64 + 5), ERRNO_OK);
	IS(CALL1(root, SYS_CAP_DELETE, 0, s), ERRNO_OK);
	for (u32 i = 0; i < 3; i++)
		IS(CALL1(w.t, SYS_CAP_DELETE, 0, light[i]), ERRNO_OK);
	IS(PD(w.t)->type, OBJ_THREAD);
	IS(CALL1(w.t, SYS_CAP_DELETE, 0, light[3]), BLOCKED);
	IS(PD(w.t)->type, PAGE_FREE);
}
