/* SPDX-License-Identifier: MIT */
/*
 * Boot with odd memory maps: kernel_boot on random regions and modules, and
 * the ranges that memory maps are made into.
 */
#include "harness.h"

#include <string.h>

#include "boot.h"
#include "inv.h"
#include "../../kernel/arch/x86_64/ranges.h"

enum { MAPS = 300, ROUNDS = 2000, PLACES = 96, IMAGE_PAGES = 3, MODULE_BYTES = 0x1000 + 96 };

static u64 seed;

static u32 below(u32 n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(seed >> 33) % n;
}

/* --- ranges ------------------------------------------------------------------------------- */

static void same_ranges(const struct machine_range *r, u32 n, const bool *is_ram)
{
	u32 at = 0, i = 0;

	while (at < PLACES) {
		u32 from = at;

		while (at < PLACES && is_ram[at])
			at++;
		if (at > from) {
			CHECK(i < n);
			IS(r[i].first, from);
			IS(r[i].count, at - from);
			i++;
		}
		while (at < PLACES && !is_ram[at])
			at++;
	}
	IS(n, i);
}

TEST(boot_ranges, "memory maps in any order become ascending, disjoint ranges")
{
	seed = 1;
	for (u32 round = 0; round < ROUNDS; round++) {
		struct machine_range r[RANGE_MAX];
		bool is_ram[PLACES] = { false };
		u32 n = 0;

		for (u32 step = 0; step < 20; step++) {
			u32 first = below(PLACES), end = below(3) == 0 ? first : below(PLACES + 1);
			bool add = step < 12;

			if (add)
				ranges_add(r, &n, first, end);
			else
				ranges_cut(r, &n, first, end);
			for (u32 p = first; p < end; p++)
				is_ram[p] = add;
			same_ranges(r, n, is_ram);
		}
	}
}

TEST(boot_ranges_full, "what does not fit into the array is left out, and nothing else is touched")
{
	struct machine_range r[RANGE_MAX + 1];
	u32 n = 0;

	memset(&r[RANGE_MAX], 0x5a, sizeof(r[0]));
	for (u32 i = 0; i < RANGE_MAX + 10; i++)
		ranges_add(r, &n, 10 * i, 10 * i + 4);
	IS(n, RANGE_MAX);
	ranges_cut(r, &n, 1, 2);
	ranges_add(r, &n, 0, 100);
	CHECK(n < RANGE_MAX);
	IS(r[RANGE_MAX].first, 0x5a5a5a5a5a5a5a5a);
}

/* --- the first program ------------------------------------------------------------------------ */

/* An executable of one segment that ends in the middle of its second page, linked to this address. */
static void write_module(u32 page, u64 vaddr)
{
	u64 *w = (u64 *)(void *)host_mem.byte[page];

	memset(w, 0, 2 * PAGE_SIZE);
	w[0] = 0x00010102464c457full;
	w[2] = 62ull << 16 | 2;
	w[3] = vaddr + 16;
	w[4] = 64;
	w[6] = 56ull << 48;
	w[7] = 1;
	w[8] = 5ull << 32 | 1;
	w[9] = 0;
	w[10] = vaddr;
	w[12] = MODULE_BYTES;
	w[13] = 2 * PAGE_SIZE + 5;
	for (u32 i = 16; i < MODULE_BYTES / 8; i++)
		w[i] = 0x1234567800000000ull + i;
}

static void reset(void)
{
	memset(host_mem.byte, HOST_POISON, (u64)TEST_PAGES * PAGE_SIZE);
	for (u32 p = 0; p < TEST_PAGES; p++)
		*PD(p) = (struct page){ .type = PAGE_RESERVED, .head = NIL, .owner = NIL,
					.parent = NIL, .link = NIL };
	ks = (struct kernel_state){ .cpus = TEST_CPUS };
	memset(host_cpu_state, 0, sizeof(host_cpu_state[0]) * TEST_CPUS);
	for (u32 c = 0; c < TEST_CPUS; c++) {
		host.cpu[c].thread = NIL;
		host.cpu[c].space = NIL;
		host.cpu[c].phase = HOST_IDLE;
	}
	host.held_count = 0;
	host_mem.entry++;
	host_mem.boots = true;
}

