/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * [h_stop]
 * function = "sys_thread_stop"
 * only = "unless it lent on what was lent to it, or a fault of its borrower is on its way"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
#include "prover.h"
#include "contract_end.h"
#include "handed.h"

#include <sched.c>
#include <thread.c>

void h_stop(u32 t, u32 s)
{
	CALLER(t);
	HANDED(thread_stop, s);
	HINT(1, any_cap_object_inv(s));
	const u32 target = SLOT(s)->obj;
	ASSUME_STATE(cpus, has_cpus(), "set at boot, and never again");
	ASSUME_STATE(case, may_halt(target), "unless it lent on what was lent to it, or a fault of its borrower is on its way");
	hint_thread(target);
	const bool cancels = TH(target)->state > THREAD_READY && TH(target)->fault == 0;
	const u32 pending = pending_then(target);
	halting_changes(true, target);
	const err_t err = sys_thread_stop(t, s);

	CHECK_SPEC(err.v == 0);
	CHECK_SPEC(is_halted(target, pending));
	CHECK_IF(cancels, "spec", is_cancelled(target));
	check_whole();
	COVER(cancels);
}
