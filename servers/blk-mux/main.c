/* SPDX-License-Identifier: MIT */
/*
 * The multiplexer of a block device.  Word of `args` for tests: "crash-after-ms=N".
 */
#include "mux.h"

int main(void)
{
	u64 bits = 0, crash = sys_after(1000 * sys_option_number("crash-after-ms=", 1ull << 32));

	disk_open();
	clients_open();
	comp_ready();
	for (;;) {
		requests_finish();
		bool more = clients_take();

		requests_issue();
		bool idle = chan_idle(&disk.chan, false);
		idle &= clients_idle();
		bits = comp_wait(more || !idle ? 1 : disk_deadline());
		if (sys_clock() >= crash)
			__builtin_trap();
		chan_busy(&disk.chan);
		disk_news(bits);
		clients_news(bits);
		disk_time();
	}
}
