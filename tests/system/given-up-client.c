/* SPDX-License-Identifier: MIT */
/*
 * Is told that its server will not come back, and lives on, longer than init waits for one that does
 * not let go of the rings.
 */
#include "tessera/chan.h"

enum { TOLD_US = 20000000, LIFE_US = 2000000 };

int main(void)
{
	struct chan c;
	u64 end = sys_after(TOLD_US);

	if (!chan_open(&c, "server"))
		sys_panic("no channel");
	comp_ready();
	while (c.state != CHAN_GONE && sys_clock() < end) {
		u64 bits = comp_wait(sys_after(100000));

		if (chan_news(&c, bits) == CHAN_RESET)
			(void)chan_agree(&c);
	}
	sys_print("%s 1 the end of its server is told\n", c.state == CHAN_GONE ? "ok" : "not ok");
	(void)comp_wait(sys_after(LIFE_US));
	sys_print("ok 2 it lives on\n# done\n");
	return 0;
}
