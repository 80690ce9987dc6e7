/* SPDX-License-Identifier: MIT */
/* Answers each request of two clients by itself. */
#include "tessera/chan.h"

enum { CLIENTS = 2 };

static struct chan chan[CLIENTS];

static void serve(struct chan *c)
{
	struct ring_entry e;

	chan_busy(c);
	while (chan_get(c, &e) == RING_OK)
		(void)chan_put(c, &e);
	if (chan_broken(c))
		chan_complain(c);
}

int main(void)
{
	u64 bits = 0;

	for (u32 i = 0; i < CLIENTS; i++) {
		if (!chan_open_number(&chan[i], i))
			sys_panic("no channel");
	}
	comp_ready();
	for (;;) {
		bool idle = true;

		for (u32 i = 0; i < CLIENTS; i++) {
			if (chan_news(&chan[i], bits) == CHAN_RESET)
				(void)chan_agree(&chan[i]);
			serve(&chan[i]);
			idle = chan_idle(&chan[i], false) && idle;
		}
		bits = idle ? comp_wait(0) : 0;
	}
}
