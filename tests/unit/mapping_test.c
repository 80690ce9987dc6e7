/* SPDX-License-Identifier: MIT */
/*
 * Entries: what grant_map, grant_map_list, grant_unmap, space_copy and
 * space_harvest write, refuse and report.
 */
#include "harness.h"

enum { RW = MAP_READ | MAP_WRITE, RW_MAP = RW | RIGHT_GRANT_MAP, LARGE = 1 << 21 };
#define BASE 0x40000000ull

static u64 new_grant(u64 source, u64 space, u64 vaddr, u64 pages, u64 rights)
{
	u64 g = new_handle();

	IS(call(root, SYS_GRANT_CREATE, source, g, space, vaddr, pages, rights), ERRNO_OK);
	return g;
}

static u64 part(u64 source, u64 offset, u64 count, u64 rights)
{
	u64 h = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, source, h, offset, count, rights), ERRNO_OK);
	return h;
}

static long map(u64 g, u64 vaddr, u64 offset, u64 count, u64 attr)
{
	return CALL4(root, SYS_GRANT_MAP, g, vaddr, offset, count, attr);
}

static long unmap(u64 g, u64 vaddr, u64 count, u64 attr)
{
	return CALL3(root, SYS_GRANT_UNMAP, g, vaddr, count, attr);
}

static u32 first_of(u64 frames)
{
	return SLOT(slot_of(frames))->first;
}

static u64 entry(u64 space, u64 vaddr)
{
	u32 level, table, index;

	return host_walk(page_of(space), vaddr >> 12, &level, &table, &index);
}

TEST(map_pages, "consecutive pages appear at consecutive addresses, with the rights asked for")
{
	u64 frames = new_frames(64), g = new_grant(frames, HANDLE_SPACE, BASE, 64, 15);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 64, RW), ERRNO_OK);
	IS(out(root, 0), 64);
	IS(map(g, BASE + 0x10000, 20, 1, MAP_READ | MAP_EXEC), ERRNO_OK);
	for (u32 i = 0; i < 64; i++)
		IS(touch(root, BASE + i * 4096, HOST_READ), first_of(frames) + (i == 16 ? 20 : i));
	CHECK(touch(root, BASE, HOST_WRITE) != NIL);
	IS(touch(root, BASE, HOST_EXEC), NIL);
	IS(touch(root, BASE + 0x10000, HOST_WRITE), NIL);
	CHECK(touch(root, BASE + 0x10000, HOST_EXEC) != NIL);
}

TEST(map_errors, "entries outside of the grant, or with more rights, are refused")
{
	u64 frames = new_frames(64), some = part(frames, 8, 16, RW);
	u64 v = BASE + 0x10000, g = new_grant(some, HANDLE_SPACE, v, 16, MAP_READ | RIGHT_GRANT_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, v, 0, 1, RW), ERRNO_RIGHTS);
	IS(map(g, v, 0, 1, MAP_READ | MAP_COMBINE), ERRNO_RIGHTS);
	IS(map(g, v - 4096, 0, 1, MAP_READ), ERRNO_RANGE);
	IS(map(g, v, 0, 17, MAP_READ), ERRNO_RANGE);
	IS(map(g, v + 4096, 0, 16, MAP_READ), ERRNO_RANGE);
	IS(map(g, v, 1, 16, MAP_READ), ERRNO_RANGE);
	IS(map(g, v, 0xffffffff, 1, MAP_READ), ERRNO_RANGE);
	IS(map(g, ~0xfffull, 0, 1, MAP_READ), ERRNO_RANGE);
	IS(map(g, v, 0, 1, 0), ERRNO_ARG);
	IS(map(g, v + 1, 0, 1, MAP_READ), ERRNO_ARG);
	IS(map(g, v, 0, 1, MAP_READ | MAP_SIZE_2M), ERRNO_RANGE);
	IS(map(g, v, 0, 16, MAP_READ), ERRNO_OK);
	IS(touch(root, v, HOST_READ), first_of(frames) + 8);
}

TEST(map_write_only, "an entry without READ is refused")
{
	u64 frames = new_frames(1), g = new_grant(frames, HANDLE_SPACE, BASE, 1, 15);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 1, MAP_WRITE), ERRNO_ARG);
	IS(map(g, BASE, 0, 1, MAP_EXEC), ERRNO_ARG);
}

