/* SPDX-License-Identifier: MIT */
/* prove:
 * loop_limit = 300
 * [h_contract_must]
 * function = "must"
 * columns = ["ub"]
 * [h_slot]
 * function = "slot"
 * columns = ["ub", "spec"]
 * [h_cpu]
 * function = "cpu_init"
 * columns = ["ub", "spec"]
 * [h_room]
 * function = "room"
 * columns = ["ub", "spec"]
 * [h_take]
 * function = "take"
 * columns = ["ub", "spec"]
 * [h_range]
 * function = "range"
 * columns = ["ub", "spec"]
 */
/*
 * Before the first entry: what a CPU begins with, and of which pages the first program is made.
 */
#include "prover.h"
#include "whole.h"

#include <boot.c>
#include <cap.c>

void h_contract_must(void)
{
	must(OK, "");
	ASSIGNS_NOTHING();
}

#define A_HANDLE(h) ASSUME_STATE(requires, h < SLOT_PAGES * SLOTS_PER_PAGE && boot.slots[h / SLOTS_PER_PAGE] < PAGE_COUNT, "a handle of the first program")

void h_slot(u32 handle)
{
	A_HANDLE(handle);
	CHECK_SPEC(slot(handle) == boot.slots[handle / 64] * 64 + handle % 64);
	ASSIGNS_NOTHING();
}

/* It runs nothing, and nobody waits. */
PRED bool is_fresh(u32 c, u32 p, u32 v)
{
	return CPU(c)->current == NIL && CPU(c)->loaded == NIL && CPU(c)->charged == NIL && CPU(c)->timeq == NIL && CPU(c)->mailbox == NIL &&
	       CPU(c)->uid == c && CPU(c)->alarm == ~0ull && CPU(c)->ready_head[p] == NIL && CPU(c)->ready_tail[p] == NIL && CPU(c)->irq[v] == NIL;
}

void h_cpu(u32 c)
{
	ASSUME_INPUT(c < CPU_MAX);
	cpu_init(c);
	CHECK_SPEC(is_fresh(c, any.n % PRIO_COUNT, any.slot % IRQ_VECTORS));
	ASSIGNS(1, *CPU(c));
}

/* --- memory ------------------------------------------------------------------------------- */

struct boot_region region;
struct boot_map map;

/* Does the page hold a part of the module? */
PRED bool has_module(u64 p)
{
	return p >= map.module_start >> PAGE_SHIFT && p < (map.module_end + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* All of it lies in the region, and nothing of the module in it. */
void h_room(u64 p)
{
	u64 first = 0;

	ASSUME_STATE(requires, region.first < 1ull << 52 && region.count < 1ull << 52 && map.module_start < map.module_end && map.module_end < 1ull << 63,
		     "what the boot loader says of memory are addresses");
	const u64 n = room(&region, &map, &first);

	CHECK_IF(n != 0, "spec", (region.is_ram != 0) & (first >= region.first) & (first + n <= region.first + region.count));
	CHECK_IF(p - first < n, "spec", !has_module(p));
	ASSIGNS_NOTHING();
	COVER(n != 0);
}

void h_take(u32 pages)
{
	const u32 page = boot.page;

	CHECK_SPEC(take(pages) == page);
	CHECK_SPEC(boot.page == page + pages);
	ASSIGNS(1, boot.page);
}

/* A capability from which all are derived. */
void h_range(u32 handle, u32 type, u32 rights, u64 first, u64 count)
{
	A_HANDLE(handle);
	const u32 s = slot(handle);
	range(handle, type, rights, first, count);
	CHECK_SPEC((SLOT(s)->type == (u8)type) & (SLOT(s)->rights == rights) & (SLOT(s)->parent == NIL) & (SLOT(s)->child == NIL));
	CHECK_SPEC((SLOT(s)->first == (u32)first) & (SLOT(s)->count == (u32)count) & (SLOT(s)->flags == 0));
	ASSIGNS(1, *SLOT(s));
}
