/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_cap_derive]
 * function = "call_cap_derive"
 * columns = ["ub", "invariant", "spec"]
 * [h_cap_move]
 * function = "call_cap_move"
 * columns = ["ub", "invariant", "spec"]
 * [h_cap_delete]
 * function = "call_cap_delete"
 * columns = ["ub", "invariant", "spec"]
 * [h_cap_revoke]
 * function = "call_cap_revoke"
 * columns = ["ub", "invariant", "spec"]
 * [h_cap_info]
 * function = "call_cap_info"
 * columns = ["ub", "invariant", "spec"]
 * [h_range_derive]
 * function = "call_range_derive"
 * columns = ["ub", "invariant", "spec"]
 * [h_table_attach]
 * function = "call_table_attach"
 * columns = ["ub", "invariant", "spec"]
 * [h_reply_save]
 * function = "call_reply_save"
 * columns = ["ub", "invariant", "spec"]
 * [h_notif_signal]
 * function = "call_notif_signal"
 * columns = ["ub", "invariant", "spec"]
 * [h_notif_wait]
 * function = "call_notif_wait"
 * columns = ["ub", "invariant", "spec"]
 * [h_cap_drain]
 * function = "call_cap_drain"
 * columns = ["ub", "invariant", "spec"]
 * [h_object_create]
 * function = "call_object_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_frames_create]
 * function = "call_frames_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_frames_extend]
 * function = "call_frames_extend"
 * columns = ["ub", "invariant", "spec"]
 * [h_frames_clear]
 * function = "call_frames_clear"
 * columns = ["ub", "invariant", "spec"]
 * [h_ptable_attach]
 * function = "call_ptable_attach"
 * columns = ["ub", "invariant", "spec"]
 * [h_grant_create]
 * function = "call_grant_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_grant_map]
 * function = "call_grant_map"
 * columns = ["ub", "invariant", "spec"]
 * [h_grant_map_list]
 * function = "call_grant_map_list"
 * columns = ["ub", "invariant", "spec"]
 * [h_grant_unmap]
 * function = "call_grant_unmap"
 * columns = ["ub", "invariant", "spec"]
 * [h_space_copy]
 * function = "call_space_copy"
 * columns = ["ub", "invariant", "spec"]
 * [h_space_harvest]
 * function = "call_space_harvest"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_bind]
 * function = "call_thread_bind"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_start]
 * function = "call_thread_start"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_stop]
 * function = "call_thread_stop"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_resume]
 * function = "call_thread_resume"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_get_regs]
 * function = "call_thread_get_regs"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_set_regs]
 * function = "call_thread_set_regs"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_set_prio]
 * function = "call_thread_set_prio"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_set_cpu]
 * function = "call_thread_set_cpu"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_debug]
 * function = "call_thread_debug"
 * columns = ["ub", "invariant", "spec"]
 * [h_thread_yield]
 * function = "call_thread_yield"
 * columns = ["ub", "invariant", "spec"]
 * [h_sched_configure]
 * function = "call_sched_configure"
 * columns = ["ub", "invariant", "spec"]
 * [h_ep_call]
 * function = "call_ep_call"
 * columns = ["ub", "invariant", "spec"]
 * [h_ep_reply_recv]
 * function = "call_ep_reply_recv"
 * columns = ["ub", "invariant", "spec"]
 * [h_ep_send]
 * function = "call_ep_send"
 * columns = ["ub", "invariant", "spec"]
 * [h_ep_recv]
 * function = "call_ep_recv"
 * columns = ["ub", "invariant", "spec"]
 * [h_ep_cancel]
 * function = "call_ep_cancel"
 * columns = ["ub", "invariant", "spec"]
 * [h_reply]
 * function = "call_reply"
 * columns = ["ub", "invariant", "spec"]
 * [h_irq_create]
 * function = "call_irq_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_irq_bind]
 * function = "call_irq_bind"
 * columns = ["ub", "invariant", "spec"]
 * [h_irq_ack]
 * function = "call_irq_ack"
 * columns = ["ub", "invariant", "spec"]
 * [h_irq_message]
 * function = "call_irq_message"
 * columns = ["ub", "invariant", "spec"]
 * [h_ioport_in]
 * function = "call_ioport_in"
 * columns = ["ub", "invariant", "spec"]
 * [h_ioport_out]
 * function = "call_ioport_out"
 * columns = ["ub", "invariant", "spec"]
 * [h_device_create]
 * function = "call_device_create"
 * columns = ["ub", "invariant", "spec"]
 * [h_device_bind]
 * function = "call_device_bind"
 * columns = ["ub", "invariant", "spec"]
 * [h_device_watch]
 * function = "call_device_watch"
 * columns = ["ub", "invariant", "spec"]
 * [h_device_faults]
 * function = "call_device_faults"
 * columns = ["ub", "invariant", "spec"]
 * [h_system_debug_write]
 * function = "call_system_debug_write"
 * columns = ["ub", "invariant", "spec"]
 * [h_system_trace_read]
 * function = "call_system_trace_read"
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

/* What stands for the handlers. */
#include <spec_handlers.h>

/* --- calls ------------------------------------------------------------------------------- */

static u32 the_caller(void)
{
	ANY(u32, t);

	CALLER(t);
	return t;
}

#define CALLS(call, pre)                                                                            \
	const u32 t = the_caller();                                                                \
	const u32 bad = pre(t);                                                                    \
	const err_t err = call(t);                                                                 \
	CHECK_SPEC(err.v == bad);                                                                  \
	COVER(err.v == 0)

#define ROW(name) void h_##name(void) { CALLS(call_##name, pre_##name); }
ROW(cap_derive)
ROW(cap_move)
ROW(cap_delete)
ROW(cap_revoke)
ROW(cap_drain)
ROW(cap_info)
ROW(range_derive)
ROW(object_create)
ROW(frames_create)
ROW(frames_extend)
ROW(frames_clear)
ROW(table_attach)
ROW(ptable_attach)
ROW(grant_create)
ROW(grant_map)
ROW(grant_map_list)
ROW(grant_unmap)
ROW(space_copy)
ROW(space_harvest)
ROW(thread_bind)
ROW(thread_start)
ROW(thread_stop)
ROW(thread_resume)
ROW(thread_get_regs)
ROW(thread_set_regs)
ROW(thread_set_prio)
ROW(thread_set_cpu)
ROW(thread_debug)
ROW(thread_yield)
ROW(sched_configure)
ROW(ep_call)
ROW(ep_reply_recv)
ROW(ep_send)
ROW(ep_recv)
ROW(ep_cancel)
ROW(reply)
ROW(reply_save)
ROW(notif_signal)
ROW(notif_wait)
ROW(irq_create)
ROW(irq_bind)
ROW(irq_ack)
ROW(irq_message)
ROW(ioport_in)
ROW(ioport_out)
ROW(device_create)
ROW(device_bind)
ROW(device_watch)
ROW(device_faults)
ROW(system_debug_write)
ROW(system_trace_read)
