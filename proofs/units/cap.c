/* SPDX-License-Identifier: MIT */
/* prove:
 * merge = ["is_range"]
 * [h_contract_cap_lookup]
 * function = "cap_lookup"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_slot_find]
 * function = "slot_find"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_cap_is_dying]
 * function = "cap_is_dying"
 * columns = ["ub", "invariant", "spec"]
 * [h_derive]
 * function = "sys_cap_derive"
 * columns = ["ub", "spec"]
 * [h_range]
 * function = "sys_range_derive"
 * columns = ["ub", "spec"]
 * [h_move]
 * function = "sys_cap_move"
 * columns = ["ub", "spec"]
 * [h_remove]
 * function = "cap_remove"
 * columns = ["ub", "spec"]
 * [h_info]
 * function = "sys_cap_info"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_leaf]
 * function = "cap_leaf"
 * columns = ["ub", "invariant", "spec"]
 */
#include "prover.h"
#include "whole.h"
#include "footprint.h"
#include "contract_cap.h"

#include <cap.c>

/* --- contracts ---------------------------------------------------------------------- */

bool prover_replace_cap_is_dying(u32 s)
{
	return spec_is_dying(s);
}

/* --- finding -------------------------------------------------------------------------- */

/* What is known of the slot that index `index` of a table means. */
static void hint_way(u32 table, u64 index)
{
	HINT(1, any_table_leaf_inv(table, (u32)(index / SLOTS_PER_PAGE)));
}

/* The thread's table is one. */
static void hint_caller(u32 t)
{
	HINT(1, any_thread_cached_inv(t));
	HINT(1, any_cap_object_inv(SLOT_OF(t, TSLOT_TABLE)));
}

/* Everything on the way to what the thread's handle names. */
static void hint_lookup(u32 t, u64 handle)
{
	hint_way(TH(t)->table, handle);
	HINT(1, any_cap_object_inv(spec_lookup(t, handle)));
	HINT(1, any_cap_type_inv(spec_lookup(t, handle)));
}

static void hint_slot_find(u32 t, u64 where, u32 right)
{
	hint_lookup(t, where >> 32);
	hint_way(spec_table(t, where, right), (u32)where);
}

#define THE_CALLER(t)                                                                              \
	ANY(u32, t);                                                                               \
	ASSUME_STATE(caller, thread_is(t), "calls are made by threads");                           \
	hint_caller(t)

void h_contract_cap_lookup(void)
{
	ANY(u64, handle);
	THE_CALLER(t);
	hint_lookup(t, handle);
	const u32 s = cap_lookup(t, handle);

	CHECK_SPEC(s == spec_lookup(t, handle));
	CHECK_SPEC(cap_is_found(s));
	COVER(s != NIL);
}

void h_contract_slot_find(void)
{
	ANY(u64, where);
	ANY(u32, right);
	THE_CALLER(t);
	hint_slot_find(t, where, right);
	const u32 s = slot_find(t, where, right);

	CHECK_SPEC(s == spec_slot(t, where, right));
	CHECK_SPEC(slot_is_found(s));
	COVER(s != NIL && where >> 32 != 0);
}

void h_contract_cap_is_dying(void)
{
	ANY(u32, s);
	ASSUME_INPUT(s != NIL);
	CHECK_SPEC(cap_is_dying(s) == spec_is_dying(s));
}

/* A child of src that is newest, with these rights and badge, and the same for the rest. */
PRED bool is_derived(u32 s, u32 src, u32 rights, u64 badge)
{
	return SLOT(s)->type == SLOT(src)->type && SLOT(s)->flags == 0 && SLOT(s)->rights == rights &&
	       SLOT(s)->obj == SLOT(src)->obj && SLOT(s)->badge == badge && SLOT(s)->parent == src &&
	       SLOT(s)->child == NIL && SLOT(src)->child == s && SLOT(s)->prev == NIL &&
	       SLOT(s)->depth == SLOT(src)->depth + 1;
}

/* --- deriving ------------------------------------------------------------------------- */

/* What the dispatcher hands over: a capability, and an empty slot in a page of slots. */
#define FULL(s) ASSUME_STATE(dispatch, slot_is_full(s), "the dispatcher hands over what exists")
#define EMPTY(s)                                                                                   \
	ASSUME_STATE(dispatch_empty, slot_is_empty(s),                                             \
		     "the dispatcher hands over an empty slot of a page of slots")

