/* SPDX-License-Identifier: MIT */
/*
 * The multiplexer of a network device.
 */
#include "mux.h"

int main(void)
{
	wire_open();
	clients_open();
	comp_ready();
	for (;;) {
		bool any = wire_take();

		any |= clients_take();
		bool idle = chan_idle(&wire.chan, false);
		idle &= clients_idle();
		u64 bits = comp_wait(any || !idle ? 1 : wire_deadline());
		wire_news(bits);
		clients_news(bits);
		wire_time();
	}
}
