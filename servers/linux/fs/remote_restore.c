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
#include "remote_page.h"
#include "remote_redo.h"

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

static s64 tell_node(struct remote_node *n)
{
	u32 life = link_life();
	bool changed = n->attr_changed || n->unsettled != 0 || n->reserved > n->known_size;
	s64 r = n->life == life ? 0 : -ENOENT;

	if (r == 0 && changed && is_reg(&n->i))
		r = only_reading ? -EROFS : tell_size(n);
	if (r == 0)
		r = remote_pages_bind(n);
	if (life != link_life())
		return -EIO;
	if (r < 0 && !n->failed) {
		log_line("a file was lost with the file system server");
		n->failed = true;
	}
	return 0;
}

bool remote_restore(void)
{
	u64 recovered = 0;

	if (mount_again(&recovered, &only_reading) < 0)
		return false;
	remote_tell_time();
	if (only_reading)
		remote_set_read_only();
	if (remote_pages_keep() < 0 || (!only_reading && ask(FS_KEPT, 0, 0) < 0) ||
	    remote_each(adopt) < 0)
		return false;
	if (!only_reading && redo_all(recovered, made) < 0)
		return false;
	return remote_each(tell_node) >= 0 && ask(FS_SETTLE, 0, 0) >= 0;
}
