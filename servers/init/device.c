/* SPDX-License-Identifier: MIT */
/*
 * Devices of drivers, from the platform server; the end of the system.
 */
#include "init.h"

/* QEMU's isa-debug-exit device. */
enum { EXIT_PORT = 0xf4, EXIT_OK = 0x10, EXIT_FAILED = 0x20 };

void device_enable(struct component *c)
{
	(void)c;
}

void device_quiesce(struct component *c)
{
	(void)c;
}

void device_lost(void)
{
}

void power_end(u64 what, u64 status)
{
	(void)what;
	(void)ioport_out((ioports_h){ HANDLE_IOPORTS }, EXIT_PORT, 1,
			 status == 0 ? EXIT_OK : EXIT_FAILED);
	(void)thread_stop((thread_h){ HANDLE_THREAD });
	__builtin_trap();
}
