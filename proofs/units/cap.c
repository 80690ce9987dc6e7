/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
 * merge = ["is_range", "cap_may_derive", "cap_check_copy", "cap_insert", "cap_insert_copy", "cap_remove", "cap_relocate"]
 * [h_contract_cap_slot]
 * function = "cap_slot"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_cap_lookup]
 * function = "cap_lookup"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_slot_find]
 * function = "slot_find"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_cap_is_dying]
 * function = "cap_is_dying"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_cap_may_derive]
 * function = "cap_may_derive"
 * columns = ["ub", "invariant", "spec"]
 * [h_check_copy]
 * function = "cap_check_copy"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_cap_insert]
 * function = "cap_insert"
 * columns = ["ub", "spec"]
 * [h_contract_cap_insert_copy]
 * function = "cap_insert_copy"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_derive]
 * function = "sys_cap_derive"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_range]
 * function = "sys_range_derive"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_move]
 * function = "sys_cap_move"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_relocate]
 * function = "cap_relocate"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_contract_cap_remove]
 * function = "cap_remove"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_info]
 * function = "sys_cap_info"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_leaf]
 * function = "cap_leaf"
 * columns = ["ub", "invariant", "spec"]
 */
#include "prover.h"
#include "contract_tree.h"
#include "footprint.h"
#include "handed.h"

#include <cap.c>

/* --- finding -------------------------------------------------------------------------- */

/* What is known of the slot that index `index` of a table means. */
static void hint_way(u32 table, u64 index)
{
	HINT(1, any_table_leaf_inv(table, (u32)(index / SLOTS_PER_PAGE)));
}

/* The thread's table is one. */
static void hint_caller(u32 t)
{
	HINTS(any_thread_cached_inv(t), any_cap_object_inv(SLOT_OF(t, TSLOT_TABLE)));
}

/* Everything on the way to what the thread's handle names. */
static void hint_lookup(u32 t, u64 handle)
{
	hint_way(TH(t)->table, handle);
	HINTS(any_cap_object_inv(spec_lookup(t, handle)), any_cap_type_inv(spec_lookup(t, handle)));
}

static void hint_slot_find(u32 t, u64 where, u32 right)
{
	hint_lookup(t, where >> 32);
	hint_way(spec_table(t, where, right), (u32)where);
}

#define THE_CALLER(t)                                                                              \
	ANY(u32, t);                                                                               \
	CALLER(t);                                                                                 \
	hint_caller(t)

void h_contract_cap_slot(u64 handle)
{
	THE_CALLER(t);
	hint_way(TH(t)->table, handle);
	const u32 s = cap_slot(t, handle);

	CHECK_SPEC(s == spec_table_slot(TH(t)->table, handle));
	CHECK_SPEC(slot_is_found(s));
	COVER(s != NIL);
}

void h_contract_cap_lookup(u64 handle)
{
	THE_CALLER(t);
	hint_lookup(t, handle);
	const u32 s = cap_lookup(t, handle);

	CHECK_SPEC(s == spec_lookup(t, handle));
	CHECK_SPEC(cap_is_found(s));
	COVER(s != NIL);
}

void h_contract_slot_find(u64 where, u32 right)
{
	THE_CALLER(t);
	hint_slot_find(t, where, right);
	const u32 s = slot_find(t, where, right);

	CHECK_SPEC(s == spec_slot(t, where, right));
	CHECK_SPEC(slot_is_found(s));
	COVER(s != NIL && where >> 32 != 0);
}

void h_contract_cap_is_dying(u32 s)
{
	ASSUME_INPUT(s != NIL);
	CHECK_SPEC(cap_is_dying(s) == spec_is_dying(s));
}

/* The newest child of src, which names nothing more. */
PRED bool is_newest(u32 s, u32 src)
{
	return is_newest_child(s, src) &&
	       SLOT(s)->depth == SLOT(src)->depth + 1 && SLOT(s)->cursor == 0 && SLOT(s)->first == 0 && SLOT(s)->count == 0 &&
	       SLOT(s)->badge == 0 && SLOT(s)->window == 0 && SLOT(s)->length == 0;
}

