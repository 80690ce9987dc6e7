/* SPDX-License-Identifier: MIT */
/*
 * Changing what is mapped: mprotect, brk, mremap, truncated files.
 *
 * Owns:       nothing.
 * Called by:  dispatch; file systems (mm_file_cut, mm_file_dirty, mm_file_clean).
 */
#include "internal.h"
#include "linux/calls.h"

enum {
	PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXEC,
	PROT_GROWSDOWN = 0x01000000,
	MREMAP_MAYMOVE = 1,
	MREMAP_FIXED = 2,
	MREMAP_DONTUNMAP = 4,
};

/* --- mprotect ---------------------------------------------------------------------------- */

/* Rights that go, go at once; those that come are entered by the next fault. */
static void leaf_protect(struct mm *mm, struct leaf *l, const struct area *a, u32 old, u64 set)
{
	const u64 writable = set & l->write;

	set &= l->present;
	if (a->prot == 0) {
		space_clear(mm->space, l, set);
		l->read &= ~set;
		l->write &= ~set;
		return;
	}
	l->read |= set;
	if (!(a->prot & PROT_WRITE))
		l->write &= ~set;
	const u64 renew = (old & PROT_EXEC) && !(a->prot & PROT_EXEC) ? set
			  : (a->prot & PROT_WRITE)                    ? 0
								      : writable;

	if ((renew & l->mapped) != 0 &&
	    !space_enter(mm->space, l, renew & l->mapped, a->prot & PROT_EXEC))
		space_clear(mm->space, l, renew);
}

static void area_protect(struct mm *mm, struct area *a, u32 prot)
{
	const u32 old = a->prot;
	struct leaf *l;

	if (!(prot & PROT_WRITE))
		area_dirty(mm, a, a->start, a->end);
	count_area(mm, a, -1);
	a->prot = prot;
	count_area(mm, a, 1);
	mm->generation++;
	for (u64 at = a->start; (l = tree_next(&mm->tree, at, a->end)) != NULL;
	     at = l->first + LEAF_PAGES)
		leaf_protect(mm, l, a, old, leaf_range(l, a->start, a->end));
}

static s64 protect_one(struct mm *mm, u32 i, u64 from, u64 to, u32 prot)
{
	struct area *a = mm->area[i];
	const u64 end = a->end < to ? a->end : to;
	const bool becomes_data =
		!is_data(a) && (prot & PROT_WRITE) && !(a->flags & (AREA_SHARED | AREA_GROWSDOWN));

	if (a->prot == prot)
		return 0;
	if ((prot & PROT_WRITE) && !(a->flags & AREA_MAYWRITE))
		return -EACCES;
	if (becomes_data && !may_map(mm, 0, false))
		return -ENOMEM;
	if (becomes_data && limit_pages(mm, RLIMIT_DATA) < mm->data_pages + (end - from))
		return -ENOMEM;
	if (area_split(mm, from) < 0 || area_split(mm, end) < 0)
		return -ENOMEM;
	i = area_index(mm, from);
	area_protect(mm, mm->area[i], prot);
	area_join(mm, i + 1);
	area_join(mm, i);
	return 0;
}

static s64 protect(struct mm *mm, u64 from, u64 to, u32 prot)
{
	while (from < to) {
		const u32 i = area_index(mm, from);

		if (i == mm->areas || mm->area[i]->start > from)
			return -ENOMEM;
		const u64 end = mm->area[i]->end;
		const s64 e = protect_one(mm, i, from, to, prot);

		if (e < 0)
			return e;
		from = end;
	}
	return 0;
}

s64 lx_mprotect(struct task *t, u64 addr, u64 bytes, u64 prot)
{
	struct mm *mm = t->mm;
	const bool grows = prot & PROT_GROWSDOWN;
	u64 from = addr >> PAGE_SHIFT;

	if (addr & (PAGE - 1))
		return -EINVAL;
	if (bytes == 0)
		return 0;
	if (bytes > TASK_SIZE || addr > TASK_SIZE - bytes)
		return -ENOMEM;
	const u64 to = from + ((bytes + PAGE - 1) >> PAGE_SHIFT);
	const struct area *a = area_find(mm, from);

	if (grows && (a == NULL || !(a->flags & AREA_GROWSDOWN)))
		return -EINVAL;
	if (grows)
		from = a->start;
	return protect(mm, from, to, (u32)prot & PROT_ALL);
}

s64 lx_pkey_mprotect(struct task *t, u64 addr, u64 bytes, u64 prot, u64 key)
{
	return (s32)key == -1 ? lx_mprotect(t, addr, bytes, prot) : -EINVAL;
}

/* --- brk ------------------------------------------------------------------------------------ */

static bool heap_grow(struct mm *mm, u64 from, u64 to)
{
	const struct area like = {
		.start = from,
		.end = to,
		.prot = PROT_READ | PROT_WRITE,
		.flags = AREA_HEAP | AREA_MAYWRITE | (mm->lock_future ? AREA_LOCKED : 0),
	};
	const u32 i = area_index(mm, from);
	const u64 gap = i < mm->areas && (mm->area[i]->flags & AREA_GROWSDOWN) ? STACK_GAP : 0;

	if ((i < mm->areas && mm->area[i]->start < to + gap) || !may_map(mm, to - from, true))
		return false;
	struct area *a = area_new(&like);

	if (a == NULL)
		return false;
	if (!area_insert(mm, a)) {
		area_free(a);
		return false;
	}
	count_area(mm, &like, 1);
	return true;
}

