/* SPDX-License-Identifier: MIT */
/*
 * What programs say and ask about their pages: madvise, msync, mincore, mlock.
 *
 * Owns:       nothing.
 * Called by:  dispatch.
 */
#include "internal.h"
#include "linux/calls.h"

enum advice {
	MADV_NORMAL,
	MADV_RANDOM,
	MADV_SEQUENTIAL,
	MADV_WILLNEED,
	MADV_DONTNEED,
	MADV_FREE = 8,
	MADV_DONTFORK = 10,
	MADV_DOFORK,
	MADV_DONTDUMP = 16,
	MADV_DODUMP,
	MADV_WIPEONFORK,
	MADV_KEEPONFORK,
	MADV_POPULATE_READ = 22,
	MADV_POPULATE_WRITE,
	MADV_DONTNEED_LOCKED,
};
enum { MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4 };
enum { MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4 };

static bool range_pages(u64 addr, u64 bytes, u64 *from, u64 *to)
{
	if (bytes > TASK_SIZE || addr > TASK_SIZE - bytes)
		return false;
	*from = addr >> PAGE_SHIFT;
	*to = (addr + bytes + PAGE - 1) >> PAGE_SHIFT;
	return true;
}

/* --- flags of areas ------------------------------------------------------------------------ */

/* What advice makes of an area's flags. */
static u32 advised(u32 flags, u64 advice)
{
	switch (advice) {
	case MADV_NORMAL: return flags & ~(u32)(AREA_RANDOM | AREA_SEQUENTIAL);
	case MADV_RANDOM: return (flags & ~(u32)AREA_SEQUENTIAL) | AREA_RANDOM;
	case MADV_SEQUENTIAL: return (flags & ~(u32)AREA_RANDOM) | AREA_SEQUENTIAL;
	case MADV_DONTFORK: return flags | AREA_NOFORK;
	case MADV_DOFORK: return flags & ~(u32)AREA_NOFORK;
	case MADV_WIPEONFORK: return flags | AREA_WIPEFORK;
	case MADV_KEEPONFORK: return flags & ~(u32)AREA_WIPEFORK;
	case MADV_DONTDUMP: return flags | AREA_NODUMP;
	case MADV_DODUMP: return flags & ~(u32)AREA_NODUMP;
	default: return flags;
	}
}

/* Change the flags of the part [from, to) of area i. */
static s64 flags_change(struct mm *mm, u32 i, u64 from, u64 to, u32 flags)
{
	if (mm->area[i]->flags == flags)
		return 0;
	if (area_split(mm, from) < 0 || area_split(mm, to) < 0)
		return -ENOMEM;
	i = area_index(mm, from);
	count_area(mm, mm->area[i], -1);
	mm->area[i]->flags = flags;
	count_area(mm, mm->area[i], 1);
	area_join(mm, i + 1);
	area_join(mm, i);
	return 0;
}

/* --- madvise ------------------------------------------------------------------------------- */

/* Fault in what can be. */
static s64 populate(struct mm *mm, u64 from, u64 to, unsigned access)
{
	for (u64 page = from; page < to; page++) {
		const s64 e = mm_fault(mm, page << PAGE_SHIFT, access);

		if (e < 0)
			return e == -ENXIO || e == -EACCES ? -EFAULT : -ENOMEM;
	}
	return 0;
}

static s64 advise_area(struct mm *mm, u32 i, u64 from, u64 to, u64 advice)
{
	const struct area *a = mm->area[i];

	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		if (advice == MADV_DONTNEED && (a->flags & AREA_LOCKED))
			return -EINVAL;
		area_dirty(mm, a, from, to);
		pages_drop(mm, from, to);
		return 0;
	case MADV_FREE:
		if (a->file != NULL)
			return -EINVAL;
		pages_drop(mm, from, to);
		return 0;
	case MADV_WIPEONFORK:
		if (a->file != NULL || (a->flags & AREA_SHARED))
			return -EINVAL;
		break;
	case MADV_POPULATE_READ: return populate(mm, from, to, ACCESS_READ);
	case MADV_POPULATE_WRITE: return populate(mm, from, to, ACCESS_WRITE);
	default: break;
	}
	return flags_change(mm, i, from, to, advised(a->flags, advice));
}

/* Goes on over holes, and says so at the end. */
s64 lx_madvise(struct task *t, u64 addr, u64 bytes, u64 advice)
{
	struct mm *mm = t->mm;
	u64 at, to;
	s64 e = 0;

	if ((addr & (PAGE - 1)) || !range_pages(addr, bytes, &at, &to))
		return -EINVAL;
	while (at < to) {
		const u32 i = area_index(mm, at);

		if (i == mm->areas || mm->area[i]->start >= to)
			return -ENOMEM;
		if (mm->area[i]->start > at) {
			e = -ENOMEM;
			at = mm->area[i]->start;
		}
		const u64 end = mm->area[i]->end < to ? mm->area[i]->end : to;
		const s64 r = advise_area(mm, i, at, end, advice);

		if (r < 0)
			return r;
		at = end;
	}
	return e;
}

/* --- msync --------------------------------------------------------------------------------- */

