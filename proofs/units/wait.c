/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * merge = ["taker", "can_wake", "wake"]
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

PRED bool same_notif_but_queue(u32 p)
{
	return SAME(ks_notif[p], old_notif[p], home) && SAME(ks_notif[p], old_notif[p], bound) &&
	       SAME(ks_notif[p], old_notif[p], mailed) && SAME(ks_notif[p], old_notif[p], mail);
}

/* What neither call changes. */
static void check_never(struct any any)
{
	CHECK_SPEC(same_thread_base(any.page));
	CHECK_SPEC(same_thread_reply(any.page));
	CHECK_SPEC(SAME(ks_thread[any.page], old_thread[any.page], lent));
	CHECK_SPEC(same_cap(any.slot));
	CHECK_SPEC(same_page(any.page));
	CHECK_SPEC(same_leaf(any.page, any.n));
	CHECK_SPEC(same_words(any.page, any.n));
	CHECK_SPEC(same_irq(any.page));
	CHECK_SPEC(same_device(any.page));
	CHECK_SPEC(same_space(any.page));
	CHECK_SPEC(same_ks(any.n));
	CHECK_SPEC(same_frame_rest(any.page, any.n));
	check_invariants(any);
	check_owners(any);
	check_footprint(any, ks.global == 0, machine.cpu);
}

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

void h_wait(void)
{
	ANY(u64, deadline);
	const struct any any = any_index();

	THE_CALLER(t);
	THE_NOTIF(s);
	hint_thread(any.page);
	const u32 bad = spec_wait_error(t, nt, deadline);
	remember();
	const err_t err = sys_notif_wait(t, s, deadline);
	const bool waits = err.v == INT_NONE, taken = err.v == ERRNO_OK, fails = !waits & !taken;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(taken, "spec", (NT(nt)->word == 0) & (FR_OUT(t, 0) == old_notif[nt].word));
	CHECK_IF(waits, "spec", is_last_waiter(t, nt, deadline));
	CHECK_IF(!taken | (any.page != t) | (any.n != REG_RDI), "spec", same_register(any.page, any.n));
	CHECK_IF(fails | (any.page != nt), "spec", same_notif(any.page));
	CHECK_SPEC(same_notif_but_queue(any.page));
	CHECK_IF(!waits | (any.page != t), "spec", same_thread_wait(any.page) & same_thread_runs(any.page));
	CHECK_IF(!waits | ((any.page != t) & (any.page != old_notif[nt].tail)), "spec", same_thread_links(any.page));
	CHECK_IF(!waits, "spec", same_tnode(any.page) & same_sched(any.page));
	CHECK_IF(!waits | (any.cpu != machine.cpu), "spec", same_cpu(any.cpu));
	CHECK_SPEC(same_ready(any.cpu, any.n));
	CHECK_SPEC(SAME(ks_cpu[any.cpu], old_cpu[any.cpu], mailbox));
	CHECK_SPEC(same_ep(any.page));
	check_never(any);
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

void h_signal(void)
{
	ANY(u64, signal);
	const struct any any = any_index();

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
	remember();
	const err_t err = sys_notif_signal(t, s, signal);

	CHECK_SPEC(err.v == 0);
	CHECK_IF(wakes, "spec", has_bits(w, old_notif[nt].word | bits) & (NT(nt)->word == 0));
	CHECK_IF(!wakes, "spec", NT(nt)->word == (old_notif[nt].word | bits));
	CHECK_IF(mails, "spec", is_mailed(nt, home));
	CHECK_IF(any.page != nt, "spec", same_notif(any.page));
	CHECK_IF(!mails | (any.cpu != home), "spec", SAME(ks_cpu[any.cpu], old_cpu[any.cpu], mailbox));
	CHECK_IF(!wakes | (any.page != w) | ((any.n != REG_RAX) & (any.n != REG_RDI) & (any.n != REG_RSI)), "spec",
		 same_register(any.page, any.n));
	CHECK_IF(!wakes | (any.page != w), "spec", same_thread_wait(any.page));
	CHECK_IF(!wakes | ((any.page != w) & (any.page != t)), "spec", same_thread_runs(any.page));
	CHECK_IF(!wakes, "spec", same_thread_links(any.page) & same_tnode(any.page) & same_sched(any.page));
	CHECK_IF(!wakes, "spec", same_cpu(any.cpu) & same_ready(any.cpu, any.n) & same_ep(any.page));
	check_never(any);
	COVER(wakes & (CPU(machine.cpu)->current == w));
	COVER(mails);
}
