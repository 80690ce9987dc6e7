/* SPDX-License-Identifier: MIT */
/*
 * Grants and the entries written under them.
 */
#include "ktest.h"

TESTS(grant_create, grant_map, grant_map_list, grant_unmap, space_copy, space_harvest);

#define RW (MAP_READ | MAP_WRITE)
#define G_ALL (RIGHT_GRANT_READ | RIGHT_GRANT_WRITE | RIGHT_GRANT_MAP)

static volatile u64 *word(u64 vaddr)
{
	return (volatile u64 *)vaddr;
}

static grant_h grant_on(any_h frames, any_h space, u64 vaddr, u64 pages, u64 rights)
{
	slot_t s = new_slot();

	EXPECT_OK(grant_create(frames, s, space, vaddr, pages, rights));
	return (grant_h){ (u32)s.where };
}

static grant_h own_grant(frames_h f, u64 vaddr, u64 pages)
{
	return grant_on(ANY(f), ANY(sys_own_space.space), vaddr, pages, G_ALL);
}

/* Does reading there fault? */
static void read_it(struct worker *w)
{
	w->out[0] = *word(w->a);
	w->count = 1;
}

static void write_it(struct worker *w)
{
	*word(w->a) = 1;
	w->count = 1;
}

static bool faults(u64 vaddr, void (*fn)(struct worker *))
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, fn);

	w->a = vaddr;
	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, (any_h){ 0 }, 0));
	worker_run(w);
	EXPECT(thread_is_stopped(w->t.thread));
	sys_thread_destroy(&w->t);
	w->fn = NULL;
	return w->count == 0;
}

TEST(map_and_use, "mapped pages are the frames of the grant, at every address they are mapped at")
{
	frames_h f = sys_frames(4);
	grant_h g = own_grant(f, AREA_A, 512);

	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, 0, 4, RW));
	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A + 100 * SYS_PAGE, 2, 1, MAP_READ));
	for (u64 i = 0; i < 4; i++)
		*word(AREA_A + i * SYS_PAGE) = 1000 + i;
	EXPECT_EQ(*word(AREA_A + 100 * SYS_PAGE), 1002);
	*word(AREA_A + 2 * SYS_PAGE) = 5;
	EXPECT_EQ(*word(AREA_A + 100 * SYS_PAGE), 5);
	EXPECT(faults(AREA_A + 100 * SYS_PAGE, write_it));
	EXPECT(!faults(AREA_A + 100 * SYS_PAGE, read_it));
	EXPECT(faults(AREA_A + 101 * SYS_PAGE, read_it));
}

TEST(map_limits, "entries lie in the window, name pages of the grant, and have rights of the grant")
{
	frames_h f = sys_frames(4);
	grant_h g = own_grant(f, AREA_A, 8);
	grant_h ro = grant_on(ANY(f), ANY(sys_own_space.space), AREA_A, 8,
			      RIGHT_GRANT_READ | RIGHT_GRANT_MAP);
	u64 done;

	EXPECT_OK(sys_tables(&sys_own_space, AREA_A, 1));
	EXPECT_ERR(grant_map(g, AREA_A + 8 * SYS_PAGE, 0, 1, RW, &done), ERR_RANGE);
	EXPECT_ERR(grant_map(g, AREA_A + 7 * SYS_PAGE, 0, 2, RW, &done), ERR_RANGE);
	EXPECT_ERR(grant_map(g, AREA_A - SYS_PAGE, 0, 1, RW, &done), ERR_RANGE);
	EXPECT_ERR(grant_map(g, AREA_A, 4, 1, RW, &done), ERR_RANGE);
	EXPECT_ERR(grant_map(g, AREA_A, 3, 2, RW, &done), ERR_RANGE);
	EXPECT_ERR(grant_map(g, AREA_A, 0xffffffff, 1, RW, &done), ERR_RANGE);
	EXPECT_ERR(grant_map(g, ~0xfffull, 0, 1, RW, &done), ERR_RANGE);
	EXPECT_ERR(grant_map(g, AREA_A + 8, 0, 1, RW, &done), ERR_ARG);
	EXPECT_ERR(grant_map(g, AREA_A, 0, 1, MAP_WRITE, &done), ERR_ARG);
	EXPECT_ERR(grant_map(g, AREA_A, 0, 1, RW | MAP_EXEC, &done), ERR_RIGHTS);
	EXPECT_ERR(grant_map(ro, AREA_A, 0, 1, RW, &done), ERR_RIGHTS);
	EXPECT_ERR(grant_map(g, AREA_A, 0, 1, RW | MAP_COMBINE, &done), ERR_RIGHTS);
	EXPECT_OK(grant_map(ro, AREA_A, 0, 1, MAP_READ, &done));
	EXPECT_EQ(done, 1);
}

