/* SPDX-License-Identifier: MIT */
/*
 * From the architecture's boot code to the first program.
 */
#pragma once
#include "types.h"
#include <tessera/info.h>

struct boot_map {
	/* As the first program gets it, but for what kernel_boot fills in: handles, image.
	 * Its regions are all memory that is free, and all that devices have. */
	struct boot_info info;
	u64 module_start; /* physical; may lie in regions that are RAM, or reach beyond them */
	u64 module_end;
};

/*
 * Make kernel state and the first program, and let it be current.  Called once,
 * on CPU 0, while no other CPU is in the kernel; ks.cpus is set, all of CPU(c)
 * is 0, and all page descriptors say PAGE_RESERVED.
 */
void kernel_boot(const struct boot_map *map);
