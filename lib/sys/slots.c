/* SPDX-License-Identifier: MIT */
/*
 * Which slots of the own table are empty.  When only one is left, it becomes
 * the owner of another page of slots.
 *
 * Owns:       the map of slots.
 * Locks:      none: one thread uses it.
 */
#include "start.h"

enum { PAGE_SLOTS = 64 };

static u64 used[SYS_SLOTS_MAX / 64];
static u32 first_slot, end_slot, next_slot, high_slot, left;

static bool is_used(u32 slot)
{
	return (used[slot / 64] >> (slot % 64)) & 1;
}

void sys_slots_reset(u32 first, u32 end)
{
	memset(used, 0, sizeof used);
	first_slot = first;
	end_slot = end < SYS_SLOTS_MAX ? end : SYS_SLOTS_MAX;
	next_slot = first;
	high_slot = first;
	left = end_slot - first_slot;
}

static u32 take(void)
{
	for (u32 i = 0; i < end_slot - first_slot; i++) {
		u32 slot = next_slot;

		next_slot = slot + 1 < end_slot ? slot + 1 : first_slot;
		if (is_used(slot))
			continue;
		used[slot / 64] |= 1ull << (slot % 64);
		if (slot >= high_slot)
			high_slot = slot + 1;
		left--;
		return slot;
	}
	return 0;
}

/* If it fails, the slot is one that can be had like any other. */
static void grow(void)
{
	u32 slot = take();

	if (slot == 0 || end_slot % PAGE_SLOTS != 0 || end_slot + PAGE_SLOTS > SYS_SLOTS_MAX ||
	    !err_is_ok(sys_create_at(slot, OBJ_SLOTS, 0)) ||
	    !err_is_ok(table_attach((table_h){ HANDLE_TABLE }, (slots_h){ slot },
				    end_slot / PAGE_SLOTS))) {
		sys_slot_free(slot);
		return;
	}
	next_slot = end_slot;
	end_slot += PAGE_SLOTS;
	left += PAGE_SLOTS;
}

u32 sys_slot(void)
{
	if (left == 1)
		grow();
	return take();
}

void sys_slot_free(u32 slot)
{
	if (slot < first_slot || slot >= end_slot || !is_used(slot))
		return;
	used[slot / 64] &= ~(1ull << (slot % 64));
	left++;
}

u32 sys_slots_used(void)
{
	return end_slot - first_slot - left;
}

u32 sys_slots_limit(void)
{
	return end_slot;
}

u32 sys_slots_end(void)
{
	return high_slot;
}
