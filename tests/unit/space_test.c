/* SPDX-License-Identifier: MIT */
/*
 * Spaces and page-table pages: attaching, and destroying either end.
 */
#include "harness.h"

enum { RW = MAP_READ | MAP_WRITE, RW_MAP = RW | RIGHT_GRANT_MAP };
#define BASE 0x40000000ull

static long attach(u64 table, u64 space, u64 vaddr, u32 level)
{
	return CALL3(root, SYS_PTABLE_ATTACH, table, space, vaddr, level);
}

static u64 new_grant(u64 source, u64 space, u64 vaddr, u64 pages, u64 rights)
{
	u64 g = new_handle();

	IS(call(root, SYS_GRANT_CREATE, source, g, space, vaddr, pages, rights), ERRNO_OK);
	return g;
}

TEST(ptable_levels, "page-table pages are attached from the top down")
{
	u64 l1 = new_object(OBJ_PTABLE, 0), l2 = new_object(OBJ_PTABLE, 0);
	u64 l3 = new_object(OBJ_PTABLE, 0);

	IS(attach(l1, HANDLE_SPACE, BASE, 1), ERRNO_TABLE);
	IS(out(root, 0), 3);
	IS(attach(l3, HANDLE_SPACE, BASE, 3), ERRNO_OK);
	IS(attach(l1, HANDLE_SPACE, BASE, 1), ERRNO_TABLE);
	IS(out(root, 0), 2);
	IS(attach(l2, HANDLE_SPACE, BASE + 12345, 2), ERRNO_OK);
	IS(attach(l1, HANDLE_SPACE, BASE + 0x1fffff, 1), ERRNO_OK);
	IS(PD(page_of(l1))->parent, page_of(l2));
	IS(PD(page_of(l2))->parent, page_of(l3));
	IS(PD(page_of(l3))->parent, SPACE_ROOT(page_of(HANDLE_SPACE)));
}

TEST(ptable_busy, "a page-table page goes only where nothing is")
{
	u64 other = new_object(OBJ_PTABLE, 0);

	new_ptables(HANDLE_SPACE, BASE);
	for (u32 level = 1; level <= 3; level++)
		IS(attach(other, HANDLE_SPACE, BASE, level), ERRNO_BUSY);
	IS(attach(other, HANDLE_SPACE, BASE + (1 << 21), 1), ERRNO_OK);
}

TEST(ptable_busy_large, "a large page is in the way of a page-table page, at its level and below")
{
	u64 frames = new_frames_aligned(512, 512), other = new_object(OBJ_PTABLE, 0);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 1024, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(CALL4(root, SYS_GRANT_MAP, g, BASE + (1 << 21), 0, 1, RW | MAP_SIZE_2M), ERRNO_OK);
	IS(attach(other, HANDLE_SPACE, BASE + (1 << 21), 1), ERRNO_BUSY);
	IS(CALL3(root, SYS_GRANT_UNMAP, g, BASE + (1 << 21), 1, MAP_SIZE_2M), ERRNO_OK);
	IS(attach(other, HANDLE_SPACE, BASE + (1 << 21), 1), ERRNO_OK);
}

TEST(ptable_range, "the last user page, and all above, has no page-table page")
{
	u64 l3 = new_object(OBJ_PTABLE, 0), io = new_object(OBJ_IOSPACE, 0);

	IS(attach(l3, HANDLE_SPACE, USER_PAGES << 12, 3), ERRNO_RANGE);
	IS(attach(l3, HANDLE_SPACE, 1ull << 47, 3), ERRNO_RANGE);
	IS(attach(l3, HANDLE_SPACE, ~0ull, 3), ERRNO_RANGE);
	IS(attach(l3, io, 1ull << 48, 3), ERRNO_RANGE);
	IS(attach(l3, io, (1ull << 48) - 1, 3), ERRNO_OK);
}

TEST(ptable_once, "a page-table page is attached once in its life")
{
	u64 l3 = new_object(OBJ_PTABLE, 0), l2 = new_object(OBJ_PTABLE, 0);
	u64 next = new_object(OBJ_PTABLE, 0);

	IS(attach(l3, HANDLE_SPACE, BASE, 3), ERRNO_OK);
	IS(attach(l3, HANDLE_SPACE, 1ull << 40, 3), ERRNO_STATE);
	IS(attach(l2, HANDLE_SPACE, BASE, 2), ERRNO_OK);
	delete_all(l3);
	IS(PD(page_of(l2))->parent, NIL);
	IS(attach(l2, HANDLE_SPACE, BASE, 3), ERRNO_STATE);
	IS(attach(next, HANDLE_SPACE, BASE, 3), ERRNO_OK);
	IS(attach(l2, HANDLE_SPACE, BASE, 2), ERRNO_STATE);
}

TEST(ptable_destroy, "what a page-table page translated is gone with it, on every CPU")
{
	for (u32 level = 1; level <= 3; level++) {
		u32 free = count_free();
		struct worker w = new_thread(1, 50, 0);
		u64 frames = new_frames(4), g = new_grant(frames, HANDLE_SPACE, BASE, 4, RW_MAP);
		u64 table[4] = { 0, new_object(OBJ_PTABLE, 0), new_object(OBJ_PTABLE, 0),
				 new_object(OBJ_PTABLE, 0) };

		for (u32 l = 3; l >= 1; l--)
			IS(attach(table[l], HANDLE_SPACE, BASE, l), ERRNO_OK);
		IS(CALL4(root, SYS_GRANT_MAP, g, BASE, 0, 4, RW), ERRNO_OK);
		CHECK(touch(root, BASE, HOST_WRITE) != NIL);
		CHECK(touch(w.t, BASE + 4096, HOST_WRITE) != NIL);
		delete_all(table[level]);
		IS(touch(root, BASE, HOST_READ), NIL);
		IS(touch(w.t, BASE + 4096, HOST_READ), NIL);
		for (u32 l = 1; l <= 3; l++) {
			if (l != level)
				delete_all(table[l]);
		}
		delete_all(frames);
		delete_all(w.thread);
		delete_all(w.sched);
		delete_all(w.msg);
		IS(count_free(), free);
	}
}

