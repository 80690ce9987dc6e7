/* SPDX-License-Identifier: MIT */
/*
 * Server of systems/pair.toml: squares numbers at an endpoint, adds words of the
 * client's area for each request of the channel.
 */
#include "tessera/chan.h"

static struct chan chan;

static void answer_requests(void)
{
	const struct comp_area *area = &chan.info->area[0];
	struct ring_entry e;

	while (chan_get(&chan, &e) == RING_OK) {
		u64 sum = 0;

		for (u64 i = 0; i < e.w[1] && i < area->bytes / 8; i++)
			sum += ((const volatile u64 *)area->vaddr)[i];
		e.w[1] = sum;
		(void)chan_put(&chan, &e);
	}
	if (chan_broken(&chan))
		chan_complain(&chan);
}

static void requests(u64 bits)
{
	if (chan_news(&chan, bits) == CHAN_RESET)
		(void)chan_agree(&chan);
	do {
		chan_busy(&chan);
		answer_requests();
	} while (!chan_idle(&chan, false));
}

int main(void)
{
	ep_h square = comp_endpoint("square", COMP_SERVER);
	struct msg m = { 0 };
	bool reply_due = false;

	if (square.h == 0 || !chan_open(&chan, "client"))
		sys_panic("no endpoint or channel");
	if (sys_comp->restarts != 0)
		sys_print("life %u\n", sys_comp->restarts);
	comp_ready();
	requests(0);
	for (;;) {
		u64 deadline = comp_alive_before(0);
		err_t e = reply_due ? ep_reply_recv(square, &m, deadline, (reply_h){ 0 })
				    : ep_recv(square, &m, deadline);

		reply_due = err_is_ok(e);
		if (err_is_ok(e) && m.w[0] == 666)
			*(volatile u64 *)0x100000 = 1;
		if (err_is_ok(e))
			m = (struct msg){ .w = { m.w[0] * m.w[0], m.badge }, .tag = 2 };
		else if (err_is(e, DONE_SIGNAL))
			requests(m.badge);
		if (!reply_due)
			m = (struct msg){ 0 };
		comp_alive();
	}
}
