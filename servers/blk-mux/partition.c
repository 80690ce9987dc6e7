/* SPDX-License-Identifier: MIT */
/*
 * Reading partition tables.
 *
 * Never:  keeps state; looks behind the bytes that it was given.
 */
#include "partition.h"

enum {
	MBR_ENTRIES = 446,
	MBR_ENTRY = 16,
	MBR_PARTITIONS = 4,
	MBR_PROTECTIVE = 0xee,
	GPT_HEADER_MIN = 92,
	GPT_ENTRY_MIN = 128,
	GPT_ENTRY_MAX = 4096,
};
#define GPT_SIGNATURE 0x5452415020494645ull /* "EFI PART" */

static uint64_t get(const uint8_t *from, uint32_t bytes)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < bytes; i++)
		v |= (uint64_t)from[i] << (8 * i);
	return v;
}

/* CRC-32 of Ethernet; the four bytes from `hole` on count as zero (hole == bytes: none). */
static uint32_t crc32(const uint8_t *from, uint32_t bytes, uint32_t hole)
{
	uint32_t crc = 0xffffffff;

	for (uint32_t i = 0; i < bytes; i++) {
		crc ^= i - hole < 4 ? 0 : from[i];
		for (uint32_t k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static bool overlap(const struct partition *a, const struct partition *b)
{
	return a->sectors != 0 && b->sectors != 0 && a->first < b->first + b->sectors &&
	       b->first < a->first + a->sectors;
}

/* Enter number `n`; false: it reaches into another one. */
static bool add(struct partition_table *t, uint32_t n, uint64_t first, uint64_t sectors)
{
	t->part[n] = (struct partition){ first, sectors };
	for (uint32_t i = 0; i < n; i++) {
		if (overlap(&t->part[i], &t->part[n]))
			return false;
	}
	return true;
}

enum partition_kind mbr_read(const uint8_t *sector, uint64_t disk_sectors,
			     struct partition_table *t)
{
	bool any = false;

	*t = (struct partition_table){ 0 };
	if (get(sector + 510, 2) != 0xaa55)
		return PARTITION_NONE;
	for (uint32_t i = 0; i < MBR_PARTITIONS; i++) {
		const uint8_t *e = sector + MBR_ENTRIES + MBR_ENTRY * i;
		uint64_t first = get(e + 8, 4), count = get(e + 12, 4);

		if (e[4] == MBR_PROTECTIVE)
			return *t = (struct partition_table){ 0 }, PARTITION_GPT;
		if (e[4] == 0 || count == 0)
			continue;
		if (first == 0 || first >= disk_sectors || count > disk_sectors - first ||
		    (e[0] & 0x7f) != 0 || !add(t, i, first, count)) {
			*t = (struct partition_table){ 0 };
			return PARTITION_NONE;
		}
		any = true;
	}
	return any ? PARTITION_MBR : PARTITION_NONE;
}

bool gpt_header(const uint8_t *sector, uint64_t at, uint64_t disk_sectors, struct gpt_place *p)
{
	uint64_t bytes = get(sector + 12, 4);

	*p = (struct gpt_place){
		.sector = get(sector + 72, 8),
		.entries = (uint32_t)get(sector + 80, 4),
		.entry_bytes = (uint32_t)get(sector + 84, 4),
		.sum = (uint32_t)get(sector + 88, 4),
		.first_usable = get(sector + 40, 8),
		.last_usable = get(sector + 48, 8),
	};
	if (get(sector, 8) != GPT_SIGNATURE || bytes < GPT_HEADER_MIN || bytes > PARTITION_SECTOR ||
	    crc32(sector, (uint32_t)bytes, 16) != get(sector + 16, 4) || get(sector + 24, 8) != at)
		return false;
	if (p->entry_bytes < GPT_ENTRY_MIN || p->entry_bytes > GPT_ENTRY_MAX ||
	    (p->entry_bytes & (p->entry_bytes - 1)) != 0 || p->entries == 0 ||
	    p->entries > GPT_BYTES_MAX / p->entry_bytes)
		return false;
	p->bytes = p->entries * p->entry_bytes;
	uint64_t sectors = (p->bytes + PARTITION_SECTOR - 1) / PARTITION_SECTOR;
	return p->first_usable <= p->last_usable && p->last_usable < disk_sectors &&
	       p->sector > 0 && p->sector < disk_sectors && sectors <= disk_sectors - p->sector &&
	       (p->sector + sectors <= p->first_usable || p->sector > p->last_usable);
}

static bool is_zero(const uint8_t *from, uint32_t bytes)
{
	uint8_t any = 0;

	for (uint32_t i = 0; i < bytes; i++)
		any |= from[i];
	return any == 0;
}

static bool read_entries(const uint8_t *bytes, const struct gpt_place *p, struct partition_table *t)
{
	for (uint32_t i = 0; i < p->entries && i < PARTITIONS; i++) {
		const uint8_t *e = bytes + i * p->entry_bytes;
		uint64_t first = get(e + 32, 8), last = get(e + 40, 8);

		if (is_zero(e, 16)) /* type: unused */
			continue;
		if (first < p->first_usable || last > p->last_usable || first > last ||
		    !add(t, i, first, last - first + 1))
			return false;
	}
	return true;
}

bool gpt_entries(const uint8_t *bytes, const struct gpt_place *p, struct partition_table *t)
{
	*t = (struct partition_table){ 0 };
	if (crc32(bytes, p->bytes, p->bytes) != p->sum)
		return false;
	if (read_entries(bytes, p, t))
		return true;
	*t = (struct partition_table){ 0 };
	return false;
}