TEST(grant_limits, "a grant has no more rights than its frames, and a window inside user addresses")
{
	frames_h f = sys_frames(1);
	any_h ro = { sys_derive(ANY(f), RIGHT_FRAMES_READ, 0) };
	any_h sp = ANY(sys_own_space.space);

	EXPECT_ERR(grant_create(ro, new_slot(), sp, AREA_A, 1, RIGHT_GRANT_WRITE), ERR_RIGHTS);
	EXPECT_OK(grant_create(ro, new_slot(), sp, AREA_A, 1, RIGHT_GRANT_READ | RIGHT_GRANT_MAP));
	EXPECT_ERR(grant_create(ro, new_slot(), sp, AREA_A + 1, 1, RIGHT_GRANT_READ), ERR_ARG);
	EXPECT_ERR(grant_create(ro, new_slot(), sp, 0x7ffffffff000ull, 1, RIGHT_GRANT_READ),
		   ERR_RANGE);
	EXPECT_OK(grant_create(ro, new_slot(), sp, 0x7fffffffe000ull, 1, RIGHT_GRANT_READ));
	EXPECT_ERR(grant_create(ro, new_slot(), sp, 0x7fffffffe000ull, 2, RIGHT_GRANT_READ),
		   ERR_RANGE);
	EXPECT_ERR(grant_create(ro, new_slot(), sp, 0xffffffff80000000ull, 1, RIGHT_GRANT_READ),
		   ERR_RANGE);
	EXPECT_ERR(grant_create(ro, new_slot(), sp, SYS_PAGE, 0xfffffffffull, RIGHT_GRANT_READ),
		   ERR_RANGE);
}

TEST(missing_tables, "a missing page-table page is named, level by level, from the top")
{
	frames_h f = sys_frames(1);
	grant_h g = own_grant(f, AREA_A, 1);
	u64 level = 0;

	for (u32 want = 3; want > 0; want--) {
		EXPECT_ERR(grant_map(g, AREA_A, 0, 1, RW, &level), ERR_TABLE);
		EXPECT_EQ(level, want);
		EXPECT_OK(
			ptable_attach(sys_ptable(), ANY(sys_own_space.space), AREA_A, want, NULL));
	}
	EXPECT_OK(grant_map(g, AREA_A, 0, 1, RW, &level));
	*word(AREA_A) = 3;
}

TEST(batch, "64 entries are written by one call, which stops at the end of a page-table page")
{
	frames_h f = sys_frames(64);
	grant_h g = own_grant(f, AREA_A, 1024);
	u64 at = AREA_A + 500 * SYS_PAGE, done = 0;

	EXPECT_OK(sys_tables(&sys_own_space, AREA_A, 1));
	EXPECT_OK(grant_map(g, AREA_A, 0, 64, RW, &done));
	EXPECT_EQ(done, 64);
	EXPECT_OK(grant_map(g, at, 0, 64, RW, &done));
	EXPECT_EQ(done, 12);
	EXPECT_ERR(grant_map(g, AREA_A + 512 * SYS_PAGE, 12, 52, RW, &done), ERR_TABLE);
	EXPECT_EQ(done, 1);
	for (u64 i = 0; i < 64; i++)
		*word(AREA_A + i * SYS_PAGE) = i;
	for (u64 i = 0; i < 12; i++)
		EXPECT_EQ(*word(at + i * SYS_PAGE), i);
	EXPECT_OK(grant_unmap(g, at, 64, 0, &done));
	EXPECT_EQ(done, 12);
	EXPECT(faults(at, read_it));
}

