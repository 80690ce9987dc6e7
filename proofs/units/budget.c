/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * whole = ["budget_charge", "budget_used_up"]
 * [h_charge]
 * function = "budget_charge"
 * columns = ["ub", "spec"]
 * [h_used_up]
 * function = "budget_used_up"
 * only = "when nobody has borrowed what a borrower owns that goes on with that"
 * columns = ["ub", "spec"]
 */
#include "run.h"
#include "contract_timeq.h"

void NEVER(lose)(u32 r) { (void)r; }

/* --- what is charged -------------------------------------------------------------------------------- */

PRED u64 spec_used(u32 c, u64 now)
{
	return now - CPU(c)->since;
}

PRED bool is_used_up(u32 c, u64 now)
{
	const u32 sc = CPU(c)->charged;

	return sc != NIL && SC(sc)->left != 0 && spec_used(c, now) >= SC(sc)->left;
}

/* A time slice begins anew at once, and so does a period that is over. */
PRED bool begins_anew(u32 sc, u64 now)
{
	return old_sched[sc].budget == old_sched[sc].period || now >= old_sched[sc].refill;
}

/* What was used is taken off, as far as there is something, and the rest is over. */
PRED bool is_charged(u32 sc, u64 used)
{
	return used < old_sched[sc].left
		       ? SC(sc)->left == old_sched[sc].left - used && SAME(ks_sched[sc], old_sched[sc], over)
		       : SAME(ks_sched[sc], old_sched[sc], left) &&
				 SC(sc)->over == (old_sched[sc].left == 0 ? old_sched[sc].over : used - old_sched[sc].left);
}

/* What was used beyond the budget is taken off the next, and no more than that. */
PRED bool is_anew(u32 sc, u64 now)
{
	const u64 over = old_sched[sc].over, budget = old_sched[sc].budget;

	return SC(sc)->left == (over < budget ? budget - over : 1) && SC(sc)->over == 0 &&
	       SC(sc)->refill == (budget == old_sched[sc].period ? ~0ull : now + old_sched[sc].period) &&
	       SAME(ks_sched[sc], old_sched[sc], runner);
}

/* In the time queue until its period ends. */
PRED bool is_parked(u32 sc)
{
	return SC(sc)->left == 0 && SAME(ks_sched[sc], old_sched[sc], over) && TN(sc)->queued == 1 &&
	       TN(sc)->when == old_sched[sc].refill && SAME(ks_sched[sc], old_sched[sc], refill);
}

/* Who ran on it waits with it, if it is the owner; a borrower goes on with its own. */
PRED bool has_stopped(u32 r, u32 sc)
{
	const u32 own = old_thread[r].sched;

	return CPU(TH(r)->home)->current != r && TH(r)->running_on == (r == old_sched[sc].owner ? sc : own) &&
	       TH(r)->queued == (TH(r)->running_on != NIL && SC(TH(r)->running_on)->left != 0);
}

PRED bool same_budget_sizes(u32 sc)
{
	return SAME(ks_sched[sc], old_sched[sc], budget) && SAME(ks_sched[sc], old_sched[sc], period) &&
	       SAME(ks_sched[sc], old_sched[sc], cpu) && SAME(ks_sched[sc], old_sched[sc], owner);
}

/* The one that a ready runner would go on with is idle. */
PRED bool own_is_idle(u32 r)
{
	return r == NIL || TH(r)->sched == NIL || TH(r)->sched == TH(r)->running_on || SC(TH(r)->sched)->runner == NIL;
}

/* Nothing but times of what is charged changed. */
void h_charge(void)
{
	ANY(u32, c);
	ANY(u64, now);
	const struct any any = any_index();

	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again");
	hint_cpu(c);
	const u32 sc = CPU(c)->charged;
	const bool out = is_used_up(c, now);
	const u64 used = spec_used(c, now);
	remember();
	CHECK_SPEC(budget_charge(CPU(c), now) == out);
	CHECK_SPEC(CPU(c)->since == now);
	CHECK_IF(sc != NIL, "spec", is_charged(sc, used));
	CHECK_SPEC(same_budget_sizes(any.page));
	CHECK_SPEC(SAME(ks_sched[any.page], old_sched[any.page], runner) &
		   SAME(ks_sched[any.page], old_sched[any.page], refill));
	CHECK_IF(any.page != sc, "spec", same_sched(any.page));
	CHECK_SPEC(same_thread(any.page));
	CHECK_SPEC(same_tnode(any.page));
	CHECK_SPEC(same_current(any.cpu) & same_ready(any.cpu, any.n));
	check_unscheduled(any);
	COVER(out);
}

void h_used_up(void)
{
	ANY(u32, sc);
	ANY(u64, now);
	const struct any any = any_index();

	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");
	ASSUME_STATE(requires, is_object(sc, OBJ_SCHED) && SC(sc)->left != 0, "what is used up was not before");
	const u32 r = SC(sc)->runner;
	hint_sched(sc);
	hint_tnode(sc);
	hint_runner(any, r);
	ASSUME_STATE(case, own_is_idle(r), "when nobody has borrowed what a borrower owns that goes on with that");
	const bool ready = (r != NIL) & (TH(r)->state == THREAD_READY);
	remember();
	budget_used_up(sc, now);
	const bool anew = begins_anew(sc, now);

	CHECK_IF(anew, "spec", is_anew(sc, now));
	CHECK_IF(!anew, "spec", is_parked(sc));
	CHECK_IF(!anew & ready, "spec", has_stopped(r, sc));
	CHECK_SPEC(same_budget_sizes(any.page));
	CHECK_IF((any.page != sc) & (anew | (any.page != TH(r)->sched)), "spec", same_sched(any.page));
	CHECK_IF(any.page != r, "spec", same_thread_runs(any.page));
	CHECK_SPEC(same_state(any.page));
	CHECK_IF(anew, "spec", same_tnode(any.page));
	CHECK_IF(!ready, "spec", same_current(any.cpu) & same_ready(any.cpu, any.n) & same_thread_links(any.page));
	check_order(any);
	check_unscheduled(any);
	COVER(anew & ready);
	COVER(!anew & ready);
}
