/* SPDX-License-Identifier: MIT */
/*
 * How much it gets done while others, which run before it but only half of the time, keep init busy,
 * which runs before everybody; as a part of what it gets done alone.
 */
#include "tessera/chan.h"

enum { ALONE_US = 50000, FLOOD_US = 500000, LEAST_PERCENT = 20 };

static u64 work(u64 us)
{
	u64 n = 0;

	for (u64 end = sys_after(us); sys_clock() < end; n++)
		;
	return n;
}

int main(void)
{
	static const char *const name[] = {
		"one that writes without end leaves others their time",
		"one that calls init without end leaves others their time",
		"one that dies at once leaves others their time"
	};
	volatile u64 *turn = (volatile u64 *)comp_pool("turn")->vaddr;

	comp_ready();
	(void)comp_wait(sys_after(ALONE_US));
	u64 alone = work(ALONE_US) * (FLOOD_US / ALONE_US);
	for (u64 i = 0; i < 3; i++) {
		*turn = i + 1;
		u64 percent = work(FLOOD_US) * 100 / alone;

		sys_print("# %lu %% of what is done alone\n", percent);
		sys_print("%s %lu %s\n", percent >= LEAST_PERCENT ? "ok" : "not ok", i + 1,
			  name[i]);
	}
	*turn = 4;
	/* The last one may have to wait until its text is taken. */
	sys_print("# done\n");
	return 0;
}
