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
 * [h_lose]
 * function = "lose"
 * columns = ["ub", "spec"]
 * [h_reclaim]
 * function = "sched_reclaim"
 * columns = ["ub", "spec"]
 * [h_refill]
 * function = "budget_refill"
 * columns = ["ub", "spec"]
 * [h_unbind]
 * function = "sched_unbind"
 * columns = ["ub", "spec"]
 */
#include "run.h"
#include "contract_timeq.h"

#include <reply.c>

/* Nobody moved, and no time was given. */
static void check_places(struct any any)
{
	CHECK_SPEC(same_state(any.page));
	CHECK_SPEC(same_thread_links(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], queued));
	CHECK_SPEC(same_current(any.cpu));
	CHECK_SPEC(same_ready(any.cpu, any.n));
}

/* Nothing but sc itself changed. */
static void check_only(struct any any, u32 sc)
{
	CHECK_IF(any.page != sc, "spec", same_sched(any.page));
	CHECK_SPEC(same_thread_runs(any.page));
	CHECK_SPEC(same_tnode(any.page));
	CHECK_SPEC(same_timing(any.cpu));
	check_places(any);
	check_unscheduled(any);
}

/* --- made ------------------------------------------------------------------------------------------ */

void h_init(void)
{
	ANY(u32, sc);
	ANY(u32, cpu);
	const struct any any = any_index();

	ASSUME_INPUT(sc < PAGE_COUNT);
	remember();
	sched_init(sc, cpu);
	CHECK_SPEC(SC(sc)->budget == 0 && SC(sc)->period == 0 && SC(sc)->left == 0 && SC(sc)->refill == 0 &&
		   SC(sc)->over == 0 && SC(sc)->cpu == cpu && SC(sc)->owner == NIL && SC(sc)->runner == NIL);
	check_only(any, sc);
}

/* --- who runs on what --------------------------------------------------------------------------------- */

/* Who it says runs on it is a thread that does. */
#define RUNS(t)                                                                                    \
	ANY(u32, t);                                                                               \
	ASSUME_STATE(requires, thread_is(t), "this is done to threads");                             \
	HINT(1, any_thread_runs_on_inv(t));                                                        \
	hint_sched(TH(t)->running_on)

/* Only what these two threads run on changed. */
static void check_runners(struct any any, u32 t, u32 u)
{
	CHECK_IF((any.page != t) & (any.page != u), "spec", same_thread_runs(any.page));
	check_places(any);
	check_untimed(any);
}

void h_release(void)
{
	const struct any any = any_index();
	RUNS(t);
	const u32 sc = TH(t)->running_on;
	remember();
	sched_release(t);
	CHECK_SPEC(TH(t)->running_on == NIL);
	CHECK_IF(sc != NIL, "spec", SC(sc)->runner == NIL);
	CHECK_IF(any.page != sc, "spec", same_sched(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], eprio) &
		   SAME(ks_thread[any.page], old_thread[any.page], lent));
	check_runners(any, t, t);
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
	const struct any any = any_index();
	RUNS(from);
	RUNS(t);
	ASSUME_INPUT(from != t);
	const u32 sc = TH(from)->running_on, had = TH(t)->running_on;
	const bool may = sc != NIL && SC(sc)->left != 0 && TH(from)->home == TH(t)->home;
	remember();
	sched_lend(from, t);
	CHECK_IF(may, "spec", is_lent(from, t, sc));
	CHECK_IF(may & (had != NIL), "spec", SC(had)->runner == NIL);
	CHECK_IF(!may, "spec", TH(from)->lent == NIL);
	CHECK_IF(!may, "spec", SAME(ks_thread[any.page], old_thread[any.page], running_on) &
			       SAME(ks_thread[any.page], old_thread[any.page], eprio));
	CHECK_IF(!may | ((any.page != sc) & (any.page != had)), "spec", same_sched(any.page));
	check_runners(any, from, t);
	COVER(may & (had != NIL));
}

PRED bool is_returned(u32 from, u32 t, u32 sc)
{
	return TH(from)->running_on == NIL && TH(from)->eprio == TH(from)->prio && TH(t)->running_on == sc &&
	       SC(sc)->runner == t && IMP(sc == TH(t)->sched, TH(t)->eprio == TH(t)->prio) &&
	       IMP(sc != TH(t)->sched, SAME(ks_thread[t], old_thread[t], eprio));
}

void h_return(void)
{
	const struct any any = any_index();
	RUNS(from);
	ANY(u32, t);

	ASSUME_INPUT(from != t);
	ASSUME_STATE(requires, thread_is(t), "this is done to threads");
	const u32 sc = TH(from)->running_on;
	/* What it borrowed, and from somebody on the same CPU. */
	const bool may = sc != NIL && sc != TH(from)->sched && TH(from)->home == TH(t)->home;
	remember();
	sched_return(from, t);
	CHECK_IF(may, "spec", is_returned(from, t, sc));
	CHECK_IF(!may, "spec", same_thread_runs(any.page));
	CHECK_IF(!may | (any.page != sc), "spec", same_sched(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], lent));
	check_runners(any, from, t);
	COVER(may);
}

/* --- losing ----------------------------------------------------------------------------------------------- */

