/* SPDX-License-Identifier: MIT */
/*
 * Mapping and unmapping.
 *
 * Owns:       counts of mapped pages.
 * Called by:  calls.c, exec.c.
 * Never:      makes pages, but for MAP_POPULATE.
 */
#include "internal.h"

enum {
	MAP_TYPE = 15,
	MAP_32BIT = 0x40,
	MAP_LOCKED = 0x2000,
	MAP_NORESERVE = 0x4000,
	MAP_KNOWN = 0x1fffff | 0x4000000, /* what MAP_SHARED_VALIDATE accepts, less MAP_SYNC */
	LOW_FROM = 0x40000000,            /* MAP_32BIT: between these */
	PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXEC,
	RDEV_ZERO = 0x105,
};
#define LOW_TO 0x80000000ull

/* --- limits -------------------------------------------------------------------------- */

u64 limit_pages(struct mm *mm, unsigned which)
{
	const struct task *t = current();

	if (t == NULL || t->mm != mm)
		return which == RLIMIT_STACK ? 2048 : UINT64_MAX;
	const u64 soft = t->process->rlimit[which].soft;

	return soft == UINT64_MAX ? soft : soft >> PAGE_SHIFT;
}

bool is_data(const struct area *a)
{
	return (a->prot & PROT_WRITE) && !(a->flags & (AREA_SHARED | AREA_GROWSDOWN));
}

bool may_map(struct mm *mm, u64 pages, bool data)
{
	const u64 all = limit_pages(mm, RLIMIT_AS);

	if (pages > all || mm->pages > all - pages)
		return false;
	const u64 most = limit_pages(mm, RLIMIT_DATA);

	return !data || (pages <= most && mm->data_pages <= most - pages);
}

void count_area(struct mm *mm, const struct area *a, s64 sign)
{
	const u64 pages = (a->end - a->start) * (u64)sign;

	mm->pages += pages;
	if (is_data(a))
		mm->data_pages += pages;
	if (a->flags & AREA_LOCKED)
		mm->locked_pages += pages;
}

/* --- taking away ------------------------------------------------------------------------- */

static void leaf_drop(struct mm *mm, struct leaf *l, u64 set)
{
	set &= l->present;
	space_clear(mm->space, l, set);
	l->present &= ~set;
	l->read &= ~set;
	l->write &= ~set;
	l->file &= ~set;
	l->hot &= ~set;
	mm->resident -= count_bits(set);
	for_bits(i, set)
		page_put(l->page[i]);
}

void pages_drop(struct mm *mm, u64 from, u64 to)
{
	for (u64 at = from; at < to;) {
		struct leaf *l = tree_next(&mm->tree, at, to);

		if (l == NULL)
			return;
		at = l->first + LEAF_PAGES;
		leaf_drop(mm, l, leaf_range(l, from, to));
		if (l->present == 0)
			tree_drop(&mm->tree, l);
	}
}

void area_dirty(struct mm *mm, const struct area *a, u64 from, u64 to)
{
	struct inode *inode = a->file == NULL ? NULL : a->file->inode;
	struct leaf *l;

	if (inode == NULL || !(a->flags & AREA_SHARED) || inode->ops->dirty == NULL)
		return;
	for (u64 at = from; (l = tree_next(&mm->tree, at, to)) != NULL;
	     at = l->first + LEAF_PAGES) {
		for_bits(i, leaf_range(l, from, to) & l->present & l->write)
			inode->ops->dirty(inode, a->index + (l->first + i) - a->start, l->page[i]);
	}
}

s64 range_unmap(struct mm *mm, u64 from, u64 to)
{
	struct list gone;
	u32 i = area_index(mm, from);

	if (i == mm->areas || mm->area[i]->start >= to)
		return 0;
	/* One more area may come of it. */
	if (mm->area[i]->start < from && mm->area[i]->end > to && mm->areas >= AREAS_MAX)
		return -ENOMEM;
	if (area_split(mm, from) < 0 || area_split(mm, to) < 0)
		return -ENOMEM;
	list_init(&gone);
	i = area_index(mm, from);
	while (i < mm->areas && mm->area[i]->start < to) {
		area_dirty(mm, mm->area[i], mm->area[i]->start, mm->area[i]->end);
		count_area(mm, mm->area[i], -1);
		area_remove(mm, i, &gone);
	}
	pages_drop(mm, from, to);
	if (to > mm->hint)
		mm->hint = to;
	areas_free(&gone);
	return 0;
}

