/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables: processors, interrupt controllers, NUMA nodes, timer, IOMMUs.
 *
 * Owns:       the ACPI part of struct machine.
 * Called by:  start.c, on CPU 0, once.
 * Never:      looks at AML.
 * Manuals:    ACPI 6.4, 5.2; VT-d specification 4.1, section 8.
 *
 * Tables are firmware's: lengths are checked against their table's, counts
 * against the arrays here, and what is too much is left out.
 */
#include "asm.h"
#include "firmware.h"

enum { ROOT_ENTRIES_MAX = 128, ENTRIES_MAX = 1024, BIOS_START = 0xe0000, BIOS_END = 0x100000 };

#define SIGNATURE(a, b, c, d) ((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24)

static bool checksum_ok(u64 at, u32 bytes)
{
	u8 sum = 0;

	for (u32 i = 0; i < TABLE_BYTES_MAX && i < bytes; i++)
		sum = (u8)(sum + firmware8(at + i));
	return sum == 0;
}

/* Length of the table there, 0 if it is none or damaged. */
static u32 table_length(u64 at)
{
	u32 length = firmware32(at + 4);

	if (length < 36 || length > TABLE_BYTES_MAX || !firmware_reaches(at, length))
		return 0;
	return checksum_ok(at, length) ? length : 0;
}

/* --- MADT (5.2.12) -------------------------------------------------------------------- */

static void add_processor(u32 apic_id, u32 flags)
{
	if ((flags & 1) == 0 || apic_id == machine.processor[0].apic_id ||
	    machine.processors == CPU_MAX)
		return;
	machine.processor[machine.processors++].apic_id = apic_id;
}

static void add_override(u64 at)
{
	u32 flags = firmware16(at + 8);
	bool low = (flags & 3) == 3, level = ((flags >> 2) & 3) == 3;

	if (machine.overrides == OVERRIDE_MAX)
		return;
	machine.override[machine.overrides++] = (struct machine_override){
		.irq = firmware8(at + 3),
		.gsi = firmware32(at + 4),
		.mode = (level ? IRQ_LEVEL : 0) | (low ? IRQ_LOW : 0),
	};
}

static void madt_entry(u64 at, u32 type)
{
	switch (type) {
	case 0: add_processor(firmware8(at + 3), firmware32(at + 4)); break;
	case 1:
		if (machine.ioapics < IOAPIC_MAX)
			machine.ioapic[machine.ioapics++] = (struct machine_ioapic){
				.address = firmware32(at + 4),
				.id = firmware8(at + 2),
				.gsi = firmware32(at + 8),
			};
		break;
	case 2: add_override(at); break;
	case 5: machine.lapic = firmware64(at + 4); break;
	case 9: add_processor(firmware32(at + 4), firmware32(at + 8)); break;
	default: break;
	}
}

static void madt_read(u64 table, u32 length)
{
	u64 at = table + 44, end = table + length;

	machine.lapic = firmware32(table + 36);
	machine.has_pic = (firmware32(table + 40) & 1) != 0;
	for (u32 i = 0; i < ENTRIES_MAX && at + 2 <= end; i++) {
		u32 size = firmware8(at + 1);

		if (size < 2 || at + size > end)
			return;
		madt_entry(at, firmware8(at));
		at += size;
	}
}

/* --- SRAT (5.2.16): after the MADT, whose processors it names --------------------------- */

static void processor_node(u32 apic_id, u32 node)
{
	for (u32 i = 0; i < CPU_MAX && i < machine.processors; i++) {
		if (machine.processor[i].apic_id == apic_id)
			machine.processor[i].node = node;
	}
}

static void srat_entry(u64 at, u32 type)
{
	switch (type) {
	case 0:
		if ((firmware32(at + 4) & 1) != 0)
			processor_node(firmware8(at + 3), firmware8(at + 2));
		break;
	case 1:
		if ((firmware32(at + 28) & 1) == 0 || machine.node_ranges == NODE_RANGE_MAX)
			break;
		machine.node_range[machine.node_ranges++] = (struct machine_node_range){
			.first = firmware64(at + 8) >> PAGE_SHIFT,
			.count = firmware64(at + 16) >> PAGE_SHIFT,
			.node = firmware32(at + 2),
		};
		break;
	case 2:
		if ((firmware32(at + 12) & 1) != 0)
			processor_node(firmware32(at + 8), firmware32(at + 4));
		break;
	default: break;
	}
}

static void srat_read(u64 table, u32 length)
{
	u64 at = table + 48, end = table + length;

	for (u32 i = 0; i < ENTRIES_MAX && at + 2 <= end; i++) {
		u32 size = firmware8(at + 1);

		if (size < 2 || at + size > end)
			return;
		srat_entry(at, firmware8(at));
		at += size;
	}
}

/* --- DMAR (VT-d 8.1) -------------------------------------------------------------------- */

