/* SPDX-License-Identifier: MIT */
/*
 * Registers of the 16550 serial port (National Semiconductor PC16550D data sheet, section 8).
 */
#pragma once

enum {
	UART_DATA = 0,       /* 8.1: receiver buffer, transmitter holding */
	UART_DIVISOR = 0,    /* 8.3: with LCR_DIVISOR, low byte; high byte behind it */
	UART_INTERRUPTS = 1, /* 8.7 IER */
	UART_CAUSE = 2,      /* 8.6 IIR, read */
	UART_FIFO = 2,       /* 8.5 FCR, written */
	UART_LINE = 3,       /* 8.1 LCR */
	UART_MODEM = 4,      /* 8.8 MCR */
	UART_STATUS = 5,     /* 8.4 LSR */
	UART_SCRATCH = 7,    /* 8.10 */
	UART_PORTS = 8,
};

enum { IER_RECEIVED = 1, IER_SENT = 2 };
enum { IIR_NONE = 1 };
enum { FCR_ON = 1, FCR_CLEAR_RECEIVER = 2, FCR_CLEAR_SENDER = 4, FCR_TRIGGER_8 = 0x80 };
enum { LCR_8N1 = 3, LCR_DIVISOR = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_INTERRUPTS = 8 };
enum { LSR_RECEIVED = 1, LSR_OVERRUN = 2, LSR_ROOM = 0x20 };
