/* SPDX-License-Identifier: MIT */
/*
 * The multiplexer of networks, with a driver and clients that are played here (tests/disk/play.h).  Frames leave in
 * order, one at a time, and the clock runs by their bytes.
 */
#include "../disk/play.h"

#define main mux_main
#include "../../servers/net-mux/main.c"
#undef main

enum { QUEUE = 512, COST = 64, MTU = 1500, ROOM = 2048, SENDING = 1000 };

static const u8 own[ADDRESS] = { 0x52, 0x54, 0, 0, 0, 1 }, other[ADDRESS] = { 2, 0, 0, 0, 0, 2 };

/* --- the wire ----------------------------------------------------------------------------------- */

static struct ring_entry queue[QUEUE], room[QUEUE];
static u32 queued, rooms;
static u64 sent[CHANNELS]; /* bytes and cost, by whose address they have */

static u8 *frame_of(const struct ring_entry *e)
{
	return (u8 *)info.channel[0].area[0].vaddr + e->w[1];
}

static void driver_takes(void)
{
	struct ring_entry e;

	while (!end[0].down && queued < QUEUE && rooms < QUEUE && get(0, &e)) {
		u64 operation = e.w[0] >> 32 & 0xff;

		MUST(operation <= NET_LINK && e.w[0] >> 40 == 0);
		if (operation == NET_RECEIVE)
			room[rooms++] = e;
		else if (operation != NET_LINK)
			queue[queued++] = e;
	}
}

static void driver_answers(void)
{
	if (queued == 0 || end[0].down)
		return;
	const struct ring_entry e = queue[0];
	struct ring_entry answer = { { (u32)e.w[0], 0, 0, 0 } };

	memmove(queue, queue + 1, --queued * sizeof e);
	if ((e.w[0] >> 32 & 0xff) == NET_INFO) {
		for (u32 i = 0; i < ADDRESS; i++)
			answer.w[2] |= (u64)own[i] << (8 * i);
		answer.w[2] |= (u64)MTU << 48;
	} else {
		const u8 *from = frame_of(&e) + ADDRESS;
		u32 who = memcmp(from, own, ADDRESS) == 0 ? 1 : 2;

		/* Whoever sends, it is one of the two, and the frame is whole. */
		MUST(who == 1 || memcmp(from, other, ADDRESS) == 0);
		MUST(e.w[2] >= NET_FRAME_MIN && e.w[2] <= NET_FRAME_MAX);
		sent[who] += e.w[2] + COST;
		now += 8 * e.w[2];
	}
	put(0, &answer);
}

/* A frame comes; false: the multiplexer has given no buffer. */
static bool comes(const u8 *to)
{
	if (rooms == 0 || end[0].down)
		return false;
	const struct ring_entry e = room[0];
	const struct ring_entry answer = { { (u32)e.w[0], 60, 0, 0 } };

	memmove(room, room + 1, --rooms * sizeof e);
	memset(frame_of(&e), 0, 60);
	memcpy(frame_of(&e), to, ADDRESS);
	put(0, &answer);
	return true;
}

void driver_ends(void)
{
	queued = rooms = 0;
}

/* --- clients ---------------------------------------------------------------------------------------- */

struct player {
	u32 depth, bytes, under_way;
	u64 came;
};
static struct player player[CHANNELS];

static void give_room(u32 i, u32 id)
{
	const struct ring_entry r = { { id | (u64)NET_RECEIVE << 32, (u64)id * ROOM, ROOM, 0 } };

	put(i, &r);
}

static void plays(u32 i)
{
	struct player *p = &player[i];
	struct ring_entry e;
	u8 *memory = (u8 *)info.channel[i].area[0].vaddr;

	while (p->bytes != 0 && !end[i].down && get(i, &e)) {
		if ((u32)e.w[0] >= SENDING) {
			MUST(e.w[0] >> 32 == NET_DONE);
			p->under_way--;
		} else if (e.w[0] >> 32 == NET_DONE) {
			p->came++;
			give_room(i, (u32)e.w[0]);
		}
	}
	memset(memory + 100 * ROOM, 0x99, ADDRESS);
	memory[100 * ROOM] = 0;
	memcpy(memory + 100 * ROOM + ADDRESS, i == 1 ? own : other, ADDRESS);
	for (; !end[i].down && p->under_way < p->depth; p->under_way++) {
		const struct ring_entry r = { { (SENDING + p->under_way) | (u64)NET_SEND << 32,
						100 * ROOM, p->bytes, 0 } };

		put(i, &r);
	}
}

static void turn(void)
{
	run();
	driver_takes();
	driver_answers();
	run();
	driver_takes();
	for (u32 i = 1; i < CHANNELS; i++)
		plays(i);
}

static void enter(void)
{
	(void)mux_main();
}

static void turns(u32 n)
{
	for (u32 i = 0; i < n; i++)
		turn();
}

