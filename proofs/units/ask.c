/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 40
 * whole = ["recv_check", "is_local", "reply_caller", "msg_is_global"]
 * [h_is_local]
 * function = "is_local"
 * columns = ["ub", "invariant", "spec"]
 * [h_recv_check]
 * function = "recv_check"
 * columns = ["ub", "invariant", "spec"]
 * [h_taker]
 * function = "taker"
 * columns = ["ub", "invariant", "spec"]
 * [h_can_wake]
 * function = "can_wake"
 * columns = ["ub", "invariant", "spec"]
 * [h_is_foreign]
 * function = "is_foreign"
 * columns = ["ub", "invariant", "spec"]
 * [h_new_uid]
 * function = "cpu_new_uid"
 * columns = ["ub", "spec"]
 * [h_mailbox_take]
 * function = "mailbox_take"
 * columns = ["ub", "spec"]
 * [h_set_alarm]
 * function = "set_alarm"
 * columns = ["ub", "spec"]
 */
#include "ipc.h"

/* --- questions: they change nothing ------------------------------------------------------------ */

#define AN_EP(e)                                                                                   \
	ANY(u32, e);                                                                               \
	ASSUME_STATE(requires, is_object(e, OBJ_EP), "this is done to endpoints");                   \
	HINTS(any_ep_ends_inv(e), any_ep_head_inv(e))

#define A_NOTIF(nt)                                                                                \
	ANY(u32, nt);                                                                              \
	ASSUME_STATE(requires, is_object(nt, OBJ_NOTIF), "what a capability names is there");         \
	HINTS(any_notif_bound_inv(nt), any_notif_head_inv(nt))

/* The endpoint and who is first there live on this CPU. */
PRED bool lives_on(u32 e, u32 cpu)
{
	return EP(e)->home == cpu && (EP(e)->head == NIL || TH(EP(e)->head)->home == cpu);
}

void h_is_local(u32 cpu)
{
	AN_EP(e);
	CHECK_SPEC(is_local(e, cpu) == lives_on(e, cpu));
}

PRED u32 spec_held(u32 t)
{
	return TH(t)->reply_to == NIL ? NIL : reply_target(TH(t)->reply_to, TH(t)->reply_call);
}

PRED bool moves_caps(u32 w)
{
	return TH(w)->fault == 0 && TAG_CAPS(TH(w)->tag) != 0;
}

/* Who sends, what is bound, whose call would be dropped: all of it on this CPU, or all locks are held. */
PRED bool spec_is_global(u32 t, u32 e)
{
	const u32 w = EP(e)->receiving ? NIL : EP(e)->head, home = TH(t)->home;

	return ks.global == 0 && (!lives_on(e, home) || (TH(t)->notif != NIL && NT(TH(t)->notif)->home != home) ||
				  (spec_held(t) != NIL && TH(spec_held(t))->home != home) || (w != NIL && moves_caps(w)));
}

PRED bool has_nothing(u32 t, u32 e)
{
	return (EP(e)->receiving || EP(e)->head == NIL) && (TH(t)->notif == NIL || NT(TH(t)->notif)->word == 0);
}

void h_recv_check(u32 t, u8 no_wait)
{
	AN_EP(e);
	ASSUME_INPUT(no_wait <= 1);
	ASSUME_STATE(caller, thread_is(t), "calls are made by threads");
	HINTS(any_thread_cached_inv(t), any_cap_object_inv(SLOT_OF(t, TSLOT_NOTIF)), any_thread_reply_inv(t), any_page_head_inv(TH(t)->reply_to));
	CHECK_SPEC(recv_check(t, e, no_wait).v == (spec_is_global(t, e)			   ? INT_GLOBAL
						   : no_wait == 1 && has_nothing(t, e) ? ERRNO_WOULD_BLOCK
											   : ERRNO_OK));
}

/* The bound thread, if it receives; if none is bound, who has waited longest. */
PRED u32 spec_taker(u32 nt)
{
	const u32 bound = NT(nt)->bound, first = NT(nt)->head;

	return bound == NIL ? first : TH(bound)->state == THREAD_RECV ? bound : NIL;
}

void h_taker(void)
{
	A_NOTIF(nt);
	CHECK_SPEC(taker(NT(nt)) == spec_taker(nt));
}

PRED bool spec_can_wake(u32 t, u32 cpu)
{
	return ks.global != 0 || (TH(t)->home == cpu && (TH(t)->state != THREAD_RECV || EP(TH(t)->queue)->home == cpu));
}

#define A_THREAD(t)                                                                                \
	ANY(u32, t);                                                                               \
	ANY(u32, cpu);                                                                             \
	ASSUME_STATE(requires, thread_is(t), "this is done to threads");                             \
	HINT(1, any_thread_queue_inv(t))

void h_can_wake(void)
{
	A_THREAD(t);
	CHECK_SPEC(can_wake(t, cpu) == spec_can_wake(t, cpu));
}

PRED bool waits_elsewhere(u32 t, u32 cpu)
{
	return (thread_in_ep(t) && EP(TH(t)->queue)->home != cpu) ||
	       (TH(t)->state == THREAD_WAIT && NT(TH(t)->queue)->home != cpu);
}

void h_is_foreign(void)
{
	A_THREAD(t);
	CHECK_SPEC(is_foreign(cpu, t) == waits_elsewhere(t, cpu));
}

/* --- small steps ----------------------------------------------------------------------------------- */

/* Numbers of a CPU differ from each other, and from those of other CPUs: they leave the same rest. */
void h_new_uid(u32 c)
{
	ASSUME_INPUT(c < CPU_MAX);
	const u64 uid = cpu_new_uid(c);

	CHECK_SPEC((uid == old_cpu[c].uid + CPU_MAX) & (CPU(c)->uid == uid) & (uid % CPU_MAX == old_cpu[c].uid % CPU_MAX));
	ASSIGNS(1, CPU(c)->uid);
}

/* The first goes, and may be mailed again. */
void h_mailbox_take(u32 c)
{
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again");
	hint_cpu(c);
	const u32 nt = mailbox_take(c);

	CHECK_SPEC(nt == old_cpu[c].mailbox);
	CHECK_IF(nt != NIL, "spec", (CPU(c)->mailbox == old_notif[nt].mail) & (NT(nt)->mailed == 0));
	ASSIGNS(nt != NIL, CPU(c)->mailbox, NT(nt)->mailed);
	COVER(nt != NIL);
}

/* Only earlier: one that comes too early is set anew then. */
void h_set_alarm(u64 when)
{
	const u32 c = machine.cpu;

	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && cpu_runs(c), "set at boot, and never again");
	set_alarm(when);
	CHECK_SPEC(CPU(c)->alarm == (when < old_cpu[c].alarm ? when : old_cpu[c].alarm));
	ASSIGNS(1, CPU(c)->alarm);
}
