/* SPDX-License-Identifier: MIT */
/*
 * What the firmware says about this machine, and what the parts of this
 * architecture offer each other: boot, interrupt routing, IOMMU.
 *
 * Owns:       struct machine, filled in by acpi.c, info.c and cpu.c at boot and
 *             constant afterwards.
 * Locks:      none: CPU 0 alone writes it, before other CPUs start.
 */
#pragma once
#include "ks.h"
#include "ranges.h"

/* Interrupt vectors.  Device vectors are VECTOR_DEVICE + index into cpu.irq. */
enum {
	VECTOR_DEVICE = 0x30, /* 0x30 to 0xcf: IRQ_VECTORS of them */
	VECTOR_TIMER = 0xe0,
	VECTOR_KICK = 0xe1,    /* enter the kernel: arch_kick */
	VECTOR_REQUEST = 0xe2, /* answer arch_sync, arch_space_flush, arch_space_retire */
	VECTOR_IOMMU = 0xe3,   /* an IOMMU recorded a fault: kernel_iommu */
	VECTOR_SPURIOUS = 0xff,
};
_Static_assert(VECTOR_DEVICE + IRQ_VECTORS <= VECTOR_TIMER, "device vectors lie below the others");

enum {
	IOAPIC_MAX = 16,
	OVERRIDE_MAX = 24,
	DMAR_UNITS_MAX = 32,
	DMAR_SCOPES_MAX = 256,
	DMAR_REGIONS_MAX = 16,
	NODE_RANGE_MAX = 32,
	XSTATE_PARTS = 8, /* x87, SSE, AVX, two unused, three of AVX-512 */
};

/* A processor (MADT, SRAT). */
struct machine_processor {
	u32 apic_id;
	u32 node;
};

struct machine_ioapic {
	u64 address; /* physical, of its registers */
	u32 id;
	u32 gsi; /* global system interrupt of its input 0 */
};

/* ISA interrupt `irq` arrives at global system interrupt `gsi` (ACPI 6.4, 5.2.12.5). */
struct machine_override {
	u32 irq;
	u32 gsi;
	u32 mode; /* IRQ_LEVEL | IRQ_LOW */
};

/* One IOMMU (VT-d specification 3.3, 8.3: DRHD). */
struct dmar_unit {
	u64 address; /* physical, of its registers */
	u32 segment;
	bool all; /* takes all functions of the segment that no other unit's scope names */
};

/* Device scope (8.3.1) of a unit, or of a reserved region. */
enum { SCOPE_ENDPOINT = 1, SCOPE_BRIDGE = 2, SCOPE_IOAPIC = 3, SCOPE_HPET = 4 };
struct dmar_scope {
	u32 unit;   /* index of the unit, or NIL: belongs to a region */
	u32 region; /* index of the region, or NIL */
	u32 kind;   /* SCOPE_* */
	u32 id;     /* of an IOAPIC or HPET, as the MADT names it */
	u32 source; /* requester id segment << 16 | bus << 8 | device << 3 | function */
	u32 hops;   /* path elements after the first, which this kernel does not follow */
};

/* Memory that firmware set up for DMA of the devices in the scope (8.4: RMRR). */
struct dmar_region {
	u64 first; /* page */
	u64 count;
	u32 segment;
};

struct machine_node_range {
	u64 first; /* page */
	u64 count;
	u32 node;
};

struct machine {
	/* Where the boot loader left things; physical, 0: none. */
	u64 acpi_root;
	u64 module_start;
	u64 module_end;
	u64 framebuffer;
	u32 framebuffer_width, framebuffer_height, framebuffer_pitch, framebuffer_bits;
	char command[512];

	/* RAM, ascending, disjoint, whole pages. */
	u32 rams;
	struct machine_range ram[RANGE_MAX];
	u32 node_ranges;
	struct machine_node_range node_range[NODE_RANGE_MAX];

	/* Processors; [0] is the one that boots. */
	u32 processors;
	struct machine_processor processor[CPU_MAX];

