/* SPDX-License-Identifier: MIT */
/*
 * init's check of its bundle, on the host: damaged bundles with a right sum are refused, or hold
 * nothing that points outside.
 *
 *	fuzz FILE ROUNDS SEED
 *
 * bundle_start and bundle_end are this program's buffer; sys_panic comes back here.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define main sys_main /* that of components */
#include "../../servers/init/init.h"
#undef main

enum { ROOM = 1 << 20 };

_Alignas(4096) unsigned char bundle_start[ROOM];
struct component component[BUNDLE_COMPONENTS_MAX];
u32 components;
const struct boot_info *sys_info;
static jmp_buf refused;
static u64 state = 1, seen;
static unsigned char good[ROOM];

void sys_panic(const char *format, ...)
{
	(void)format;
	longjmp(refused, 1);
}

static u64 chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* Read a byte of each page; outside the buffer the sanitizer ends the program. */
static void look_pages(u64 offset, u64 pages)
{
	for (u64 i = 0; i < pages; i++)
		seen += bundle_start[offset + i * 4096] + bundle_start[offset + i * 4096 + 4095];
}

static void look_name(const char *name)
{
	for (; *name != 0; name++)
		seen += (u64)*name;
}

static void look_component(const struct component *c)
{
	const struct bundle_program *p = &programs[c->b->program];

	look_name(c->b->name);
	look_name(c->b->args);
	look_name(p->name);
	for (u32 s = 0; s < p->segments; s++) {
		const struct bundle_segment *g = &segments[p->segment + s];

		look_pages(g->offset, g->file_pages);
		if ((g->rights & MAP_WRITE) && (g->rights & MAP_EXEC))
			abort();
	}
	for (u32 i = 0; i < c->b->driver.ids; i++)
		seen += c->b->driver.id[i].value;
}

/* What init looks at, the way it does. */
static void look(void)
{
	for (u32 i = 0; i < components; i++)
		look_component(&component[i]);
	for (u32 i = 0; i < bundle_count(BUNDLE_POOLS); i++) {
		look_name(pools[i].name);
		if (pools[i].offset != 0)
			look_pages(pools[i].offset, pools[i].size.value);
	}
	for (u32 i = 0; i < bundle_count(BUNDLE_POOL_USES); i++)
		look_name(pools[pool_uses[i].pool].name);
	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		for (u32 side = 0; side < 2; side++)
			seen += component[channels[i].component[side]].number +
				(1ull << channels[i].bit[side]) +
				(1ull << channels[i].reset_bit[side]);
		for (u32 a = 0; a < channels[i].areas; a++)
			look_name(pools[channels[i].area[a]].name);
	}
	for (u32 i = 0; i < bundle_count(BUNDLE_ENDPOINT_USES); i++) {
		const struct bundle_endpoint_use *u = &endpoint_uses[i];

		look_name(component[u->component].b->name);
		look_name(component[endpoints[u->endpoint].owner].b->name);
	}
}

static u64 value(void)
{
	static const u64 odd[] = { 0,          1,          7,           8,     24,
				   64,         4095,       4096,        4097,  0x7fffffff,
				   0x80000000, 0xffffffff, 0x100000000, ~0ull, ~0ull - 4095,
				   1ull << 63 };

	return chance() % 3 == 0 ? chance() : odd[chance() % (sizeof odd / sizeof *odd)];
}

static void damage(u64 tables)
{
	u64 at = 8 + chance() % (tables - 16);

	switch (chance() % 3) {
	case 0: bundle_start[at] ^= (unsigned char)(1 << chance() % 8); break;
	case 1: *(u32 *)&bundle_start[at & ~3ull] = (u32)value(); break;
	default: *(u64 *)&bundle_start[at & ~7ull] = value(); break;
	}
}

static void correct_sum(void)
{
	struct bundle *b = (struct bundle *)bundle_start;
	u64 after = offsetof(struct bundle, name), h = 0;

	for (u64 i = after; b->bytes <= ROOM && i + 8 <= b->bytes; i += 8)
		h = (h ^ *(u64 *)&bundle_start[i]) * BUNDLE_SUM_PRIME;
	b->sum = h;
}

static bool accepted(void)
{
	if (setjmp(refused) != 0)
		return false;
	bundle_open();
	return true;
}

int main(int argc, char **argv)
{
	int file = argc == 4 ? open(argv[1], O_RDONLY) : -1;
	ssize_t bytes = file >= 0 ? read(file, good, ROOM) : -1;
	u64 rounds = argc == 4 ? strtoull(argv[2], NULL, 0) : 0, taken = 0;

	if (bytes < 4096) {
		fprintf(stderr, "fuzz FILE ROUNDS SEED\n");
		return 2;
	}
	state = strtoull(argv[3], NULL, 0) | 1;
	memcpy(bundle_start, good, ROOM);
	if (!accepted()) {
		printf("the good bundle is refused\n");
		return 1;
	}
	u64 tables = 4096;
	for (u32 i = 0; i < BUNDLE_TABLES; i++) {
		const struct bundle_table *t = &bundle->table[i];

		if (t->offset + (u64)t->count * t->bytes > tables)
			tables = t->offset + (u64)t->count * t->bytes;
	}
	for (u64 i = 0; i < rounds; i++) {
		memcpy(bundle_start, good, (size_t)bytes);
		for (u64 k = chance() % 3 + 1; k != 0; k--)
			damage(tables);
		if (i % 16 != 0)
			correct_sum();
		if (accepted()) {
			look();
			taken++;
			if (i % 16 == 0 && memcmp(bundle_start, good, (size_t)bytes) != 0) {
				printf("a bundle with a wrong sum was accepted, round %lu\n", i);
				return 1;
			}
		}
	}
	printf("%lu damaged bundles, %lu of them still consistent\n", rounds, taken);
	return seen == 0;
}
