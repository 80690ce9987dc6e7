/* SPDX-License-Identifier: MIT */
/*
 * Finding PCI functions, and numbering buses (PCI 3.0, 6.1; PCI-to-PCI bridges 1.2, 3.2.5).
 *
 * Owns:   the list of functions.
 * Never:  changes the numbers of a bridge that firmware numbered sensibly.
 */
#include "machine.h"
#include "pci.h"

enum { DEVICES = 32, IDS_NONE = 0xffff, HEADER_MULTI = 0x80, HEADER_BRIDGE = 1 };

struct pci pci;
static uint32_t next_bus; /* the first that no bridge has */

static struct pci_function *add(uint32_t address, uint32_t parent)
{
	struct pci_function *f = &pci.function[pci.functions];
	uint32_t id = cfg_read(address, CFG_ID), header = cfg_read(address, CFG_HEADER) >> 16;

	*f = (struct pci_function){
		.address = address,
		.vendor = id & 0xffff,
		.device = id >> 16,
		.class_code = cfg_read(address, CFG_CLASS) >> 8,
		.parent = parent,
		.bridge = (header & 0x7f) == HEADER_BRIDGE,
		.group = address,
		.range_first = address,
		.range_count = 1,
		.confinable = true,
	};
	if ((header & 0x7f) == 0)
		f->subsystem = cfg_read(address, CFG_SUBSYSTEM);
	pci.functions++;
	return f;
}

static bool is_there(uint32_t address)
{
	uint32_t vendor = cfg_read(address, CFG_ID) & 0xffff;

	return vendor != IDS_NONE && vendor != 0;
}

static void find_on_bus(uint32_t bus, uint32_t parent)
{
	for (uint32_t device = 0; device < DEVICES; device++) {
		uint32_t slot = bus << 8 | device << 3;

		if (!is_there(slot))
			continue;
		bool multi = (cfg_read(slot, CFG_HEADER) >> 16 & HEADER_MULTI) != 0;

		for (uint32_t i = 0; i < (multi ? 8u : 1u); i++) {
			if (pci.functions == PCI_FUNCTIONS) {
				sys_print("more than %d PCI functions\n", PCI_FUNCTIONS);
				return;
			}
			if (is_there(slot | i))
				add(slot | i, parent)->multi = multi;
		}
	}
}

/*
 * Give a bridge its number.  Firmware's is kept if it is new and behind the parent's; then all
 * those after it up to the subordinate number belong to it.
 */
static bool number_bridge(struct pci_function *f)
{
	uint32_t bus = f->address >> 8, old = cfg_read(f->address, CFG_BUSES);
	uint32_t secondary = old >> 8 & 0xff, last = old >> 16 & 0xff;
	bool kept = (old & 0xff) == bus && secondary >= next_bus && last >= secondary &&
		    last < PCI_BUSES;

	if (!kept) {
		if (next_bus >= PCI_BUSES)
			return false;
		secondary = next_bus;
		/* All that may come behind it; closed when they are known. */
		cfg_write(f->address, CFG_BUSES,
			  (old & 0xff000000) | (PCI_BUSES - 1u) << 16 | secondary << 8 | bus);
		last = secondary;
	}
	f->bus = secondary;
	f->last_bus = last;
	next_bus = secondary + 1;
	return true;
}

/* Behind a bridge that was numbered here lie the numbers up to the last that was given. */
static void close_bridge(struct pci_function *f)
{
	uint32_t old = cfg_read(f->address, CFG_BUSES);

	if (f->last_bus < next_bus - 1)
		f->last_bus = next_bus - 1;
	cfg_write(f->address, CFG_BUSES, (old & 0xff00ffff) | f->last_bus << 16);
	next_bus = f->last_bus + 1;
}

/*
 * Depth first, as numbers of buses must be given: `open` holds the bridges on the way down, and
 * for each the place up to which functions of its bus were looked at.
 */
void pci_find(void)
{
	struct {
		uint32_t bridge, at, end;
	} open[PCI_BUSES];
	uint32_t depth = 0;

	pci.functions = 0;
	next_bus = 1;
	find_on_bus(0, PCI_NONE);
	open[0].bridge = PCI_NONE;
	open[0].at = 0;
	open[0].end = pci.functions;
	for (uint32_t step = 0; step < 2 * PCI_FUNCTIONS + PCI_BUSES; step++) {
		if (open[depth].at == open[depth].end) {
			if (depth == 0)
				return;
			close_bridge(&pci.function[open[depth--].bridge]);
			continue;
		}
		uint32_t i = open[depth].at++;
		struct pci_function *f = &pci.function[i];

		if (!f->bridge || depth + 1 == PCI_BUSES || !number_bridge(f))
			continue;
		open[++depth].bridge = i;
		open[depth].at = pci.functions;
		find_on_bus(f->bus, i);
		open[depth].end = pci.functions;
	}
}
