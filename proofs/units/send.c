/* SPDX-License-Identifier: MIT */
/* prove:
 * whole = ["sys_ep_send"]
 * batch = 8
 * [h_send]
 * function = "sys_ep_send"
 * only = "when no capability travels"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 */
#include "ipc.h"

void NEVER(lose)(u32 r) { (void)r; }

/* --- sending ------------------------------------------------------------------------------ */

PRED u32 spec_send_error(u32 t, u32 s, u64 tag)
{
	return spec_msg_error(t, tag, s) != ERRNO_OK		    ? spec_msg_error(t, tag, s)
	       : ep_is_elsewhere(SLOT(s)->obj, TH(t)->home)	    ? INT_GLOBAL
	       : spec_receiver(SLOT(s)->obj) == NIL && TAG_NO_WAIT(tag) ? ERRNO_WOULD_BLOCK
	       : spec_receiver(SLOT(s)->obj) == NIL		    ? INT_NONE
								    : ERRNO_OK;
}

PRED bool is_sending(u32 t, u64 tag, u64 badge)
{
	return TH(t)->tag == tag && TH(t)->badge == badge && TH(t)->running_on == NIL;
}

/* Capabilities travel under all locks only: what they do is left out here. */
void h_send(u64 tag, u64 deadline)
{
	ASSUME_INPUT(TAG_CAPS(tag) == 0);
	THE_CALLER(t);
	THE_ENDPOINT(s);
	hint_first(e);
	hint_thread(any.page);
	const u32 r = spec_receiver(e), bad = spec_send_error(t, s, tag);
	const u64 badge = SLOT(s)->badge;
	const err_t err = sys_ep_send(t, s, tag, deadline);
	const bool waits = err.v == INT_NONE, done = err.v == ERRNO_OK, fails = !waits & !done;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", is_delivered(r, t, tag, badge, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(done, "spec", is_word_delivered(r, t, tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(done, "spec", is_woken(r));
	CHECK_IF(waits, "spec", waits_last(t, e, THREAD_SEND, deadline));
	CHECK_IF(waits, "spec", is_sending(t, tag, badge));
	ASSIGNS(!fails, TH(t)->tag, TH(t)->badge);
	ASSIGNS(done, LEAVES_EP(r, e));
	assigns_end(done, r);
	assigns_message(done, t, r);
	assigns_ready(done, r);
	ASSIGNS(waits, RELEASES(t), ENTERS_EP(t, e));
	assigns_wait(waits, t, deadline);
	check_whole();
	check_footprint(any, ks.global == 0, old_thread[t].home);
	COVER(done);
	COVER(waits);
}