	u64 lapic; /* physical, of its registers */
	u32 ioapics;
	struct machine_ioapic ioapic[IOAPIC_MAX];
	u32 overrides;
	struct machine_override override[OVERRIDE_MAX];
	u32 pm_port; /* ACPI power management timer; 0: none */
	bool has_pic;

	/* IOMMUs */
	u32 units;
	struct dmar_unit unit[DMAR_UNITS_MAX];
	u32 scopes;
	struct dmar_scope scope[DMAR_SCOPES_MAX];
	u32 regions;
	struct dmar_region region[DMAR_REGIONS_MAX];
	bool too_many_units; /* there are more than DMAR_UNITS_MAX */
	bool x2apic_opt_out; /* DMAR flags: firmware asks not to use x2APIC */
	bool remaps_irqs;    /* DMAR flags: interrupt remapping works on this machine */

	/* Physical pages that are the kernel's: registers it uses, and RAM it keeps. */
	u32 registers;
	struct machine_range reg[RANGE_MAX];
	u32 kept;
	struct machine_range keep[RANGE_MAX];

	/* Where processors leak: see mitigate.c. */
	bool kpti;     /* user mode has page tables of its own */
	bool verw;     /* buffers are overwritten on the way to user mode */
	bool barriers; /* between trust domains, branch predictors are emptied */
	bool ibpb;     /* by IBPB too */

	/* What every processor has. */
	bool x2apic; /* in use: APIC ids above 254 need remapped interrupts */
	bool tsc_deadline;
	bool pcid;
	bool invpcid; /* and PCIDs to use it with */
	bool pages_1g;
	bool xsave;
	bool xsaveopt;
	u64 cr4;
	u64 xcr0;
	u32 xstate_at[XSTATE_PARTS]; /* where part i of an image lies, in the standard form */
	u32 xstate_size[XSTATE_PARTS];
	u32 xstate_bytes; /* of a whole image */
	u32 mxcsr_mask;
	u64 address_mask; /* physical address bits that this processor has */
	u64 tsc_hz;
	u64 tsc_offset;  /* TSC when the clock was 0 */
	u64 lapic_scale; /* LAPIC timer ticks per TSC tick, times 2^32 */
};
extern struct machine machine;

/* --- offered by memory.c, at boot only ------------------------------------------------ */
/* Registers of a device that belongs to the kernel, uncached.  Programs can never map them. */
volatile void *mmio_map(u64 address, u64 bytes);
/* Cleared, contiguous pages of RAM that are the kernel's for ever; panics if there are none. */
u32 boot_pages(u32 count);

static inline u32 mmio_read32(const volatile void *base, u32 at)
{
	return *(const volatile u32 *)((const volatile u8 *)base + at);
}

static inline void mmio_write32(volatile void *base, u32 at, u32 value)
{
	*(volatile u32 *)((volatile u8 *)base + at) = value;
}

static inline u64 mmio_read64(const volatile void *base, u32 at)
{
	return *(const volatile u64 *)((const volatile u8 *)base + at);
}

static inline void mmio_write64(volatile void *base, u32 at, u64 value)
{
	*(volatile u64 *)((volatile u8 *)base + at) = value;
}

/* --- offered by lapic.c ---------------------------------------------------------------- */
void lapic_eoi(void);

/* --- offered by interrupt routing (ioapic.c) -------------------------------------------- */
/* Called once on CPU 0 after iommu_init, with machine filled in and interrupts off. */
void ioapic_init(void);

/* --- offered by the IOMMU part (vtd.c) --------------------------------------------------- */
/* Called once on CPU 0, before any other CPU runs.  Without a usable unit it does nothing. */
void iommu_init(void);
bool iommu_level_ok(u32 level);
bool iommu_remaps(void); /* devices can send no interrupt but those they were given */
/* arch_space_flush and arch_space_retire of an I/O space. */
void iommu_flush(u32 sp, u64 vpage, u64 pages);
void iommu_retire(u32 sp);