/* Its own, if nobody runs on that and it is ready. */
PRED u32 spec_after_loss(u32 r)
{
	const u32 own = old_thread[r].sched;

	return old_thread[r].state == THREAD_READY && own != NIL &&
			       (old_sched[own].runner == NIL || old_sched[own].runner == r)
		       ? own
		       : NIL;
}

PRED bool may_go_on(u32 r)
{
	return spec_after_loss(r) != NIL && old_sched[spec_after_loss(r)].left != 0;
}

PRED bool was_current(u32 t)
{
	return old_cpu[old_thread[t].home].current == t;
}

/* Who is ready goes on at its own priority with its own time: where it ran, or last in the queue. */
PRED bool has_lost(u32 r)
{
	return TH(r)->running_on == spec_after_loss(r) &&
	       IMP(spec_after_loss(r) != NIL, SC(spec_after_loss(r))->runner == r) &&
	       IMP(old_thread[r].state == THREAD_READY,
		   TH(r)->eprio == TH(r)->prio && TH(r)->queued == (may_go_on(r) && !was_current(r)) &&
			   (CPU(TH(r)->home)->current == r) == (may_go_on(r) && was_current(r)));
}

static void hint_loser(struct any any, u32 r)
{
	hint_sched(TH(r)->running_on);
	hint_runner(any, r);
}

/* Nothing but r, and what it runs on, changed. */
static void check_lost(struct any any, u32 r)
{
	const u32 sc = old_thread[r].running_on;

	CHECK_SPEC(has_lost(r));
	CHECK_IF(sc != NIL, "spec", IMP(spec_after_loss(r) != sc, SC(sc)->runner == NIL));
	CHECK_IF(any.page != r, "spec", same_thread_runs(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], lent));
	CHECK_IF((any.page != sc) & (any.page != spec_after_loss(r)), "spec", same_sched(any.page));
	CHECK_SPEC(same_state(any.page));
	CHECK_IF((old_thread[r].state != THREAD_READY) | (any.cpu != old_thread[r].home), "spec", same_current(any.cpu));
	CHECK_SPEC(same_budget(any.page));
	CHECK_SPEC(same_tnode(any.page));
	check_order(any);
	check_unscheduled(any);
}

void h_lose(void)
{
	ANY(u32, r);
	const struct any any = any_index();

	ASSUME_STATE(requires, thread_is(r), "this is done to threads");
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");
	hint_loser(any, r);
	remember();
	lose(r);
	check_lost(any, r);
	COVER(was_current(r) & may_go_on(r));
}

/* Who else runs on t's own, or NIL. */
PRED u32 spec_borrower(u32 t)
{
	return TH(t)->sched == NIL || SC(TH(t)->sched)->runner == t ? NIL : SC(TH(t)->sched)->runner;
}

void h_reclaim(void)
{
	ANY(u32, t);
	const struct any any = any_index();

	ASSUME_STATE(requires, thread_is(t), "this is done to threads");
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");
	HINT(1, any_thread_cached_inv(t));
	HINT(1, any_cap_object_inv(SLOT_OF(t, TSLOT_SCHED)));
	const u32 r = spec_borrower(t);
	hint_sched(TH(t)->sched);
	hint_loser(any, r);
	remember();
	sched_reclaim(t);
	if (r != NIL) {
		check_lost(any, r);
		return;
	}
	check_runners(any, NIL, NIL);
	CHECK_SPEC(same_sched(any.page));
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

void h_refill(void)
{
	ANY(u32, sc);
	ANY(u64, now);
	const struct any any = any_index();

	ASSUME_INPUT(sc < PAGE_COUNT);
	remember();
	budget_refill(sc, now);
	CHECK_SPEC(is_refilled(sc, now));
	check_only(any, sc);
}

/* Not in a time queue, and no CPU counts on it. */
void h_unbind(void)
{
	const struct any any = any_index();

	ANY(u32, sc);
	ASSUME_STATE(requires, is_object(sc, OBJ_SCHED), "this is done to scheduling contexts");
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");
	hint_sched(sc);
	hint_tnode(sc);
	remember();
	sched_unbind(sc);
	CHECK_SPEC(TN(sc)->queued == 0 && CPU(old_sched[sc].cpu)->charged != sc);
	CHECK_IF(any.page != sc, "spec", SAME(ks_tnode[any.page], old_tnode[any.page], when) &
						 SAME(ks_tnode[any.page], old_tnode[any.page], queued));
	CHECK_SPEC(same_sched(any.page));
	CHECK_SPEC(SAME(ks_cpu[any.cpu], old_cpu[any.cpu], since) & SAME(ks_cpu[any.cpu], old_cpu[any.cpu], alarm) &
		   SAME(ks_cpu[any.cpu], old_cpu[any.cpu], loaded));
	CHECK_IF(any.cpu != old_sched[sc].cpu, "spec", SAME(ks_cpu[any.cpu], old_cpu[any.cpu], charged));
	CHECK_SPEC(same_thread_runs(any.page));
	check_places(any);
	check_unscheduled(any);
	CHECK_KEPT(any_cpu_timeq_inv(any.cpu));
	CHECK_KEPT(any_tnode_up_inv(any.page));
	CHECK_KEPT(any_tnode_down_inv(any.page));
	COVER(old_tnode[sc].queued == 1);
}
