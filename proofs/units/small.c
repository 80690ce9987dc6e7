/* SPDX-License-Identifier: MIT */
/* prove:
 * batch = 8
 * [h_port_in]
 * function = "sys_ioport_in"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_port_out]
 * function = "sys_ioport_out"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_debug_write]
 * function = "sys_system_debug_write"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_trace_read]
 * function = "sys_system_trace_read"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_message]
 * function = "sys_irq_message"
 * columns = ["ub", "invariant", "spec", "leak", "footprint"]
 * [h_faults]
 * function = "sys_device_faults"
 * only = "when the IOMMU has none that were not counted"
 * columns = ["ub", "invariant", "spec", "leak"]
 */
/*
 * Calls that change little: ports, the console, what an interrupt or a device says.
 */
#include "prover.h"
#include "whole.h"
#include "footprint.h"
#include "handed.h"

#include <ioport.c>
#include <system.c>
#include <irq.c>
#include <device.c>

/* --- the machine -------------------------------------------------------------------------- */

struct {
	u64 value, address, data;
	u32 port, width, written; /* of the last port that was written */
	u32 length;
	u8 ok, bytes[32]; /* what went to the console */
} io;

bool arch_port_ok(u32 port, u32 width)
{
	(void)port;
	(void)width;
	return io.ok & 1;
}

u32 arch_port_in(u32 port, u32 width)
{
	(void)port;
	(void)width;
	return (u32)io.value;
}

void arch_port_out(u32 port, u32 width, u32 value)
{
	io.port = port;
	io.width = width;
	io.written = value;
}

void arch_console_write(const char *bytes, u32 length)
{
	for (u32 i = 0; i < 24; i++)
		io.bytes[i] = (u8)bytes[i];
	io.length = length;
}

void arch_irq_message(u32 page, u64 *address, u64 *data)
{
	(void)page;
	*address = io.address;
	*data = io.data;
}

/* Faults that were not looked at before are counted: any number. */
void arch_iommu_faults(bool all)
{
	(void)all;
}

/* --- nothing but the caller's result registers -------------------------- */

/* n result registers of thread t may differ. */
static void check_results(u32 t, u32 n)
{
	ASSIGNS_RUN(n != 0, FR_OUT(t, 0), n);
	check_whole();
}

PRED u32 spec_port_error(u32 s, u64 offset, u64 width)
{
	return width == 3				 ? ERRNO_ARG
	       : offset + width > SLOT(s)->count ? ERRNO_RANGE
	       : (io.ok & 1) == 0			 ? ERRNO_RANGE
							 : ERRNO_OK;
}

void h_port_in(u32 t, u32 s, u64 offset, u64 width)
{
	CALLER(t);
	HANDED(ioport_in, s, offset, width);
	const u32 bad = spec_port_error(s, offset, width);
	const err_t err = sys_ioport_in(t, s, offset, width);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", FR_OUT(t, 0) == (u32)io.value);
	check_results(t, err.v == 0 ? 1 : 0);
	check_footprint(any, true, old_thread[t].home);
	COVER(err.v == 0);
}

/* A port inside the range, and no other. */
void h_port_out(u32 t, u32 s, u64 offset, u64 width, u64 value)
{
	CALLER(t);
	HANDED(ioport_out, s, offset, width, value);
	HINT(1, any_cap_range_inv(s));
	const u32 bad = spec_port_error(s, offset, width);
	const u32 before = io.port;
	const err_t err = sys_ioport_out(t, s, offset, width, value);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v != 0, "spec", io.port == before);
	CHECK_IF(err.v == 0, "spec", (io.port - SLOT(s)->first == offset) & (io.width == width) & (io.written == (u32)value));
	CHECK_IF(err.v == 0, "spec", (io.port >= SLOT(s)->first) & (offset + width <= SLOT(s)->count));
	ASSIGNS_NOTHING();
	check_whole();
	check_footprint(any, true, old_thread[t].home);
	COVER(err.v == 0);
}

void h_debug_write(u32 t, u32 s, u64 length, u64 a, u64 b, u64 c, u32 i)
{
	ASSUME_INPUT(i < 24);
	CALLER(t);
	HANDED(system_debug_write, s, length);
	const err_t err = sys_system_debug_write(t, s, length, a, b, c);
	const u64 word = i < 8 ? a : i < 16 ? b : c;

	CHECK_SPEC(err.v == 0);
	CHECK_SPEC(io.length == length);
	CHECK_SPEC(io.bytes[i] == (u8)(word >> (i % 8 * 8)));
	ASSIGNS_NOTHING();
	check_whole();
	check_footprint(any, true, old_thread[t].home);
}

/* In a kernel that keeps no trace there is nothing to read. */
void h_trace_read(u32 t, u32 s, u64 cpu, u64 from)
{
	CALLER(t);
	HANDED(system_trace_read, s, cpu);
	const u32 bad = TH(t)->msg == NIL ? ERRNO_MSG_PAGE : cpu >= ks.cpus ? ERRNO_RANGE : ERRNO_OK;
	const err_t err = sys_system_trace_read(t, s, cpu, from);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(err.v == 0, "spec", (FR_OUT(t, 0) == 0) & (FR_OUT(t, 1) == from));
	check_results(t, err.v == 0 ? 2 : 0);
	COVER(err.v == 0);
}

void h_message(u32 t, u32 s)
{
	CALLER(t);
	HANDED(irq_message, s);
	HINT(1, any_cap_object_inv(s));
	const u32 q = SLOT(s)->obj;
	const bool bad = IRQ(q)->kind != IRQ_MESSAGE || IRQ(q)->vector == NIL;
	const err_t err = sys_irq_message(t, s);

	CHECK_SPEC(err.v == (bad ? ERRNO_STATE : ERRNO_OK));
	CHECK_IF(!bad, "spec", (FR_OUT(t, 0) == io.address) & (FR_OUT(t, 1) == io.data));
	check_results(t, bad ? 0 : 2);
	check_footprint(any, true, old_thread[t].home);
	COVER(!bad);
}

void h_faults(u32 t, u32 s)
{
	CALLER(t);
	HANDED(device_faults, s);
	HINT(1, any_cap_object_inv(s));
	const u32 d = SLOT(s)->obj;
	const err_t err = sys_device_faults(t, s);

	CHECK_SPEC(err.v == 0);
	CHECK_SPEC((FR_OUT(t, 0) == DV(d)->faults) & (FR_OUT(t, 1) == DV(d)->fault_address) & (FR_OUT(t, 2) == DV(d)->fault_what));
	check_results(t, 3);
}
