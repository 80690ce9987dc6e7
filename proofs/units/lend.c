/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * whole = ["sched_release", "sched_lend", "sched_return", "lose", "sched_reclaim", "sched_unbind",
 *          "budget_refill"]
 * [h_init]
 * function = "sched_init"
 * columns = ["ub", "spec"]
 * [h_release]
 * function = "sched_release"
 * columns = ["ub", "spec"]
 * [h_lend]
 * function = "sched_lend"
 * columns = ["ub", "spec"]
 * [h_return]
 * function = "sched_return"
 * columns = ["ub", "spec"]
 * [h_contract_lose]
 * function = "lose"
 * columns = ["ub", "spec"]
 * [h_reclaim]
 * function = "sched_reclaim"
 * columns = ["ub", "spec"]
 * [h_refill]
 * function = "budget_refill"
 * columns = ["ub", "spec"]
 * [h_contract_sched_unbind]
 * function = "sched_unbind"
 * columns = ["ub", "spec"]
 */
#include "run.h"
#include "contract_destroy.h"
#include "contract_run.h"

#include <reply.c>

/* --- made ------------------------------------------------------------------------------------------ */

void h_init(u32 sc, u32 cpu)
{
	ASSUME_INPUT(sc < PAGE_COUNT);
	sched_init(sc, cpu);
	CHECK_SPEC(SC(sc)->budget == 0 && SC(sc)->period == 0 && SC(sc)->left == 0 && SC(sc)->refill == 0 &&
		   SC(sc)->over == 0 && SC(sc)->cpu == cpu && SC(sc)->owner == NIL && SC(sc)->runner == NIL);
	ASSIGNS(1, *SC(sc));
}

/* --- who runs on what --------------------------------------------------------------------------------- */

/* Who it says runs on it is a thread that does. */
#define RUNS(t)                                                                                    \
	ANY(u32, t);                                                                               \
	ASSUME_STATE(requires, thread_is(t), "this is done to threads");                             \
	HINT(1, any_thread_runs_on_inv(t));                                                        \
	hint_sched(TH(t)->running_on)

void h_release(void)
{
	RUNS(t);
	const u32 sc = TH(t)->running_on;
	sched_release(t);
	CHECK_SPEC(TH(t)->running_on == NIL);
	CHECK_IF(sc != NIL, "spec", SC(sc)->runner == NIL);
	ASSIGNS(sc != NIL, TH(t)->running_on, SC(sc)->runner);
	COVER(sc != NIL);
}

/* t runs on what `from` ran on, at the higher of both priorities. */
PRED bool is_lent(u32 from, u32 t, u32 sc)
{
	return TH(from)->running_on == NIL && TH(from)->lent == sc && TH(t)->running_on == sc && SC(sc)->runner == t &&
	       TH(t)->eprio == (TH(t)->prio < old_thread[from].eprio ? old_thread[from].eprio : TH(t)->prio);
}

void h_lend(void)
{
	RUNS(from);
	RUNS(t);
	ASSUME_INPUT(from != t);
	const u32 sc = TH(from)->running_on, had = TH(t)->running_on;
	const bool may = sc != NIL && SC(sc)->left != 0 && TH(from)->home == TH(t)->home;
	sched_lend(from, t);
	CHECK_IF(may, "spec", is_lent(from, t, sc));
	CHECK_IF(may & (had != NIL), "spec", SC(had)->runner == NIL);
	CHECK_IF(!may, "spec", TH(from)->lent == NIL);
	ASSIGNS(1, TH(from)->lent);
	ASSIGNS(may, TH(from)->running_on, TH(t)->running_on, TH(t)->eprio, SC(sc)->runner, SC(had)->runner);
	COVER(may & (had != NIL));
}

PRED bool is_returned(u32 from, u32 t, u32 sc)
{
	return TH(from)->running_on == NIL && TH(from)->eprio == TH(from)->prio && TH(t)->running_on == sc &&
	       SC(sc)->runner == t && IMP(sc == TH(t)->sched, TH(t)->eprio == TH(t)->prio) &&
	       IMP(sc != TH(t)->sched, SAME(ks_thread[t], old_thread[t], eprio));
}

