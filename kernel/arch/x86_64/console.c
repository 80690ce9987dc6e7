/* SPDX-License-Identifier: MIT */
/*
 * The debug console: the first serial port, polled, 115200 baud, 8n1.
 *
 * Owns:       the port until a program takes it over.
 * Locks:      console, so that lines of several CPUs do not mix within a write.
 * Called by:  system_debug_write; the epitaph.
 * Manuals:    National Semiconductor PC16550D data sheet, section 8.
 */
#include "asm.h"
#include "percpu.h"
#include "platform.h"

enum {
	COM1 = 0x3f8,
	UART_DATA = COM1,
	UART_INTERRUPTS = COM1 + 1,
	UART_FIFO = COM1 + 2,
	UART_LINE = COM1 + 3,
	UART_MODEM = COM1 + 4,
	UART_STATUS = COM1 + 5,
	STATUS_EMPTY = 0x20,
	POLLS_MAX = 100000, /* longer than a byte takes; without a port the byte is lost */
	TEXT_MAX = 512,
};

static struct lock console_lock;

void console_init(void)
{
	out8(UART_INTERRUPTS, 0);
	out8(UART_LINE, 0x80); /* the first two registers are now the divisor */
	out8(UART_DATA, 1);
	out8(UART_INTERRUPTS, 0);
	out8(UART_LINE, 3);
	out8(UART_FIFO, 7);
	out8(UART_MODEM, 3);
}

static void put(char c)
{
	for (u32 i = 0; i < POLLS_MAX && (in8(UART_STATUS) & STATUS_EMPTY) == 0; i++)
		cpu_pause();
	out8(UART_DATA, (u8)c);
}

/* A CPU that writes an epitaph waits for nobody: the holder may be halted. */
void arch_console_write(const char *bytes, u32 n)
{
	bool locked = ATOMIC_LOAD(&panicking) == 0;

	if (locked)
		arch_lock(&console_lock);
	for (u32 i = 0; i < n; i++)
		put(bytes[i]);
	if (locked)
		arch_unlock(&console_lock);
}

void console_text(const char *s)
{
	u32 n = 0;

	while (n < TEXT_MAX && s[n] != 0)
		n++;
	arch_console_write(s, n);
}

static char digit(u64 v)
{
	v &= 15;
	return (char)(v < 10 ? '0' + v : 'a' + v - 10);
}

void console_hex(u64 v)
{
	char text[16];
	u32 n = 0;

	for (u32 i = 16; i > 0; i--) {
		if (n != 0 || i == 1 || (v >> (4 * (i - 1)) & 15) != 0)
			text[n++] = digit(v >> (4 * (i - 1)));
	}
	arch_console_write(text, n);
}

void console_decimal(u64 v)
{
	char text[20];
	u32 n = 20;

	do {
		text[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (n > 0 && v != 0);
	arch_console_write(text + n, 20 - n);
}