static void play(u32 i, u32 depth, u32 bytes)
{
	player[i].depth = depth;
	player[i].bytes = bytes;
}

static void quiet(void)
{
	player[1].depth = player[2].depth = 0;
	turns(1000);
	MUST(queued == 0 && player[1].under_way == 0 && player[2].under_way == 0);
}

/* --- tests -------------------------------------------------------------------------------------------- */

/* Percent that the first gets, beside one that sends as much as it can. */
static u64 share(u32 depth, u32 bytes)
{
	play(1, depth, bytes);
	play(2, 400, NET_FRAME_MAX);
	turns(1000);
	u64 mine = sent[1], its = sent[2];
	turns(20000);
	mine = sent[1] - mine;
	its = sent[2] - its;
	quiet();
	return mine * 100 / (mine + its);
}

static void test_shares(void)
{
	u64 same = share(400, NET_FRAME_MAX), less = share(64, NET_FRAME_MAX),
	    small = share(400, 60);

	printf("#   shares: 400 frames %lu %%, 64 of them %lu %%, 400 of 60 bytes %lu %%\n", same,
	       less, small);
	ok(same >= 45 && same <= 55 && less >= 40 && less <= 60 && small >= 40 && small <= 60,
	   "who sends all the time gets a half, however much another sends");
}

/* Buffers for what comes are taken while another's frames wait. */
static void test_receiving(void)
{
	play(1, 0, 60);
	play(2, 400, NET_FRAME_MAX);
	for (u32 i = 0; i < 32; i++)
		give_room(1, i);
	turns(200);
	u64 before = player[1].came, arrived = 0;
	for (u32 i = 0; i < 2000; i++) {
		arrived += comes(own);
		turn();
	}
	turns(10);
	printf("#   %lu frames came, %lu arrived\n", arrived, player[1].came - before);
	ok(arrived >= 1000 && player[1].came - before >= arrived - 2,
	   "what comes for one arrives, however much another sends");
	quiet();
}

static void test_death(void)
{
	play(1, 1, 60);
	play(2, 400, NET_FRAME_MAX);
	turns(300);
	lose(2);
	player[2].depth = 0;
	turns(300);
	player[2].under_way = 0;
	u64 before = sent[1];
	turns(2000);
	ok(sent[1] - before > 500 * (60 + COST), "a flood that dies holds up nobody");
	quiet();
}

static void test_driver(void)
{
	play(1, 4, 60);
	play(2, 400, NET_FRAME_MAX);
	for (u32 i = 0; i < 50; i++) {
		turns(40);
		driver_ends();
		lose(0);
	}
	u64 before = sent[1];
	turns(1000);
	ok(sent[1] > before, "they go on whenever the driver is lost");
	quiet();
}

static void nonsense_of_client(void)
{
	struct ring_entry e;

	for (u32 k = (u32)rand() % 8; k != 0 && !end[2].down; k--) {
		e = (struct ring_entry){ { (u32)rand() | (u64)(rand() % 5) << 32 |
						   (u64)(rand() % 3) << 40,
					   (u64)rand() % (300 << 10), (u64)rand() % 3000,
					   (u64)rand() << (rand() % 20) } };
		if (rand() % 16 == 0)
			e.w[rand() % 4] = (u64)rand() << 33 | (u64)rand();
		put(2, &e);
	}
	scramble(2);
	if (rand() % 300 == 0)
		lose(2);
	/* Its memory may change while it is read. */
	((u8 *)info.channel[2].area[0].vaddr)[(u32)rand() % (256 << 10)] = (u8)rand();
	pending |= 1ull << 2;
}

static void test_nonsense(u32 rounds)
{
	play(1, 4, 60);
	play(2, 0, 0);
	u64 before = sent[1];

	for (u32 n = 0; n < rounds; n++) {
		nonsense_of_client();
		if (rand() % 200 == 0) {
			const struct ring_entry e = { { (u64)rand() % 400 | (u64)(rand() % 8) << 32,
							(u64)rand() % 4000, 0, (u64)rand() } };
			put(0, &e);
		}
		if (rand() % 3 == 0)
			(void)comes(rand() % 2 ? own : other);
		turn();
	}
	printf("#   %u rounds; %u complaints about the client, %u about the driver\n", rounds,
	       complaints[2], complaints[0]);
	ok(sent[1] - before > rounds * 10 && complaints[2] != 0 && complaints[0] != 0,
	   "nonsense of a client and of the driver harms nobody else");
}

int main(void)
{
	snprintf(info.args, sizeof info.args, "a=own b=02:00:00:00:00:02");
	channel(0, COMP_CLIENT, "net", QUEUE);
	channel(1, COMP_SERVER, "a", QUEUE);
	channel(2, COMP_SERVER, "b", QUEUE);
	start(enter);
	play(1, 0, 60);
	play(2, 0, 60);
	turns(20);
	test_shares();
	test_receiving();
	test_death();
	test_driver();
	test_nonsense(ROUNDS);
	return 0;
}