TEST(replace, "an entry can be replaced, and at once the new page is seen")
{
	frames_h f = sys_frames(2);
	grant_h g = own_grant(f, AREA_A, 2);

	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, 0, 2, RW));
	*word(AREA_A) = 1;
	*word(AREA_A + SYS_PAGE) = 2;
	for (u64 i = 0; i < 20; i++) {
		EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, i % 2, 1, MAP_READ));
		EXPECT_EQ(*word(AREA_A), 1 + i % 2);
	}
	EXPECT(faults(AREA_A, write_it));
	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, 0, 1, RW));
	EXPECT(!faults(AREA_A, write_it));
}

TEST(unmap, "unmapped pages cannot be used, and only entries of the grant's frames are unmapped")
{
	frames_h f = sys_frames(2), other = sys_frames(1);
	grant_h g = own_grant(f, AREA_A, 4), h = own_grant(other, AREA_A, 4);
	u64 done = 0;

	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, 0, 2, RW));
	EXPECT_OK(sys_map(&sys_own_space, h, AREA_A + 2 * SYS_PAGE, 0, 1, RW));
	EXPECT_OK(grant_unmap(g, AREA_A, 4, 0, &done));
	EXPECT_EQ(done, 4);
	EXPECT(faults(AREA_A, read_it));
	EXPECT(faults(AREA_A + SYS_PAGE, read_it));
	EXPECT(!faults(AREA_A + 2 * SYS_PAGE, read_it));
	EXPECT_ERR(grant_unmap(g, AREA_A, 5, 0, &done), ERR_RANGE);
	EXPECT_ERR(grant_unmap(g, AREA_A, 1, MAP_READ, &done), ERR_ARG);
	EXPECT_ERR(grant_unmap(g, AREA_A + 1, 1, 0, &done), ERR_ARG);
}

TEST(unmap_empty, "where there is no page-table page, unmapping has nothing to do")
{
	frames_h f = sys_frames(1);
	grant_h g = own_grant(f, AREA_A, 4096);
	u64 done = 0;

	EXPECT_OK(grant_unmap(g, AREA_A, 64, 0, &done));
	EXPECT(done >= 64);
}

TEST(grant_deleted,
     "deleting a grant clears its entries; a smaller one of the same frames keeps its own")
{
	frames_h f = sys_frames(70);
	grant_h g = own_grant(f, AREA_A, 2048);
	grant_h h = own_grant(f, AREA_B, 70);

	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, 0, 70, RW));
	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A + 600 * SYS_PAGE, 0, 70, RW));
	EXPECT_OK(sys_map(&sys_own_space, h, AREA_B, 0, 70, RW));
	*word(AREA_B) = 9;
	EXPECT_OK(sys_destroy(ANY(g)));
	EXPECT(faults(AREA_A, read_it));
	EXPECT(faults(AREA_A + 669 * SYS_PAGE, read_it));
	EXPECT_EQ(*word(AREA_B), 9);
}

TEST(frames_deleted, "deleting frames clears all entries of them, in every space")
{
	frames_h f = sys_frames(3);
	struct sys_space other;
	grant_h a = own_grant(f, AREA_A, 3), b;

	sys_space_create(&other, 1);
	EXPECT_OK(sys_map(&sys_own_space, a, AREA_A, 0, 3, RW));
	EXPECT_OK(sys_map_frames(&other, ANY(f), AREA_B, 3, RW, &b));
	EXPECT_OK(sys_destroy(ANY(f)));
	EXPECT(slot_is_empty(a.h) && slot_is_empty(b.h));
	EXPECT(faults(AREA_A, read_it));
}

