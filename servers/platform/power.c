/* SPDX-License-Identifier: MIT */
/*
 * Off, and reset (ACPI 6.4, 4.8.3 and 7.4).
 */
#include <stddef.h>

#include "board.h"

enum {
	SLEEP_SHIFT = 10,
	SLEEP_ENABLE = 1 << 13,
	REDUCED_SHIFT = 2,
	REDUCED_ENABLE = 1 << 5,
	REDUCED_OFF = 5,
	RESET_PORT = 0xcf9,
	KEYBOARD_PORT = 0x64,
	WAIT_US = 100000,
};

static void write_register(const struct fw_register *r, uint32_t value)
{
	volatile uint8_t *at;

	if (r->address == 0)
		return;
	if (r->space == FW_PORT) {
		port_write((uint32_t)r->address, 1, value);
	} else {
		at = phys_map(r->address, 1);
		if (at != NULL)
			*at = (uint8_t)value;
	}
}

static void sleep_by_port(uint32_t port, uint32_t type)
{
	if (port != 0)
		port_write(port, 2,
			   (port_read(port, 2) & ~(7u << SLEEP_SHIFT)) | type << SLEEP_SHIFT |
				   SLEEP_ENABLE);
}

void power_off(const struct firmware *f)
{
	if (f->reduced) {
		uint32_t type = f->has_sleep_type ? f->sleep_type[0] : REDUCED_OFF;

		write_register(&f->sleep_control, type << REDUCED_SHIFT | REDUCED_ENABLE);
	} else if (f->has_sleep_type) {
		sleep_by_port(f->pm1a, f->sleep_type[0]);
		sleep_by_port(f->pm1b, f->sleep_type[1]);
	}
	machine_wait_us(WAIT_US);
}

void power_reset(const struct firmware *f)
{
	write_register(&f->reset, f->reset_value);
	machine_wait_us(WAIT_US);
	port_write(RESET_PORT, 1, 0x02);
	port_write(RESET_PORT, 1, 0x06);
	machine_wait_us(WAIT_US);
	port_write(KEYBOARD_PORT, 1, 0xfe);
	machine_wait_us(WAIT_US);
}
