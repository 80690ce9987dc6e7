/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_contract_call_cap_derive]
 * function = "call_cap_derive"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_cap_move]
 * function = "call_cap_move"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_cap_delete]
 * function = "call_cap_delete"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_cap_revoke]
 * function = "call_cap_revoke"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_cap_info]
 * function = "call_cap_info"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_range_derive]
 * function = "call_range_derive"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_table_attach]
 * function = "call_table_attach"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_reply_save]
 * function = "call_reply_save"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_notif_signal]
 * function = "call_notif_signal"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_notif_wait]
 * function = "call_notif_wait"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_cap_drain]
 * function = "call_cap_drain"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_object_create]
 * function = "call_object_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_frames_create]
 * function = "call_frames_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_frames_extend]
 * function = "call_frames_extend"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_frames_clear]
 * function = "call_frames_clear"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_ptable_attach]
 * function = "call_ptable_attach"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_grant_create]
 * function = "call_grant_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_grant_map]
 * function = "call_grant_map"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_grant_map_list]
 * function = "call_grant_map_list"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_grant_unmap]
 * function = "call_grant_unmap"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_space_copy]
 * function = "call_space_copy"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_space_harvest]
 * function = "call_space_harvest"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_bind]
 * function = "call_thread_bind"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_start]
 * function = "call_thread_start"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_stop]
 * function = "call_thread_stop"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_resume]
 * function = "call_thread_resume"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_get_regs]
 * function = "call_thread_get_regs"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_set_regs]
 * function = "call_thread_set_regs"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_set_prio]
 * function = "call_thread_set_prio"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_set_cpu]
 * function = "call_thread_set_cpu"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_debug]
 * function = "call_thread_debug"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_thread_yield]
 * function = "call_thread_yield"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_sched_configure]
 * function = "call_sched_configure"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_ep_call]
 * function = "call_ep_call"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_ep_reply_recv]
 * function = "call_ep_reply_recv"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_ep_send]
 * function = "call_ep_send"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_ep_recv]
 * function = "call_ep_recv"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_ep_cancel]
 * function = "call_ep_cancel"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_reply]
 * function = "call_reply"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_irq_create]
 * function = "call_irq_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_irq_bind]
 * function = "call_irq_bind"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_irq_ack]
 * function = "call_irq_ack"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_irq_message]
 * function = "call_irq_message"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_ioport_in]
 * function = "call_ioport_in"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_ioport_out]
 * function = "call_ioport_out"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_device_create]
 * function = "call_device_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_device_bind]
 * function = "call_device_bind"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_device_watch]
 * function = "call_device_watch"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_device_faults]
 * function = "call_device_faults"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_system_debug_write]
 * function = "call_system_debug_write"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_call_system_trace_read]
 * function = "call_system_trace_read"
 * columns = ["ub", "invariant", "spec"]
 * [h_dispatch]
 * function = "dispatch"
 * columns = ["ub", "invariant", "spec"]
 * [h_dispatch_global]
 * function = "dispatch_global"
 * columns = ["ub", "invariant", "spec"]
 */
/*
 * From an arbitrary frame to a handler: the dispatcher gives the error that the
 * table implies, or calls the handler with what the units of handlers assume.
 */
#include "prover.h"
#include "whole.h"
#include "handed.h"

#include <dispatch.c>

/* What stands for the handlers: each says which it is. */
#define RAN(nr) ((err_t){ 0x10000 + (nr) })
#include <spec_handlers.h>

PRED u32 spec_result(u32 bad, u64 nr)
{
	return bad != ERRNO_OK ? bad : (u32)RAN(nr).v;
}

/* --- calls ------------------------------------------------------------------------------- */

static u32 the_caller(void)
{
	ANY(u32, t);

	CALLER(t);
	return t;
}

