/* SPDX-License-Identifier: MIT */
/*
 * Letting a function work, and stopping it: messages (PCI 3.0, 6.8), bus mastering, function-level
 * reset (PCI Express 4.0, 6.6.2).
 *
 * Never:  gives anybody the registers that this writes.
 */
#include "machine.h"
#include "pci.h"

enum {
	MSIX_ENABLE = 1u << 31,
	MSIX_MASK_ALL = 1 << 30,
	MSI_ENABLE = 1 << 16,
	MSI_MANY = 7 << 20,
	MSI_WIDE = 1 << 23,
	EXPRESS_CONTROL = 8,
	EXPRESS_FLR = 1 << 15,
	AF_CONTROL = 4,
	AF_FLR = 1,
	RESET_US = 100000,
};

static void command(const struct pci_function *f, uint32_t set, uint32_t clear)
{
	uint32_t c = cfg_read(f->address, CFG_COMMAND) & 0xffff;

	cfg_write(f->address, CFG_COMMAND, (c & ~clear) | set | COMMAND_NO_INTX);
}

void pci_enable(const struct pci_function *f)
{
	command(f, COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER, 0);
	/* The bridges on the way must forward. */
	for (uint32_t i = 0, up = f->parent; i < PCI_BUSES && up != PCI_NONE; i++) {
		command(&pci.function[up], COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER, 0);
		up = pci.function[up].parent;
	}
}

static volatile uint32_t *msix_entry(const struct pci_function *f, uint32_t message)
{
	return phys_map(f->bar[f->table.region].address + f->table.offset + 16ull * message, 16);
}

static bool route_msix(const struct pci_function *f, uint32_t message, uint64_t address,
		       uint32_t data)
{
	volatile uint32_t *entry = msix_entry(f, message);

	if (entry == NULL)
		return false;
	uint32_t control = cfg_read(f->address, f->msix) & ~(uint32_t)MSIX_MASK_ALL;
	command(f, COMMAND_MEMORY, 0);
	entry[3] = 1; /* masked while it changes */
	entry[0] = (uint32_t)address;
	entry[1] = (uint32_t)(address >> 32);
	entry[2] = data;
	entry[3] = 0;
	cfg_write(f->address, f->msix, control | MSIX_ENABLE);
	return true;
}

static void route_msi(const struct pci_function *f, uint64_t address, uint32_t data)
{
	uint32_t control = cfg_read(f->address, f->msi) & ~(uint32_t)(MSI_ENABLE | MSI_MANY);

	cfg_write(f->address, f->msi, control);
	cfg_write(f->address, f->msi + 4, (uint32_t)address);
	if (control & MSI_WIDE) {
		cfg_write(f->address, f->msi + 8, (uint32_t)(address >> 32));
		cfg_write(f->address, f->msi + 12, data);
	} else {
		cfg_write(f->address, f->msi + 8, data);
	}
	cfg_write(f->address, f->msi, control | MSI_ENABLE);
}

bool pci_route(const struct pci_function *f, uint32_t message, uint64_t address, uint32_t data)
{
	if (message >= f->messages)
		return false;
	if (f->msix != 0)
		return route_msix(f, message, address, data);
	if (address >> 32 != 0 && !(cfg_read(f->address, f->msi) & MSI_WIDE))
		return false;
	route_msi(f, address, data);
	return true;
}

/* 7.5.3.4: all registers are then as after power on. */
static void reset(const struct pci_function *f)
{
	if (f->express != 0 && (cfg_read(f->address, f->express + 4) & 1u << 28)) {
		uint32_t c = cfg_read(f->address, f->express + EXPRESS_CONTROL) & 0xffff;

		cfg_write(f->address, f->express + EXPRESS_CONTROL, c | EXPRESS_FLR);
	} else {
		cfg_write(f->address, f->af + AF_CONTROL, AF_FLR);
	}
	machine_wait_us(RESET_US);
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *b = &f->bar[i];

		if (b->bytes == 0)
			continue;
		cfg_write(f->address, CFG_BAR0 + 4 * i, (uint32_t)b->address);
		if (b->wide)
			cfg_write(f->address, CFG_BAR0 + 4 * i + 4, (uint32_t)(b->address >> 32));
	}
}

/*
 * Masked, all and each, but not switched off: then it would use its line, and QEMU's e1000e, to version 7.2 at least,
 * ends the emulator when that happens soon after an interrupt.
 */
static void mask_msix(const struct pci_function *f)
{
	cfg_write(f->address, f->msix, cfg_read(f->address, f->msix) | MSIX_MASK_ALL);
	command(f, COMMAND_MEMORY, 0);
	for (uint32_t i = 0; i < f->messages; i++) {
		volatile uint32_t *entry = msix_entry(f, i);

		if (entry != NULL)
			entry[3] = 1;
	}
}

void pci_quiesce(const struct pci_function *f)
{
	command(f, 0, COMMAND_MASTER);
	if (f->msix != 0)
		mask_msix(f);
	else if (f->msi != 0)
		cfg_write(f->address, f->msi, cfg_read(f->address, f->msi) & ~(uint32_t)MSI_ENABLE);
	if (f->can_reset)
		reset(f);
}
