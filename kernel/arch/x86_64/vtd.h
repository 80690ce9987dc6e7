/* SPDX-License-Identifier: MIT */
/*
 * Intel VT-d, inside this architecture: vtd.c drives the units, vtd_tables.c
 * writes the tables that all units share.  What others use of it is iommu_* in
 * platform.h, arch_device_* and arch_iospace_* in kernel/arch.h, and the end
 * of this file.
 *
 * Locks:      vtd.lock for registers, queues and tables after boot.
 *
 * Section numbers are those of the VT-d specification, revision 3.3.
 */
#pragma once
#include "platform.h"

enum {
	VTD_CONTEXTS_MAX = 32, /* buses whose devices can be given to drivers */
	VTD_DOMAINS_MAX = 1024,
	IRTE_PER_CPU = 256,
};

struct vtd_unit {
	volatile void *regs;
	u64 cap;
	u32 queue; /* page */
	u32 tail;
};

struct vtd_state {
	struct lock lock;
	bool on;       /* translation is enabled */
	bool ok;       /* every command so far was answered */
	bool remaps;   /* interrupts: devices can only send those that have an entry */
	bool extended; /* to APIC ids above 254 too (5.1.5) */
	bool coherent; /* the units see what the CPUs' caches hold */
	bool write_flush;
	bool is_muted; /* fault interrupts are masked until somebody listens */
	u32 units;
	struct vtd_unit unit[DMAR_UNITS_MAX];
	u32 root;     /* page: root table of segment 0 */
	u32 irt;      /* first page of the interrupt remapping table */
	u32 answers;  /* page: word i is what unit i wrote for the last wait */
	u32 commands; /* number of the last wait */
	u32 contexts; /* first page for context tables */
	u32 contexts_used;
	u32 domains; /* numbers that every unit has */
	u32 large;   /* sizes of leaves: bit 0: 2 MiB, bit 1: 1 GiB */
	u64 drain;   /* what an IOTLB invalidation can wait for */
	u64 domain_used[VTD_DOMAINS_MAX / 64];
	u32 burst; /* fault interrupts since somebody listened */
};
extern struct vtd_state vtd;

/* Descriptors of the invalidation queue (6.5.2). */
#define INV_CONTEXT_ALL (1ull | 1ull << 4)
#define INV_IOTLB_ALL (2ull | 1ull << 4)
#define INV_IOTLB_DOMAIN(d) (2ull | 2ull << 4 | (u64)(d) << 16)
#define INV_IOTLB_DRAIN_WRITES (1ull << 6)
#define INV_IOTLB_DRAIN_READS (1ull << 7)
#define INV_IRT_ALL 4ull
#define INV_IRT_ENTRY(i) (4ull | 1ull << 4 | (u64)(i) << 32)
#define INV_WAIT_WRITE(value) (5ull | 1ull << 5 | (u64)(value) << 32)

/* Make what was written visible to units that do not look into caches (6.8). */
void vtd_write_back(const volatile void *at, u32 bytes);
/* Queue an invalidation in all units.  Every queue is empty when vtd_run returns. */
void vtd_command(u64 low);
/* Have the queued invalidations done; they are when this returns, or vtd.ok is false. */
void vtd_run(void);

/* Interrupt of source (a requester id; NIL: not checked) to vector of an APIC. */
struct irte {
	u32 source;
	u32 apic_id;
	u32 vector;
	bool level;
};
/* Entry `index` lets the interrupt through; it does when this returns. */
void vtd_irte_set(u32 index, const struct irte *e);
/* It lets none through; nothing of it is under way inside the IOMMU. */
void vtd_irte_clear(u32 index);
