/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 8
 * merge = ["set_link"]
 * [h_contract_timeq_add]
 * function = "timeq_add"
 * columns = ["ub", "spec"]
 * [h_contract_timeq_remove]
 * function = "timeq_remove"
 * columns = ["ub", "spec"]
 */
#include "prover.h"
#include "contract_timeq.h"

#include <timeq.c>

/* --- the tree while a page is on its way down --------------------------------------------------------- */

/* Nothing of node p is that of the page on its way. */
PRED bool is_apart(u32 p, u32 page)
{
	return TN(p)->up != page && TN(p)->down[0] != page && TN(p)->down[1] != page;
}

/* Node p is in order, and apart from the page on its way. */
PRED bool stands(u32 p, u32 page)
{
	return p == page || !tnode_is(p) || !TN(p)->queued ||
	       (tnode_up_inv(p) && tnode_order_inv(p) && tnode_down_inv(p) && is_apart(p, page));
}

PRED bool root_stands(u32 c, u32 page)
{
	return any_cpu_timeq_inv(c) && (!cpu_runs(c) || CPU(c)->timeq != page || page == NIL);
}

/* Trees of other CPUs are as they were. */
PRED bool others_stand(u32 p, u32 c, u32 cpu)
{
	return (c == cpu || SAME(ks_cpu[c], old_cpu[c], timeq)) &&
	       (tnode_home(p) == cpu || (SAME(ks_tnode[p], old_tnode[p], up) && SAME(ks_tnode[p], old_tnode[p], down[0]) &&
					 SAME(ks_tnode[p], old_tnode[p], down[1]) && SAME(ks_tnode[p], old_tnode[p], depth)));
}

/* What hangs at this place, of CPU cpu: at side `side` of `up`, or at the root. */
PRED u32 hangs_at(u32 cpu, u32 up, u32 side)
{
	return up == NIL ? CPU(cpu)->timeq : TN(up)->down[side & 1];
}

/* A node of this queue and number would have its place below side `side` of `up`, at this depth. */
PRED bool is_below(u32 p, u32 cpu, u32 up, u32 side, u32 depth)
{
	return up == NIL ? depth == 0
			 : tnode_is(up) && TN(up)->queued && tnode_home(up) == cpu && TN(up)->depth + 1u == depth && side <= 1 &&
				   side == tnode_side(p, depth - 1) && low_bits(p, depth - 1) == low_bits(up, depth - 1) &&
				   TN(p)->when >= TN(up)->when;
}

/* The page has no place yet, and is no earlier than what it went past; node `at` stands before it. */
PRED bool is_carried(u32 page, u32 cpu, u32 at, u32 side, u32 depth)
{
	return cpu_runs(cpu) && tnode_is(page) && TN(page)->queued && tnode_home(page) == cpu && at != page &&
	       tnode_is(at) && TN(at)->queued && TN(at)->depth == depth && depth < TIMEQ_DEPTH &&
	       hangs_at(cpu, TN(at)->up, side) == at && is_below(page, cpu, TN(at)->up, side, depth);
}

void prover_begin_timeq_add(u32 depth, u32 cpu, u32 page, u32 at, u32 side)
{
	CHECK_SPEC(is_carried(page, cpu, at, side, depth));
	CHECK_SPEC(stands(any.page, page));
	CHECK_SPEC(root_stands(any.cpu, page));
	CHECK_SPEC(others_stand(any.page, any.cpu, cpu));
}

static void forget_links(void)
{
	FORGET(ks_tnode[0].up);
	FORGET(ks_tnode[0].down);
	FORGET(ks_tnode[0].depth);
	FORGET(ks_cpu[0].timeq);
}

void prover_round_timeq_add(u32 depth, u32 cpu, u32 page, u32 at, u32 side)
{
	forget_links();
	prover_assume(is_carried(page, cpu, at, side, depth));
	prover_assume(stands(any.page, page));
	prover_assume(root_stands(any.cpu, page));
	prover_assume(others_stand(any.page, any.cpu, cpu));
	prover_assume(root_stands(cpu, page));
	prover_assume(stands(at, page));
	prover_assume(stands(TN(at)->up, page));
	prover_assume(stands(TN(at)->down[0], page));
	prover_assume(stands(TN(at)->down[1], page));
}

/* --- the contracts ------------------------------------------------------------------------------------- */

/* Only this time queue changed. */
static void check_timeq(u32 cpu)
{
	CHECK_SPEC(others_stand(any.page, any.cpu, cpu));
	CHECK_SPEC(timeq_is_kept(any.page, any.cpu));
	assigns_timeq(true, cpu);
}

static void hint_tree_at(u32 p)
{
	HINTS(any_tnode_up_inv(p), any_tnode_order_inv(p), any_tnode_down_inv(p));
}

void h_contract_timeq_add(u32 cpu, u32 page, u64 when)
{
	GIVEN(timeq_may_add(cpu, page));
	hint_tree_at(any.page);
	hint_tree_at(CPU(cpu)->timeq);
	HINTS(any_cpu_timeq_inv(any.cpu), any_cpu_timeq_inv(cpu));
	timeq_add(cpu, page, when);
	CHECK_SPEC((TN(page)->when == when) & (TN(page)->queued == 1));
	ASSIGNS(1, TN(page)->when, TN(page)->queued);
	check_timeq(cpu);
}