/* Regions with holes and pieces of any size; with the module where it may be cut in pieces. */
static void make_map(struct boot_map *map, u32 module)
{
	u32 at = 1 + below(20);

	memset(map, 0, sizeof(*map));
	map->info.clock_hz = 1000000;
	while (at + 2 < TEST_PAGES && map->info.regions < 12) {
		u32 left = TEST_PAGES - at, n = below(3) == 0 ? 1 + below(3) : 1 + below(left);

		map->info.region[map->info.regions++] = (struct boot_region){
			.first = at, .count = n, .is_ram = below(5) != 0
		};
		at += n + (below(2) == 0 ? 0 : below(60));
	}
	map->module_start = (u64)module << PAGE_SHIFT;
	map->module_end = map->module_start + MODULE_BYTES;
}

/* Every page of a region is free or has an owner; no other page was given out. */
static void check_pages(const struct boot_map *map)
{
	static bool in_region[TEST_PAGES];

	memset(in_region, 0, sizeof(in_region));
	for (u32 i = 0; i < map->info.regions; i++) {
		const struct boot_region *r = &map->info.region[i];

		for (u64 p = r->first; r->is_ram && p < r->first + r->count; p++)
			in_region[p] = true;
	}
	for (u32 p = 0; p < TEST_PAGES; p++)
		CHECK(in_region[p] == (PD(p)->type != PAGE_RESERVED));
}

static void check_image(void)
{
	u32 t = CPU(0)->current, level, table, index;
	u64 first = host_walk(TH(t)->space, 0x400, &level, &table, &index);
	u64 second = host_walk(TH(t)->space, 0x401, &level, &table, &index);

	CHECK(first != 0 && second != 0);
	IS(WORD(pte_page(first), 20), 0x1234567800000000ull + 20);
	IS(WORD(pte_page(second), 11), 0x1234567800000000ull + 512 + 11);
	IS(WORD(pte_page(second), 12), 0);
}

static struct boot_map map;
static void boot_it(void)
{
	kernel_boot(&map);
}

/* Does a run of pages that the module does not lie in have room for all that boot makes? */
static bool is_roomy(void)
{
	u64 from = map.module_start >> PAGE_SHIFT, to = from + 2, best = 0;

	for (u32 i = 0; i < map.info.regions; i++) {
		const struct boot_region *r = &map.info.region[i];
		u64 run = 0;

		for (u64 p = r->first; r->is_ram && p < r->first + r->count; p++) {
			run = p >= from && p < to ? 0 : run + 1;
			best = run > best ? run : best;
		}
	}
	return best >= 64;
}

TEST(boot_maps, "boot with regions of any form, and the module in, beside or across them")
{
	u32 booted = 0;

	seed = 7;
	for (u32 i = 0; i < MAPS; i++) {
		u32 module = 1 + below(TEST_PAGES - 3);

		reset();
		make_map(&map, module);
		if (below(2) == 0) {
			const struct boot_region *r = &map.info.region[below(map.info.regions)];
			u64 edge = below(2) == 0 ? r->first : r->first + r->count;

			if (edge > 2 && edge < TEST_PAGES - 2)
				module = (u32)edge - below(3);
			map.module_start = (u64)module << PAGE_SHIFT;
			map.module_end = map.module_start + MODULE_BYTES;
		}
		write_module(module, 0x400000);
		const char *why = failure_of(boot_it);

		if (!is_roomy() && why != NULL) {
			CHECK(strstr(why, "does not fit") != NULL);
			continue;
		}
		if (why != NULL)
			test_failed(why, __FILE__, __LINE__, i);
		check_pages(&map);
		check_image();
		CHECK(kernel_inv());
		booted++;
	}
	CHECK(booted > MAPS / 2);
}

TEST(boot_high, "an image at a high address needs more page tables: it fits, or nothing behind the region is touched")
{
	enum { FIRST = 8, LEAST = 250, MOST = 310 };
	u32 fits = 0;

	for (u32 n = LEAST; n < MOST; n++) {
		reset();
		memset(&map, 0, sizeof(map));
		map.info.clock_hz = 1000000;
		map.info.regions = 1;
		map.info.region[0] = (struct boot_region){ .first = FIRST, .count = n, .is_ram = 1 };
		map.module_start = 2 * PAGE_SIZE;
		map.module_end = map.module_start + MODULE_BYTES;
		write_module(2, 0x1f800000);
		const char *why = failure_of(boot_it);

		CHECK(why == NULL || strstr(why, "does not fit") != NULL);
		IS(host_mem.byte[FIRST + n][0], HOST_POISON);
		fits += why == NULL;
	}
	CHECK(fits > 0 && fits < MOST - LEAST);
}
