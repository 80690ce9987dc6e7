/* SPDX-License-Identifier: MIT */
/*
 * Ranges of physical pages, as memory maps state them: in any order,
 * overlapping, empty.  At most RANGE_MAX in an array; what does not fit is
 * left out, so that it can only be missed, never be taken for RAM.
 */
#pragma once
#include "types.h"

enum { RANGE_MAX = 64 };

struct machine_range {
	u64 first;
	u64 count;
};

static inline void ranges_drop(struct machine_range *r, u32 *n, u32 i)
{
	*n -= 1;
	for (u32 k = i; k < RANGE_MAX - 1 && k < *n; k++)
		r[k] = r[k + 1];
}

/* Insert in ascending order; ranges that touch become one. */
static inline void ranges_add(struct machine_range *r, u32 *n, u64 first, u64 end)
{
	u32 i = 0;

	if (first >= end)
		return;
	while (i < *n && r[i].first + r[i].count < first)
		i++;
	while (i < *n && r[i].first <= end) {
		u64 old_end = r[i].first + r[i].count;

		first = r[i].first < first ? r[i].first : first;
		end = old_end > end ? old_end : end;
		ranges_drop(r, n, i);
	}
	if (*n == RANGE_MAX)
		return;
	for (u32 k = *n; k > i; k--)
		r[k] = r[k - 1];
	r[i] = (struct machine_range){ first, end - first };
	*n += 1;
}

/* What is said to be RAM and also something else is not RAM. */
static inline void ranges_cut(struct machine_range *r, u32 *n, u64 first, u64 end)
{
	for (u32 i = 0; first < end && i < *n; i++) {
		struct machine_range was = r[i];
		u64 was_end = was.first + was.count;

		if (was_end <= first || was.first >= end)
			continue;
		ranges_drop(r, n, i);
		if (end < was_end)
			ranges_add(r, n, end, was_end);
		if (was.first < first)
			ranges_add(r, n, was.first, first);
		else
			i--;
	}
}

/* The lowest of n ranges that ends above `page`, cut off below it; false: none. */
static inline bool ranges_after(const struct machine_range *r, u32 n, u64 page,
				struct machine_range *out)
{
	bool found = false;

	for (u32 i = 0; i < RANGE_MAX && i < n; i++) {
		if (r[i].first + r[i].count <= page || (found && r[i].first >= out->first))
			continue;
		*out = r[i];
		found = true;
	}
	return found;
}
