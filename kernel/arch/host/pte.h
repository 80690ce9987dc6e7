/* SPDX-License-Identifier: MIT */
/*
 * Entries of page tables, in the forms that the processor and the IOMMU use:
 * Intel SDM vol. 3 section 4.5 (4-level paging), Intel VT-d section 9.8
 * (second-stage paging).  Pure functions; see kernel/arch.h.
 */
#pragma once
#include "space.h"
#include "types.h"

#define PTE_PRESENT 0x1ull
#define PTE_WRITE 0x2ull
#define PTE_USER 0x4ull
#define PTE_PWT 0x8ull
#define PTE_PCD 0x10ull
#define PTE_ACCESSED 0x20ull
#define PTE_DIRTY 0x40ull
#define PTE_LARGE 0x80ull
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull

#define IOE_READ 0x1ull
#define IOE_WRITE 0x2ull
#define IOE_LARGE 0x80ull
#define IOE_ACCESSED 0x100ull
#define IOE_DIRTY 0x200ull

PRED u64 pte_leaf(u32 kind, u32 page, u32 rights, u32 level, bool device, bool combine)
{
	u64 e = ((u64)page << PAGE_SHIFT) | (level > 1 ? PTE_LARGE : 0);

	if (kind == SPACE_IO)
		return e | ((rights & RIGHT_FRAMES_READ) ? IOE_READ : 0) |
		       ((rights & RIGHT_FRAMES_WRITE) ? IOE_WRITE : 0);
	e |= PTE_PRESENT | PTE_USER | ((rights & RIGHT_FRAMES_WRITE) ? PTE_WRITE : 0) |
	     ((rights & RIGHT_FRAMES_EXEC) ? 0 : PTE_NX);
	if (combine)
		return e | PTE_PWT;
	return device ? e | PTE_PWT | PTE_PCD : e;
}

PRED u64 pte_table(u32 kind, u32 page)
{
	return ((u64)page << PAGE_SHIFT) |
	       (kind == SPACE_IO ? IOE_READ | IOE_WRITE : PTE_PRESENT | PTE_WRITE | PTE_USER);
}

PRED bool pte_is_present(u32 kind, u64 e)
{
	return (e & (kind == SPACE_IO ? IOE_READ | IOE_WRITE : PTE_PRESENT)) != 0;
}

PRED bool pte_is_leaf(u32 kind, u64 e, u32 level)
{
	return pte_is_present(kind, e) && (level == 1 || (level < 4 && (e & PTE_LARGE) != 0));
}

PRED u32 pte_page(u64 e)
{
	return (u32)((e & PTE_ADDRESS) >> PAGE_SHIFT);
}

PRED u32 pte_rights(u32 kind, u64 e)
{
	if (!pte_is_present(kind, e))
		return 0;
	if (kind == SPACE_IO)
		return ((e & IOE_READ) ? RIGHT_FRAMES_READ : 0) |
		       ((e & IOE_WRITE) ? RIGHT_FRAMES_WRITE : 0);
	return RIGHT_FRAMES_READ | ((e & PTE_WRITE) ? RIGHT_FRAMES_WRITE : 0) |
	       ((e & PTE_NX) ? 0 : RIGHT_FRAMES_EXEC);
}

PRED bool pte_is_accessed(u32 kind, u64 e)
{
	return (e & (kind == SPACE_IO ? IOE_ACCESSED : PTE_ACCESSED)) != 0;
}

PRED bool pte_is_dirty(u32 kind, u64 e)
{
	return (e & (kind == SPACE_IO ? IOE_DIRTY : PTE_DIRTY)) != 0;
}

/* A CPU entry cannot be present and not readable: without READ nothing is left. */
PRED u64 pte_without(u32 kind, u64 e, u32 rights)
{
	if (kind == SPACE_IO)
		return e & ~(((rights & RIGHT_FRAMES_READ) ? IOE_READ : 0) |
			     ((rights & RIGHT_FRAMES_WRITE) ? IOE_WRITE : 0));
	if (rights & RIGHT_FRAMES_READ)
		return 0;
	return (e & ~((rights & RIGHT_FRAMES_WRITE) ? PTE_WRITE : 0)) |
	       ((rights & RIGHT_FRAMES_EXEC) ? PTE_NX : 0);
}

PRED u64 pte_clean(u32 kind, u64 e)
{
	return e & ~(kind == SPACE_IO ? IOE_ACCESSED | IOE_DIRTY : PTE_ACCESSED | PTE_DIRTY);
}
