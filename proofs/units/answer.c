/* SPDX-License-Identifier: MIT */
/* prove:
 * whole = ["sys_reply"]
 * batch = 12
 * [h_reply]
 * function = "sys_reply"
 * only = "when no capability travels or answers, the call was no fault, and what was lent along it comes back"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 */
#include "ipc.h"

void NEVER(lose)(u32 r) { (void)r; }
void NEVER(cap_remove)(u32 s) { (void)s; }
bool NEVER(is_lent_to)(u32 t, u32 sc) { return t == sc; }
bool NEVER(msg_answer_fault)(u32 from, u32 to, u64 tag) { return from + to == tag; }

/* Whom an answer of t is for, or NIL: its right is used up, or that caller waits no longer. */
PRED u32 spec_caller(u32 t)
{
	return TH(t)->reply_to == NIL ? NIL : reply_target(TH(t)->reply_to, TH(t)->reply_call);
}

PRED u32 spec_reply_error(u32 t, u64 tag, u32 c)
{
	return spec_msg_error(t, tag, NIL) != ERRNO_OK			   ? spec_msg_error(t, tag, NIL)
	       : TH(t)->reply_to == NIL					   ? ERRNO_STATE
	       : ks.global == 0 && c != NIL && TH(c)->home != TH(t)->home ? INT_GLOBAL
									   : ERRNO_OK;
}

/* Nothing was lent and nothing is borrowed, or what t borrowed is what c lent. */
PRED bool comes_back(u32 t, u32 c)
{
	return c == NIL || (TH(c)->fault == 0 && (TH(c)->lent == NIL ? TH(t)->running_on == TH(t)->sched
								     : TH(t)->running_on == TH(c)->lent &&
									       TH(t)->running_on != TH(t)->sched &&
									       TH(t)->home == TH(c)->home));
}

/* c has its time back, if it lent any, and goes on when its turn comes. */
PRED bool is_answered(u32 c)
{
	return TH(c)->state == THREAD_READY && TH(c)->call == 0 && TN(c)->queued == 0 &&
	       TH(c)->running_on == (old_thread[c].lent != NIL ? old_thread[c].lent : TH(c)->sched) &&
	       IMP(TH(c)->running_on != NIL && SC(TH(c)->running_on)->left != 0, TH(c)->queued == 1);
}

/* t holds no right any more, and goes on with its own time or waits for some. */
PRED bool has_answered(u32 t)
{
	return TH(t)->reply_to == NIL && TH(t)->state == THREAD_READY &&
	       CPU(TH(t)->home)->current == (TH(t)->running_on != NIL && SC(TH(t)->running_on)->left != 0 ? t : NIL);
}

void h_reply(u64 tag)
{
	ASSUME_INPUT(TAG_CAPS(tag) == 0);
	THE_CALLER(t);
	const u32 c = spec_caller(t), bad = spec_reply_error(t, tag, c);
	ASSUME_STATE(case, comes_back(t, c), "when the call was no fault, and what was lent along it comes back");
	HINTS(any_thread_reply_inv(t), any_page_head_inv(TH(t)->reply_to));
	hint_actor(c);
	hint_thread(SC(TH(c)->sched)->runner);
	hint_ready(TH(c)->home, TH(c)->prio);
	hint_ready(TH(c)->home, TH(c)->eprio);
	hint_thread(any.page);
	const err_t err = sys_reply(t, tag, 0, NIL);
	const bool fails = err.v != ERRNO_OK, done = !fails & (c != NIL);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", is_delivered(c, t, tag, 0, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(done, "spec", is_word_delivered(c, t, tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(done, "spec", is_answered(c));
	CHECK_IF(!fails, "spec", has_answered(t));
	ASSIGNS(!fails, TH(t)->reply_to);
	ASSIGNS(done, TH(c)->call, TH(t)->running_on, TH(t)->eprio, SC(TH(t)->sched)->runner, SC(old_thread[t].running_on)->runner,
		CPU(TH(t)->home)->current);
	assigns_end(done, c);
	assigns_message(done, t, c);
	assigns_ready(done, c);
	check_whole();
	check_footprint(any, ks.global == 0, old_thread[t].home);
	COVER(done & (old_thread[c].lent != NIL));
	COVER(done & (old_thread[c].lent == NIL));
}
