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

void h_caller(void)
{
	ANY(u32, t);
	ANY(u64, call);

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

void h_save(void)
{
	ANY(u32, t);
	ANY(u32, dst);
	const struct any any = any_index();

	CALLER(t);
	HANDED(reply_save, dst);
	hint_tree(any.slot);
	hint_tree(dst);
	HINT(1, any_thread_slot_type_inv(any.page));
	HINT(1, any_thread_reply_inv(t));
	remember();
	const err_t err = sys_reply_save(t, dst);
	const u32 to = old_thread[t].reply_to;

	CHECK_SPEC(err.v == (to == NIL ? ERRNO_STATE : ERRNO_OK));
	CHECK_IF(err.v == 0, "spec", is_saved(dst, to, old_thread[t].reply_call));
	CHECK_IF(err.v == 0, "spec", TH(t)->reply_to == NIL);
	CHECK_IF((err.v != 0) | (any.slot != dst), "spec", same_cap(any.slot));
	CHECK_IF((err.v != 0) | (any.page != t), "spec", same_thread(any.page));
	CHECK_SPEC(same_thread_base(any.page));
	CHECK_SPEC(same_thread_runs(any.page));
	CHECK_SPEC(same_thread_wait(any.page));
	CHECK_SPEC(same_thread_links(any.page));
	CHECK_SPEC(same_register(any.page, any.n));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	check_cpus(any);
	check_rest(any);
	check_invariants(any);
	check_owners(any);
	COVER(err.v == 0);
}
