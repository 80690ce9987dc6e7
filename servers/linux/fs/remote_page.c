/* SPDX-License-Identifier: MIT */
/*
 * Pages of files that lie in the file system server's cache.
 *
 * A page that was asked for is held (it stays where it is) until it is dropped; what is held is
 * found here without asking.  When much is held, pages that nobody uses are dropped, in the order of a
 * clock.  That a page was changed is told in batches: at the latest when the file is synced, or after a
 * second.
 * A page that was changed is held until the disk has it (it is unsettled): so nothing is lost with a server that dies.
 *
 * Owns:       which pages are held, changed, to be dropped.
 */
#include "remote_page.h"

#include "../mm/page.h"

enum { AHEAD = 8, DROPS = 512, HELD_PART = 2, EVICT = 64, RETRIES = 20, GROW_MAX = 16 };
enum { CHUNK = 16384, CHUNKS = 64 };
#define DIRTY_BIT (1u << 31)
#define NONE UINT32_MAX

static struct held {
	struct remote_node *node; /* whose table has it; NULL: none */
	u32 index;
	u32 next;      /* in the list of what is to be given back */
	u32 unsettled; /* the epoch in which it was changed last, if the disk may have an older state */
	u16 give_back; /* so many times */
	bool dirty, used;
	bool writable; /* it has its blocks */
} * chunks[CHUNKS];
static page_t first;
static u64 count, held_now, hand;
static u32 dropping = NONE; /* first of that list */
static struct list changed;
static struct fiber *teller;
static struct waitq told;
static u32 epoch = 1; /* a sync begins a new one */
static u64 unsettled; /* pages */
static u32 *kept;     /* room for the numbers of all pages */

static struct held *held_at(u64 number)
{
	return &chunks[number / CHUNK][number % CHUNK];
}

static struct held *held_of(page_t p)
{
	return held_at(p - first);
}

static void give_back(page_t p)
{
	struct held *h = held_of(p);

	if (h->give_back++ == 0) {
		h->next = dropping;
		dropping = p - first;
	}
}

/* Nobody refers to it any more: neither a file's table nor a program. */
static void released(page_t p)
{
	give_back(p);
}

bool remote_pages_start(const struct comp_area *cache, frames_h frames)
{
	count = cache->bytes / PAGE;
	if (count > (u64)CHUNK * CHUNKS)
		return false;
	for (u64 n = 0; n * CHUNK < count; n++) {
		chunks[n] = kalloc(CHUNK * sizeof *chunks[n]);
		if (chunks[n] == NULL)
			return false;
	}
	kept = kalloc(count * sizeof *kept);
	if (kept == NULL)
		return false;
	list_init(&changed);
	waitq_init(&told);
	first = pool_add(frames, cache->vaddr, count, released);
	return first != 0;
}

/* --- telling ------------------------------------------------------------------------- */