TEST(map_tables, "a missing page-table page is reported with its level")
{
	u64 frames = new_frames(1), g = new_grant(frames, HANDLE_SPACE, 0, USER_PAGES, RW_MAP);

	IS(map(g, BASE, 0, 1, RW), ERRNO_TABLE);
	IS(out(root, 0), 3);
	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE + LARGE, 0, 1, RW), ERRNO_TABLE);
	IS(out(root, 0), 1);
	IS(map(g, BASE + (1ull << 30), 0, 1, RW), ERRNO_TABLE);
	IS(out(root, 0), 2);
}

TEST(map_boundary, "a batch ends with its page-table page")
{
	u64 frames = new_frames(64), g = new_grant(frames, HANDLE_SPACE, BASE, 1024, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE + 510 * 4096, 0, 64, RW), ERRNO_OK);
	IS(out(root, 0), 2);
	IS(unmap(g, BASE + 500 * 4096, 64, 0), ERRNO_OK);
	IS(out(root, 0), 12);
	IS(touch(root, BASE + 511 * 4096, HOST_READ), NIL);
}

TEST(map_large, "large pages: alignment, size, and what stands in their way")
{
	u64 frames = new_frames_aligned(1024, 512);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 1 << 18, 15);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE + LARGE, 0, 2, RW | MAP_SIZE_2M), ERRNO_OK);
	IS(out(root, 0), 2);
	IS(touch(root, BASE + LARGE + 0x5000, HOST_WRITE), first_of(frames) + 5);
	IS(touch(root, BASE + 2 * LARGE + 0x5000, HOST_WRITE), first_of(frames) + 517);
	IS(map(g, BASE, 0, 1, RW | MAP_SIZE_2M), ERRNO_STATE);
	IS(map(g, BASE + LARGE, 0, 1, RW), ERRNO_STATE);
	IS(map(g, BASE + LARGE, 1, 1, RW | MAP_SIZE_2M), ERRNO_ARG);
	IS(map(g, BASE + LARGE + 4096, 0, 1, RW | MAP_SIZE_2M), ERRNO_ARG);
	IS(map(g, BASE + LARGE, 1024, 1, RW | MAP_SIZE_2M), ERRNO_RANGE);
	IS(map(g, BASE + LARGE, 0, 1, RW | MAP_SIZE_1G), ERRNO_RANGE);
	IS(unmap(g, BASE + LARGE + 4096, 1, MAP_SIZE_2M), ERRNO_ARG);
	IS(unmap(g, BASE + LARGE, 64, 0), ERRNO_OK);
	IS(out(root, 0), 64);
	CHECK(touch(root, BASE + LARGE, HOST_READ) != NIL);
	IS(unmap(g, BASE + LARGE, 3, MAP_SIZE_2M), ERRNO_OK);
	IS(out(root, 0), 3);
	IS(touch(root, BASE + LARGE, HOST_READ), NIL);
}

TEST(map_before_table, "a batch of large pages stops before a page-table page")
{
	u64 frames = new_frames_aligned(1024, 512);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 1 << 18, 15);

	new_ptables(HANDLE_SPACE, BASE + LARGE);
	IS(map(g, BASE, 0, 2, RW | MAP_SIZE_2M), ERRNO_OK);
	IS(out(root, 0), 1);
}

TEST(map_1g, "pages of 1 GiB are entered in CPU spaces, and refused where the machine has none")
{
	u64 g = new_grant(HANDLE_DEVMEM, HANDLE_SPACE, 1ull << 39, 1 << 19, RW_MAP);
	u64 l3 = new_object(OBJ_PTABLE, 0);

	IS(CALL3(root, SYS_PTABLE_ATTACH, l3, HANDLE_SPACE, 1ull << 39, 3), ERRNO_OK);
	IS(map(g, 1ull << 39, 0, 1, RW | MAP_SIZE_1G | MAP_SIZE_2M), ERRNO_ARG);
	IS(map(g, 1ull << 39, 0, 2, RW | MAP_SIZE_1G), ERRNO_OK);
	IS(out(root, 0), 2);
	IS(touch(root, (1ull << 39) + 0x12345678, HOST_READ), HOST_DEVMEM_FIRST + 0x12345);
	IS(unmap(g, 1ull << 39, 1, MAP_SIZE_1G), ERRNO_OK);
	IS(touch(root, (1ull << 39) + 0x12345678, HOST_READ), NIL);
}

