/* SPDX-License-Identifier: MIT */
/*
 * The multiplexer of disks, with a driver and clients that are played here (play.h).  The device answers in order,
 * one request at a time, and the clock runs by what it does: so what one client waits for another is known to the
 * byte.
 */
#include "play.h"

#define main mux_main
#include "../../servers/blk-mux/main.c"
#undef main

enum {
	QUEUE = 128,
	SECTORS = 1 << 17,
	SMALL = 4096,
	MEDIUM = 64 << 10,
	LARGE = 256 << 10,
	KIB = 1 << 10,
	MIB = 1 << 20
};

/* --- the device: in order, so much a turn ------------------------------------------------------- */

static struct ring_entry queue[QUEUE];
static u32 queued;
static u64 queued_bytes, most_queued;

static u64 bytes_of(const struct ring_entry *e)
{
	return (e->w[0] >> 32 & 0xff) <= BLK_WRITE ? e->w[3] : 0;
}

static void device_takes(void)
{
	struct ring_entry e;

	while (queued < QUEUE && !end[0].down && get(0, &e)) {
		u64 operation = e.w[0] >> 32 & 0xff;

		/* Whatever clients ask for, it lies on the disk and in an area. */
		MUST(operation <= BLK_DISCARD && e.w[0] >> 40 < CHANNELS);
		MUST(operation == BLK_INFO || operation == BLK_FLUSH ||
		     e.w[1] + e.w[3] / 512 <= SECTORS);
		MUST(operation > BLK_WRITE || e.w[2] + e.w[3] <= LARGE);
		queue[queued++] = e;
		queued_bytes += bytes_of(&e);
	}
	most_queued = queued_bytes > most_queued ? queued_bytes : most_queued;
}

static void device_answers(void)
{
	if (queued == 0 || end[0].down)
		return;
	const struct ring_entry e = queue[0];
	bool asked = (e.w[0] >> 32 & 0xff) == BLK_INFO;

	memmove(queue, queue + 1, --queued * sizeof e);
	queued_bytes -= bytes_of(&e);
	now += 20000 + bytes_of(&e);
	const struct ring_entry answer = { { (u32)e.w[0], asked ? SECTORS : bytes_of(&e),
					     asked ? 4096 : 0, 0 } };
	put(0, &answer);
}

/* The driver is lost with all that it had. */
void driver_ends(void)
{
	queued = 0;
	queued_bytes = 0;
}

static void device_dies(void)
{
	driver_ends();
	lose(0);
}

/* --- clients ---------------------------------------------------------------------------------------- */

struct player {
	u32 depth, bytes, under_way, ids; /* bytes 0: somebody else plays */
	u64 done;                         /* bytes */
};
static struct player player[CHANNELS];

static void plays(u32 i)
{
	struct player *p = &player[i];
	struct ring_entry e;

	while (p->bytes != 0 && !end[i].down && get(i, &e)) {
		MUST(e.w[0] >> 32 == BLK_DONE && e.w[1] == p->bytes);
		p->done += p->bytes;
		p->under_way--;
	}
	for (; !end[i].down && p->under_way < p->depth; p->under_way++) {
		const struct ring_entry r = { { p->ids++ % 1000 | (u64)BLK_READ << 32, 8, 0,
						p->bytes } };

		put(i, &r);
	}
}

static void turn(void)
{
	run();
	device_takes();
	device_answers();
	run();
	device_takes();
	for (u32 i = 1; i < CHANNELS; i++)
		plays(i);
}

static void enter(void)
{
	(void)mux_main();
}

/* --- tests -------------------------------------------------------------------------------------------- */

static void quiet(void)
{
	for (u32 i = 1; i < CHANNELS; i++)
		player[i].depth = 0;
	for (u32 i = 0; i < 1000; i++)
		turn();
	MUST(queued == 0 && player[1].under_way == 0 && player[2].under_way == 0);
	now += 1000000000;
	most_queued = 0;
}

static void play(u32 i, u32 depth, u32 bytes)
{
	player[i].depth = depth;
	player[i].bytes = bytes;
}

static void test_alone(void)
{
	play(2, QUEUE, LARGE);
	for (u32 i = 0; i < 1000; i++)
		turn();
	printf("#   alone: %lu KiB under way\n", most_queued / KIB);
	ok(most_queued >= 2 * MIB && most_queued <= 4 * MIB,
	   "who is alone may have much under way");
	quiet();
}

/* The most that the flood gets while one request of the other is under way. */
static u64 longest_wait(u32 flood_bytes)
{
	u64 most = 0, before = 0, done = player[1].done;
	u32 answers = 0;

	play(2, QUEUE, flood_bytes);
	for (u32 i = 0; i < 500; i++)
		turn();
	play(1, 1, SMALL);
	for (u32 i = 0; i < 20000; i++) {
		if (player[1].done != done) {
			/* The first waits for what the flood had when it was alone. */
			if (answers++ > 1 && player[2].done - before > most)
				most = player[2].done - before;
			before = player[2].done;
			done = player[1].done;
		}
		turn();
	}
	MUST(answers > 100);
	quiet();
	return most;
}

