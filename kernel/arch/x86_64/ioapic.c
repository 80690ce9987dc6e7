/* SPDX-License-Identifier: MIT */
/*
 * I/O APICs.
 *
 * Owns:       registers of the I/O APICs.
 * Locks:      ioapics.lock: a register is reached in two steps.
 * Called by:  the boot path of CPU 0; msi.c.
 */
#include "ioapic.h"

enum {
	IOAPIC_SELECT = 0x00, /* which register (82093AA data sheet, 3.1) */
	IOAPIC_WINDOW = 0x10, /* its value */
	IOAPIC_VERSION = 1,
	IOAPIC_ENTRY = 0x10, /* two registers for each input */
	IOAPIC_INPUTS_MAX = 240,
};

static struct {
	struct lock lock;
	struct {
		volatile void *regs;
		u32 gsi; /* of the first input */
		u32 inputs;
		u32 source; /* requester id, or NIL */
	} unit[IOAPIC_MAX];
} ioapics;

static u32 read(u32 unit, u32 reg)
{
	mmio_write32(ioapics.unit[unit].regs, IOAPIC_SELECT, reg);
	return mmio_read32(ioapics.unit[unit].regs, IOAPIC_WINDOW);
}

static void write(u32 unit, u32 reg, u32 value)
{
	mmio_write32(ioapics.unit[unit].regs, IOAPIC_SELECT, reg);
	mmio_write32(ioapics.unit[unit].regs, IOAPIC_WINDOW, value);
}

static u32 unit_of(u32 gsi)
{
	for (u32 i = 0; i < machine.ioapics; i++) {
		if (gsi >= ioapics.unit[i].gsi &&
		    gsi - ioapics.unit[i].gsi < ioapics.unit[i].inputs)
			return i;
	}
	return NIL;
}

bool ioapic_has(u32 gsi)
{
	return unit_of(gsi) != NIL;
}

u32 ioapic_source(u32 gsi)
{
	return ioapics.unit[unit_of(gsi)].source;
}

/* The upper half first: the lower one may unmask. */
static void entry_write(u32 unit, u32 input, u64 entry)
{
	write(unit, IOAPIC_ENTRY + input * 2, (u32)RTE_MASKED);
	write(unit, IOAPIC_ENTRY + input * 2 + 1, (u32)(entry >> 32));
	write(unit, IOAPIC_ENTRY + input * 2, (u32)entry);
}

void ioapic_write(u32 gsi, u64 entry)
{
	u32 unit = unit_of(gsi);

	arch_lock(&ioapics.lock);
	entry_write(unit, gsi - ioapics.unit[unit].gsi, entry);
	arch_unlock(&ioapics.lock);
}

/* Reading back what was written pushes the write out. */
void ioapic_mask(u32 gsi, bool masked)
{
	u32 unit = unit_of(gsi);
	u32 reg = IOAPIC_ENTRY + (gsi - ioapics.unit[unit].gsi) * 2;

	arch_lock(&ioapics.lock);
	u32 entry = read(unit, reg) & ~(u32)RTE_MASKED;
	write(unit, reg, entry | (masked ? (u32)RTE_MASKED : 0));
	(void)read(unit, reg);
	arch_unlock(&ioapics.lock);
}

/* The DMAR table names an I/O APIC's requester id by its MADT id (VT-d 3.3, 8.3.1). */
static u32 source_find(u32 id)
{
	for (u32 i = 0; i < machine.scopes; i++) {
		const struct dmar_scope *s = &machine.scope[i];

		if (s->kind == SCOPE_IOAPIC && s->id == id && s->hops == 0)
			return s->source & 0xffff;
	}
	return NIL;
}

/* All inputs masked. */
void ioapic_init(void)
{
	for (u32 i = 0; i < machine.ioapics; i++) {
		ioapics.unit[i].regs = mmio_map(machine.ioapic[i].address, 32);
		ioapics.unit[i].gsi = machine.ioapic[i].gsi;
		ioapics.unit[i].source = source_find(machine.ioapic[i].id);
		ioapics.unit[i].inputs = (read(i, IOAPIC_VERSION) >> 16 & 0xff) + 1;
		if (ioapics.unit[i].inputs > IOAPIC_INPUTS_MAX)
			ioapics.unit[i].inputs = IOAPIC_INPUTS_MAX;
		for (u32 n = 0; n < ioapics.unit[i].inputs; n++)
			entry_write(i, n, RTE_MASKED);
	}
}
