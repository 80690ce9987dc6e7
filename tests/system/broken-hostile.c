/* SPDX-License-Identifier: MIT */
/*
 * First life: breaks its ring. Second: says that its server did, wants to be served again, and
 * then says so all the time.  Third: does nothing.
 */
#include "tessera/chan.h"

static struct chan chan;

static void break_ring(void)
{
	struct ring_out *out = (struct ring_out *)chan.info->request_out;

	atomic_store(&out->tail, 12345u);
	(void)notif_signal((notif_h){ chan.info->signal }, 1);
	for (;;)
		(void)comp_wait(0);
}

static bool echo(void)
{
	struct ring_entry e = { { 1, 2, 3, 4 } };

	(void)chan_put(&chan, &e);
	while (chan_get(&chan, &e) == RING_EMPTY) {
		if (!chan_idle(&chan, false))
			continue;
		u64 bits = comp_wait(sys_after(10000000));
		if (bits == 0)
			return false;
		chan_busy(&chan);
	}
	return e.w[3] == 4;
}

static void begin_anew(void)
{
	while (chan.state != CHAN_UP) {
		if (chan_news(&chan, comp_wait(0)) == CHAN_RESET)
			(void)chan_agree(&chan);
	}
}

/* Whoever asks for new rings all the time is ended itself. */
static void accuse_always(void)
{
	for (;;) {
		chan_complain(&chan);
		begin_anew();
	}
}

int main(void)
{
	if (!chan_open(&chan, "server"))
		sys_panic("no channel");
	comp_ready();
	if (sys_comp->restarts == 0)
		break_ring();
	begin_anew();
	if (sys_comp->restarts == 2) {
		chan_stop(&chan);
		for (;;)
			(void)comp_wait(0);
	}
	bool before = echo();
	chan_complain(&chan);
	begin_anew();
	sys_print("%s before and %s after\n", before ? "served" : "not served",
		  echo() ? "served" : "not served");
	accuse_always();
	return 1;
}
