/* SPDX-License-Identifier: MIT */
/*
 * Partition tables: MBR (four primary partitions) and GPT (UEFI 2.10, 5.2 and 5.3).
 *
 * What is on the disk is not believed: a table with a partition that reaches beyond the disk, or
 * into another one, is no table.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { PARTITIONS = 128, PARTITION_SECTOR = 512 };

struct partition {
	uint64_t first, sectors; /* sectors 0: there is none of this number */
};

struct partition_table {
	struct partition part[PARTITIONS]; /* number n is part[n - 1] */
};

enum partition_kind { PARTITION_NONE, PARTITION_MBR, PARTITION_GPT };

/* What sector 0 says.  PARTITION_GPT: the table is elsewhere, *t is empty. */
enum partition_kind mbr_read(const uint8_t *sector, uint64_t disk_sectors,
			     struct partition_table *t);

/* Where the entries of a GPT are. */
struct gpt_place {
	uint64_t sector;
	uint32_t bytes; /* entries * entry_bytes */
	uint32_t entries, entry_bytes;
	uint32_t sum;
	uint64_t first_usable, last_usable;
};

enum { GPT_BYTES_MAX = 32 << 10 };

/* Check the header that was read from sector `at`. */
bool gpt_header(const uint8_t *sector, uint64_t at, uint64_t disk_sectors, struct gpt_place *p);
bool gpt_entries(const uint8_t *bytes, const struct gpt_place *p, struct partition_table *t);
