/* SPDX-License-Identifier: MIT */
/*
 * A driver of a source of bytes on the emulated machine.
 */
#include <tessera/stream.h>

#include "platform.h"

static void read_some(u32 times)
{
	u64 all = 0, same = ~0ull;
	struct ring_entry e;

	for (u32 i = 0; i < times; i++) {
		request(i | (u64)STREAM_READ << 32 | (u64)STREAM_BYTES << 40, 0, 0, 0);
		if (!CHECK(answer(&e)))
			return;
		CHECK((u32)e.w[0] == i && (e.w[0] >> 32 & 0xff) == STREAM_DONE);
		CHECK(e.w[0] >> 40 >= 1 && e.w[0] >> 40 <= STREAM_BYTES);
		all |= e.w[1];
		same &= e.w[1];
	}
	CHECK(all == ~0ull && same == 0);
}

int main(void)
{
	platform_open();
	CHECK(platform_start() == DRV_OK);
	report("the driver starts");
	read_some(200);
	report("bytes come, and they differ");
	for (u32 i = 0; i < 5; i++) {
		request(1 | (u64)STREAM_READ << 32 | 1ull << 40, 0, 0, 0);
		(void)platform_turn();
		CHECK(platform_start() == DRV_OK);
		read_some(50);
	}
	report("started again with a read under way, it goes on");
	driver_quiesce(&drv);
	sys_print("# done\n");
	return 0;
}
