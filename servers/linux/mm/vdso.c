/* SPDX-License-Identifier: MIT */
/*
 * The vDSO's pages, shared by all programs.
 *
 * Owns:       the pages of its data and code.
 * Called by:  exec.c; core/ when the clock is set.
 */
#include "../core/event.h"
#include "../vdso/data.h"
#include "internal.h"

extern const unsigned char vdso_image[], vdso_image_end[];

enum { VDSO_PAGES = 2, NS_PER_S = 1000000000 };

static page_t page[1 + VDSO_PAGES]; /* data, code; 0: no vDSO */
static unsigned pages;

void vdso_real(u64 real)
{
	if (pages > 0)
		((volatile struct vdso_data *)page_at(page[0]))->real = real;
}

void vdso_start(void)
{
	const u64 bytes = (u64)(vdso_image_end - vdso_image);
	const unsigned need = 1 + (unsigned)((bytes + PAGE - 1) / PAGE);

	if (need > 1 + VDSO_PAGES || env.clock_hz == 0)
		return;
	for (unsigned i = 0; i < need; i++) {
		page[i] = page_take();
		if (page[i] == 0)
			return;
		page_clear(page_at(page[i]));
	}
	for (u64 at = 0; at < bytes; at += PAGE)
		memcpy(page_at(page[1 + at / PAGE]), vdso_image + at,
		       bytes - at < PAGE ? bytes - at : PAGE);
	pages = need;
	*(struct vdso_data *)page_at(page[0]) = (struct vdso_data){
		.offset = env.clock_offset,
		.factor = ((u64)NS_PER_S << 32) / env.clock_hz,
		.real = env.epoch_ns,
	};
}

/* An area for some of the pages, which are there from the start. */
static s64 map_part(struct mm *mm, u64 at, unsigned first, unsigned n, u32 prot)
{
	const struct area like = {
		.start = at,
		.end = at + n,
		.prot = prot,
		.flags = AREA_VDSO | AREA_APART,
	};
	struct area *a = area_new(&like);

	if (a == NULL)
		return -ENOMEM;
	if (!area_insert(mm, a)) {
		area_free(a);
		return -ENOMEM;
	}
	count_area(mm, &like, 1);
	for (unsigned i = 0; i < n; i++) {
		struct leaf *l = tree_make(&mm->tree, at + i);
		const unsigned k = (at + i) % LEAF_PAGES;

		if (l == NULL)
			return -ENOMEM;
		l->page[k] = page[first + i];
		page_get(page[first + i]);
		l->present |= bit(k);
		l->read |= bit(k);
		l->file |= bit(k); /* not the program's own: never written to in place */
		mm->resident++;
	}
	return 0;
}

s64 vdso_map(struct mm *mm)
{
	u64 at;
	s64 e;

	if (pages == 0)
		return 0;
	at = area_hole(mm, pages, LOWEST_ADDRESS >> PAGE_SHIFT, mm->top);
	if (at == 0)
		return -ENOMEM;
	mm->hint = at;
	e = map_part(mm, at, 0, 1, PROT_READ);
	if (e == 0)
		e = map_part(mm, at + 1, 1, pages - 1, PROT_READ | PROT_EXEC);
	if (e == 0)
		mm->vdso = (at + 1) << PAGE_SHIFT;
	return e;
}
