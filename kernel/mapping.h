/* SPDX-License-Identifier: MIT */
/*
 * Walking page tables, and what lies inside a grant.
 *
 * Owns:       nothing; space.c, grant.c and mapping.c share these.
 * Locks:      the space's lock or all locks around a walk and what follows.
 *             Spec: proofs/spec/spec_space.h
 * Never:      writes; loops.
 *
 * Virtual addresses are page numbers here: address >> 12.
 */
#pragma once
#include "ks.h"

enum { LEVEL_BITS = 9 };

/* 4 KiB pages that one entry of a table of this level covers. */
PRED u64 level_pages(u32 level)
{
	return 1ull << (LEVEL_BITS * (level - 1));
}

/* Which entry of a table of this level translates vpage. */
PRED u32 level_index(u64 vpage, u32 level)
{
	return (u32)(vpage >> (LEVEL_BITS * (level - 1))) & (PT_ENTRIES - 1);
}

/* The first page that the entry covering vpage does not cover. */
PRED u64 level_end(u64 vpage, u32 level)
{
	return (vpage | (level_pages(level) - 1)) + 1;
}

/*
 * Pages that a space of this kind can map.  An I/O space has four levels and
 * uses all of the root (VT-d 3.3, section 3.7: 48-bit second level).
 */
PRED u64 space_pages(u32 kind)
{
	return kind == SPACE_CPU ? USER_PAGES : 1ull << (LEVEL_BITS * LEVEL_ROOT);
}

/* The entry at which a walk ends. */
struct place {
	u32 page;  /* the table */
	u32 index; /* the entry in it */
	u32 level; /* of the table */
};

/* Does entry e, of a table of this level, point to a table? */
PRED bool entry_is_table(u32 kind, u64 e, u32 level)
{
	return pte_is_present(kind, e) && !pte_is_leaf(kind, e, level);
}

/* Down to the entry for vpage at level `want`, or to an absent entry or large page above it. */
HOT struct place space_walk(u32 sp, u32 kind, u64 vpage, u32 want)
{
	const struct place top = { SPACE_ROOT(sp), level_index(vpage, 4), 4 };
	u64 e = PTE(top.page, top.index);

	if (want == 4 || !entry_is_table(kind, e, 4))
		return top;
	const struct place third = { pte_page(e), level_index(vpage, 3), 3 };

	e = PTE(third.page, third.index);
	if (want == 3 || !entry_is_table(kind, e, 3))
		return third;
	const struct place second = { pte_page(e), level_index(vpage, 2), 2 };

	e = PTE(second.page, second.index);
	if (want == 2 || !entry_is_table(kind, e, 2))
		return second;
	return (struct place){ pte_page(e), level_index(vpage, 1), 1 };
}

/* Do n numbers from offset on lie below count? */
PRED bool range_has(u64 count, u64 offset, u64 n)
{
	return offset < count && n <= count - offset;
}

/* Are pages [page, page + n) inside those of grant g? */
PRED bool grant_has_pages(u32 g, u64 page, u64 n)
{
	return range_has(SLOT(g)->count, page - SLOT(g)->first, n);
}

/* Are virtual pages [vpage, vpage + n) inside its window? */
PRED bool grant_has_window(u32 g, u64 vpage, u64 n)
{
	return range_has(SLOT(g)->length, vpage - SLOT(g)->window, n);
}

/* Is p, the descriptor of page sp, that of a space with this unique number? */
PRED bool space_is(const struct page *p, u32 sp, u64 uid)
{
	return (p->type == OBJ_SPACE || p->type == OBJ_IOSPACE) && p->head == sp &&
	       SP(sp)->uid == uid;
}

/* Is the space of grant g still the one that it was made for? */
PRED bool grant_has_space(u32 g)
{
	return space_is(PD(SLOT(g)->obj), SLOT(g)->obj, SLOT(g)->badge);
}

/*
 * May entries be written under grant g?  Its own mark suffices: below an
 * ancestor that is being revoked it may still be used, until its own sweep
 * begins, which then finds all that was entered.
 */
PRED bool grant_is_live(u32 g)
{
	const struct cap *c = SLOT(g);
	const struct page *p = PD(c->obj);

	return ((c->flags & CAP_DYING) | (p->flags & PAGE_DYING)) == 0 &&
	       space_is(p, c->obj, c->badge);
}

/* Is e a leaf all of whose pages lie inside grant g? */
PRED bool grant_has_leaf(u32 g, u32 kind, u64 e, u32 level)
{
	return pte_is_present(kind, e) && pte_is_leaf(kind, e, level) &&
	       grant_has_pages(g, pte_page(e), level_pages(level));
}

/*
 * May devices still use translations of a space that were changed?  Then what
 * they reach never becomes free: destroying it does not end.
 */
static inline bool space_is_stuck(u32 kind)
{
	return kind == SPACE_IO && !arch_iommu_ok();
}

/* mapping.c: clear those of n entries that are such leaves; false: there was none. */
bool entries_clear(u32 g, u32 kind, struct place at, u32 n);
