/* SPDX-License-Identifier: MIT */
/*
 * What the file system server is told of changed pages and attributes, and writing back.
 *
 * That a page was changed is told in batches: at the latest when the file is synced, or after a second.
 *
 * Owns:       which inodes have something to tell; who tells; which pages are settled.
 */
#include "remote_held.h"

enum { DROPS = 512 };

static struct list changed;
static struct fiber *teller;
struct waitq remote_told;
static u32 epoch = 1; /* a sync begins a new one */
static u64 unsettled; /* pages */

void remote_tell_start(void)
{
	list_init(&changed);
	waitq_init(&remote_told);
}

static u32 fill_drops(u32 *to)
{
	u32 n = 0;

	while (remote_pool.dropping != HELD_NONE && n < DROPS) {
		struct held *h = held_at(remote_pool.dropping);

		to[n++] = remote_pool.dropping | (h->dirty ? HELD_DIRTY : 0);
		if (h->node == NULL)
			h->dirty = false;
		if (--h->give_back == 0)
			remote_pool.dropping = h->next;
	}
	return n;
}

/*
 * Whoever tells does so alone: a sync that finds nothing left to tell must not come before what another
 * fiber is still telling.  True: the caller has begun, and ends it.
 */
static bool tell_begin(void)
{
	if (teller == current_fiber())
		return false;
	while (teller != NULL)
		(void)wait_on(&remote_told, NO_DEADLINE, SLEEP_FOREVER);
	teller = current_fiber();
	return true;
}

static void tell_end(bool begun)
{
	if (!begun)
		return;
	teller = NULL;
	wake_all(&remote_told, 0);
}

void remote_tell_pages(void)
{
	bool begun = tell_begin();

	while (remote_pool.dropping != HELD_NONE) {
		struct fs_call c;
		u32 words[DROPS], n;

		call_begin(&c);
		/* A server that was started again has not got these pages. */
		link_wait();
		n = fill_drops(words);
		memcpy(c.m->text, words, n * sizeof words[0]);
		if (n != 0 && call_ask(&c, FS_DROP, n, 0, 0) < 0)
			log_line("the file system server did not take pages back");
		call_end(&c);
	}
	tell_end(begun);
}

void remote_note_change(struct remote_node *n)
{
	if (list_empty(&n->changed)) {
		list_add(&changed, &n->changed);
		inode_get(&n->i);
	}
}

void held_set_unsettled(struct remote_node *n, struct held *h, u32 value)
{
	/* One that was cut off from its file will not be written. */
	if (h->node != n)
		return;
	n->unsettled += (u64)(value != 0) - (u64)(h->unsettled != 0);
	unsettled += (u64)(value != 0) - (u64)(h->unsettled != 0);
	h->unsettled = value;
}

void remote_dirty(struct inode *i, u64 index, page_t p)
{
	struct remote_node *n = remote_of(i);

	(void)index;
	held_of(p)->dirty = true;
	held_set_unsettled(n, held_of(p), epoch);
	n->attr_changed = true;
	remote_note_change(n);
}

/* What is called unchanged from here on can be written to by nobody who does not say so. */
static void tell_node(struct remote_node *n)
{
	mm_file_clean(&n->i);
	for (u64 x = radix_next(&n->pages, 0); x != UINT64_MAX; x = radix_next(&n->pages, x + 1)) {
		page_t p = radix_get(&n->pages, x);

		if (p == 0 || !held_of(p)->dirty)
			continue;
		held_of(p)->dirty = false;
		link_tell(FS_DIRTY, p - remote_pool.first, n->i.ino);
	}
}

void remote_tell_attr(struct remote_node *n)
{
	struct fs_call c;
	u64 size = n->i.size;
	/* What is reserved goes, unless somebody writes there now: then only the end moves. */
	bool cut = !n->i.locked && (n->known_size != size || n->reserved != size);

	if (!n->attr_changed)
		return;
	n->attr_changed = false;
	n->cutting = cut;
	if (n->known_size != size)
		link_tell(FS_END, n->i.ino, size);
	n->known_size = size;
	if (cut) {
		n->reserved = size;
		remote_pages_drop(n, (size + PAGE - 1) / PAGE);
	}
	call_begin(&c);
	c.m->attr = (struct fs_attr){ .size = size,
				      .mtime = n->i.mtime.sec,
				      .mtime_ns = n->i.mtime.nsec,
				      .atime = n->i.atime.sec,
				      .atime_ns = n->i.atime.nsec };
	u64 mask = FS_SET_MTIME | FS_SET_ATIME | (cut ? FS_SET_SIZE : 0);
	if (call_ask(&c, FS_SETATTR, n->i.ino, mask, 0) >= 0)
		n->i.blocks = c.m->attr.blocks;
	call_end(&c);
	if (cut) {
		n->cutting = false;
		wake_all(&remote_told, 0);
	}
}

void remote_tell_all(void)
{
	bool begun = tell_begin();

	while (!list_empty(&changed)) {
		struct remote_node *n = container_of(changed.next, struct remote_node, changed);

		list_del(&n->changed);
		tell_node(n);
		remote_tell_attr(n);
		inode_put(&n->i);
	}
	remote_tell_pages();
	tell_end(begun);
}

/* --- writing back -------------------------------------------------------------------------- */

/* What was told before the epoch `end` began is on the disk. */
static void settle(struct held *h, u32 end)
{
	if (h->node != NULL && h->unsettled != 0 && h->unsettled < end && !h->dirty)
		held_set_unsettled(h->node, h, 0);
}

static s64 ask_sync(u64 ino, u64 how)
{
	struct fs_call c;

	call_begin(&c);
	s64 r = call_ask(&c, FS_SYNC, ino, how, 0);
	call_end(&c);
	return r < 0 ? r : 0;
}

s64 remote_sync_node(struct remote_node *n, bool data_only)
{
	if (n->failed)
		return -EIO;
	bool begun = tell_begin();
	/* Telling sleeps: what is told from here on may come to the server after this sync. */
	u32 end = ++epoch;
	tell_node(n);
	/* Times alone are no data; they are told later. */
	if (!data_only || n->known_size != n->i.size)
		remote_tell_attr(n);
	tell_end(begun);
	s64 r = ask_sync(n->i.ino, data_only);
	for (u64 x = radix_next(&n->pages, 0); r == 0 && x != UINT64_MAX && n->unsettled != 0;
	     x = radix_next(&n->pages, x + 1))
		settle(held_of(radix_get(&n->pages, x)), end);
	return r;
}

s64 remote_sync_all(void)
{
	u32 end = ++epoch;

	remote_tell_all();
	s64 r = ask_sync(0, 0);
	for (u64 k = 0; r == 0 && k < remote_pool.count && unsettled != 0; k++)
		settle(held_at(k), end);
	return r;
}

u64 remote_unsettled(void)
{
	return unsettled;
}
