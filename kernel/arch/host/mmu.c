/* SPDX-License-Identifier: MIT */
/*
 * Simulated translation: page tables as the hardware walks them, a cache of
 * translations for each CPU and one for the IOMMU, which keep what they hold
 * until it is flushed, and so show what the kernel forgot to flush.
 */
#define STATE_PEEK
#include "host.h"

#include <string.h>

static u64 level_span(u32 level)
{
	return 1ull << (9 * (level - 1));
}

u64 host_walk(u32 space, u64 vpage, u32 *level, u32 *table, u32 *index)
{
	u32 kind = SP(space)->kind, page = SPACE_ROOT(space);

	for (u32 n = LEVEL_ROOT; n > 0; n--) {
		u32 i = (u32)(vpage >> (9 * (n - 1))) % PT_ENTRIES;
		u64 e = PTE(page, i);
		*level = n;
		*table = page;
		*index = i;
		if (!pte_is_present(kind, e))
			return 0;
		if (pte_is_leaf(kind, e, n))
			return e;
		page = pte_page(e);
		if (page >= host_mem.pages)
			host_fail("a page table is not in RAM", page, space);
	}
	return 0;
}

/* --- caches ------------------------------------------------------------------------ */

static struct host_tlb *find(struct host_tlb *tlb, u32 tag, u64 vpage)
{
	for (u32 i = 0; i < HOST_TLB; i++) {
		struct host_tlb *e = &tlb[i];
		if (e->valid && e->tag == tag && (vpage & ~(level_span(e->level) - 1)) == e->vpage)
			return e;
	}
	return NULL;
}

/* Fill an entry from the tables, or forget it; absent entries are kept by an IOMMU only. */
static void fill(struct host_tlb *e, u32 space, u32 tag, u64 vpage, u32 access)
{
	u32 level, table, index, kind = SP(space)->kind;
	u64 leaf = host_walk(space, vpage, &level, &table, &index);
	u32 rights = leaf == 0 ? 0 : pte_rights(kind, leaf);

	if (leaf != 0 && (rights & access) == access) {
		bool io = kind == SPACE_IO;
		PTE(table, index) |= (io ? IOPTE_A : PTE_A) | (!(access & HOST_WRITE) ? 0
							       : io                   ? IOPTE_D
										      : PTE_D);
	}
	*e = (struct host_tlb){
		.valid = leaf != 0 || kind == SPACE_IO,
		.dirty = leaf != 0 && pte_is_dirty(kind, PTE(table, index)),
		.tag = tag,
		.level = level,
		.page = leaf == 0 ? NIL : pte_page(leaf),
		.rights = rights,
		.vpage = vpage & ~(level_span(level) - 1),
	};
}

static u32 access_through(struct host_tlb *tlb, u32 *next, u32 space, u32 tag, u64 vpage,
			  u32 access)
{
	struct host_tlb *e = find(tlb, tag, vpage);

	if (e == NULL) {
		e = &tlb[*next];
		*next = (*next + 1) % HOST_TLB;
		fill(e, space, tag, vpage, access);
	} else if ((access & HOST_WRITE) && !e->dirty && (e->rights & HOST_WRITE)) {
		fill(e, space, tag, vpage, access);
	}
	if (e->page == NIL || (e->rights & access) != access)
		return NIL;
	return e->page + (u32)(vpage & (level_span(e->level) - 1));
}

u32 host_access(u32 cpu, u64 vaddr, u32 access)
{
	struct host_cpu *hc = &host.cpu[cpu];

	if (hc->phase != HOST_USER)
		host_fail("no program runs on the CPU", cpu, vaddr);
	if (vaddr >> 48 != 0)
		return NIL;
	host_check_caches();
	return access_through(hc->tlb, &hc->tlb_next, hc->space, hc->pcid, vaddr >> PAGE_SHIFT,
			      access);
}

static u32 dma(u32 requester, u64 address, u32 access)
{
	u32 sp = host.context[requester];

	if (sp == NIL || address >> 48 != 0)
		return NIL;
	host_check_caches();
	return access_through(host.iotlb, &host.iotlb_next, sp, SP(sp)->domain,
			      address >> PAGE_SHIFT, access);
}

u32 host_dma(u32 requester, u64 address, u32 access)
{
	u32 page = dma(requester, address, access);

	if (page == NIL && host.iommu && host.refusals < HOST_FAULTS)
		host.refusal[host.refusals++] = (struct host_refusal){ requester, access, address };
	return page;
}

static void flush_range(struct host_tlb *tlb, u32 tag, u64 vpage, u64 pages)
{
	for (u32 i = 0; i < HOST_TLB; i++) {
		u64 first = tlb[i].vpage,
		    end = first + level_span(tlb[i].level == 0 ? 1 : tlb[i].level);
		if (tlb[i].tag == tag && first < vpage + pages && vpage < end)
			tlb[i].valid = false;
	}
}

