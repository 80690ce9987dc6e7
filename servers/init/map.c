/* SPDX-License-Identifier: MIT */
/*
 * Mapping into the spaces of components, with page tables from their own arenas.
 *
 * What is at least two megabytes large and lies suitably is mapped by large pages.
 */
#include "init.h"

enum { LARGE = 512 };
#define WINDOW 0x8000000000ull      /* in a component: pools, rings, registers */
#define OWN_WINDOW 0x10000000000ull /* in init: what it writes to */

u64 life_window(struct component *c, u64 pages)
{
	u64 at = c->next_vaddr == 0 ? WINDOW : c->next_vaddr;

	if (pages >= LARGE)
		at = (at + LARGE * SYS_PAGE - 1) & ~(LARGE * SYS_PAGE - 1);
	c->next_vaddr = at + (pages + 1) * SYS_PAGE;
	return at;
}

static void add_table(struct component *c, u32 space, u64 vaddr, u64 level)
{
	u32 slot = life_object(c, OBJ_PTABLE, 0);
	u64 missing = 0;

	if (slot != 0)
		life_must(
			c,
			ptable_attach((ptable_h){ slot }, (any_h){ space }, vaddr, level, &missing),
			"page table");
}

static u64 map_some(struct component *c, u32 space, u32 grant, u64 vaddr, u64 offset, u64 n,
		    u64 attr)
{
	u64 done = 0;
	err_t e = grant_map((grant_h){ grant }, vaddr, offset, n < 64 ? n : 64, attr, &done);

	if (err_is(e, ERR_TABLE)) {
		add_table(c, space, vaddr, done);
		return 0;
	}
	life_must(c, e, "mapping");
	return c->broken ? n : done;
}

void life_map(struct component *c, u32 space, u32 frames, u64 vaddr, u64 pages, u64 attr)
{
	u32 grant = life_slot(c);
	u64 rights = (attr & (MAP_READ | MAP_WRITE | MAP_EXEC)) | RIGHT_GRANT_MAP;
	u64 kind, first = 1, count;

	if (c->broken || frames == 0)
		return;
	life_must(c,
		  grant_create((any_h){ frames }, SLOT_OWN(grant), (any_h){ space }, vaddr, pages,
			       rights),
		  "grant");
	(void)cap_info((any_h){ frames }, &kind, &first, &count);
	bool large = (vaddr / SYS_PAGE) % LARGE == 0 && first % LARGE == 0;
	for (u64 at = 0; at < pages && !c->broken;) {
		u64 n = pages - at;

		if (large && n >= LARGE)
			at += LARGE * map_some(c, space, grant, vaddr + at * SYS_PAGE, at,
					       n / LARGE, attr | MAP_SIZE_2M);
		else
			at += map_some(c, space, grant, vaddr + at * SYS_PAGE, at, n, attr);
	}
}

void *window_open(u32 frames, u64 pages, grant_h *grant)
{
	sys_must(sys_map_frames(&sys_own_space, (any_h){ frames }, OWN_WINDOW, pages,
				MAP_READ | MAP_WRITE, grant),
		 "init's window");
	return (void *)OWN_WINDOW;
}

void window_close(grant_h grant)
{
	(void)sys_destroy(ANY(grant));
}

/* Pages that no program writes are those of the image; the others are copies. */
static void load_segment(struct component *c, const struct bundle_segment *s)
{
	if (!(s->rights & MAP_WRITE)) {
		u32 slot = life_slot(c);

		life_must(c,
			  range_derive((any_h){ HANDLE_IMAGE }, SLOT_OWN(slot),
				       bundle_image_page(s->offset), s->pages,
				       RIGHT_FRAMES_READ | (s->rights & MAP_EXEC)),
			  "pages of the image");
		life_map(c, c->space, slot, s->vaddr, s->pages, s->rights);
		return;
	}
	u32 frames = life_frames(c, s->pages);
	grant_h grant;

	if (frames == 0)
		return;
	if (s->file_pages != 0) {
		memcpy(window_open(frames, s->file_pages, &grant), (const char *)bundle + s->offset,
		       s->file_pages * SYS_PAGE);
		window_close(grant);
	}
	life_map(c, c->space, frames, s->vaddr, s->pages, s->rights);
}

void life_load(struct component *c)
{
	const struct bundle_program *p = &programs[c->b->program];

	for (u32 i = 0; i < p->segments; i++)
		load_segment(c, &segments[p->segment + i]);
}
