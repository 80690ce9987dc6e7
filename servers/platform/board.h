/* SPDX-License-Identifier: MIT */
/*
 * What a board has besides PCI: clock, power, virtio slots, serial port.
 */
#pragma once
#include "firmware.h"
#include "machine.h"

enum { BOARD_SLOTS = 24, SLOT_BYTES = 0x200, UART_PORT = 0x3f8, UART_PORTS = 8, UART_LINE = 4 };

struct board_slot {
	uint64_t address;
	uint32_t line; /* global system interrupt: level, active high */
	uint32_t type; /* of the virtio device */
	volatile uint32_t *registers;
};

struct board {
	uint32_t slots;
	struct board_slot slot[BOARD_SLOTS]; /* those with a device */
	bool uart;
};

/* board.c: what is there.  `forced`: look for virtio slots though no table says they may be there. */
void board_find(struct board *b, const struct firmware *f, bool forced);
/* Is this the machine whose PCI window no table names? Then *f gets it. */
void board_find_window(struct firmware *f);
void board_reset_slot(const struct board_slot *s);

/* clock.c: seconds since 1970 (UTC), as the real-time clock says; 0: it does not make sense. */
uint64_t clock_read(uint32_t century);
/* The same from a date. */
uint64_t clock_seconds(uint32_t year, uint32_t month, uint32_t day, uint32_t hour, uint32_t minute,
		       uint32_t second);

/* power.c: return only if it cannot be done. */
void power_off(const struct firmware *f);
void power_reset(const struct firmware *f);
