/* SPDX-License-Identifier: MIT */
/*
 * Forms of page-table entries: pure functions on their bits.  The prover
 * includes this file too, so that what it proves is about these bits.
 *
 * CPU: Intel SDM vol 3, 4.5.  I/O, second stage: VT-d specification 9.8.
 */
#pragma once
#include "space.h"
#include "types.h"

/* CPU entries.  PAT entry 1 (PTE_PWT alone) is write-combining, see cpu.c. */
#define PTE_P 1ull
#define PTE_W 2ull
#define PTE_U 4ull
#define PTE_PWT 8ull
#define PTE_PCD 16ull
#define PTE_A 32ull
#define PTE_D 64ull
#define PTE_PS 128ull
#define PTE_G 256ull
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull

/* I/O entries. */
#define IOPTE_R 1ull
#define IOPTE_W 2ull
#define IOPTE_A (1ull << 8)
#define IOPTE_D (1ull << 9)

PRED u64 pte_leaf(u32 kind, u32 page, u32 rights, u32 level, bool device, bool combine)
{
	u64 e = ((u64)page << PAGE_SHIFT) | (level > 1 ? PTE_PS : 0);

	if (kind == SPACE_IO)
		return e | ((rights & RIGHT_FRAMES_READ) != 0 ? IOPTE_R : 0) |
		       ((rights & RIGHT_FRAMES_WRITE) != 0 ? IOPTE_W : 0);
	e |= PTE_P | PTE_U | ((rights & RIGHT_FRAMES_WRITE) != 0 ? PTE_W : 0) |
	     ((rights & RIGHT_FRAMES_EXEC) != 0 ? 0 : PTE_NX);
	if (combine)
		return e | PTE_PWT;
	return device ? e | PTE_PWT | PTE_PCD : e;
}

PRED u64 pte_table(u32 kind, u32 page)
{
	u64 e = (u64)page << PAGE_SHIFT;

	return kind == SPACE_IO ? e | IOPTE_R | IOPTE_W : e | PTE_P | PTE_W | PTE_U;
}

PRED bool pte_is_present(u32 kind, u64 e)
{
	return (e & (kind == SPACE_IO ? IOPTE_R | IOPTE_W : PTE_P)) != 0;
}

PRED bool pte_is_leaf(u32 kind, u64 e, u32 level)
{
	return pte_is_present(kind, e) && (level == 1 || (e & PTE_PS) != 0);
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
		return ((e & IOPTE_R) != 0 ? RIGHT_FRAMES_READ : 0) |
		       ((e & IOPTE_W) != 0 ? RIGHT_FRAMES_WRITE : 0);
	return RIGHT_FRAMES_READ | ((e & PTE_W) != 0 ? RIGHT_FRAMES_WRITE : 0) |
	       ((e & PTE_NX) != 0 ? 0 : RIGHT_FRAMES_EXEC);
}

PRED bool pte_is_accessed(u32 kind, u64 e)
{
	return (e & (kind == SPACE_IO ? IOPTE_A : PTE_A)) != 0;
}

PRED bool pte_is_dirty(u32 kind, u64 e)
{
	return (e & (kind == SPACE_IO ? IOPTE_D : PTE_D)) != 0;
}

/* A CPU entry cannot be present and not readable: without READ nothing is left. */
PRED u64 pte_without(u32 kind, u64 e, u32 rights)
{
	if (kind == SPACE_IO)
		return e & ~(((rights & RIGHT_FRAMES_READ) != 0 ? IOPTE_R : 0) |
			     ((rights & RIGHT_FRAMES_WRITE) != 0 ? IOPTE_W : 0));
	if ((rights & RIGHT_FRAMES_READ) != 0)
		return 0;
	return (e & ~((rights & RIGHT_FRAMES_WRITE) != 0 ? PTE_W : 0)) |
	       ((rights & RIGHT_FRAMES_EXEC) != 0 ? PTE_NX : 0);
}

PRED u64 pte_clean(u32 kind, u64 e)
{
	return e & ~(kind == SPACE_IO ? IOPTE_A | IOPTE_D : PTE_A | PTE_D);
}
