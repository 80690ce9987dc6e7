/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of address spaces: spaces with their page tables, recycled, and
 * the entries in them.
 */
#pragma once
#include "kobj.h"
#include "tree.h"

struct space {
	struct list link;   /* of those in use, or kept for later use */
	struct list tables; /* of struct table */
	u32 table_count;
	u64 seed; /* where a program that is loaded into it is put, roughly: exec.c */
	u64 layout; /* of the program that used it last: its tables stand where such a one needs them */
	struct kobj *object;
	struct kobj *grant[POOLS]; /* over all of the program's addresses; made on first use */
};

static inline space_h space_handle(const struct space *s)
{
	return (space_h){ s->object->slot };
}

/* A space without entries, if possible one that was used for this layout. NULL: no memory. */
struct space *space_take(u64 layout);
/* No entry stands in it any more, and no thread runs in it. */
void space_give(struct space *s);

/*
 * Enter those pages of a leaf that `set` names, with what the leaf allows, and EXEC if `exec`.
 * False: no memory for page tables.
 */
bool space_enter(struct space *s, struct leaf *l, u64 set, bool exec);
/* Clear the kernel's entries of a leaf that `set` names. When it returns no CPU uses them. */
void space_clear(struct space *s, struct leaf *l, u64 set);

void space_start(volatile u64 *msg);
