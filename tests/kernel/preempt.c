/* SPDX-License-Identifier: MIT */
/*
 * Long operations in small steps: who is more urgent runs between them.
 */
#include "ktest.h"

TESTS(cap_revoke, cap_delete, frames_extend);

enum { POOLS = 64, POOL_PAGES = 64, ENOUGH = 20, PERIOD_US = 50 };

/* Wakes up again and again. */
static void tick(struct worker *w)
{
	for (;;) {
		sleep_us(PERIOD_US);
		w->count++;
	}
}

static memory_h full_memory(void)
{
	memory_h part = { sys_range(ANY(TEST_MEMORY), TEST_PAGES - POOLS * POOL_PAGES,
				    POOLS * POOL_PAGES, RIGHT_MEMORY_CREATE) };

	for (u64 i = 0; i < POOLS; i++)
		EXPECT_OK(frames_create(part, new_slot(), i * POOL_PAGES, POOL_PAGES));
	return part;
}

/* A step at a time; how often the other one ran after the first step and before the last. */
static u64 revoke_watched(memory_h part, struct worker *w)
{
	u64 more = 1, ticket = 0, first = 0, last = 0, steps = 0;

	while (more != 0) {
		last = w->count;
		EXPECT_OK(cap_revoke(ANY(part), &more, &ticket));
		first = steps++ == 0 ? w->count : first;
	}
	for (more = 1; more != 0;)
		EXPECT_OK(cap_drain(ticket, &more));
	EXPECT(steps >= POOLS);
	return last > first ? last - first : 0;
}

TEST_FOR(preempt_revoke, 30, "a more urgent thread runs while memory is being revoked")
{
	struct worker *w = worker(PRIO_HIGH, 0, tick);
	u64 seen = 0;

	while (seen < ENOUGH) {
		memory_h part = full_memory();

		seen += revoke_watched(part, w);
		EXPECT_OK(sys_destroy(ANY(part)));
	}
}

TEST_FOR(preempt_extend, 30,
	 "a more urgent thread runs while a large pool of frames comes and goes")
{
	memory_h part = { sys_range(ANY(TEST_MEMORY), TEST_PAGES - POOLS * POOL_PAGES,
				    POOLS * POOL_PAGES, RIGHT_MEMORY_CREATE) };
	struct worker *w = worker(PRIO_HIGH, 0, tick);
	slot_t pool = new_slot();
	u64 seen = 0;

	while (seen < ENOUGH) {
		u64 before = w->count, more = 1, steps = 0;

		EXPECT_OK(frames_create(part, pool, 0, POOL_PAGES));
		for (u32 i = 1; i < POOLS; i++)
			EXPECT_OK(frames_extend((frames_h){ (u32)pool.where }, POOL_PAGES));
		for (; more != 0; steps++)
			EXPECT_OK(cap_delete(pool, &more, NULL));
		EXPECT(steps >= POOLS);
		seen += w->count - before;
	}
}
