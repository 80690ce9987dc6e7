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
		wire_take();
		bool more = clients_take(), idle = chan_idle(&wire.chan, false);
		idle &= clients_idle();
		u64 bits = comp_wait(more || !idle ? 1 : wire_deadline());
		wire_news(bits);
		clients_news(bits);
		wire_time();
	}
}
