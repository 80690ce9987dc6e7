/* SPDX-License-Identifier: MIT */
/*
 * A client of the network that sends every frame back that comes for it alone.  With the word
 * "flood" it sends the largest frames to the wire as well, all the time.
 */
#include <tessera/chan.h>
#include <tessera/net.h>

enum { BUFFERS = 64, BUFFER = 2048, SENT = 1 << 8, FLOOD = 1 << 9, MANY = 120 };

static struct chan net;
static u8 *area;
static u32 under_way; /* of the flood */

static void put(u32 id, u64 operation, u32 buffer, u64 bytes)
{
	const struct ring_entry e = { { id | operation << 32, (u64)buffer * BUFFER, bytes, 0 } };

	(void)chan_put(&net, &e);
}

static void flood(void)
{
	static const u8 head[18] = { 2, 0, 0, 0,    0,    0x99, 2,   0,   0,
				     0, 0, 2, 0x88, 0xb5, 'F',  'L', 'O', 'D' };

	for (; under_way < MANY; under_way++) {
		memcpy(area + BUFFERS * BUFFER, head, sizeof head);
		put(FLOOD, NET_SEND, BUFFERS, NET_FRAME_MAX);
	}
}

static void begin(void)
{
	under_way = 0;
	for (u32 i = 0; i < BUFFERS; i++)
		put(i, NET_RECEIVE, i, BUFFER);
}

/* What came in a buffer goes out of it, then it is given to be filled again. */
static void one(const struct ring_entry *e)
{
	u32 id = (u32)e->w[0], buffer = id & (SENT - 1);
	u8 *f = area + (u64)buffer * BUFFER, to[6];

	if (id & FLOOD) {
		under_way--;
		return;
	}
	if (id & SENT || e->w[0] >> 32 != NET_DONE || f[0] & 1) {
		put(buffer, NET_RECEIVE, buffer, BUFFER);
		return;
	}
	memcpy(to, f + 6, 6);
	memcpy(f + 6, f, 6);
	memcpy(f, to, 6);
	put(buffer | SENT, NET_SEND, buffer, e->w[1]);
}

int main(void)
{
	struct ring_entry e;

	if (!chan_open(&net, "net"))
		sys_panic("no network");
	area = (u8 *)net.info->area[0].vaddr;
	begin();
	comp_ready();
	for (;;) {
		while (chan_get(&net, &e) == RING_OK)
			one(&e);
		if (sys_option("flood"))
			flood();
		u64 bits = comp_wait(chan_idle(&net, false) ? 0 : 1);

		chan_busy(&net);
		if (chan_news(&net, bits) == CHAN_RESET && chan_agree(&net) == CHAN_UP)
			begin();
	}
}