/* Capabilities and owners of pages changed, nothing else; the tree is one as before. */
static void check_only_caps(struct any any)
{
	CHECK_SPEC(same_page_but_owner(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	check_threads(any);
	check_cpus(any);
	check_rest(any);
	check_tree(any);
}

void h_derive(void)
{
	ANY(u32, t);
	ANY(u32, src);
	ANY(u32, dst);
	ANY(u64, rights);
	ANY(u64, badge);
	const struct any any = any_index();

	FULL(src);
	EMPTY(dst);
	hint_slot(src);
	hint_tree(dst);
	hint_tree(SLOT(src)->child);
	hint_around(any.slot);
	HINT(1, any_thread_slot_type_inv(any.page));
	const u32 bad = spec_copy_error(src, rights, badge);
	remember();
	const err_t err = sys_cap_derive(t, src, dst, rights, badge);

	CHECK_SPEC(err.v == bad);
	CHECK_IF((err.v != 0) | ((any.slot != dst) & (any.slot != src) & (any.slot != old_slot[src].child)), "spec",
		 same_cap(any.slot));
	CHECK_IF(any.slot != dst, "spec", same_cap_contents(any.slot));
	CHECK_IF(err.v == 0, "spec", is_derived(dst, src, (u32)rights, badge != 0 ? badge : old_slot[src].badge));
	CHECK_SPEC(same_page(any.page));
	COVER(err.v == 0);
	check_only_caps(any);
}

/* The same for a part of a range. */
void h_range(void)
{
	ANY(u32, t);
	ANY(u32, src);
	ANY(u32, dst);
	ANY(u64, offset);
	ANY(u64, count);
	ANY(u64, rights);
	const struct any any = any_index();

	ASSUME_INPUT((offset <= UINT32_MAX) & (count >= 1) & (count <= UINT32_MAX));
	FULL(src);
	EMPTY(dst);
	hint_slot(src);
	hint_tree(dst);
	hint_tree(SLOT(src)->child);
	hint_around(any.slot);
	HINT(1, any_thread_slot_type_inv(any.page));
	const u32 bad = spec_range_error(src, offset, count, rights);
	remember();
	const err_t err = sys_range_derive(t, src, dst, offset, count, rights);

	CHECK_SPEC(err.v == bad);
	CHECK_IF((err.v != 0) | ((any.slot != dst) & (any.slot != src) & (any.slot != old_slot[src].child)), "spec",
		 same_cap(any.slot));
	CHECK_IF(any.slot != dst, "spec", same_cap_contents(any.slot));
	CHECK_IF(err.v == 0, "spec", is_derived(dst, src, (u32)rights, old_slot[src].badge));
	CHECK_IF(err.v == 0, "spec", (SLOT(dst)->first == SLOT(src)->first + offset) & (SLOT(dst)->count == count));
	CHECK_SPEC(same_page(any.page));
	COVER(err.v == 0);
	check_only_caps(any);
}

/* --- moving, removing -------------------------------------------------------------------- */

PRED bool slot_is_clear(u32 s)
{
	return SLOT(s)->type == 0 && cap_empty_inv(s);
}

/* dst is what src was. */
PRED bool is_moved(u32 dst, u32 src)
{
	return SAME(ks_slot[dst], old_slot[src], type) && SAME(ks_slot[dst], old_slot[src], flags) &&
	       SAME(ks_slot[dst], old_slot[src], depth) && SAME(ks_slot[dst], old_slot[src], rights) &&
	       SAME(ks_slot[dst], old_slot[src], obj) && SAME(ks_slot[dst], old_slot[src], parent) &&
	       SAME(ks_slot[dst], old_slot[src], child) && SAME(ks_slot[dst], old_slot[src], next) &&
	       SAME(ks_slot[dst], old_slot[src], prev) && SAME(ks_slot[dst], old_slot[src], cursor) &&
	       SAME(ks_slot[dst], old_slot[src], first) && SAME(ks_slot[dst], old_slot[src], count) &&
	       SAME(ks_slot[dst], old_slot[src], badge) && SAME(ks_slot[dst], old_slot[src], window) &&
	       SAME(ks_slot[dst], old_slot[src], length);
}

void h_move(void)
{
	ANY(u32, t);
	ANY(u32, src);
	ANY(u32, dst);
	const struct any any = any_index();

	ASSUME_STATE(dispatch_move, slot_is_in_page(src),
		     "the dispatcher hands over a capability of a page of slots");
	ASSUME_STATE(siblings, (SLOT(src)->next != src) & (SLOT(src)->prev != src),
		     "no capability is its own sibling: the order of siblings is checked by the fuzzer only");
	EMPTY(dst);
	hint_slot(src);
	hint_tree(dst);
	hint_tree(SLOT(src)->parent);
	hint_tree(SLOT(src)->next);
	hint_tree(SLOT(src)->prev);
	hint_around(any.slot);
	hint_page(any.page);
	hint_page(PD(any.page)->head);
	HINT(1, any_thread_slot_type_inv(any.page));
	remember();
	const err_t err = sys_cap_move(t, src, dst);
	const u32 owned = (old_slot[src].flags & CAP_OWNER) ? old_slot[src].obj : NIL;

	CHECK_SPEC(err.v == (old_slot[src].child != NIL ? ERRNO_STATE : ERRNO_OK));
	CHECK_IF(err.v != 0, "spec", same_cap(any.slot));
	CHECK_IF(err.v == 0, "spec", is_moved(dst, src));
	CHECK_IF(err.v == 0, "spec", slot_is_clear(src));
	CHECK_IF((err.v == 0) & (owned != NIL), "spec", PD(owned)->owner == dst);
	CHECK_IF((any.slot != dst) & (any.slot != src), "spec", same_cap_contents(any.slot));
	CHECK_IF((err.v != 0) | (any.page != owned), "spec", same_page(any.page));
	COVER(err.v == 0);
	check_only_caps(any);
}

/* A childless capability goes; what it owned is its caller's to deal with. */
void h_remove(void)
{
	ANY(u32, s);
	const struct any any = any_index();

	FULL(s);
	ASSUME_STATE(childless, SLOT(s)->child == NIL, "who removes a capability has removed what was derived");
	hint_tree(s);
	hint_tree(SLOT(s)->parent);
	hint_tree(SLOT(s)->next);
	hint_tree(SLOT(s)->prev);
	hint_around(any.slot);
	remember();
	cap_remove(s);
	CHECK_SPEC(slot_is_clear(s));
	CHECK_IF(any.slot != s, "spec", same_cap_contents(any.slot));
	CHECK_IF((any.slot != s) & (any.slot != old_slot[s].next), "spec", SAME(ks_slot[any.slot], old_slot[any.slot], prev));
	CHECK_IF((any.slot != s) & (any.slot != old_slot[s].prev), "spec", SAME(ks_slot[any.slot], old_slot[any.slot], next));
	CHECK_IF((any.slot != s) & (any.slot != old_slot[s].parent), "spec", SAME(ks_slot[any.slot], old_slot[any.slot], child));
	CHECK_SPEC(any_cap_child_inv(any.slot));
	CHECK_SPEC(any_cap_siblings_inv(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	check_threads(any);
	check_cpus(any);
	check_rest(any);
}

/* --- asking ------------------------------------------------------------------------------- */

PRED u64 spec_info(u32 s)
{
	return SLOT(s)->type + SLOT(s)->depth * 256ull + ((SLOT(s)->flags & CAP_OWNER) != 0 ? 65536 : 0) +
	       ((u64)SLOT(s)->rights << 32);
}

void h_info(void)
{
	ANY(u32, t);
	ANY(u32, s);
	const struct any any = any_index();

	ASSUME_STATE(caller, thread_is(t), "calls are made by threads");
	FULL(s);
	HINT(1, any_cap_parent_inv(s));
	remember();
	const err_t err = sys_cap_info(t, s);
	const bool range = type_is_range(SLOT(s)->type);

	CHECK_SPEC(err.v == 0);
	CHECK_IF(SLOT(s)->depth <= CAP_DEPTH_MAX, "spec", FR_OUT(t, 0) == spec_info(s));
	CHECK_SPEC(FR_OUT(t, 1) == (range ? SLOT(s)->first : SLOT(s)->type == OBJ_GRANT ? SLOT(s)->window :
										       SLOT(s)->badge));
	CHECK_SPEC(FR_OUT(t, 2) == (range ? SLOT(s)->count : SLOT(s)->type == OBJ_GRANT ? SLOT(s)->length : 0));
	CHECK_IF((any.page != t) | (any.n < REG_RDI) | ((any.n > REG_RDX) & (any.n < REG_COUNT)), "spec",
		 same_register(any.page, any.n));
	CHECK_SPEC(same_thread(any.page));
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	check_cpus(any);
	check_rest(any);
	check_invariants(any);
	check_footprint(any, true, old_thread[t].home);
	check_owners(any);
}

/* The end of the way down along the newest children. */
PRED u32 spec_leaf_of(u32 s)
{
	UNROLL
	for (u32 i = 0; i < CAP_DEPTH_MAX; i++)
		s = SLOT(s)->child == NIL ? s : SLOT(s)->child;
	return s;
}

void h_leaf(void)
{
	ANY(u32, s);
	const u32 leaf = cap_leaf(s);

	CHECK_SPEC(leaf == spec_leaf_of(s));
}
