/* SPDX-License-Identifier: MIT */
/*
 * The ext2 server: mounts, serves one client, commits every few seconds.
 *
 * Called by:  init, as a component with channels `fs` (server; areas: messages, cache) and `blk` (client).
 */
#include "server.h"

enum { COMMIT_US = 5000000 };

struct server server;
u64 server_bits;

static struct chan client;
static struct fs_message *messages;

static void fail(const char *why)
{
	sys_print("ext2: %s\n", why);
	sys_exit(1);
}

static void find_areas(void)
{
	const struct comp_area *a;

	if (!chan_open(&client, "fs") || client.info->areas < 2)
		fail("no channel `fs` with areas for messages and for the cache");
	a = client.info->area;
	if (a[0].vaddr == 0 || a[0].bytes < (u64)FS_SLOTS * FS_SLOT_BYTES || a[1].vaddr == 0)
		fail("the areas of channel `fs` are too small, or not mapped");
	messages = (void *)a[0].vaddr;
	server.cache = (void *)a[1].vaddr;
	server.cache_bytes = a[1].bytes;
}

static void mount(void)
{
	static struct e2_dev dev;
	static struct e2_opts opts;

	if (!disk_open(&dev))
		fail("the channel `blk` has no device, or not the cache as an area");
	opts.flags = dev.write == NULL ? E2_RDONLY : E2_KEEP;
	server.epoch_ns = sys_comp->epoch_ns;
	opts.now_sec = server.epoch_ns / 1000000000;
	int r = e2_mount(&server.fs, &dev, server.cache, server.cache_bytes, &opts);
	server.reason = opts.reason;
	if (r != 0) {
		/* Whoever asks to mount it is told why. */
		sys_print("ext2: not mounted: %s (error %d)\n", opts.reason ? opts.reason : "?",
			  -r);
		server.fs = NULL;
		return;
	}
	struct e2_statfs s;
	e2_statfs(server.fs, &s);
	server.read_only = s.is_readonly != 0;
	if (opts.reason != NULL)
		sys_print("ext2: only for reading: %s\n", opts.reason);
	if (!held_init())
		fail("no memory for its tables");
}

u64 clock_ns(void)
{
	return sys_clock() / (sys_comp->clock_hz / 1000000) * 1000;
}

/* What changes now is recorded with; never 0, which e2fsck takes for no time at all. */
static void set_time(void)
{
	u64 ns = server.epoch_ns + clock_ns();

	e2_set_time(server.fs, (struct e2_time){ (s64)(ns / 1000000000) + (ns < 1000000000),
						 (u32)(ns % 1000000000) });
}

static void serve_all(void)
{
	struct ring_entry e;

	if (server.fs != NULL)
		set_time();
	/* Nothing is taken that cannot be answered. */
	while (chan_can_answer(&client, 0) && chan_get(&client, &e) == RING_OK) {
		u32 slot = (u32)e.w[0];

		if (slot < FS_SLOTS)
			serve(&e, (void *)((char *)messages + (u64)slot * FS_SLOT_BYTES));
		else
			e.w[1] = (u64)-E2_EINVAL;
		(void)chan_put(&client, &e);
	}
	if (chan_broken(&client))
		chan_complain(&client);
}

/* For requests, or, when there is no room for their answers, for that. */
static bool may_wait(void)
{
	return chan_can_answer(&client, 0) ? chan_idle(&client, false)
					   : chan_idle_for_answers(&client, 0);
}

static void look_at(u64 bits)
{
	if (chan_news(&client, bits) == CHAN_RESET) {
		if (server.fs != NULL)
			held_drop_all();
		server.stage = STAGE_NEW;
		(void)chan_agree(&client);
	}
}

int main(void)
{
	u64 commit_at = sys_after(COMMIT_US);

	find_areas();
	mount();
	comp_ready();
	for (;;) {
		chan_busy(&client);
		serve_all();
		if (sys_clock() >= commit_at) {
			if (server.fs != NULL)
				(void)e2_commit(server.fs);
			commit_at = sys_after(COMMIT_US);
		}
		u64 bits = server_bits;
		server_bits = 0;
		if (bits == 0 && may_wait())
			bits = comp_wait(commit_at);
		look_at(bits);
	}
}
