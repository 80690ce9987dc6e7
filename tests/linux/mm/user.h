/* SPDX-License-Identifier: MIT */
/*
 * Instead of the kernel's calls: functions of fake.c.
 */
#pragma once
#include <stddef.h>

#include "abi.h"

struct msg {
	u64 w[8];
	u64 tag, badge;
};

err_t object_create(memory_h memory, slot_t dst, u64 type, u64 offset, u64 param);
err_t cap_delete(slot_t src, u64 *more, u64 *ticket);
err_t cap_drain(u64 ticket, u64 *more);
err_t ptable_attach(ptable_h table, any_h space, u64 vaddr, u64 level, u64 *missing);
err_t grant_create(any_h source, slot_t dst, any_h space, u64 vaddr, u64 pages, u64 rights);
err_t grant_map(grant_h grant, u64 vaddr, u64 offset, u64 count, u64 attr, u64 *done);
err_t grant_map_list(grant_h grant, u64 count, u64 *done, u64 *level);
err_t grant_unmap(grant_h grant, u64 vaddr, u64 count, u64 attr, u64 *done);
