/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
 * merge = ["object_pages", "object_start", "object_end"]
 * [h_delete]
 * function = "sys_cap_delete"
 * only = "of a capability from which nothing is derived, that owns nothing and is neither a grant nor a right to answer, while no page of slots waits for its end"
 * columns = ["ub", "invariant", "spec", "leak"]
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
#include "contract_memory.h"
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
