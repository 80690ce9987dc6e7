/* SPDX-License-Identifier: MIT */
/*
 * The areas of an address space: an array sorted by address.
 *
 * Owns:       struct area, mm->area.
 * Called by:  mm/.
 * Never:      sleeps; touches pages.
 *
 * Finding is a binary search behind a look at the one found last.  Entering moves pointers, one for
 * each area above: cheaper than balancing a tree for the hundred areas of a usual program.
 */
#include "internal.h"

u32 area_index(struct mm *mm, u64 page)
{
	u32 low = 0, high = mm->areas;

	if (mm->last < mm->areas && mm->area[mm->last]->start <= page &&
	    page < mm->area[mm->last]->end)
		return mm->last;
	while (low < high) {
		const u32 mid = (low + high) / 2;

		if (mm->area[mid]->end <= page)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < mm->areas)
		mm->last = low;
	return low;
}

struct area *area_find(struct mm *mm, u64 page)
{
	const u32 i = area_index(mm, page);

	return i < mm->areas && mm->area[i]->start <= page ? mm->area[i] : NULL;
}

struct area *area_new(const struct area *like)
{
	struct area *a = kalloc(sizeof *a);

	if (a == NULL)
		return NULL;
	*a = *like;
	list_init(&a->link);
	if (a->file != NULL)
		file_get(a->file);
	return a;
}

void area_free(struct area *a)
{
	list_del(&a->link);
	if (a->file != NULL)
		file_put(a->file);
	kfree(a);
}

static bool make_room(struct mm *mm)
{
	if (mm->areas < mm->room)
		return true;
	if (mm->areas >= AREAS_MAX)
		return false;
	const u32 room = mm->room == 0 ? 32 : mm->room * 2;
	struct area **bigger = kalloc(room * sizeof *bigger);

	if (bigger == NULL)
		return false;
	if (mm->area != NULL)
		words_copy(bigger, mm->area, mm->areas);
	kfree(mm->area);
	mm->area = bigger;
	mm->room = room;
	return true;
}

static bool place(struct mm *mm, u32 i, struct area *a)
{
	if (!make_room(mm))
		return false;
	words_move_up(&mm->area[i], mm->areas - i);
	mm->area[i] = a;
	mm->areas++;
	mm->generation++;
	a->mm = mm;
	if (a->file != NULL)
		list_add(&a->file->inode->maps, &a->link);
	return true;
}

/* Take area i out of the array, and leave it alone otherwise. */
static void displace(struct mm *mm, u32 i)
{
	mm->areas--;
	mm->generation++;
	words_copy(&mm->area[i], &mm->area[i + 1], mm->areas - i);
}

void area_remove(struct mm *mm, u32 i, struct list *gone)
{
	struct area *a = mm->area[i];

	displace(mm, i);
	list_del(&a->link);
	list_add(gone, &a->link);
}

void areas_free(struct list *gone)
{
	while (!list_empty(gone))
		area_free(container_of(gone->next, struct area, link));
}

/* Could b, that starts where a ends, be part of a? */
static bool continues(const struct area *a, const struct area *b)
{
	return a->end == b->start && a->prot == b->prot && a->flags == b->flags &&
	       a->file == b->file && !(a->flags & (AREA_APART | AREA_GROWSDOWN)) &&
	       (a->file == NULL || a->index + (a->end - a->start) == b->index);
}

void area_join(struct mm *mm, u32 i)
{
	if (i == 0 || i >= mm->areas || !continues(mm->area[i - 1], mm->area[i]))
		return;
	struct area *a = mm->area[i];

	mm->area[i - 1]->end = a->end;
	displace(mm, i);
	area_free(a); /* which does not sleep: the other one has the file too */
}

bool area_insert(struct mm *mm, struct area *a)
{
	const u32 i = area_index(mm, a->start);

	/* Often it only makes its neighbour longer. */
	if (i > 0 && continues(mm->area[i - 1], a)) {
		mm->area[i - 1]->end = a->end;
		mm->generation++;
		area_free(a);
		area_join(mm, i);
		return true;
	}
	if (i < mm->areas && continues(a, mm->area[i])) {
		mm->area[i]->start = a->start;
		mm->area[i]->index = a->index;
		mm->generation++;
		area_free(a);
		return true;
	}
	return place(mm, i, a);
}

s64 area_split(struct mm *mm, u64 page)
{
	const u32 i = area_index(mm, page);

	if (i == mm->areas || mm->area[i]->start >= page)
		return 0;
	struct area *low = mm->area[i];
	struct area *high = area_new(low);

	if (high == NULL)
		return -ENOMEM;
	high->start = page;
	if (high->file != NULL)
		high->index += page - low->start;
	if (!place(mm, i + 1, high)) {
		area_free(high);
		return -ENOMEM;
	}
	low->end = page;
	return 0;
}

static u64 gap_below(const struct area *a)
{
	return a->flags & AREA_GROWSDOWN ? STACK_GAP : 0;
}

u64 area_hole(struct mm *mm, u64 pages, u64 low, u64 high)
{
	u32 i = area_index(mm, high);

	/* Area i and those above it do not matter, but for the gap below a stack. */
	if (i < mm->areas) {
		const struct area *a = mm->area[i];
		const u64 end = a->start > gap_below(a) ? a->start - gap_below(a) : 0;

		high = end < high ? end : high;
	}
	for (;; i--) {
		const u64 floor = i > 0 && mm->area[i - 1]->end > low ? mm->area[i - 1]->end : low;

		if (high >= floor && high - floor >= pages)
			return high - pages;
		if (floor == low)
			return 0;
		const struct area *a = mm->area[i - 1];
		const u64 end = a->start > gap_below(a) ? a->start - gap_below(a) : 0;

		high = end < high ? end : high;
	}
}

bool area_overlaps(struct mm *mm, u64 from, u64 to)
{
	const u32 i = area_index(mm, from);

	return i < mm->areas && mm->area[i]->start < to;
}

bool area_covers(struct mm *mm, u64 from, u64 to)
{
	for (u32 i = area_index(mm, from); from < to; i++) {
		if (i >= mm->areas || mm->area[i]->start > from)
			return false;
		from = mm->area[i]->end;
	}
	return true;
}
