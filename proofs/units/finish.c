/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 12
 * whole = ["thread_complete", "thread_halt"]
 * [h_contract_thread_complete]
 * function = "thread_complete"
 * only = "unless it lent on what was lent to it, or a fault of its borrower is on its way"
 * columns = ["invariant"]
 * [h_contract_thread_halt]
 * function = "thread_halt"
 * only = "unless it lent on what was lent to it, or a fault of its borrower is on its way"
 * columns = ["invariant"]
 */
/*
 * All is as it should be after a wait has ended; what changes is in end.c.
 */
#include "ending.h"
#include "contract_end.h"

/* What it lent, if anything, was its own, or is lost to it. */
static void nothing_comes_back(u32 t)
{
	CHECK_SPEC(TH(t)->state != THREAD_REPLY || TH(t)->lent == NIL || !is_on_loan(t, TH(t)->lent));
	on_loan = 0;
}

void h_contract_thread_complete(u32 t, u32 code)
{
	GIVEN(may_complete(t));
	WHO_ENDS(t);
	HINTS(any_thread_bound_inv(watched), any_thread_runs_on_inv(watched));
	nothing_comes_back(t);
	const bool idle = is_idle(watched), quiet = nothing_to_report();
	thread_complete(t, (err_t){ code });
	CHECK_IF(idle, "spec", is_idle(watched));
	CHECK_IF(quiet, "spec", nothing_to_report());
	CHECK_SPEC(is_completed(t, code));
	check_whole();
	COVER(own_r != NIL);
}

void h_contract_thread_halt(u32 t)
{
	GIVEN(may_halt(t));
	WHO_ENDS(t);
	const bool cancels = TH(t)->state > THREAD_READY && TH(t)->fault == 0;
	const u32 pending = pending_then(t);
	nothing_comes_back(t);
	thread_halt(t);
	CHECK_SPEC(is_halted(t, pending));
	CHECK_SPEC(is_idle(t));
	CHECK_IF(cancels, "spec", is_cancelled(t));
	check_whole();
	COVER(own_r != NIL);
}