TEST(map_replace, "replacing an entry is seen by all CPUs")
{
	struct worker w = new_thread(1, 50, 0);
	u64 frames = new_frames(2), g = new_grant(frames, HANDLE_SPACE, BASE, 2, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 1, RW), ERRNO_OK);
	IS(touch(w.t, BASE, HOST_WRITE), first_of(frames));
	IS(map(g, BASE, 1, 1, MAP_READ), ERRNO_OK);
	IS(touch(w.t, BASE, HOST_READ), first_of(frames) + 1);
	IS(touch(w.t, BASE, HOST_WRITE), NIL);
}

TEST(map_device, "device memory is uncached, or write-combining with the right to it")
{
	u64 plain = part(HANDLE_DEVMEM, 0, 64, RW);
	u64 g = new_grant(HANDLE_DEVMEM, HANDLE_SPACE, BASE, 64, RW_MAP);
	u64 h = new_grant(plain, HANDLE_SPACE, BASE, 64, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 7, 1, RW), ERRNO_OK);
	IS(entry(HANDLE_SPACE, BASE), pte_leaf(SPACE_CPU, HOST_DEVMEM_FIRST + 7, RW, 1, true, false));
	IS(map(g, BASE, 7, 1, RW | MAP_COMBINE), ERRNO_OK);
	IS(entry(HANDLE_SPACE, BASE), pte_leaf(SPACE_CPU, HOST_DEVMEM_FIRST + 7, RW, 1, true, true));
	IS(map(h, BASE, 7, 1, RW | MAP_COMBINE), ERRNO_RIGHTS);
	IS(map(h, BASE, 7, 1, RW), ERRNO_OK);
}

TEST(unmap_foreign, "unmapping leaves the entries of other frames alone")
{
	u64 a = new_frames(8), b = new_frames(8);
	u64 ga = new_grant(a, HANDLE_SPACE, BASE, 64, RW_MAP);
	u64 gb = new_grant(b, HANDLE_SPACE, BASE, 64, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(ga, BASE, 0, 8, RW), ERRNO_OK);
	IS(map(gb, BASE + 0x4000, 0, 8, RW), ERRNO_OK);
	IS(unmap(ga, BASE, 64, 0), ERRNO_OK);
	IS(touch(root, BASE + 0x3000, HOST_READ), NIL);
	IS(touch(root, BASE + 0x4000, HOST_READ), first_of(b));
	IS(unmap(ga, BASE + 63 * 4096, 2, 0), ERRNO_RANGE);
	IS(unmap(ga, BASE, 1, MAP_READ), ERRNO_ARG);
}

/* --- lists -------------------------------------------------------------------------- */

static void put(struct worker w, u32 i, u64 where, u64 offset)
{
	WORD(w.msg_page, 2 * i) = where;
	WORD(w.msg_page, 2 * i + 1) = offset;
}

static long list(struct worker w, u64 g, u64 count)
{
	return CALL1(w.t, SYS_GRANT_MAP_LIST, g, count);
}

TEST(list_map, "a list enters any pages at any addresses")
{
	struct worker w = new_thread(1, 50, 0);
	u64 frames = new_frames(64), g = new_grant(frames, HANDLE_SPACE, BASE, 1 << 20, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	for (u32 i = 0; i < 64; i++)
		put(w, i, (BASE + i * 3 * 4096) | RW, 63 - i);
	IS(list(w, g, 64), ERRNO_OK);
	IS(out(w.t, 0), 64);
	for (u32 i = 0; i < 64; i++) {
		IS(touch(w.t, BASE + i * 3 * 4096, HOST_WRITE), first_of(frames) + 63 - i);
		IS(touch(root, BASE + i * 3 * 4096, HOST_WRITE), first_of(frames) + 63 - i);
	}
}

TEST(list_clear, "an entry of a list without rights clears")
{
	struct worker w = new_thread(1, 50, 0);
	u64 frames = new_frames_aligned(512, 512);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 1 << 20, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 2, RW), ERRNO_OK);
	IS(map(g, BASE + LARGE, 0, 1, RW | MAP_SIZE_2M), ERRNO_OK);
	CHECK(touch(root, BASE, HOST_READ) != NIL && touch(root, BASE + LARGE, HOST_READ) != NIL);
	put(w, 0, BASE, 12345);
	put(w, 1, BASE + LARGE, 0);
	IS(list(w, g, 2), ERRNO_OK);
	IS(touch(root, BASE, HOST_READ), NIL);
	CHECK(touch(root, BASE + 4096, HOST_READ) != NIL);
	CHECK(touch(root, BASE + LARGE, HOST_READ) != NIL);
	put(w, 0, BASE + LARGE + MAP_SIZE_2M, 0);
	put(w, 1, BASE + 2 * LARGE, 0);
	IS(list(w, g, 2), ERRNO_OK);
	IS(out(w.t, 0), 2);
	IS(touch(root, BASE + LARGE, HOST_READ), NIL);
}

