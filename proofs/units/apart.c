/* SPDX-License-Identifier: MIT */
/* prove:
 * whole = ["sys_ep_send", "sys_ep_call", "sys_notif_wait"]
 * batch = 4
 * [h_send]
 * function = "sys_ep_send"
 * only = "for messages in registers, when nobody has a deadline"
 * columns = ["ni"]
 * [h_wait]
 * function = "sys_notif_wait"
 * only = "without deadline"
 * columns = ["ni"]
 */
#define NO_DEADLINES
#include "ipc.h"
#include "partition.h"

void NEVER(lose)(u32 r) { (void)r; }
u64 NEVER(transfer_long)(u32 from, u32 to, u64 tag) { return from + to + tag; }
void NEVER(timeq_add)(u32 cpu, u32 page, u64 when) { (void)cpu, (void)page, (void)when; }
void NEVER(timeq_remove)(u32 cpu, u32 page) { (void)cpu, (void)page; }

/* One of our threads makes the call, by a capability of ours, and holds this CPU's lock. */
PRED bool is_inside(u32 t, u32 s)
{
	return is_ours(t) && is_ours(SLOT_PAGE(s)) && is_ours(SLOT(s)->obj) && ks.global == 0;
}

PRED bool has_no_deadline(u32 t)
{
	return t == NIL || TN(t)->queued == 0;
}

#define INSIDE(t, s) ASSUME_STATE(case, is_inside(t, s), "one of our threads makes a local call, by a capability of ours")

/* What the call reaches from t. */
static void hint_reach(struct any any, u32 t, u32 s)
{
	hint_closed(t);
	hint_closed(TH(t)->running_on);
	hint_closed(TH(t)->sched);
	hint_closed(SLOT(s)->obj);
	HINT(1, closed_slot(s));
	hint_closed(any.page);
	HINT(1, closed_slot(any.slot));
	hint_thread(any.page);
}

/* And from e: who is first there may go on. */
static void hint_reach_first(u32 e)
{
	hint_first(e);
	hint_closed(EP(e)->head);
	hint_closed(EP(e)->tail);
	hint_closed(TH(EP(e)->head)->qnext);
	hint_closed(TH(EP(e)->head)->sched);
}

/* `call` from two states that agree on what is ours. */
#define TWICE_THE_SAME(call)                                                                       \
	const err_t first = call;                                                                  \
	check_respect();                                                                           \
	check_closed(any);                                                                         \
	begin_again();                                                                             \
	const err_t second = call;                                                                 \
	CHECK_NI(second.v == first.v);                                                             \
	check_agree()

#define A_SHORT_MESSAGE(tag)                                                                       \
	ANY(u64, tag);                                                                             \
	ASSUME_INPUT((TAG_CAPS(tag) == 0) & (TAG_LENGTH(tag) <= REGISTER_WORDS))

void h_send(void)
{
	A_SHORT_MESSAGE(tag);
	THE_CALLER(t);
	THE_ENDPOINT(s);
	INSIDE(t, s);
	ASSUME_STATE(case, has_no_deadline(EP(e)->head), "when nobody has a deadline");
	hint_reach(any, t, s);
	hint_reach_first(e);
	TWICE_THE_SAME(sys_ep_send(t, s, tag, 0));
	COVER(first.v == ERRNO_OK);
	COVER(first.v == INT_NONE);
}

/* Waiting for bits, and asking for them. */
void h_wait(u8 now, u32 s)
{
	THE_CALLER(t);
	ASSUME_INPUT(now <= 1);
	ASSUME_STATE(dispatch, slot_is_full(s) && SLOT(s)->type == OBJ_NOTIF, "the dispatcher hands over what exists");
	HINT(1, any_cap_object_inv(s));
	hint_notif(SLOT(s)->obj);
	hint_closed(NT(SLOT(s)->obj)->tail);
	INSIDE(t, s);
	hint_reach(any, t, s);
	TWICE_THE_SAME(sys_notif_wait(t, s, now));
	COVER(first.v == ERRNO_OK);
	COVER(first.v == INT_NONE);
}
