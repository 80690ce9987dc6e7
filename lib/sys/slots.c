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

static u32 first_slot, end_slot, next_slot, high_slot, left;

static bool is_used(u32 slot)
{
	return (sys_slot_used[slot / 64] >> (slot % 64)) & 1;
}

void sys_slots_reset(u32 first, u32 end)
{
	memset(sys_slot_used, 0, sys_slots_max / 8);
	first_slot = first;
	end_slot = end < sys_slots_max ? end : sys_slots_max;
	next_slot = first;
	high_slot = first;
	left = end_slot - first_slot;
}

/* The first empty slot in [slot, end), or end. */
static u32 next_empty(u32 slot, u32 end)
{
	while (slot < end) {
		u64 empty = ~sys_slot_used[slot / 64] >> (slot % 64);

		if (empty != 0) {
			slot += (u32)__builtin_ctzll(empty);
			return slot < end ? slot : end;
		}
		slot = (slot / 64 + 1) * 64;
	}
	return end;
}

static u32 take(void)
{
	u32 slot = next_empty(next_slot, end_slot);

	if (slot == end_slot)
		slot = next_empty(first_slot, end_slot);
	if (slot == end_slot)
		return 0;
	next_slot = slot + 1 < end_slot ? slot + 1 : first_slot;
	sys_slot_used[slot / 64] |= 1ull << (slot % 64);
	if (slot >= high_slot)
		high_slot = slot + 1;
	left--;
	return slot;
}

/* If it fails, the slot is one that can be had like any other. */
static void grow(void)
{
	u32 slot = take();

	if (slot == 0 || end_slot % PAGE_SLOTS != 0 || end_slot + PAGE_SLOTS > sys_slots_max ||
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
	sys_slot_used[slot / 64] &= ~(1ull << (slot % 64));
	left++;
}

u32 sys_slots_used(void)
{
	return end_slot - first_slot - left;
}

u32 sys_slots_left(void)
{
	return left + (sys_slots_max - end_slot) / PAGE_SLOTS * (PAGE_SLOTS - 1);
}

u32 sys_slots_limit(void)
{
	return end_slot;
}

u32 sys_slots_end(void)
{
	return high_slot;
}