s64 mm_unmap(struct mm *mm, u64 addr, u64 bytes)
{
	const u64 pages = (bytes + PAGE - 1) >> PAGE_SHIFT;

	if ((addr & (PAGE - 1)) || addr > TASK_SIZE || bytes > TASK_SIZE - addr || pages == 0)
		return -EINVAL;
	return range_unmap(mm, addr >> PAGE_SHIFT, (addr >> PAGE_SHIFT) + pages);
}

/* --- where ---------------------------------------------------------------------------------- */

static u64 hole(struct mm *mm, u64 pages, unsigned flags)
{
	const u64 low = LOWEST_ADDRESS >> PAGE_SHIFT;
	u64 at;

	if (flags & MAP_32BIT)
		return area_hole(mm, pages, LOW_FROM >> PAGE_SHIFT, LOW_TO >> PAGE_SHIFT);
	at = area_hole(mm, pages, low, mm->hint < mm->top ? mm->hint : mm->top);
	if (at == 0 && mm->hint < mm->top)
		at = area_hole(mm, pages, low, mm->top);
	if (at == 0) /* above, where the stack is, there may still be room */
		at = area_hole(mm, pages, mm->top, TASK_SIZE >> PAGE_SHIFT);
	if (at != 0 && at < mm->top)
		mm->hint = at;
	return at;
}

/* The first page of where it shall go, or an error. */
static s64 find_place(struct mm *mm, u64 addr, u64 pages, unsigned flags)
{
	const u64 page = (addr + PAGE - 1) >> PAGE_SHIFT;

	if (pages > TASK_SIZE >> PAGE_SHIFT)
		return -ENOMEM;
	if (flags & (LX_MAP_FIXED | LX_MAP_FIXED_NOREPLACE)) {
		if (addr & (PAGE - 1))
			return -EINVAL;
		if (addr > TASK_SIZE - (pages << PAGE_SHIFT))
			return -ENOMEM;
		if (addr < LOWEST_ADDRESS)
			return -EPERM;
		if ((flags & LX_MAP_FIXED_NOREPLACE) && area_overlaps(mm, page, page + pages))
			return -EEXIST;
		return (s64)page;
	}
	if (addr >= LOWEST_ADDRESS && addr < TASK_SIZE &&
	    pages <= (TASK_SIZE >> PAGE_SHIFT) - page &&
	    area_hole(mm, pages, page, page + pages) == page)
		return (s64)page;
	const u64 at = hole(mm, pages, flags);

	return at == 0 ? -ENOMEM : (s64)at;
}

/* --- mmap ------------------------------------------------------------------------------------- */

static bool may_write(const struct file *f)
{
	return (f->flags & O_ACCMODE) == O_WRONLY || (f->flags & O_ACCMODE) == O_RDWR;
}

/* What may be mapped of a file, and how; *flags: AREA_*. */
static s64 check_file(const struct file *f, unsigned prot, unsigned flags, u32 *area_flags)
{
	const bool shared = *area_flags & AREA_SHARED;

	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (flags & ~(unsigned)MAP_KNOWN))
		return -EOPNOTSUPP;
	if (f->flags & O_PATH)
		return -EBADF;
	if ((f->flags & O_ACCMODE) == O_WRONLY)
		return -EACCES;
	if (flags & LX_MAP_GROWSDOWN)
		return -EINVAL;
	if (shared && !may_write(f)) {
		if (prot & PROT_WRITE)
			return -EACCES;
		*area_flags &= ~(u32)AREA_MAYWRITE;
	}
	if (f->inode->ops == NULL || f->inode->ops->page == NULL)
		return -ENODEV;
	if (shared && (inode_seals(f->inode) & (SEAL_WRITE | SEAL_FUTURE_WRITE))) {
		if (prot & PROT_WRITE)
			return -EPERM;
		*area_flags &= ~(u32)AREA_MAYWRITE;
	}
	return 0;
}

static bool is_zero_device(const struct file *f)
{
	return f != NULL && (f->inode->mode & S_IFMT) == S_IFCHR && f->inode->rdev == RDEV_ZERO;
}

