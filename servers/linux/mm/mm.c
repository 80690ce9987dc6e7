/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: new, copied, ended.
 *
 * Owns:       struct mm.
 * Called by:  proc/ (fork, exec, exit).
 */
#include "internal.h"

static u64 last_id;

void mm_start(volatile u64 *msg)
{
	page_start();
	alloc_start();
	space_start(msg);
	vdso_start();
}

static struct mm *mm_make(u64 layout)
{
	struct mm *mm = kalloc(sizeof *mm);

	if (mm == NULL)
		return NULL;
	mm->refs = 1;
	mm->id = ++last_id;
	mm->layout = layout == 0 ? mm->id : layout;
	mm->space = space_take(mm->layout);
	if (mm->space == NULL) {
		kfree(mm);
		return NULL;
	}
	mm->top = mm->hint = TASK_SIZE >> PAGE_SHIFT;
	list_add(&mm_list, &mm->all);
	return mm;
}

struct mm *mm_new(void)
{
	return mm_make(0);
}

void mm_get(struct mm *mm)
{
	mm->refs++;
}

space_h mm_space(struct mm *mm)
{
	return space_handle(mm->space);
}

/* Kernel entries first, all of them: then nobody reaches a page that is put. */
static void pages_free_all(struct mm *mm)
{
	struct leaf *l;

	for (u64 at = 0; (l = tree_next(&mm->tree, at, TASK_SIZE >> PAGE_SHIFT)) != NULL;
	     at = l->first + LEAF_PAGES) {
		space_clear(mm->space, l, l->mapped);
		for_bits(i, l->present)
			page_put(l->page[i]);
	}
	tree_free(&mm->tree);
}

void mm_put(struct mm *mm)
{
	struct list gone;

	if (--mm->refs != 0)
		return;
	list_del(&mm->all);
	for (u32 i = 0; i < mm->areas; i++)
		area_dirty(mm, mm->area[i], mm->area[i]->start, mm->area[i]->end);
	pages_free_all(mm);
	space_give(mm->space);
	list_init(&gone);
	while (mm->areas > 0)
		area_remove(mm, mm->areas - 1, &gone);
	kfree(mm->area);
	kfree(mm);
	areas_free(&gone);
}

/* --- fork ------------------------------------------------------------------------------------ */

enum { HOT_MOST = 12 };

/*
 * Pages that parent and child will both write to at once, as was seen after the last fork: the child
 * gets copies now, which saves both a fault.  @return those it got
 */
static u64 hot_copy(struct leaf *copy, const struct leaf *l, u64 set, unsigned *room)
{
	u64 done = 0;

	for_bits(i, set & l->hot & l->write) {
		const page_t p = *room == 0 ? 0 : page_new(false);

		if (p == 0)
			break;
		page_copy(page_at(p), page_at(l->page[i]));
		copy->page[i] = p;
		done |= bit((unsigned)i);
		--*room;
	}
	return done;
}

/*
 * Pages of a leaf that lie in one area.  What is private may be written by neither any more, until it
 * is copied.  The child gets entries in the kernel's table where it will be at once: else its first
 * faults enter them, 64 at a time, and what it does not use before it executes another program costs
 * nothing.
 */
static bool leaf_copy(struct mm *to, struct mm *from, struct leaf *l, const struct area *a,
		      unsigned *room)
{
	const u64 set = leaf_range(l, a->start, a->end) & l->present;
	const bool exec = a->prot & PROT_EXEC;
	struct leaf *copy = set == 0 ? NULL : tree_make(&to->tree, l->first);
	u64 own = 0;

	if (copy == NULL)
		return set == 0;
	if (!(a->flags & AREA_SHARED)) {
		own = hot_copy(copy, l, set, room);
		const u64 protect = set & ~own & l->write & l->mapped;

		l->write &= ~(set & ~own);
		if (protect != 0 && !space_enter(from->space, l, protect, exec))
			space_clear(from->space, l, protect);
	}
	copy->present |= set;
	copy->read |= set & l->read;
	copy->write |= set & l->write;
	copy->file |= set & l->file;
	copy->hot |= own;
	for_bits(i, set & ~own) {
		copy->page[i] = l->page[i];
		page_get(l->page[i]);
	}
	to->resident += count_bits(set);
	if (own != 0)
		(void)space_enter(to->space, copy, set & copy->read, exec);
	return true;
}

static bool area_copy(struct mm *to, struct mm *from, const struct area *a, unsigned *room)
{
	struct area *copy = area_new(a);
	struct leaf *l;

	if (copy == NULL)
		return false;
	copy->flags &= ~(u32)AREA_LOCKED;
	if (!area_insert(to, copy)) {
		area_free(copy);
		return false;
	}
	count_area(to, a, 1);
	if (a->flags & AREA_LOCKED)
		to->locked_pages -= a->end - a->start;
	if (a->flags & AREA_WIPEFORK)
		return true;
	for (u64 at = a->start; (l = tree_next(&from->tree, at, a->end)) != NULL;
	     at = l->first + LEAF_PAGES) {
		if (!leaf_copy(to, from, l, a, room))
			return false;
	}
	return true;
}

static void places_copy(struct mm *to, const struct mm *from)
{
	to->top = from->top;
	to->hint = from->hint;
	to->start_code = from->start_code;
	to->end_code = from->end_code;
	to->start_data = from->start_data;
	to->end_data = from->end_data;
	to->start_stack = from->start_stack;
	to->start_brk = from->start_brk;
	to->brk = from->brk;
	to->arg_start = from->arg_start;
	to->arg_end = from->arg_end;
	to->env_start = from->env_start;
	to->env_end = from->env_end;
	to->vdso = from->vdso;
}

s64 mm_fork(struct mm *from, struct mm **out)
{
	struct mm *to = mm_make(from->layout);
	/* Not where another thread may be writing to a page while it is copied. */
	unsigned room = from->refs == 1 ? HOT_MOST : 0;

	*out = NULL;
	if (to == NULL)
		return -EAGAIN;
	places_copy(to, from);
	for (u32 i = 0; i < from->areas; i++) {
		if (from->area[i]->flags & AREA_NOFORK)
			continue;
		if (!area_copy(to, from, from->area[i], &room)) {
			mm_put(to);
			return -ENOMEM;
		}
	}
	to->peak = to->resident;
	*out = to;
	return 0;
}