/* A child of src that is newest, with these rights and badge, and the same for the rest. */
PRED bool is_derived(u32 s, u32 src, u32 rights, u64 badge)
{
	return SLOT(s)->type == SLOT(src)->type && SLOT(s)->flags == 0 && SLOT(s)->rights == rights &&
	       SLOT(s)->obj == SLOT(src)->obj && SLOT(s)->badge == badge && is_newest_child(s, src) &&
	       SLOT(s)->depth == SLOT(src)->depth + 1;
}

/* --- deriving ------------------------------------------------------------------------- */

void h_contract_cap_may_derive(u32 s)
{
	CHECK_SPEC(cap_may_derive(s).v == spec_may_derive(s));
}

void h_check_copy(u32 src, u64 rights, u64 badge)
{
	CHECK_SPEC(cap_check_copy(src, rights, badge).v == spec_copy_error(src, rights, badge));
}

/* What a new capability may be a child of, and what is known there. */
static void hint_derive(struct any any, u32 src, u32 dst)
{
	HAS_NUMBERS(any.cpu);
	hint_tree(dst);
	hint_newest(any, src);
}

/* Of what type, and which object it names, does not matter to the tree. */
void h_contract_cap_insert(u32 src, u32 dst, u32 type, u32 rights, u32 obj)
{
	GIVEN(may_insert(dst, src, type));
	hint_derive(any, src, dst);
	cap_insert(dst, src, type, rights, obj);
	CHECK_SPEC((SLOT(dst)->type == type) & (SLOT(dst)->flags == 0) & (SLOT(dst)->rights == rights) & (SLOT(dst)->obj == obj));
	CHECK_SPEC(is_newest(dst, src));
	ASSIGNS(1, INSERTED(dst, src));
	check_tree(any);
}

void h_contract_cap_insert_copy(u32 src, u32 dst, u32 rights)
{
	GIVEN(may_insert_copy(dst, src, rights));
	ASSUME_STATE(requires, PD(SLOT_PAGE(dst))->type == OBJ_SLOTS || SLOT_PAGE(dst) != any.page,
		     "who puts a capability into an object sees to what it means there");
	hint_derive(any, src, dst);
	cap_insert_copy(dst, src, rights);
	CHECK_SPEC(is_derived(dst, src, rights, old_slot[src].badge));
	CHECK_SPEC((SLOT(dst)->first == SLOT(src)->first) & (SLOT(dst)->count == SLOT(src)->count));
	ASSIGNS(1, INSERTED(dst, src));
	check_whole();
}

void h_derive(u32 t, u32 src, u32 dst, u64 rights, u64 badge)
{
	HANDED(cap_derive, src, dst, rights);
	hint_derive(any, src, dst);
	const u32 bad = spec_copy_error(src, rights, badge);
	const err_t err = sys_cap_derive(t, src, dst, rights, badge);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", is_derived(dst, src, (u32)rights, badge != 0 ? badge : old_slot[src].badge));
	ASSIGNS(err.v == 0, INSERTED(dst, src));
	check_whole();
	COVER(err.v == 0);
}

