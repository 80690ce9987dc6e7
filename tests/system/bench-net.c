/* SPDX-License-Identifier: MIT */
/*
 * Instructions for a frame of 60 bytes (64 with its check sequence), of everybody: client, multiplexer,
 * driver, kernel.  Frames come from a peer, as many at a time as the first byte behind the head of a frame to
 * it says.
 */
#include <tessera/net.h>

#include "bench.h"

enum {
	BUFFERS = 64,
	BUFFER = 2048,
	FRAME = 60,
	SENDING = 1000,
	FRAMES = 2048,
	QUIET_US = 1000000000,
	WAIT_US = 1000000
};

static struct chan net;
static u8 *area, own[6];
static u32 under_way; /* frames sent whose buffers are not free yet */
static u64 came, went;
static bool forward, known;

static void put(u32 id, u64 operation, u64 place, u64 bytes)
{
	const struct ring_entry e = { { id | operation << 32, place, bytes, 0 } };

	(void)chan_put(&net, &e);
}

/* A frame that came in buffer `id`: away with it, or back to where it came from. */
static void received(u32 id, u64 bytes)
{
	u8 *f = area + (u64)id * BUFFER;

	came++;
	if (!forward) {
		put(id, NET_RECEIVE, (u64)id * BUFFER, BUFFER);
		return;
	}
	memcpy(f, f + 6, 6);
	memcpy(f + 6, own, 6);
	put(SENDING + id, NET_SEND, (u64)id * BUFFER, bytes);
}

static void take(void)
{
	struct ring_entry e;

	while (chan_get(&net, &e) == RING_OK) {
		u32 id = (u32)e.w[0];

		if (id < BUFFERS && e.w[0] >> 32 == NET_DONE) {
			received(id, e.w[1]);
		} else if (id >= SENDING && id < SENDING + BUFFERS) {
			went++;
			put(id - SENDING, NET_RECEIVE, (u64)(id - SENDING) * BUFFER, BUFFER);
		} else if (id >= SENDING + BUFFERS && id < SENDING + 2 * BUFFERS) {
			went++;
			under_way--;
		} else if (id == SENDING - 1) {
			for (u32 i = 0; i < 6; i++)
				own[i] = (u8)(e.w[2] >> (8 * i));
			known = true;
		}
	}
}

static void wait(u64 us)
{
	u64 bits = comp_wait(chan_idle(&net, false) ? sys_after(us) : 1);

	chan_busy(&net);
	(void)chan_news(&net, bits);
	take();
}

/* Frames of its own, from the buffers behind those that are given to be filled. */
static void send_some(u32 n, u8 pace)
{
	while (under_way != 0)
		wait(100000);
	for (; under_way < n; under_way++) {
		u64 place = (BUFFERS + (u64)under_way) * BUFFER;
		u8 *f = area + place;

		memset(f, 0, FRAME);
		f[0] = 2;
		memcpy(f + 6, own, 6);
		f[12] = 0x88;
		f[13] = 0xb6;
		f[14] = pace;
		put(SENDING + BUFFERS + under_way, NET_SEND, place, FRAME);
	}
	while (under_way != 0)
		wait(100000);
}

static void print(const char *name, const struct mark *m, u64 n)
{
	section_end();
	sys_print("bench name=%s value=%lu unit=instructions n=%lu\n", name, work_since(m) / n, n);
}

/* Into the void. */
static void measure_sending(const char *name, u32 batch, u64 n)
{
	send_some(batch, 0);
	section_begin();
	struct mark m = mark();
	for (u64 i = 0; i < n; i += batch)
		send_some(batch, 0);
	print(name, &m, n);
}

/* The peer sends so many frames at a time for as long as a frame to it says so. */
static void measure_coming(const char *name, u64 *count, u8 batch, u64 n)
{
	send_some(1, batch);
	for (u64 first = *count + 2 * batch, end = sys_after(QUIET_US); *count < first;) {
		if (sys_clock() > end)
			sys_panic("nothing comes");
		wait(WAIT_US);
	}
	section_begin();
	struct mark m = mark();
	u64 before = *count;
	while (*count < before + n)
		wait(WAIT_US);
	print(name, &m, *count - before);
}

int main(void)
{
	if (!chan_open(&net, "net"))
		sys_panic("no network");
	area = (u8 *)net.info->area[0].vaddr;
	put(SENDING - 1, NET_INFO, 0, 0);
	comp_ready();
	while (!known)
		wait(100000);
	calibrate();
	measure_sending("net_tx_64_b1", 1, FRAMES);
	measure_sending("net_tx_64_b32", 32, FRAMES);
	for (u32 i = 0; i < BUFFERS; i++)
		put(i, NET_RECEIVE, (u64)i * BUFFER, BUFFER);
	measure_coming("net_rx_64_b1", &came, 1, FRAMES);
	measure_coming("net_rx_64_b32", &came, 32, FRAMES);
	forward = true;
	measure_coming("net_forward_64_b1", &went, 1, FRAMES);
	measure_coming("net_forward_64_b32", &went, 32, FRAMES);
	sys_print("# done\n");
	return 0;
}
