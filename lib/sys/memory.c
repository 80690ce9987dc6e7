/* SPDX-License-Identifier: MIT */
/*
 * Which pages of the memory that this program holds are free: one bit each.
 *
 * Owns:       the map of pages.
 * Locks:      none: one thread uses it.
 */
#include "tessera/sys.h"

struct region {
	memory_h memory;
	u64 page; /* physical number of the first */
	u32 base; /* its number in the map */
	u32 count;
};

static struct region region[SYS_REGIONS_MAX];
static u64 used[SYS_PAGES_MAX / 64];
static u32 regions, known, left;

void sys_memory_reset(void)
{
	memset(used, 0, sizeof used);
	regions = 0;
	known = 0;
	left = 0;
}

void sys_memory_add(memory_h memory, u64 first_page, u64 pages)
{
	u32 room = SYS_PAGES_MAX - known;

	if (regions == SYS_REGIONS_MAX || room == 0)
		return;
	region[regions] =
		(struct region){ memory, first_page, known, pages < room ? (u32)pages : room };
	known += region[regions].count;
	left += region[regions].count;
	regions++;
}

static bool is_used(u32 number)
{
	return (used[number / 64] >> (number % 64)) & 1;
}

/* The first free page in [number, end), or end. */
static u32 next_free(u32 number, u32 end)
{
	while (number < end) {
		u64 free = ~used[number / 64] >> (number % 64);

		if (free != 0) {
			number += (u32)__builtin_ctzll(free);
			return number < end ? number : end;
		}
		number = (number / 64 + 1) * 64;
	}
	return end;
}

/* The number of free pages from `number` on, as far as `most`. */
static u32 run(u32 number, u32 most)
{
	u32 n = 0;

	while (n < most && !is_used(number + n))
		n++;
	return n;
}

static u32 find(const struct region *r, u32 pages, u32 align)
{
	u32 end = r->base + r->count, number = r->base;

	for (;;) {
		number = next_free(number, end);
		/* As a page number of the machine it is a multiple of align. */
		u64 skip = (0 - (r->page + (number - r->base))) & (align - 1);

		if (skip + pages > end - number)
			return SYS_NO_PAGES;
		number += (u32)skip;
		u32 n = run(number, pages);

		if (n == pages)
			return number;
		number += n + 1;
	}
}

u32 sys_pages(u32 pages, u32 align, memory_h *memory, u64 *offset)
{
	for (u32 i = 0; i < regions; i++) {
		u32 number = find(&region[i], pages, align);

		if (number == SYS_NO_PAGES)
			continue;
		for (u32 k = number; k < number + pages; k++)
			used[k / 64] |= 1ull << (k % 64);
		left -= pages;
		*memory = region[i].memory;
		*offset = number - region[i].base;
		return number;
	}
	return SYS_NO_PAGES;
}

void sys_pages_free(u32 number, u32 pages)
{
	for (u32 k = number; k < number + pages && k < known; k++) {
		left += is_used(k);
		used[k / 64] &= ~(1ull << (k % 64));
	}
}

u32 sys_pages_left(void)
{
	return left;
}
