/* SPDX-License-Identifier: MIT */
/*
 * Faults: a page is found or made where a program, or the server for it, reaches.
 *
 * Owns:       nothing.
 * Called by:  the loop, for FAULT_PAGE; copy.c.
 * Never:      goes on with an area or a leaf after sleeping: it looks again.
 *
 * A fault costs a message; so when one comes, what will probably be wanted next is entered with
 * it: pages of the file that are in memory, and pages ahead of one that grows.
 */
#include "internal.h"

enum {
	AROUND = 32,     /* pages of a file entered at once: an aligned window */
	AHEAD_MOST = 16, /* anonymous pages made at once */
};

/* What a step towards the page did. */
enum step { STEP_DONE, STEP_AGAIN }; /* again: it slept, look once more */

/* --- stacks ---------------------------------------------------------------------------- */

/* The stack above an address may grow down to it. */
static struct area *stack_grow(struct mm *mm, u64 page)
{
	const u32 i = area_index(mm, page);

	if (i == mm->areas || !(mm->area[i]->flags & AREA_GROWSDOWN))
		return NULL;
	struct area *a = mm->area[i];
	const u64 floor =
		i == 0 ? LOWEST_ADDRESS >> PAGE_SHIFT
		       : mm->area[i - 1]->end + (mm->area[i - 1]->prot == 0 ? 0 : STACK_GAP);

	if (page < floor || a->end - page > limit_pages(mm, RLIMIT_STACK) ||
	    !may_map(mm, a->start - page, false))
		return NULL;
	count_area(mm, a, -1);
	a->start = page;
	count_area(mm, a, 1);
	mm->generation++;
	return a;
}

static bool allowed(const struct area *a, unsigned access)
{
	if (access & ACCESS_WRITE)
		return a->prot & PROT_WRITE;
	if (access & ACCESS_EXEC)
		return a->prot & PROT_EXEC;
	return a->prot != 0;
}

/* --- anonymous pages ---------------------------------------------------------------------- */

static void install(struct mm *mm, struct leaf *l, unsigned i, page_t p, bool write, bool file)
{
	l->page[i] = p;
	l->present |= bit(i);
	l->read |= bit(i);
	if (write)
		l->write |= bit(i);
	if (file)
		l->file |= bit(i);
	if (++mm->resident > mm->peak)
		mm->peak = mm->resident;
}

/* How many pages in a row are there next to entry i, on the side it grows from. */
static unsigned row(const struct leaf *l, unsigned i, bool down)
{
	unsigned n = 0;

	if (down) {
		while (i + 1 + n < LEAF_PAGES && (l->present & bit(i + 1 + n)))
			n++;
	} else {
		while (n < i && (l->present & bit(i - 1 - n)))
			n++;
	}
	return n;
}

/* As many pages again as lie in a row already: 1, 2, 4 and so on. */
static void anon_ahead(struct mm *mm, struct area *a, struct leaf *l, unsigned i)
{
	const bool down = a->flags & AREA_GROWSDOWN;
	const u64 room = leaf_range(l, a->start, a->end) & ~l->present;
	unsigned n = row(l, i, down);

	if (pages_free() < pages_total() / 8)
		return;
	n = n < AHEAD_MOST ? n : AHEAD_MOST - 1;
	for (unsigned k = 1; k <= n; k++) {
		const unsigned at = down ? i - k : i + k;

		if (at >= LEAF_PAGES || !(room & bit(at)))
			return;
		const page_t p = page_new(true);

		if (p == 0)
			return;
		install(mm, l, at, p, a->prot & PROT_WRITE, false);
	}
}

static s64 anon_fault(struct mm *mm, struct area *a, u64 page)
{
	struct leaf *l = tree_make(&mm->tree, page);
	const unsigned i = page % LEAF_PAGES;

	if (l == NULL)
		return -ENOMEM;
	const page_t p = page_new(true);

	if (p == 0) {
		if (l->present == 0)
			tree_drop(&mm->tree, l);
		return -ENOMEM;
	}
	install(mm, l, i, p, a->prot & PROT_WRITE, false);
	anon_ahead(mm, a, l, i);
	return 0;
}

