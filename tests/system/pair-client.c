/* SPDX-License-Identifier: MIT */
/*
 * Client of systems/pair.toml, and the test: calls, requests, a server that crashes
 * in the middle.  Ends the emulator.
 */
#include "tessera/chan.h"

enum { REQUESTS = 200, WORDS = 100 };

static struct chan chan;
static u32 tests, failures;
static u64 *words;

static void check(bool ok, const char *name)
{
	failures += !ok;
	sys_print("%s %u %s\n", ok ? "ok" : "not ok", ++tests, name);
}

static u64 call(u64 n, err_t *e)
{
	struct msg m = { .w = { n }, .tag = 1 };

	*e = ep_call(comp_endpoint("square", COMP_CLIENT), &m, sys_after(5000000));
	return m.w[1] == 7 ? m.w[0] : 0;
}

static void test_calls(void)
{
	bool ok = true;
	err_t e = OK;

	for (u64 i = 0; i < 100; i++)
		ok = ok && call(i, &e) == i * i && err_is_ok(e);
	check(ok, "calls are answered, with the caller's badge");
}

/* Requests in flight when the server is lost are asked for again. @return rights answers */
static u32 ask(u32 count, u32 kill_at)
{
	u32 sent = 0, got = 0, right = 0;
	err_t e;

	while (got < count) {
		struct ring_entry r = { { sent, sent % WORDS } };

		chan_busy(&chan);
		while (sent < count && chan_put(&chan, &r) == RING_OK) {
			sent++;
			r = (struct ring_entry){ { sent, sent % WORDS } };
		}
		while (chan_get(&chan, &r) == RING_OK) {
			u64 n = r.w[0] % WORDS;

			right += r.w[0] == got && r.w[1] == n * (n - 1) / 2;
			got++;
		}
		if (kill_at != 0 && got >= kill_at) {
			kill_at = 0;
			(void)call(666, &e);
		}
		if (got == count || !chan_idle(&chan, sent < count))
			continue;
		u64 bits = comp_wait(sys_after(5000000));
		if (bits == 0)
			break;
		if (chan_news(&chan, bits) == CHAN_RESET && chan_agree(&chan) == CHAN_UP)
			sent = got;
	}
	return right;
}

static void test_crash(void)
{
	err_t e;

	(void)call(666, &e);
	check(err_is(e, DONE_GONE), "a call to a server that crashes ends");
	check(call(12, &e) == 144 && err_is_ok(e), "a call is answered by the next life");
}

static u64 lives(void)
{
	struct msg m = { .tag = (u64)SUP_USAGE << TAG_LABEL_SHIFT };

	sys_must(ep_call((ep_h){ COMP_SUPERVISOR }, &m, 0), "usage");
	return m.w[1];
}

/* The server's two, those of the program that crashes and of the one that hangs. */
static void wait_for_others(void)
{
	u64 end = sys_after(20000000);

	while (lives() < 2 + 4 + 2 && sys_clock() < end)
		(void)comp_wait(sys_after(100000));
	check(lives() == 2 + 4 + 2, "others crash and hang meanwhile");
}

int main(void)
{
	const struct comp_pool *data = comp_pool("data");

	if (data == NULL || !chan_open(&chan, "server"))
		sys_panic("no pool or channel");
	words = (u64 *)data->vaddr;
	for (u64 i = 0; i < WORDS; i++)
		words[i] = i;
	comp_ready();
	test_calls();
	check(ask(REQUESTS, 0) == REQUESTS, "requests are answered in order");
	check(ask(REQUESTS, 77) == REQUESTS, "requests are answered by a server that crashes");
	test_crash();
	wait_for_others();
	sys_print("1..%u\n", tests);
	sys_print("# done\n");
	(void)comp_call(SUP_POWER, 0, failures != 0);
	return 1;
}
