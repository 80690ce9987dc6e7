/* SPDX-License-Identifier: MIT */
/*
 * Partition tables on the host: partition_test ROUNDS
 *
 * Right ones, each damage, random ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../servers/blk-mux/partition.h"

enum { SECTOR = PARTITION_SECTOR, DISK_SECTORS = 100000, ENTRIES = 128, ENTRY = 128 };

static uint64_t seed = 1;
static uint8_t header[SECTOR], entries[ENTRIES * ENTRY];

#define CHECK(c)                                                                                   \
	do {                                                                                       \
		if (!(c)) {                                                                        \
			printf("# %s:%d: %s\nnot ok 1 stopped\n", __FILE__, __LINE__, #c);         \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static uint32_t chance(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static void put(uint8_t *at, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t crc(const uint8_t *from, uint32_t bytes)
{
	uint32_t c = 0xffffffff;

	for (uint32_t i = 0; i < bytes; i++) {
		c ^= from[i];
		for (uint32_t k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
	}
	return ~c;
}

/* What must hold of any table that is accepted. */
static void check_table(const struct partition_table *t)
{
	for (uint32_t i = 0; i < PARTITIONS; i++) {
		const struct partition *p = &t->part[i];

		if (p->sectors == 0)
			continue;
		CHECK(p->first > 0 && p->first < DISK_SECTORS &&
		      p->sectors <= DISK_SECTORS - p->first);
		for (uint32_t k = 0; k < i; k++)
			CHECK(t->part[k].sectors == 0 ||
			      t->part[k].first + t->part[k].sectors <= p->first ||
			      p->first + p->sectors <= t->part[k].first);
	}
}

/* --- MBR ------------------------------------------------------------------------------------- */

static void mbr_entry(uint8_t *sector, uint32_t n, uint8_t type, uint32_t first, uint32_t count)
{
	uint8_t *e = sector + 446 + 16 * n;

	e[4] = type;
	put(e + 8, first, 4);
	put(e + 12, count, 4);
}

static void make_mbr(uint8_t *sector)
{
	memset(sector, 0, SECTOR);
	put(sector + 510, 0xaa55, 2);
	mbr_entry(sector, 0, 0x83, 2048, 10000);
	mbr_entry(sector, 2, 0x82, 20000, 80000);
}

static void test_mbr(uint32_t rounds)
{
	struct partition_table t;
	uint8_t sector[SECTOR];

	make_mbr(sector);
	CHECK(mbr_read(sector, DISK_SECTORS, &t) == PARTITION_MBR);
	CHECK(t.part[0].first == 2048 && t.part[0].sectors == 10000 && t.part[1].sectors == 0 &&
	      t.part[2].first == 20000 && t.part[2].sectors == 80000);
	mbr_entry(sector, 2, 0x82, 20000, 80001);
	CHECK(mbr_read(sector, DISK_SECTORS, &t) == PARTITION_NONE && t.part[0].sectors == 0);
	mbr_entry(sector, 2, 0x82, 12047, 10);
	CHECK(mbr_read(sector, DISK_SECTORS, &t) == PARTITION_NONE);
	make_mbr(sector);
	sector[510] = 0;
	CHECK(mbr_read(sector, DISK_SECTORS, &t) == PARTITION_NONE);
	make_mbr(sector);
	mbr_entry(sector, 1, 0xee, 1, 0xffffffff);
	CHECK(mbr_read(sector, DISK_SECTORS, &t) == PARTITION_GPT && t.part[0].sectors == 0);
	for (uint32_t n = 0; n < rounds; n++) {
		make_mbr(sector);
		for (uint32_t k = chance() % 8; k != 0; k--)
			sector[446 + chance() % 66] = (uint8_t)chance();
		if (mbr_read(sector, DISK_SECTORS, &t) == PARTITION_MBR)
			check_table(&t);
	}
}

/* --- GPT --------------------------------------------------------------------------------------- */

static void set_sums(void)
{
	put(header + 88, crc(entries, sizeof entries), 4);
	put(header + 16, 0, 4);
	put(header + 16, crc(header, 92), 4);
}

static void gpt_entry(uint32_t n, uint64_t first, uint64_t last)
{
	entries[n * ENTRY] = 1;
	put(entries + n * ENTRY + 32, first, 8);
	put(entries + n * ENTRY + 40, last, 8);
}

static void make_gpt(void)
{
	memset(header, 0, sizeof header);
	memset(entries, 0, sizeof entries);
	memcpy(header, "EFI PART", 8);
	put(header + 8, 0x10000, 4);
	put(header + 12, 92, 4);
	put(header + 24, 1, 8);
	put(header + 32, DISK_SECTORS - 1, 8);
	put(header + 40, 34, 8);
	put(header + 48, DISK_SECTORS - 34, 8);
	put(header + 72, 2, 8);
	put(header + 80, ENTRIES, 4);
	put(header + 84, ENTRY, 4);
	gpt_entry(0, 2048, 4095);
	gpt_entry(4, 4096, DISK_SECTORS - 34);
	set_sums();
}

static bool read_gpt(struct partition_table *t)
{
	struct gpt_place p;
	uint8_t *copy;

	if (!gpt_header(header, 1, DISK_SECTORS, &p))
		return false;
	CHECK(p.bytes <= GPT_BYTES_MAX && p.sector < DISK_SECTORS);
	/* Just as many bytes as were asked for: the sanitizer sees what goes beyond. */
	copy = calloc(1, p.bytes);
	memcpy(copy, entries, p.bytes < sizeof entries ? p.bytes : sizeof entries);
	bool ok = gpt_entries(copy, &p, t);
	free(copy);
	return ok;
}

static void test_gpt(uint32_t rounds)
{
	struct partition_table t;

	make_gpt();
	CHECK(read_gpt(&t) && t.part[0].first == 2048 && t.part[0].sectors == 2048 &&
	      t.part[4].first == 4096 && t.part[4].sectors == DISK_SECTORS - 34 - 4095);
	for (uint32_t i = 0; i < 92; i++) {
		header[i] ^= 4;
		CHECK(!read_gpt(&t));
		header[i] ^= 4;
	}
	for (uint32_t i = 0; i < sizeof entries; i += 7) {
		entries[i] ^= 0x40;
		CHECK(!read_gpt(&t));
		entries[i] ^= 0x40;
	}
	gpt_entry(5, 4000, 5000);
	set_sums();
	CHECK(!read_gpt(&t));
	make_gpt();
	gpt_entry(5, 10, 20);
	set_sums();
	CHECK(!read_gpt(&t));
	for (uint32_t n = 0; n < rounds; n++) {
		make_gpt();
		for (uint32_t k = chance() % 6; k != 0; k--) {
			if (chance() % 2)
				header[24 + chance() % 64] =
					(uint8_t)(chance() % 3 ? chance() % 4 : chance());
			else
				entries[chance() % (6 * ENTRY)] =
					(uint8_t)(chance() % 3 ? chance() % 4 : chance());
		}
		set_sums();
		if (read_gpt(&t))
			check_table(&t);
	}
}

int main(int argc, char **argv)
{
	uint32_t rounds = argc > 1 ? (uint32_t)atoi(argv[1]) : 10000;

	test_mbr(rounds);
	printf("ok 1 MBR\n");
	test_gpt(rounds);
	printf("ok 2 GPT\n");
	return 0;
}
