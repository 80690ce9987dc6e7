/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * whole = ["sys_thread_start", "sys_thread_resume", "thread_wait"]
 * [h_start]
 * function = "sys_thread_start"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_resume]
 * function = "sys_thread_resume"
 * only = "when it has no fault to report"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_wait]
 * function = "thread_wait"
 * columns = ["ub", "spec"]
 */
#include "ipc.h"
#include "queues.h"

void NEVER(lose)(u32 r) { (void)r; }
err_t NEVER(thread_raise)(u32 t) { return (err_t){ t }; }

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

/* It has its turn when that comes, if it has time. */
PRED bool is_started(u32 t)
{
	return TH(t)->state == THREAD_READY && TH(t)->fault == 0 && TH(t)->pending == 0 &&
	       (TH(t)->queued == 1 || TH(t)->running_on == NIL || SC(TH(t)->running_on)->left == 0);
}

PRED bool begins_at(u32 t, u64 ip, u64 sp, u64 arg)
{
	return *FR_REG(t, REG_RIP) == ip && *FR_REG(t, REG_RSP) == sp && *FR_REG(t, REG_RDI) == arg;
}

PRED bool may_start(u32 t)
{
	return TH(t)->state == THREAD_STOPPED && TH(t)->space != NIL;
}

#define THE_THREAD(s)                                                                              \
	THE_CALLER(t);                                                                             \
	ASSUME_STATE(dispatch, slot_is_full(s) && SLOT(s)->type == OBJ_THREAD, "the dispatcher hands over what exists"); \
	HINT(1, any_cap_object_inv(s));                                                            \
	const u32 target = SLOT(s)->obj;                                                           \
	hint_actor(target);                                                                        \
	hint_ready(TH(target)->home, TH(target)->prio);                                            \
	hint_order(any)

static void check_started(u32 t, bool done)
{
	CHECK_IF(done, "spec", is_started(t));
	ASSIGNS(done, TH(t)->state, TH(t)->fault, TH(t)->running_on, TH(t)->eprio, SC(TH(t)->sched)->runner);
	ASSIGNS(done & (TH(t)->queued == 1), QUEUED_LAST(t, TH(t)->home, TH(t)->eprio));
	check_whole();
}

void h_start(u32 s, u64 ip, u64 sp, u64 arg)
{
	THE_THREAD(s);
	const u32 bad = !(ip < USER_PAGES << PAGE_SHIFT) ? ERRNO_ARG : !may_start(target) ? ERRNO_STATE : ERRNO_OK;
	const err_t err = sys_thread_start(t, s, ip, sp, arg);
	const bool done = err.v == ERRNO_OK;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", begins_at(target, ip, sp, arg));
	ASSIGNS(done, TH(target)->pending, TH(target)->frame);
	check_started(target, done);
	COVER(done);
}

void h_resume(u32 s)
{
	THE_THREAD(s);
	ASSUME_STATE(case, TH(target)->pending == 0, "when it has no fault to report");
	const u32 bad = may_start(target) ? ERRNO_OK : ERRNO_STATE;
	const err_t err = sys_thread_resume(t, s);

	CHECK_SPEC(err.v == bad);
	check_started(target, err.v == ERRNO_OK);
	COVER(err.v == ERRNO_OK);
}

/* --- waiting --------------------------------------------------------------------------------- */

/* The current thread of its CPU, or one that is to report a fault. */
void h_wait(u32 t, u8 state, u64 deadline)
{
	ASSUME_STATE(requires, thread_is(t) && TH(t)->home < ks.cpus && ks.cpus <= CPU_MAX && TN(t)->queued == 0,
		     "who begins to wait has no deadline");
	thread_wait(t, state, deadline);
	CHECK_SPEC((TH(t)->state == state) & (CPU(TH(t)->home)->current != t));
	CHECK_SPEC((TN(t)->queued == (deadline != 0)) & ((deadline == 0) | (TN(t)->when == deadline)));
	ASSIGNS(1, TH(t)->state);
	ASSIGNS(old_cpu[TH(t)->home].current == t, CPU(TH(t)->home)->current);
	ASSIGNS(deadline != 0, TN(t)->when, TN(t)->queued);
	assigns_timeq(deadline != 0, TH(t)->home);
	COVER(old_cpu[old_thread[t].home].current == t);
}
