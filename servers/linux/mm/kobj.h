/* SPDX-License-Identifier: MIT */
/*
 * Kernel objects that come and go often: a slot and pages stay together when the
 * object is destroyed, and the next of that size is made there.
 */
#pragma once
#include "../linux.h"

struct kobj {
	struct kobj *next; /* of those free */
	memory_h memory;
	u64 offset;
	u32 slot, pages;
};

/* Make an object (`type` OBJ_SPACE, OBJ_PTABLE ...); NULL: no memory, or no slot. */
struct kobj *kobj_new(u32 type, u64 param);
/* A slot without pages, for capabilities derived or moved there. */
struct kobj *kobj_slot(void);
/* Destroy what is in the slot. */
void kobj_free(struct kobj *o);