static s64 flags_of(struct mm *mm, unsigned flags, u32 *out)
{
	const unsigned type = flags & MAP_TYPE;

	*out = AREA_MAYWRITE | (type == MAP_PRIVATE ? 0 : AREA_SHARED) |
	       (flags & LX_MAP_GROWSDOWN ? AREA_GROWSDOWN : 0) |
	       ((flags & MAP_LOCKED) || mm->lock_future ? AREA_LOCKED : 0);
	return (flags & LX_MAP_GROWSDOWN) && type != MAP_PRIVATE ? -EINVAL : 0;
}

static s64 check_limits(struct mm *mm, u64 from, const struct area *a, unsigned flags)
{
	const u64 pages = a->end - a->start;
	u64 replaced = 0; /* what a fixed mapping takes the place of */

	for (u32 i = area_index(mm, from); i < mm->areas && mm->area[i]->start < a->end; i++)
		replaced += mm->area[i]->end - mm->area[i]->start;
	if (!may_map(mm, pages > replaced ? pages - replaced : 0, is_data(a)))
		return -ENOMEM;
	if (is_data(a) && a->file == NULL && !(flags & MAP_NORESERVE) && pages > pages_total())
		return -ENOMEM;
	if ((a->flags & AREA_LOCKED) &&
	    (pages > limit_pages(mm, RLIMIT_MEMLOCK) ||
	     mm->locked_pages > limit_pages(mm, RLIMIT_MEMLOCK) - pages))
		return -EAGAIN;
	return mm->areas >= AREAS_MAX ? -ENOMEM : 0;
}

/* As far as there is memory; what does not come is no error. */
static void populate(struct mm *mm, u64 from, u64 to, unsigned prot)
{
	const unsigned access = prot & PROT_WRITE ? ACCESS_WRITE : ACCESS_READ;

	for (u64 page = from; page < to && pages_free() > pages_total() / 16; page++) {
		if (mm_fault(mm, page << PAGE_SHIFT, access) < 0)
			return;
	}
}

static s64 enter_area(struct mm *mm, const struct area *like)
{
	struct area *a = area_new(like);

	if (a == NULL)
		return -ENOMEM;
	if ((like->flags & AREA_SHARED) && like->file == NULL) {
		a->file = shm_file(a->end - a->start);
		a->index = 0;
	}
	if (((like->flags & AREA_SHARED) && a->file == NULL) || !area_insert(mm, a)) {
		area_free(a);
		return -ENOMEM;
	}
	count_area(mm, like, 1);
	return 0;
}

s64 mm_map(struct mm *mm, u64 addr, u64 bytes, unsigned prot, unsigned flags, struct file *file,
	   u64 offset)
{
	const u64 pages = (bytes + PAGE - 1) >> PAGE_SHIFT;
	struct area a = { .prot = prot & PROT_ALL, .file = file, .index = offset >> PAGE_SHIFT };
	s64 e = flags_of(mm, flags, &a.flags);

	if (bytes == 0 || (offset & (PAGE - 1)))
		return -EINVAL;
	if (bytes > UINT64_MAX - PAGE)
		return -ENOMEM;
	if (a.index + pages > INT64_MAX >> PAGE_SHIFT)
		return -EOVERFLOW;
	const s64 place = e < 0 ? e : find_place(mm, addr, pages, flags);

	if (place < 0)
		return place;
	if (is_zero_device(file))
		a.file = NULL;
	if (a.file != NULL)
		e = check_file(a.file, prot, flags, &a.flags);
	if (e < 0)
		return e;
	a.start = (u64)place;
	a.end = a.start + pages;
	if (a.file == NULL)
		a.index = 0;
	e = check_limits(mm, a.start, &a, flags);
	if (e == 0 && (flags & LX_MAP_FIXED))
		e = range_unmap(mm, a.start, a.end);
	if (e == 0)
		e = enter_area(mm, &a);
	if (e < 0)
		return e;
	if (a.file != NULL)
		file_touched(a.file, false);
	if ((flags & LX_MAP_POPULATE) || (a.flags & AREA_LOCKED))
		populate(mm, a.start, a.end, a.prot);
	return (s64)(a.start << PAGE_SHIFT);
}
