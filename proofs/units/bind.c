/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * merge = ["bind_check", "attach", "cap_remove", "cap_insert_copy", "sched_ready", "has_time", "enqueue", "ready_push"]
 * [h_contract_thread_detach]
 * function = "thread_detach"
 * only = "unless it lent on what was lent to it, or a fault of its borrower is on its way"
 * columns = ["ub", "spec"]
 * [h_destroy]
 * function = "thread_destroy"
 * only = "of who is to answer nobody, unless it lent on what was lent to it, or a fault of its borrower is on its way"
 * columns = ["ub", "spec"]
 * [h_bind_check]
 * function = "bind_check"
 * columns = ["ub", "invariant", "spec"]
 * [h_attach]
 * function = "attach"
 * only = "unless bits wait in the notification"
 * columns = ["ub", "spec"]
 * [h_bind]
 * function = "sys_thread_bind"
 * only = "unless bits wait in the notification, it lent on what was lent to it, or a fault of its borrower is on its way"
 * columns = ["ub", "spec"]
 */
/*
 * What threads are bound to: their space, table, time, message page, notification.
 */
#include "prover.h"
#include "contract_end.h"
#include "contract_timeq.h"
#include "handed.h"
#include "queues.h"
#include "swap.h"

#include <cap.c>
#include <sched.c>
#include <budget.c>
#include <reply.c>
#include <thread.c>

void NEVER(lose)(u32) {}
void arch_thread_exit(u32 t) { (void)t; }

void NEVER(notif_set)(u32, u64, u32) {}

err_t prover_replace_cap_may_derive(u32 s)
{
	return (err_t){ spec_may_derive(s) };
}

#define CPUS ASSUME_STATE(cpus, has_cpus(), "set at boot, and never again")

/* --- unbinding -------------------------------------------------------------------------------- */

/* What the slot says is bound is there; without a space or time of its own it stops. */
PRED bool may_detach(u32 t, u32 which)
{
	return may_halt(t) && IMP(which == TSLOT_SCHED, is_object(TH(t)->sched, OBJ_SCHED)) &&
	       IMP(which == TSLOT_NOTIF, is_object(TH(t)->notif, OBJ_NOTIF));
}

PRED bool stops(u32 t, u32 which) { return !is_idle(t) && (which == TSLOT_SPACE || which == TSLOT_SCHED); }

static void detaching_changes(bool when, u32 t, u32 which)
{
	ASSIGNS(when & (which == TSLOT_SPACE), TH(t)->space);
	ASSIGNS(when & (which == TSLOT_TABLE), TH(t)->table);
	ASSIGNS(when & (which == TSLOT_SCHED), TH(t)->sched, SC(TH(t)->sched)->owner);
	ASSIGNS(when & (which == TSLOT_MSG), TH(t)->msg);
	ASSIGNS(when & (which == TSLOT_NOTIF), TH(t)->notif, NT(TH(t)->notif)->bound);
}

PRED bool is_detached(u32 t, u32 which, u32 sc, u32 nt)
{
	return IMP(which == TSLOT_SPACE, TH(t)->space == NIL) && IMP(which == TSLOT_TABLE, TH(t)->table == NIL) &&
	       IMP(which == TSLOT_SCHED, TH(t)->sched == NIL && SC(sc)->owner == NIL) && IMP(which == TSLOT_MSG, TH(t)->msg == NIL) &&
	       IMP(which == TSLOT_NOTIF, TH(t)->notif == NIL && NT(nt)->bound == NIL) &&
	       IMP(which == TSLOT_SPACE || which == TSLOT_SCHED, TH(t)->state == THREAD_STOPPED && TH(t)->running_on == NIL);
}

void prover_replace_thread_detach(u32 t, u32 which)
{
	const u32 sc = TH(t)->sched, nt = TH(t)->notif;

	CHECK_SPEC(may_detach(t, which));
	if (stops(t, which)) {
		running_is_kept();
		halting_changes(true, t);
	}
	detaching_changes(true, t, which);
	CHANGE();
	prover_assume(is_detached(t, which, sc, nt));
}