/* What stands for a row where its number is looked for; and that it does that. */
#define ROW(name, nr)                                                                              \
	err_t prover_replace_call_##name(u32 t)                                                    \
	{                                                                                          \
		return (err_t){ spec_result(pre_##name(t), SYS_##nr) };                             \
	}                                                                                          \
	void h_contract_call_##name(void)                                                          \
	{                                                                                          \
		const u32 t = the_caller();                                                        \
		const u32 result = spec_result(pre_##name(t), SYS_##nr);                            \
		const err_t err = call_##name(t);                                                  \
		CHECK_SPEC(err.v == result);                                                       \
		COVER(err.v == RAN(SYS_##nr).v);                                                    \
	}
ROW(cap_derive, CAP_DERIVE)
ROW(cap_move, CAP_MOVE)
ROW(cap_delete, CAP_DELETE)
ROW(cap_revoke, CAP_REVOKE)
ROW(cap_drain, CAP_DRAIN)
ROW(cap_info, CAP_INFO)
ROW(range_derive, RANGE_DERIVE)
ROW(object_create, OBJECT_CREATE)
ROW(frames_create, FRAMES_CREATE)
ROW(frames_extend, FRAMES_EXTEND)
ROW(frames_clear, FRAMES_CLEAR)
ROW(table_attach, TABLE_ATTACH)
ROW(ptable_attach, PTABLE_ATTACH)
ROW(grant_create, GRANT_CREATE)
ROW(grant_map, GRANT_MAP)
ROW(grant_map_list, GRANT_MAP_LIST)
ROW(grant_unmap, GRANT_UNMAP)
ROW(space_copy, SPACE_COPY)
ROW(space_harvest, SPACE_HARVEST)
ROW(thread_bind, THREAD_BIND)
ROW(thread_start, THREAD_START)
ROW(thread_stop, THREAD_STOP)
ROW(thread_resume, THREAD_RESUME)
ROW(thread_get_regs, THREAD_GET_REGS)
ROW(thread_set_regs, THREAD_SET_REGS)
ROW(thread_set_prio, THREAD_SET_PRIO)
ROW(thread_set_cpu, THREAD_SET_CPU)
ROW(thread_debug, THREAD_DEBUG)
ROW(thread_yield, THREAD_YIELD)
ROW(sched_configure, SCHED_CONFIGURE)
ROW(ep_call, EP_CALL)
ROW(ep_reply_recv, EP_REPLY_RECV)
ROW(ep_send, EP_SEND)
ROW(ep_recv, EP_RECV)
ROW(ep_cancel, EP_CANCEL)
ROW(reply, REPLY)
ROW(reply_save, REPLY_SAVE)
ROW(notif_signal, NOTIF_SIGNAL)
ROW(notif_wait, NOTIF_WAIT)
ROW(irq_create, IRQ_CREATE)
ROW(irq_bind, IRQ_BIND)
ROW(irq_ack, IRQ_ACK)
ROW(irq_message, IRQ_MESSAGE)
ROW(ioport_in, IOPORT_IN)
ROW(ioport_out, IOPORT_OUT)
ROW(device_create, DEVICE_CREATE)
ROW(device_bind, DEVICE_BIND)
ROW(device_watch, DEVICE_WATCH)
ROW(device_faults, DEVICE_FAULTS)
ROW(system_debug_write, SYSTEM_DEBUG_WRITE)
ROW(system_trace_read, SYSTEM_TRACE_READ)

/* --- any number -------------------------------------------------------------------------------- */

void h_dispatch(void)
{
	ANY(u64, nr);
	const u32 t = the_caller();
	const u32 result = spec_result(pre_call(t, nr), nr);

	CHECK_SPEC(dispatch(t, nr).v == result);
}

void h_dispatch_global(void)
{
	ANY(u64, nr);
	const u32 t = the_caller();
	const u32 result = spec_result(pre_call(t, nr), nr);

	CHECK_SPEC(dispatch_global(t, nr).v == result);
}
