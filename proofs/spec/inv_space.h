/* SPDX-License-Identifier: MIT */
/*
 * Invariants of address spaces: every leaf entry stands under a live grant,
 * every table entry names a page-table page that names it back.
 */
#pragma once
#include "inv.h"
#include "inv_cap.h"

PRED bool space_kind_inv(u32 sp)
{
	return SP(sp)->uid != 0 &&
	       SP(sp)->kind == (PD(sp)->type == OBJ_IOSPACE ? SPACE_IO : SPACE_CPU) &&
	       page_exists(SPACE_ROOT(sp)) && PD(SPACE_ROOT(sp))->head == sp;
}

/* A root table, or a page-table page that has its level. */
PRED bool is_table_page(u32 p)
{
	return page_exists(p) &&
	       (PD(p)->type == OBJ_PTABLE ||
		((PD(p)->type == OBJ_SPACE || PD(p)->type == OBJ_IOSPACE) && PD(p)->head + 1 == p));
}

PRED u32 table_level(u32 p)
{
	return PD(p)->type == OBJ_PTABLE ? PAGE_LEVEL(PD(p)->flags) : LEVEL_ROOT;
}

PRED u32 table_kind(u32 p)
{
	return PD(p)->type == OBJ_PTABLE ? ((PD(p)->flags & PAGE_IO) ? SPACE_IO : SPACE_CPU)
	       : PD(p)->type == OBJ_IOSPACE ? SPACE_IO
					    : SPACE_CPU;
}

/* An attached page-table page stands at an entry, one level up, that points to it. */
PRED bool ptable_parent_inv(u32 p)
{
	return PD(p)->parent == NIL ||
	       (is_table_page(PD(p)->parent) && PD(p)->index < PT_ENTRIES &&
		table_level(PD(p)->parent) == table_level(p) + 1 &&
		table_kind(PD(p)->parent) == table_kind(p) &&
		pte_is_present(table_kind(p), PTE(PD(p)->parent, PD(p)->index)) &&
		!pte_is_leaf(table_kind(p), PTE(PD(p)->parent, PD(p)->index), table_level(p) + 1) &&
		pte_page(PTE(PD(p)->parent, PD(p)->index)) == p);
}

PRED bool ptable_level_inv(u32 p)
{
	return IMP(PD(p)->parent != NIL, table_level(p) >= 1 && table_level(p) < LEVEL_ROOT);
}

/* Entry i of a table page, if it points to another. */
PRED bool table_entry_inv(u32 p, u32 i)
{
	return !pte_is_present(table_kind(p), PTE(p, i)) ||
	       pte_is_leaf(table_kind(p), PTE(p, i), table_level(p)) ||
	       (is_object(pte_page(PTE(p, i)), OBJ_PTABLE) &&
		PD(pte_page(PTE(p, i)))->parent == p && PD(pte_page(PTE(p, i)))->index == i);
}

/* A table that was never attached is empty. */
PRED bool ptable_fresh_inv(u32 p, u32 i)
{
	return IMP(table_level(p) == 0, PTE(p, i) == 0);
}

PRED u64 pages_of_level(u32 level)
{
	return level == 1 ? 1 : level == 2 ? 512 : level == 3 ? 512 * 512 : 512ull * 512 * 512;
}

/*
 * Numbers are given out once, in steps of CPU_MAX for each CPU c: none of a space,
 * and none that a grant names, is still to come.
 */
PRED bool space_uid_inv(u32 sp, u32 c)
{
	return IMP(SP(sp)->uid % CPU_MAX == c, SP(sp)->uid <= CPU(c)->uid);
}

PRED bool grant_uid_inv(u32 s, u32 c)
{
	return IMP(SLOT(s)->type == OBJ_GRANT && SLOT(s)->badge % CPU_MAX == c,
		   SLOT(s)->badge <= CPU(c)->uid);
}

PRED bool cpu_uid_inv(u32 c)
{
	return CPU(c)->uid % CPU_MAX == c;
}

/* Does grant g allow leaf e, of a level, at virtual page v of space sp? */
PRED bool grant_allows(u32 g, u32 sp, u64 v, u64 e, u32 level)
{
	return SLOT(g)->type == OBJ_GRANT && SLOT(g)->obj == sp && SLOT(g)->badge == SP(sp)->uid &&
	       v >= SLOT(g)->window && pages_of_level(level) <= SLOT(g)->length &&
	       v - SLOT(g)->window <= SLOT(g)->length - pages_of_level(level) &&
	       pte_page(e) >= SLOT(g)->first && pages_of_level(level) <= SLOT(g)->count &&
	       pte_page(e) - SLOT(g)->first <= SLOT(g)->count - pages_of_level(level) &&
	       (pte_rights(SP(sp)->kind, e) & ~SLOT(g)->rights) == 0;
}

/* Is a leaf's first page a frame, or device memory? */
PRED bool leaf_page_inv(u64 e)
{
	return !page_exists(pte_page(e)) || PD(pte_page(e))->type == OBJ_FRAMES;
}

#define SPACE_INVARIANTS(X) X(space_kind_inv)

#define PTABLE_INVARIANTS(X)                                                                       \
	X(ptable_level_inv)                                                                        \
	X(ptable_parent_inv)
