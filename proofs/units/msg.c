/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 40
 * [h_check]
 * function = "msg_check"
 * columns = ["ub", "invariant", "spec"]
 * [h_is_global]
 * function = "msg_is_global"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_transfer_caps]
 * function = "transfer_caps"
 * only = "when there is none"
 * columns = ["ub", "invariant", "spec"]
 * [h_transfer]
 * function = "msg_transfer"
 * only = "when no capability travels"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "ipc.h"

void h_check(u32 t, u32 s, u64 tag)
{
	ASSUME_STATE(caller, thread_is(t), "calls are made by threads");
	CHECK_SPEC(msg_check(t, tag, s).v == spec_msg_error(t, tag, s));
}

void h_is_global(u32 t)
{
	ASSUME_STATE(caller, thread_is(t), "calls are made by threads");
	CHECK_SPEC(msg_is_global(t) == ((TH(t)->fault == 0) & (TAG_CAPS(TH(t)->tag) != 0)));
}

void h_contract_transfer_caps(u32 from, u32 to)
{
	ASSUME_STATE(requires, thread_is(from) & thread_is(to), "this is done to threads");
	CHECK_SPEC(transfer_caps(from, to, 0) == 0);
}

/* What a fault is, and who is told of it by which capability. */
PRED bool is_told(u32 to, u32 from, u64 badge)
{
	return FR_ERR(to) == 0 && FR_OUT(to, 0) == badge &&
	       FR_OUT(to, 1) == ((u64)old_thread[from].fault << TAG_LABEL_SHIFT | REGISTER_WORDS);
}

void h_transfer(u32 from, u32 to, u64 tag, u64 badge)
{
	ASSUME_INPUT((TAG_CAPS(tag) == 0) & (TAG_LENGTH(tag) <= MSG_WORDS_MAX) & (from != to));
	ASSUME_STATE(requires, thread_is(from) & thread_is(to), "this is done to threads");
	const bool fault = TH(from)->fault != 0;
	msg_transfer(from, to, tag, badge);
	CHECK_IF(!fault, "spec", is_delivered(to, from, tag, badge, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(!fault, "spec", is_word_delivered(to, from, tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(fault, "spec", is_told(to, from, badge));
	ASSIGNS_RUN(1, TH(to)->frame.r[REG_RBX], 8);
	ASSIGNS(1, TH(to)->frame.r[REG_RAX], TH(to)->frame.r[REG_RDI], TH(to)->frame.r[REG_RSI]);
	ASSIGNS(!fault & (TH(from)->msg != NIL), ks_word[TH(to)->msg]);
	check_whole();
	COVER(fault);
	COVER(TAG_LENGTH(tag) > 8);
}
