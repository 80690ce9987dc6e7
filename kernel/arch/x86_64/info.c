/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader says: memory map, module, command line, root of the
 * ACPI tables, framebuffer.  Everything is copied, since the kernel's own data
 * may come to lie where the loader's was.
 *
 * Owns:       the first part of struct machine.
 * Called by:  start.c, on CPU 0, once.
 * Manuals:    Xen x86/HVM direct boot ABI (start_info); Multiboot2 1.6, 3.
 */
#include "firmware.h"

enum {
	PVH_MAGIC = 0x336ec578,
	MB2_LOADED = 0x36d76289,
	MAP_ENTRIES_MAX = 512,
	MB2_TAGS_MAX = 128,
	EFI_TABLES_MAX = 256,
	MEMORY_RAM = 1,
};

static void memory_entry(u64 at, bool ram_pass)
{
	u64 start = firmware64(at), bytes = firmware64(at + 8);
	bool is_ram = firmware32(at + 16) == MEMORY_RAM;
	u64 end = start + bytes;

	if (is_ram != ram_pass || end <= start || end > machine.address_mask)
		return;
	if (is_ram)
		ranges_add(machine.ram, &machine.rams, (start + PAGE_SIZE - 1) >> PAGE_SHIFT,
			   end >> PAGE_SHIFT);
	else
		ranges_cut(machine.ram, &machine.rams, start >> PAGE_SHIFT,
			   (end + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

/* Page 0 is left out: 0 means "none" where page numbers are stored. */
static void memory_map(u64 at, u32 entries, u32 entry_size)
{
	for (u32 i = 0; i < MAP_ENTRIES_MAX && i < entries; i++)
		memory_entry(at + (u64)i * entry_size, true);
	for (u32 i = 0; i < MAP_ENTRIES_MAX && i < entries; i++)
		memory_entry(at + (u64)i * entry_size, false);
	ranges_cut(machine.ram, &machine.rams, 0, 1);
}

static void command_line(u64 at)
{
	for (u32 i = 0; i + 1 < sizeof(machine.command); i++) {
		machine.command[i] = (char)firmware8(at + i);
		if (machine.command[i] == 0)
			return;
	}
}

static void pvh_read(u64 info)
{
	if (firmware32(info) != PVH_MAGIC)
		return;
	if (firmware64(info + 24) != 0)
		command_line(firmware64(info + 24));
	machine.acpi_root = firmware64(info + 32);
	if (firmware32(info + 12) > 0) {
		u64 module = firmware64(info + 16);

		machine.module_start = firmware64(module);
		machine.module_end = machine.module_start + firmware64(module + 8);
	}
	if (firmware32(info + 4) >= 1)
		memory_map(firmware64(info + 40), firmware32(info + 48), 24);
}

/* The configuration table with the GUID of ACPI 2.0 (UEFI 2.10, 4.3 and 4.6). */
static u64 efi_acpi_root(u64 system)
{
	u64 entries = firmware64(system + 104), at = firmware64(system + 112);

	for (u32 i = 0; i < EFI_TABLES_MAX && i < entries; i++, at += 24) {
		if (firmware64(at) == 0x11d3e4f18868e871 &&
		    firmware64(at + 8) == 0x81883cc7800022bc)
			return firmware64(at + 16);
	}
	return 0;
}

static void mb2_framebuffer(u64 tag)
{
	if (firmware8(tag + 29) != 1) /* not direct colours */
		return;
	machine.framebuffer = firmware64(tag + 8);
	machine.framebuffer_pitch = firmware32(tag + 16);
	machine.framebuffer_width = firmware32(tag + 20);
	machine.framebuffer_height = firmware32(tag + 24);
	machine.framebuffer_bits = firmware8(tag + 28);
}

static void mb2_tag(u64 tag, u32 type, u32 size)
{
	switch (type) {
	case 1: command_line(tag + 8); break;
	case 3: /* the first module only */
		if (machine.module_end == 0) {
			machine.module_start = firmware32(tag + 8);
			machine.module_end = firmware32(tag + 12);
		}
		break;
	case 6:
		if (firmware32(tag + 8) >= 24)
			memory_map(tag + 16, (size - 16) / firmware32(tag + 8),
				   firmware32(tag + 8));
		break;
	case 8: mb2_framebuffer(tag); break;
	case 12: machine.acpi_root = efi_acpi_root(firmware64(tag + 8)); break;
	default: break;
	}
}

static void mb2_read(u64 info)
{
	u64 end = info + firmware32(info);
	u64 tag = info + 8;

	for (u32 i = 0; i < MB2_TAGS_MAX && tag + 8 <= end; i++) {
		u32 size = firmware32(tag + 4);

		if (firmware32(tag) == 0 || size < 8)
			return;
		mb2_tag(tag, firmware32(tag), size);
		tag += (size + 7u) & ~7u;
	}
}

void info_read(u32 magic, u32 info)
{
	if (magic == MB2_LOADED)
		mb2_read(info);
	else
		pvh_read(info);
	if (machine.rams == 0)
		arch_panic("the boot loader gave no memory map", __FILE__, __LINE__);
}
