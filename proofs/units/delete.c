/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
 * merge = ["object_pages", "object_start", "object_end"]
 * [h_delete]
 * function = "sys_cap_delete"
 * only = "of a capability from which nothing is derived, that owns nothing and is neither a grant nor a right to answer, while no page of slots waits for its end"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_worklist_add]
 * function = "worklist_add"
 * columns = ["ub", "spec"]
 * [h_unlink]
 * function = "slots_unlink"
 * columns = ["ub", "spec"]
 * [h_inner_slots]
 * function = "inner_slots_remove"
 * columns = ["ub", "spec"]
 * [h_contract_destroy_step]
 * function = "destroy_step"
 * only = "of what stands in a page of slots, is no right to answer, and owns no thread, endpoint, notification, interrupt or device"
 * columns = ["ub", "spec"]
 * [h_copy]
 * function = "delete_leaf"
 * only = "of what owns nothing, in a page of slots, and is neither a grant nor a right to answer"
 * columns = ["invariant", "leak"]
 * [h_frames_step]
 * function = "frames_destroy_step"
 * columns = ["ub", "spec"]
 * [h_heavy]
 * function = "is_heavy"
 * columns = ["ub", "invariant", "spec"]
 * [h_is_light]
 * function = "is_light"
 * columns = ["ub", "invariant", "spec"]
 */
/*
 * Deleting: a childless capability that owns nothing goes at once; of what others own, a part goes.
 */
#include "prover.h"
#include "contract_destroy.h"
#include "contract_tree.h"
#include "handed.h"

#include <delete.c>
#include <destroy.c>
#include <cap.c>

static void hint_gone(struct any any, u32 s)
{
	hint_tree(s);
	hint_tree(SLOT(s)->parent);
	hint_tree(SLOT(s)->next);
	hint_tree(SLOT(s)->prev);
	hint_around(any.slot);
	hint_pair(any.slot, s);
	hint_pair(any.n, s);
	hint_page(any.page);
	hint_page(PD(any.page)->head);
	HINT(1, any_page_owned_inv(any.page));
}

PRED bool slot_is_clear(u32 s)
{
	return SLOT(s)->type == 0 && cap_empty_inv(s);
}

PRED bool spec_light(u32 s)
{
	return SLOT(s)->child == NIL && (SLOT(s)->flags & CAP_OWNER) == 0 && SLOT(s)->type != OBJ_GRANT && SLOT(s)->type != OBJ_REPLY;
}

void h_is_light(u32 s)
{
	ASSUME_INPUT(s != NIL);
	CHECK_SPEC(is_light(s) == spec_light(s));
}

/* Who owns nothing leaves nothing. */
void h_delete(u32 t, u32 s)
{
	CALLER(t);
	HANDED(cap_delete, s);
	ASSUME_STATE(case, spec_light(s) && ks.work_head == NIL, "the case of the row");
	hint_gone(any, s);
	const err_t err = sys_cap_delete(t, s);

	CHECK_SPEC(err.v == ERRNO_OK);
	CHECK_SPEC((FR_OUT(t, 0) == 0) & (FR_OUT(t, 1) == ks.work_added));
	CHECK_SPEC(slot_is_clear(s));
	ASSIGNS(1, REMOVED(s), FR_OUT(t, 0), FR_OUT(t, 1));
	check_whole();
}

void h_copy(u32 s)
{
	ASSUME_STATE(case, may_destroy(s) && spec_light(s), "the case of the row");
	hint_gone(any, s);
	CHECK_SPEC(delete_leaf(s));
	check_whole();
}

/* --- frames ------------------------------------------------------------------------------------ */

PRED u32 at_most(u32 n, u32 most)
{
	return n < most ? n : most;
}

void h_frames_step(u32 s)
{
	ASSUME_STATE(requires, slot_is_full(s) & (SLOT(s)->type == OBJ_FRAMES) && (SLOT(s)->flags & CAP_OWNER) != 0,
		     "an owner of frames is there");
	HINT(1, any_cap_memory_inv(s));
	const u32 n = at_most(SLOT(s)->count, STEP_ENTRIES);
	const u32 from = SLOT(s)->first + SLOT(s)->count - n;
	const bool gone = frames_destroy_step(s);

	CHECK_SPEC(gone == (old_slot[s].count == n));
	CHECK_SPEC(SLOT(s)->count == old_slot[s].count - n);
	CHECK_IF(any.page - from < n, "spec", is_taken(any.page, PAGE_FREE, NIL));
	ASSIGNS(1, SLOT(s)->count);
	ASSIGNS_RUN(1, *PD(from), n);
	COVER(gone);
	COVER(!gone);
}

void h_heavy(u32 s)
{
	ASSUME_INPUT(s != NIL);
	CHECK_SPEC(is_heavy(s) == ((SLOT(s)->flags & CAP_OWNER) != 0 || SLOT(s)->type == OBJ_GRANT));
}

