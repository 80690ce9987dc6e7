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

void h_check(void)
{
	ANY(u32, t);
	ANY(u32, s);
	ANY(u64, tag);

	ASSUME_STATE(caller, thread_is(t), "calls are made by threads");
	CHECK_SPEC(msg_check(t, tag, s).v == spec_msg_error(t, tag, s));
}

void h_is_global(void)
{
	ANY(u32, t);

	ASSUME_STATE(caller, thread_is(t), "calls are made by threads");
	CHECK_SPEC(msg_is_global(t) == ((TH(t)->fault == 0) & (TAG_CAPS(TH(t)->tag) != 0)));
}

void h_contract_transfer_caps(void)
{
	ANY(u32, from);
	ANY(u32, to);

	ASSUME_STATE(requires, thread_is(from) & thread_is(to), "this is done to threads");
	CHECK_SPEC(transfer_caps(from, to, 0) == 0);
}

/* What a fault is, and who is told of it by which capability. */
PRED bool is_told(u32 to, u32 from, u64 badge)
{
	return FR_ERR(to) == 0 && FR_OUT(to, 0) == badge &&
	       FR_OUT(to, 1) == ((u64)old_thread[from].fault << TAG_LABEL_SHIFT | REGISTER_WORDS);
}

PRED bool is_message_register(u32 i)
{
	return is_register_word(i) || i == REG_RAX || i == REG_RDI || i == REG_RSI;
}

void h_transfer(void)
{
	ANY(u32, from);
	ANY(u32, to);
	ANY(u64, tag);
	ANY(u64, badge);
	const struct any any = any_index();

	ASSUME_INPUT((TAG_CAPS(tag) == 0) & (TAG_LENGTH(tag) <= MSG_WORDS_MAX) & (from != to));
	ASSUME_STATE(requires, thread_is(from) & thread_is(to), "this is done to threads");
	const bool fault = TH(from)->fault != 0;
	remember();
	msg_transfer(from, to, tag, badge);
	CHECK_IF(!fault, "spec", is_delivered(to, from, tag, badge, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(!fault, "spec", is_word_delivered(to, from, tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(fault, "spec", is_told(to, from, badge));
	CHECK_IF(fault, "spec", same_words(any.page, any.n));
	CHECK_IF((any.page != to) | !is_message_register(any.n), "spec", same_register(any.page, any.n) | (any.n >= REG_COUNT));
	CHECK_SPEC(same_thread(any.page));
	CHECK_SPEC(same_frame_rest(any.page, any.n));
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	CHECK_SPEC(same_tnode(any.page));
	CHECK_SPEC(same_sched(any.page));
	CHECK_SPEC(same_ep(any.page));
	CHECK_SPEC(same_irq(any.page));
	CHECK_SPEC(same_device(any.page));
	CHECK_SPEC(same_space(any.page));
	CHECK_SPEC(same_ks(any.n));
	check_cpus(any);
	check_invariants(any);
	check_owners(any);
	COVER(fault);
	COVER(TAG_LENGTH(tag) > 8);
}
