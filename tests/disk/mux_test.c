/* SPDX-License-Identifier: MIT */
/*
 * The multiplexer of disks, on the host: its own main loop, with a driver and clients that are played here.
 *
 * The device answers in order, one request at a time, and its clock runs by what it does: so what one client waits for
 * another is known to the byte.  The multiplexer is woken only when a ring or a bit says so: a wake-up that
 * is lost stops everything, and a loop that does nothing is counted.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define main mux_main
#include "../../servers/blk-mux/main.c"
#undef main

enum {
	CHANNELS = 3, /* 0: to the driver */
	CAPACITY = 128,
	SECTORS = 1 << 17,
	SMALL = 4096,
	LARGE = 256 << 10,
	KIB = 1 << 10,
	MIB = 1 << 20,
	POLLS = 2000, /* turns of its loop without waiting, at most */
	STACK = 256 << 10,
	ANSWERED = 4
};

static struct comp_info info;
const struct comp_info *sys_comp = &info;

static void fail(const char *what)
{
	printf("# %s\n", what);
	exit(1);
}
#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			fail(#x);                                                                  \
	} while (0)

/* --- rings, and both ends of each ------------------------------------------------------------- */

struct rings {
	_Alignas(64) unsigned char bytes[4][RING_ENTRIES + CAPACITY * sizeof(struct ring_entry)];
};
static struct rings rings[CHANNELS];

/* What is played here of a channel. */
struct end {
	struct ring_producer out;
	struct ring_consumer in;
	bool down;
};
static struct end end[CHANNELS];
static u64 bits, now;

static void begin_end(u32 i)
{
	struct rings *r = &rings[i];

	memset(r, 0, sizeof *r);
	if (i == 0) {
		(void)ring_consumer_init(&end[i].in, r->bytes[0], r->bytes[1], CAPACITY);
		(void)ring_producer_init(&end[i].out, r->bytes[2], r->bytes[3], CAPACITY);
	} else {
		(void)ring_producer_init(&end[i].out, r->bytes[0], r->bytes[1], CAPACITY);
		(void)ring_consumer_init(&end[i].in, r->bytes[2], r->bytes[3], CAPACITY);
	}
	end[i].down = false;
}

static void put(u32 i, const struct ring_entry *e)
{
	if (ring_put(&end[i].out, e) == RING_OK && ring_publish(&end[i].out))
		bits |= 1ull << i;
}

static bool get(u32 i, struct ring_entry *e)
{
	bool got = ring_get(&end[i].in, e) == RING_OK;

	if (got && ring_release(&end[i].in))
		bits |= 1ull << i;
	return got;
}

/* --- the device: in order, so much a turn ------------------------------------------------------- */

static struct ring_entry queue[CAPACITY];
static u32 queued;
static u64 queued_bytes, most_queued;

static u64 bytes_of(const struct ring_entry *e)
{
	return (e->w[0] >> 32 & 0xff) <= BLK_WRITE ? e->w[3] : 0;
}

