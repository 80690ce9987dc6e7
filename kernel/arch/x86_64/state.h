/* SPDX-License-Identifier: MIT */
/*
 * Where kernel state lies in memory on x86-64.
 *
 * Objects are typed pages in the direct map of all RAM; the page descriptors
 * and the CPUs' areas are arrays at fixed addresses, backed only where needed.
 */
#pragma once
#include "ks.h"
#include "percpu.h"

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

/* Inline in every file. */
extern inline __attribute__((gnu_inline, always_inline)) u32 arch_cpu(void)
{
	u32 c;

	__asm__("mov %%gs:%c1, %0" : "=r"(c) : "i"(GS_CPU));
	return c;
}

#include "pte.h"