TEST(list_errors, "a list stops at the first entry that is wrong, and only the first is an error")
{
	struct worker w = new_thread(1, 50, 0);
	u64 frames = new_frames(64), g = new_grant(frames, HANDLE_SPACE, BASE, 1 << 20, RW_MAP);
	static const struct {
		u64 where, offset;
		u32 error;
	} wrong[] = {
		{ BASE | MAP_READ, 64, ERRNO_RANGE },
		{ BASE | MAP_READ, ~0ull, ERRNO_RANGE },
		{ BASE | MAP_READ, 1ull << 32, ERRNO_RANGE },
		{ (BASE - 4096) | MAP_READ, 0, ERRNO_RANGE },
		{ BASE - 4096, 0, ERRNO_RANGE },
		{ ~0xfffull | MAP_READ, 0, ERRNO_RANGE },
		{ BASE | 64 | MAP_READ, 0, ERRNO_ARG },
		{ BASE | MAP_WRITE, 0, ERRNO_ARG },
		{ (BASE + 4096) | MAP_SIZE_2M, 0, ERRNO_ARG },
		{ BASE | MAP_COMBINE, 0, ERRNO_RIGHTS },
		{ BASE | MAP_READ | MAP_EXEC, 0, ERRNO_RIGHTS },
		{ (BASE + LARGE) | MAP_READ, 0, ERRNO_TABLE },
	};

	new_ptables(HANDLE_SPACE, BASE);
	for (u32 i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put(w, 0, wrong[i].where, wrong[i].offset);
		IS(list(w, g, 1), wrong[i].error);
		IS(out(w.t, 0), 0);
		put(w, 1, wrong[i].where, wrong[i].offset);
		put(w, 0, BASE | RW, i);
		IS(list(w, g, 64), ERRNO_OK);
		IS(out(w.t, 0), 1);
		IS(out(w.t, 1), wrong[i].error == ERRNO_TABLE ? 1 : 0);
		IS(touch(w.t, BASE, HOST_READ), first_of(frames) + i);
	}
}

TEST(list_msg_page, "a list needs a message page")
{
	u64 frames = new_frames(1), g = new_grant(frames, HANDLE_SPACE, BASE, 1, RW_MAP);

	IS(CALL1(root, SYS_GRANT_MAP_LIST, g, 1), ERRNO_MSG_PAGE);
}

/* --- copying and marks ------------------------------------------------------------------ */

TEST(copy_fork, "entries are copied with fewer rights, and protected in the source")
{
	struct worker w = new_thread(1, 50, 0);
	u64 frames = new_frames(64), child = new_object(OBJ_SPACE, 0);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 1 << 20, 15);
	u64 to = new_grant(frames, child, BASE, 1 << 20, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 32, 7), ERRNO_OK);
	CHECK(touch(w.t, BASE + 0x3000, HOST_WRITE) != NIL);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE, 64, RW), ERRNO_TABLE);
	IS(out(root, 0), 3);
	new_ptables(child, BASE);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE, 64, MAP_READ | MAP_EXEC | COPY_PROTECT), ERRNO_OK);
	IS(out(root, 0), 64);
	IS(touch(w.t, BASE + 0x3000, HOST_WRITE), NIL);
	CHECK(touch(w.t, BASE + 0x3000, HOST_EXEC) != NIL);
	IS(pte_rights(SPACE_CPU, entry(child, BASE + 0x3000)), MAP_READ);
	IS(pte_page(entry(child, BASE + 0x3000)), first_of(frames) + 3);
	IS(entry(child, BASE + 0x20000), 0);
	delete_all(to);
	IS(entry(child, BASE + 0x3000), 0);
	CHECK(touch(w.t, BASE + 0x3000, HOST_READ) != NIL);
}

TEST(copy_ends, "a copy stops with the page-table page, and passes over what is absent")
{
	u64 frames = new_frames(1), child = new_object(OBJ_SPACE, 0);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 1 << 20, 15);
	u64 to = new_grant(frames, child, BASE, 1 << 20, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	new_ptables(child, BASE);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE + LARGE - 4096, 64, RW), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE + LARGE, 64, RW), ERRNO_OK);
	IS(out(root, 0), 64);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE + 1, 64, RW), ERRNO_ARG);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE - 4096, 64, RW), ERRNO_RANGE);
}

