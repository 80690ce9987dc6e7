/* SPDX-License-Identifier: MIT */
/* prove:
 * whole = ["sys_ep_recv"]
 * batch = 8
 * [h_recv]
 * function = "sys_ep_recv"
 * only = "when no capability travels, and no right to answer is dropped"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 */
#include "ipc.h"

void NEVER(lose)(u32 r) { (void)r; }
void NEVER(sched_recall)(u32 t) { (void)t; }
void NEVER(notif_unqueue)(u32 t) { (void)t; }

/* The oldest sender, or NIL. */
PRED u32 spec_sender(u32 e)
{
	return EP(e)->receiving ? NIL : EP(e)->head;
}

PRED u64 spec_bits(u32 t)
{
	return TH(t)->notif == NIL ? 0 : NT(TH(t)->notif)->word;
}

/* Everybody who would be touched lives here, or all locks are held. */
PRED bool needs_all(u32 t, u32 e)
{
	return ks.global == 0 && (ep_is_elsewhere(e, TH(t)->home) ||
				  (TH(t)->notif != NIL && NT(TH(t)->notif)->home != TH(t)->home) ||
				  (spec_sender(e) != NIL && TH(spec_sender(e))->fault == 0 && TAG_CAPS(TH(spec_sender(e))->tag) != 0));
}

PRED u32 spec_recv_error(u32 t, u32 e, u64 tag)
{
	return needs_all(t, e) ? INT_GLOBAL
	       : TAG_NO_WAIT(tag) && spec_sender(e) == NIL && spec_bits(t) == 0 ? ERRNO_WOULD_BLOCK
										: INT_NONE;
}

/* t holds no right to answer a call that waits. */
PRED bool holds_nothing(u32 t)
{
	return TH(t)->reply_to == NIL || PD(TH(t)->reply_to)->type != OBJ_THREAD ||
	       TH(TH(t)->reply_to)->state != THREAD_REPLY || TH(TH(t)->reply_to)->call != TH(t)->reply_call;
}

PRED bool sends_no_caps(u32 w)
{
	return w == NIL || TH(w)->fault != 0 || TAG_CAPS(TH(w)->tag) == 0;
}

PRED bool has_signal(u32 t, u64 bits)
{
	return FR_ERR(t) == DONE_SIGNAL.v && FR_OUT(t, 0) == bits && FR_OUT(t, 1) == 0 && NT(TH(t)->notif)->word == 0;
}

/* The message of a fault: what the machine says of it, and what kind of fault it is. */
PRED bool is_fault_told(u32 t, u32 w)
{
	return FR_ERR(t) == 0 && FR_OUT(t, 0) == old_thread[w].badge &&
	       FR_OUT(t, 1) == ((u64)old_thread[w].fault << TAG_LABEL_SHIFT | REGISTER_WORDS);
}

/* A caller waits for the answer of t, to this call and no other; who only sent goes on. */
PRED bool is_received(u32 t, u32 w, u64 call)
{
	return TH(w)->queue == NIL &&
	       (old_thread[w].state == THREAD_CALL
			? TH(w)->state == THREAD_REPLY && TH(w)->call == call && TH(t)->reply_to == w &&
				  TH(t)->reply_call == call && TH(w)->running_on == NIL && SAME(ks_tnode[w], old_tnode[w], queued)
			: is_woken(w) && TH(t)->reply_to == NIL);
}

PRED bool is_receiving(u32 t, u32 e, u64 deadline)
{
	return waits_last(t, e, THREAD_RECV, deadline) && TH(t)->running_on == NIL && TH(t)->reply_to == NIL;
}

/* It is current, or has no time. */
PRED bool is_current(u32 t)
{
	return TH(t)->state == THREAD_READY &&
	       (CPU(TH(t)->home)->current == t ||
		(CPU(TH(t)->home)->current == NIL && (TH(t)->running_on == NIL || SC(TH(t)->running_on)->left == 0)));
}

void h_recv(u64 tag, u64 deadline)
{
	THE_CALLER(t);
	THE_ENDPOINT(s);
	ASSUME_STATE(counters, counts(CPU(machine.cpu)->uid), "no counter of 64 bits overflows");
	const u32 w = spec_sender(e), nt = TH(t)->notif, bad = spec_recv_error(t, e, tag);
	const u64 bits = spec_bits(t), uid = CPU(machine.cpu)->uid + CPU_MAX;
	ASSUME_STATE(case, holds_nothing(t) & sends_no_caps(w), "when no capability travels, and no right to answer is dropped");
	hint_first(e);
	hint_thread(any.page);
	hint_notif(nt);
	HINT(1, any_notif_bound_inv(any.page));
	hint_sched(TH(EP(e)->head)->running_on);
	HINT(1, any_page_head_inv(TH(t)->reply_to));
	const err_t err = sys_ep_recv(t, s, tag, deadline);
	const bool fails = err.v != INT_NONE, signal = !fails & (bits != 0), done = !fails & !signal & (w != NIL);
	const bool call = done & (old_thread[w].state == THREAD_CALL), sent = done & !call;
	const bool waits = !fails & !signal & !done, fault = done & (old_thread[w].fault != 0);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(signal, "spec", has_signal(t, bits));
	CHECK_IF(done & !fault, "spec", is_delivered(t, w, old_thread[w].tag, old_thread[w].badge, any.n) | (any.n >= REG_COUNT));
	CHECK_IF(done & !fault, "spec",
		 is_word_delivered(t, w, old_thread[w].tag, any.page, any.n) | (any.page >= PAGE_COUNT));
	CHECK_IF(fault, "spec", is_fault_told(t, w));
	CHECK_IF(done, "spec", is_received(t, w, uid));
	CHECK_IF(signal | done, "spec", is_current(t));
	CHECK_IF(waits, "spec", is_receiving(t, e, deadline));
	ASSIGNS(!fails, TH(t)->reply_to, TH(t)->running_on, TH(t)->eprio, SC(old_thread[t].running_on)->runner, SC(TH(t)->sched)->runner,
		CPU(machine.cpu)->current);
	ASSIGNS(signal, NT(nt)->word, FR_ERR(t), FR_OUT(t, 0), FR_OUT(t, 1));
	ASSIGNS(done, LEAVES_EP(w, e), EP(e)->cursor);
	assigns_message(done, w, t);
	ASSIGNS(call, TH(w)->state, TH(w)->call, TH(w)->lent, RELEASES(w), TH(t)->reply_call, CPU(machine.cpu)->uid);
	ASSIGNS(sent, FR_ERR(w), FR_OUT(w, 0), FR_OUT(w, 1));
	assigns_end(sent, w);
	assigns_ready(sent, w);
	ASSIGNS(waits, ENTERS_EP(t, e));
	assigns_wait(waits, t, deadline);
	check_whole();
	check_footprint(any, ks.global == 0, old_thread[t].home);
	COVER(signal);
	COVER(done);
	COVER(waits);
}
