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

static void check_others(struct any any)
{
	CHECK_SPEC(same_thread_reply(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], lent));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], queue) &
		   SAME(ks_thread[any.page], old_thread[any.page], g_arrived));
	CHECK_SPEC(same_words(any.page, any.n));
	CHECK_SPEC(same_ep(any.page));
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_notif(any.page));
	CHECK_SPEC(same_irq(any.page));
	CHECK_SPEC(same_device(any.page));
	CHECK_SPEC(same_space(any.page));
	CHECK_SPEC(same_ks(any.n));
	CHECK_SPEC(SAME(ks_cpu[any.cpu], old_cpu[any.cpu], mailbox));
}

/* --- starting ------------------------------------------------------------------------------- */

PRED bool is_started(u32 t, u64 ip, u64 sp, u64 arg)
{
	return TH(t)->state == THREAD_READY && TH(t)->fault == 0 && TH(t)->pending == 0 && *FR_REG(t, REG_RIP) == ip &&
	       *FR_REG(t, REG_RSP) == sp && *FR_REG(t, REG_RDI) == arg &&
	       (TH(t)->queued == 1 || TH(t)->running_on == NIL || SC(TH(t)->running_on)->left == 0);
}

/* Who it is, and what is bound to it. */
PRED bool same_bindings(u32 t)
{
	return SAME(ks_thread[t], old_thread[t], flags) && SAME(ks_thread[t], old_thread[t], prio) &&
	       SAME(ks_thread[t], old_thread[t], max_prio) && SAME(ks_thread[t], old_thread[t], home) &&
	       SAME(ks_thread[t], old_thread[t], table) && SAME(ks_thread[t], old_thread[t], space) &&
	       SAME(ks_thread[t], old_thread[t], sched) && SAME(ks_thread[t], old_thread[t], msg) &&
	       SAME(ks_thread[t], old_thread[t], notif) && SAME(ks_thread[t], old_thread[t], tag) &&
	       SAME(ks_thread[t], old_thread[t], badge) && SAME(ks_thread[t], old_thread[t], fault_code) &&
	       SAME(ks_thread[t], old_thread[t], fault_addr);
}

void h_start(void)
{
	ANY(u32, s);
	ANY(u64, ip);
	ANY(u64, sp);
	ANY(u64, arg);
	const struct any any = any_index();

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
	CHECK_SPEC(same_bindings(any.page));
	CHECK_IF(fails | (any.page != target), "spec", same_thread_base(any.page));
	CHECK_IF(fails | (any.page != target), "spec", same_thread_wait(any.page) & same_thread_runs(any.page));
	CHECK_IF(fails | (any.page != target), "spec", same_register(any.page, any.n) & same_frame_rest(any.page, any.n));
	CHECK_IF(fails, "spec", same_thread_links(any.page) & same_ready(any.cpu, any.n));
	CHECK_IF(fails | (any.page != TH(target)->sched), "spec", same_sched(any.page));
	CHECK_SPEC(same_cpu(any.cpu));
	CHECK_SPEC(same_tnode(any.page));
	check_others(any);
	check_invariants(any);
	check_owners(any);
	COVER(!fails);
}

/* --- waiting --------------------------------------------------------------------------------- */

/* The current thread of its CPU, or one that is to report a fault. */
void h_wait(void)
{
	ANY(u32, t);
	ANY(u8, state);
	ANY(u64, deadline);
	const struct any any = any_index();

	ASSUME_STATE(requires, thread_is(t) && TH(t)->home < ks.cpus && ks.cpus <= CPU_MAX && TN(t)->queued == 0,
		     "who begins to wait has no deadline");
	remember();
	thread_wait(t, state, deadline);
	CHECK_SPEC((TH(t)->state == state) & (CPU(TH(t)->home)->current != t));
	CHECK_SPEC((TN(t)->queued == (deadline != 0)) & ((deadline == 0) | (TN(t)->when == deadline)));
	CHECK_IF(any.page != t, "spec", SAME(ks_thread[any.page], old_thread[any.page], state));
	CHECK_IF(old_cpu[any.cpu].current != t, "spec", SAME(ks_cpu[any.cpu], old_cpu[any.cpu], current));
	CHECK_SPEC(SAME(ks_cpu[any.cpu], old_cpu[any.cpu], loaded) & SAME(ks_cpu[any.cpu], old_cpu[any.cpu], charged));
	CHECK_SPEC(same_ready(any.cpu, any.n));
	CHECK_SPEC(same_thread_base(any.page));
	CHECK_SPEC(same_thread_runs(any.page) & same_thread_links(any.page));
	CHECK_SPEC(same_register(any.page, any.n) & same_frame_rest(any.page, any.n));
	CHECK_SPEC(same_sched(any.page));
	check_others(any);
	COVER(old_cpu[old_thread[t].home].current == t);
}
