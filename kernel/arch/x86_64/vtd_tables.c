/* SPDX-License-Identifier: MIT */
/*
 * Intel VT-d: which memory devices reach, and which interrupts they send.
 *
 * Owns:       root, context and interrupt tables; domain numbers.
 * Locks:      vtd.lock.
 * Called by:  device.c, space.c, arch_space_flush, msi.c.
 * Never:      writes second-stage tables (the generic kernel does, as spaces).
 */
#include "vtd.h"

/* Tables of one flush that are written back one by one. */
enum { TABLES_MAX = 128 };

/* --- which memory --------------------------------------------------------------- */

/* Context entries say which space a function has (9.3); 256 to a bus. */
static volatile u64 *context(u32 id)
{
	u64 bus = WORD(vtd.root, (id >> 8) * 2);

	return (bus & 1) ? &WORD(pte_page(bus), (id & 0xff) * 2) : NULL;
}

static void context_set(u32 id, u64 low, u64 high)
{
	volatile u64 *c = context(id);

	c[1] = high;
	c[0] = low;
	vtd_write_back(c, 16);
}

/* Contexts change seldom: forget all of them, and what was translated by them. */
static void contexts_flush(void)
{
	vtd_command(INV_CONTEXT_ALL);
	vtd_command(INV_IOTLB_ALL | vtd.drain);
	vtd_run();
}

bool arch_has_iommu(void)
{
	return vtd.on;
}

bool arch_iommu_ok(void)
{
	return vtd.ok;
}

/* A bus gets its context table when the first of its functions becomes a device. */
bool arch_device_prepare(u32 first, u32 count)
{
	u32 bus = first >> 8;
	bool done = true;

	(void)count;
	if (!vtd.on)
		return true;
	arch_lock(&vtd.lock);
	if (!(WORD(vtd.root, bus * 2) & 1) && vtd.contexts_used == VTD_CONTEXTS_MAX) {
		done = false;
	} else if (!(WORD(vtd.root, bus * 2) & 1)) {
		u32 page = vtd.contexts + vtd.contexts_used++;

		vtd_write_back(&WORD(page, 0), PAGE_SIZE);
		WORD(vtd.root, bus * 2) = (u64)page << PAGE_SHIFT | 1;
		vtd_write_back(&WORD(vtd.root, bus * 2), 16);
		contexts_flush();
	}
	arch_unlock(&vtd.lock);
	return done && vtd.ok;
}

/*
 * An entry is 128 bits and is not read as one, so it is absent in between
 * (6.2.2.1); and the second flush is for units that remember absent ones.
 */
void arch_device_attach(u32 first, u32 count, u32 sp)
{
	arch_lock(&vtd.lock);
	for (u32 i = 0; i < DEVICE_FUNCTIONS && i < count; i++)
		context_set(first + i, 0, 0);
	contexts_flush();
	if (sp != NIL && vtd.ok) {
		/* Untranslated requests only, 4 levels (address width 2). */
		for (u32 i = 0; i < DEVICE_FUNCTIONS && i < count; i++)
			context_set(first + i, (u64)SPACE_ROOT(sp) << PAGE_SHIFT | 1,
				    (u64)SP(sp)->domain << 8 | 2);
		contexts_flush();
	}
	arch_unlock(&vtd.lock);
}

/* Domain 0 is not used: caching mode tags absent entries with it (6.1). */
static u32 domain_find(void)
{
	for (u32 d = 1; d < VTD_DOMAINS_MAX && d < vtd.domains; d++) {
		if (!(vtd.domain_used[d / 64] >> d % 64 & 1))
			return d;
	}
	return NIL;
}

bool arch_iospace_free_number(void)
{
	return vtd.on && vtd.ok && domain_find() != NIL;
}

void arch_iospace_init(u32 sp)
{
	u32 d = domain_find();

	vtd.domain_used[d / 64] |= 1ull << d % 64;
	SP(sp)->domain = d;
	vtd_write_back(&PTE(SPACE_ROOT(sp), 0), PAGE_SIZE);
}

void arch_iospace_free(u32 sp)
{
	u32 d = SP(sp)->domain;

	if (vtd.ok)
		vtd.domain_used[d / 64] &= ~(1ull << d % 64);
}

bool iommu_level_ok(u32 level)
{
	return level == 1 || (vtd.large >> (level - 2) & 1);
}

/*
 * Write back every table on the way to a range, whole: a table that was just
 * attached is read by the IOMMU from its first entry to its last.
 */
static void tables_write_back(u32 sp, u64 vpage, u64 pages)
{
	u64 end = vpage + pages;

	for (u32 n = 0; n < TABLES_MAX && vpage < end; n++) {
		u32 page = SPACE_ROOT(sp);
		u32 shift = 9 * (LEVEL_ROOT - 1);

		for (u32 level = LEVEL_ROOT; level >= 1; level--, shift -= 9) {
			u64 e = PTE(page, vpage >> shift & (PT_ENTRIES - 1));

			vtd_write_back(&PTE(page, 0), PAGE_SIZE);
			if (level == 1 || !pte_is_present(SPACE_IO, e) ||
			    pte_is_leaf(SPACE_IO, e, level))
				break;
			page = pte_page(e);
		}
		shift = shift == 0 ? 9 : shift;
		vpage = ((vpage >> shift) + 1) << shift;
	}
	if (vpage < end)
		__asm__ volatile("wbinvd" : : : "memory");
}

/* Forget a domain's translations and tables; its reads and writes are drained (6.5.2.3). */
static void domain_flush(u32 domain)
{
	arch_lock(&vtd.lock);
	vtd_command(INV_IOTLB_DOMAIN(domain) | vtd.drain);
	vtd_run();
	arch_unlock(&vtd.lock);
}

void iommu_flush(u32 sp, u64 vpage, u64 pages)
{
	if (!vtd.coherent)
		tables_write_back(sp, vpage, pages);
	domain_flush(SP(sp)->domain);
}

/* Devices were detached when the capabilities by which they are bound went. */
void iommu_retire(u32 sp)
{
	domain_flush(SP(sp)->domain);
}

/* --- which interrupts -------------------------------------------------------------- */

bool iommu_remaps(void)
{
	return vtd.on && vtd.remaps;
}

static void irte_write(u32 index, u64 low, u64 high)
{
	volatile u64 *e = &WORD(vtd.irt, index * 2);

	arch_lock(&vtd.lock);
	e[0] = 0;
	e[1] = high;
	e[0] = low;
	vtd_write_back(e, 16);
	vtd_command(INV_IRT_ENTRY(index));
	vtd_run();
	arch_unlock(&vtd.lock);
}

/* 9.10: fixed delivery to one processor, from one source. */
void vtd_irte_set(u32 index, const struct irte *e)
{
	u64 target = vtd.extended ? (u64)e->apic_id << 32 : (u64)(e->apic_id & 0xff) << 40;

	irte_write(index, target | (u64)e->vector << 16 | (e->level ? 1ull << 4 : 0) | 1,
		   e->source == NIL ? 0 : 1ull << 18 | e->source);
}

void vtd_irte_clear(u32 index)
{
	irte_write(index, 0, 0);
}
