/* SPDX-License-Identifier: MIT */
/*
 * Pages of files that lie in the file system server's cache.
 *
 * A page that was asked for is held (it stays where it is) until it is dropped; what is held is
 * found here without asking.  When much is held, pages that nobody uses are dropped, in the order of a
 * clock.
 * A page that was changed is held until the disk has it (it is unsettled): so nothing is lost with a server that dies.
 *
 * Owns:       which pages are held.
 */
#include "remote_held.h"

#include "../mm/page.h"

enum { AHEAD = 8, HELD_PART = 2, EVICT = 64, RETRIES = 20, GROW_MAX = 16 };
enum { CHUNK = 16384, CHUNKS = 64 };

struct remote_pool remote_pool = { .dropping = HELD_NONE };
static struct held *chunks[CHUNKS];
static u64 held_now, hand;

struct held *held_at(u64 number)
{
	return &chunks[number / CHUNK][number % CHUNK];
}

static void give_back(page_t p)
{
	struct held *h = held_of(p);

	if (h->give_back++ == 0) {
		h->next = remote_pool.dropping;
		remote_pool.dropping = p - remote_pool.first;
	}
}

/* Nobody refers to it any more: neither a file's table nor a program. */
static void released(page_t p)
{
	give_back(p);
}

bool remote_pages_start(const struct comp_area *cache, frames_h frames)
{
	remote_pool.count = cache->bytes / PAGE;
	if (remote_pool.count > (u64)CHUNK * CHUNKS)
		return false;
	for (u64 n = 0; n * CHUNK < remote_pool.count; n++) {
		chunks[n] = kalloc(CHUNK * sizeof *chunks[n]);
		if (chunks[n] == NULL)
			return false;
	}
	if (!remote_restore_start(remote_pool.count))
		return false;
	remote_tell_start();
	remote_pool.first = pool_add(frames, cache->vaddr, remote_pool.count, released);
	return remote_pool.first != 0;
}

/* It is given back when no program uses it either. */
void remote_page_forget(struct remote_node *n, u64 index)
{
	page_t p = radix_take(&n->pages, index);
	struct held *h = held_of(p);

	n->pages_held--;
	held_now--;
	held_set_unsettled(n, h, 0);
	h->node = NULL;
	h->writable = false;
	page_put(p);
}

/* Up to `want` pages that nobody uses are given back. */
static u32 evict_settled(u32 want)
{
	u32 done = 0;

	for (u64 seen = 0; seen < 2 * remote_pool.count && done < want; seen++) {
		u64 at = hand++ % remote_pool.count;
		struct held *h = held_at(at);

		if (h->node == NULL || h->unsettled != 0 ||
		    *page_refs(remote_pool.first + (page_t)at) != 1)
			continue;
		if (h->used) {
			h->used = false;
			continue;
		}
		remote_page_forget(h->node, h->index);
		done++;
	}
	if (done != 0)
		remote_tell_pages();
	return done;
}

static u32 evict(u32 want)
{
	u32 done = evict_settled(want);

	if (done != 0 || remote_unsettled() == 0 || remote_sync_all() < 0)
		return done;
	return evict_settled(want);
}

void remote_pages_drop(struct remote_node *n, u64 index)
{
	for (u64 x = radix_next(&n->pages, index); x != UINT64_MAX;
	     x = radix_next(&n->pages, index))
		remote_page_forget(n, x);
}

/* A page the server gave: 0, or -EIO if its number is impossible. */
static s64 take(struct remote_node *n, u64 index, u64 number, bool writable)
{
	page_t p = remote_pool.first + (page_t)number;
	struct held *h = number < remote_pool.count ? held_at(number) : NULL;

	if (h == NULL || (h->node != NULL && (h->node != n || h->index != index)))
		return -EIO;
	/* It was held already, and is now once more. */
	if (h->node == n) {
		h->writable |= writable;
		give_back(p);
		return 0;
	}
	/* A program still uses it, as it was before the file was cut: the server must not have it back yet. */
	if (*page_refs(p) != 0)
		return -EIO;
	if (radix_get(&n->pages, index) != 0 || !radix_set(&n->pages, index, p)) {
		give_back(p);
		return -ENOMEM;
	}
	*page_refs(p) = 1;
	h->node = n;
	h->index = (u32)index;
	h->used = true;
	h->writable = writable;
	n->pages_held++;
	held_now++;
	return 0;
}

