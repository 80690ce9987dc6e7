/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * merge = ["cap_relocate", "cap_check_copy", "sched_unbind", "budget_refill", "sched_ready", "has_time", "enqueue", "ready_push"]
 * [h_trace]
 * function = "trace_add"
 * columns = ["ub"]
 * [h_cap]
 * function = "transfer_cap"
 * columns = ["ub", "spec"]
 * [h_answer_fault]
 * function = "msg_answer_fault"
 * columns = ["ub", "spec"]
 * [h_mail]
 * function = "mail"
 * columns = ["ub", "spec"]
 * [h_contract_is_lent_to]
 * function = "is_lent_to"
 * columns = ["ub", "invariant", "spec"]
 * [h_configure]
 * function = "sys_sched_configure"
 * columns = ["ub", "spec"]
 * [h_move]
 * function = "sched_move"
 * columns = ["ub", "spec"]
 * [h_charge_from]
 * function = "charge_from"
 * columns = ["ub", "spec"]
 * [h_running_on]
 * function = "running_on"
 * columns = ["ub", "invariant", "spec"]
 * [h_set_cpu]
 * function = "sys_thread_set_cpu"
 * columns = ["ub", "spec"]
 */
/*
 * Functions that larger ones are made of.
 */
#include "prover.h"
#include "contract_loan.h"
#include "contract_timeq.h"
#include "contract_tree.h"
#include "handed.h"
#include "queues.h"

#include <cap.c>
#include <msg.c>
#include <sched.c>
#include <budget.c>
#include <reply.c>
#include <thread.c>
#include <notif.c>

/* None of these takes time from anybody, or sets bits. */
void NEVER(lose)(u32) {}

void NEVER(notif_set)(u32, u64, u32) {}

#define CPUS ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && machine.cpu < ks.cpus, "set at boot, and never again")

err_t prover_replace_cap_may_derive(u32 s)
{
	return (err_t){ spec_may_derive(s) };
}

/* In kernels that are not for debugging it says nothing. */
void h_trace(u32 cpu, u32 kind, u64 a, u64 b)
{
	trace_add(cpu, kind, a, b);
	ASSIGNS_NOTHING();
}

/* --- capabilities --------------------------------------------------------------------------- */

/* What it was but for its links is here now. */
PRED bool is_here(u32 dst, u32 src)
{
	return SAME(ks_slot[dst], old_slot[src], type) && SAME(ks_slot[dst], old_slot[src], flags) &&
	       SAME(ks_slot[dst], old_slot[src], depth) && SAME(ks_slot[dst], old_slot[src], rights) &&
	       SAME(ks_slot[dst], old_slot[src], obj) && SAME(ks_slot[dst], old_slot[src], parent) &&
	       SAME(ks_slot[dst], old_slot[src], first) && SAME(ks_slot[dst], old_slot[src], count) &&
	       SAME(ks_slot[dst], old_slot[src], badge) && SAME(ks_slot[dst], old_slot[src], next);
}

/* --- capabilities in messages ------------------------------------------------------------------ */

PRED u32 cap_sent(u32 from, u32 i) { return spec_lookup(from, WORD(TH(from)->msg, MSG_SEND_CAPS + 4 * i)); }

PRED u32 place_given(u32 to, u32 i)
{
	return spec_slot(to, WORD(TH(to)->msg, MSG_RECV_SLOTS + i), RIGHT_TABLE_INSERT);
}

PRED bool arrives(u32 src, u32 dst, u64 mode, u64 badge)
{
	return src != NIL && dst != NIL && SLOT(dst)->type == 0 &&
	       ((mode & CAP_SEND_MOVE) != 0 ? SLOT(src)->child == NIL : spec_copy_error(src, mode, badge) == ERRNO_OK);
}

PRED bool may_transfer(u32 from, u32 to)
{
	return thread_is(from) && thread_is(to) && page_exists(TH(from)->msg) && page_exists(TH(to)->msg) && ks.g_clock < UINT64_MAX - MSG_CAPS_MAX;
}

