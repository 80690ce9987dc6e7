/* SPDX-License-Identifier: MIT */
/*
 * A client of a network whose driver is hostile: each request comes to an end, soon enough; meanwhile
 * others work as before.
 */
#include <tessera/chan.h>
#include <tessera/net.h>

enum { FRAMES = 300, WINDOW = 32, BUFFER = 2048, FRAME = 60, BOUND_MS = 60000, LOOKS = 3 };
enum { INFO = 1, SENT = 2 };

static struct chan net;
static u32 info_status, under_way, sent, refused;
static bool informed;
static u8 own[6];

static void check(bool ok, const char *name)
{
	static u32 tests;

	sys_print("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

static void take(void)
{
	struct ring_entry e;

	while (chan_get(&net, &e) == RING_OK) {
		u32 status = (u32)(e.w[0] >> 32);

		if ((u32)e.w[0] == INFO) {
			informed = true;
			info_status = status;
			for (u32 i = 0; i < 6; i++)
				own[i] = (u8)(e.w[2] >> (8 * i));
			continue;
		}
		under_way--;
		sent++;
		refused += status != NET_DONE;
	}
}

static bool in_time(u64 began)
{
	return (sys_clock() - began) / sys_ticks(1000) < BOUND_MS;
}

static void wait(void)
{
	u64 bits = comp_wait(chan_idle(&net, false) ? sys_after(100000) : 1);

	chan_busy(&net);
	(void)chan_news(&net, bits);
	take();
}

static void put(u32 id, u64 operation)
{
	const struct ring_entry e = { { id | operation << 32, 0, FRAME, 0 } };

	(void)chan_put(&net, &e);
}

int main(void)
{
	const volatile u64 *count = (const volatile u64 *)comp_pool("told")->vaddr;
	u64 began = sys_clock(), before = count[0];

	if (!chan_open(&net, "net"))
		sys_panic("no network");
	comp_ready();
	put(INFO, NET_INFO);
	while (!informed && in_time(began))
		wait();
	u8 *frame = (u8 *)net.info->area[0].vaddr;
	memset(frame, 0xff, 6);
	memcpy(frame + 6, own, 6);
	while (sent + under_way < FRAMES || (under_way != 0 && in_time(began))) {
		for (; under_way < WINDOW && sent + under_way < FRAMES; under_way++)
			put(SENT, NET_SEND);
		wait();
		if (!in_time(began))
			break;
	}
	sys_print("# network %s, %u of %u frames taken, after %lu ms\n",
		  info_status == NET_DONE ? "there" : "gone", sent - refused, sent,
		  (sys_clock() - began) / sys_ticks(1000));
	check(informed && sent == FRAMES && in_time(began), "all requests came to an end");
	for (u32 i = 0; i < BOUND_MS / 500 && count[0] - before <= LOOKS; i++)
		(void)comp_wait(sys_after(500000));
	check(count[0] - before > LOOKS, "another program went on");
	check(count[1] == 0, "its memory is as it was");
	sys_print("# done\n");
	return 0;
}
