/* SPDX-License-Identifier: MIT */
/*
 * Addresses, and checksums of frames (RFC 1071).
 */
#include "mux.h"

bool address_is_group(const u8 *address)
{
	return (address[0] & 1) != 0;
}

bool address_equal(const u8 *a, const u8 *b)
{
	return memcmp(a, b, ADDRESS) == 0;
}

bool frame_sum_ok(u32 bytes, u64 flags)
{
	u32 start = flags >> NET_SUM_START_SHIFT & 0xffff,
	    place = flags >> NET_SUM_PLACE_SHIFT & 0xffff;

	return start >= NET_FRAME_MIN && place >= start && place + 2 <= bytes;
}

void frame_sum(u8 *frame, u32 bytes, u64 flags)
{
	u32 start = flags >> NET_SUM_START_SHIFT & 0xffff,
	    place = flags >> NET_SUM_PLACE_SHIFT & 0xffff;
	u64 sum = 0;

	for (u32 i = start; i < bytes; i += 2)
		sum += (u32)frame[i] << 8 | (i + 1 < bytes ? frame[i + 1] : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	frame[place] = (u8)(sum >> 8);
	frame[place + 1] = (u8)sum;
}

static u32 digit(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (u32)(c - 'a' + 10);
	return 16;
}

bool address_read(const char *text, u8 *address)
{
	for (u32 i = 0; i < ADDRESS; i++) {
		u32 high = digit(text[0]), low = high < 16 ? digit(text[1]) : 16;

		if (low == 16 || (i + 1 < ADDRESS && text[2] != ':'))
			return false;
		address[i] = (u8)(high << 4 | low);
		text += 3;
	}
	return !address_is_group(address);
}
