/* SPDX-License-Identifier: MIT */
/*
 * The list of devices that the client sees, from all kinds.
 */
#pragma once
#include <tessera/platform.h>

#include "board.h"
#include "pci.h"

enum { DEVICES_MAX = 128 };

struct device {
	struct plat_device d;
	uint32_t index; /* PCI: in pci.function; virtio: in board.slot */
};

struct platform {
	struct firmware firmware;
	struct board board;
	uint32_t devices;
	struct device device[DEVICES_MAX];
};

extern struct platform platform;

/* devices.c: find everything there is. */
struct platform_options {
	uint64_t acpi_root;
	bool virtio_slots; /* look for them in any case */
};
void platform_find(const struct platform_options *o);
/* Where region i of a device is: an address, or a port.  0: there is none. */
uint64_t platform_region(const struct device *d, uint32_t region);
/* Stop a device: afterwards it reaches no memory. */
void platform_quiesce(const struct device *d);
