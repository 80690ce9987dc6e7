/* SPDX-License-Identifier: MIT */
/*
 * Reading what firmware and boot loader left in the low 4 GiB, while the first
 * page tables still map them.  Beyond, everything reads as 0.
 */
#pragma once
#include "platform.h"

enum { FIRMWARE_STRING_MAX = 512, TABLE_BYTES_MAX = 1 << 20 };

static inline bool firmware_reaches(u64 address, u64 bytes)
{
	return address < (1ull << 32) && bytes <= (1ull << 32) - address;
}

static inline u8 firmware8(u64 address)
{
	return firmware_reaches(address, 1) ? *(const u8 *)(DMAP_BASE + address) : 0;
}

static inline u16 firmware16(u64 address)
{
	return (u16)(firmware8(address) | firmware8(address + 1) << 8);
}

static inline u32 firmware32(u64 address)
{
	return firmware16(address) | (u32)firmware16(address + 2) << 16;
}

static inline u64 firmware64(u64 address)
{
	return firmware32(address) | (u64)firmware32(address + 4) << 32;
}

/* info.c: fill in the first part of struct machine. */
void info_read(u32 magic, u32 info);
/* acpi.c: the rest, from acpi_root if there is one. */
void acpi_read(void);