static void device_takes(void)
{
	struct ring_entry e;

	while (queued < CAPACITY && !end[0].down && get(0, &e)) {
		u64 operation = e.w[0] >> 32 & 0xff;

		/* Whatever clients ask for, it lies on the disk and in an area. */
		MUST(operation <= BLK_DISCARD && e.w[0] >> 40 < ANSWERED);
		MUST(operation == BLK_INFO || operation == BLK_FLUSH || e.w[1] + e.w[3] / 512 <= SECTORS);
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
	const struct ring_entry answer = { { (u32)e.w[0], asked ? SECTORS : bytes_of(&e), asked ? 4096 : 0, 0 } };
	put(0, &answer);
}

/* The driver is lost with all that it had. */
static void device_dies(void)
{
	queued = 0;
	queued_bytes = 0;
	end[0].down = true;
	bits |= 1ull << (8 + 0);
}

/* --- what the multiplexer calls ------------------------------------------------------------------ */

static ucontext_t self, multiplexer;
static u64 deadline;
static u32 polls, complaints[CHANNELS];

u64 sys_clock(void)
{
	return now;
}

u64 sys_ticks(u64 us)
{
	return us * 1000;
}

u64 sys_after(u64 us)
{
	return now + us * 1000;
}

void sys_print(const char *format, ...)
{
	(void)format;
}

void sys_panic(const char *format, ...)
{
	fail(format);
	abort();
}

u32 sys_format(char *to, u32 size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(to, size, format, args);
	va_end(args);
	return n < 0 || (u32)n >= size ? 0 : (u32)n;
}

const struct comp_channel *comp_channel(const char *name)
{
	(void)name;
	return NULL;
}

void comp_ready(void)
{
}

u64 comp_call(u64 what, u64 number, u64 unused)
{
	(void)unused;
	MUST(number < CHANNELS);
	switch (what) {
	case SUP_RESET_ASKED: return end[number].down ? SUP_LATER : SUP_OK;
	case SUP_RESET_DONE: begin_end((u32)number); return SUP_OK;
	case SUP_BROKEN:
		complaints[number]++;
		if (number == 0)
			device_dies();
		end[number].down = true;
		bits |= 1ull << (8 + number);
		return SUP_OK;
	default: return SUP_BAD;
	}
}

err_t host_signal(notif_h n, u64 what)
{
	(void)n;
	(void)what;
	return (err_t){ 0 };
}

/* True: it can go on by itself. */
static bool awake(void)
{
	return bits != 0 || deadline == 1;
}

u64 comp_wait(u64 until)
{
	deadline = until;
	polls = until == 1 ? polls + 1 : 0;
	MUST(polls < POLLS);
	if (!awake())
		(void)swapcontext(&multiplexer, &self);
	u64 got = bits;

	bits = 0;
	return got;
}

static void run(void)
{
	polls = 0;
	if (awake() || (deadline != 0 && now >= deadline))
		(void)swapcontext(&self, &multiplexer);
	device_takes();
}

/* --- clients ---------------------------------------------------------------------------------------- */

struct player {
	u32 depth, bytes, under_way, ids; /* bytes 0: somebody else plays */
	u64 done; /* bytes */
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
		const struct ring_entry r = { { p->ids++ % 1000 | (u64)BLK_READ << 32, 8, 0, p->bytes } };

		put(i, &r);
	}
}

static void turn(void)
{
	run();
	device_answers();
	run();
	for (u32 i = 1; i < CHANNELS; i++)
		plays(i);
}

static void channel(u32 i, u32 side, const char *name, u32 areas)
{
	struct comp_channel *c = &info.channel[i];
	struct rings *r = &rings[i];

	*c = (struct comp_channel){ .side = side, .capacity = CAPACITY, .bit = i, .reset_bit = 8 + i, .areas = areas };
	snprintf(c->name, sizeof c->name, "%s", name);
	c->request_out = (u64)r->bytes[0];
	c->request_in = (u64)r->bytes[1];
	c->answer_out = (u64)r->bytes[2];
	c->answer_in = (u64)r->bytes[3];
	for (u32 a = 0; a < areas; a++)
		c->area[a] = (struct comp_area){ .bytes = LARGE, .pool = i == 0 ? a : i };
}

static void enter(void)
{
	(void)mux_main();
}

