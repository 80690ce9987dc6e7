/* SPDX-License-Identifier: MIT */
/*
 * The end of the system.
 */
#include "init.h"

/* QEMU's isa-debug-exit device: the emulator ends with status value << 1 | 1. */
enum { EXIT_PORT = 0xf4, EXIT_OK = 0x10, EXIT_FAILED = 0x20 };

void power_end(u64 what, u64 status)
{
	for (u32 i = 0; i < components; i++)
		text_flush(&component[i]);
	if (what == 0)
		(void)ioport_out((ioports_h){ HANDLE_IOPORTS }, EXIT_PORT, 1,
				 status == 0 ? EXIT_OK : EXIT_FAILED);
	device_power(what);
	text_line("the machine cannot be switched off");
	for (;;)
		(void)notif_wait(sys_notif(), 0, NULL);
}
