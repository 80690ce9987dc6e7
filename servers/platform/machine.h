/* SPDX-License-Identifier: MIT */
/*
 * What the platform server needs of the machine.  machine.c is the real one, through capabilities;
 * host tests supply another.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Copy from memory that is not RAM (firmware's tables).  False: not all of it is such memory. */
bool phys_read(uint64_t at, void *to, uint64_t bytes);
/* Map registers, uncached, for good.  NULL: no such memory, or no room. */
volatile void *phys_map(uint64_t at, uint64_t bytes);

uint32_t port_read(uint32_t port, uint32_t width);
void port_write(uint32_t port, uint32_t width, uint32_t value);

/*
 * Configuration space: bus << 8 | device << 3 | function, register a multiple of 4.  All ones:
 * nobody answers.  From register 0x100 on it exists only where there is an ECAM window.
 */
uint32_t cfg_read(uint32_t function, uint32_t reg);
void cfg_write(uint32_t function, uint32_t reg, uint32_t value);
/* Which window cfg_read uses for these buses; without this call, ports. */
void cfg_use_window(uint64_t base, uint32_t first_bus, uint32_t last_bus);

void machine_wait_us(uint32_t us);
uint64_t machine_now_us(void);
/* For people. */
void sys_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
