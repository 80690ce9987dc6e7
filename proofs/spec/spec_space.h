/* SPDX-License-Identifier: MIT */
/*
 * What the calls on address spaces, page-table pages, grants and entries do.
 * Invariants are in inv_space.h.
 *
 * Postconditions speak of one arbitrary entry, page or slot.  An error number
 * is the first that applies, in the order of the interface table.
 */
#pragma once
#include "inv_space.h"

/* --- invariants, of any page, entry, slot ------------------------------------- */

/* Entries of a table that belong to user level. */
PRED u32 user_entries(u32 p)
{
	return PD(p)->type == OBJ_SPACE ? PT_ENTRIES / 2 : PT_ENTRIES;
}

PRED bool any_entry_inv(u32 p, u32 i)
{
	return !is_table_page(p) || i >= user_entries(p) ||
	       (table_entry_inv(p, i) && ptable_fresh_inv(p, i));
}

PRED bool any_ptable_inv(u32 p)
{
	return !page_exists(p) || PD(p)->type != OBJ_PTABLE ||
	       (ptable_parent_inv(p) && ptable_level_inv(p));
}

/* A space is followed by its root table. */
PRED bool any_space_inv(u32 p)
{
	return !is_space(p) || (space_kind_inv(p) && PD(p + 1)->type == PD(p)->type);
}

/* --- tables ----------------------------------------------------------------------- */

/* Which entry of a table of a level translates virtual page v. */
PRED u32 index_at(u64 v, u32 level)
{
	return (u32)((level == 1   ? v
		      : level == 2 ? v / 512
		      : level == 3 ? v / (512 * 512)
				   : v / (512ull * 512 * 512)) % PT_ENTRIES);
}

/* Is table p the one of its level through which v of space sp is translated? */
PRED bool table_translates(u32 p, u32 sp, u64 v)
{
	const u32 up = PD(p)->parent;

	return table_level(p) == 4   ? p == sp + 1
	       : table_level(p) == 3 ? up == sp + 1 && PD(p)->index == index_at(v, 4)
	       : table_level(p) == 2
		       ? PD(p)->index == index_at(v, 3) && PD(up)->parent == sp + 1 &&
				 PD(up)->index == index_at(v, 4)
		       : table_level(p) == 1 && PD(p)->index == index_at(v, 2) &&
				 PD(up)->index == index_at(v, 3) &&
				 PD(PD(up)->parent)->parent == sp + 1 &&
				 PD(PD(up)->parent)->index == index_at(v, 4);
}

/* The virtual page that entry k of table p translates. */
PRED u64 page_of_entry(u32 p, u32 k)
{
	const u32 up = PD(p)->parent, upper = PD(up)->parent;
	const u64 third = PD(p)->index, second = PD(up)->index, first = PD(upper)->index;

	return table_level(p) == 1   ? ((first * 512 + second) * 512 + third) * 512 + k
	       : table_level(p) == 2 ? ((second * 512 + third) * 512 + k) * 512
				     : (third * 512 + k) * (512 * 512);
}

PRED bool is_table_of(u32 p, u32 sp)
{
	const u32 up = PD(p)->parent;

	return is_table_page(p) && PD(p)->type == OBJ_PTABLE && table_kind(p) == SP(sp)->kind &&
	       (table_level(p) == 3 ? up == sp + 1
		: table_level(p) == 2 ? PD(up)->parent == sp + 1
				      : table_level(p) == 1 && PD(PD(up)->parent)->parent == sp + 1);
}

/* A table that others lead to stands in one that exists. */
PRED bool is_attached(u32 p)
{
	return page_exists(PD(p)->parent) && (table_level(p) != 1 || page_exists(PD(PD(p)->parent)->parent));
}

/* The entry where a walk towards level `want` ended. */
PRED bool place_is_end(u32 sp, u64 v, u32 want, u32 p, u32 i, u32 level)
{
	return is_table_page(p) && table_level(p) == level && level >= want && level <= 4 &&
	       table_kind(p) == SP(sp)->kind && i == index_at(v, level) && i < user_entries(p) &&
	       table_translates(p, sp, v) &&
	       (level == want || !pte_is_present(table_kind(p), PTE(p, i)) ||
		pte_is_leaf(table_kind(p), PTE(p, i), level));
}

/* --- ptable_attach ------------------------------------------------------------------ */

PRED u64 spec_pages(u32 kind)
{
	return kind == SPACE_IO ? 1ull << 36 : (1ull << 35) - 1;
}

/* What is wrong before tables are looked at. */
PRED u32 spec_attach_error(u32 pt, u32 sp, u64 vaddr)
{
	return vaddr / 4096 >= spec_pages(SP(sp)->kind)		    ? ERRNO_RANGE
	       : PD(pt)->flags != 0 || (PD(sp)->flags & PAGE_DYING) ? ERRNO_STATE
								    : ERRNO_OK;
}

/* --- grants -------------------------------------------------------------------------- */

PRED u32 spec_source_rights(u32 s)
{
	return SLOT(s)->type == OBJ_DEVMEM
		       ? SLOT(s)->rights & (RIGHT_DEVMEM_READ | RIGHT_DEVMEM_WRITE)
		       : SLOT(s)->rights & RIGHTS_ALL_FRAMES;
}

