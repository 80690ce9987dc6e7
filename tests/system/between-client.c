/* SPDX-License-Identifier: MIT */
/*
 * Accuses its server when no answer comes, also while that pauses between two lives; asks again on new rings.
 */
#include <tessera/chan.h>

enum { PATIENCE_US = 400000, ALL_US = 30000000, QUESTION = 7 };

static struct chan c;

static void ask(void)
{
	const struct ring_entry e = { { QUESTION } };

	(void)chan_put(&c, &e);
}

/* False: no answer came in all that time. */
static bool is_answered(u32 *accusations)
{
	u64 end = sys_after(ALL_US), patience = sys_after(PATIENCE_US);
	struct ring_entry e;

	while (sys_clock() < end) {
		if (chan_get(&c, &e) == RING_OK)
			return e.w[0] == QUESTION;
		u64 bits = comp_wait(chan_idle(&c, false) ? patience : 1);

		chan_busy(&c);
		if (chan_news(&c, bits) == CHAN_RESET) {
			if (chan_agree(&c) == CHAN_UP)
				ask();
			patience = sys_after(PATIENCE_US);
		}
		if (sys_clock() < patience)
			continue;
		if (c.state == CHAN_UP) {
			chan_complain(&c);
			(*accusations)++;
		}
		patience = sys_after(PATIENCE_US);
	}
	return false;
}

int main(void)
{
	u32 accusations = 0;

	if (!chan_open(&c, "server"))
		sys_panic("no channel");
	comp_ready();
	ask();
	bool answered = is_answered(&accusations);

	sys_print("%s 1 it is served although it accused a server between two lives\n",
		  answered && accusations != 0 ? "ok" : "not ok");
	sys_print("# %u accusations\n# done\n", accusations);
	return 0;
}
