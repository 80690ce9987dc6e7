/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * [h_caller]
 * function = "reply_caller"
 * columns = ["ub", "invariant", "spec"]
 * [h_save]
 * function = "sys_reply_save"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "prover.h"
#include "whole.h"
#include "handed.h"

#include <reply.c>
#include <cap.c>

void h_caller(u32 t, u64 call)
{
	ASSUME_INPUT(t < PAGE_COUNT);
	CHECK_SPEC(reply_caller(t, call) ==
		   (PD(t)->type == OBJ_THREAD && TH(t)->state == THREAD_REPLY && TH(t)->call == call ? t : NIL));
}

/* A capability that stands alone and answers what t held the right to answer. */
PRED bool is_saved(u32 s, u32 to, u64 call)
{
	return SLOT(s)->type == OBJ_REPLY && SLOT(s)->flags == 0 && SLOT(s)->rights == 0 &&
	       SLOT(s)->obj == to && SLOT(s)->badge == call && SLOT(s)->parent == NIL &&
	       SLOT(s)->child == NIL;
}

void h_save(u32 t, u32 dst)
{
	CALLER(t);
	HANDED(reply_save, dst);
	hint_tree(any.slot);
	hint_tree(dst);
	HINTS(any_thread_slot_type_inv(any.page), any_thread_reply_inv(t));
	const err_t err = sys_reply_save(t, dst);
	const u32 to = old_thread[t].reply_to;

	CHECK_SPEC(err.v == (to == NIL ? ERRNO_STATE : ERRNO_OK));
	CHECK_IF(err.v == 0, "spec", is_saved(dst, to, old_thread[t].reply_call));
	CHECK_IF(err.v == 0, "spec", TH(t)->reply_to == NIL);
	ASSIGNS(err.v == 0, TH(t)->reply_to, *SLOT(dst));
	check_whole();
	COVER(err.v == 0);
}