/* The same for a part of a range. */
void h_range(u32 t, u32 src, u32 dst, u64 offset, u64 count, u64 rights)
{
	HANDED(range_derive, src, dst, offset, count, rights);
	hint_derive(any, src, dst);
	const u32 bad = spec_range_error(src, offset, count, rights);
	const err_t err = sys_range_derive(t, src, dst, offset, count, rights);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", is_derived(dst, src, (u32)rights, old_slot[src].badge));
	CHECK_IF(err.v == 0, "spec", (SLOT(dst)->first == SLOT(src)->first + offset) & (SLOT(dst)->count == count));
	ASSIGNS(err.v == 0, INSERTED(dst, src));
	check_whole();
	COVER(err.v == 0);
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

static void hint_move(struct any any, u32 src, u32 dst)
{
	hint_slot(src);
	hint_tree(dst);
	hint_tree(SLOT(src)->parent);
	hint_tree(SLOT(src)->next);
	hint_tree(SLOT(src)->prev);
	hint_any(any);
	hint_pair(any.slot, src);
	hint_pair(any.n, src);
	HINTS(any_grant_uid_inv(src, any.cpu), any_owned_page_inv(src, any.n));
}

void h_move(u32 t, u32 src, u32 dst)
{
	HANDED(cap_move, src, dst);
	hint_move(any, src, dst);
	CASES(any.slot == dst);
	const err_t err = sys_cap_move(t, src, dst);
	const u32 owned = (old_slot[src].flags & CAP_OWNER) ? old_slot[src].obj : NIL;
	const bool done = err.v == 0;

	CHECK_SPEC(err.v == (old_slot[src].child != NIL ? ERRNO_STATE : ERRNO_OK));
	CHECK_IF(done, "spec", is_moved(dst, src) & slot_is_clear(src));
	CHECK_IF(done & (owned != NIL), "spec", PD(owned)->owner == dst);
	ASSIGNS(done, *SLOT(dst), BORN(dst), REMOVED(src), PD(owned)->owner);
	check_whole();
	COVER(done);
}

PRED bool may_relocate(u32 src, u32 dst)
{
	return slot_is_in_page(src) && SLOT(src)->child == NIL && slot_is_empty(dst);
}

void h_relocate(u32 src, u32 dst)
{
	ASSUME_STATE(requires, may_relocate(src, dst), "a capability without children goes to an empty slot");
	hint_move(any, src, dst);
	CASES(any.slot == dst);
	const u32 owned = (SLOT(src)->flags & CAP_OWNER) ? SLOT(src)->obj : NIL;
	cap_relocate(src, dst);
	CHECK_SPEC(is_moved(dst, src) & slot_is_clear(src));
	ASSIGNS(1, *SLOT(dst), BORN(dst), REMOVED(src), PD(owned)->owner);
	check_whole();
}

/* A childless capability goes; what it owned or meant to an object is gone before. */
void h_contract_cap_remove(u32 s)
{
	GIVEN(may_remove(s));
	ASSUME_STATE(requires, (PD(any.page)->owner != s) & (SLOT_PAGE(s) != any.page),
		     "who removes a capability has destroyed what it owned, and made the object that it is in do without");
	hint_tree(s);
	hint_tree(SLOT(s)->parent);
	hint_tree(SLOT(s)->next);
	hint_tree(SLOT(s)->prev);
	ASSUME_STATE(requires, PD(PD(any.page)->head)->owner != s, "the same, of the first page of a run");
	hint_any(any);
	hint_pair(any.slot, s);
	hint_pair(any.n, s);
	cap_remove(s);
	CHECK_SPEC(slot_is_clear(s));
	ASSIGNS(1, REMOVED(s));
	check_whole();
}

/* --- asking ------------------------------------------------------------------------------- */

PRED u64 spec_info(u32 s)
{
	return SLOT(s)->type + SLOT(s)->depth * 256ull + ((SLOT(s)->flags & CAP_OWNER) != 0 ? 65536 : 0) +
	       ((u64)SLOT(s)->rights << 32);
}

void h_info(u32 t, u32 s)
{
	CALLER(t);
	HANDED(cap_info, s);
	HINT(1, any_cap_parent_inv(s));
	const err_t err = sys_cap_info(t, s);
	const bool range = type_is_range(SLOT(s)->type);

	CHECK_SPEC(err.v == 0);
	CHECK_IF(SLOT(s)->depth <= CAP_DEPTH_MAX, "spec", FR_OUT(t, 0) == spec_info(s));
	CHECK_SPEC(FR_OUT(t, 1) == (range ? SLOT(s)->first : SLOT(s)->type == OBJ_GRANT ? SLOT(s)->window :
										       SLOT(s)->badge));
	CHECK_SPEC(FR_OUT(t, 2) == (range ? SLOT(s)->count : SLOT(s)->type == OBJ_GRANT ? SLOT(s)->length : 0));
	ASSIGNS_RUN(1, FR_OUT(t, 0), 3);
	check_whole();
	check_footprint(any, true, old_thread[t].home);
}

/* The end of the way down along the newest children. */
PRED u32 spec_leaf_of(u32 s)
{
	UNROLL
	for (u32 i = 0; i < CAP_DEPTH_MAX; i++)
		s = SLOT(s)->child == NIL ? s : SLOT(s)->child;
	return s;
}

void h_leaf(u32 s)
{
	const u32 leaf = cap_leaf(s);

	CHECK_SPEC(leaf == spec_leaf_of(s));
}
