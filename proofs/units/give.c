/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
 * [h_frames]
 * function = "frames_destroy_step"
 * only = "but for the capability itself, which goes when it owns no page any more"
 * columns = ["invariant", "leak"]
 * [h_slots]
 * function = "slots_unlink"
 * only = "but for the capability that owned it, which goes next"
 * columns = ["invariant", "leak"]
 */
/*
 * What is given back was in nobody's hands: whoever names it is derived from its owner, and has gone before.
 */
#include "prover.h"
#define FREES_FRAMES
#include "contract_destroy.h"

#include <delete.c>
#include <destroy.c>

/* --- who names it is derived from who owns it ----------------------------------------------------- */

/* It names what s might own, and of frames `page` (NIL: any); it is not s, or, i steps up from there, has a child. */
PRED bool is_holder(u32 i, u32 z, u32 obj, u32 page, u32 s)
{
	return slot_is_full(z) && SLOT(z)->type == SLOT(s)->type && SLOT(z)->obj == obj && (page == NIL || page - SLOT(z)->first < SLOT(z)->count) &&
	       SLOT(z)->depth <= CAP_DEPTH_MAX && i <= CAP_DEPTH_MAX - SLOT(z)->depth && (i == 0 ? z != s : SLOT(z)->child != NIL);
}

u32 owner_above(u32 z, u32 obj, u32 page, u32 s)
{
	(void)obj;
	(void)page;
	(void)s;
	for (u32 i = 0; i <= CAP_DEPTH_MAX && !(SLOT(z)->flags & CAP_OWNER); i++)
		z = SLOT(z)->parent;
	return z;
}

void prover_begin_owner_above(u32 i, u32 z, u32 obj, u32 page, u32 s)
{
	CHECK_SPEC(is_holder(i, z, obj, page, s));
	CHECK_SPEC(any_cap_parent_inv(any.slot));
	CHECK_SPEC(any_cap_derived_inv(any.slot));
	CHECK_SPEC(any_cap_root_inv(any.slot));
}

void prover_round_owner_above(u32 i, u32 z, u32 obj, u32 page, u32 s)
{
	prover_assume(is_holder(i, z, obj, page, s));
	prover_assume(any_cap_parent_inv(z));
	prover_assume(any_cap_derived_inv(z));
	prover_assume(any_cap_root_inv(z));
	prover_assume(any_cap_parent_inv(SLOT(z)->parent));
}

PRED bool is_alike(u32 z, u32 s)
{
	return z != s && slot_is_full(z) && SLOT(z)->type == SLOT(s)->type;
}

/* It is another's, since s has no child. */
static void hint_others(u32 z, u32 s, u32 page)
{
	if (!is_alike(z, s))
		return;
	const u32 obj = SLOT(z)->obj, top = owner_above(z, obj, page, s);

	CHECK_SPEC(top != s);
	HINTS(any_cap_owner_inv(top), any_owned_page_inv(top, page - obj));
}

/* --- the step --------------------------------------------------------------------------------------- */

PRED bool is_last_owner(u32 s, u32 type)
{
	return may_remove(s) && PD(SLOT_PAGE(s))->type == OBJ_SLOTS && is_owner_of(s, type);
}

/* A message page is one page. */
PRED bool is_one_page(u32 t)
{
	return !thread_is(t) || SLOT(SLOT_OF(t, TSLOT_MSG))->type == 0 || SLOT(SLOT_OF(t, TSLOT_MSG))->count == 1;
}

static void hint_step(u32 s)
{
	hint_slot(s);
	hint_slot(any.slot);
	hint_tree(SLOT(any.slot)->parent);
	hint_page(any.page);
	hint_page(PD(any.page)->head);
	hint_thread(any.page);
	HINTS(any_page_owned_inv(any.page), any_owned_page_inv(any.slot, any.n));
}

void h_frames(u32 s)
{
	ASSUME_STATE(requires, is_last_owner(s, OBJ_FRAMES), "an owner is there, without children");
	ASSUME_STATE(requires, is_one_page(any.page), "a message page is one page");
	const u32 msg = SLOT_OF(any.page, TSLOT_MSG), obj = SLOT(s)->obj, other = SLOT(any.slot)->obj;
	hint_step(s);
	HINTS(any_cap_parent_inv(msg), any_cap_object_inv(msg));
	HINTS(any_owned_page_inv(s, any.page - obj), any_owned_page_inv(s, other - obj), any_owned_page_inv(s, other + any.n - obj));
	HINTS(any_owned_page_inv(s, PD(any.page)->head - obj), any_owned_page_inv(s, TH(any.page)->msg - obj));
	hint_others(any.slot, s, NIL);
	if (thread_is(any.page))
		hint_others(msg, s, SLOT(msg)->first);
	const bool gone = frames_destroy_step(s);

	if (!gone || any.slot != s)
		check_whole();
	COVER(gone);
	COVER(!gone);
}

PRED bool is_list(u32 page)
{
	return page != ks.work_tail && (ks.work_head == NIL || page_exists(ks.work_tail));
}

/* Who waits last is a page that waits. */
PRED bool is_tail(u32 p)
{
	return ks.work_head == NIL || page_is_queued(p);
}

void h_slots(u32 s)
{
	ASSUME_STATE(requires, is_last_owner(s, OBJ_SLOTS), "an owner is there, without children");
	const u32 page = SLOT(s)->obj, table = PD(page)->parent;
	ASSUME_STATE(requires, is_list(page), "a page of slots that is not on the list");
	ASSUME_STATE(requires, is_tail(ks.work_tail), "the last of the list waits");
	hint_step(s);
	hint_page(page);
	HINTS(any_table_leaf_inv(any.page, any.n), any_table_leaf_inv(table, PD(page)->index), any_cap_owner_inv(PD(any.page)->owner));
	hint_others(any.slot, s, NIL);
	slots_unlink(page);
	if (any.slot != s)
		check_whole();
}