/* It is a copy with these rights and perhaps a badge, or what was there; and the sender is told. */
void h_cap(u32 from, u32 to, u32 i)
{
	ASSUME_INPUT(i < MSG_CAPS_MAX);
	ASSUME_STATE(requires, may_transfer(from, to), "capabilities travel between threads with message pages");
	const u32 page = TH(from)->msg, at = MSG_SEND_CAPS + 4 * i, src = cap_sent(from, i), dst = place_given(to, i);
	const u64 mode = WORD(page, at + 1), badge = WORD(page, at + 2);
	hint_slot(src);
	hint_tree(dst);
	hint_tree(SLOT(src)->child);
	const bool good = arrives(src, dst, mode, badge), moved = good & ((mode & CAP_SEND_MOVE) != 0), copied = good & !moved;
	const u32 older = SLOT(src)->child, next = SLOT(src)->next, prev = SLOT(src)->prev, parent = SLOT(src)->parent, obj = SLOT(src)->obj;
	const bool owner = (SLOT(src)->flags & CAP_OWNER) != 0;
	const bool done = transfer_cap(from, to, i);

	CHECK_SPEC(done == good);
	CHECK_IF(done, "spec", WORD(page, at + 3) == 1);
	CHECK_IF(moved, "spec", is_here(dst, src) & (SLOT(src)->type == 0));
	CHECK_IF(copied, "spec", (SLOT(dst)->obj == obj) & (SLOT(dst)->rights == mode) & is_newest_child(dst, src));
	CHECK_IF(copied, "spec", SLOT(dst)->badge == (badge != 0 ? badge : SLOT(src)->badge));
	ASSIGNS(good, *SLOT(dst), BORN(dst), WORD(page, at + 3));
	ASSIGNS(copied, SLOT(src)->child, SLOT(older)->prev, ks.g_clock);
	ASSIGNS(moved, *SLOT(src), SLOT(next)->prev);
	ASSIGNS(moved & (prev != NIL), SLOT(prev)->next);
	ASSIGNS(moved & (prev == NIL), SLOT(parent)->child);
	ASSIGNS(moved & owner, PD(obj)->owner);
	COVER(moved);
	COVER(copied);
}

/* --- answers to faults --------------------------------------------------------------------------- */

struct {
	u64 result;
	u32 thread, page;
} told;

void arch_foreign_result(u32 t, u64 value)
{
	told.thread = t;
	told.result = value;
}

void arch_regs_set(u32 t, u32 page, u32 first)
{
	(void)first;
	told.thread = t;
	told.page = page;
}

void h_answer_fault(u32 from, u32 to, u64 tag)
{
	ASSUME_STATE(requires, thread_is(from) & thread_is(to), "this is done to threads");
	const bool goes_on = msg_answer_fault(from, to, tag);

	CHECK_SPEC(goes_on == (TAG_LABEL(tag) != FAULT_STOP));
	CHECK_IF(TAG_LABEL(tag) == FAULT_RESULT, "spec", (told.thread == to) & (told.result == FR_MSG(from, 0)));
	CHECK_SPEC(TH(to)->fault == 0);
	ASSIGNS(1, TH(to)->fault);
}

/* --- mailboxes ----------------------------------------------------------------------------- */

/* On top of what was there, unless it is there. */
void h_mail(u32 nt, u32 cpu)
{
	ASSUME_STATE(requires, is_object(nt, OBJ_NOTIF) && cpu < CPU_MAX, "to CPUs that there are");
	const bool is_new = NT(nt)->mailed == 0;
	const u32 first = CPU(cpu)->mailbox;
	mail(nt, cpu);
	CHECK_SPEC(NT(nt)->mailed == 1);
	CHECK_IF(is_new, "spec", (CPU(cpu)->mailbox == nt) & (NT(nt)->mail == first));
	ASSIGNS(1, NT(nt)->mailed);
	ASSIGNS(is_new, NT(nt)->mail, CPU(cpu)->mailbox);
}

/* --- time --------------------------------------------------------------------------------------------- */

