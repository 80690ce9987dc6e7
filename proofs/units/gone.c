/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 12
 * [h_notif_step]
 * function = "notif_destroy_step"
 * only = "of what is in no mailbox"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
/*
 * Notifications that go: who waits there wakes up.
 */
#include "ipc.h"
#include "contract_end.h"

bool NEVER(notif_mailbox)(u32 cpu) { return cpu == NIL; }

PRED bool others_wait(u32 t, u32 n, u32 nt) { return old_thread[t].queue == nt || is_left_alone(t, n); }

PRED bool others_stay(u32 p, u32 nt)
{
	return SAME(ks_ep[p], old_ep[p], head) && SAME(ks_ep[p], old_ep[p], tail) && SAME(ks_ep[p], old_ep[p], cursor) &&
	       (p == nt || (SAME(ks_notif[p], old_notif[p], head) && SAME(ks_notif[p], old_notif[p], tail)));
}

PRED bool is_notif_round(u32 i, u32 nt) { return i < NOTIF_WAKES && is_object(nt, OBJ_NOTIF) && has_cpus(); }

void prover_begin_notif_destroy_step(u32 i, u32 nt)
{
	CHECK_SPEC(is_notif_round(i, nt));
	CHECK_SPEC(others_wait(any.page, any.n, nt));
	CHECK_SPEC(others_stay(any.page, nt));
	running_is_kept();
}

void prover_round_notif_destroy_step(u32 i, u32 nt)
{
	forget_running();
	SUPPOSE(is_notif_round(i, nt), others_wait(any.page, any.n, nt), others_stay(any.page, nt));
	running_is_known();
	SUPPOSE(any_notif_head_inv(nt), others_wait(NT(nt)->head, any.n, nt));
}

void h_notif_step(u32 nt)
{
	ASSUME_STATE(requires, is_object(nt, OBJ_NOTIF), "what a capability names is there");
	ASSUME_STATE(cpus, has_cpus(), "set at boot, and never again");
	ASSUME_STATE(case, NT(nt)->mailed == 0, "of what is in no mailbox");
	const bool gone = notif_destroy_step(nt);

	CHECK_SPEC(gone == (NT(nt)->head == NIL));
	running_changes(true);
	ASSIGNS(old_thread[any.page].queue == nt, ENDED(any.page));
	ASSIGNS(1, NT(nt)->head, NT(nt)->tail);
	check_whole();
	COVER(!gone);
}