PRED u32 spec_grant_error(u32 source, u32 sp, u64 vaddr, u64 pages, u64 rights, bool derivable)
{
	return (rights & ~(u64)(spec_source_rights(source) | RIGHT_GRANT_MAP)) != 0 ? ERRNO_RIGHTS
	       : vaddr % 4096 != 0						    ? ERRNO_ARG
	       : vaddr / 4096 > spec_pages(SP(sp)->kind) ||
			 pages > spec_pages(SP(sp)->kind) ||
			 vaddr / 4096 + pages > spec_pages(SP(sp)->kind)
		       ? ERRNO_RANGE
	       : SP(sp)->kind == SPACE_IO && SLOT(source)->type == OBJ_DEVMEM ? ERRNO_TYPE
	       : !derivable						      ? ERRNO_DEPTH
									      : ERRNO_OK;
}

/* May entries be written under g? */
PRED bool spec_live(u32 g)
{
	return (SLOT(g)->flags & CAP_DYING) == 0 && is_space(SLOT(g)->obj) &&
	       (PD(SLOT(g)->obj)->flags & PAGE_DYING) == 0 &&
	       SP(SLOT(g)->obj)->uid == SLOT(g)->badge;
}

/* --- grant_map ---------------------------------------------------------------------- */

PRED u32 spec_level(u64 attr)
{
	return (attr & MAP_SIZE_1G) ? 3 : (attr & MAP_SIZE_2M) ? 2 : 1;
}

PRED bool spec_in_window(u32 g, u64 v, u64 n)
{
	return v >= SLOT(g)->window && n <= SLOT(g)->length &&
	       v - SLOT(g)->window <= SLOT(g)->length - n;
}

/* Pages offset to offset + n of the grant exist; n is small, so nothing overflows. */
PRED bool spec_in_range(u32 g, u64 offset, u64 n)
{
	return offset <= SLOT(g)->count && n <= SLOT(g)->count - offset;
}

PRED bool spec_may_combine(u32 g)
{
	return SLOT(SLOT(g)->parent)->type == OBJ_DEVMEM &&
	       (SLOT(SLOT(g)->parent)->rights & RIGHT_DEVMEM_COMBINE) != 0;
}

/* Is x a multiple of the size of a page of this level, in 4 KiB pages? */
PRED bool spec_is_aligned(u64 x, u32 level)
{
	return level == 1 || (level == 2 ? x % 512 == 0 : x % (512 * 512) == 0);
}

/* What is wrong with the arguments of a batch of n pages, before tables are looked at. */
PRED u32 spec_leaf_error(u32 g, u64 vaddr, u64 offset, u64 n, u64 attr, bool level_ok)
{
	return (attr & 7 & ~(u64)SLOT(g)->rights) != 0			 ? ERRNO_RIGHTS
	       : (attr & MAP_COMBINE) != 0 && !spec_may_combine(g)	 ? ERRNO_RIGHTS
	       : !spec_in_window(g, vaddr / 4096, n)			 ? ERRNO_RANGE
	       : !spec_in_range(g, offset, n)				 ? ERRNO_RANGE
	       : (attr & MAP_READ) == 0					 ? ERRNO_ARG
	       : (attr & 48) == 48					 ? ERRNO_ARG
	       : vaddr % 4096 != 0 || !spec_is_aligned(vaddr / 4096, spec_level(attr)) ? ERRNO_ARG
	       : !spec_is_aligned(SLOT(g)->first + offset, spec_level(attr)) ? ERRNO_ARG
	       : !level_ok						 ? ERRNO_DEVICE
									 : ERRNO_OK;
}

/* And what stands where the walk ended. */
PRED u32 spec_place_error(u32 kind, u32 want, u32 p, u32 i, u32 level)
{
	return level > want ? (pte_is_present(kind, PTE(p, i)) ? ERRNO_STATE : ERRNO_TABLE)
	       : pte_is_present(kind, PTE(p, i)) && !pte_is_leaf(kind, PTE(p, i), level)
		       ? ERRNO_STATE
		       : ERRNO_OK;
}

PRED u64 spec_leaf(u32 g, u64 offset, u64 attr)
{
	return pte_leaf(SP(SLOT(g)->obj)->kind, (u32)(SLOT(g)->first + offset), (u32)attr & 7,
			spec_level(attr), SLOT(SLOT(g)->parent)->type == OBJ_DEVMEM,
			(attr & MAP_COMBINE) != 0);
}

/* --- grant_unmap, sweep --------------------------------------------------------------- */

/* Are all pages of leaf e inside grant g? */
PRED bool spec_leaf_is_of(u32 g, u32 kind, u64 e, u32 level)
{
	return pte_is_present(kind, e) && pte_is_leaf(kind, e, level) &&
	       pte_page(e) >= SLOT(g)->first &&
	       spec_in_range(g, pte_page(e) - SLOT(g)->first, pages_of_level(level));
}

PRED u32 spec_unmap_error(u32 g, u64 vaddr, u64 n, u64 attr)
{
	return !spec_in_window(g, vaddr / 4096, n)			? ERRNO_RANGE
	       : (attr & 15) != 0 || (attr & 48) == 48			? ERRNO_ARG
	       : vaddr % 4096 != 0 || !spec_is_aligned(vaddr / 4096, spec_level(attr)) ? ERRNO_ARG
									: ERRNO_OK;
}
