/* SPDX-License-Identifier: MIT */
/*
 * Where kernel state lies in memory on x86-64, and forms of page-table entries.
 *
 * Objects are typed pages in the direct map of all RAM; the page descriptors
 * and the CPUs' areas are arrays at fixed addresses, backed only where needed.
 * Entries: Intel SDM vol 3, 4.5 (CPU); VT-d specification 9.8 (I/O, second stage).
 */
#pragma once
#include "ks.h"

#define DMAP_BASE 0xffff800000000000ull
#define PD_BASE 0xffffff8000000000ull
#define PERCPU_BASE 0xffffff9000000000ull
#define MMIO_BASE 0xffffffa000000000ull
#define KERNEL_BASE 0xffffffff80000000ull

enum {
	PERCPU_SHIFT = 16, /* distance of two CPUs' areas */
	XSAVE_AT = 1408, /* of a thread page; a multiple of 64 */
	XSAVE_BYTES = 2688,
};
_Static_assert(OBJECT_NODE_OFFSET + sizeof(struct tnode) <= OBJECT_OFFSET, "tnode fits");
_Static_assert(OBJECT_OFFSET + sizeof(struct thread) <= XSAVE_AT, "thread fits");
_Static_assert(OBJECT_OFFSET % 16 == 0, "the processor pushes to a multiple of 16");

#define DMAP(page) (DMAP_BASE + ((u64)(page) << PAGE_SHIFT))
#define OBJECT(type, page, at) ((struct type *)(DMAP(page) + (at)))

#define PD(p) ((struct page *)PD_BASE + (p))
#define SLOT(s) ((struct cap *)DMAP_BASE + (s))
#define CT(page) OBJECT(table, page, OBJECT_TABLE_OFFSET)
#define TN(page) OBJECT(tnode, page, OBJECT_NODE_OFFSET)
#define SP(page) OBJECT(space, page, OBJECT_OFFSET)
#define TH(page) OBJECT(thread, page, OBJECT_OFFSET)
#define SC(page) OBJECT(sched, page, OBJECT_OFFSET)
#define EP(page) OBJECT(ep, page, OBJECT_OFFSET)
#define NT(page) OBJECT(notif, page, OBJECT_OFFSET)
#define IRQ(page) OBJECT(irq, page, OBJECT_OFFSET)
#define DV(page) OBJECT(device, page, OBJECT_OFFSET)
#define CPU(c) ((struct cpu *)(PERCPU_BASE + ((u64)(c) << PERCPU_SHIFT)))
/* Both may change behind the compiler's back: programs, and the page walker. */
#define PTE(page, i) (((volatile u64 *)DMAP(page))[i])
#define WORD(page, i) (((volatile u64 *)DMAP(page))[i])

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
