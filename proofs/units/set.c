/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 12
 * merge = ["taker", "can_wake", "wake"]
 * [h_contract_notif_set]
 * function = "notif_set"
 * columns = ["ub", "spec"]
 */
/*
 * Setting bits, whoever does: the notification has them, or who waited for them.
 */
#include "ipc.h"
#include "contract_notif.h"
#include "queues.h"

void NEVER(lose)(u32) {}

/* Who has waited longest, or the bound thread if it receives. */
PRED u32 taker_of(u32 nt) { return NT(nt)->bound == NIL ? NT(nt)->head : NT(nt)->bound; }

void h_contract_notif_set(u32 nt, u64 bits, u32 cpu)
{
	GIVEN(may_set(nt));
	hint_notif(nt);
	const u32 w = taker_of(nt), current = CPU(machine.cpu)->current;
	hint_actor(w);
	hint_ep(TH(w)->queue);
	hint_thread(TH(w)->qnext);
	hint_thread(TH(w)->qprev);
	hint_thread(NT(nt)->head);
	hint_thread(NT(nt)->tail);
	hint_ready(TH(w)->home, TH(w)->prio);
	hint_queue(machine.cpu, TH(current)->eprio);
	hint_thread(current);
	notif_set(nt, bits, cpu);
	CHECK_SPEC((NT(nt)->word == (old_notif[nt].word | bits)) | ((NT(nt)->word == 0) & (FR_OUT(w, 0) == (old_notif[nt].word | bits))));
	setting_changes();
}