/* --- the tree with a hole ---------------------------------------------------------------------------------- */

/* What hung below the hole, on side n: its place is one deeper. */
PRED bool is_loose(u32 p, u32 n, u32 cpu, u32 up, u32 side, u32 depth)
{
	return p == NIL || (tnode_is(p) && TN(p)->queued && tnode_home(p) == cpu && TN(p)->depth == depth + 1 &&
			    tnode_side(p, depth) == n && is_below(p, cpu, up, side, depth) && up != p && tnode_down_inv(p));
}

/* Neither of both hangs below p. */
PRED bool is_above_none(u32 p, u32 left, u32 right)
{
	return (TN(p)->down[0] == NIL || (TN(p)->down[0] != left && TN(p)->down[0] != right)) &&
	       (TN(p)->down[1] == NIL || (TN(p)->down[1] != left && TN(p)->down[1] != right));
}

/* Does p hang where the hole is? */
PRED bool is_at_hole(u32 p, u32 cpu, u32 up, u32 side)
{
	return TN(p)->up == up && (up == NIL ? tnode_home(p) == cpu : tnode_side(p, TN(up)->depth) == side);
}

/* All but what is loose is in order, and apart from that; at the hole hangs nothing, whatever is written there. */
PRED bool surrounds(u32 p, u32 cpu, u32 up, u32 side, u32 left, u32 right)
{
	return !tnode_is(p) || !TN(p)->queued || p == left || p == right ||
	       (tnode_up_inv(p) && tnode_order_inv(p) && !is_at_hole(p, cpu, up, side) && TN(p)->depth < TIMEQ_DEPTH &&
		((p == up && side == 0) || tnode_hangs(p, 0, TN(p)->down[0])) &&
		((p == up && side == 1) || tnode_hangs(p, 1, TN(p)->down[1])) &&
		((p == up && side == 0) || TN(p)->down[0] == NIL || (TN(p)->down[0] != left && TN(p)->down[0] != right)) &&
		((p == up && side == 1) || TN(p)->down[1] == NIL || (TN(p)->down[1] != left && TN(p)->down[1] != right)));
}

/* What hangs below what is loose does not hang there elsewhere. */
PRED bool root_surrounds(u32 c, u32 cpu, u32 up, u32 left, u32 right)
{
	return (c == cpu && up == NIL) || !cpu_runs(c) || CPU(c)->timeq == NIL ||
	       (any_cpu_timeq_inv(c) && CPU(c)->timeq != left && CPU(c)->timeq != right);
}

PRED bool is_hole(u32 i, u32 cpu, u32 up, u32 side, u32 left, u32 right, u32 depth)
{
	return cpu_runs(cpu) && i <= depth && side <= 1 && depth < TIMEQ_DEPTH && (left == NIL || left != right) &&
	       is_loose(left, 0, cpu, up, side, depth) && is_loose(right, 1, cpu, up, side, depth) &&
	       (left == NIL || is_above_none(left, left, right)) && (right == NIL || is_above_none(right, left, right)) &&
	       (up == NIL ? depth == 0
			  : tnode_is(up) && TN(up)->queued && tnode_home(up) == cpu && TN(up)->depth + 1u == depth);
}

void prover_begin_fill(u32 i, u32 cpu, u32 side, u32 up, u32 left, u32 right, u32 depth)
{
	CHECK_SPEC(is_hole(i, cpu, up, side, left, right, depth));
	CHECK_SPEC(surrounds(any.page, cpu, up, side, left, right));
	CHECK_SPEC(root_surrounds(any.cpu, cpu, up, left, right));
	CHECK_SPEC(others_stand(any.page, any.cpu, cpu));
}

void prover_round_fill(u32 i, u32 cpu, u32 side, u32 up, u32 left, u32 right, u32 depth)
{
	forget_links();
	prover_assume(is_hole(i, cpu, up, side, left, right, depth));
	prover_assume(surrounds(any.page, cpu, up, side, left, right));
	prover_assume(root_surrounds(any.cpu, cpu, up, left, right));
	prover_assume(others_stand(any.page, any.cpu, cpu));
	prover_assume(surrounds(up, cpu, up, side, left, right));
	prover_assume(surrounds(TN(left)->down[0], cpu, up, side, left, right));
	prover_assume(surrounds(TN(left)->down[1], cpu, up, side, left, right));
	prover_assume(surrounds(TN(right)->down[0], cpu, up, side, left, right));
	prover_assume(surrounds(TN(right)->down[1], cpu, up, side, left, right));
}

void h_contract_timeq_remove(u32 cpu, u32 page)
{
	GIVEN(timeq_may_remove(cpu, page));
	hint_tree_at(any.page);
	hint_tree_at(page);
	hint_tree_at(TN(page)->up);
	hint_tree_at(TN(page)->down[0]);
	hint_tree_at(TN(page)->down[1]);
	HINTS(any_cpu_timeq_inv(any.cpu), any_cpu_timeq_inv(cpu));
	timeq_remove(cpu, page);
	CHECK_SPEC(TN(page)->queued == 0);
	ASSIGNS(1, TN(page)->queued);
	check_timeq(cpu);
}
