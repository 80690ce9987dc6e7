/* SPDX-License-Identifier: MIT */
/*
 * With the argument "watch": a client that is served through all lives of its server, until init
 * has ended the other one, which does not let go of its rings.
 */
#include "tessera/chan.h"

static struct chan chan;

static bool other_ended(void)
{
	struct msg m = { .tag = (u64)SUP_USAGE << TAG_LABEL_SHIFT };

	sys_must(ep_call((ep_h){ COMP_SUPERVISOR }, &m, 0), "usage");
	return m.w[1] >= 3;
}

/* Asks again when the channel begins anew. */
static bool echo(u64 n)
{
	struct ring_entry e = { { n } };

	(void)chan_put(&chan, &e);
	while (chan_get(&chan, &e) == RING_EMPTY) {
		if (!chan_idle(&chan, false))
			continue;
		u64 bits = comp_wait(sys_after(10000000));
		if (bits == 0)
			return false;
		if (chan_news(&chan, bits) == CHAN_RESET && chan_agree(&chan) == CHAN_UP) {
			e = (struct ring_entry){ { n } };
			(void)chan_put(&chan, &e);
		}
		chan_busy(&chan);
	}
	return e.w[0] == n;
}

int main(void)
{
	u64 end = sys_after(30000000), n = 0;
	bool ok = true;

	if (!chan_open(&chan, "server"))
		sys_panic("no channel");
	comp_ready();
	while (sys_option("watch") == NULL)
		(void)comp_wait(0);
	while (!other_ended() && ok && sys_clock() < end) {
		ok = echo(n++);
		sys_must(thread_yield(), "yield");
	}
	ok = ok && other_ended() && echo(n);
	sys_print("%s 1 a client is served while another does not let go\n", ok ? "ok" : "not ok");
	sys_print("1..1\n# done\n");
	(void)comp_call(SUP_POWER, 0, !ok);
	return 1;
}
