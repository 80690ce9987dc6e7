/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables, without AML (ACPI 6.4, 5.2; VT-d 4.1, 8).
 *
 * Owns:   a copy of the table being read.
 * Never:  believes a length: each is checked against that of what it lies in, each table's
 *         checksum before its contents; loops end with the table, which is TABLE_MAX bytes long
 *         at most.
 */
#include <stddef.h>

#include "firmware.h"
#include "machine.h"

enum { TABLE_MAX = 512 << 10, ROOT_ENTRIES_MAX = 128, HEADER = 36, RSDP_1 = 20, RSDP_2 = 36 };

#define SIGNATURE(a, b, c, d)                                                                      \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* The table being read: `bytes` of it are there. */
static uint8_t table[TABLE_MAX];
static uint32_t bytes;

static uint64_t get(uint32_t at, uint32_t width)
{
	uint64_t v = 0;

	if (at > bytes || width > bytes - at)
		return 0;
	for (uint32_t i = 0; i < width; i++)
		v |= (uint64_t)table[at + i] << (8 * i);
	return v;
}

static uint32_t get8(uint32_t at)
{
	return (uint32_t)get(at, 1);
}

static uint32_t get32(uint32_t at)
{
	return (uint32_t)get(at, 4);
}

static bool sum_ok(uint32_t count)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum = (uint8_t)(sum + table[i]);
	return sum == 0;
}

/* Copy a table.  False: there is none, or it is damaged. */
static bool load(struct firmware *f, uint64_t at)
{
	bytes = 0;
	if (at == 0)
		return false;
	if (phys_read(at, table, HEADER)) {
		bytes = HEADER;
		uint32_t length = get32(4);

		if (length >= HEADER && length <= TABLE_MAX && phys_read(at, table, length)) {
			bytes = length;
			if (sum_ok(length))
				return true;
		}
	}
	bytes = 0;
	f->damaged++;
	return false;
}

/* --- tables ---------------------------------------------------------------------------- */

/*
 * Where the next entry is, or 0: `length_at` says where in an entry its length is, which counts
 * from the entry's start and takes `width` bytes.
 */
static uint32_t entry_length(uint32_t at, uint32_t length_at, uint32_t width)
{
	uint32_t length = (uint32_t)get(at + length_at, width);

	if (at + length_at + width > bytes || length < length_at + width || length > bytes - at)
		return 0;
	return length;
}

static void madt(struct firmware *f)
{
	uint32_t length;

	for (uint32_t at = 44; (length = entry_length(at, 1, 1)) != 0; at += length) {
		if (get8(at) == 1 && length >= 12 && f->ioapics < FW_IOAPICS)
			f->ioapic[f->ioapics++] =
				(struct fw_ioapic){ get32(at + 4), get32(at + 8) };
	}
}

static void mcfg(struct firmware *f)
{
	for (uint32_t at = 44; at + 16 <= bytes; at += 16) {
		uint64_t base = get(at, 8);

		if (get(at + 8, 2) != 0 || f->has_ecam || base == 0 || (base & 0xfffff) != 0 ||
		    base >> 46 != 0 || get8(at + 10) > get8(at + 11))
			continue;
		f->has_ecam = true;
		f->ecam = base;
		f->ecam_first_bus = get8(at + 10);
		f->ecam_last_bus = get8(at + 11);
	}
}

static void dmar(struct firmware *f)
{
	uint32_t length;

	for (uint32_t at = 48; (length = entry_length(at, 2, 2)) != 0; at += length) {
		if (get(at, 2) == 0 && length >= 16 && f->units < FW_UNITS)
			f->unit[f->units++] = get(at + 8, 8);
	}
}

/* Entries of type 5 with a PCI handle say which node a device belongs to (5.2.16.6). */
static void srat(struct firmware *f)
{
	uint32_t length;

	for (uint32_t at = 48; (length = entry_length(at, 1, 1)) != 0; at += length) {
		bool enabled = (get32(at + 24) & 1) != 0;

		if (get8(at) != 5 || length < 32 || get8(at + 3) != 1 || !enabled ||
		    f->nodes == FW_NODES)
			continue;
		f->node[f->nodes++] = (struct fw_node){
			.address =
				(uint32_t)get(at + 8, 2) << 16 | get8(at + 10) << 8 | get8(at + 11),
			.node = get32(at + 4),
		};
	}
}

