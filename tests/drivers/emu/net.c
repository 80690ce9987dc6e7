/* SPDX-License-Identifier: MIT */
/*
 * A driver of a network device on the emulated machine, whose network has a host 10.0.2.2 that
 * answers ARP and echo requests.
 */
#include <tessera/net.h>

#include "platform.h"

enum { BUFFERS = 16, BUFFER = 4096, FRAME = 64, SEND_AT = BUFFERS * BUFFER, ROUNDS = 200 };

static u8 own[6];

static void give(u32 id)
{
	request(id | (u64)NET_RECEIVE << 32, id * BUFFER, NET_ROOM_MIN, 0);
}

static void test_info(void)
{
	struct ring_entry e;

	request(100 | (u64)NET_INFO << 32, 0, 0, 0);
	if (CHECK(answer(&e))) {
		CHECK(e.w[0] == (100 | (u64)NET_DONE << 32));
		memcpy(own, &e.w[2], 6);
		sys_print("# address %x:%x:%x:%x:%x:%x, flags %lu\n", own[0], own[1], own[2], own[3],
			  own[4], own[5], e.w[3]);
		CHECK(own[0] == 0x52 && own[1] == 0x54 && !(e.w[3] & NET_FLAG_LINK_DOWN));
	}
	report("info says address and link");
}

static void send_arp(void)
{
	static const u8 request_head[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
	static const u8 mine[4] = { 10, 0, 2, 15 }, other[4] = { 10, 0, 2, 2 };
	u8 *f = area + SEND_AT;

	memset(f, 0, FRAME);
	memset(f, 0xff, 6);
	memcpy(f + 6, own, 6);
	memcpy(f + 12, request_head, 10);
	memcpy(f + 22, own, 6);
	memcpy(f + 28, mine, 4);
	memcpy(f + 38, other, 4);
	request(99 | (u64)NET_SEND << 32, SEND_AT, FRAME, 0);
}

static bool is_arp_answer(const u8 *f, u64 bytes)
{
	static const u8 other[4] = { 10, 0, 2, 2 };

	return bytes >= 42 && memcmp(f, own, 6) == 0 && f[12] == 8 && f[13] == 6 && f[21] == 2 &&
	       memcmp(f + 28, other, 4) == 0;
}

/* Ask, and wait until the question has left and the answer is here. */
static void ask(void)
{
	bool sent = false, answered = false;
	struct ring_entry e;

	send_arp();
	for (u32 i = 0; i < 20 && !(sent && answered); i++) {
		if (!CHECK(answer(&e)))
			return;
		u32 id = (u32)e.w[0];
		CHECK(e.w[0] >> 32 == NET_DONE);
		if (id == 99) {
			sent = true;
		} else if (CHECK(id < BUFFERS)) {
			answered |= is_arp_answer(area + id * BUFFER, e.w[1]);
			give(id);
		}
	}
	CHECK(sent && answered);
}

static void begin(void)
{
	CHECK(platform_start() == DRV_OK);
	for (u32 i = 0; i < BUFFERS; i++)
		give(i);
}

int main(void)
{
	platform_open();
	begin();
	report("the driver starts");
	test_info();
	for (u32 i = 0; i < ROUNDS; i++)
		ask();
	report("200 questions are answered");
	for (u32 life = 0; life < 5; life++) {
		send_arp();
		(void)platform_turn();
		begin();
		for (u32 i = 0; i < 20; i++)
			ask();
	}
	report("started again with frames under way, it goes on");
	driver_quiesce(&drv);
	sys_print("# done\n");
	return 0;
}