PRED bool is_link(u32 i, u32 t) { return i < CHAIN_MAX && thread_is(t); }

/* What it owns is there, and says so. */
PRED bool owns_time(u32 t)
{
	return !thread_is(t) || TH(t)->sched == NIL || (is_object(TH(t)->sched, OBJ_SCHED) && SC(TH(t)->sched)->owner == t);
}

u32 borrower; /* whom is_lent_to is about */

u32 loan; /* and what */

PRED bool works_for_somebody(u32 i) { return i == 0 || (thread_is(TH(borrower)->reply_to) && TH(TH(borrower)->reply_to)->lent == loan); }

PRED bool is_first(u32 i, u32 t) { return i != 0 || t == borrower; }

void prover_begin_is_lent_to(u32 i, u32 t)
{
	CHECK_SPEC(works_for_somebody(i));
	CHECK_SPEC(is_first(i, t));
	CHECK_SPEC(owns_time(INDEX(page)));
	CHECK_SPEC(is_link(i, t));
	CHECK_SPEC(any_thread_reply_inv(INDEX(page)));
	CHECK_SPEC(any_page_head_inv(INDEX(page)));
}

void prover_round_is_lent_to(u32 i, u32 t)
{
	prover_assume(works_for_somebody(i));
	prover_assume(is_first(i, t));
	prover_assume(owns_time(TH(t)->reply_to));
	prover_assume(is_link(i, t));
	prover_assume(any_thread_reply_inv(t));
	prover_assume(any_page_head_inv(TH(t)->reply_to));
}

void h_contract_is_lent_to(u32 t, u32 sc)
{
	ASSUME_STATE(requires, thread_is(t) & (t == borrower) & (sc == loan), "this is done to threads");
	HINTS(any_thread_reply_inv(any.page), any_page_head_inv(any.page), any_thread_cached_inv(any.page), any_thread_bound_inv(any.page));
	HINTS(any_cap_object_inv(SLOT_OF(any.page, TSLOT_SCHED)));
	const bool lent = is_lent_to(t, sc);
	CHECK_IF(lent & (sc != NIL), "spec", is_on_loan(t, sc));
	ASSIGNS_NOTHING();
}

/* On the other CPU, and in its time queue if it waited for time. */
PRED bool is_moved(u32 sc, u32 cpu)
{
	return SC(sc)->cpu == cpu && SAME(ks_tnode[sc], old_tnode[sc], queued) && CPU(old_sched[sc].cpu)->charged != sc &&
	       IMP(TN(sc)->queued != 0, TN(sc)->when == SC(sc)->refill);
}

static void moving_changes(u32 sc, u32 from, u32 to)
{
	ASSIGNS(sc != NIL, SC(sc)->cpu, TN(sc)->when);
	ASSIGNS(sc != NIL, CPU(from)->charged, CPU(from)->timeq, CPU(to)->timeq, TN(any.page)->up, TN(any.page)->down, TN(any.page)->depth);
}

void h_move(u32 sc, u32 cpu)
{
	CPUS;
	ASSUME_INPUT(cpu < CPU_MAX);
	ASSUME_STATE(requires, is_object(sc, OBJ_SCHED) && cpu < ks.cpus, "scheduling contexts move to CPUs that there are");
	hint_sched(sc);
	hint_tnode(sc);
	const u32 from = SC(sc)->cpu;
	sched_move(sc, cpu);
	CHECK_SPEC(is_moved(sc, cpu));
	moving_changes(sc, from, cpu);
	COVER(old_tnode[sc].queued == 1);
}

