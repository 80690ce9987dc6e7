/* SPDX-License-Identifier: MIT */
/*
 * Address spaces and page-table pages.
 *
 * Owns:       struct space, entries that point to page-table pages.
 *             Invariants: space_inv(), ptable_inv().
 * Locks:      all locks.                   Spec: proofs/spec/spec_space.h
 * Called by:  generated dispatch; memory.c, destroy.c.
 * Never:      touches leaf entries of a page that can still translate.
 *
 * A page-table page knows the entry that points to it (PD: parent, index), so
 * that destroying either end is O(1) at the other.
 */
#include "mapping.h"
#include "dispatch.h"

void space_init(u32 sp, u32 kind, u32 domain, u32 cpu)
{
	SP(sp)->uid = cpu_new_uid(cpu);
	SP(sp)->stale = 0;
	SP(sp)->active = 0;
	SP(sp)->kind = kind;
	SP(sp)->domain = domain;
	SP(sp)->cursor = 0;
	SP(sp)->lock.next = 0;
	SP(sp)->lock.serving = 0;
	if (kind == SPACE_IO)
		arch_iospace_init(sp);
	else
		arch_space_init(sp);
}

/* Entries of the root that belong to user level. */
PRED u32 root_entries(u32 kind)
{
	return kind == SPACE_CPU ? PT_ENTRIES / 2 : PT_ENTRIES;
}

/* Clear an entry; the page-table page that it points to, if any, stands alone then. */
static void entry_drop(u32 kind, u32 page, u32 index, u32 level)
{
	const u64 e = PTE(page, index);

	if (pte_is_present(kind, e) && !pte_is_leaf(kind, e, level))
		PD(pte_page(e))->parent = NIL;
	PTE(page, index) = 0;
}

bool space_destroy_step(u32 sp)
{
	const u32 kind = SP(sp)->kind;
	const u32 first = SP(sp)->cursor;

	if (!(PD(sp)->flags & PAGE_DYING)) {
		PD(sp)->flags |= PAGE_DYING;
		arch_space_retire(sp);
	}
	for (u32 i = first; i < first + STEP_ENTRIES && i < root_entries(kind); i++)
		entry_drop(kind, SPACE_ROOT(sp), i, LEVEL_ROOT);
	if (first < root_entries(kind))
		SP(sp)->cursor = first + STEP_ENTRIES;
	if (SP(sp)->cursor < root_entries(kind) || space_is_stuck(kind))
		return false;
	if (kind == SPACE_IO)
		arch_iospace_free(sp);
	return true;
}

/* Enter a page-table page at an empty place, one level above it. */
static void ptable_enter(u32 sp, u32 pt, struct place at, u64 vpage)
{
	const u32 kind = SP(sp)->kind;
	const u64 pages = level_pages(at.level);

	PD(pt)->parent = at.page;
	PD(pt)->index = (u16)at.index;
	PD(pt)->flags = (u8)((at.level - 1) << PAGE_LEVEL_SHIFT | (kind == SPACE_IO ? PAGE_IO : 0));
	PTE(at.page, at.index) = pte_table(kind, pt);
	/* A CPU keeps no absent entries (Intel SDM vol 3, 4.10.2.3), an IOMMU in caching
	 * mode does (VT-d 3.3, section 6.1). */
	if (kind == SPACE_IO)
		arch_space_flush(sp, vpage & ~(pages - 1), pages);
}

err_t sys_ptable_attach(u32 t, u32 ptable, u32 space, u64 vaddr, u64 level)
{
	const u32 pt = SLOT(ptable)->obj;
	const u32 sp = SLOT(space)->obj;
	const u32 kind = SP(sp)->kind;
	const u64 vpage = vaddr >> PAGE_SHIFT;

	if (vpage >= space_pages(kind))
		return ERR_RANGE;
	if (PD(pt)->flags != 0 || (PD(sp)->flags & PAGE_DYING))
		return ERR_STATE;
	const struct place at = space_walk(sp, kind, vpage, (u32)level + 1);

	if (pte_is_present(kind, PTE(at.page, at.index)))
		return ERR_BUSY;
	if (at.level != level + 1) {
		FR_OUT(t, 0) = at.level - 1;
		return ERR_TABLE;
	}

	/* commit */
	ptable_enter(sp, pt, at, vpage);
	return OK;
}

/* Which space, from which page on, a page-table page translates for. */
struct reach {
	u32 sp; /* NIL: none, for it or a table above it stands alone */
	u64 vpage;
};

static struct reach ptable_reach(u32 pt)
{
	struct reach r = { NIL, 0 };
	u32 page = pt;

	for (u32 n = 1; n < LEVEL_ROOT; n++) {
		if (PD(page)->type != OBJ_PTABLE || PD(page)->parent == NIL)
			break;
		r.vpage += PD(page)->index * level_pages(PAGE_LEVEL(PD(page)->flags) + 1);
		page = PD(page)->parent;
	}
	if (PD(page)->type != OBJ_PTABLE && !(PD(page)->flags & PAGE_DYING))
		r.sp = PD(page)->head;
	return r;
}

/*
 * Take a page-table page that will be destroyed out of its space.  Nothing
 * needs to be flushed if a table above stands alone: its own detaching flushed
 * all that it covered.
 */
static void ptable_detach(u32 pt)
{
	const struct reach r = ptable_reach(pt);
	const u64 pages = level_pages(PAGE_LEVEL(PD(pt)->flags) + 1);

	if (PD(pt)->parent != NIL)
		PTE(PD(pt)->parent, PD(pt)->index) = 0;
	if (r.sp != NIL)
		arch_space_flush(r.sp, r.vpage, pages);
	PD(pt)->parent = NIL;
	PD(pt)->index = 0;
	PD(pt)->flags |= PAGE_DYING;
}

/* A page of level 1 has nothing below it, and whoever makes it free clears it. */
bool ptable_destroy_step(u32 pt)
{
	const u32 level = PAGE_LEVEL(PD(pt)->flags);
	const u32 kind = PD(pt)->flags & PAGE_IO ? SPACE_IO : SPACE_CPU;

	if (level == 0) /* never attached */
		return true;
	if (!(PD(pt)->flags & PAGE_DYING))
		ptable_detach(pt);
	const u32 first = PD(pt)->index;

	for (u32 i = first; level > 1 && i < first + STEP_ENTRIES && i < PT_ENTRIES; i++)
		entry_drop(kind, pt, i, level);
	if (first < PT_ENTRIES)
		PD(pt)->index = (u16)(level > 1 ? first + STEP_ENTRIES : PT_ENTRIES);
	return PD(pt)->index == PT_ENTRIES && !space_is_stuck(kind);
}
