/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * whole = ["sys_thread_start", "thread_wait"]
 * [h_start]
 * function = "sys_thread_start"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_wait]
 * function = "thread_wait"
 * columns = ["ub", "spec"]
 */
#include "ipc.h"
#include "queues.h"

void NEVER(lose)(u32 r) { (void)r; }

/* All other registers are unknown to the program, and none says anything of the kernel. */
void arch_frame_start(u32 t, u64 ip, u64 sp, u64 arg)
{
	const struct arch_frame none = { 0 };

	TH(t)->frame = none;
	*FR_REG(t, REG_RIP) = ip;
	*FR_REG(t, REG_RSP) = sp;
	*FR_REG(t, REG_RDI) = arg;
}

/* --- starting ------------------------------------------------------------------------------- */

PRED bool is_started(u32 t, u64 ip, u64 sp, u64 arg)
{
	return TH(t)->state == THREAD_READY && TH(t)->fault == 0 && TH(t)->pending == 0 && *FR_REG(t, REG_RIP) == ip &&
	       *FR_REG(t, REG_RSP) == sp && *FR_REG(t, REG_RDI) == arg &&
	       (TH(t)->queued == 1 || TH(t)->running_on == NIL || SC(TH(t)->running_on)->left == 0);
}

void h_start(u32 s, u64 ip, u64 sp, u64 arg)
{
	THE_CALLER(t);
	ASSUME_STATE(dispatch, slot_is_full(s) && SLOT(s)->type == OBJ_THREAD, "the dispatcher hands over what exists");
	HINT(1, any_cap_object_inv(s));
	const u32 target = SLOT(s)->obj;
	hint_actor(target);
	hint_ready(TH(target)->home, TH(target)->prio);
	hint_order(any);
	const u32 bad = !(ip < USER_PAGES << PAGE_SHIFT)					 ? ERRNO_ARG
			: TH(target)->state != THREAD_STOPPED || TH(target)->space == NIL ? ERRNO_STATE
											 : ERRNO_OK;
	remember();
	const err_t err = sys_thread_start(t, s, ip, sp, arg);
	const bool fails = err.v != ERRNO_OK;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(!fails, "spec", is_started(target, ip, sp, arg));
	ASSIGNS(!fails, TH(target)->state, TH(target)->fault, TH(target)->pending, TH(target)->frame, TH(target)->running_on, TH(target)->eprio,
		SC(TH(target)->sched)->runner);
	ASSIGNS(!fails & (TH(target)->queued == 1), QUEUED_LAST(target, TH(target)->home, TH(target)->eprio));
	check_invariants(any);
	check_owners(any);
	COVER(!fails);
}

/* --- waiting --------------------------------------------------------------------------------- */

/* The current thread of its CPU, or one that is to report a fault. */
void h_wait(u32 t, u8 state, u64 deadline)
{
	ASSUME_STATE(requires, thread_is(t) && TH(t)->home < ks.cpus && ks.cpus <= CPU_MAX && TN(t)->queued == 0,
		     "who begins to wait has no deadline");
	remember();
	thread_wait(t, state, deadline);
	CHECK_SPEC((TH(t)->state == state) & (CPU(TH(t)->home)->current != t));
	CHECK_SPEC((TN(t)->queued == (deadline != 0)) & ((deadline == 0) | (TN(t)->when == deadline)));
	ASSIGNS(1, TH(t)->state);
	ASSIGNS(old_cpu[TH(t)->home].current == t, CPU(TH(t)->home)->current);
	ASSIGNS(deadline != 0, TN(t)->when, TN(t)->queued);
	assigns_timeq(deadline != 0, TH(t)->home);
	COVER(old_cpu[old_thread[t].home].current == t);
}