static void start(void)
{
	static unsigned char stack[STACK], window[LARGE];

	snprintf(info.args, sizeof info.args, "a=disk b=disk");
	info.channels = CHANNELS;
	channel(0, COMP_CLIENT, "disk", CHANNELS);
	channel(1, COMP_SERVER, "a", 1);
	channel(2, COMP_SERVER, "b", 1);
	info.channel[0].area[0].vaddr = (u64)window;
	for (u32 i = 0; i < CHANNELS; i++)
		begin_end(i);
	(void)getcontext(&multiplexer);
	multiplexer.uc_stack.ss_sp = stack;
	multiplexer.uc_stack.ss_size = sizeof stack;
	makecontext(&multiplexer, enter, 0);
	deadline = 1;
	for (u32 i = 0; i < 20; i++)
		turn();
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

static void ok(bool good, const char *name)
{
	static u32 tests;

	printf("%s %u %s\n", good ? "ok" : "not ok", ++tests, name);
	fflush(stdout);
	if (!good)
		exit(1);
}

static void play(u32 i, u32 depth, u32 bytes)
{
	player[i].depth = depth;
	player[i].bytes = bytes;
}

static void test_alone(void)
{
	play(2, CAPACITY, LARGE);
	for (u32 i = 0; i < 1000; i++)
		turn();
	printf("#   alone: %lu KiB under way\n", most_queued / KIB);
	ok(most_queued >= 2 * MIB && most_queued <= 4 * MIB, "who is alone may have much under way");
	quiet();
}

/* The most that the flood gets while one request of the other is under way. */
static u64 longest_wait(u32 flood_bytes)
{
	u64 most = 0, before = 0, done = player[1].done;
	u32 answers = 0;

	play(2, CAPACITY, flood_bytes);
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

	printf("#   a request of 4 KiB waits for %lu KiB of large ones, for %lu of small ones\n", large / KIB,
	       small / SMALL);
	ok(large <= MIB + 2 * LARGE && small <= 80 * SMALL, "one request waits for a bounded part of a flood");
}

/* Percent of what both cost that the first gets. */
static u64 share(u32 depth, u32 bytes, u32 flood_bytes)
{
	play(1, depth, bytes);
	play(2, CAPACITY, flood_bytes);
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
	u64 same = share(32, LARGE, LARGE), less = share(8, LARGE, LARGE), small = share(CAPACITY, SMALL, LARGE);

	printf("#   shares beside 128 requests of 256 KiB: 32 of them %lu %%, 8 of them %lu %%, 128 of 4 KiB %lu %%\n",
	       same, less, small);
	ok(same >= 45 && same <= 55 && less >= 45 && less <= 55 && small >= 30,
	   "who asks for enough gets a half, however much another asks for");
}

static void test_death(void)
{
	play(1, 1, SMALL);
	play(2, CAPACITY, LARGE);
	for (u32 i = 0; i < 300; i++)
		turn();
	end[2].down = true;
	bits |= 1ull << (8 + 2);
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
	play(2, CAPACITY, LARGE);
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
			e = (struct ring_entry){ { (u32)rand() | (u64)(rand() % 7) << 32 | (u64)(rand() % 5) << 40,
						   (u64)rand() % (2 * SECTORS), (u64)rand() % (2 * LARGE),
						   (u64)(rand() % 4096) << (rand() % 10) } };
			if (rand() % 16 == 0)
				e.w[rand() % 4] = (u64)rand() << 33 | (u64)rand();
			put(2, &e);
		}
		for (u32 k = (u32)rand() % 16; k != 0 && !end[2].down && get(2, &e); k--)
			;
		if (rand() % 50 == 0)
			atomic_store(&end[2].out.out->tail, (u32)rand());
		if (rand() % 50 == 0)
			atomic_store(&end[2].in.in->head, (u32)rand());
		if (rand() % 200 == 0) {
			/* Not an error, which it may say. */
			e = (struct ring_entry){ { REQUESTS + (u64)rand() % 50, (u64)rand(), 0, 0 } };
			put(0, &e);
			/* A request that was answered wrongly is asked again of the next driver. */
			if (complaints[0] == 0)
				run();
		}
		if (rand() % 300 == 0)
			end[2].down = true, bits |= 1ull << (8 + 2);
		bits |= 1ull << 2;
		turn();
	}
	printf("#   %u rounds; %u complaints about the client, %u about the driver\n", rounds, complaints[2], complaints[0]);
	ok(player[1].done > before && complaints[2] != 0 && complaints[0] != 0,
	   "nonsense of a client and of the driver harms nobody else");
}

int main(void)
{
	start();
	test_alone();
	test_waits();
	test_shares();
	test_death();
	test_driver();
	test_nonsense(ROUNDS);
	return 0;
}
