/* SPDX-License-Identifier: MIT */
/*
 * Capabilities of a function: what it can do, and where (PCI 3.0, 6.7; PCI Express 4.0, 7.5, 7.7;
 * virtio 1.2, 4.1.4).
 *
 * Never:  follows a list for more than CAPS_MAX steps: a device may make a circle.
 */
#include "machine.h"
#include "pci.h"

enum {
	CAPS_MAX = 48,
	EXTENDED_MAX = 64,
	STATUS_CAPS = 1 << 20,
	CAP_MSI = 0x05,
	CAP_VENDOR = 0x09,
	CAP_EXPRESS = 0x10,
	CAP_MSIX = 0x11,
	CAP_AF = 0x13,
	EXTENDED_ACS = 0x0d,
	EXPRESS_DEVICE = 4,
	EXPRESS_FLR = 1 << 28,
	AF_FLR = 1 << 25, /* of the word at the capability's start */
	VIRTIO_VENDOR = 0x1af4,
	VIRTIO_MODERN = 0x1040,
};

/* 4.1.4: types of virtio structures. */
enum { CFG_COMMON = 1, CFG_NOTIFY, CFG_ISR, CFG_DEVICE };

/* A structure must lie in its BAR. */
static bool place_ok(const struct pci_function *f, const struct virtio_place *p)
{
	if (p->region >= PCI_BARS)
		return false;
	const struct pci_bar *b = &f->bar[p->region];
	return !b->ports && p->bytes != 0 && p->offset < b->bytes &&
	       p->bytes <= b->bytes - p->offset;
}

/* 4.1.4: the first structure of a type that can be used counts. */
static void read_virtio(struct pci_function *f, uint32_t at)
{
	struct virtio_pci_map *m = &f->virtio.pci;
	struct virtio_place p = { cfg_read(f->address, at + 4) & 0xff,
				  cfg_read(f->address, at + 12), cfg_read(f->address, at + 8) };
	struct virtio_place *to = NULL;

	switch (cfg_read(f->address, at) >> 24) {
	case CFG_COMMON: to = &m->common; break;
	case CFG_NOTIFY: to = &m->notify; break;
	case CFG_ISR: to = &m->isr; break;
	case CFG_DEVICE: to = &m->device; break;
	default: return;
	}
	if (to->bytes != 0 || !place_ok(f, &p))
		return;
	*to = p;
	if (to == &m->notify)
		m->notify_multiplier = cfg_read(f->address, at + 16);
}

static void read_cap(struct pci_function *f, uint32_t at, uint32_t head)
{
	switch (head & 0xff) {
	case CAP_MSI: f->msi = at; break;
	case CAP_MSIX: f->msix = at; break;
	case CAP_EXPRESS:
		f->express = at;
		f->can_reset |= (cfg_read(f->address, at + EXPRESS_DEVICE) & EXPRESS_FLR) != 0;
		break;
	case CAP_AF:
		f->af = at;
		f->can_reset |= (head & AF_FLR) != 0;
		break;
	case CAP_VENDOR:
		if (f->is_virtio)
			read_virtio(f, at);
		break;
	default: break;
	}
}

static void read_extended(struct pci_function *f)
{
	uint32_t at = CFG_EXTENDED;

	for (uint32_t i = 0; i < EXTENDED_MAX && at >= CFG_EXTENDED; i++) {
		uint32_t head = cfg_read(f->address, at);

		if (head == 0 || head == 0xffffffff)
			return;
		if ((head & 0xffff) == EXTENDED_ACS)
			f->acs = at;
		at = head >> 20 & 0xffc;
	}
}

/* The table must lie in a memory BAR; else there is none. */
static void check_msix(struct pci_function *f)
{
	if (f->msix == 0)
		return;
	uint32_t entries = (cfg_read(f->address, f->msix) >> 16 & 0x7ff) + 1;
	uint32_t table = cfg_read(f->address, f->msix + 4);
	struct virtio_place p = { table & 7, entries * 16, table & ~7u };

	f->table = p;
	if (place_ok(f, &p))
		f->messages = entries < PCI_MESSAGES ? entries : PCI_MESSAGES;
	else
		f->msix = 0;
}

void pci_read_caps(struct pci_function *f)
{
	uint32_t at = 0;

	f->is_virtio = f->vendor == VIRTIO_VENDOR && f->device > VIRTIO_MODERN;
	f->virtio = (struct virtio_platform){ .transport = VIRTIO_PCI,
					      .device_type = f->device - VIRTIO_MODERN };
	if (cfg_read(f->address, CFG_COMMAND) & STATUS_CAPS)
		at = cfg_read(f->address, CFG_CAPS) & 0xfc;
	for (uint32_t i = 0; i < CAPS_MAX && at >= 0x40; i++) {
		uint32_t head = cfg_read(f->address, at);

		read_cap(f, at, head);
		at = head >> 8 & 0xfc;
	}
	if (f->express != 0)
		read_extended(f);
	check_msix(f);
	if (f->msix == 0 && f->msi != 0)
		f->messages = 1;
}
