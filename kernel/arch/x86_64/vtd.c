/* SPDX-License-Identifier: MIT */
/*
 * Intel VT-d: the units, from boot on; commands to them; faults they record.
 *
 * Owns:       registers and queues of the IOMMUs.
 * Locks:      vtd.lock, taken by vtd_tables.c and arch_iommu_faults.
 * Called by:  the boot path of CPU 0; vtd_tables.c; device.c for faults.
 *
 * All units share the tables, and each command goes to all of them, so nobody
 * has to know which unit a device is behind.  All invalidations are awaited.
 */
#include "vtd.h"
#include "asm.h"
#include "percpu.h"

/* Registers (11.4). */
enum {
	REG_CAP = 0x08,
	REG_ECAP = 0x10,
	REG_GCMD = 0x18,
	REG_GSTS = 0x1c,
	REG_RTADDR = 0x20,
	REG_FSTS = 0x34,
	REG_FECTL = 0x38,
	REG_FEDATA = 0x3c,
	REG_FEADDR = 0x40,
	REG_FEUADDR = 0x44,
	REG_PMEN = 0x64,
	REG_IQT = 0x88,
	REG_IQA = 0x90,
	REG_IRTA = 0xb8,
	REG_BYTES = 4096,
};

/* Bits of the global command and status registers (11.4.4). */
#define GCMD_TRANSLATE (1u << 31)
#define GCMD_SET_ROOT (1u << 30)
#define GCMD_WRITE_FLUSH (1u << 27)
#define GCMD_QUEUE (1u << 26)
#define GCMD_REMAP (1u << 25)
#define GCMD_SET_IRT (1u << 24)
#define GCMD_COMPATIBLE (1u << 23)
/* The bits that stay; the others start something once. */
#define GCMD_KEEP (GCMD_TRANSLATE | GCMD_QUEUE | GCMD_REMAP | GCMD_COMPATIBLE)

/* Capabilities (11.4.2, 11.4.3). */
#define CAP_DOMAIN_BITS(cap) (4 + 2 * (u32)((cap)&7))
#define CAP_WRITE_FLUSH (1ull << 4)
#define CAP_PROTECTED (3ull << 5)
#define CAP_4_LEVELS (1ull << 10)
#define CAP_FAULT_AT(cap) ((u32)((cap) >> 24 & 0x3ff) * 16)
#define CAP_LARGE(cap) ((u32)((cap) >> 34 & 3)) /* bit 0: 2 MiB, bit 1: 1 GiB */
#define CAP_FAULTS(cap) ((u32)((cap) >> 40 & 0xff) + 1)
#define CAP_DRAIN_WRITES (1ull << 54)
#define CAP_DRAIN_READS (1ull << 55)
#define ECAP_COHERENT 1ull
#define ECAP_QUEUE 2ull
#define ECAP_REMAP 8ull
#define ECAP_EXTENDED 16ull

#define FSTS_CLEAR 0x7fu /* all the bits that are cleared by writing 1 */
#define FSTS_PENDING 2u
#define FECTL_MASKED (1u << 31)
#define FAULT_VALID (1u << 31)
#define FAULT_READ (1u << 30) /* 0: a write */

enum {
	QUEUE_ENTRIES = PAGE_SIZE / 16,
	FAULTS_MAX = 16,   /* fault records of a unit that are used */
	FAULT_BURST = 100, /* fault interrupts until the next command, or question */
	LINE_BYTES = 64,
};
/* An IOMMU without ATS answers in microseconds; this is 50 ms and more. */
#define WAIT_TICKS 200000000ull

struct vtd_state vtd;

/* --- commands ------------------------------------------------------------------ */

void vtd_write_back(const volatile void *at, u32 bytes)
{
	if (vtd.coherent)
		return;
	for (u32 i = 0; i < bytes; i += LINE_BYTES)
		__asm__ volatile("clflush %0" : : "m"(*((const volatile u8 *)at + i)) : "memory");
	__asm__ volatile("mfence" : : : "memory");
}

/* Wait until status bit `bit` is as wanted. */
static void status_wait(const struct vtd_unit *u, u32 bit, bool set)
{
	u64 start = arch_clock();

	while (((mmio_read32(u->regs, REG_GSTS) & bit) != 0) != set) {
		if (arch_clock() - start > WAIT_TICKS) {
			vtd.ok = false;
			return;
		}
	}
}

static void global_command(const struct vtd_unit *u, u32 bit, bool set)
{
	u32 keep = mmio_read32(u->regs, REG_GSTS) & GCMD_KEEP;

	mmio_write32(u->regs, REG_GCMD, set ? keep | bit : keep & ~bit);
	/* This one's status bit tells that it is being done (11.4.4.2). */
	status_wait(u, bit, set && bit != GCMD_WRITE_FLUSH);
}