TEST(space_gone, "a grant on a space that is gone maps nothing, and can be deleted")
{
	frames_h f = sys_frames(3);
	struct sys_space other;
	grant_h g;
	u64 done;

	sys_space_create(&other, 1);
	EXPECT_OK(sys_map_frames(&other, ANY(f), AREA_A, 3, RW, &g));
	EXPECT_OK(sys_destroy(ANY(other.space)));
	EXPECT_ERR(grant_map(g, AREA_A, 0, 1, RW, &done), ERR_STATE);
	EXPECT_ERR(grant_unmap(g, AREA_A, 1, 0, &done), ERR_STATE);
	EXPECT_ERR(space_harvest(g, AREA_A, 1, &done, NULL, NULL), ERR_STATE);
	/* Whatever is at the old place now. */
	(void)sys_space(2);
	EXPECT_ERR(grant_map(g, AREA_A, 0, 1, RW, &done), ERR_STATE);
	EXPECT_OK(sys_destroy(ANY(g)));
}

TEST(large_pages, "2 MiB pages are mapped, used, and unmapped")
{
	frames_h f;
	grant_h g;
	u64 done = 0;

	EXPECT_OK(sys_create_frames(1024, 512, &f));
	g = own_grant(f, AREA_A, 4096);
	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, 0, 2, RW | MAP_SIZE_2M));
	*word(AREA_A + 0x3ffff8) = 77;
	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A + 0x400000, 1023, 1, RW));
	EXPECT_EQ(*word(AREA_A + 0x400ff8), 77);
	EXPECT_ERR(grant_map(g, AREA_A + 0x1000, 0, 1, RW | MAP_SIZE_2M, &done), ERR_ARG);
	EXPECT_ERR(grant_map(g, AREA_A + 0x600000, 1, 1, RW | MAP_SIZE_2M, &done), ERR_ARG);
	EXPECT_ERR(grant_map(g, AREA_A + 0x600000, 1024, 1, RW | MAP_SIZE_2M, &done), ERR_RANGE);
	EXPECT_ERR(grant_map(g, AREA_A + 0x600000, 0, 1, RW | MAP_SIZE_2M | MAP_SIZE_1G, &done),
		   ERR_RANGE);
	/* A small entry cannot stand where a large one does. */
	EXPECT_ERR(grant_map(g, AREA_A, 0, 1, RW, &done), ERR_STATE);
	EXPECT_OK(sys_unmap(g, AREA_A, 2, MAP_SIZE_2M));
	EXPECT(faults(AREA_A, read_it));
	EXPECT(faults(AREA_A + 0x200000, read_it));
	EXPECT_EQ(*word(AREA_A + 0x400ff8), 77);
}

TEST(large_replaced, "a page-table page with entries below is not replaced by a large entry")
{
	frames_h f;
	grant_h g;
	u64 done = 0;

	EXPECT_OK(sys_create_frames(512, 512, &f));
	g = own_grant(f, AREA_A, 512);
	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, 0, 1, RW));
	EXPECT_ERR(grant_map(g, AREA_A, 0, 1, RW | MAP_SIZE_2M, &done), ERR_STATE);
	*word(AREA_A) = 1;
}

TEST(large_deleted, "deleting a grant clears its large entries")
{
	frames_h f;
	grant_h g;

	EXPECT_OK(sys_create_frames(512, 512, &f));
	g = own_grant(f, AREA_A, 512 * 4);
	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A + 0x200000, 0, 1, RW | MAP_SIZE_2M));
	*word(AREA_A + 0x200000) = 4;
	EXPECT_OK(sys_destroy(ANY(g)));
	EXPECT(faults(AREA_A + 0x200000, read_it));
}

/* Device memory is the only range of that size. */
TEST(huge_pages, "1 GiB pages are mapped where the processor has them")
{
	for (u32 i = 0; i < sys_info->regions; i++) {
		const struct boot_region *r = &sys_info->region[i];
		u64 first = (r->first + 0x3ffff) & ~0x3ffffull;
		u64 done = 0;
		slot_t s = new_slot();

		if (r->is_ram || first + 0x40000 > r->first + r->count ||
		    first - r->first > 0xffffffff)
			continue;
		EXPECT_OK(grant_create((any_h){ r->handle }, s, ANY(sys_own_space.space), AREA_A,
				       0x40000, RIGHT_GRANT_READ | RIGHT_GRANT_MAP));
		EXPECT_OK(sys_tables(&sys_own_space, AREA_A, 3));
		err_t e = grant_map((grant_h){ (u32)s.where }, AREA_A, first - r->first, 1,
				    MAP_READ | MAP_SIZE_1G, &done);
		if (!(sys_info->features & FEATURE_PAGES_1G)) {
			EXPECT_ERR(e, ERR_DEVICE);
			return;
		}
		EXPECT_OK(e);
		EXPECT(!faults(AREA_A + 0x12345678, read_it));
		EXPECT_OK(sys_unmap((grant_h){ (u32)s.where }, AREA_A, 1, MAP_SIZE_1G));
		EXPECT(faults(AREA_A, read_it));
		return;
	}
	test_skip("no range of 1 GiB");
}