static void test_waits(void)
{
	u64 large = longest_wait(LARGE), small = longest_wait(SMALL);

	printf("#   a request of 4 KiB waits for %lu KiB of large ones, for %lu of small ones\n",
	       large / KIB, small / SMALL);
	ok(large <= MIB + 2 * LARGE && small <= 80 * SMALL,
	   "one request waits for a bounded part of a flood");
}

/* Percent of what both cost that the first gets. */
static u64 share(u32 depth, u32 bytes, u32 flood_bytes)
{
	play(1, depth, bytes);
	play(2, QUEUE, flood_bytes);
	for (u32 i = 0; i < 1000; i++)
		turn();
	u64 mine = player[1].done, its = player[2].done;
	for (u32 i = 0; i < 20000; i++)
		turn();
	mine = (player[1].done - mine) / bytes * (bytes + 4096);
	its = (player[2].done - its) / flood_bytes * (flood_bytes + 4096ull);
	quiet();
	return mine * 100 / (mine + its);
}

static void test_shares(void)
{
	u64 same = share(32, LARGE, LARGE), less = share(8, LARGE, LARGE),
	    small = share(QUEUE, SMALL, LARGE);

	printf("#   shares beside 128 requests of 256 KiB: 32 of them %lu %%, 8 of them %lu %%, "
	       "128 of 4 KiB %lu %%\n",
	       same, less, small);
	ok(same >= 45 && same <= 55 && less >= 45 && less <= 55 && small >= 30,
	   "who asks for enough gets a half, however much another asks for");
}

/* The most that one of two floods gets while the other gets nothing. */
static void test_turns(void)
{
	u64 most = 0, run_of[3] = { 0 }, before[3];

	play(1, QUEUE, MEDIUM);
	play(2, QUEUE, MEDIUM);
	for (u32 i = 0; i < 20000; i++) {
		before[1] = player[1].done;
		before[2] = player[2].done;
		turn();
		for (u32 k = 1; k <= 2; k++) {
			run_of[k] += player[k].done - before[k];
			if (player[3 - k].done != before[3 - k])
				run_of[k] = 0;
			if (i > 1000 && run_of[k] > most)
				most = run_of[k];
		}
	}
	quiet();
	printf("#   one of two gets %lu KiB at a time\n", most / KIB);
	ok(most != 0 && most <= 512 * KIB, "what one has in its turn is little");
}

static void test_death(void)
{
	play(1, 1, SMALL);
	play(2, QUEUE, LARGE);
	for (u32 i = 0; i < 300; i++)
		turn();
	lose(2);
	u64 before = player[1].done;
	for (u32 i = 0; i < 5000; i++)
		turn();
	player[2].under_way = 0;
	ok(player[1].done - before > 100 * SMALL, "a flood that dies holds up nobody");
	quiet();
}

static void test_driver(void)
{
	play(1, 4, SMALL);
	play(2, QUEUE, LARGE);
	for (u32 i = 0; i < 50; i++) {
		for (u32 k = 0; k < 40; k++)
			turn();
		device_dies();
	}
	ok(true, "all is answered whenever the driver is lost");
	quiet();
}

/* The second client, and now and then the driver, put anything on their rings; the first gets what it asks for. */
static void test_nonsense(u32 rounds)
{
	play(1, 4, SMALL);
	play(2, 0, 0);
	u64 before = player[1].done;

	for (u32 n = 0; n < rounds; n++) {
		struct ring_entry e;

		for (u32 k = (u32)rand() % 8; k != 0 && !end[2].down; k--) {
			e = (struct ring_entry){
				{ (u32)rand() | (u64)(rand() % 7) << 32 | (u64)(rand() % 5) << 40,
				  (u64)rand() % (2 * SECTORS), (u64)rand() % (2 * LARGE),
				  (u64)(rand() % 4096) << (rand() % 10) }
			};
			if (rand() % 16 == 0)
				e.w[rand() % 4] = (u64)rand() << 33 | (u64)rand();
			put(2, &e);
		}
		scramble(2);
		if (rand() % 200 == 0) {
			/* Not an error, which it may say. */
			e = (struct ring_entry){ { REQUESTS + (u64)rand() % 50, (u64)rand(), 0,
						   0 } };
			put(0, &e);
			/* A request that was answered wrongly is asked again of the next driver. */
			if (complaints[0] == 0)
				run();
		}
		if (rand() % 300 == 0)
			lose(2);
		pending |= 1ull << 2;
		turn();
	}
	printf("#   %u rounds; %u complaints about the client, %u about the driver\n", rounds,
	       complaints[2], complaints[0]);
	ok(player[1].done > before && complaints[2] != 0 && complaints[0] != 0,
	   "nonsense of a client and of the driver harms nobody else");
}

int main(void)
{
	snprintf(info.args, sizeof info.args, "a=disk b=disk");
	channel(0, COMP_CLIENT, "disk", QUEUE);
	channel(1, COMP_SERVER, "a", QUEUE);
	channel(2, COMP_SERVER, "b", QUEUE);
	start(enter);
	for (u32 i = 0; i < 20; i++)
		turn();
	test_alone();
	test_waits();
	test_shares();
	test_turns();
	test_death();
	test_driver();
	test_nonsense(ROUNDS);
	return 0;
}
