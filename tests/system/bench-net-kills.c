/* SPDX-License-Identifier: MIT */
/*
 * How many frames arrive in a second, sent through one device and received through another that is on
 * the same wire: "rate-ms=N" says how long it is tried.  Who is killed meanwhile is said elsewhere.
 */
#include <tessera/net.h>

#include "bench.h"

enum { SENDING = 32, ROOMS = 128, BUFFER = 2048, FRAME = 1514, INFO = 1000 };

struct side {
	struct chan chan;
	u8 *area;
	u8 address[6];
	bool known;
};

static struct side from, to;
static u64 came;
static bool free_buffer[SENDING];

static void put(struct side *s, u32 id, u64 operation, u64 bytes)
{
	const struct ring_entry e = { { id | operation << 32, (u64)id * BUFFER, bytes, 0 } };

	(void)chan_put(&s->chan, &e);
}

static void learn(struct side *s, u64 word)
{
	for (u32 i = 0; i < 6; i++)
		s->address[i] = (u8)(word >> (8 * i));
	s->known = true;
}

static void take(void)
{
	struct ring_entry e;

	while (chan_get(&from.chan, &e) == RING_OK) {
		u32 id = (u32)e.w[0];

		if (id == INFO)
			learn(&from, e.w[2]);
		else if (id < SENDING)
			free_buffer[id] = true;
	}
	while (chan_get(&to.chan, &e) == RING_OK) {
		u32 id = (u32)e.w[0];

		if (id == INFO) {
			learn(&to, e.w[2]);
		} else if (id < ROOMS) {
			came += e.w[0] >> 32 == NET_DONE && e.w[1] == FRAME;
			put(&to, id, NET_RECEIVE, BUFFER);
		}
	}
}

static void wait(void)
{
	bool idle_now = chan_idle(&from.chan, false);

	idle_now &= chan_idle(&to.chan, false);
	u64 bits = comp_wait(idle_now ? sys_after(100000) : 1);

	chan_busy(&from.chan);
	chan_busy(&to.chan);
	(void)chan_news(&from.chan, bits);
	(void)chan_news(&to.chan, bits);
	take();
}

static void open(struct side *s, const char *name)
{
	if (!chan_open(&s->chan, name))
		sys_panic("no network");
	s->area = (u8 *)s->chan.info->area[0].vaddr;
	put(s, INFO, NET_INFO, 0);
}

static void send_all(void)
{
	for (u32 i = 0; i < SENDING; i++) {
		if (free_buffer[i])
			put(&from, i, NET_SEND, FRAME);
		free_buffer[i] = false;
	}
}

static void make_frames(void)
{
	for (u32 i = 0; i < SENDING; i++) {
		u8 *f = from.area + (u64)i * BUFFER;

		memcpy(f, to.address, 6);
		memcpy(f + 6, from.address, 6);
		f[12] = 0x88;
		f[13] = 0xb6;
		free_buffer[i] = true;
	}
}

int main(void)
{
	open(&from, "from");
	open(&to, "to");
	while (!from.known || !to.known)
		wait();
	for (u32 i = 0; i < ROOMS; i++)
		put(&to, i, NET_RECEIVE, BUFFER);
	comp_ready();
	make_frames();
	for (u64 end = sys_after(20000); sys_clock() < end; wait())
		send_all();
	u64 ms = sys_option_number("rate-ms=", 1000), before = came;
	for (u64 end = sys_after(1000 * ms); sys_clock() < end; wait())
		send_all();
	sys_print("bench name=net_tx_1514_rate value=%lu unit=per_second n=%lu\n",
		  (came - before) * 1000 / ms, came - before);
	sys_print("# done\n");
	return 0;
}
