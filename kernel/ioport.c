/* SPDX-License-Identifier: MIT */
/*
 * I/O ports: reading and writing those of a range capability.
 *
 * Owns:       nothing.
 * Locks:      none: what the ports mean is the caller's affair.
 * Called by:  the generated dispatcher.
 * Never:      reaches ports that the architecture keeps for the kernel.
 */
#include "ks.h"
#include "dispatch.h"

static err_t check_port(u32 ports, u64 offset, u64 width)
{
	if (width == 3)
		return ERR_ARG;
	if (offset + width > SLOT(ports)->count)
		return ERR_RANGE;
	if (!arch_port_ok(SLOT(ports)->first + (u32)offset, (u32)width))
		return ERR_RANGE;
	return OK;
}

err_t sys_ioport_in(u32 t, u32 ports, u64 offset, u64 width)
{
	err_t e = check_port(ports, offset, width);

	if (!err_is_ok(e))
		return e;
	/* commit */
	FR_OUT(t, 0) = arch_port_in(SLOT(ports)->first + (u32)offset, (u32)width);
	return OK;
}

err_t sys_ioport_out(u32 t, u32 ports, u64 offset, u64 width, u64 value)
{
	err_t e = check_port(ports, offset, width);

	(void)t;
	if (!err_is_ok(e))
		return e;
	/* commit */
	arch_port_out(SLOT(ports)->first + (u32)offset, (u32)width, (u32)value);
	return OK;
}
