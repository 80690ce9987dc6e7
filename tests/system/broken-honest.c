/* SPDX-License-Identifier: MIT */
/* Is served all the time, whatever the other client does. */
#include "tessera/chan.h"

enum { ROUNDS = 2000 };

static struct chan chan;

static u64 lives(void)
{
	struct msg m = { .tag = (u64)SUP_USAGE << TAG_LABEL_SHIFT };

	sys_must(ep_call((ep_h){ COMP_SUPERVISOR }, &m, 0), "usage");
	return m.w[1];
}

static bool echo(u64 n)
{
	struct ring_entry e = { { n } };

	(void)chan_put(&chan, &e);
	while (chan_get(&chan, &e) == RING_EMPTY) {
		if (!chan_idle(&chan, false))
			continue;
		u64 bits = comp_wait(sys_after(10000000));
		if (bits == 0 || chan_news(&chan, bits) == CHAN_RESET)
			return false;
		chan_busy(&chan);
	}
	return e.w[0] == n;
}

int main(void)
{
	bool ok = true;

	if (!chan_open(&chan, "server"))
		sys_panic("no channel");
	comp_ready();
	for (u64 i = 0; i < ROUNDS && ok; i++)
		ok = echo(i);
	for (u64 end = sys_after(20000000); lives() < 2 && sys_clock() < end;)
		(void)comp_wait(sys_after(50000));
	(void)comp_wait(sys_after(300000));
	ok = ok && echo(ROUNDS);
	sys_print("%s 1 the other client is served on\n", ok ? "ok" : "not ok");
	bool two = lives() == 2;
	sys_print("%s 2 only the client that broke its ring was ended, twice\n",
		  two ? "ok" : "not ok");
	sys_print("1..2\n# done\n");
	(void)comp_call(SUP_POWER, 0, !ok || !two);
	return 1;
}