static u32 fill_drops(u32 *to)
{
	u32 n = 0;

	while (dropping != NONE && n < DROPS) {
		struct held *h = held_at(dropping);

		to[n++] = dropping | (h->dirty ? DIRTY_BIT : 0);
		if (h->node == NULL)
			h->dirty = false;
		if (--h->give_back == 0)
			dropping = h->next;
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
		(void)wait_on(&told, NO_DEADLINE, SLEEP_FOREVER);
	teller = current_fiber();
	return true;
}

static void tell_end(bool begun)
{
	if (!begun)
		return;
	teller = NULL;
	wake_all(&told, 0);
}

void remote_tell_pages(void)
{
	bool begun = tell_begin();

	while (dropping != NONE) {
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

static void note_change(struct remote_node *n)
{
	if (list_empty(&n->changed)) {
		list_add(&changed, &n->changed);
		inode_get(&n->i);
	}
}

static void set_unsettled(struct remote_node *n, struct held *h, u32 value)
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
	set_unsettled(n, held_of(p), epoch);
	n->attr_changed = true;
	note_change(n);
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
		link_tell(FS_DIRTY, p - first, n->i.ino);
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
		wake_all(&told, 0);
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
		set_unsettled(h->node, h, 0);
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
	tell_node(n);
	/* Times alone are no data; they are told later. */
	if (!data_only || n->known_size != n->i.size)
		remote_tell_attr(n);
	tell_end(begun);
	u32 end = ++epoch;
	s64 r = ask_sync(n->i.ino, data_only);
	for (u64 x = radix_next(&n->pages, 0); r == 0 && x != UINT64_MAX && n->unsettled != 0;
	     x = radix_next(&n->pages, x + 1))
		settle(held_of(radix_get(&n->pages, x)), end);
	return r;
}

s64 remote_sync_all(void)
{
	remote_tell_all();
	u32 end = ++epoch;
	s64 r = ask_sync(0, 0);
	for (u64 k = 0; r == 0 && k < count && unsettled != 0; k++)
		settle(held_at(k), end);
	return r;
}

u64 remote_unsettled(void)
{
	return unsettled;
}

/* --- holding --------------------------------------------------------------------------- */

/* It is given back when no program uses it either. */
static void forget(struct remote_node *n, u64 index)
{
	page_t p = radix_take(&n->pages, index);
	struct held *h = held_of(p);

	n->pages_held--;
	held_now--;
	set_unsettled(n, h, 0);
	h->node = NULL;
	h->writable = false;
	page_put(p);
}

/* Up to `want` pages that nobody uses are given back. */
static u32 evict_settled(u32 want)
{
	u32 done = 0;

	for (u64 seen = 0; seen < 2 * count && done < want; seen++) {
		u64 at = hand++ % count;
		struct held *h = held_at(at);

		if (h->node == NULL || h->unsettled != 0 ||
		    *page_refs(first + (page_t)at) != 1)
			continue;
		if (h->used) {
			h->used = false;
			continue;
		}
		forget(h->node, h->index);
		done++;
	}
	if (done != 0)
		remote_tell_pages();
	return done;
}

static u32 evict(u32 want)
{
	u32 done = evict_settled(want);

	if (done != 0 || unsettled == 0 || remote_sync_all() < 0)
		return done;
	return evict_settled(want);
}

void remote_pages_drop(struct remote_node *n, u64 index)
{
	for (u64 x = radix_next(&n->pages, index); x != UINT64_MAX;
	     x = radix_next(&n->pages, index))
		forget(n, x);
}

/* A page the server gave: 0, or -EIO if its number is impossible. */
static s64 take(struct remote_node *n, u64 index, u64 number, bool writable)
{
	page_t p = first + (page_t)number;
	struct held *h = number < count ? held_at(number) : NULL;

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
		note_change(n);
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
	for (u32 tries = 0; tries < RETRIES; tries++) {
		while (for_write && n->cutting)
			(void)wait_on(&told, NO_DEADLINE, SLEEP_FOREVER);
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
		if (held_now > count / HELD_PART)
			(void)evict(EVICT);
		if (for_write && !inside)
			r = grow(n, index);
		if (r >= 0)
			r = for_write ? ask_page(n, index, true) : ask_ahead(n, index);
		if (r == -ENOMEM && evict(EVICT) == 0)
			return r;
		if (r < 0 && r != -ENOMEM)
			return r;
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

/* --- when the server was started again -------------------------------------------------------------- */

/* Does the new server have to keep this page?  If not it is forgotten. */
static bool keeps(u64 number)
{
	struct held *h = held_at(number);
	u32 refs = *page_refs(first + (page_t)number);

	if (h->node == NULL)
		return refs != 0;
	if (h->unsettled != 0 || h->dirty || refs != 1)
		return true;
	forget(h->node, h->index);
	dropping = h->next; /* which put it in front */
	h->give_back = 0;
	return false;
}

/* All at once, so that nothing is given back in between. */
static u64 find_kept(void)
{
	u64 n = 0;

	/* What was to be given back went with the old server. */
	while (dropping != NONE) {
		struct held *h = held_at(dropping);

		h->give_back = 0;
		dropping = h->next;
	}
	for (u64 at = 0; at < count; at++) {
		if (keeps(at))
			kept[n++] = (u32)at;
	}
	return n;
}

s64 remote_pages_keep(void)
{
	u64 all = find_kept();
	s64 r = 0;

	for (u64 at = 0; at < all && r >= 0; at += DROPS) {
		u64 n = all - at < DROPS ? all - at : DROPS;
		struct fs_call c;

		call_begin(&c);
		memcpy(c.m->text, kept + at, n * sizeof kept[0]);
		r = call_ask(&c, FS_KEEP, n, 0, 0);
		call_end(&c);
	}
	return r;
}

s64 remote_pages_bind(struct remote_node *n)
{
	enum { MOST = FS_DATA / sizeof(struct fs_bind) };
	u64 x = radix_next(&n->pages, 0);
	s64 r = 0;

	while (x != UINT64_MAX && r >= 0) {
		struct fs_call c;
		u32 k = 0;

		call_begin(&c);
		struct fs_bind *to = (void *)c.m->text;
		for (; x != UINT64_MAX && k < MOST; x = radix_next(&n->pages, x + 1)) {
			page_t p = radix_get(&n->pages, x);
			struct held *h = held_of(p);

			to[k++] = (struct fs_bind){ x, p - first,
						    (h->writable ? FS_BIND_WRITE : 0) |
							    (h->unsettled != 0 ? FS_BIND_DIRTY : 0) };
		}
		r = call_ask(&c, FS_BIND, n->i.ino, k, 0);
		call_end(&c);
	}
	return r;
}