/* Old chip sets hold writes of the CPU back (6.8). */
static void write_buffers_flush(void)
{
	for (u32 i = 0; i < vtd.units && vtd.write_flush; i++) {
		if (vtd.unit[i].cap & CAP_WRITE_FLUSH)
			global_command(&vtd.unit[i], GCMD_WRITE_FLUSH, true);
	}
}

static void queue_put(struct vtd_unit *u, u64 low, u64 high)
{
	WORD(u->queue, u->tail * 2) = low;
	WORD(u->queue, u->tail * 2 + 1) = high;
	vtd_write_back(&WORD(u->queue, u->tail * 2), 16);
	u->tail = (u->tail + 1) % QUEUE_ENTRIES;
}

void vtd_command(u64 low)
{
	for (u32 i = 0; i < vtd.units; i++)
		queue_put(&vtd.unit[i], low, 0);
}

/* Let faults interrupt, FAULT_BURST times. */
static void listen(void)
{
	vtd.burst = 0;
	if (!vtd.is_muted)
		return;
	vtd.is_muted = false;
	for (u32 i = 0; i < vtd.units; i++)
		mmio_write32(vtd.unit[i].regs, REG_FECTL, 0);
}

/*
 * Have the queued invalidations done, and wait until they are (6.5.2.9).  A
 * unit that does not answer is never asked again: from then on nothing is
 * certain, and the generic kernel keeps what devices could reach.
 */
void vtd_run(void)
{
	if (!vtd.ok)
		return;
	vtd.commands++;
	write_buffers_flush();
	for (u32 i = 0; i < vtd.units; i++) {
		struct vtd_unit *u = &vtd.unit[i];

		queue_put(u, INV_WAIT_WRITE(vtd.commands),
			  ((u64)vtd.answers << PAGE_SHIFT) + i * 8);
		mmio_write64(u->regs, REG_IQT, u->tail * 16);
	}
	u64 start = arch_clock();
	for (u32 i = 0; i < vtd.units; i++) {
		while ((u32)WORD(vtd.answers, i) != vtd.commands) {
			cpu_pause();
			if (arch_clock() - start > WAIT_TICKS) {
				vtd.ok = false;
				return;
			}
		}
	}
	listen();
}

/* --- faults -------------------------------------------------------------------------- */

/* Report what a unit recorded, at most once each record (7.2), and clear it. */
static void faults_read(const struct vtd_unit *u)
{
	u32 at = CAP_FAULT_AT(u->cap);

	for (u32 i = 0; i < FAULTS_MAX && i < CAP_FAULTS(u->cap); i++, at += 16) {
		if (at + 16 > REG_BYTES)
			break;
		u32 high = mmio_read32(u->regs, at + 12);

		if (!(high & FAULT_VALID))
			continue;
		device_fault(mmio_read32(u->regs, at + 8) & 0xffff,
			     mmio_read64(u->regs, at) & ~0xfffull,
			     (high & FAULT_READ ? 0 : DEVICE_FAULT_WRITE) | (high & 0xff));
		mmio_write32(u->regs, at + 12, FAULT_VALID);
	}
	mmio_write32(u->regs, REG_FSTS, FSTS_CLEAR);
}

/* A device that faults for ever costs FAULT_BURST interrupts, not more. */
void arch_iommu_faults(bool asked)
{
	arch_lock(&vtd.lock);
	bool mute = !asked && ++vtd.burst >= FAULT_BURST;

	for (u32 i = 0; i < vtd.units && vtd.on; i++) {
		if (mute)
			mmio_write32(vtd.unit[i].regs, REG_FECTL, FECTL_MASKED);
		faults_read(&vtd.unit[i]);
	}
	vtd.is_muted |= mute;
	if (asked)
		listen();
	arch_unlock(&vtd.lock);
}

/* --- boot ---------------------------------------------------------------------------- */

/* What every unit can do; false: this kernel cannot drive one of them. */
static bool units_find(void)
{
	u64 cap = ~0ull, ecap = ~0ull;

	vtd.domains = VTD_DOMAINS_MAX;
	for (u32 i = 0; i < machine.units; i++) {
		struct vtd_unit *u = &vtd.unit[i];

		u->regs = mmio_map(machine.unit[i].address, REG_BYTES);
		u->cap = mmio_read64(u->regs, REG_CAP);
		u64 domains = 1ull << CAP_DOMAIN_BITS(u->cap);
		if (domains < vtd.domains)
			vtd.domains = (u32)domains;
		vtd.write_flush |= (u->cap & CAP_WRITE_FLUSH) != 0;
		cap &= u->cap;
		ecap &= mmio_read64(u->regs, REG_ECAP);
	}
	vtd.coherent = (ecap & ECAP_COHERENT) != 0;
	vtd.remaps = machine.remaps_irqs && (ecap & ECAP_REMAP) != 0;
	vtd.extended = vtd.remaps && machine.x2apic && (ecap & ECAP_EXTENDED) != 0;
	vtd.large = CAP_LARGE(cap);
	vtd.drain = (cap & CAP_DRAIN_WRITES ? INV_IOTLB_DRAIN_WRITES : 0) |
		    (cap & CAP_DRAIN_READS ? INV_IOTLB_DRAIN_READS : 0);
	vtd.units = machine.units;
	return (ecap & ECAP_QUEUE) && (cap & CAP_4_LEVELS) && !machine.too_many_units;
}

