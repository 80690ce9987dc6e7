/* SPDX-License-Identifier: MIT */
/*
 * What the server tells the vDSO: a page before its code.
 */
#pragma once
#include <stdint.h>

struct vdso_data {
	uint64_t offset; /* the processor's counter at CLOCK_MONOTONIC 0 */
	uint64_t factor; /* ns per tick, times 2^32 */
	uint64_t real;   /* CLOCK_REALTIME at CLOCK_MONOTONIC 0, ns: written at once, as one word */
};
