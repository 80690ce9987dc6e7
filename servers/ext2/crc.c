/* SPDX-License-Identifier: MIT */
/*
 * CRC-32C (Castagnoli), reflected, as the journal uses it: no inversion at either end.
 *
 * Owns:       nothing.
 * Called by:  journal.c, recover.c; only if the journal has checksums.
 * Form:       four bits at a time, with a table of 16 words: a journal of this kind is rare on the
 *             file systems that are supported here.
 */
#include "fs.h"

static const u32 nibble[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

u32 crc32c(u32 crc, const void *data, size_t n)
{
	const u8 *at = data;

	for (size_t i = 0; i < n; i++) {
		crc ^= at[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return crc;
}
