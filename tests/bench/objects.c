/* SPDX-License-Identifier: MIT */
/*
 * Capabilities, objects, entries of address spaces.
 */
#include "bench.h"

enum { ROUNDS = 500, PAGES = 512, BATCH = 64, MAP_ROUNDS = 20 };
#define RW (MAP_READ | MAP_WRITE)

static void derive_delete(void)
{
	ep_h ep = sys_ep();
	slot_t slot = SLOT_OWN(sys_slot());
	u64 more;
	u64 start = counter();

	for (u64 i = 0; i < ROUNDS; i++) {
		(void)cap_derive(ANY(ep), slot, RIGHTS_ALL_EP, 0);
		(void)cap_delete(slot, &more, NULL);
	}
	row("cap_derive_delete", counter() - start, ROUNDS);
}

static void create_delete(const char *name, u32 type)
{
	slot_t slot = SLOT_OWN(sys_slot());
	memory_h memory;
	u64 offset, more = 0;

	/* Find a page that is free. */
	do {
		(void)sys_pages(1, 1, &memory, &offset);
	} while (err_is(object_create(memory, slot, type, offset, 0), ERR_BUSY));
	sys_must(sys_delete(slot), "delete");
	u64 start = counter();
	for (u64 i = 0; i < ROUNDS; i++) {
		(void)object_create(memory, slot, type, offset, 0);
		do {
			(void)cap_delete(slot, &more, NULL);
		} while (more != 0);
	}
	row(name, counter() - start, ROUNDS);
}

static void map_unmap(grant_h g)
{
	u64 done;
	u64 start = counter();

	for (u64 i = 0; i < ROUNDS; i++) {
		(void)grant_map(g, AREA, 0, 1, RW, &done);
		(void)grant_unmap(g, AREA, 1, 0, &done);
	}
	row("space_map_unmap_4k", counter() - start, ROUNDS);
}

static void map_many(grant_h g)
{
	u64 total = 0, done;

	for (u64 i = 0; i < MAP_ROUNDS; i++) {
		u64 start = counter();

		for (u64 at = 0; at < PAGES; at += BATCH)
			(void)grant_map(g, AREA + at * SYS_PAGE, at, BATCH, RW, &done);
		total += counter() - start;
		sys_must(sys_unmap(g, AREA, PAGES, 0), "unmap");
	}
	row("space_map_512", total, MAP_ROUNDS * PAGES);
}

void bench_objects(void)
{
	frames_h f = sys_frames(PAGES);
	u32 slot = sys_slot();

	derive_delete();
	create_delete("endpoint_create_delete", OBJ_EP);
	create_delete("thread_create_delete", OBJ_THREAD);
	sys_must(grant_create(ANY(f), SLOT_OWN(slot), ANY(sys_own_space.space), AREA, PAGES,
			      RIGHT_GRANT_READ | RIGHT_GRANT_WRITE | RIGHT_GRANT_MAP),
		 "grant");
	sys_must(sys_tables(&sys_own_space, AREA, 1), "tables");
	map_unmap((grant_h){ slot });
	map_many((grant_h){ slot });
}