static struct fw_register generic_address(uint32_t at)
{
	struct fw_register r = { get8(at), get(at + 4, 8) };

	if (at + 12 > bytes || r.space > FW_PORT || (r.space == FW_PORT && r.address > 0xffff))
		r.address = 0;
	return r;
}

/* Where the DSDT is, 0: nowhere. */
static uint64_t fadt(struct firmware *f)
{
	uint32_t flags = get32(112);
	uint64_t dsdt = get(140, 8);

	f->reduced = (flags & 1u << 20) != 0;
	f->pm1a = get32(64) & 0xffff;
	f->pm1b = get32(68) & 0xffff;
	f->century = get8(108) & 0x7f;
	if (flags & 1u << 10) {
		f->reset = generic_address(116);
		f->reset_value = get8(128);
	}
	if (f->reduced)
		f->sleep_control = generic_address(244);
	return dsdt != 0 ? dsdt : get32(40);
}

/*
 * Name (_S5_, Package () { a, b, ... }) as bytes: "_S5_" 12 length count, then numbers, each
 * alone (0, 1) or behind a prefix 0a (ACPI 6.4, 20.2).
 */
static void find_sleep_type(struct firmware *f)
{
	for (uint32_t at = HEADER; at + 12 <= bytes; at++) {
		if (get32(at) != SIGNATURE('_', 'S', '5', '_') || get8(at + 4) != 0x12)
			continue;
		uint32_t p = at + 5 + 1 + (get8(at + 5) >> 6) + 1;

		for (uint32_t i = 0; i < 2; i++) {
			if (get8(p) == 0x0a)
				p++;
			f->sleep_type[i] = get8(p++) & 7;
		}
		f->has_sleep_type = p <= bytes;
		return;
	}
}

static void one_table(struct firmware *f, uint64_t at)
{
	if (!load(f, at))
		return;
	switch (get32(0)) {
	case SIGNATURE('A', 'P', 'I', 'C'): madt(f); break;
	case SIGNATURE('M', 'C', 'F', 'G'): mcfg(f); break;
	case SIGNATURE('D', 'M', 'A', 'R'): dmar(f); break;
	case SIGNATURE('S', 'R', 'A', 'T'): srat(f); break;
	case SIGNATURE('H', 'P', 'E', 'T'): f->hpet = get(44, 8); break;
	case SIGNATURE('F', 'A', 'C', 'P'):
		if (load(f, fadt(f)) && get32(0) == SIGNATURE('D', 'S', 'D', 'T'))
			find_sleep_type(f);
		break;
	default: break;
	}
}

/* --- the root ---------------------------------------------------------------------------- */

/* 5.2.5.3.  Where the list of tables is; *width: bytes of one of its entries. */
static uint64_t root_table(struct firmware *f, uint64_t root, uint32_t *width)
{
	*width = 4;
	if (root == 0)
		return 0;
	bytes = 0;
	if (phys_read(root, table, RSDP_1)) {
		bytes = RSDP_1;
		f->acpi = get(0, 8) == 0x2052545020445352 && sum_ok(RSDP_1);
	}
	if (!f->acpi) {
		f->damaged++;
		return 0;
	}
	uint64_t list = get32(16);
	if (get8(15) >= 2 && phys_read(root, table, RSDP_2)) {
		bytes = RSDP_2;
		if (sum_ok(RSDP_2) && get(24, 8) != 0) {
			*width = 8;
			return get(24, 8);
		}
	}
	return list;
}

void firmware_read(struct firmware *f, uint64_t root)
{
	static uint64_t list[ROOT_ENTRIES_MAX];
	uint32_t width, n = 0;

	*f = (struct firmware){ 0 };
	if (!load(f, root_table(f, root, &width)))
		return;
	for (uint32_t at = HEADER; at + width <= bytes && n < ROOT_ENTRIES_MAX; at += width)
		list[n++] = get(at, width);
	for (uint32_t i = 0; i < n; i++)
		one_table(f, list[i]);
}