static void dmar_scopes(u64 at, u64 end, u32 segment, u32 unit, u32 region)
{
	for (u32 i = 0; i < ENTRIES_MAX && at + 8 <= end; i++) {
		u32 size = firmware8(at + 1);

		if (size < 8 || at + size > end || machine.scopes == DMAR_SCOPES_MAX)
			return;
		machine.scope[machine.scopes++] = (struct dmar_scope){
			.unit = unit,
			.region = region,
			.kind = firmware8(at),
			.id = firmware8(at + 4),
			.source = segment << 16 | (u32)firmware8(at + 5) << 8 |
				  (firmware8(at + 6) & 31u) << 3 | (firmware8(at + 7) & 7u),
			.hops = (size - 8) / 2,
		};
		at += size;
	}
}

static void dmar_entry(u64 at, u32 type, u32 size)
{
	u32 segment = firmware16(at + 6);

	if (type == 0 && machine.units == DMAR_UNITS_MAX) {
		machine.too_many_units = true;
	} else if (type == 0 && size >= 16) {
		machine.unit[machine.units] = (struct dmar_unit){
			.address = firmware64(at + 8),
			.segment = segment,
			.all = (firmware8(at + 4) & 1) != 0,
		};
		dmar_scopes(at + 16, at + size, segment, machine.units++, NIL);
	} else if (type == 1 && size >= 24 && machine.regions < DMAR_REGIONS_MAX) {
		u64 first = firmware64(at + 8) >> PAGE_SHIFT;

		machine.region[machine.regions] = (struct dmar_region){
			.first = first,
			.count = (firmware64(at + 16) >> PAGE_SHIFT) + 1 - first,
			.segment = segment,
		};
		dmar_scopes(at + 24, at + size, segment, NIL, machine.regions++);
	}
}

static void dmar_read(u64 table, u32 length)
{
	u64 at = table + 48, end = table + length;

	machine.x2apic_opt_out = (firmware8(table + 37) & 2) != 0;
	machine.remaps_irqs = (firmware8(table + 37) & 1) != 0;
	for (u32 i = 0; i < ENTRIES_MAX && at + 4 <= end; i++) {
		u32 size = firmware16(at + 2);

		if (size < 4 || at + size > end)
			return;
		dmar_entry(at, firmware16(at), size);
		at += size;
	}
}

/* --- finding tables ------------------------------------------------------------------------ */

/* FADT (5.2.9): the power management timer runs at 3.579545 MHz and counts 24 bits. */
static void fadt_read(u64 table, u32 length)
{
	if (length >= 92 && firmware8(table + 91) == 4)
		machine.pm_port = firmware32(table + 76);
}

static void table_read(u64 at, u32 wanted)
{
	u32 signature = firmware32(at), length = table_length(at);

	if (signature != wanted || length == 0)
		return;
	if (wanted == SIGNATURE('A', 'P', 'I', 'C'))
		madt_read(at, length);
	else if (wanted == SIGNATURE('S', 'R', 'A', 'T'))
		srat_read(at, length);
	else if (wanted == SIGNATURE('F', 'A', 'C', 'P'))
		fadt_read(at, length);
	else
		dmar_read(at, length);
}

static void tables_read(u32 wanted)
{
	bool extended =
		firmware8(machine.acpi_root + 15) >= 2 && firmware64(machine.acpi_root + 24) != 0;
	u64 root =
		extended ? firmware64(machine.acpi_root + 24) : firmware32(machine.acpi_root + 16);
	u32 length = table_length(root), size = extended ? 8 : 4;

	for (u32 i = 0; i < ROOT_ENTRIES_MAX && 36 + (i + 1) * size <= length; i++) {
		u64 at = root + 36 + i * size;

		table_read(extended ? firmware64(at) : firmware32(at), wanted);
	}
}

static bool is_root(u64 at)
{
	return firmware64(at) == 0x2052545020445352 && checksum_ok(at, 20); /* "RSD PTR " */
}

/* 5.2.5.1: without UEFI the root is on a 16-byte boundary of the BIOS area. */
static u64 root_scan(void)
{
	for (u64 at = BIOS_START; at < BIOS_END; at += 16) {
		if (is_root(at))
			return at;
	}
	return 0;
}

/* Without ACPI: one processor, and the interrupt controllers of every PC. */
void acpi_read(void)
{
	machine.processors = 1;
	machine.processor[0].apic_id = cpuid(1, 0).b >> 24;
	machine.lapic = 0xfee00000;
	machine.has_pic = true;
	if (machine.acpi_root == 0 || !is_root(machine.acpi_root))
		machine.acpi_root = root_scan();
	if (machine.acpi_root == 0) {
		machine.ioapic[0] = (struct machine_ioapic){ .address = 0xfec00000 };
		machine.ioapics = 1;
		return;
	}
	tables_read(SIGNATURE('A', 'P', 'I', 'C'));
	tables_read(SIGNATURE('S', 'R', 'A', 'T'));
	tables_read(SIGNATURE('F', 'A', 'C', 'P'));
	tables_read(SIGNATURE('D', 'M', 'A', 'R'));
}
