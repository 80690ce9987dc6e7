/* SPDX-License-Identifier: MIT */
/*
 * Devices that no table without AML names: the virtio slots of QEMU's microvm, its PCI window, the
 * first serial port.
 *
 * microvm is known by its power register: with hardware-reduced ACPI it is at 0xfea00200.  There is
 * nothing to see at the slots' addresses on other machines, or the registers of something else.
 */
#include "board.h"

#include <stddef.h>

#include "../../drivers/virtio/regs.h"

enum {
	SLOT_COUNT = 24,
	SLOT_COUNT_SMALL = 8,
	LINE_SECOND = 24, /* first line where there are two interrupt controllers */
	LINE_SMALL = 5,
	WINDOW_BUSES = 256,
	BRIDGE_ID = 0x00081b36, /* what microvm's host bridge is */
	UART_SCRATCH_PORT = 7,
	UART_TEST = 0x5a,
};
#define SLEEP_CONTROL 0xfea00200ull
#define SLOTS_AT 0xfeb00000ull
#define WINDOW_AT 0xe0000000ull

static bool is_microvm(const struct firmware *f)
{
	return f->reduced && f->sleep_control.space == FW_MEMORY &&
	       f->sleep_control.address == SLEEP_CONTROL;
}

void board_find_window(struct firmware *f)
{
	uint32_t id = 0;

	if (f->has_ecam || !is_microvm(f) || !phys_read(WINDOW_AT, &id, sizeof id) ||
	    id != BRIDGE_ID)
		return;
	f->has_ecam = true;
	f->ecam = WINDOW_AT;
	f->ecam_first_bus = 0;
	f->ecam_last_bus = WINDOW_BUSES - 1;
}

static void find_slots(struct board *b, const struct firmware *f)
{
	bool two = f->ioapics > 1;
	uint32_t count = two ? SLOT_COUNT : SLOT_COUNT_SMALL;

	for (uint32_t i = 0; i < count && b->slots < BOARD_SLOTS; i++) {
		struct board_slot s = { .address = SLOTS_AT + (uint64_t)i * SLOT_BYTES,
					.line = i + (two ? LINE_SECOND : LINE_SMALL) };

		s.registers = phys_map(s.address, SLOT_BYTES);
		if (s.registers == NULL)
			return;
		if (s.registers[MMIO_MAGIC / 4] != MMIO_MAGIC_VALUE)
			continue;
		s.type = s.registers[MMIO_DEVICE_ID / 4];
		if (s.type == 0)
			continue;
		if (s.registers[MMIO_VERSION / 4] != MMIO_VERSION_2) {
			sys_print("virtio slot %u: an old device, of the kind before 1.0\n", i);
			continue;
		}
		b->slot[b->slots++] = s;
	}
}

/* The scratch register keeps what is written to it: a port that nobody has does not. */
static bool find_uart(void)
{
	port_write(UART_PORT + UART_SCRATCH_PORT, 1, UART_TEST);
	return port_read(UART_PORT + UART_SCRATCH_PORT, 1) == UART_TEST;
}

void board_find(struct board *b, const struct firmware *f, bool forced)
{
	*b = (struct board){ .uart = find_uart() };
	if (forced || is_microvm(f))
		find_slots(b, f);
}

void board_reset_slot(const struct board_slot *s)
{
	s->registers[MMIO_STATUS / 4] = 0;
}