void h_set_cpu(u32 t, u32 s, u32 cpus, u64 cpu)
{
	CPUS;
	HANDED(thread_set_cpu, s, cpus, cpu);
	HINTS(any_cap_object_inv(s));
	const u32 target = SLOT(s)->obj, sc = TH(target)->sched, from = SC(sc)->cpu, home = SLOT(cpus)->first + (u32)cpu;
	hint_thread(target);
	HINTS(any_cap_object_inv(SLOT_OF(target, TSLOT_SCHED)));
	hint_sched(sc);
	hint_tnode(sc);
	const u32 bad = cpu >= SLOT(cpus)->count || SLOT(cpus)->first + cpu >= ks.cpus ? ERRNO_RANGE
			: TH(target)->state != THREAD_STOPPED			      ? ERRNO_STATE
										      : ERRNO_OK;
	const err_t err = sys_thread_set_cpu(t, s, cpus, cpu);
	const bool done = err.v == 0;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", TH(target)->home == home);
	CHECK_IF(done & (sc != NIL), "spec", is_moved(sc, home));
	ASSIGNS(done, TH(target)->home);
	moving_changes(done ? sc : NIL, from, home);
}

/* A whole budget of the new size, on that CPU. */
PRED bool is_configured(u32 sc, u32 cpu, u64 budget, u64 period)
{
	return SC(sc)->cpu == cpu && SC(sc)->budget == budget && SC(sc)->period == period && SC(sc)->left == budget && SC(sc)->over == 0 &&
	       TN(sc)->queued == 0 && CPU(old_sched[sc].cpu)->charged != sc;
}

void h_configure(u32 t, u32 s, u32 cpus, u64 cpu, u64 budget, u64 period)
{
	CPUS;
	HANDED(sched_configure, s, cpus, cpu, budget, period);
	HINTS(any_cap_object_inv(s));
	const u32 sc = SLOT(s)->obj, r = SC(sc)->runner, home = SLOT(cpus)->first + (u32)cpu, from = SC(sc)->cpu;
	hint_sched(sc);
	hint_tnode(sc);
	hint_thread(r);
	hint_queue(TH(r)->home, TH(r)->eprio);
	const u32 bad = budget > period								? ERRNO_ARG
			: cpu >= SLOT(cpus)->count || SLOT(cpus)->first + cpu >= ks.cpus ? ERRNO_RANGE
			: SC(sc)->owner != NIL && from != home				? ERRNO_STATE
											: ERRNO_OK;
	const bool runs = r != NIL && SC(sc)->left == 0 && TH(r)->state == THREAD_READY;
	const err_t err = sys_sched_configure(t, s, cpus, cpu, budget, period);
	const bool done = err.v == 0;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", is_configured(sc, home, budget, period));
	CHECK_IF(done & runs, "spec", TH(r)->queued == 1);
	ASSIGNS(done, SC(sc)->cpu, SC(sc)->budget, SC(sc)->period, SC(sc)->left, SC(sc)->over, SC(sc)->refill, TN(sc)->queued);
	ASSIGNS(done, CPU(from)->charged, CPU(from)->timeq, TN(any.page)->up, TN(any.page)->down, TN(any.page)->depth);
	ASSIGNS(done & runs, QUEUED_LAST(r, TH(r)->home, TH(r)->eprio));
}

/* The timer comes when it is used up, or before. */
void h_charge_from(u32 sc, u64 now)
{
	CPUS;
	ASSUME_STATE(requires, sc == NIL || is_object(sc, OBJ_SCHED), "what somebody runs on");
	const bool anew = sc != NIL && now >= SC(sc)->refill;
	charge_from(sc, now);
	CHECK_SPEC(CPU(machine.cpu)->charged == sc);
	CHECK_IF(sc != NIL, "spec", CPU(machine.cpu)->alarm <= now + SC(sc)->left);
	CHECK_SPEC(CPU(machine.cpu)->alarm <= old_cpu[machine.cpu].alarm);
	ASSIGNS(1, CPU(machine.cpu)->charged, CPU(machine.cpu)->alarm);
	ASSIGNS(anew, SC(sc)->left, SC(sc)->over, SC(sc)->refill);
}

void h_running_on(void)
{
	CPUS;
	HINTS(any_cpu_current_inv(machine.cpu));
	const u32 t = CPU(machine.cpu)->current;
	CHECK_SPEC(running_on() == (t == NIL ? NIL : TH(t)->running_on));
	ASSIGNS_NOTHING();
}