/* One area's file; may sleep. */
static s64 sync_area(struct mm *mm, const struct area *a, u64 from, u64 to, u64 flags)
{
	struct file *file = a->file;
	s64 e = 0;

	if (file == NULL || !(a->flags & AREA_SHARED))
		return 0;
	file_get(file);
	area_dirty(mm, a, from, to);
	if ((flags & MS_SYNC) && file->inode->ops->sync != NULL)
		e = file->inode->ops->sync(file->inode, true);
	file_put(file);
	return e;
}

s64 lx_msync(struct task *t, u64 addr, u64 bytes, u64 flags)
{
	struct mm *mm = t->mm;
	u64 at, to;
	s64 e = 0;

	if ((addr & (PAGE - 1)) || ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (!range_pages(addr, bytes, &at, &to))
		return -ENOMEM;
	while (at < to) {
		const u32 i = area_index(mm, at);

		if (i == mm->areas || mm->area[i]->start >= to)
			return -ENOMEM;
		if (mm->area[i]->start > at) {
			e = -ENOMEM;
			at = mm->area[i]->start;
		}
		const struct area *a = mm->area[i];
		const u64 end = a->end < to ? a->end : to;

		if ((flags & MS_INVALIDATE) && (a->flags & AREA_LOCKED))
			return -EBUSY;
		const s64 r = sync_area(mm, a, at, end, flags);

		if (r < 0)
			return r;
		at = end;
	}
	return e;
}

/* --- mincore ------------------------------------------------------------------------------ */

s64 lx_mincore(struct task *t, u64 addr, u64 bytes, u64 vec)
{
	struct mm *mm = t->mm;
	u64 from, to;

	if (addr & (PAGE - 1))
		return -EINVAL;
	if (!range_pages(addr, bytes, &from, &to))
		return -ENOMEM;
	if (vec >= TASK_SIZE)
		return -EFAULT;
	if (!area_covers(mm, from, to))
		return -ENOMEM;
	for (u64 page = from; page < to;) {
		u8 in[LEAF_PAGES];
		u32 n = 0;
		const struct leaf *l = tree_leaf(&mm->tree, page);

		do {
			in[n++] = l != NULL && (l->present & bit(page % LEAF_PAGES));
			page++;
		} while (page < to && page % LEAF_PAGES != 0);
		if (copy_out(mm, vec, in, n) < 0)
			return -EFAULT;
		vec += n;
	}
	return 0;
}

/* --- mlock: nothing is ever paged out, so it is a promise kept already ------------------------ */

static s64 lock_range(struct mm *mm, u64 from, u64 to, bool lock)
{
	while (from < to) {
		const u32 i = area_index(mm, from);

		if (i == mm->areas || mm->area[i]->start > from)
			return -ENOMEM;
		const struct area *a = mm->area[i];
		const u64 end = a->end < to ? a->end : to;
		const u32 flags = lock ? a->flags | AREA_LOCKED : a->flags & ~(u32)AREA_LOCKED;
		const s64 e = flags_change(mm, i, from, end, flags);

		if (e < 0)
			return e;
		from = end;
	}
	return 0;
}

static s64 lock_pages(struct task *t, u64 addr, u64 bytes, bool populated)
{
	struct mm *mm = t->mm;
	const u64 most = limit_pages(mm, RLIMIT_MEMLOCK);
	u64 from, to;

	if (!range_pages(addr, bytes, &from, &to))
		return -ENOMEM;
	if (to - from > most || mm->locked_pages > most - (to - from))
		return most == 0 ? -EPERM : -ENOMEM;
	const s64 e = lock_range(mm, from, to, true);

	if (e < 0 || !populated)
		return e;
	for (u64 page = from; page < to; page++) {
		const struct area *a = area_find(mm, page);
		const bool write = a != NULL && (a->prot & PROT_WRITE) && !(a->flags & AREA_SHARED);

		if (a != NULL && a->prot != 0 &&
		    mm_fault(mm, page << PAGE_SHIFT, write ? ACCESS_WRITE : ACCESS_READ) < 0)
			return -ENOMEM;
	}
	return 0;
}

s64 lx_mlock(struct task *t, u64 addr, u64 bytes)
{
	return lock_pages(t, addr, bytes, true);
}

s64 lx_mlock2(struct task *t, u64 addr, u64 bytes, u64 flags)
{
	return lock_pages(t, addr, bytes, flags == 0);
}

s64 lx_munlock(struct task *t, u64 addr, u64 bytes)
{
	u64 from, to;

	return range_pages(addr, bytes, &from, &to) ? lock_range(t->mm, from, to, false) : -ENOMEM;
}

static s64 lock_everything(struct mm *mm, bool lock)
{
	for (u32 i = 0; i < mm->areas; i++) {
		struct area *a = mm->area[i];

		count_area(mm, a, -1);
		a->flags = lock ? a->flags | AREA_LOCKED : a->flags & ~(u32)AREA_LOCKED;
		count_area(mm, a, 1);
	}
	return 0;
}

s64 lx_mlockall(struct task *t, u64 flags)
{
	struct mm *mm = t->mm;

	if (flags == 0 || flags == MCL_ONFAULT)
		return -EINVAL;
	if ((flags & MCL_CURRENT) && mm->pages > limit_pages(mm, RLIMIT_MEMLOCK))
		return -ENOMEM;
	mm->lock_future = flags & MCL_FUTURE;
	return flags & MCL_CURRENT ? lock_everything(mm, true) : 0;
}

s64 lx_munlockall(struct task *t)
{
	t->mm->lock_future = false;
	return lock_everything(t->mm, false);
}