/* It answers the end there is, whether or not that is the one asked for. */
s64 lx_brk(struct task *t, u64 addr)
{
	struct mm *mm = t->mm;
	const u64 old = (mm->brk + PAGE - 1) >> PAGE_SHIFT;

	if (addr < mm->start_brk || addr >= TASK_SIZE)
		return (s64)mm->brk;
	const u64 new = (addr + PAGE - 1) >> PAGE_SHIFT;
	const u64 most = limit_pages(mm, RLIMIT_DATA);

	if (new > old && most != UINT64_MAX &&new - (mm->start_brk >> PAGE_SHIFT) > most)
		return (s64)mm->brk;
	if (new > old && !heap_grow(mm, old, new))
		return (s64)mm->brk;
	if (new < old && range_unmap(mm, new, old) < 0)
		return (s64)mm->brk;
	mm->brk = addr;
	return (s64)addr;
}

/* --- mremap ------------------------------------------------------------------------------------ */

/* Pages of one leaf to entries of another place; their kernel entries are gone. */
static bool page_move(struct mm *mm, struct leaf *l, unsigned i, u64 to)
{
	struct leaf *target = tree_make(&mm->tree, to);
	const unsigned k = to % LEAF_PAGES;

	if (target == NULL)
		return false;
	target->page[k] = l->page[i];
	target->present |= bit(k);
	target->read |= l->read & bit(i) ? bit(k) : 0;
	target->write |= l->write & bit(i) ? bit(k) : 0;
	target->file |= l->file & bit(i) ? bit(k) : 0;
	l->present &= ~bit(i);
	l->read &= ~bit(i);
	l->write &= ~bit(i);
	l->file &= ~bit(i);
	l->hot &= ~bit(i);
	return true;
}

/* Leaves of the new place exist already, so that moving cannot fail half way. */
static bool leaves_make(struct mm *mm, u64 from, u64 to, u64 pages)
{
	struct leaf *l;

	for (u64 at = from; (l = tree_next(&mm->tree, at, from + pages)) != NULL;
	     at = l->first + LEAF_PAGES) {
		const u64 set = leaf_range(l, from, from + pages) & l->present;

		if (set == 0)
			continue;
		/* They lie in at most two. */
		const u64 last = 63 - (u64)__builtin_clzll(set);

		if (tree_make(&mm->tree, to + (l->first + lowest(set)) - from) == NULL ||
		    tree_make(&mm->tree, to + (l->first + last) - from) == NULL)
			return false;
	}
	return true;
}

static void pages_move(struct mm *mm, u64 from, u64 to, u64 pages)
{
	struct leaf *l;

	for (u64 at = from; (l = tree_next(&mm->tree, at, from + pages)) != NULL;) {
		const u64 set = leaf_range(l, from, from + pages) & l->present;

		at = l->first + LEAF_PAGES;
		space_clear(mm->space, l, set);
		for_bits(i, set)
			(void)page_move(mm, l, (unsigned)i, to + (l->first + i) - from);
		if (l->present == 0)
			tree_drop(&mm->tree, l);
	}
}

/* The area of the new place, like the old one's part from `from` on. */
static s64 area_again(struct mm *mm, const struct area *old, u64 from, u64 to, u64 pages)
{
	struct area like = *old;

	like.start = to;
	like.end = to + pages;
	like.index = old->file == NULL ? 0 : old->index + (from - old->start);
	struct area *a = area_new(&like);

	if (a == NULL)
		return -ENOMEM;
	if (!area_insert(mm, a)) {
		area_free(a);
		return -ENOMEM;
	}
	count_area(mm, &like, 1);
	return 0;
}

static s64 move(struct mm *mm, u64 from, u64 old_pages, u64 new_pages, u64 to, u64 flags)
{
	const u64 moved = old_pages < new_pages ? old_pages : new_pages;
	const struct area *old = area_find(mm, from);

	/* Making room may have slept. */
	if (old == NULL || old_pages > old->end - from)
		return -EFAULT;
	if (!leaves_make(mm, from, to, moved))
		return -ENOMEM;
	const s64 e = area_again(mm, old, from, to, new_pages);

	if (e < 0)
		return e;
	pages_move(mm, from, to, moved);
	if (!(flags & MREMAP_DONTUNMAP) && old_pages != 0)
		(void)range_unmap(mm, from, from + old_pages);
	return (s64)(to << PAGE_SHIFT);
}

/* Can the area that ends where the old range ends grow in place? */
static bool grow_in_place(struct mm *mm, u64 from, u64 old_pages, u64 new_pages)
{
	struct area *a = area_find(mm, from);
	const u64 end = from + old_pages;

	if (a->end != end || area_overlaps(mm, end, from + new_pages) ||
	    from + new_pages > TASK_SIZE >> PAGE_SHIFT)
		return false;
	count_area(mm, a, -1);
	a->end = from + new_pages;
	count_area(mm, a, 1);
	mm->generation++;
	area_join(mm, area_index(mm, from) + 1);
	return true;
}

