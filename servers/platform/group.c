/* SPDX-License-Identifier: MIT */
/*
 * Isolation groups: functions that the IOMMU cannot tell apart, or that reach each other behind its
 * back, become one device (PCI Express 4.0, 6.12: access control services; PCI Express to PCI
 * bridges 1.0, 2.3: requester ids of what lies behind a bridge).
 *
 * A function is alone in its group if its requests travel to the root under its own number and no
 * port on the way may turn them to a sibling.  Functions of one slot without ACS form a group.
 * Whatever lies behind a port without ACS, or a bridge to conventional PCI, forms a group, named
 * after the bridge nearest to the root of which that is true.
 */
#include "machine.h"
#include "pci.h"

enum {
	ACS_WANTED = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4, /* validation, requests, completions, up */
	ACS_ENDPOINT = 1 << 2 | 1 << 3,
	ACS_CONTROL = 4,
	PORT_ROOT = 4,
	PORT_UPSTREAM = 5,
	PORT_DOWNSTREAM = 6,
	GROUP_IDS_MAX = 8, /* that one device can have */
};

static uint32_t port_type(const struct pci_function *f)
{
	return f->express == 0 ? 0 : cfg_read(f->address, f->express) >> 20 & 15;
}

/* Turn access control on.  False: the function does not have what is wanted. */
static bool use_acs(const struct pci_function *f, uint32_t wanted)
{
	if (f->acs == 0)
		return false;
	uint32_t can = cfg_read(f->address, f->acs + ACS_CONTROL) & 0xffff;
	if ((can & wanted) != wanted)
		return false;
	cfg_write(f->address, f->acs + ACS_CONTROL, (can & ACS_WANTED) << 16);
	return (cfg_read(f->address, f->acs + ACS_CONTROL) >> 16 & wanted) == wanted;
}

/* Do requests from behind this bridge reach the root, under the numbers of their functions? */
static bool bridge_isolates(const struct pci_function *f)
{
	switch (port_type(f)) {
	case PORT_ROOT:
	case PORT_DOWNSTREAM: return use_acs(f, ACS_WANTED);
	case PORT_UPSTREAM: return true; /* its downstream ports decide */
	default: return false;
	}
}

static bool is_conventional(const struct pci_function *f)
{
	uint32_t type = port_type(f);

	return type != PORT_ROOT && type != PORT_DOWNSTREAM && type != PORT_UPSTREAM;
}

static void group_function(struct pci_function *f)
{
	if (f->multi && !use_acs(f, ACS_ENDPOINT))
		f->group = f->address & ~7u;
	for (uint32_t i = 0, up = f->parent; i < PCI_BUSES && up != PCI_NONE; i++) {
		const struct pci_function *b = &pci.function[up];

		if (is_conventional(b))
			f->confinable = false;
		if (!bridge_isolates(b))
			f->group = b->address;
		up = b->parent;
	}
}

/* The requester ids of a group: from the first to the last of its functions. */
static void measure(struct pci_function *f)
{
	uint32_t first = f->address, last = f->address;
	bool ok = f->confinable;

	for (uint32_t i = 0; i < pci.functions; i++) {
		const struct pci_function *o = &pci.function[i];

		if (o->group != f->group || o->bridge)
			continue;
		ok = ok && o->confinable;
		first = o->address < first ? o->address : first;
		last = o->address > last ? o->address : last;
	}
	f->range_first = first;
	f->range_count = last - first + 1;
	f->confinable = ok && first >> 8 == last >> 8 && f->range_count <= GROUP_IDS_MAX;
}

void pci_group(void)
{
	for (uint32_t i = 0; i < pci.functions; i++) {
		if (!pci.function[i].bridge)
			group_function(&pci.function[i]);
	}
	for (uint32_t i = 0; i < pci.functions; i++) {
		if (!pci.function[i].bridge)
			measure(&pci.function[i]);
	}
}
