/* SPDX-License-Identifier: MIT */
/*
 * The order of boot, and what the generic kernel is told about this machine.
 *
 * Called by:  boot.S: boot_early on the first page tables, boot_late on the
 *             kernel's own, both on CPU 0 with interrupts off.
 */
#include "boot.h"
#include "asm.h"
#include "firmware.h"
#include "percpu.h"
#include "vtd.h"

u64 boot_early(u32 info, u32 magic);
void boot_late(void);
extern u64 boot_counter; /* boot.S; reached on the first page tables only */

static struct boot_map map;

#define INTERRUPT_FIRST 0xfee00ull /* pages to which devices send messages */
#define INTERRUPT_COUNT 0x100ull
#define DEVICE_LIMIT (1ull << 32) /* page numbers have 32 bits */

u64 boot_early(u32 info, u32 magic)
{
	map.info.boot_counter = boot_counter;
	console_init();
	cpu_detect();
	info_read(magic, info);
	acpi_read();
	mitigate_choose();
	memory_init(idt_init());
	return memory_root();
}

/* --- regions ---------------------------------------------------------------------------- */

/* The node that has the page, and where in [first, end) another one begins. */
static u32 node_of(u64 first, u64 *end)
{
	for (u32 i = 0; i < NODE_RANGE_MAX && i < machine.node_ranges; i++) {
		const struct machine_node_range *n = &machine.node_range[i];

		if (first < n->first || first >= n->first + n->count)
			continue;
		if (*end > n->first + n->count)
			*end = n->first + n->count;
		return n->node;
	}
	return 0;
}

static void region_add(u64 first, u64 end, bool is_ram)
{
	while (first < end && map.info.regions < BOOT_REGIONS_MAX) {
		u64 to = end;
		u32 node = is_ram ? node_of(first, &to) : 0;

		map.info.region[map.info.regions++] = (struct boot_region){
			.first = first,
			.count = to - first,
			.is_ram = is_ram,
			.node = (u16)node,
		};
		first = to;
	}
}

/* [first, end) without the n ranges. */
static void regions_without(u64 first, u64 end, const struct machine_range *r, u32 n, bool is_ram)
{
	struct machine_range cut = { 0 };

	for (u32 i = 0; i <= RANGE_MAX && first < end && ranges_after(r, n, first, &cut); i++) {
		if (cut.first >= end)
			break;
		region_add(first, cut.first, is_ram);
		first = cut.first + cut.count;
	}
	region_add(first, end, is_ram);
}

/* All that is not RAM: between the RAM ranges, without the kernel's registers. */
static void device_regions(void)
{
	u64 limit = (machine.address_mask + 1) >> PAGE_SHIFT, first = 0;

	for (u32 i = 0; i < RANGE_MAX && i < machine.rams; i++) {
		regions_without(first, machine.ram[i].first, machine.reg, machine.registers, false);
		first = machine.ram[i].first + machine.ram[i].count;
	}
	if (limit > DEVICE_LIMIT)
		limit = DEVICE_LIMIT;
	regions_without(first, limit, machine.reg, machine.registers, false);
}

static void ram_regions(void)
{
	for (u32 i = 0; i < RANGE_MAX && i < machine.rams; i++) {
		u64 end = machine.ram[i].first + machine.ram[i].count;

		if (machine.ram[i].first >= OBJECT_PAGES)
			break;
		end = end > OBJECT_PAGES ? OBJECT_PAGES : end;
		regions_without(machine.ram[i].first, end, machine.keep, machine.kept, true);
	}
}

/* --- what the first program is told --------------------------------------------------------- */

static void info_write(void)
{
	struct boot_info *b = &map.info;

	b->features =
		(arch_has_iommu() ? FEATURE_IOMMU : 0) | (vtd.remaps ? FEATURE_IRQ_REMAP : 0) |
		(machine.pages_1g ? FEATURE_PAGES_1G : 0) | (DEBUG ? FEATURE_DEBUG_KERNEL : 0);
	b->clock_hz = machine.tsc_hz;
	b->clock_offset = machine.tsc_offset;
	b->acpi_root = machine.acpi_root;
	b->xstate_bytes = machine.xstate_bytes;
	b->xstate_mask = machine.xcr0;
	b->framebuffer = (struct boot_framebuffer){
		.address = machine.framebuffer,
		.width = machine.framebuffer_width,
		.height = machine.framebuffer_height,
		.pitch = machine.framebuffer_pitch,
		.bits = machine.framebuffer_bits,
	};
	for (u32 i = 0; i < CPU_MAX && i < ks.cpus; i++)
		b->cpu[i] = (struct boot_cpu){ machine.processor[i].apic_id,
					       machine.processor[i].node };
	for (u32 i = 0; i < BOOT_COMMAND_MAX; i++)
		b->command[i] = machine.command[i];
	for (u32 i = 0; i < RANGE_MAX && i < machine.rams; i++)
		b->ram_pages += machine.ram[i].count;
	map.module_start = machine.module_start;
	map.module_end = machine.module_end;
}

static void banner(void)
{
	console_text("Tessera: ");
	console_decimal(ks.cpus);
	console_text(" CPUs, ");
	console_decimal(map.info.ram_pages >> 8);
	console_text(" MiB, clock ");
	console_decimal(machine.tsc_hz / 1000000);
	console_text(" MHz\n");
	mitigate_report();
}

void boot_late(void)
{
	memory_descriptors();
	cpu_prepare(0);
	cpu_start(0);
	lapic_init();
	machine.reg[machine.registers++] =
		(struct machine_range){ INTERRUPT_FIRST, INTERRUPT_COUNT };
	iommu_init();
	ioapic_init();
	smp_start();
	ram_regions();
	device_regions();
	info_write();
	banner();
	kernel_boot(&map);
}
