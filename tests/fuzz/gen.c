/* SPDX-License-Identifier: MIT */
/*
 * Choices of the fuzzer: numbers, addresses, handles of what is really there.
 */
#define STATE_PEEK
#include "fuzz.h"

static struct {
	const u8 *data;
	size_t length, at;
	u64 state;
	bool endless;
} source;

void choose_from_bytes(const u8 *data, size_t length)
{
	source.data = data;
	source.length = length;
	source.at = 0;
	source.endless = false;
}

void choose_from_seed(u64 seed)
{
	source.state = seed * 0x9e3779b97f4a7c15ull + 1;
	source.endless = true;
}

bool choices_left(void)
{
	return source.endless || source.at < source.length;
}

/* xorshift64*: Vigna, ACM Trans. Math. Softw. 42(4), 2016. */
static u64 next_random(void)
{
	source.state ^= source.state >> 12;
	source.state ^= source.state << 25;
	source.state ^= source.state >> 27;
	return source.state * 0x2545f4914f6cdd1dull;
}

static u64 next_bytes(u32 n)
{
	u64 v = 0;

	if (source.endless)
		return next_random() >> (64 - 8 * n);
	for (u32 i = 0; i < n && source.at < source.length; i++)
		v |= (u64)source.data[source.at++] << (8 * i);
	return v;
}

u32 choose(u32 n)
{
	return (u32)(next_bytes(n <= 256 ? 1 : 3) % n);
}

bool chance(u32 of_256)
{
	return next_bytes(1) < of_256;
}

u64 choose_u64(void)
{
	return next_bytes(8);
}

u64 choose_between(u64 min, u64 max)
{
	u64 span = max - min;

	switch (choose(8)) {
	case 0: return min;
	case 1: return max;
	case 2: return chance(40) ? max + 1 : max - (span != 0);
	case 3:
		return chance(40)
			       ? choose_u64()
			       : min + next_bytes(4) % (span < 0xffffffff ? span + 1 : 0x100000000);
	default: return min + next_bytes(1) % 8 % (span < 8 ? span + 1 : 8);
	}
}

/* Few addresses, so that mappings meet; at borders of tables, and at the end of user space. */
u64 choose_vaddr(void)
{
	static const u64 base[] = { 0,
				    0x400000,
				    0x1ff000,
				    0x200000,
				    0x40000000 - 0x2000,
				    0x40000000,
				    0x8000000000 - 0x1000,
				    0x7ffffffff000 - 0x1000 };

	if (chance(6))
		return choose_u64();
	u64 v = base[chance(128) ? 0 : choose(chance(200) ? 4 : 8)] + choose(8) * PAGE_SIZE;
	return chance(4) ? v + choose(4096) : v;
}

/* --- what is there ---------------------------------------------------------------- */

static bool slot_fits(u32 s, u32 mask, u32 rights)
{
	u32 type = SLOT(s)->type;

	return type != 0 && (mask == 0 || (mask >> type & 1)) &&
	       (SLOT(s)->rights & rights) == rights;
}

enum { LEAVES = 6 }; /* pages of slots that the fuzzer looks at */

/* Index in a table of a slot that fits (full), or of an empty one; 0: none. */
static u64 find_slot(u32 table, bool full, u32 mask, u32 rights)
{
	u32 leaf = choose(LEAVES), at = choose(SLOTS_PER_PAGE);

	for (u32 n = 0; n < LEAVES; n++, leaf = (leaf + 1) % LEAVES) {
		u32 page = CT(table)->leaf[leaf];
		if (page == 0)
			continue;
		for (u32 i = 0; i < SLOTS_PER_PAGE; i++) {
			u32 k = (at + i) % SLOTS_PER_PAGE, s = SLOT_OF(page, k);
			u64 index = (u64)leaf * SLOTS_PER_PAGE + k;
			if (index != 0 && (full ? slot_fits(s, mask, rights) : SLOT(s)->type == 0))
				return index;
		}
	}
	return 0;
}

u64 choose_handle(u32 t, u32 mask, u32 rights)
{
	u32 table = TH(t)->table;

	if (table == NIL || chance(4))
		return chance(200) ? choose(400) : choose_u64();
	u64 h = find_slot(table, true, chance(6) ? 0 : mask, chance(12) ? 0 : rights);
	return h != 0 ? h : choose(64);
}

u64 choose_where(u32 t, bool full)
{
	u32 table = TH(t)->table;

	if (table == NIL || chance(4))
		return choose_u64();
	if (chance(230))
		return find_slot(table, full != chance(4), 0, 0);
	u64 handle = find_slot(table, true, 1u << OBJ_TABLE, 0);
	u32 other =
		handle == 0 ? table : SLOT(SLOT_OF(CT(table)->leaf[handle / 64], handle % 64))->obj;
	return handle << 32 | find_slot(other, full, 0, 0);
}

u32 choose_page(u32 type)
{
	u32 at = choose(host_mem.pages);

	for (u32 i = 0; i < host_mem.pages; i++) {
		u32 p = (at + i) % host_mem.pages;
		if (PD(p)->type == type)
			return p;
	}
	return NIL;
}
