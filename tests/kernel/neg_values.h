/* SPDX-License-Identifier: MIT */
/*
 * Values for the wrong calls of negative.h, in the emulator and on the host.
 * Whoever includes this knows how to make a capability there.
 */
#pragma once
#include "negative.h"

enum { NEG_NONE = 0xffffffff, NEG_BEYOND_TABLE = 512 * 64 + 5 };

/* Slots of the own table: an empty one, one for results, one that holds a capability. */
struct neg_slots {
	u32 empty, dst, src;
};
static struct neg_slots neg_slots;

/* A handle of this type with exactly these rights; 0: this machine has none of the type. */
static u32 neg_capability(u32 type, u32 rights);
/* The own table, with these rights. */
static u32 neg_own_table(u32 rights);

static u64 neg_in_table(u32 rights)
{
	/* What lacks INSERT is tried with an empty slot, what lacks REMOVE with a full one. */
	u32 slot = rights & RIGHT_TABLE_REMOVE ? neg_slots.dst : neg_slots.src;

	return (u64)neg_own_table(rights) << 32 | slot;
}

/* NEG_NONE: a capability that cannot be had here. */
static u64 neg_value(const struct neg_value *v)
{
	u32 h;

	switch (v->kind) {
	case NEG_VALUE: return v->value;
	case NEG_CAP: h = neg_capability(v->object, v->rights); return h == 0 ? NEG_NONE : h;
	case NEG_ANY:
	case NEG_SRC: return neg_slots.src;
	case NEG_OTHER: return neg_capability(v->rights & (1u << OBJ_EP) ? OBJ_NOTIF : OBJ_EP, 0);
	case NEG_EMPTY: return neg_slots.empty;
	case NEG_BEYOND:
	case NEG_DST_BEYOND: return NEG_BEYOND_TABLE;
	case NEG_DST: return neg_slots.dst;
	case NEG_DST_FULL: return HANDLE_SYSTEM;
	case NEG_DST_TABLE: return (u64)neg_slots.empty << 32 | 5;
	case NEG_DST_TYPE: return (u64)HANDLE_SYSTEM << 32 | 5;
	default: return neg_in_table(v->rights);
	}
}

/* Handle and arguments of a case. @return false: not on this machine. */
static bool neg_arguments(const struct neg_case *c, u64 *handle, u64 arg[5])
{
	bool can = true;

	*handle = neg_value(&c->handle);
	can = !(*handle == NEG_NONE && c->handle.kind == NEG_CAP);
	for (u32 i = 0; i < 5; i++) {
		arg[i] = neg_value(&c->arg[i]);
		can = can && !(arg[i] == NEG_NONE && c->arg[i].kind == NEG_CAP);
	}
	return can;
}