/* Leave nothing running that the firmware started. */
static void unit_stop(const struct vtd_unit *u)
{
	mmio_write32(u->regs, REG_FECTL, FECTL_MASKED);
	global_command(u, GCMD_REMAP, false);
	global_command(u, GCMD_COMPATIBLE, false);
	global_command(u, GCMD_TRANSLATE, false);
	global_command(u, GCMD_QUEUE, false);
}

/* Tables that hold nothing: no device reaches memory, no interrupt passes. */
static void unit_start(struct vtd_unit *u, u32 root, u32 irt_log2)
{
	mmio_write64(u->regs, REG_RTADDR, (u64)root << PAGE_SHIFT);
	global_command(u, GCMD_SET_ROOT, true);
	mmio_write64(u->regs, REG_IQT, 0);
	mmio_write64(u->regs, REG_IQA, (u64)u->queue << PAGE_SHIFT);
	global_command(u, GCMD_QUEUE, true);
	if (!vtd.remaps)
		return;
	mmio_write64(u->regs, REG_IRTA,
		     (u64)vtd.irt << PAGE_SHIFT | (vtd.extended ? 1u << 11 : 0) | (irt_log2 - 1));
	global_command(u, GCMD_SET_IRT, true);
}

static void unit_enable(const struct vtd_unit *u)
{
	if (vtd.remaps)
		global_command(u, GCMD_REMAP, true);
	global_command(u, GCMD_TRANSLATE, true);
	/* What the firmware protected until now (11.4.11) is protected by the tables. */
	if (u->cap & CAP_PROTECTED)
		mmio_write32(u->regs, REG_PMEN, 0);
	/* Faults interrupt CPU 0; such a message is not remapped itself (5.1.6). */
	mmio_write32(u->regs, REG_FEDATA, VECTOR_IOMMU);
	mmio_write32(u->regs, REG_FEADDR,
		     0xfee00000u | (machine.processor[0].apic_id & 0xff) << 12);
	mmio_write32(u->regs, REG_FEUADDR, machine.processor[0].apic_id & ~0xffu);
	mmio_write32(u->regs, REG_FECTL, 0);
}

/* Interrupt entries for every CPU, a power of two of them; the exponent. */
static u32 irt_log2(void)
{
	u32 log2 = 8;

	while (log2 < 15 && (1u << log2) < machine.processors * IRTE_PER_CPU)
		log2++;
	return log2;
}

/* Tables that hold nothing yet; page of the one for segments that are not driven. */
static u32 tables_make(void)
{
	u32 nothing = boot_pages(1);

	vtd.root = boot_pages(1);
	vtd.answers = boot_pages(1);
	vtd.contexts = boot_pages(VTD_CONTEXTS_MAX);
	vtd.irt = boot_pages((16u << irt_log2()) / (u32)PAGE_SIZE);
	vtd_write_back(&WORD(nothing, 0), PAGE_SIZE);
	vtd_write_back(&WORD(vtd.root, 0), PAGE_SIZE);
	vtd_write_back(&WORD(vtd.irt, 0), 16u << irt_log2());
	return nothing;
}

/* Memory that the firmware wanted devices to go on using gets no such exception. */
static void report(void)
{
	console_text(vtd.on ? "iommu: on" : "iommu: not used, it lacks 4-level tables or queues");
	if (vtd.remaps)
		console_text(vtd.extended ? ", interrupts too (extended)" : ", interrupts too");
	for (u32 i = 0; i < machine.regions; i++) {
		console_text("; reserved region ignored at page ");
		console_hex(machine.region[i].first);
	}
	console_text("\n");
}

void iommu_init(void)
{
	vtd.ok = true;
	if (machine.units == 0)
		return;
	if (!units_find()) {
		vtd.remaps = false;
		vtd.extended = false;
		report();
		return;
	}
	u32 nothing = tables_make();
	for (u32 i = 0; i < vtd.units; i++) {
		vtd.unit[i].queue = boot_pages(1);
		unit_stop(&vtd.unit[i]);
		unit_start(&vtd.unit[i], machine.unit[i].segment == 0 ? vtd.root : nothing,
			   irt_log2());
	}
	vtd_command(INV_CONTEXT_ALL);
	vtd_command(INV_IOTLB_ALL);
	vtd_command(INV_IRT_ALL);
	vtd_run();
	for (u32 i = 0; i < vtd.units; i++)
		unit_enable(&vtd.unit[i]);
	vtd.on = vtd.ok;
	report();
}
