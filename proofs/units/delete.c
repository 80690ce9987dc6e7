/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
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
 * Which capabilities go at once, and a step of giving back the pages of frames.
 */
#include "prover.h"
#include "contract_memory.h"

#include <delete.c>
#include <destroy.c>

PRED bool spec_light(u32 s)
{
	return SLOT(s)->child == NIL && (SLOT(s)->flags & CAP_OWNER) == 0 && SLOT(s)->type != OBJ_GRANT && SLOT(s)->type != OBJ_REPLY;
}

void h_is_light(void)
{
	ANY(u32, s);

	ASSUME_INPUT(s != NIL);
	CHECK_SPEC(is_light(s) == spec_light(s));
}

/* --- frames ------------------------------------------------------------------------------------ */

PRED u32 at_most(u32 n, u32 most)
{
	return n < most ? n : most;
}

void h_frames_step(void)
{
	ANY(u32, s);
	const struct any any = any_index();

	ASSUME_STATE(requires, slot_is_full(s) & (SLOT(s)->type == OBJ_FRAMES) && (SLOT(s)->flags & CAP_OWNER) != 0,
		     "an owner of frames is there");
	HINT(1, any_cap_memory_inv(s));
	const u32 n = at_most(SLOT(s)->count, STEP_ENTRIES);
	const u32 from = SLOT(s)->first + SLOT(s)->count - n;
	remember();
	const bool gone = frames_destroy_step(s);

	CHECK_SPEC(gone == (old_slot[s].count == n));
	CHECK_SPEC(SLOT(s)->count == old_slot[s].count - n);
	CHECK_IF(any.page - from < n, "spec", is_taken(any.page, PAGE_FREE, NIL));
	CHECK_IF(any.page - from >= n, "spec", same_page(any.page));
	CHECK_IF(any.slot != s, "spec", same_cap(any.slot));
	COVER(gone);
	COVER(!gone);
}

void h_heavy(void)
{
	ANY(u32, s);

	ASSUME_INPUT(s != NIL);
	CHECK_SPEC(is_heavy(s) == ((SLOT(s)->flags & CAP_OWNER) != 0 || SLOT(s)->type == OBJ_GRANT));
}
