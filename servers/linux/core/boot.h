/* SPDX-License-Identifier: MIT */
/*
 * What the two ways to start share (boot.c); nobody else needs it.
 */
#pragma once
#include "event.h"

/* At most what the program was started with. */
enum { PRIO_SERVER = 99, PRIO_CLOCK = 100 };

/* Fill in env, and make bits of env.notif known to events. */
void boot_first(void);     /* as the kernel's first program */
void boot_component(void); /* as a component */

/* Map the pool, by large pages. */
void boot_map_pool(u64 pages);
/* The time of day from the real-time clock, ns; 0: none. */
u64 boot_epoch(ioports_h ports);
