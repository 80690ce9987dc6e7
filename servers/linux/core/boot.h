/* SPDX-License-Identifier: MIT */
/*
 * What the two ways to start share (boot.c); nobody else needs it.
 */
#pragma once
#include "event.h"

enum { PRIO_SERVER = 100, PRIO_CLOCK = 101 };

/* The command line's memory limit in pages, and so on, hold for what is put into env. */
void boot_first(void);     /* fill in env: as the kernel's first program */
void boot_component(void); /* as a component */
/* Pages of frames where the server maps the pool: 2 MiB entries. */
#define POOL_VADDR 0x1000000000ull
enum { LARGE_PAGES = 512 };
void boot_map_pool(u64 pages);

/* The time of day from the real-time clock, ns; 0: none. */
u64 boot_epoch(ioports_h ports, u64 first_port);