TEST(copy_both, "only pages of both grants are copied, and not without READ")
{
	u64 frames = new_frames(8), some = part(frames, 4, 2, RW), child = new_object(OBJ_SPACE, 0);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 64, 15);
	u64 to = new_grant(some, child, BASE, 64, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	new_ptables(child, BASE);
	IS(map(g, BASE, 0, 8, RW), ERRNO_OK);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE, 8, MAP_WRITE), ERRNO_OK);
	IS(entry(child, BASE + 0x4000), 0);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE, 8, RW | COPY_PROTECT), ERRNO_OK);
	for (u32 i = 0; i < 8; i++) {
		bool both = i == 4 || i == 5;
		IS(pte_page(entry(child, BASE + i * 4096)), both ? first_of(frames) + i : 0);
		IS(pte_rights(SPACE_CPU, entry(HANDLE_SPACE, BASE + i * 4096)), both ? MAP_READ : RW);
	}
}

TEST(copy_io, "what a program sees can be copied to an I/O space")
{
	u64 frames = new_frames(8), io = new_object(OBJ_IOSPACE, 0);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 64, 15);
	u64 to = new_grant(frames, io, BASE, 64, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	new_ptables(io, BASE);
	IS(map(g, BASE, 0, 8, 7), ERRNO_OK);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE, 8, 7), ERRNO_OK);
	IS(entry(io, BASE), pte_leaf(SPACE_IO, first_of(frames), RW, 1, false, false));
}

TEST(copy_large_target, "a large page in the target is in the way")
{
	u64 frames = new_frames_aligned(512, 512), child = new_object(OBJ_SPACE, 0);
	u64 g = new_grant(frames, HANDLE_SPACE, BASE, 512, 15);
	u64 to = new_grant(frames, child, BASE, 512, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	new_ptables(child, BASE + LARGE);
	IS(map(to, BASE, 0, 1, RW | MAP_SIZE_2M), ERRNO_OK);
	IS(map(g, BASE, 0, 1, RW), ERRNO_OK);
	IS(CALL4(root, SYS_SPACE_COPY, g, to, BASE, 1, RW), ERRNO_STATE);
}

TEST(harvest_marks, "accessed and dirty marks are read once")
{
	u64 frames = new_frames(64), g = new_grant(frames, HANDLE_SPACE, BASE, 1 << 20, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 64, RW), ERRNO_OK);
	touch(root, BASE + 3 * 4096, HOST_READ);
	touch(root, BASE + 5 * 4096, HOST_WRITE);
	touch(root, BASE + 63 * 4096, HOST_WRITE);
	IS(CALL2(root, SYS_SPACE_HARVEST, g, BASE, 64), ERRNO_OK);
	IS(out(root, 0), 64);
	IS(out(root, 1), 1ull << 63 | 1 << 5 | 1 << 3);
	IS(out(root, 2), 1ull << 63 | 1 << 5);
	IS(CALL2(root, SYS_SPACE_HARVEST, g, BASE, 64), ERRNO_OK);
	IS(out(root, 1) | out(root, 2), 0);
	touch(root, BASE + 5 * 4096, HOST_WRITE);
	IS(CALL2(root, SYS_SPACE_HARVEST, g, BASE + 5 * 4096, 1), ERRNO_OK);
	IS(out(root, 1) & out(root, 2), 1);
	IS(CALL2(root, SYS_SPACE_HARVEST, g, BASE + LARGE - 4096, 64), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(CALL2(root, SYS_SPACE_HARVEST, g, BASE + LARGE, 64), ERRNO_OK);
	IS(out(root, 0), 64);
	IS(CALL2(root, SYS_SPACE_HARVEST, g, BASE + 1, 64), ERRNO_ARG);
	IS(CALL2(root, SYS_SPACE_HARVEST, g, BASE - 4096, 64), ERRNO_RANGE);
}

static void map_unflushed(void)
{
	u64 frames = new_frames(2), g = new_grant(frames, HANDLE_SPACE, BASE, 1, RW_MAP);

	new_ptables(HANDLE_SPACE, BASE);
	IS(map(g, BASE, 0, 1, RW), ERRNO_OK);
	CHECK(touch(root, BASE, HOST_WRITE) != NIL);
	host.knobs.skip_flush = true;
	IS(map(g, BASE, 1, 1, RW), ERRNO_OK);
	touch(root, BASE, HOST_WRITE);
}

TEST(map_flush, "a machine that does not flush is noticed when an entry is replaced")
{
	CHECK(failure_of(map_unflushed) != NULL);
}
