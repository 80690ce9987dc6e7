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
#include "contract_cap.h"

#define PRE_LOOKUP(t, handle) spec_lookup(t, handle)
#define PRE_SLOT(t, where, right) spec_slot(t, where, right)
#include <spec_pre.h>

#include <dispatch.c>

/* --- handlers: what they may rely on ---------------------------------------------------- */

err_t sys_cap_derive(u32 t, u32 src, u32 dst, u64 rights, u64 badge)
{
	(void)t;
	(void)badge;
	CHECK_SPEC(slot_is_full(src) & slot_is_empty(dst) & (rights <= UINT32_MAX));
	return OK;
}

err_t sys_cap_move(u32 t, u32 src, u32 dst)
{
	(void)t;
	CHECK_SPEC(slot_is_in_page(src) & slot_is_empty(dst));
	return OK;
}

err_t sys_cap_delete(u32 t, u32 s)
{
	(void)t;
	CHECK_SPEC(slot_is_in_page(s));
	return OK;
}

err_t sys_cap_revoke(u32 t, u32 s)
{
	(void)t;
	CHECK_SPEC(slot_is_full(s));
	return OK;
}

err_t sys_cap_info(u32 t, u32 s)
{
	(void)t;
	CHECK_SPEC(slot_is_full(s));
	return OK;
}

err_t sys_range_derive(u32 t, u32 src, u32 dst, u64 offset, u64 count, u64 rights)
{
	(void)t;
	CHECK_SPEC(slot_is_full(src) & slot_is_empty(dst) & (rights <= UINT32_MAX));
	CHECK_SPEC((offset <= UINT32_MAX) & (count >= 1) & (count <= UINT32_MAX));
	return OK;
}

err_t sys_table_attach(u32 t, u32 table, u32 slots, u64 index)
{
	(void)t;
	CHECK_SPEC(slot_is_full(table) & slot_is_full(slots) & (index < 512));
	CHECK_SPEC((SLOT(table)->type == OBJ_TABLE) & (SLOT(slots)->type == OBJ_SLOTS));
	return OK;
}

err_t sys_reply_save(u32 t, u32 dst)
{
	(void)t;
	CHECK_SPEC(slot_is_empty(dst));
	return OK;
}

err_t sys_notif_signal(u32 t, u32 s, u64 bits)
{
	(void)t;
	(void)bits;
	CHECK_SPEC(slot_is_full(s) & (SLOT(s)->type == OBJ_NOTIF));
	return OK;
}

err_t sys_notif_wait(u32 t, u32 s, u64 deadline)
{
	(void)t;
	(void)deadline;
	CHECK_SPEC(slot_is_full(s) & (SLOT(s)->type == OBJ_NOTIF));
	return OK;
}

/* A capability of the type that the table names. */
PRED bool is_of(u32 s, u32 type)
{
	return slot_is_in_page(s) && SLOT(s)->type == type;
}

err_t sys_irq_message(u32 t, u32 irq)
{
	(void)t;
	CHECK_SPEC(is_of(irq, OBJ_IRQ));
	return OK;
}

err_t sys_ioport_in(u32 t, u32 ports, u64 offset, u64 width)
{
	(void)t;
	CHECK_SPEC(is_of(ports, OBJ_IOPORTS) & (offset <= UINT32_MAX) & (width >= 1) & (width <= 4));
	return OK;
}

err_t sys_ioport_out(u32 t, u32 ports, u64 offset, u64 width, u64 value)
{
	(void)t;
	(void)value;
	CHECK_SPEC(is_of(ports, OBJ_IOPORTS) & (offset <= UINT32_MAX) & (width >= 1) & (width <= 4));
	return OK;
}

err_t sys_device_faults(u32 t, u32 dev)
{
	(void)t;
	CHECK_SPEC(is_of(dev, OBJ_DEVICE));
	return OK;
}

err_t sys_system_debug_write(u32 t, u32 s, u64 length, u64 a, u64 b, u64 c)
{
	(void)t;
	(void)a;
	(void)b;
	(void)c;
	CHECK_SPEC(is_of(s, OBJ_SYSTEM) & (length <= 24));
	return OK;
}

err_t sys_system_trace_read(u32 t, u32 s, u64 cpu, u64 from)
{
	(void)t;
	(void)cpu;
	(void)from;
	CHECK_SPEC(is_of(s, OBJ_SYSTEM));
	return OK;
}

/* The rest only stands for "the handler was called". */
#define HANDLER(name, ...) err_t sys_##name(__VA_ARGS__) { return OK; }
HANDLER(cap_drain, u32, u64)
HANDLER(object_create, u32, u32, u32, u64, u64, u64)
HANDLER(frames_create, u32, u32, u32, u64, u64)
HANDLER(frames_extend, u32, u32, u64)
HANDLER(frames_clear, u32, u32, u64, u64)
HANDLER(ptable_attach, u32, u32, u32, u64, u64)
HANDLER(grant_create, u32, u32, u32, u32, u64, u64, u64)
HANDLER(grant_map, u32, u32, u64, u64, u64, u64)
HANDLER(grant_map_list, u32, u32, u64)
HANDLER(grant_unmap, u32, u32, u64, u64, u64)
HANDLER(space_copy, u32, u32, u32, u64, u64, u64)
HANDLER(space_harvest, u32, u32, u64, u64)
HANDLER(thread_bind, u32, u32, u64, u32, u64)
HANDLER(thread_start, u32, u32, u64, u64, u64)
HANDLER(thread_stop, u32, u32)
HANDLER(thread_resume, u32, u32)
HANDLER(thread_get_regs, u32, u32, u64)
HANDLER(thread_set_regs, u32, u32, u64)
HANDLER(thread_set_prio, u32, u32, u64)
HANDLER(thread_set_cpu, u32, u32, u32, u64)
HANDLER(thread_debug, u32, u32, u64, u64)
HANDLER(thread_yield, u32)
HANDLER(sched_configure, u32, u32, u32, u64, u64, u64)
HANDLER(ep_call, u32, u32, u64, u64)
HANDLER(ep_reply_recv, u32, u32, u64, u64, u32)
HANDLER(ep_send, u32, u32, u64, u64)
HANDLER(ep_recv, u32, u32, u64, u64)
HANDLER(ep_cancel, u32, u32, u64, u64)
HANDLER(reply, u32, u64, u64, u32)
HANDLER(irq_create, u32, u32, u32, u64, u32, u64, u64)
HANDLER(irq_bind, u32, u32, u32, u64)
HANDLER(irq_ack, u32, u32)
HANDLER(device_create, u32, u32, u32, u64, u32)
HANDLER(device_bind, u32, u32, u32)
HANDLER(device_watch, u32, u32, u32, u64)

/* --- calls ------------------------------------------------------------------------------- */

static u32 the_caller(void)
{
	ANY(u32, t);

	ASSUME_STATE(caller, thread_is(t), "calls are made by threads");
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
