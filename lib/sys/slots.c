/* SPDX-License-Identifier: MIT */
/*
 * Which slots of the own table are empty.
 *
 * Owns:       the map of slots.
 * Locks:      none: one thread uses it.
 */
#include "tessera/sys.h"

static u64 used[SYS_SLOTS_MAX / 64];
static u32 first_slot, end_slot, next_slot, high_slot;

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
}

u32 sys_slot(void)
{
	for (u32 i = 0; i < end_slot - first_slot; i++) {
		u32 slot = next_slot;

		next_slot = slot + 1 < end_slot ? slot + 1 : first_slot;
		if (is_used(slot))
			continue;
		used[slot / 64] |= 1ull << (slot % 64);
		if (slot >= high_slot)
			high_slot = slot + 1;
		return slot;
	}
	return 0;
}

void sys_slot_free(u32 slot)
{
	if (slot >= first_slot && slot < end_slot)
		used[slot / 64] &= ~(1ull << (slot % 64));
}

u32 sys_slots_end(void)
{
	return high_slot;
}
