/* SPDX-License-Identifier: MIT */
/*
 * Structures of programs that may know an older or a later form of them than we do.
 *
 * Called by:  handlers whose calls are told the size of a structure.
 */
#include "mm.h"

static s64 rest_is_zero(struct mm *mm, u64 at, u64 bytes)
{
	unsigned char piece[64];

	while (bytes > 0) {
		const u64 n = bytes < sizeof piece ? bytes : sizeof piece;

		if (copy_in(mm, piece, at, n) != 0)
			return -EFAULT;
		for (u64 i = 0; i < n; i++) {
			if (piece[i] != 0)
				return -E2BIG;
		}
		at += n;
		bytes -= n;
	}
	return 0;
}

s64 copy_struct_in(struct mm *mm, void *to, u64 size, u64 from, u64 bytes, u64 least)
{
	const u64 n = bytes < size ? bytes : size;

	if (bytes > PAGE)
		return -E2BIG;
	if (bytes < least)
		return -EINVAL;
	memset(to, 0, size);
	if (copy_in(mm, to, from, n) != 0)
		return -EFAULT;
	return rest_is_zero(mm, from + n, bytes - n);
}
