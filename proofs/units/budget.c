/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 12
 * whole = ["budget_charge", "budget_used_up"]
 * [h_charge]
 * function = "budget_charge"
 * columns = ["ub", "spec"]
 * [h_used_up]
 * function = "budget_used_up"
 * columns = ["ub", "invariant", "spec", "leak"]
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

/* Nothing but times of what is charged changed. */
void h_charge(u32 c, u64 now)
{
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again");
	hint_cpu(c);
	const u32 sc = CPU(c)->charged;
	const bool out = is_used_up(c, now);
	const u64 used = spec_used(c, now);
	CHECK_SPEC(budget_charge(CPU(c), now) == out);
	CHECK_SPEC(CPU(c)->since == now);
	CHECK_IF(sc != NIL, "spec", is_charged(sc, used));
	ASSIGNS(1, CPU(c)->since);
	ASSIGNS(sc != NIL, SC(sc)->left, SC(sc)->over);
	COVER(out);
}

PRED bool may_be_used_up(u32 sc)
{
	const u32 r = SC(sc)->runner;

	return is_object(sc, OBJ_SCHED) && SC(sc)->left != 0 && ks.cpus <= CPU_MAX && (r == NIL || TH(r)->pending == 0);
}

/* A time slice begins anew at once, and so does a period that is over. */
PRED bool begins_anew(u32 sc, u64 now) { return SC(sc)->budget == SC(sc)->period || now >= SC(sc)->refill; }

static void using_up_changes(u32 sc, u64 now)
{
	const u32 r = SC(sc)->runner, own = TH(r)->sched, c = TH(r)->home, next = TH(r)->qnext, prev = TH(r)->qprev, tail = CPU(c)->ready_tail[TH(r)->eprio];
	const bool anew = begins_anew(sc, now), ready = (r != NIL) & (TH(r)->state == THREAD_READY), lost = ready & !anew & (r != SC(sc)->owner);
	const bool current = ready & thread_is_current(r);

	ASSIGNS(1, SC(sc)->left);
	ASSIGNS(anew, SC(sc)->over, SC(sc)->refill);
	ASSIGNS(!anew, TN(sc)->when, TN(sc)->queued);
	assigns_timeq(!anew, SC(sc)->cpu);
	ASSIGNS(lost, TH(r)->running_on, TH(r)->eprio, SC(sc)->runner, SC(own)->runner);
	ASSIGNS(ready, RUN_QUEUE(c, TH(r)->eprio), TH(r)->queued, LINKS_OF(r), TH(next)->qprev, TH(prev)->qnext, TH(tail)->qnext);
	ASSIGNS(lost, RUN_QUEUE(c, TH(r)->prio), TH(CPU(c)->ready_tail[TH(r)->prio])->qnext);
	ASSIGNS(current, CPU(c)->current);
	ASSIGNS(current & (c != machine.cpu), CPU(c)->loaded, TH(r)->frame.kind);
}

void h_used_up(u32 sc, u64 now)
{
	ASSUME_STATE(requires, may_be_used_up(sc), "what is used up was not before, by whom no fault is reported");
	const u32 r = SC(sc)->runner;
	hint_sched(sc);
	hint_tnode(sc);
	hint_runner(any, r);
	const bool ready = (r != NIL) & (TH(r)->state == THREAD_READY), anew = begins_anew(sc, now);
	using_up_changes(sc, now);
	budget_used_up(sc, now);
	CHECK_IF(anew, "spec", is_anew(sc, now));
	CHECK_IF(!anew, "spec", is_parked(sc));
	CHECK_IF(!anew & ready, "spec", has_stopped(r, sc));
	check_whole();
	COVER(anew & ready);
	COVER(!anew & ready);
}