void h_contract_thread_detach(u32 t, u32 which)
{
	GIVEN(may_detach(t, which));
	const u32 sc = TH(t)->sched, nt = TH(t)->notif;
	halting_changes(stops(t, which), t);
	detaching_changes(true, t, which);
	thread_detach(t, which);
	CHECK_SPEC(is_detached(t, which, sc, nt));
}

/* --- destroying ---------------------------------------------------------------------------------- */

/* What it was bound to by a slot that has been looked at, it is no longer; the others are as they were. */
PRED bool is_bound_to(u32 t, u32 which, u32 i, u32 now, u32 was) { return was == NIL || now == (which < i ? NIL : was); }

PRED bool is_taken_apart(u32 t, u32 i)
{
	return has_cpus() && is_idle(t) && is_bound_to(t, TSLOT_SPACE, i, TH(t)->space, old_thread[t].space) &&
	       is_bound_to(t, TSLOT_TABLE, i, TH(t)->table, old_thread[t].table) && is_bound_to(t, TSLOT_SCHED, i, TH(t)->sched, old_thread[t].sched) &&
	       is_bound_to(t, TSLOT_MSG, i, TH(t)->msg, old_thread[t].msg) && is_bound_to(t, TSLOT_NOTIF, i, TH(t)->notif, old_thread[t].notif);
}

PRED bool others_stay_bound(u32 p, u32 t)
{
	return (p == t || (SAME(ks_thread[p], old_thread[p], space) && SAME(ks_thread[p], old_thread[p], table) && SAME(ks_thread[p], old_thread[p], sched) &&
			   SAME(ks_thread[p], old_thread[p], msg) && SAME(ks_thread[p], old_thread[p], notif))) &&
	       (p == old_thread[t].sched || SAME(ks_sched[p], old_sched[p], owner)) && (p == old_thread[t].notif || SAME(ks_notif[p], old_notif[p], bound));
}

PRED bool is_slot(u32 i) { return i < OBJECT_SLOTS; }

void prover_begin_thread_destroy(u32 i, u32 t)
{
	CHECK_SPEC(is_slot(i));
	CHECK_SPEC(is_taken_apart(t, i));
	CHECK_SPEC(others_stay_bound(any.page, t));
}

void prover_round_thread_destroy(u32 i, u32 t)
{
	FORGETS(ks_thread[0].space, ks_thread[0].table, ks_thread[0].sched, ks_thread[0].msg, ks_thread[0].notif, ks_sched[0].owner, ks_notif[0].bound);
	SUPPOSE(is_slot(i), is_taken_apart(t, i), others_stay_bound(any.page, t));
}

void h_destroy(u32 t)
{
	ASSUME_STATE(case, may_halt(t) && held_by(t) == NIL && watched == t, "of who is to answer nobody, unless it lent on what was lent to it, or a fault of its borrower is on its way");
	HINTS(any_thread_slot_type_inv(t), any_thread_cached_inv(t), any_cap_object_inv(SLOT_OF(t, TSLOT_SCHED)), any_cap_object_inv(SLOT_OF(t, TSLOT_NOTIF)));
	const u32 sc = TH(t)->sched, nt = TH(t)->notif;
	halting_changes(!is_idle(t), t);
	ASSIGNS(1, TH(t)->space, TH(t)->table, TH(t)->sched, TH(t)->msg, TH(t)->notif, TH(t)->reply_to, CPU(machine.cpu)->loaded);
	ASSIGNS(sc != NIL, SC(sc)->owner);
	ASSIGNS(nt != NIL, NT(nt)->bound);
	thread_destroy(t);
	CHECK_SPEC(is_taken_apart(t, OBJECT_SLOTS) & (TH(t)->reply_to == NIL));
}

/* --- binding ---------------------------------------------------------------------------------------- */

PRED bool is_bindable(u32 which, u32 type, u32 rights)
{
	return which == THREAD_SPACE   ? type == OBJ_SPACE && (rights & RIGHT_SPACE_BIND) != 0
	       : which == THREAD_TABLE ? type == OBJ_TABLE && (rights & RIGHT_TABLE_BIND) != 0
	       : which == THREAD_SCHED ? type == OBJ_SCHED && (rights & RIGHT_SCHED_BIND) != 0
	       : which == THREAD_FAULT ? type == OBJ_EP && (rights & RIGHT_EP_CALL) != 0
	       : which == THREAD_MSG   ? type == OBJ_FRAMES && (rights & RIGHT_FRAMES_READ) != 0 && (rights & RIGHT_FRAMES_WRITE) != 0
				       : type == OBJ_NOTIF && (rights & RIGHT_NOTIF_WAIT) != 0;
}

