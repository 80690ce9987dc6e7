/* SPDX-License-Identifier: MIT */
/*
 * Memory: making objects and frames of free pages.
 */
#include "ktest.h"

TESTS(object_create, frames_create, frames_extend, frames_clear);

static const u32 types[] = { OBJ_TABLE,  OBJ_SLOTS, OBJ_SPACE, OBJ_PTABLE,
			     OBJ_THREAD, OBJ_SCHED, OBJ_EP,    OBJ_NOTIF };
enum { TYPES = sizeof types / sizeof types[0] };

TEST(create_each, "every type of object can be made, has all rights, and can be deleted")
{
	for (u32 i = 0; i < TYPES; i++) {
		any_h h;

		EXPECT_OK(sys_create(types[i], 0, &h));
		EXPECT_EQ(cap_type(h.h), types[i]);
		EXPECT_EQ(cap_rights(h.h), OBJ_RIGHTS(types[i]));
		EXPECT_OK(sys_destroy(h));
	}
}

TEST(create_types, "what is no type, or cannot be made so, is refused")
{
	static const u32 wrong[] = { 0,          OBJ_MEMORY,  OBJ_FRAMES,  OBJ_GRANT,
				     OBJ_REPLY,  OBJ_IRQ,     OBJ_IOPORTS, OBJ_DEVICE,
				     OBJ_SYSTEM, OBJ_MAX + 1, 255 };

	for (u32 i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		EXPECT_ERR(object_create(TEST_MEMORY, new_slot(), wrong[i], TEST_PAGES - 4, 0),
			   ERR_ARG);
}

TEST(create_params, "a parameter that the type does not take is refused")
{
	u64 offset = TEST_PAGES - 4;

	EXPECT_ERR(object_create(TEST_MEMORY, new_slot(), OBJ_TABLE, offset, 1), ERR_ARG);
	EXPECT_ERR(object_create(TEST_MEMORY, new_slot(), OBJ_SPACE, offset, 0x10000), ERR_ARG);
	EXPECT_ERR(object_create(TEST_MEMORY, new_slot(), OBJ_THREAD, offset, 4), ERR_ARG);
	EXPECT_ERR(object_create(TEST_MEMORY, new_slot(), OBJ_THREAD, offset, 0x10000), ERR_ARG);
	/* A thread's highest priority is not above its maker's. */
	EXPECT_ERR(object_create(TEST_MEMORY, new_slot(), OBJ_THREAD, offset, (PRIO_MAX + 1) << 8),
		   ERR_ARG);
	EXPECT_OK(object_create(TEST_MEMORY, new_slot(), OBJ_THREAD, offset, PRIO_MAX << 8));
}

TEST(create_range, "objects lie inside the memory and on free pages only")
{
	memory_h part = { sys_range(ANY(TEST_MEMORY), TEST_PAGES - 4, 4, RIGHT_MEMORY_CREATE) };

	EXPECT_ERR(object_create(part, new_slot(), OBJ_EP, 4, 0), ERR_RANGE);
	EXPECT_ERR(object_create(part, new_slot(), OBJ_SPACE, 3, 0), ERR_RANGE);
	EXPECT_ERR(object_create(part, new_slot(), OBJ_EP, 0xffffffff, 0), ERR_RANGE);
	EXPECT_OK(object_create(part, new_slot(), OBJ_SPACE, 1, 0));
	EXPECT_ERR(object_create(part, new_slot(), OBJ_EP, 1, 0), ERR_BUSY);
	EXPECT_ERR(object_create(part, new_slot(), OBJ_EP, 2, 0), ERR_BUSY);
	EXPECT_ERR(object_create(part, new_slot(), OBJ_SPACE, 0, 0), ERR_BUSY);
	EXPECT_OK(object_create(part, new_slot(), OBJ_EP, 3, 0));
	EXPECT_OK(object_create(part, new_slot(), OBJ_EP, 0, 0));
}

TEST(create_exhaust, "memory that is used up makes nothing more, and all of it can be had again")
{
	memory_h part = { sys_range(ANY(TEST_MEMORY), TEST_PAGES - 64, 64, RIGHT_MEMORY_CREATE) };
	slot_t slot[64];

	for (u32 round = 0; round < 2; round++) {
		for (u32 i = 0; i < 64; i++) {
			slot[i] = new_slot();
			EXPECT_OK(object_create(part, slot[i], OBJ_EP, i, 0));
		}
		for (u32 i = 0; i < 64; i++)
			EXPECT_ERR(object_create(part, new_slot(), OBJ_NOTIF, i, 0), ERR_BUSY);
		for (u32 i = 0; i < 64; i++)
			EXPECT_OK(sys_delete(slot[i]));
	}
}

TEST(frames_limits, "frames are made inside the memory, of free pages, and have one owner")
{
	memory_h part = { sys_range(ANY(TEST_MEMORY), TEST_PAGES - 8, 8, RIGHT_MEMORY_CREATE) };

	EXPECT_ERR(frames_create(part, new_slot(), 0, 9), ERR_RANGE);
	EXPECT_ERR(frames_create(part, new_slot(), 8, 1), ERR_RANGE);
	EXPECT_OK(frames_create(part, new_slot(), 4, 2));
	EXPECT_ERR(frames_create(part, new_slot(), 0, 8), ERR_BUSY);
	EXPECT_ERR(frames_create(part, new_slot(), 5, 1), ERR_BUSY);
	EXPECT_OK(frames_create(part, new_slot(), 6, 2));
}

TEST(frames_grow, "an owner of frames can grow, as far as pages are free and inside the memory")
{
	memory_h part = { sys_range(ANY(TEST_MEMORY), TEST_PAGES - 200, 200, RIGHT_MEMORY_CREATE) };
	slot_t slot = new_slot();
	frames_h f = { (u32)slot.where };
	u64 count = 0;

	EXPECT_OK(frames_create(part, slot, 10, 2));
	EXPECT_OK(frames_extend(f, 64));
	EXPECT_OK(frames_extend(f, 64));
	EXPECT_OK(cap_info(ANY(f), NULL, NULL, &count));
	EXPECT_EQ(count, 130);
	EXPECT_ERR(frames_extend(f, 61), ERR_RANGE);
	EXPECT_OK(object_create(part, new_slot(), OBJ_EP, 150, 0));
	EXPECT_ERR(frames_extend(f, 11), ERR_BUSY);
	EXPECT_OK(frames_extend(f, 10));
	EXPECT_ERR(frames_extend(f, 1), ERR_BUSY);
	EXPECT_OK(sys_delete(slot));
	EXPECT_OK(frames_create(part, new_slot(), 0, 64));
}

TEST(frames_grow_not, "derived frames cannot grow")
{
	frames_h f = sys_frames(4);
	frames_h part = { sys_range(ANY(f), 0, 4, RIGHTS_ALL_FRAMES) };

	EXPECT_ERR(frames_extend(part, 1), ERR_STATE);
}

TEST(frames_zero, "frames_clear fills just the pages that it names")
{
	grant_h g;
	frames_h f = frames_at(AREA_A, 3, &g);
	volatile u64 *at = (volatile u64 *)AREA_A;

	for (u32 i = 0; i < 3 * 512; i++)
		at[i] = i + 1;
	EXPECT_OK(frames_clear(f, 1, 1));
	EXPECT_EQ(at[511], 512);
	for (u32 i = 512; i < 1024; i++)
		EXPECT_EQ(at[i], 0);
	EXPECT_EQ(at[1024], 1025);
	EXPECT_ERR(frames_clear(f, 2, 2), ERR_RANGE);
	EXPECT_ERR(frames_clear(f, 3, 1), ERR_RANGE);
	EXPECT_ERR(frames_clear(f, 0xffffffff, 64), ERR_RANGE);
}

TEST(frames_contents, "what an object left in its page is not readable in frames made of it")
{
	memory_h memory;
	u64 offset;
	slot_t slot = new_slot();
	grant_h g;

	EXPECT(sys_pages(2, 1, &memory, &offset) != SYS_NO_PAGES);
	for (u32 i = 0; i < TYPES; i++) {
		const volatile u64 *at = (const volatile u64 *)AREA_A;
		u32 words = OBJ_PAGES(types[i]) * 512;

		/* Zeros first, so that what the kernel does not touch reads as zero too. */
		EXPECT_OK(frames_create(memory, slot, offset, 2));
		EXPECT_OK(frames_clear((frames_h){ (u32)slot.where }, 0, 2));
		EXPECT_OK(sys_delete(slot));
		EXPECT_OK(object_create(memory, slot, types[i], offset, 0));
		EXPECT_OK(sys_delete(slot));
		EXPECT_OK(frames_create(memory, slot, offset, 2));
		EXPECT_OK(sys_map_frames(&sys_own_space, (any_h){ (u32)slot.where }, AREA_A, 2,
					 MAP_READ, &g));
		for (u32 k = 0; k < words; k++)
			EXPECT_EQ(at[k], 0);
		EXPECT_OK(sys_delete(slot));
		EXPECT(slot_is_empty(g.h));
		sys_slot_free(g.h);
	}
}

TEST(frames_big, "a pool of a thousand pages is one capability")
{
	frames_h f;
	u64 count = 0;

	EXPECT_OK(sys_create_frames(1000, 1, &f));
	EXPECT_OK(cap_info(ANY(f), NULL, NULL, &count));
	EXPECT_EQ(count, 1000);
	EXPECT_OK(sys_destroy(ANY(f)));
}

TEST(memory_revoke_all, "revoking memory destroys objects of every type")
{
	memory_h part = { sys_range(ANY(TEST_MEMORY), TEST_PAGES - 64, 64, RIGHT_MEMORY_CREATE) };
	u64 offset = 0;

	for (u32 k = 0; k < 3; k++) {
		for (u32 i = 0; i < TYPES; i++) {
			EXPECT_OK(object_create(part, new_slot(), types[i], offset, 0));
			offset += OBJ_PAGES(types[i]);
		}
	}
	EXPECT_OK(frames_create(part, new_slot(), offset, 64 - offset));
	EXPECT_OK(sys_revoke(ANY(part)));
	EXPECT_OK(frames_create(part, new_slot(), 0, 64));
}
