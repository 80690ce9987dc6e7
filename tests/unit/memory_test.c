/* SPDX-License-Identifier: MIT */
/*
 * Memory: making objects and frames of free pages, and getting pages back.
 */
#include "harness.h"

TEST(memory_every_type, "every type can be made, and leaves nothing behind when destroyed")
{
	static const u8 types[] = { OBJ_TABLE, OBJ_SLOTS, OBJ_SPACE, OBJ_PTABLE, OBJ_THREAD,
				    OBJ_SCHED, OBJ_EP,    OBJ_NOTIF, OBJ_IOSPACE };
	u32 before = count_free();

	for (u32 i = 0; i < sizeof(types); i++) {
		u64 h = new_object(types[i], 0);
		IS(SLOT(slot_of(h))->type, types[i]);
		IS(PD(page_of(h))->type, types[i]);
		delete_all(h);
		IS(count_free(), before);
	}
}

TEST(memory_not_types, "types that are not made of memory alone are refused")
{
	u64 h = new_handle();

	for (u32 type = 0; type < 256; type++) {
		bool can = (type >= OBJ_TABLE && type <= OBJ_PTABLE) ||
			   (type >= OBJ_THREAD && type <= OBJ_EP) || type == OBJ_NOTIF ||
			   type == OBJ_IOSPACE;
		if (!can)
			IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, type, 700, 0),
			   ERRNO_ARG);
	}
}

TEST(memory_params, "parameters out of range are refused")
{
	u64 h = new_handle();

	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_THREAD, 700, 4), ERRNO_ARG);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_THREAD, 700, 1 << 16), ERRNO_ARG);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_SPACE, 700, 1 << 16), ERRNO_ARG);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_EP, 700, TEST_CPUS + 1), ERRNO_ARG);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_SLOTS, 700, 1), ERRNO_ARG);
}

TEST(memory_ceiling, "a thread cannot be given a higher ceiling than its creator's")
{
	u64 low = new_object(OBJ_THREAD, 50 << 8), h = new_handle();
	u32 t = page_of(low);

	IS(CALL3(root, SYS_THREAD_BIND, low, THREAD_SPACE, HANDLE_SPACE, 0), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, low, THREAD_TABLE, HANDLE_TABLE, 0), ERRNO_OK);
	u64 sc = new_object(OBJ_SCHED, 0);
	IS(CALL4(root, SYS_SCHED_CONFIGURE, sc, HANDLE_CPUS, 1, 1000, 1000), ERRNO_OK);
	IS(CALL2(root, SYS_THREAD_SET_CPU, low, HANDLE_CPUS, 1), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, low, THREAD_SCHED, sc, 0), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_START, low, 0x1000, 0, 0), ERRNO_OK);
	IS(CALL4(t, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_THREAD, 700, 51 << 8), ERRNO_ARG);
	IS(CALL4(t, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_THREAD, 700, 50 << 8), ERRNO_OK);
	IS(CALL1(t, SYS_THREAD_SET_PRIO, h, 51), ERRNO_RANGE);
}

TEST(memory_busy, "a page has one owner: what is in use is refused")
{
	u64 h = new_handle(), g = new_handle();

	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_EP, 701, 0), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, g, OBJ_SPACE, 700, 0), ERRNO_BUSY);
	IS(CALL3(root, SYS_FRAMES_CREATE, HANDLE_MEMORY, g, 690, 12), ERRNO_BUSY);
	IS(CALL3(root, SYS_FRAMES_CREATE, HANDLE_MEMORY, g, 690, 11), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, new_handle(), OBJ_EP, 700, 0), ERRNO_BUSY);
}

TEST(memory_range, "nothing is made beyond the end of a memory")
{
	u64 h = new_handle(), mem = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_MEMORY, mem, 700, 4, 1), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, h, OBJ_EP, 4, 0), ERRNO_RANGE);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, h, OBJ_SPACE, 3, 0), ERRNO_RANGE);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, h, OBJ_EP, 0xffffffff, 0), ERRNO_RANGE);
	IS(CALL3(root, SYS_FRAMES_CREATE, mem, h, 1, 4), ERRNO_RANGE);
	IS(CALL3(root, SYS_FRAMES_CREATE, mem, h, 0, 4), ERRNO_OK);
}

TEST(memory_right, "a memory without CREATE makes nothing")
{
	u64 mem = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_MEMORY, mem, 700, 4, 0), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, new_handle(), OBJ_EP, 0, 0), ERRNO_RIGHTS);
}

TEST(frames_extend_shrink, "a pool of frames grows by 64 pages a call and is destroyed in steps")
{
	u32 before = count_free();
	u64 f = new_frames(200);

	IS(SLOT(slot_of(f))->count, 200);
	IS(count_free(), before - 200);
	IS(CALL1(root, SYS_CAP_DELETE, 0, f), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(SLOT(slot_of(f))->count, 136);
	IS(CALL1(root, SYS_FRAMES_EXTEND, f, 1), ERRNO_STATE);
	delete_all(f);
	IS(count_free(), before);
}

TEST(frames_extend_owner,
     "only an owner capability is extended, and only into free pages of its memory")
{
	u64 f = new_handle(), g = new_handle(), copy = new_handle(), mem = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_MEMORY, mem, 700, 6, 1), ERRNO_OK);
	IS(CALL3(root, SYS_FRAMES_CREATE, mem, f, 0, 2), ERRNO_OK);
	IS(CALL3(root, SYS_FRAMES_CREATE, mem, g, 3, 1), ERRNO_OK);
	IS(CALL3(root, SYS_CAP_DERIVE, f, copy, RIGHTS_ALL_FRAMES, 0), ERRNO_OK);
	IS(CALL1(root, SYS_FRAMES_EXTEND, copy, 1), ERRNO_STATE);
	IS(CALL1(root, SYS_FRAMES_EXTEND, f, 2), ERRNO_BUSY);
	IS(CALL1(root, SYS_FRAMES_EXTEND, f, 1), ERRNO_OK);
	IS(CALL1(root, SYS_FRAMES_EXTEND, g, 3), ERRNO_RANGE);
	IS(CALL1(root, SYS_FRAMES_EXTEND, g, 2), ERRNO_OK);
}

TEST(frames_clear_only, "frames are cleared on request, and only those named")
{
	u64 f = new_frames(3);
	u32 p = page_of(f);

	WORD(p, 5) = WORD(p + 1, 5) = WORD(p + 2, 511) = 7;
	IS(CALL2(root, SYS_FRAMES_CLEAR, f, 1, 3), ERRNO_RANGE);
	IS(CALL2(root, SYS_FRAMES_CLEAR, f, 1, 2), ERRNO_OK);
	IS(WORD(p, 5), 7);
	IS(WORD(p + 1, 5), 0);
	IS(WORD(p + 2, 511), 0);
	CHECK(!host.was_global);
}

TEST(memory_exhausted,
     "memory that is used up says so, and works again when something is destroyed")
{
	u64 mem = new_handle(), h[4];

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_MEMORY, mem, 700, 3, 1), ERRNO_OK);
	for (u32 i = 0; i < 4; i++)
		h[i] = new_handle();
	for (u32 i = 0; i < 3; i++)
		IS(CALL4(root, SYS_OBJECT_CREATE, mem, h[i], OBJ_EP, i, 0), ERRNO_OK);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, h[3], OBJ_EP, 1, 0), ERRNO_BUSY);
	delete_all(h[1]);
	IS(CALL4(root, SYS_OBJECT_CREATE, mem, h[3], OBJ_EP, 1, 0), ERRNO_OK);
}