/* A scheduling context or notification that somebody has, or who waits at, is not bound once more. */
PRED bool is_taken_already(u32 target, u32 which, u32 obj)
{
	return which == THREAD_SPACE || which == THREAD_TABLE ? (PD(obj)->flags & PAGE_DYING) != 0
	       : which == THREAD_SCHED			       ? SC(obj)->owner != NIL || SC(obj)->cpu != TH(target)->home
	       : which == THREAD_NOTIF			       ? NT(obj)->bound != NIL || NT(obj)->head != NIL
							       : false;
}

void h_bind_check(u32 target, u32 which, u32 s)
{
	ASSUME_INPUT(which <= THREAD_NOTIF);
	ASSUME_STATE(requires, thread_is(target) & slot_is_full(s), "what is bound is there");
	HINTS(any_cap_object_inv(s), any_cap_type_inv(s));
	const u32 err = bind_check(target, which, s).v;

	CHECK_IF(err == ERRNO_OK, "spec", is_bindable(which, SLOT(s)->type, SLOT(s)->rights));
	CHECK_IF(is_bindable(which, SLOT(s)->type, SLOT(s)->rights), "spec",
		 err == (is_taken_already(target, which, SLOT(s)->obj) ? ERRNO_STATE : spec_may_derive(s)));
	ASSIGNS_NOTHING();
	COVER(err == ERRNO_OK);
}

PRED u32 type_of(u32 which)
{
	return which == THREAD_SPACE   ? OBJ_SPACE
	       : which == THREAD_TABLE ? OBJ_TABLE
	       : which == THREAD_SCHED ? OBJ_SCHED
	       : which == THREAD_FAULT ? OBJ_EP
	       : which == THREAD_MSG   ? OBJ_FRAMES
				       : OBJ_NOTIF;
}

PRED bool no_bits_wait(u32 which, u32 s) { return which != THREAD_NOTIF || s == NIL || NT(SLOT(s)->obj)->word == 0; }

/* What it refers to, and who is bound there. */
PRED bool is_cached(u32 t, u32 which, u32 obj, u32 first)
{
	return which == THREAD_SPACE   ? TH(t)->space == obj
	       : which == THREAD_TABLE ? TH(t)->table == obj
	       : which == THREAD_SCHED ? TH(t)->sched == obj && SC(obj)->owner == t
	       : which == THREAD_MSG   ? TH(t)->msg == first && SLOT(SLOT_OF(t, which))->count == 1
	       : which == THREAD_NOTIF ? TH(t)->notif == obj && NT(obj)->bound == t
				       : true;
}

PRED bool may_attach(u32 t, u32 which)
{
	const u32 s = SLOT_OF(t, which), obj = SLOT(s)->obj;

	return thread_is(t) && which <= THREAD_NOTIF && SLOT(s)->type == type_of(which) &&
	       IMP(which == THREAD_SCHED, SC(obj)->owner == NIL && SC(obj)->runner == NIL);
}

void h_attach(u32 t, u32 which)
{
	ASSUME_STATE(requires, may_attach(t, which), "a capability that may be bound stands in the slot");
	ASSUME_STATE(case, no_bits_wait(which, SLOT_OF(t, which)), "unless bits wait in the notification");
	CPUS;
	const u32 s = SLOT_OF(t, which), obj = SLOT(s)->obj, first = SLOT(s)->first, home = TH(t)->home;
	HINTS(any_cap_object_inv(s), any_thread_state_inv(t), any_thread_ready_inv(t), any_thread_queue_inv(t), any_thread_links_inv(t));
	hint_queue(home, TH(t)->prio);
	const bool sched = which == THREAD_SCHED, runs = sched & (TH(t)->state == THREAD_READY);
	attach(t, which);
	CHECK_SPEC(is_cached(t, which, obj, first));
	ASSIGNS(1, TH(t)->space, TH(t)->table, TH(t)->sched, TH(t)->msg);
	ASSIGNS(sched, SC(obj)->owner);
	ASSIGNS(which == THREAD_MSG, SLOT(s)->count);
	ASSIGNS(which == THREAD_NOTIF, TH(t)->notif, NT(obj)->bound);
	ASSIGNS(runs, TH(t)->running_on, TH(t)->eprio, SC(obj)->runner, QUEUED_LAST(t, home, TH(t)->prio));
}

