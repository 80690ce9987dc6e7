/* SPDX-License-Identifier: MIT */
/*
 * PCI functions: what was found out about each.
 *
 * Configuration space is the devices': they may say anything.  Nothing read there is an index or
 * a length before it was checked, and every list in it is followed for a bounded number of steps.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "../../drivers/virtio/virtio.h"

enum {
	PCI_FUNCTIONS = 128,
	PCI_BUSES = 32, /* that are looked at */
	PCI_BARS = 6,
	PCI_NONE = 0xffffffff,
	PCI_MESSAGES = 17, /* of one function, that are used */
};

/* Registers of configuration space (PCI 3.0, 6.1). */
enum {
	CFG_ID = 0x00,
	CFG_COMMAND = 0x04,
	CFG_CLASS = 0x08,
	CFG_HEADER = 0x0c,
	CFG_BAR0 = 0x10,
	CFG_BUSES = 0x18, /* bridges */
	CFG_BRIDGE_IO = 0x1c,
	CFG_BRIDGE_MEMORY = 0x20,
	CFG_BRIDGE_PREFETCH = 0x24,
	CFG_SUBSYSTEM = 0x2c,
	CFG_CAPS = 0x34,
	CFG_EXTENDED = 0x100,
};

enum { COMMAND_IO = 1, COMMAND_MEMORY = 2, COMMAND_MASTER = 4, COMMAND_NO_INTX = 0x400 };

struct pci_bar {
	uint64_t address; /* 0: nowhere */
	uint64_t bytes;   /* 0: none, or the upper half of the one before */
	bool ports, wide; /* wide: 64 bits, with the next register */
};

struct pci_window {
	uint64_t first, end; /* addresses */
};

struct pci_function {
	uint32_t address; /* bus << 8 | device << 3 | function */
	uint32_t vendor, device, class_code, subsystem;
	bool bridge, multi; /* multi: there are other functions in its slot */
	uint32_t bus;       /* bridges: the bus behind it, 0: none */
	uint32_t last_bus;  /* bridges: the last one behind it */
	uint32_t parent;    /* the bridge it lies behind: its place in `function`, or PCI_NONE */
	uint32_t msi, msix, express, af, acs; /* where these capabilities are, 0: there is none */
	struct virtio_place table; /* of MSI-X, as it was found: later it may say something else */
	uint32_t messages; /* entries of the MSI-X table, or 1 for MSI; at most PCI_MESSAGES */
	uint32_t group;    /* address of what stands for the group, see group.c */
	uint32_t range_first, range_count; /* the group's requester ids, if `confinable` */
	bool confinable;
	bool can_reset; /* function-level reset */
	struct pci_bar bar[PCI_BARS];
	bool open;                   /* bridges: firmware set windows up */
	struct pci_window window[2]; /* these */
	bool is_virtio;
	struct virtio_platform virtio;
};

struct pci {
	uint32_t functions;
	struct pci_function function[PCI_FUNCTIONS];
};

extern struct pci pci;

/* pci.c: find all functions behind bus 0, number buses where firmware did not. */
void pci_find(void);
/* bars.c: learn the sizes of BARs, and place those that are nowhere into these windows. */
void pci_place(const struct pci_window *memory, const struct pci_window *ports);
/* caps.c: what the capabilities of a function say. */
void pci_read_caps(struct pci_function *f);
/* group.c: which functions the IOMMU cannot tell apart. */
void pci_group(void);

/* message.c: programming messages, bus mastering, reset. */
void pci_enable(const struct pci_function *f);
bool pci_route(const struct pci_function *f, uint32_t message, uint64_t address, uint32_t data);
void pci_quiesce(const struct pci_function *f);
