/* SPDX-License-Identifier: MIT */
/*
 * Registers and descriptors of the Intel 82574 that the driver uses.
 * Sections of the 82574 GbE Controller Family Datasheet, revision 3.4.
 */
#pragma once
#include <stdint.h>

/* 10.2.2 General registers. */
enum {
	E1000_CTRL = 0x0000,
	E1000_STATUS = 0x0008,
	E1000_EECD = 0x0010,
	E1000_CTRL_EXT = 0x0018,
};
enum { /* 10.2.2.1 */
	CTRL_MASTER_DISABLE = 1 << 2,
	CTRL_LINK_UP = 1 << 6,
	CTRL_RESET = 1 << 26,
};
enum { STATUS_LINK_UP = 1 << 1, STATUS_MASTER = 1 << 19 }; /* 10.2.2.2 */
enum { EECD_AUTO_READ_DONE = 1 << 9 };                     /* 10.2.2.4 */
#define CTRL_EXT_PBA_SUPPORT (1u << 31)                    /* 10.2.2.5 */

/* 10.2.4 Interrupts. */
enum {
	E1000_ICR = 0x00c0,
	E1000_IMS = 0x00d0,
	E1000_IMC = 0x00d8,
	E1000_EIAC = 0x00dc,
	E1000_IVAR = 0x00e4,
};
enum { /* 10.2.4.1 */
	INT_LINK = 1 << 2,
	INT_RX0 = 1 << 20,
	INT_TX0 = 1 << 22,
	INT_OTHER = 1 << 24, /* any but those of queues */
};
/* 10.2.4.9: messages of RX0 and TX0, and of others. */
#define IVAR_OF(rx, tx) ((8u | (rx)) | (8u | (tx)) << 8)
#define IVAR_OTHER(message) ((8u | (message)) << 16)

/* 10.2.5 Receive. */
enum {
	E1000_RCTL = 0x0100,
	E1000_RDBAL = 0x2800,
	E1000_RDBAH = 0x2804,
	E1000_RDLEN = 0x2808,
	E1000_RDH = 0x2810,
	E1000_RDT = 0x2818,
	E1000_RXCSUM = 0x5000,
	E1000_MTA = 0x5200, /* 128 words */
	E1000_RAL = 0x5400,
	E1000_RAH = 0x5404,
};
/* 10.2.5.1: on, all unicast, all multicast, broadcast, buffers of 2048 bytes, no check sequence. */
enum { RCTL_ENABLE = 1 << 1, RCTL_UNICAST = 1 << 3, RCTL_MULTICAST = 1 << 4, RCTL_BROADCAST = 1 << 15,
       RCTL_STRIP = 1 << 26 };
enum { RXCSUM_IP = 1 << 8, RXCSUM_TCP = 1 << 9 }; /* 10.2.5.15 */
#define RAH_VALID (1u << 31)                      /* 10.2.5.20 */

/* 10.2.6 Transmit. */
enum {
	E1000_TCTL = 0x0400,
	E1000_TIPG = 0x0410,
	E1000_TDBAL = 0x3800,
	E1000_TDBAH = 0x3804,
	E1000_TDLEN = 0x3808,
	E1000_TDH = 0x3810,
	E1000_TDT = 0x3818,
	E1000_TXDCTL = 0x3828,
};
/* 10.2.6.1: on, pad short frames, collision threshold and distance for full duplex. */
enum { TCTL_ENABLE = 1 << 1, TCTL_PAD = 1 << 3, TCTL_THRESHOLD = 15 << 4,
       TCTL_DISTANCE = 63 << 12 };
enum { TIPG_DEFAULT = 8 | 8 << 10 | 6 << 20 };             /* 10.2.6.2 */
enum { TXDCTL_DESCRIPTORS = 1 << 24, TXDCTL_COUNT = 1 << 22 }; /* 10.2.6.9 */

/* 7.1.4 Legacy receive descriptor. */
struct e1000_receive {
	uint64_t iova;
	uint64_t state;
};
#define RX_BYTES(state) ((uint32_t)((state) & 0xffff))
#define RX_DONE (1ull << 32)
#define RX_END (1ull << 33)
#define RX_IGNORE_SUM (1ull << 34)
#define RX_TCP_SUM (1ull << 37) /* the sum of TCP or UDP was looked at */
#define RX_FRAME_ERRORS (0x97ull << 40)
#define RX_SUM_ERRORS (0x60ull << 40)

/* 7.2.6 Context descriptor, 7.2.7 data descriptor. */
struct e1000_send {
	uint64_t iova;
	uint64_t state;
};
#define TX_CONTEXT_SUM(start, place) ((uint64_t)(start) << 32 | (uint64_t)(place) << 40)
#define TX_CONTEXT (1ull << 29)
#define TX_DATA (1ull << 20 | 1ull << 29)
#define TX_EOP (1ull << 24)
#define TX_FCS (1ull << 25)
#define TX_REPORT (1ull << 27)
#define TX_DONE (1ull << 32)
#define TX_SUM (1ull << 41)