static void flush_tag(struct host_tlb *tlb, u32 tag)
{
	flush_range(tlb, tag, 0, 1ull << 48);
}

/* --- spaces on CPUs ------------------------------------------------------------------ */

static u32 tag_for(struct host_cpu *hc, u32 space)
{
	u64 uid = SP(space)->uid;

	for (u32 i = 0; i < HOST_PCIDS; i++) {
		if (hc->pcid_uid[i] == uid)
			return i;
	}
	u32 i = hc->pcid_next;
	hc->pcid_next = (i + 1) % HOST_PCIDS;
	hc->pcid_uid[i] = uid;
	hc->pcid_space[i] = space;
	flush_tag(hc->tlb, i);
	return i;
}

void host_space_load(u32 cpu, u32 space)
{
	struct host_cpu *hc = &host.cpu[cpu];
	u64 bit = 1ull << cpu;

	if (hc->space != NIL) {
		host_page_used(hc->space);
		SP(hc->space)->active &= ~bit;
	}
	hc->space = space;
	if (space == NIL)
		return;
	host_page_used(space);
	SP(space)->active |= bit;
	hc->pcid = tag_for(hc, space);
	if (SP(space)->stale & bit) {
		SP(space)->stale &= ~bit;
		flush_tag(hc->tlb, hc->pcid);
	}
}

void arch_space_init(u32 sp)
{
	host_page_used(SPACE_ROOT(sp));
	PTE(SPACE_ROOT(sp), PT_ENTRIES - 1) = PTE_P | PTE_W;
}

void arch_space_retire(u32 sp)
{
	for (u32 c = 0; c < ks.cpus; c++) {
		struct host_cpu *hc = &host.cpu[c];
		if (hc->space != sp)
			continue;
		if (hc->phase == HOST_USER)
			host_fail("a space is retired while a program runs in it", sp, c);
		host_space_load(c, NIL);
	}
	if (SP(sp)->kind == SPACE_IO)
		flush_tag(host.iotlb, SP(sp)->domain);
}

void arch_space_flush(u32 sp, u64 vpage, u64 pages)
{
	host_page_used(sp);
	if (SP(sp)->kind == SPACE_IO) {
		if (!host.knobs.skip_iotlb)
			flush_range(host.iotlb, SP(sp)->domain, vpage, pages);
		return;
	}
	if (host.knobs.skip_flush)
		return;
	for (u32 c = 0; c < ks.cpus; c++) {
		struct host_cpu *hc = &host.cpu[c];
		if (hc->space == sp)
			flush_range(hc->tlb, hc->pcid, vpage, pages);
		else
			SP(sp)->stale |= 1ull << c;
	}
}

/* Level 3 is refused for I/O spaces, as many IOMMUs do. */
bool arch_level_ok(u32 kind, u32 level)
{
	return level == 1 || level == 2 || (level == 3 && kind == SPACE_CPU);
}

/* --- checks ----------------------------------------------------------------------------- */

static void check_entry(const struct host_tlb *e, u32 space)
{
	u32 level, table, index, kind = SP(space)->kind;
	u64 leaf = host_walk(space, e->vpage, &level, &table, &index);

	if (e->page == NIL) {
		if (leaf != 0 || level != e->level)
			host_fail("missing flush: an absent entry is still cached", space,
				  e->vpage);
		return;
	}
	if (leaf == 0 || level != e->level || pte_page(leaf) != e->page)
		host_fail("missing flush: a translation that is no more", space, e->vpage);
	if ((e->rights & ~pte_rights(kind, leaf)) != 0)
		host_fail("missing flush: more rights than the entry has", space, e->vpage);
	if (e->dirty && !pte_is_dirty(kind, leaf))
		host_fail("missing flush: writes would not mark the entry", space, e->vpage);
}

static bool is_space(u32 page, u64 uid)
{
	return host_is_space_type(PD(page)->type) && PD(page)->head == page &&
	       SP(page)->uid == uid && !(PD(page)->flags & PAGE_DYING);
}

static void check_cpu(u32 cpu)
{
	const struct host_cpu *hc = &host.cpu[cpu];

	for (u32 i = 0; i < HOST_TLB; i++) {
		const struct host_tlb *e = &hc->tlb[i];
		u32 space = hc->pcid_space[e->tag];
		if (!e->valid || !is_space(space, hc->pcid_uid[e->tag]))
			continue;
		if (space == hc->space || !(SP(space)->stale & 1ull << cpu))
			check_entry(e, space);
	}
}

void host_check_caches(void)
{
	for (u32 c = 0; c < ks.cpus; c++)
		check_cpu(c);
	for (u32 i = 0; i < HOST_TLB; i++) {
		const struct host_tlb *e = &host.iotlb[i];
		u32 space = e->valid ? host.domain_space[e->tag] : NIL;
		if (space != NIL && !(PD(space)->flags & PAGE_DYING))
			check_entry(e, space);
	}
}
