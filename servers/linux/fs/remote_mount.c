/* SPDX-License-Identifier: MIT */
/*
 * A file system server's file system as a whole: mounting, writing back, leaving.
 *
 * Owns:       the timer that tells the server what changed.
 */
#include "remote.h"
#include "remote_page.h"

#include "tessera/chan.h"

enum {
	WRITE_TURNS = 30,
	REST_TURNS = 5
}; /* turns of telling, until what was changed is written; if inodes rest */
#define TELL_NS 1000000000ull

static struct super *mounted;
static struct timer tell_timer;

static s64 statfs(struct super *sb, struct lx_statfs *out)
{
	struct fs_call c;

	(void)sb;
	call_begin(&c);
	s64 r = call_ask(&c, FS_STATFS, 0, 0, 0);
	if (r >= 0) {
		const struct fs_statfs s = c.m->statfs;

		*out = (struct lx_statfs){ .type = 0xef53,
					   .block_bytes = s.block_size,
					   .blocks = s.blocks,
					   .blocks_free = s.free,
					   .blocks_available = s.available,
					   .files = s.files,
					   .files_free = s.files_free,
					   .name_len = s.name_max,
					   .fragment = s.block_size };
	}
	call_end(&c);
	return r < 0 ? r : 0;
}

static s64 note_mapped(struct remote_node *n)
{
	mm_file_dirty(&n->i);
	return 0;
}

static s64 sync_all(struct super *sb)
{
	(void)sb;
	(void)remote_each(note_mapped);
	s64 r = remote_sync_all();
	remote_forget_settled();
	return r;
}

static void tell_soon(struct timer *t);

static void tell_now(void *unused)
{
	static u32 turns;

	(void)unused;
	turns++;
	remote_tell_all();
	if ((remote_rests() && turns >= REST_TURNS) ||
	    (remote_unsettled() != 0 && turns >= WRITE_TURNS)) {
		turns = 0;
		(void)sync_all(mounted);
	}
	timer_arm(&tell_timer, now_mono() + TELL_NS, tell_soon);
}

static void tell_soon(struct timer *t)
{
	if (!fiber_start(tell_now, NULL))
		timer_arm(t, now_mono() + TELL_NS, tell_soon);
}

void remote_set_read_only(void)
{
	if (!mounted->read_only)
		log_line("the disk can only be read from now on: what was not written when the "
			 "file system server ended is lost");
	mounted->read_only = true;
}

void remote_tell_time(void)
{
	u64 now = now_real();
	struct fs_call c;

	call_begin(&c);
	(void)call_ask(&c, FS_TIME, now / 1000000000, now % 1000000000, 0);
	call_end(&c);
}

/* Why the disk is not what it should be, for whoever started the machine. */
static void tell_why(const struct fs_message *m, bool mounted_at_all)
{
	char why[80];
	/* The other side can still change it: read once. */
	u32 told = *(const volatile u16 *)&m->text_bytes;
	u32 n = told < sizeof why ? told : sizeof why - 1;

	memcpy(why, m->text, n);
	why[n] = 0;
	log_line("the disk %s: %s; `e2fsck -f` on its image may mend it",
		 mounted_at_all ? "can only be read" : "cannot be the root directory",
		 n != 0 ? why : "the file system server does not answer");
}

static s64 mount_root(struct super *sb)
{
	struct fs_call c;
	s64 r;

	call_begin(&c);
	do {
		r = call_ask(&c, FS_MOUNT, 0, 0, 0);
	} while (r >= 0 && c.life != link_life());
	if (r < 0 || c.w3 != 0)
		tell_why(c.m, r >= 0);
	if (r >= 0) {
		sb->read_only = c.w3 != 0;
		r = remote_enter(sb, &c, &sb->root);
	}
	call_end(&c);
	return r;
}

s64 remote_mount(const char *name, struct super **out)
{
	const struct comp_area *cache = link_open(name);
	const struct comp_pool *pool = cache == NULL ? NULL : comp_pool("cache");
	struct super *sb = pool == NULL || pool->handle == 0 ? NULL : kalloc(sizeof *sb);

	if (sb == NULL || !remote_pages_start(cache, (frames_h){ pool->handle }))
		return -ENODEV;
	*sb = (struct super){ .type = "ext2",
			      .source = "/dev/root",
			      .dev = dev_new(),
			      .keep_names = true,
			      .statfs = statfs,
			      .sync = sync_all };
	mounted = sb;
	remote_tell_time();
	s64 r = mount_root(sb);
	if (r < 0)
		return r;
	timer_arm(&tell_timer, now_mono() + TELL_NS, tell_soon);
	*out = sb;
	return 0;
}

void remote_unmount(void)
{
	struct fs_call c;

	if (mounted == NULL)
		return;
	(void)timer_cancel(&tell_timer);
	remote_tell_all();
	call_begin(&c);
	if (call_ask(&c, FS_UNMOUNT, 0, 0, 0) < 0)
		log_line("the file system was not left clean");
	call_end(&c);
}
