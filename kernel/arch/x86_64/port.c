/* SPDX-License-Identifier: MIT */
/*
 * I/O ports for programs, and those that the kernel keeps for itself.
 *
 * Called by:  ioport.c.
 */
#include "platform.h"
#include "asm.h"

u32 arch_port_in(u32 port, u32 width)
{
	if (width == 1)
		return in8(port);
	return width == 2 ? in16(port) : in32(port);
}

void arch_port_out(u32 port, u32 width, u32 value)
{
	if (width == 1)
		out8(port, value);
	else if (width == 2)
		out16(port, value);
	else
		out32(port, value);
}

static bool meets(u32 port, u32 width, u32 first, u32 count)
{
	return port < first + count && first < port + width;
}

/*
 * The 8259s, by which a program could send interrupts around the I/O APIC, and
 * the register that switches between them and it (MultiProcessor Specification
 * 1.4, 3.6.2.1).
 */
bool arch_port_ok(u32 port, u32 width)
{
	return port + width <= 0x10000 && !meets(port, width, 0x20, 2) &&
	       !meets(port, width, 0xa0, 2) && !meets(port, width, 0x22, 2);
}