struct remap {
	u64 from, old_pages, new_pages, flags, new_addr;
};

static s64 remap_fixed(struct mm *mm, const struct remap *r)
{
	const u64 to = r->new_addr >> PAGE_SHIFT;

	if ((r->new_addr & (PAGE - 1)) || r->new_pages > TASK_SIZE >> PAGE_SHIFT ||
	    to > (TASK_SIZE >> PAGE_SHIFT) - r->new_pages || r->new_addr < LOWEST_ADDRESS)
		return -EINVAL;
	if (to < r->from + r->old_pages && r->from < to + r->new_pages)
		return -EINVAL;
	const s64 e = range_unmap(mm, to, to + r->new_pages);

	return e < 0 ? e : move(mm, r->from, r->old_pages, r->new_pages, to, r->flags);
}

static s64 remap_grow(struct mm *mm, const struct remap *r)
{
	if (!(r->flags & MREMAP_DONTUNMAP) && r->old_pages != 0 &&
	    grow_in_place(mm, r->from, r->old_pages, r->new_pages))
		return (s64)(r->from << PAGE_SHIFT);
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	const u64 to = area_hole(mm, r->new_pages, LOWEST_ADDRESS >> PAGE_SHIFT, mm->top);

	return to == 0 ? -ENOMEM : move(mm, r->from, r->old_pages, r->new_pages, to, r->flags);
}

static s64 remap(struct mm *mm, const struct remap *r)
{
	const struct area *a = area_find(mm, r->from);

	if (a == NULL || (a->flags & AREA_APART))
		return -EFAULT;
	if (r->old_pages == 0 && !(a->flags & AREA_SHARED))
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) &&
	    (r->old_pages != r->new_pages || !(r->flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	if (r->old_pages > a->end - r->from)
		return -EFAULT;
	if (r->new_pages > r->old_pages && !may_map(mm, r->new_pages - r->old_pages, is_data(a)))
		return -ENOMEM;
	if (r->flags & MREMAP_FIXED)
		return remap_fixed(mm, r);
	if (r->flags & MREMAP_DONTUNMAP)
		return remap_grow(mm, r);
	if (r->new_pages == r->old_pages)
		return (s64)(r->from << PAGE_SHIFT);
	if (r->new_pages < r->old_pages) {
		const s64 e = range_unmap(mm, r->from + r->new_pages, r->from + r->old_pages);

		return e < 0 ? e : (s64)(r->from << PAGE_SHIFT);
	}
	return remap_grow(mm, r);
}

s64 lx_mremap(struct task *t, u64 addr, u64 old_bytes, u64 new_bytes, u64 flags, u64 new_addr)
{
	const struct remap r = {
		.from = addr >> PAGE_SHIFT,
		.old_pages = (old_bytes + PAGE - 1) >> PAGE_SHIFT,
		.new_pages = (new_bytes + PAGE - 1) >> PAGE_SHIFT,
		.flags = flags,
		.new_addr = new_addr,
	};

	if (((flags & MREMAP_FIXED) && !(flags & MREMAP_MAYMOVE)) ||
	    (addr & (PAGE - 1)) || r.new_pages == 0 || new_bytes > TASK_SIZE ||
	    old_bytes > TASK_SIZE || addr >= TASK_SIZE)
		return -EINVAL;
	return remap(t->mm, &r);
}

/* --- files that change, or are to be written ------------------------------------------------------------------------------ */

void mm_file_cut(struct inode *inode, u64 size)
{
	const u64 keep = (size + PAGE - 1) >> PAGE_SHIFT;

	list_for(at, &inode->maps) {
		struct area *a = container_of(at, struct area, link);
		const u64 pages = a->end - a->start;
		const u64 first = keep > a->index ? keep - a->index : 0;

		a->mm->generation++;
		if (first < pages)
			pages_drop(a->mm, a->start + first, a->end);
	}
}

bool mm_file_writable(const struct inode *inode)
{
	list_for(at, &inode->maps) {
		const u32 flags = container_of(at, struct area, link)->flags;

		if ((flags & AREA_SHARED) && (flags & AREA_MAYWRITE))
			return true;
	}
	return false;
}

void mm_file_dirty(struct inode *inode)
{
	list_for(at, &inode->maps) {
		const struct area *a = container_of(at, struct area, link);

		area_dirty(a->mm, a, a->start, a->end);
	}
}

void mm_file_clean(struct inode *inode)
{
	list_for(at, &inode->maps) {
		struct area *a = container_of(at, struct area, link);
		struct leaf *l;

		if (!(a->flags & AREA_SHARED))
			continue;
		for (u64 page = a->start; (l = tree_next(&a->mm->tree, page, a->end)) != NULL;
		     page = l->first + LEAF_PAGES) {
			const u64 set = leaf_range(l, a->start, a->end) & l->write;

			space_clear(a->mm->space, l, set);
			l->write &= ~set;
		}
	}
}