static void list_entry(u32 i, u64 vaddr, u64 attr, u64 page)
{
	runner.msg[2 * i] = vaddr | attr;
	runner.msg[2 * i + 1] = page;
}

TEST(list_scattered, "a list writes and clears scattered entries in one call")
{
	frames_h f = sys_frames(64);
	grant_h g = own_grant(f, AREA_A, 1024);
	u64 done = 0, level = 0;

	EXPECT_OK(sys_tables(&sys_own_space, AREA_A, 1));
	EXPECT_OK(sys_tables(&sys_own_space, AREA_A + 512 * SYS_PAGE, 1));
	for (u32 i = 0; i < 64; i++)
		list_entry(i, AREA_A + (i * 7ull) * SYS_PAGE + (i % 2 ? 0x200000 : 0), RW, 63 - i);
	EXPECT_OK(grant_map_list(g, 64, &done, &level));
	EXPECT_EQ(done, 64);
	for (u32 i = 0; i < 64; i++)
		*word(AREA_A + (i * 7ull) * SYS_PAGE + (i % 2 ? 0x200000 : 0)) = i;
	list_entry(0, AREA_A, 0, 0);
	list_entry(1, AREA_A + 100 * SYS_PAGE, MAP_READ, 63);
	EXPECT_OK(grant_map_list(g, 2, &done, NULL));
	EXPECT_EQ(done, 2);
	EXPECT(faults(AREA_A, read_it));
	EXPECT_EQ(*word(AREA_A + 100 * SYS_PAGE), 0);
}

TEST(list_stops, "a list stops at the first wrong entry, and says which that was")
{
	frames_h f = sys_frames(4);
	grant_h g = own_grant(f, AREA_A, 1024);
	u64 done = 0, level = 0;

	EXPECT_OK(sys_tables(&sys_own_space, AREA_A, 1));
	list_entry(0, AREA_A, RW, 0);
	list_entry(1, AREA_A + SYS_PAGE, RW, 4);
	list_entry(2, AREA_A + 2 * SYS_PAGE, RW, 2);
	EXPECT_OK(grant_map_list(g, 3, &done, &level));
	EXPECT_EQ(done, 1);
	EXPECT(!faults(AREA_A, read_it) && faults(AREA_A + 2 * SYS_PAGE, read_it));
	list_entry(0, AREA_A, RW, 4);
	EXPECT_ERR(grant_map_list(g, 1, &done, &level), ERR_RANGE);
	list_entry(0, AREA_A + 1024 * SYS_PAGE, RW, 0);
	EXPECT_ERR(grant_map_list(g, 1, &done, &level), ERR_RANGE);
	list_entry(0, AREA_A, 0x40, 0);
	EXPECT_ERR(grant_map_list(g, 1, &done, &level), ERR_ARG);
	list_entry(0, AREA_A + 600 * SYS_PAGE, RW, 0);
	EXPECT_ERR(grant_map_list(g, 1, &done, &level), ERR_TABLE);
	EXPECT_EQ(level, 1);
	list_entry(0, AREA_A, RW | MAP_EXEC, 0);
	EXPECT_ERR(grant_map_list(g, 1, &done, &level), ERR_RIGHTS);
}

static void list_without_page(struct worker *w)
{
	w->result = grant_map_list((grant_h){ (u32)w->a }, 1, NULL, NULL);
}