void h_return(u32 t)
{
	RUNS(from);

	ASSUME_INPUT(from != t);
	ASSUME_STATE(requires, thread_is(t), "this is done to threads");
	const u32 sc = TH(from)->running_on;
	/* What it borrowed, and from somebody on the same CPU. */
	const bool may = sc != NIL && sc != TH(from)->sched && TH(from)->home == TH(t)->home;
	sched_return(from, t);
	CHECK_IF(may, "spec", is_returned(from, t, sc));
	ASSIGNS(may, TH(from)->running_on, TH(from)->eprio, TH(t)->running_on, TH(t)->eprio, SC(sc)->runner);
	COVER(may);
}

/* --- losing ----------------------------------------------------------------------------------------------- */

void h_contract_lose(u32 r)
{
	GIVEN(may_lose(r));
	LOSS_OF(r);
	const u32 c = TH(r)->home;
	HINTS(any_thread_links_inv(r), any_thread_links_inv(TH(r)->qnext), any_thread_links_inv(TH(r)->qprev), any_thread_links_inv(any.page));
	HINTS(any_ready_queue_inv(c, TH(r)->eprio), any_ready_queue_inv(c, TH(r)->prio), any_ready_queue_inv(c, any.n), any_cpu_top_inv(c), any_cpu_current_inv(c));
	losing_changes(true, r);
	lose(r);
	CHECK_SPEC(HAS_LOST(r));
	check_order(any);
	COVER(goes);
}

/* Who else runs on t's own, or NIL. */
PRED u32 spec_borrower(u32 t)
{
	return TH(t)->sched == NIL || SC(TH(t)->sched)->runner == t ? NIL : SC(TH(t)->sched)->runner;
}

void h_reclaim(u32 t)
{
	ASSUME_STATE(requires, thread_is(t), "this is done to threads");
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");
	HINTS(any_thread_cached_inv(t), any_cap_object_inv(SLOT_OF(t, TSLOT_SCHED)));
	const u32 r = spec_borrower(t);
	hint_sched(TH(t)->sched);
	hint_sched(TH(r)->running_on);
	hint_runner(any, r);
	LOSS_OF(r);
	if (r != NIL)
		losing_changes(true, r);
	sched_reclaim(t);
	CHECK_IF(r != NIL, "spec", HAS_LOST(r));
	ASSIGNS_NOTHING();
}

/* --- budgets --------------------------------------------------------------------------------------------------- */

/* A whole budget, less what was used beyond the last, but something. */
PRED bool is_refilled(u32 sc, u64 now)
{
	const u64 budget = old_sched[sc].budget, over = old_sched[sc].over;

	return SC(sc)->left == (over < budget ? budget - over : 1) && SC(sc)->over == 0 &&
	       SC(sc)->refill == (budget == old_sched[sc].period ? ~0ull : now + old_sched[sc].period) &&
	       SAME(ks_sched[sc], old_sched[sc], budget) && SAME(ks_sched[sc], old_sched[sc], period) &&
	       SAME(ks_sched[sc], old_sched[sc], cpu) && SAME(ks_sched[sc], old_sched[sc], owner) &&
	       SAME(ks_sched[sc], old_sched[sc], runner);
}

void h_refill(u32 sc, u64 now)
{
	ASSUME_INPUT(sc < PAGE_COUNT);
	budget_refill(sc, now);
	CHECK_SPEC(is_refilled(sc, now));
	ASSIGNS(1, SC(sc)->left, SC(sc)->over, SC(sc)->refill);
}

/* Not in a time queue, and no CPU counts on it. */
void h_contract_sched_unbind(u32 sc)
{
	GIVEN(may_unbind(sc));
	hint_sched(sc);
	hint_tnode(sc);
	const u32 cpu = SC(sc)->cpu;
	unbinding_changes(sc);
	sched_unbind(sc);
	CHECK_SPEC(TN(sc)->queued == 0 && CPU(cpu)->charged != sc);
	CHECK_KEPT(any_cpu_timeq_inv(any.cpu));
	CHECK_KEPT(any_tnode_up_inv(any.page));
	CHECK_KEPT(any_tnode_down_inv(any.page));
	COVER(old_tnode[sc].queued == 1);
}
