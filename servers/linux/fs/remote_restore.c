/* SPDX-License-Identifier: MIT */
/*
 * A file system server that was started again learns what its predecessor knew.
 *
 * It has mounted what was committed.  First it keeps the pages that are in use here, so that it uses their memory for
 * nothing else; then it gets a reference to each inode; what was not committed is done again; then it is told sizes,
 * times and whose the pages are.  Open files, mappings and names remain as they are.
 *
 * Called by:  remote_link.c, in the fiber that restores.
 */
#include "remote_held.h"
#include "remote_redo.h"

#include "../mm/page.h"

enum { NUMBERS = 512 };

static u32 *kept; /* room for the numbers of all pages */

bool remote_restore_start(u64 pages)
{
	kept = kalloc(pages * sizeof *kept);
	return kept != NULL;
}

/* --- pages --------------------------------------------------------------------------------- */

/* Does the new server have to keep this page?  If not it is forgotten. */
static bool keeps(u64 number)
{
	struct held *h = held_at(number);
	u32 refs = *page_refs(remote_pool.first + (page_t)number);

	if (h->node == NULL)
		return refs != 0;
	if (h->unsettled != 0 || h->dirty || refs != 1)
		return true;
	remote_page_forget(h->node, h->index);
	remote_pool.dropping = h->next; /* which put it in front */
	h->give_back = 0;
	return false;
}

/* All at once, so that nothing is given back in between. */
static u64 find_kept(void)
{
	u64 n = 0;

	/* What was to be given back went with the old server. */
	while (remote_pool.dropping != HELD_NONE) {
		struct held *h = held_at(remote_pool.dropping);

		h->give_back = 0;
		remote_pool.dropping = h->next;
	}
	for (u64 at = 0; at < remote_pool.count; at++) {
		if (keeps(at))
			kept[n++] = (u32)at;
	}
	return n;
}

static s64 keep_pages(void)
{
	u64 all = find_kept();
	s64 r = 0;

	for (u64 at = 0; at < all && r >= 0; at += NUMBERS) {
		u64 n = all - at < NUMBERS ? all - at : NUMBERS;
		struct fs_call c;

		call_begin(&c);
		memcpy(c.m->text, kept + at, n * sizeof kept[0]);
		r = call_ask(&c, FS_KEEP, n, 0, 0);
		call_end(&c);
	}
	return r;
}

static s64 bind_pages(struct remote_node *n)
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

			to[k++] =
				(struct fs_bind){ x, p - remote_pool.first,
						  (h->writable ? FS_BIND_WRITE : 0) |
							  (h->unsettled != 0 ? FS_BIND_DIRTY : 0) };
		}
		r = call_ask(&c, FS_BIND, n->i.ino, k, 0);
		call_end(&c);
	}
	return r;
}

/* --- inodes -------------------------------------------------------------------------------- */

static s64 mount_again(u64 *recovered, bool *reading)
{
	struct fs_call c;

	call_begin(&c);
	s64 r = call_ask(&c, FS_MOUNT, 1, 0, 0);
	*recovered = c.m->recovered;
	*reading = c.w3 != 0;
	call_end(&c);
	return r;
}

static s64 ask(u64 operation, u64 a, u64 b)
{
	struct fs_call c;

	call_begin(&c);
	s64 r = call_ask(&c, operation, a, b, 0);
	call_end(&c);
	return r;
}

/* One that is not there yet was made after the last commit. */
static s64 adopt(struct remote_node *n)
{
	u32 life = link_life();
	struct fs_call c;

	call_begin(&c);
	c.m->attr.mode = n->i.mode;
	if (call_ask(&c, FS_ADOPT, n->i.ino, 0, 0) >= 0 && life == link_life()) {
		n->life = life;
		n->server_refs = 1;
	}
	call_end(&c);
	return life == link_life() ? 0 : -EIO;
}

static void made(u64 ino)
{
	struct remote_node *n = remote_find(ino);

	if (n == NULL || n->life == link_life()) {
		link_tell(FS_FORGET, ino, 1);
		return;
	}
	n->life = link_life();
	n->server_refs = 1;
}

static s64 tell_size(struct remote_node *n)
{
	u64 size = n->i.size;
	struct fs_call c;
	s64 r;

	call_begin(&c);
	c.m->attr = (struct fs_attr){ .size = size,
				      .mtime = n->i.mtime.sec,
				      .mtime_ns = n->i.mtime.nsec,
				      .atime = n->i.atime.sec,
				      .atime_ns = n->i.atime.nsec };
	r = call_ask(&c, FS_SETATTR, n->i.ino, FS_SET_MTIME | FS_SET_ATIME | FS_SET_SIZE, 0);
	call_end(&c);
	if (r >= 0)
		n->known_size = size;
	if (r >= 0 && n->reserved > size)
		r = ask(FS_RESERVE, n->i.ino, n->reserved);
	return r;
}

static bool only_reading;
static u32 lost; /* files */

static s64 tell_node(struct remote_node *n)
{
	u32 life = link_life();
	bool changed = n->attr_changed || n->unsettled != 0 || n->reserved > n->known_size;
	s64 r = n->life == life ? 0 : -ENOENT;

	if (r == 0 && changed && is_reg(&n->i))
		r = only_reading ? -EROFS : tell_size(n);
	if (r == 0)
		r = bind_pages(n);
	if (life != link_life())
		return -EIO;
	if (r < 0 && !n->failed) {
		n->failed = true;
		lost++;
	}
	return 0;
}

static bool failed(const char *step, s64 r)
{
	/* One that has ended again will be told everything once more. */
	if (r != -EIO)
		log_line("the file system server cannot take over: %s (error %d)", step, (int)-r);
	return false;
}

bool remote_restore(void)
{
	u64 recovered = 0;
	s64 r = mount_again(&recovered, &only_reading);

	if (r < 0)
		return failed("it cannot mount", r);
	remote_tell_time();
	if (only_reading)
		remote_set_read_only();
	r = keep_pages();
	if (r >= 0 && !only_reading)
		r = ask(FS_KEPT, 0, 0);
	if (r < 0)
		return failed("pages", r);
	r = remote_each(adopt);
	if (r >= 0 && !only_reading)
		r = redo_all(recovered, made);
	if (r < 0)
		return failed("what was not on the disk", r);
	lost = 0;
	r = remote_each(tell_node);
	if (r >= 0)
		r = ask(FS_SETTLE, 0, 0);
	if (r < 0)
		return failed("files", r);
	if (lost != 0)
		log_line("%u files were lost with the file system server", lost);
	return true;
}