TEST(list_page, "a list needs a message page")
{
	frames_h f = sys_frames(1);
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, list_without_page);

	EXPECT_OK(thread_bind(w->t.thread, THREAD_MSG, (any_h){ 0 }, 0));
	w->a = own_grant(f, AREA_A, 1).h;
	worker_run(w);
	EXPECT_ERR(w->result, ERR_MSG_PAGE);
}

TEST(copy_protect, "space_copy makes a copy for fork: shared pages, read-only on both sides")
{
	frames_h f = sys_frames(100);
	struct sys_space other;
	grant_h from = own_grant(f, AREA_A, 100), to;
	u64 done = 0, accessed = 0, dirty = 0;

	sys_space_create(&other, 1);
	to = grant_on(ANY(f), ANY(other.space), AREA_A, 100, G_ALL);
	EXPECT_OK(sys_map(&sys_own_space, from, AREA_A, 0, 100, RW));
	*word(AREA_A) = 1;
	EXPECT_ERR(space_copy(from, to, AREA_A, 64, RW | COPY_PROTECT, &done), ERR_TABLE);
	EXPECT_EQ(done, 3);
	EXPECT(!faults(AREA_A, write_it));
	EXPECT_OK(sys_tables(&other, AREA_A, 1));
	EXPECT_OK(space_copy(from, to, AREA_A, 64, MAP_READ | COPY_PROTECT, &done));
	EXPECT_EQ(done, 64);
	EXPECT(faults(AREA_A, write_it));
	EXPECT(!faults(AREA_A, read_it));
	EXPECT(!faults(AREA_A + 64 * SYS_PAGE, write_it));
	/* In the other space the entries are there, unused. */
	EXPECT_OK(space_harvest(to, AREA_A, 64, &done, &accessed, &dirty));
	EXPECT_EQ(accessed | dirty, 0);
	EXPECT_ERR(space_copy(from, to, AREA_A + 90 * SYS_PAGE, 11, MAP_READ, &done), ERR_RANGE);
}

TEST(copy_other_frames, "space_copy takes only pages that both grants cover")
{
	frames_h f = sys_frames(2), g = sys_frames(2);
	struct sys_space other;
	grant_h from = own_grant(f, AREA_A, 4), mine = own_grant(g, AREA_A, 4), to;
	u64 done = 0;

	sys_space_create(&other, 1);
	to = grant_on(ANY(g), ANY(other.space), AREA_A, 4, G_ALL);
	EXPECT_OK(sys_map(&sys_own_space, from, AREA_A, 0, 2, RW));
	EXPECT_OK(sys_tables(&other, AREA_A, 1));
	/* Pages of f are not in the grant `to`; pages of g are not in the grant `from`. */
	EXPECT_OK(space_copy(from, to, AREA_A, 4, MAP_READ | COPY_PROTECT, &done));
	EXPECT_EQ(done, 4);
	EXPECT(!faults(AREA_A, write_it));
	EXPECT_OK(space_copy(mine, to, AREA_A, 4, MAP_READ | COPY_PROTECT, &done));
	EXPECT(!faults(AREA_A, write_it));
}

TEST(harvest, "space_harvest tells which pages were read and written since the last time")
{
	frames_h f = sys_frames(8);
	grant_h g = own_grant(f, AREA_A, 8);
	u64 done = 0, accessed = 0, dirty = 0;

	EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, 0, 8, RW));
	(void)*word(AREA_A + SYS_PAGE);
	*word(AREA_A + 3 * SYS_PAGE) = 1;
	EXPECT_OK(space_harvest(g, AREA_A, 8, &done, &accessed, &dirty));
	EXPECT_EQ(done, 8);
	EXPECT_EQ(accessed, 0xa);
	EXPECT_EQ(dirty, 0x8);
	EXPECT_OK(space_harvest(g, AREA_A, 8, &done, &accessed, &dirty));
	EXPECT_EQ(accessed | dirty, 0);
	(void)*word(AREA_A + 3 * SYS_PAGE);
	*word(AREA_A + 7 * SYS_PAGE) = 1;
	EXPECT_OK(space_harvest(g, AREA_A, 8, &done, &accessed, &dirty));
	EXPECT_EQ(accessed, 0x88);
	EXPECT_EQ(dirty, 0x80);
}
