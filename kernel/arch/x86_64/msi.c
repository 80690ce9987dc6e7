/* SPDX-License-Identifier: MIT */
/*
 * Where interrupts of devices go: I/O APIC inputs and messages, through the
 * IOMMU's remapping table where there is one.
 *
 * Locks:      those of ioapic.c and vtd.c, inside.
 * Called by:  irq.c.
 *
 * The remapping entry of an interrupt is cpu * IRTE_PER_CPU + its vector index,
 * so no entries are handed out: who has the vector has the entry.  Without
 * remapping nothing stops a device from sending any vector to any CPU.
 */
#include "ioapic.h"
#include "percpu.h"
#include "vtd.h"

#define MSI_ADDRESS 0xfee00000ull /* Intel SDM vol 3, 11.11.1 */
#define MSI_REMAPPED (1ull << 4)  /* VT-d 3.3, 5.1.5.2 */

static void message_mask(u32 page, bool masked)
{
	const struct irq *q = IRQ(page);
	const struct irte e = { q->source, PERCPU(q->cpu)->apic_id, VECTOR_DEVICE + q->vector,
				false };

	if (q->entry == NIL)
		return;
	if (masked)
		vtd_irte_clear(q->entry);
	else
		vtd_irte_set(q->entry, &e);
}

static void line_route(u32 page)
{
	const struct irq *q = IRQ(page);
	u32 apic_id = PERCPU(q->cpu)->apic_id;
	bool level = (q->mode & IRQ_LEVEL) != 0;
	u64 entry = RTE_MASKED | (level ? RTE_LEVEL : 0) | (q->mode & IRQ_LOW ? RTE_LOW : 0) |
		    (VECTOR_DEVICE + q->vector);

	if (q->entry != NIL) {
		const struct irte e = { ioapic_source(q->source), apic_id,
					VECTOR_DEVICE + q->vector, level };
		vtd_irte_set(q->entry, &e);
		entry |= RTE_REMAPPED(q->entry);
	} else {
		entry |= RTE_APIC(apic_id);
	}
	ioapic_write(q->source, entry);
}

void arch_irq_route(u32 page)
{
	struct irq *q = IRQ(page);

	q->entry = vtd.remaps ? q->cpu * IRTE_PER_CPU + q->vector : NIL;
	if (q->kind == IRQ_LINE)
		line_route(page);
	else
		message_mask(page, true);
}

void arch_irq_unroute(u32 page)
{
	const struct irq *q = IRQ(page);

	if (q->kind == IRQ_LINE)
		ioapic_mask(q->source, true);
	if (q->entry != NIL)
		vtd_irte_clear(q->entry);
}

void arch_irq_mask(u32 page)
{
	if (IRQ(page)->kind == IRQ_LINE)
		ioapic_mask(IRQ(page)->source, true);
	else
		message_mask(page, true);
}

void arch_irq_unmask(u32 page)
{
	if (IRQ(page)->kind == IRQ_LINE)
		ioapic_mask(IRQ(page)->source, false);
	else
		message_mask(page, false);
}

/* The lowest device vector: a local APIC delivers all others first (SDM vol 3, 11.8.3). */
void arch_irq_drain(u32 cpu)
{
	lapic_send(cpu, VECTOR_DEVICE + IRQ_VECTOR_DRAIN);
}

bool arch_irq_exists(u32 kind, u32 source)
{
	return kind == IRQ_MESSAGE || ioapic_has(source);
}

/* 8 bits of APIC id fit where nothing is remapped; 255 means all. */
bool arch_irq_reaches(u32 cpu)
{
	return vtd.extended || PERCPU(cpu)->apic_id < 255;
}

u32 arch_irq_mode(u32 source, u32 mode)
{
	for (u32 i = 0; i < machine.overrides; i++) {
		if (machine.override[i].gsi == source)
			return machine.override[i].mode;
	}
	return mode;
}

void arch_irq_message(u32 page, u64 *address, u64 *data)
{
	const struct irq *q = IRQ(page);
	u64 entry = q->entry;

	if (q->entry == NIL) {
		*address = MSI_ADDRESS | (u64)PERCPU(q->cpu)->apic_id << 12;
		*data = VECTOR_DEVICE + q->vector;
		return;
	}
	*address = MSI_ADDRESS | MSI_REMAPPED | (entry & 0x7fff) << 5 | (entry >> 15 & 1) << 2;
	*data = 0;
}
