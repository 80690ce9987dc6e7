/* SPDX-License-Identifier: MIT */
/*
 * The authority of the platform server: what it was given.
 */
#pragma once
#include <tessera/component.h>
#include <tessera/sys.h>

struct powers {
	ioports_h ports;
	irqctl_h lines;
	devctl_h devices;
	u32 devmems;
	struct comp_devmem devmem[COMP_DEVMEMS];
};

extern struct powers powers;

/* A capability to pages of device memory, in a new slot.  0: they are not all in one region. */
u32 powers_devmem(u64 first, u64 pages);
