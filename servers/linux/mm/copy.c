/* SPDX-License-Identifier: MIT */
/*
 * Copying between the server and programs.
 *
 * Owns:       nothing.
 * Called by:  handlers of calls.
 *
 * The page is looked up in the tree and reached through the pool: no kernel call, and no fault of the
 * server's own whatever the address.
 */
#include "internal.h"

static void bytes_copy(void *to, const void *from, u64 bytes)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	words_copy(t, f, bytes / 8);
	for (u64 i = bytes & ~7ull; i < bytes; i++)
		t[i] = f[i];
}

static void bytes_clear(void *to, u64 bytes)
{
	unsigned char *t = to;

	words_clear(t, bytes / 8);
	for (u64 i = bytes & ~7ull; i < bytes; i++)
		t[i] = 0;
}

/* Where the byte at addr is, for `access`; may sleep. NULL: nowhere. */
static unsigned char *reach_byte(struct mm *mm, u64 addr, unsigned access)
{
	const u64 page = addr >> PAGE_SHIFT;
	struct leaf *l = tree_leaf(&mm->tree, page);
	const u64 mask = bit(page % LEAF_PAGES);

	if (l == NULL || !((access & ACCESS_WRITE ? l->write : l->read) & mask)) {
		if (addr >= TASK_SIZE || page_reach(mm, page, access, &l) < 0)
			return NULL;
	}
	return (unsigned char *)page_at(l->page[page % LEAF_PAGES]) + (addr & (PAGE - 1));
}

static u64 to_page_end(u64 addr, u64 bytes)
{
	const u64 left = PAGE - (addr & (PAGE - 1));

	return bytes < left ? bytes : left;
}

static bool in_range(u64 addr, u64 bytes)
{
	return addr <= TASK_SIZE && bytes <= TASK_SIZE - addr;
}

void *user_window(struct mm *mm, u64 addr, u64 *bytes, unsigned access)
{
	*bytes = to_page_end(addr, *bytes);
	return in_range(addr, *bytes) ? reach_byte(mm, addr, access) : NULL;
}

s64 copy_in(struct mm *mm, void *to, u64 from, u64 bytes)
{
	unsigned char *t = to;

	if (!in_range(from, bytes))
		return -EFAULT;
	while (bytes > 0) {
		const u64 n = to_page_end(from, bytes);
		const unsigned char *at = reach_byte(mm, from, ACCESS_READ);

		if (at == NULL)
			return -EFAULT;
		bytes_copy(t, at, n);
		t += n;
		from += n;
		bytes -= n;
	}
	return 0;
}

s64 copy_out(struct mm *mm, u64 to, const void *from, u64 bytes)
{
	const unsigned char *f = from;

	if (!in_range(to, bytes))
		return -EFAULT;
	while (bytes > 0) {
		const u64 n = to_page_end(to, bytes);
		unsigned char *at = reach_byte(mm, to, ACCESS_WRITE);

		if (at == NULL)
			return -EFAULT;
		bytes_copy(at, f, n);
		f += n;
		to += n;
		bytes -= n;
	}
	return 0;
}

s64 clear_out(struct mm *mm, u64 to, u64 bytes)
{
	if (!in_range(to, bytes))
		return -EFAULT;
	while (bytes > 0) {
		const u64 n = to_page_end(to, bytes);
		unsigned char *at = reach_byte(mm, to, ACCESS_WRITE);

		if (at == NULL)
			return -EFAULT;
		bytes_clear(at, n);
		to += n;
		bytes -= n;
	}
	return 0;
}

s64 copy_string(struct mm *mm, char *to, u64 from, u64 room)
{
	u64 done = 0;

	while (done < room) {
		const u64 n = to_page_end(from + done, room - done);
		const char *at = in_range(from + done, n)
					 ? (const char *)reach_byte(mm, from + done, ACCESS_READ)
					 : NULL;

		if (at == NULL)
			return -EFAULT;
		for (u64 i = 0; i < n; i++) {
			to[done + i] = at[i];
			if (at[i] == 0)
				return (s64)(done + i);
		}
		done += n;
	}
	return -ENAMETOOLONG;
}

s64 futex_key(struct mm *mm, u64 addr, bool shared, u64 key[2])
{
	const struct area *a;

	if (addr >= TASK_SIZE)
		return -EFAULT;
	a = shared ? area_find(mm, addr >> PAGE_SHIFT) : NULL;
	if (shared && a == NULL)
		return -EFAULT;
	if (a != NULL && (a->flags & AREA_SHARED)) {
		key[0] = (u64)a->file->inode;
		key[1] = (a->index << PAGE_SHIFT) + (addr - (a->start << PAGE_SHIFT));
	} else {
		/* Odd, so never an inode. */
		key[0] = mm->id << 1 | 1;
		key[1] = addr;
	}
	return 0;
}