PRED u32 spec_check(u32 target, u32 which, u32 cap)
{
	return cap == NIL				 ? ERRNO_OK
	       : SLOT(cap)->type != type_of(which)	 ? ERRNO_TYPE
	       : !is_bindable(which, SLOT(cap)->type, SLOT(cap)->rights) ? ERRNO_RIGHTS
	       : is_taken_already(target, which, SLOT(cap)->obj) ? ERRNO_STATE
								 : spec_may_derive(cap);
}

PRED u32 spec_bind_error(u32 target, u32 which, u32 cap, u64 badge)
{
	return spec_check(target, which, cap) != ERRNO_OK					      ? spec_check(target, which, cap)
	       : badge != 0 && (which != THREAD_FAULT || cap == NIL || SLOT(cap)->badge != 0) ? ERRNO_ARG
	       : TH(target)->state != THREAD_STOPPED && cap != NIL && (which == THREAD_SPACE || which == THREAD_TABLE || which == THREAD_MSG)
		       ? ERRNO_STATE
		       : ERRNO_OK;
}

PRED bool is_unbound(u32 t, u32 which)
{
	return which == THREAD_SPACE   ? TH(t)->space == NIL
	       : which == THREAD_TABLE ? TH(t)->table == NIL
	       : which == THREAD_SCHED ? TH(t)->sched == NIL
	       : which == THREAD_MSG   ? TH(t)->msg == NIL
	       : which == THREAD_NOTIF ? TH(t)->notif == NIL
				       : true;
}

/* The slot holds a copy of the capability, with its badge or a new one, or nothing; the thread has cached it. */
void h_bind(u32 t, u32 s, u64 which, u32 cap, u64 badge)
{
	CALLER(t);
	HANDED(thread_bind, s, which, cap);
	CPUS;
	HINTS(any_cap_object_inv(s), any_cap_type_inv(cap), any_cap_object_inv(cap));
	const u32 target = SLOT(s)->obj, w = (u32)which, inner = SLOT_OF(target, which), c = TH(target)->home, obj = SLOT(cap)->obj;
	ASSUME_STATE(case, no_bits_wait(w, cap) && may_halt(target), "unless bits wait in the notification, it lent on what was lent to it, or a fault of its borrower is on its way");
	hint_swap(inner, cap);
	hint_thread(target);
	HINTS(any_sched_runner_inv(obj), any_cap_object_inv(SLOT_OF(target, TSLOT_SCHED)));
	hint_queue(c, TH(target)->prio);
	const u32 bad = spec_bind_error(target, w, cap, badge);
	const bool does = bad == ERRNO_OK, comes = does & (cap != NIL), gets_time = comes & (which == THREAD_SCHED);
	halting_changes(does & (SLOT(inner)->type != 0) & stops(target, w), target);
	detaching_changes(does & (SLOT(inner)->type != 0), target, w);
	ASSIGNS(comes, TH(target)->space, TH(target)->table, TH(target)->sched, TH(target)->msg);
	ASSIGNS(comes & (which == THREAD_NOTIF), TH(target)->notif, NT(obj)->bound);
	ASSIGNS(gets_time, SC(obj)->owner, SC(obj)->runner, TH(target)->running_on, TH(target)->eprio, QUEUED_LAST(target, c, TH(target)->prio));
	const err_t err = sys_thread_bind(t, s, which, cap, badge);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(does & (cap == NIL), "spec", is_unbound(target, w));
	CHECK_IF(comes, "spec", is_cached(target, w, obj, SLOT(cap)->first));
	CHECK_IF(does & (badge == 0) & (which != THREAD_MSG), "spec", is_swapped(inner, cap, SLOT(cap)->rights));
	check_swap(inner, cap, does);
}
