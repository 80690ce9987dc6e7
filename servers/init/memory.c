/* SPDX-License-Identifier: MIT */
/*
 * Memory at boot: which pages nobody has yet, and handing out runs of them.
 *
 * Owns:       the list of free runs.
 * Never:      takes anything back: what a component was given stays its own for all its lives.
 *
 * What the kernel made for init lies in one run around init's image; everything else of the
 * regions is free.
 */
#include "init.h"

enum { RUNS_MAX = BOOT_REGIONS_MAX + 8, OWN_PAGES = 768 };

static struct extent run[RUNS_MAX];
static u32 runs;

/* Can a page be had?  Tried by making a frame of it. */
static bool is_free(const struct boot_region *r, u64 page)
{
	u32 slot = sys_slot();
	err_t e = frames_create((memory_h){ r->handle }, SLOT_OWN(slot), page - r->first, 1);

	if (err_is_ok(e))
		(void)sys_delete(SLOT_OWN(slot));
	sys_slot_free(slot);
	return err_is_ok(e);
}

static void add_run(const struct boot_region *r, u64 from, u64 to)
{
	if (from < to && runs < RUNS_MAX)
		run[runs++] = (struct extent){ .region = r->handle,
					       .node = r->node,
					       .offset = from - r->first,
					       .first = from,
					       .count = to - from };
}

static void add_region(const struct boot_region *r)
{
	u64 end = r->first + r->count;
	u64 from = sys_info->image_first, to = from + sys_info->image_count;

	if (from < r->first || from >= end) {
		add_run(r, r->first, end);
		return;
	}
	while (from > r->first && !is_free(r, from - 1))
		from--;
	while (to < end && !is_free(r, to))
		to++;
	add_run(r, r->first, from);
	add_run(r, to, end);
}

void memory_open(void)
{
	struct extent own;

	for (u32 i = 0; i < sys_info->regions; i++) {
		if (sys_info->region[i].is_ram)
			add_region(&sys_info->region[i]);
	}
	if (!memory_take(OWN_PAGES, 1, &own))
		sys_panic("there is not enough memory for init");
	sys_memory_reset();
	u32 slot = sys_range((any_h){ own.region }, own.offset, own.count, RIGHTS_ALL_MEMORY);
	if (slot == 0)
		sys_panic("no memory capability for init");
	sys_memory_add((memory_h){ slot }, own.first, own.count);
}

static void cut(struct extent *x, u64 skip, u64 pages, struct extent *out)
{
	struct extent before = *x;

	*out = *x;
	out->offset += skip;
	out->first += skip;
	out->count = pages;
	x->offset += skip + pages;
	x->first += skip + pages;
	x->count -= skip + pages;
	before.count = skip;
	if (skip != 0 && runs < RUNS_MAX)
		run[runs++] = before;
}

/* The smallest run that is large enough. */
bool memory_take(u64 pages, u64 align, struct extent *out)
{
	u32 best = RUNS_MAX;

	for (u32 i = 0; i < runs; i++) {
		u64 skip = (0 - run[i].first) & (align - 1);

		if (run[i].count >= pages + skip &&
		    (best == RUNS_MAX || run[i].count < run[best].count))
			best = i;
	}
	if (best == RUNS_MAX)
		return false;
	cut(&run[best], (0 - run[best].first) & (align - 1), pages, out);
	return true;
}

bool memory_take_some(u64 pages, u64 align, struct extent *out)
{
	u32 best = RUNS_MAX;

	for (u32 i = 0; i < runs; i++) {
		if (run[i].count >= align && (best == RUNS_MAX || run[i].count > run[best].count))
			best = i;
	}
	if (best == RUNS_MAX)
		return false;
	u64 skip = (0 - run[best].first) & (align - 1);
	u64 room = (run[best].count - skip) & ~(align - 1);
	if (room == 0)
		return false;
	cut(&run[best], skip, pages < room ? pages : room, out);
	return true;
}

u64 memory_left(void)
{
	u64 pages = 0;

	for (u32 i = 0; i < runs; i++)
		pages += run[i].count;
	return pages;
}

u32 memory_frames(const struct extent *x, bool clear)
{
	u32 slot = sys_slot();
	u64 done = x->count < 64 ? x->count : 64;
	err_t e = frames_create((memory_h){ x->region }, SLOT_OWN(slot), x->offset, done);

	while (err_is_ok(e) && done < x->count) {
		u64 n = x->count - done < 64 ? x->count - done : 64;

		e = frames_extend((frames_h){ slot }, n);
		done += n;
	}
	for (u64 at = 0; clear && err_is_ok(e) && at < x->count; at += 64)
		e = frames_clear((frames_h){ slot }, at, x->count - at < 64 ? x->count - at : 64);
	return err_is_ok(e) ? slot : 0;
}