/* --- pages of files ------------------------------------------------------------------------ */

static u64 file_index(const struct area *a, u64 page)
{
	return a->index + (page - a->start);
}

/* Take in what is in memory of the window around entry i. */
static void file_around(struct mm *mm, struct area *a, struct leaf *l, unsigned i)
{
	struct inode *inode = a->file->inode;
	const unsigned first = i & ~(AROUND - 1u);
	const u64 end = (inode->size + PAGE - 1) >> PAGE_SHIFT;
	const u64 window =
		bits(first, first + AROUND) & leaf_range(l, a->start, a->end) & ~l->present;

	if (inode->ops->cached == NULL || (a->flags & AREA_RANDOM))
		return;
	for_bits(k, window) {
		const u64 index = file_index(a, l->first + k);
		const page_t p = index < end ? inode->ops->cached(inode, index) : 0;

		if (p != 0)
			install(mm, l, (unsigned)k, p, false, true);
	}
}

/* The page of the file behind `page`, which may sleep. */
static s64 file_page(struct mm *mm, const struct area *a, u64 page, bool for_write, page_t *p)
{
	struct file *file = a->file;
	struct inode *inode = file->inode;
	const u64 index = file_index(a, page);
	s64 e;

	if (index >= (inode->size + PAGE - 1) >> PAGE_SHIFT)
		return -ENXIO;
	file_get(file);
	mm_get(mm);
	e = inode->ops->page(inode, index, for_write, p);
	if (e == 0 && for_write) {
		file_touched(file, true);
		if (inode->ops->dirty != NULL)
			inode->ops->dirty(inode, index, *p);
	}
	mm_put(mm);
	file_put(file);
	if (e == -ENOSPC && pages_free() < pages_total() / 32)
		return -ENOMEM;
	return e < 0 && e != -ENOMEM && e != -EINTR ? -ENXIO : e;
}

/* A copy of a page for the program alone, instead of what is at entry i. */
static s64 own_copy(struct mm *mm, struct area *a, struct leaf *l, unsigned i, page_t from)
{
	const page_t old = l->present & bit(i) ? l->page[i] : 0;
	const page_t p = page_new(false);

	if (p == 0)
		return -ENOMEM;
	page_copy(page_at(p), page_at(from));
	if (old == 0) {
		install(mm, l, i, p, true, false);
		return 0;
	}
	if (!(l->file & bit(i)))
		l->hot |= bit(i);
	/* The old page is given back when no CPU can reach it any more. */
	if (page_pool(old) != page_pool(p))
		space_clear(mm->space, l, bit(i));
	l->page[i] = p;
	l->write |= bit(i);
	l->file &= ~bit(i);
	if ((l->mapped & bit(i)) && !space_enter(mm->space, l, bit(i), a->prot & PROT_EXEC))
		l->mapped &= ~bit(i); /* there was no table, so no entry either */
	page_put(old);
	return 0;
}

static s64 file_fault(struct mm *mm, struct area *a, u64 page, unsigned access, enum step *step)
{
	const bool shared = a->flags & AREA_SHARED;
	const bool write = access & ACCESS_WRITE;
	const u32 generation = mm->generation;
	struct leaf *l;
	page_t p;
	s64 e = file_page(mm, a, page, shared && write, &p);

	if (e < 0)
		return e;
	l = mm->generation == generation ? tree_make(&mm->tree, page) : NULL;
	const unsigned i = page % LEAF_PAGES;

	if (l == NULL || (l->present & bit(i))) {
		/* Others came first. */
		page_put(p);
		*step = STEP_AGAIN;
		return mm->generation == generation && l == NULL ? -ENOMEM : 0;
	}
	if (write && !shared) {
		e = own_copy(mm, a, l, i, p);
		page_put(p);
		if (e == 0)
			file_around(mm, a, l, i);
		else if (l->present == 0)
			tree_drop(&mm->tree, l);
		return e;
	}
	install(mm, l, i, p, shared && write, true);
	file_around(mm, a, l, i);
	return 0;
}

/* --- writing to a page that is there --------------------------------------------------------- */

