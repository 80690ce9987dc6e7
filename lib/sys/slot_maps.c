/* SPDX-License-Identifier: MIT */
/*
 * How many slots a program can have, and what is noted of each.  A program that needs more
 * defines these itself: then this file is not linked.
 */
#include "start.h"

const u32 sys_slots_max = SYS_SLOTS_MAX;
u64 sys_slot_used[SYS_SLOTS_MAX / 64];
u32 sys_slot_page[SYS_SLOTS_MAX];
u32 sys_slot_pages[SYS_SLOTS_MAX];
