/* SPDX-License-Identifier: MIT */
/*
 * What ending a wait and stopping a thread do, for units that call them in a loop or last: proved by finish.c.
 */
#pragma once
#include "spec_end.h"

void prover_replace_thread_complete(u32 t, err_t code)
{
	const bool idle = is_idle(watched), quiet = nothing_to_report();

	CHECK_SPEC(may_complete(t));
	running_is_kept();
	completing_changes(true, t);
	CHANGE();
	prover_assume(is_completed(t, code.v) && (!idle || is_idle(watched)) && (!quiet || nothing_to_report()));
	running_is_known();
}

void prover_replace_thread_halt(u32 t)
{
	const bool cancels = TH(t)->state > THREAD_READY && TH(t)->fault == 0;
	const u32 pending = pending_then(t);

	if (is_idle(t))
		return;
	CHECK_SPEC(may_halt(t));
	running_is_kept();
	halting_changes(true, t);
	CHANGE();
	prover_assume(is_halted(t, pending) && is_idle(t));
	prover_assume(!cancels || is_cancelled(t));
	running_is_known();
}

/* --- rights to answer ------------------------------------------------------------------------- */

PRED bool may_drop(u32 t) { return thread_is(t) && has_cpus() && (held_by(t) == NIL || may_halt(held_by(t))); }

static void dropping_changes(u32 t)
{
	const u32 c = held_by(t);

	ASSIGNS(1, TH(t)->reply_to);
	running_changes(c != NIL);
	ASSIGNS(c != NIL, TH(c)->state, TH(c)->call, TN(c)->queued, FR_ERR(c), FR_OUT(c, 0), FR_OUT(c, 1));
}

void prover_replace_reply_drop(u32 t)
{
	const u32 c = held_by(t);
	const bool idle = is_idle(watched);

	CHECK_SPEC(may_drop(t));
	running_is_kept();
	dropping_changes(t);
	CHANGE();
	prover_assume(TH(t)->reply_to == NIL && (c == NIL || is_completed(c, DONE_GONE.v)) && (!idle || is_idle(watched)));
	running_is_known();
}
