/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 12
 * [h_cancel]
 * function = "sys_ep_cancel"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_ep_step]
 * function = "ep_destroy_step"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_contract_reply_drop]
 * function = "reply_drop"
 * only = "unless the caller lent on what was lent to it"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
/*
 * Waits at endpoints that are ended one after the other, only those that are meant; and calls that nobody answers.
 */
#include "ipc.h"
#include "contract_end.h"

/* A wait at e, of those that are meant. */
PRED bool waited(u32 t, u32 e, u64 badge, u64 other)
{
	return old_thread[t].queue == e && (old_thread[t].badge == badge || old_thread[t].badge == other);
}

PRED bool others_wait(u32 t, u32 n, u32 e, u64 badge, u64 other)
{
	return waited(t, e, badge, other) || is_left_alone(t, n);
}

PRED bool others_stay(u32 e, u32 other)
{
	return e == other || (SAME(ks_ep[e], old_ep[e], head) && SAME(ks_ep[e], old_ep[e], tail) && SAME(ks_ep[e], old_ep[e], cursor) &&
			      SAME(ks_ep[e], old_ep[e], cancelling) && SAME(ks_ep[e], old_ep[e], cancels));
}

PRED bool notifs_stay(u32 nt)
{
	return SAME(ks_notif[nt], old_notif[nt], head) && SAME(ks_notif[nt], old_notif[nt], tail);
}

/* --- cancelling ----------------------------------------------------------------------------- */

PRED bool is_cancel_round(u32 i, u32 s, u64 ticket)
{
	const u32 e = SLOT(s)->obj;

	return i < EP_WAKES && is_object(e, OBJ_EP) && has_cpus() &&
	       (EP(e)->cancels == old_ep[e].cancels || (EP(e)->cancels == old_ep[e].cancels + 1 && ticket == EP(e)->cancels && counts(old_ep[e].cancels)));
}

u64 asked; /* the ticket that the call names */

PRED bool keeps_ticket(u64 ticket) { return asked == 0 || ticket == asked; }

PRED bool cancels_badge(u32 s, u64 badge)
{
	const u32 e = SLOT(s)->obj;

	return EP(e)->cancelling == badge || EP(e)->cancelling == old_ep[e].cancelling;
}

void prover_begin_sys_ep_cancel(u32 i, u32 s, u64 badge, u64 ticket)
{
	CHECK_SPEC(is_cancel_round(i, s, ticket));
	CHECK_SPEC(cancels_badge(s, badge));
	CHECK_SPEC(keeps_ticket(ticket));
	CHECK_SPEC(others_wait(any.page, any.n, SLOT(s)->obj, badge, old_ep[SLOT(s)->obj].cancelling));
	CHECK_SPEC(others_stay(any.page, SLOT(s)->obj));
	CHECK_SPEC(notifs_stay(any.page));
	running_is_kept();
}

void prover_round_sys_ep_cancel(u32 i, u32 s, u64 badge, u64 ticket)
{
	forget_running();
	FORGETS(ks_ep[0].cancelling, ks_ep[0].cancels);
	SUPPOSE(is_cancel_round(i, s, ticket), cancels_badge(s, badge), keeps_ticket(ticket),
		others_wait(any.page, any.n, SLOT(s)->obj, badge, old_ep[SLOT(s)->obj].cancelling), others_stay(any.page, SLOT(s)->obj),
		notifs_stay(any.page));
	running_is_known();
	const u32 e = SLOT(s)->obj, w = EP(e)->cursor == NIL ? EP(e)->head : EP(e)->cursor, next = TH(w)->qnext;
	SUPPOSE(any_ep_cursor_inv(e), any_ep_head_inv(e), any_thread_links_inv(w), any_thread_ready_inv(w), any_thread_queue_inv(next),
		others_wait(w, any.n, e, badge, old_ep[e].cancelling));
}

void h_cancel(u32 s, u64 badge, u64 ticket)
{
	THE_CALLER(t);
	ASSUME_STATE(dispatch, slot_is_full(s) && SLOT(s)->type == OBJ_EP, "the dispatcher hands over what exists");
	HINT(1, any_cap_object_inv(s));
	const u32 e = SLOT(s)->obj;
	ASSUME_STATE(counters, counts(EP(e)->cancels), "no counter of 64 bits overflows");
	const bool fails = SLOT(s)->badge != 0;
	asked = ticket;
	const err_t err = sys_ep_cancel(t, s, badge, ticket);

	CHECK_SPEC(err.v == (fails ? ERRNO_RIGHTS : ERRNO_OK));
	CHECK_IF(!fails & (ticket != 0), "spec", FR_OUT(t, 1) == ticket);
	CHECK_IF(!fails & (FR_OUT(t, 0) == 0), "spec", (EP(e)->cursor == NIL) | (FR_OUT(t, 1) != EP(e)->cancels));
	running_changes(!fails);
	ASSIGNS(!fails & waited(any.page, e, badge, old_ep[e].cancelling), ENDED(any.page));
	ASSIGNS(!fails, FR_OUT(t, 0), FR_OUT(t, 1), EP(e)->head, EP(e)->tail, EP(e)->cursor, EP(e)->cancelling, EP(e)->cancels);
	check_whole();
}

/* --- destroying -------------------------------------------------------------------------------- */

PRED bool all_others_wait(u32 t, u32 n, u32 e)
{
	return old_thread[t].queue == e || is_left_alone(t, n);
}

PRED bool is_ep_round(u32 i, u32 e) { return i < EP_WAKES && is_object(e, OBJ_EP) && has_cpus(); }

void prover_begin_ep_destroy_step(u32 i, u32 ep)
{
	CHECK_SPEC(is_ep_round(i, ep));
	CHECK_SPEC(all_others_wait(any.page, any.n, ep));
	CHECK_SPEC(others_stay(any.page, ep));
	CHECK_SPEC(notifs_stay(any.page));
	running_is_kept();
}

void prover_round_ep_destroy_step(u32 i, u32 ep)
{
	forget_running();
	SUPPOSE(is_ep_round(i, ep), all_others_wait(any.page, any.n, ep), others_stay(any.page, ep), notifs_stay(any.page));
	running_is_known();
	SUPPOSE(any_ep_head_inv(ep), all_others_wait(EP(ep)->head, any.n, ep));
}

void h_ep_step(u32 e)
{
	ASSUME_STATE(requires, is_object(e, OBJ_EP), "this is done to endpoints");
	ASSUME_STATE(cpus, has_cpus(), "set at boot, and never again");
	const bool gone = ep_destroy_step(e);

	CHECK_SPEC(gone == (EP(e)->head == NIL));
	running_changes(true);
	ASSIGNS(old_thread[any.page].queue == e, ENDED(any.page));
	ASSIGNS(1, EP(e)->head, EP(e)->tail, EP(e)->cursor);
	check_whole();
	COVER(!gone);
}

/* --- rights to answer ------------------------------------------------------------------------------ */

void h_contract_reply_drop(u32 t)
{
	GIVEN(may_drop(t));
	HINTS(any_thread_reply_inv(t), any_page_head_inv(TH(t)->reply_to));
	const u32 c = held_by(t);
	HINTS(any_thread_queue_inv(c));
	const bool idle = is_idle(watched);
	dropping_changes(t);
	reply_drop(t);
	CHECK_IF(idle, "spec", is_idle(watched));
	CHECK_SPEC(TH(t)->reply_to == NIL);
	CHECK_IF(c != NIL, "spec", is_completed(c, DONE_GONE.v));
	check_whole();
	COVER(c != NIL);
}