/* Those of the area's own pages that nobody shares any more can be written to at once. */
static u64 take_over(struct leaf *l, u64 set)
{
	u64 taken = 0;

	for_bits(i, set & l->present & ~l->write & ~l->file) {
		if (*page_refs(l->page[i]) == 1)
			taken |= bit((unsigned)i);
	}
	l->write |= taken;
	return taken;
}

/* A page of a shared file is to be written to for the first time. */
static s64 shared_write(struct mm *mm, struct area *a, u64 page, enum step *step)
{
	const u32 generation = mm->generation;
	page_t p;
	const s64 e = file_page(mm, a, page, true, &p);

	if (e < 0)
		return e;
	struct leaf *l = mm->generation == generation ? tree_leaf(&mm->tree, page) : NULL;
	const unsigned i = page % LEAF_PAGES;

	if (l == NULL || !(l->present & bit(i)) || l->page[i] != p) {
		/* The file has another page there now, or there is none any more: begin anew. */
		if (l != NULL && (l->present & bit(i)))
			pages_drop(mm, page, page + 1);
		*step = STEP_AGAIN;
	} else {
		l->write |= bit(i);
	}
	page_put(p);
	return 0;
}

static s64 write_fault(struct mm *mm, struct area *a, struct leaf *l, u64 page, enum step *step)
{
	const unsigned i = page % LEAF_PAGES;

	if (a->flags & AREA_SHARED)
		return shared_write(mm, a, page, step);
	if (take_over(l, bit(i)) != 0)
		return 0;
	return own_copy(mm, a, l, i, l->page[i]);
}

/* --- the whole ------------------------------------------------------------------------------------ */

static s64 reach_step(struct mm *mm, u64 page, unsigned access, struct leaf **leaf,
		      struct area **area, enum step *step)
{
	struct area *a = area_find(mm, page);
	const unsigned i = page % LEAF_PAGES;
	s64 e = 0;

	if (a == NULL)
		a = stack_grow(mm, page);
	if (a == NULL)
		return -EFAULT;
	if (!allowed(a, access))
		return -EACCES;
	*area = a;
	struct leaf *l = tree_leaf(&mm->tree, page);

	if (l == NULL || !(l->present & bit(i))) {
		e = a->file == NULL ? anon_fault(mm, a, page)
				    : file_fault(mm, a, page, access, step);
		*leaf = tree_leaf(&mm->tree, page);
		return e;
	}
	*leaf = l;
	l->read |= bit(i);
	if ((access & ACCESS_WRITE) && !(l->write & bit(i))) {
		e = write_fault(mm, a, l, page, step);
		*leaf = tree_leaf(&mm->tree, page);
	}
	return e;
}

static s64 reach(struct mm *mm, u64 page, unsigned access, struct leaf **leaf, struct area **area)
{
	enum step step;
	s64 e;

	do {
		step = STEP_DONE;
		e = reach_step(mm, page, access, leaf, area, &step);
		if (e == -ENOMEM && memory_make(mm)) {
			step = STEP_AGAIN;
			e = 0;
		}
	} while (e == 0 && step == STEP_AGAIN);
	return e;
}

s64 page_reach(struct mm *mm, u64 page, unsigned access, struct leaf **leaf)
{
	struct area *a;

	return reach(mm, page, access, leaf, &a);
}

s64 mm_fault(struct mm *mm, u64 addr, unsigned access)
{
	const u64 page = addr >> PAGE_SHIFT;
	struct leaf *l;
	struct area *a;
	u64 set;

	if (addr >= TASK_SIZE)
		return -EFAULT;
	const s64 e = reach(mm, page, access, &l, &a);

	if (e < 0)
		return e;
	const u64 all = leaf_range(l, a->start, a->end) & l->present & l->read;

	set = (all & ~l->mapped) | bit(page % LEAF_PAGES);
	if ((access & ACCESS_WRITE) && !(a->flags & AREA_SHARED))
		set |= take_over(l, all);
	return space_enter(mm->space, l, set, a->prot & PROT_EXEC) ? 0 : -ENOMEM;
}
