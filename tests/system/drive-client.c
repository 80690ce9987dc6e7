/* SPDX-License-Identifier: MIT */
/*
 * Client of drive.toml, and the test: what is written is read again, while the driver
 * may crash or hang as often as it likes.
 */
#include "tessera/blk.h"
#include "tessera/chan.h"

enum { UNIT = 4096, UNITS = 64, PLACES = 1024, DEPTH = 16 };

static struct chan chan;
static u32 tests, failures;
static unsigned char *data;
static u64 sectors;

static void check(bool ok, const char *name)
{
	failures += !ok;
	sys_print("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

/* The multiplexer answers everything, also what its driver lost. */
static bool answer(struct ring_entry *e)
{
	u64 end = sys_after(60000000);

	for (;;) {
		if (chan_get(&chan, e) == RING_OK)
			return true;
		if (!chan_idle(&chan, false))
			continue;
		u64 bits = comp_wait(end);
		if (bits == 0 || chan_broken(&chan))
			return false;
		if (chan_news(&chan, bits) == CHAN_RESET)
			(void)chan_agree(&chan);
		chan_busy(&chan);
	}
}

static u64 word(u64 operation, u64 id)
{
	return id | operation << 32;
}

static bool one(u64 operation, u64 place, u64 unit, struct ring_entry *e)
{
	u64 bytes = operation == BLK_FLUSH || operation == BLK_INFO ? 0 : UNIT;

	*e = (struct ring_entry){ { word(operation, 1), place * (UNIT / BLK_SECTOR), unit * UNIT,
				    bytes } };
	return chan_put(&chan, e) == RING_OK && answer(e) && e->w[0] == (1 | (u64)BLK_DONE << 32);
}

static void fill(u64 unit, u64 place, u64 round)
{
	u64 *at = (u64 *)(data + unit * UNIT);

	for (u64 i = 0; i < UNIT / 8; i++)
		at[i] = place << 32 | round << 16 | i;
}

static bool same(u64 unit, u64 place, u64 round)
{
	const u64 *at = (const u64 *)(data + unit * UNIT);

	for (u64 i = 0; i < UNIT / 8; i++) {
		if (at[i] != (place << 32 | round << 16 | i))
			return false;
	}
	return true;
}

/* DEPTH requests under way at a time, one for each unit. */
static bool all(u64 operation, u64 round)
{
	u64 sent = 0, got = 0;
	struct ring_entry e;
	bool ok = true;

	while (got < PLACES && ok) {
		while (sent < PLACES && sent < got + DEPTH) {
			u64 unit = sent % UNITS;

			if (operation == BLK_WRITE)
				fill(unit, sent, round);
			e = (struct ring_entry){ { word(operation, unit | sent << 8),
						   sent * (UNIT / BLK_SECTOR), unit * UNIT,
						   UNIT } };
			if (chan_put(&chan, &e) != RING_OK)
				break;
			sent++;
		}
		ok = answer(&e) && e.w[0] >> 32 == BLK_DONE && e.w[1] == UNIT;
		u64 place = (e.w[0] & 0xffffffff) >> 8;
		if (ok && operation == BLK_READ)
			ok = same(place % UNITS, place, round);
		got++;
	}
	return ok;
}

static bool test_blocks(void)
{
	struct ring_entry e;

	check(one(BLK_INFO, 0, 0, &e), "the disk tells its size");
	sectors = e.w[1];
	sys_print("# %lu sectors\n", sectors);
	check(sectors >= PLACES * (UNIT / BLK_SECTOR), "the disk is large enough");
	fill(0, 7, 1);
	check(one(BLK_WRITE, 7, 0, &e), "a block is written");
	check(one(BLK_READ, 7, 1, &e) && same(1, 7, 1), "and read again");
	check(one(BLK_FLUSH, 0, 0, &e), "flush");
	return failures == 0;
}

struct usage {
	u64 lives, pages, slots;
};

static struct usage usage(void)
{
	struct msg m = { .tag = (u64)SUP_USAGE << TAG_LABEL_SHIFT };

	sys_must(ep_call((ep_h){ COMP_SUPERVISOR }, &m, 0), "usage");
	return (struct usage){ m.w[1], m.w[2], m.w[3] };
}

/* Writing and reading until so many lives of others have ended; then init has what it had. */
static void test_lives(u64 lives)
{
	struct usage first = { 0 }, last = { 0 };
	struct ring_entry e;
	bool ok = true;

	for (u64 i = 0; last.lives < lives && ok; i++) {
		fill(0, i % PLACES, i & 0xffff);
		ok = one(BLK_WRITE, i % PLACES, 0, &e) && one(BLK_READ, i % PLACES, 1, &e) &&
		     same(1, i % PLACES, i & 0xffff);
		last = usage();
		if (i == 0)
			first = last;
	}
	check(ok, "no request fails, however often others are lost");
	sys_print("# %lu lives; pages %lu and %lu, slots %lu and %lu\n", last.lives, first.pages,
		  last.pages, first.slots, last.slots);
	check(first.pages == last.pages && first.slots == last.slots,
	      "everything that their lives took came back");
}

int main(void)
{
	const struct comp_pool *pool = comp_pool("data");
	u64 rounds = sys_option_number("rounds=", 2), lives = sys_option_number("lives=", 0);
	bool ok = true;

	if (pool == NULL || !chan_open(&chan, "mux"))
		sys_panic("no pool or channel");
	data = (unsigned char *)pool->vaddr;
	comp_ready();
	if (test_blocks()) {
		for (u64 r = 1; r <= rounds && ok; r++)
			ok = all(BLK_WRITE, r) && all(BLK_READ, r);
		check(ok, "many blocks, many at a time");
		if (lives != 0)
			test_lives(lives);
	}
	sys_print("1..%u\n", tests);
	sys_print("# done\n");
	(void)comp_call(SUP_POWER, 0, failures != 0);
	return 1;
}
