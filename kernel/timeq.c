/* SPDX-License-Identifier: MIT */
/*
 * The time queue of a CPU: a radix priority search tree, see timeq.h.
 *
 * Owns:       struct tnode.                Invariant: tnode_inv().
 * Locks:      the CPU's lock.
 * Called by:  thread.c (deadlines), sched.c (replenishments).
 */
#include "ks.h"

/* What hangs at one side of `up`, or at the root if up is NIL, is now `page`. */
static void set_link(u32 cpu, u32 up, u32 side, u32 page)
{
	if (up == NIL)
		CPU(cpu)->timeq = page;
	else
		TN(up)->down[side] = page;
}

/* Put `page` where `at` is; it takes over both links down. */
static void take_place(u32 cpu, u32 page, u32 at, u32 side)
{
	struct tnode *n = TN(page);

	n->up = TN(at)->up;
	n->depth = TN(at)->depth;
	n->down[0] = TN(at)->down[0];
	n->down[1] = TN(at)->down[1];
	for (u32 i = 0; i < 2; i++) {
		if (n->down[i] != NIL)
			TN(n->down[i])->up = page;
	}
	set_link(cpu, n->up, side, page);
}

void timeq_add(u32 cpu, u32 page, u64 when)
{
	u32 at = CPU(cpu)->timeq;
	u32 up = NIL;
	u32 side = 0;

	TN(page)->when = when;
	TN(page)->queued = 1;
	for (u32 depth = 0; depth < TIMEQ_DEPTH; depth++) {
		if (at == NIL) {
			TN(page)->up = up;
			TN(page)->depth = (u16)depth;
			TN(page)->down[0] = NIL;
			TN(page)->down[1] = NIL;
			set_link(cpu, up, side, page);
			return;
		}
		if (TN(page)->when < TN(at)->when) {
			take_place(cpu, page, at, side);
			u32 later = at;
			at = page;
			page = later;
		}
		up = at;
		side = (page >> depth) & 1;
		at = TN(up)->down[side];
	}
	/* Two different pages differ in one of their 32 bits. */
	KASSERT(false);
}

/* The place of a removed node is filled by the earlier of the two below, and so on down. */
static RARELY void fill(u32 cpu, u32 page, u32 side)
{
	u32 up = TN(page)->up;
	u32 left = TN(page)->down[0];
	u32 right = TN(page)->down[1];
	u32 depth = TN(page)->depth;

	for (u32 i = 0; i <= TIMEQ_DEPTH && (left != NIL || right != NIL); i++) {
		bool take_right = left == NIL || (right != NIL && TN(right)->when < TN(left)->when);
		u32 child = take_right ? right : left;
		u32 other = take_right ? left : right;
		u32 child_left = TN(child)->down[0];
		u32 child_right = TN(child)->down[1];

		TN(child)->up = up;
		TN(child)->depth = (u16)depth;
		TN(child)->down[take_right ? 0 : 1] = other;
		if (other != NIL)
			TN(other)->up = child;
		set_link(cpu, up, side, child);
		up = child;
		side = take_right ? 1 : 0;
		left = child_left;
		right = child_right;
		depth++;
	}
	set_link(cpu, up, side, NIL);
}

void timeq_remove(u32 cpu, u32 page)
{
	u32 depth = TN(page)->depth;
	u32 side = depth == 0 ? 0 : (page >> (depth - 1)) & 1;

	TN(page)->queued = 0;
	if ((TN(page)->down[0] & TN(page)->down[1]) == NIL)
		set_link(cpu, TN(page)->up, side, NIL);
	else
		fill(cpu, page, side);
}
