/* SPDX-License-Identifier: MIT */
/*
 * Has a component crash a thousand times by calling it, and compares what init then has left.
 * init.end=NAME:MS on the boot command line must not be used with it.
 */
#include "tessera/chan.h"

enum { FIRST = 20, LIVES = 1000 };

struct usage {
	u64 lives, pages, slots, left;
};

static struct usage usage(void)
{
	struct msg m = { .tag = (u64)SUP_USAGE << TAG_LABEL_SHIFT };

	sys_must(ep_call((ep_h){ COMP_SUPERVISOR }, &m, 0), "usage");
	return (struct usage){ m.w[1], m.w[2], m.w[3], m.w[4] };
}

static struct chan chan;
static u64 resets;

/* One crash, and the next life is there. */
static bool crash(ep_h end)
{
	struct msg m = { 0 };
	u64 before = usage().lives;

	while (usage().lives == before)
		(void)ep_call(end, &m, sys_after(20000000));
	u64 bits = comp_wait(sys_after(20000000));
	if (chan_news(&chan, bits) == CHAN_RESET && chan_agree(&chan) == CHAN_UP)
		resets++;
	return usage().lives == before + 1;
}

int main(void)
{
	ep_h end = comp_endpoint("end", COMP_CLIENT);
	struct usage first = { 0 }, last;
	bool ok = true;

	if (!chan_open(&chan, "crasher") || end.h == 0)
		sys_panic("no channel or endpoint");
	comp_ready();
	u64 began = sys_clock();
	for (u32 i = 0; i < LIVES && ok; i++) {
		ok = crash(end);
		if (i == FIRST)
			first = usage();
	}
	last = usage();
	u64 us = (sys_clock() - began) / sys_ticks(1);
	sys_print("# %lu us from crash to crash\n", us / LIVES);
	sys_print("%s 1 a component crashes and is started again a thousand times\n",
		  ok ? "ok" : "not ok");
	sys_print("# %lu lives, %lu times new rings; pages %lu and %lu, slots %lu and %lu\n",
		  last.lives, resets, first.pages, last.pages, first.slots, last.slots);
	ok = ok && resets == LIVES;
	sys_print("%s 2 its channel begins anew each time\n", resets == LIVES ? "ok" : "not ok");
	bool same =
		first.pages == last.pages && first.slots == last.slots && first.left == last.left;
	sys_print("%s 3 everything that its lives took came back\n", same ? "ok" : "not ok");
	sys_print("1..3\n# done\n");
	(void)comp_call(SUP_POWER, 0, !ok || !same);
	return 1;
}