TEST(space_destroy, "a space goes before its tables and grants, and these go after it")
{
	u32 free = count_free();

	for (u32 type = OBJ_SPACE; type <= OBJ_IOSPACE; type += OBJ_IOSPACE - OBJ_SPACE) {
		u64 sp = new_object(type, 0), frames = new_frames(64);
		u64 l3 = new_object(OBJ_PTABLE, 0), l2 = new_object(OBJ_PTABLE, 0);
		u64 l1 = new_object(OBJ_PTABLE, 0), g = new_grant(frames, sp, BASE, 100, RW_MAP);

		IS(attach(l3, sp, BASE, 3), ERRNO_OK);
		IS(attach(l2, sp, BASE, 2), ERRNO_OK);
		IS(attach(l1, sp, BASE, 1), ERRNO_OK);
		IS(CALL4(root, SYS_GRANT_MAP, g, BASE, 0, 64, RW), ERRNO_OK);
		delete_all(sp);
		IS(CALL4(root, SYS_GRANT_MAP, g, BASE, 0, 64, RW), ERRNO_STATE);
		IS(CALL3(root, SYS_GRANT_UNMAP, g, BASE, 64, 0), ERRNO_STATE);
		IS(CALL2(root, SYS_SPACE_HARVEST, g, BASE, 64), ERRNO_STATE);
		IS(CALL4(root, SYS_SPACE_COPY, g, g, BASE, 64, RW), ERRNO_STATE);
		delete_all(l2);
		delete_all(frames);
		delete_all(l3);
		delete_all(l1);
		IS(count_free(), free);
	}
}

TEST(space_uid, "a grant on a space is not one on the next space in the same pages")
{
	u64 sp = new_object(OBJ_SPACE, 0), frames = new_frames(1), h = new_handle();
	u64 g = new_grant(frames, sp, BASE, 1, RW_MAP), l3 = new_object(OBJ_PTABLE, 0);
	u64 offset = page_of(sp) - host_root.memory;

	delete_all(sp);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_SPACE, offset, 0), ERRNO_OK);
	IS(attach(l3, h, BASE, 3), ERRNO_OK);
	IS(CALL4(root, SYS_GRANT_MAP, g, BASE, 0, 1, RW), ERRNO_STATE);
	delete_all(g);
}

TEST(space_dying, "a space that is being destroyed takes no page-table page and no entry")
{
	u64 sp = new_object(OBJ_SPACE, 0), frames = new_frames(1), l3 = new_object(OBJ_PTABLE, 0);
	u64 g = new_grant(frames, sp, BASE, 1, RW_MAP);

	IS(CALL1(root, SYS_CAP_DELETE, 0, sp), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(attach(l3, sp, BASE, 3), ERRNO_STATE);
	IS(CALL4(root, SYS_GRANT_MAP, g, BASE, 0, 1, RW), ERRNO_STATE);
	delete_all(frames);
	delete_all(sp);
	IS(attach(l3, HANDLE_SPACE, BASE, 3), ERRNO_OK);
}

TEST(ptable_dying, "a page-table page that is being destroyed cannot be attached")
{
	u64 l3 = new_object(OBJ_PTABLE, 0);

	IS(attach(l3, HANDLE_SPACE, BASE, 3), ERRNO_OK);
	IS(CALL1(root, SYS_CAP_DELETE, 0, l3), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(attach(l3, HANDLE_SPACE, BASE, 3), ERRNO_STATE);
	delete_all(l3);
}

static void destroy_unflushed(void)
{
	u64 frames = new_frames(1), g = new_grant(frames, HANDLE_SPACE, BASE, 1, RW_MAP);
	u64 l1 = new_object(OBJ_PTABLE, 0);

	new_ptables(HANDLE_SPACE, BASE + (1 << 21));
	IS(attach(l1, HANDLE_SPACE, BASE, 1), ERRNO_OK);
	IS(CALL4(root, SYS_GRANT_MAP, g, BASE, 0, 1, RW), ERRNO_OK);
	CHECK(touch(root, BASE, HOST_WRITE) != NIL);
	host.knobs.skip_flush = true;
	delete_all(l1);
	touch(root, BASE, HOST_WRITE);
}

TEST(ptable_flush, "a machine that does not flush is noticed when a page-table page goes")
{
	CHECK(failure_of(destroy_unflushed) != NULL);
}

TEST(space_half_destroyed, "a space whose destruction has begun is not used again, though revoking ends")
{
	u64 sp = new_object(OBJ_SPACE, 0);
	struct worker w = new_thread(0, 100, 0);

	IS(CALL1(root, SYS_CAP_DELETE, 0, sp), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(CALL0(root, SYS_CAP_REVOKE, sp), ERRNO_OK);
	IS(out(root, 0), 0);
	IS(CALL1(root, SYS_THREAD_STOP, w.thread, 0), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_SPACE, sp, 0), ERRNO_STATE);
	delete_all(sp);
}
