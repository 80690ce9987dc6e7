/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * merge = ["taker", "can_wake", "wake", "wake_waiter"]
 * whole = ["sys_notif_wait"]
 * [h_wait]
 * function = "sys_notif_wait"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_signal]
 * function = "sys_notif_signal"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 */
#include "ipc.h"
#include "queues.h"

void NEVER(lose)(u32 r) { (void)r; }

#define THE_NOTIF(s)                                                                               \
	ANY(u32, s);                                                                               \
	ASSUME_STATE(dispatch, slot_is_full(s) && SLOT(s)->type == OBJ_NOTIF,                      \
		     "the dispatcher hands over what exists");                                     \
	HINT(1, any_cap_object_inv(s));                                                            \
	const u32 nt = SLOT(s)->obj;                                                               \
	ASSUME_STATE(counters, counts(NT(nt)->g_clock), "no counter of 64 bits overflows");        \
	hint_notif(nt);                                                                            \
	hint_thread(NT(nt)->head);                                                                 \
	hint_thread(NT(nt)->tail)

/* --- waiting ------------------------------------------------------------------------------ */

PRED u32 spec_wait_error(u32 t, u32 nt, u64 deadline)
{
	return ks.global == 0 && NT(nt)->home != TH(t)->home ? INT_GLOBAL
	       : NT(nt)->bound != NIL			     ? ERRNO_STATE
	       : NT(nt)->word != 0			     ? ERRNO_OK
	       : deadline == 1				     ? ERRNO_WOULD_BLOCK
							     : INT_NONE;
}

PRED bool is_last_waiter(u32 t, u32 nt, u64 deadline)
{
	return TH(t)->state == THREAD_WAIT && TH(t)->queue == nt && NT(nt)->tail == t && TH(t)->qnext == NIL &&
	       TH(t)->qprev == old_notif[nt].tail && TH(t)->running_on == NIL && CPU(TH(t)->home)->current == NIL &&
	       TN(t)->queued == (deadline != 0) && IMP(deadline != 0, TN(t)->when == deadline);
}

void h_wait(u64 deadline)
{
	THE_CALLER(t);
	THE_NOTIF(s);
	hint_thread(any.page);
	const u32 bad = spec_wait_error(t, nt, deadline);
	const err_t err = sys_notif_wait(t, s, deadline);
	const bool waits = err.v == INT_NONE, taken = err.v == ERRNO_OK, fails = !waits & !taken;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(taken, "spec", (NT(nt)->word == 0) & (FR_OUT(t, 0) == old_notif[nt].word));
	CHECK_IF(waits, "spec", is_last_waiter(t, nt, deadline));
	ASSIGNS(taken, NT(nt)->word, FR_OUT(t, 0));
	ASSIGNS(waits, RELEASES(t), TH(t)->queue, TH(t)->qprev, TH(t)->g_arrived, TH(old_notif[nt].tail)->qnext);
	ASSIGNS(waits, NT(nt)->head, NT(nt)->tail, NT(nt)->g_clock);
	assigns_wait(waits, t, deadline);
	check_whole();
	check_footprint(any, ks.global == 0, machine.cpu);
	COVER(taken);
	COVER(waits);
}

/* --- signalling ----------------------------------------------------------------------------- */

/* Who takes the bits: the bound thread if it receives, else who has waited longest. */
PRED u32 spec_taker(u32 nt)
{
	return NT(nt)->bound == NIL ? NT(nt)->head : TH(NT(nt)->bound)->state == THREAD_RECV ? NT(nt)->bound : NIL;
}

/* Under the locks that the caller has? */
PRED bool spec_can_wake(u32 nt, u32 w, u32 cpu)
{
	return ks.global != 0 || (NT(nt)->home == cpu && TH(w)->home == cpu &&
				  (TH(w)->state != THREAD_RECV || EP(TH(w)->queue)->home == cpu));
}

PRED bool is_mailed(u32 nt, u32 home)
{
	return NT(nt)->mailed == 1 &&
	       (old_notif[nt].mailed != 0 ? SAME(ks_cpu[home], old_cpu[home], mailbox) &&
						    SAME(ks_notif[nt], old_notif[nt], mail)
					  : CPU(home)->mailbox == nt && NT(nt)->mail == old_cpu[home].mailbox);
}

/* It has the bits, waits for nothing, and has its turn or waits for it, unless it has no time. */
PRED bool has_bits(u32 w, u64 bits)
{
	return is_woken(w) && FR_OUT(w, 0) == bits && FR_OUT(w, 1) == 0 &&
	       FR_ERR(w) == (old_thread[w].state == THREAD_RECV ? DONE_SIGNAL.v : 0) &&
	       (TH(w)->queued == 1 || CPU(TH(w)->home)->current == w || TH(w)->sched == NIL || SC(TH(w)->sched)->left == 0);
}

void h_signal(u64 signal)
{
	THE_CALLER(t);
	THE_NOTIF(s);
	const u32 w = spec_taker(nt), home = NT(nt)->home;
	hint_actor(w);
	hint_ep(TH(w)->queue);
	hint_thread(TH(w)->qnext);
	hint_thread(TH(w)->qprev);
	hint_ready(TH(w)->home, TH(w)->prio);
	HINT(1, any_ready_queue_inv(machine.cpu, TH(t)->eprio));
	hint_thread(CPU(machine.cpu)->ready_head[TH(t)->eprio]);
	hint_cpu(home);
	hint_notif(CPU(home)->mailbox);
	hint_thread(any.page);
	const bool remote = (ks.global == 0) & (home != machine.cpu);
	const bool wakes = !remote & (w != NIL) & spec_can_wake(nt, w, home), mails = remote | ((w != NIL) & !wakes);
	const u64 bits = SLOT(s)->badge != 0 ? SLOT(s)->badge : signal;
	const err_t err = sys_notif_signal(t, s, signal);

	CHECK_SPEC(err.v == 0);
	CHECK_IF(wakes, "spec", has_bits(w, old_notif[nt].word | bits) & (NT(nt)->word == 0));
	CHECK_IF(!wakes, "spec", NT(nt)->word == (old_notif[nt].word | bits));
	CHECK_IF(mails, "spec", is_mailed(nt, home));
	ASSIGNS(1, NT(nt)->word);
	ASSIGNS(mails, NT(nt)->mailed, NT(nt)->mail, CPU(home)->mailbox);
	ASSIGNS(wakes, TH(w)->queue, LEFT_LINKS(w), FR_OUT(w, 0), FR_OUT(w, 1), FR_ERR(w), CPU(machine.cpu)->current);
	ASSIGNS(wakes & (old_thread[w].state == THREAD_RECV), EP(old_thread[w].queue)->head, EP(old_thread[w].queue)->tail);
	ASSIGNS(wakes & (old_thread[w].state != THREAD_RECV), NT(nt)->head, NT(nt)->tail);
	assigns_end(wakes, w);
	assigns_ready(wakes, w);
	ASSIGNS(wakes & (CPU(machine.cpu)->current == w), QUEUED_FIRST(t, machine.cpu, TH(t)->eprio));
	check_whole();
	check_footprint(any, ks.global == 0, machine.cpu);
	COVER(wakes & (CPU(machine.cpu)->current == w));
	COVER(mails);
}
