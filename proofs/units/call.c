/* SPDX-License-Identifier: MIT */
/* prove:
 * whole = ["sys_ep_call"]
 * batch = 8
 * [h_call]
 * function = "sys_ep_call"
 * only = "when no capability travels"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 */
#include "ipc.h"

void NEVER(lose)(u32 r) { (void)r; }

PRED u32 spec_call_error(u32 t, u32 s, u64 tag)
{
	return spec_msg_error(t, tag, s) != ERRNO_OK		    ? spec_msg_error(t, tag, s)
	       : ep_is_elsewhere(SLOT(s)->obj, TH(t)->home)	    ? INT_GLOBAL
	       : spec_receiver(SLOT(s)->obj) == NIL && TAG_NO_WAIT(tag) ? ERRNO_WOULD_BLOCK
								    : INT_NONE;
}

PRED bool is_calling(u32 t, u64 tag, u64 badge)
{
	return TH(t)->tag == tag && TH(t)->badge == badge;
}

/* t waits for the answer of r to this call and no other, runs on nothing, and r, if it can, on what t ran on. */
PRED bool is_called(u32 t, u32 r, u64 call, u64 deadline)
{
	return TH(t)->state == THREAD_REPLY && TH(t)->call == call && TH(r)->reply_to == t && TH(r)->reply_call == call &&
	       TH(t)->running_on == NIL && CPU(TH(t)->home)->current != t && TN(t)->queued == (deadline != 0) &&
	       IMP(deadline != 0, TN(t)->when == deadline) &&
	       IMP(TH(t)->home == TH(r)->home,
		   TH(t)->lent == old_thread[t].running_on && TH(r)->running_on == old_thread[t].running_on &&
			   TH(r)->eprio >= old_thread[t].eprio && TH(r)->eprio >= TH(r)->prio);
}

/* It has its turn, or waits for it, or has no time. */
PRED bool goes_on(u32 r)
{
	return is_woken(r) && (TH(r)->queued == 1 || CPU(TH(r)->home)->current == r || TH(r)->running_on == NIL ||
			       SC(TH(r)->running_on)->left == 0);
}

/* Capabilities travel under all locks only: what they do is left out here. */
void h_call(u64 tag, u64 deadline)
{
	ASSUME_INPUT(TAG_CAPS(tag) == 0);
	THE_CALLER(t);
	THE_ENDPOINT(s);
	ASSUME_STATE(counters, counts(CPU(machine.cpu)->uid), "no counter of 64 bits overflows");
	hint_first(e);
	hint_thread(any.page);
	const u32 r = spec_receiver(e), bad = spec_call_error(t, s, tag);
	hint_ready(machine.cpu, TH(t)->eprio);
	hint_thread(SC(TH(t)->running_on)->owner);
	const u64 badge = SLOT(s)->badge, call = CPU(machine.cpu)->uid + CPU_MAX;
	const err_t err = sys_ep_call(t, s, tag, deadline);
	const bool fails = err.v != INT_NONE, done = !fails & (r != NIL), waits = !fails & (r == NIL);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", is_delivered(r, t, tag, badge, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(done, "spec", is_word_delivered(r, t, tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(done, "spec", is_called(t, r, call, deadline));
	CHECK_IF(done, "spec", goes_on(r));
	CHECK_IF(waits, "spec", waits_last(t, e, THREAD_CALL, deadline));
	CHECK_IF(!fails, "spec", is_calling(t, tag, badge));
	ASSIGNS(!fails, TH(t)->tag, TH(t)->badge);
	ASSIGNS(done, LEAVES_EP(r, e), TH(t)->call, CPU(machine.cpu)->uid, TH(r)->reply_to, TH(r)->reply_call);
	ASSIGNS(done, RELEASES(t), TH(t)->lent, CPU(machine.cpu)->current);
	assigns_end(done, r);
	assigns_message(done, t, r);
	assigns_ready(done, r);
	ASSIGNS(waits, ENTERS_EP(t, e));
	assigns_wait(!fails, t, deadline);
	check_whole();
	check_footprint(any, ks.global == 0, old_thread[t].home);
	COVER(done);
	COVER(waits);
}
