/* SPDX-License-Identifier: MIT */
/*
 * A server whose first life ends with its first request, and some at once, so that it pauses; then it serves.
 */
#include <tessera/chan.h>

enum { SHORT_LIVES = 10 };

int main(void)
{
	static struct chan c;
	struct ring_entry e;

	if (!chan_open(&c, "client"))
		sys_panic("no channel");
	comp_ready();
	if (sys_comp->restarts != 0 && sys_comp->restarts < SHORT_LIVES)
		__builtin_trap();
	for (;;) {
		while (chan_get(&c, &e) == RING_OK) {
			if (sys_comp->restarts == 0)
				__builtin_trap();
			(void)chan_put(&c, &e);
		}
		u64 bits = comp_wait(chan_idle(&c, false) ? 0 : 1);

		chan_busy(&c);
		if (chan_news(&c, bits) == CHAN_RESET)
			(void)chan_agree(&c);
	}
}