/* --- pages of slots that go --------------------------------------------------------------------------- */

PRED bool is_last_queued(u32 page)
{
	return PD(page)->owner == NIL && PD(page)->index == 0 && PD(page)->link == NIL && (PD(page)->flags & PAGE_DYING) != 0 && ks.work_tail == page &&
	       ks.work_added == old_ks.work_added + 1 &&
	       (old_ks.work_head == NIL ? ks.work_head == page : SAME(ks, old_ks, work_head) && PD(old_ks.work_tail)->link == page);
}

#define A_LIST                                                                                     \
	ASSUME_STATE(requires, ks.work_head == NIL || page_exists(ks.work_tail), "the work list has two ends")

void h_worklist_add(u32 page)
{
	ASSUME_STATE(requires, page < PAGE_COUNT && page != ks.work_tail, "a page of slots that is not on the list");
	A_LIST;
	queueing_changes(true, page);
	worklist_add(page);
	CHECK_SPEC(is_last_queued(page));
}

void h_unlink(u32 page)
{
	ASSUME_STATE(requires, is_object(page, OBJ_SLOTS) && page != ks.work_tail, "a page of slots that is not on the list");
	A_LIST;
	HINTS(any_page_slots_inv(page));
	const u32 table = PD(page)->parent, i = PD(page)->index;
	unlinking_changes(true, page);
	slots_unlink(page);
	CHECK_SPEC(is_last_queued(page) & (PD(page)->parent == NIL));
	CHECK_IF(table != NIL, "spec", CT(table)->leaf[i] == 0);
}

/* Each of them without a child. */
PRED bool is_gone_to(u32 s, u32 page, u32 i)
{
	return IMP(SLOT_PAGE(s) == page && s % SLOTS_PER_PAGE < i, SLOT(s)->type == 0);
}

PRED bool is_inner(u32 i, u32 page)
{
	return i < OBJECT_SLOTS && page < PAGE_COUNT && has_inner_slots(PD(page)->type);
}

void prover_begin_inner_slots_remove(u32 i, u32 page)
{
	CHECK_SPEC(is_inner(i, page));
	CHECK_SPEC(is_gone_to(INDEX(slot), page, i));
	CHECK_SPEC(any_cap_inner_inv(INDEX(slot)));
}

void prover_round_inner_slots_remove(u32 i, u32 page)
{
	FORGET(ks_slot[0]);
	prover_assume(is_inner(i, page));
	prover_assume(is_gone_to(INDEX(slot), page, i));
	prover_assume(any_cap_inner_inv(INDEX(slot)));
	prover_assume(any_cap_inner_inv(SLOT_OF(page, i)));
}

void h_inner_slots(u32 page)
{
	ASSUME_STATE(requires, is_inner(0, page), "an object that holds capabilities");
	HINTS(any_cap_inner_inv(any.slot));
	inner_slots_remove(page);
	CHECK_SPEC(is_gone_to(any.slot, page, OBJECT_SLOTS));
	ASSIGNS(1, ks_slot);
}

/* --- whatever it owns --------------------------------------------------------------------------- */

void NEVER(thread_complete)(u32, err_t) {}
void NEVER(thread_destroy)(u32) {}
bool NEVER(ep_destroy_step)(u32) { return true; }
bool NEVER(notif_destroy_step)(u32) { return true; }
void NEVER(irq_destroy)(u32) {}
void NEVER(device_destroy)(u32) {}

u32 NEVER(reply_caller)(u32, u64) { return 0; }

void h_contract_destroy_step(u32 s)
{
	GIVEN(may_destroy(s));
	const u32 obj = SLOT(s)->obj, table = PD(obj)->parent;
	hint_slot(s);
	HINTS(any_page_type_inv(obj), any_page_head_inv(obj), any_page_owner_inv(obj), any_page_slots_inv(obj));
	HINTS(any_space_inv(obj), any_owned_page_inv(s, any.page - obj), any_owned_page_inv(s, SLOT_PAGE(any.slot) - obj));
	HINTS(any_owned_page_inv(s, 0), any_owned_page_inv(s, 1));
	const bool owner = (SLOT(s)->flags & CAP_OWNER) != 0, slots = owner & (SLOT(s)->type == OBJ_SLOTS), frees = is_to_free(any.page, s);
	destroying_changes(s);
	const bool gone = destroy_step(s);

	CHECK_IF(slots | (!owner & (SLOT(s)->type != OBJ_GRANT)), "spec", gone);
	CHECK_SPEC(is_given_back(any.page, gone, frees));
	CHECK_IF(slots, "spec", is_last_queued(obj) & (PD(obj)->parent == NIL));
	CHECK_IF(slots & (table != NIL), "spec", CT(table)->leaf[old_page[obj].index] == 0);
	COVER(slots);
}