/*
 * The server has no blocks behind the end of the file but those that are reserved: so room is made before
 * anything is written there, more for a file that has grown already.
 */
static s64 grow(struct remote_node *n, u64 index)
{
	struct fs_call c;
	u64 pages = n->known_size / PAGE / 4, size;
	s64 r;

	pages = pages < 1 ? 1 : pages > GROW_MAX ? GROW_MAX : pages;
	size = (index + pages) * PAGE;
	call_begin(&c);
	r = call_ask(&c, FS_RESERVE, n->i.ino, size, 0);
	if (r >= 0) {
		n->reserved = size;
		n->attr_changed = true;
		remote_note_change(n);
	}
	call_end(&c);
	return r;
}

static s64 ask_page(struct remote_node *n, u64 index, bool for_write)
{
	struct fs_call c;
	s64 r;

	call_begin(&c);
	r = call_ask(&c, FS_PAGE, n->i.ino, index, for_write);
	u64 number = c.w2;
	call_end(&c);
	return r < 0 ? r : take(n, index, number, for_write);
}

/* This page and those behind it, in one request. */
static s64 ask_ahead(struct remote_node *n, u64 index)
{
	u64 end = (n->i.size + PAGE - 1) / PAGE, want = end - index < AHEAD ? end - index : AHEAD;
	u32 numbers[AHEAD];
	struct fs_call c;
	s64 r;

	if (want <= 1 || n->reserved < n->i.size)
		return ask_page(n, index, false);
	call_begin(&c);
	r = call_ask(&c, FS_PAGES, n->i.ino, index, want);
	if (r > (s64)want)
		r = -EIO;
	if (r > 0)
		memcpy(numbers, c.m->text, (size_t)r * sizeof numbers[0]);
	call_end(&c);
	s64 e = r < 0 ? r : r == 0 ? -EIO : 0;
	for (s64 k = 0; k < r; k++) {
		s64 one = take(n, index + (u64)k, numbers[k], false);

		e = k == 0 ? one : e;
	}
	return e;
}

s64 remote_page(struct inode *i, u64 index, bool for_write, page_t *out)
{
	struct remote_node *n = remote_of(i);

	if (n->failed)
		return -EIO;
	if (for_write && i->sb->read_only)
		return -EROFS;
	bool retold = false;

	for (u32 tries = 0; tries < RETRIES; tries++) {
		while (for_write && n->cutting)
			(void)wait_on(&remote_told, NO_DEADLINE, SLEEP_FOREVER);
		page_t p = radix_get(&n->pages, index);
		s64 r = 0;

		/* A page that was only read may lie in a hole: the server gives it blocks. */
		bool inside = (index + 1) * PAGE <= n->reserved;

		if (p != 0 && (!for_write || (held_of(p)->writable && inside))) {
			held_of(p)->used = true;
			page_get(p);
			*out = p;
			return 0;
		}
		if (!for_write && index >= (i->size + PAGE - 1) / PAGE)
			return -ENXIO;
		if (held_now > remote_pool.count / HELD_PART)
			(void)evict(EVICT);
		if (for_write && !inside)
			r = grow(n, index);
		if (r >= 0)
			r = for_write ? ask_page(n, index, true) : ask_ahead(n, index);
		if (r == -ENOMEM && evict(EVICT) == 0)
			return r;
		/* Files that were removed may wait to be told of: then there is room afterwards. */
		if (r == -ENOSPC && !retold) {
			remote_tell_all();
			retold = true;
		} else if (r < 0 && r != -ENOMEM) {
			return r;
		}
	}
	return -ENOMEM;
}

page_t remote_cached(struct inode *i, u64 index)
{
	page_t p = radix_get(&remote_of(i)->pages, index);

	if (p != 0) {
		held_of(p)->used = true;
		page_get(p);
	}
	return p;
}
