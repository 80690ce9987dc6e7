/* SPDX-License-Identifier: MIT */
/*
 * The slots of a server with many processes: instead of lib/sys/slot_maps.c.
 */
#include "../linux.h"

enum { SLOTS = 20480 };

const u32 sys_slots_max = SLOTS;
u64 sys_slot_used[SLOTS / 64];
u32 sys_slot_page[SLOTS];
u32 sys_slot_pages[SLOTS];
