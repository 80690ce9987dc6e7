/* SPDX-License-Identifier: MIT */
/*
 * Protocol of byte streams (serial ports, consoles, sources of randomness),
 * between a client and a driver.  The bytes travel in the entries themselves.
 *
 * Request ring:  w[0] id | operation << 32 | count << 40
 *                w[1..3] STREAM_WRITE: the bytes, first byte lowest
 * Answer ring:   w[0] id | status << 32 | count << 40
 *                w[1..3] STREAM_READ: the bytes
 * count: 1 to STREAM_BYTES; of STREAM_READ, the most bytes that are wanted.  A read is
 * answered when there is at least one byte, reads in the order in which they
 * came.  A write is answered when the device has its bytes; the bytes of
 * writes keep their order.  A driver holds at most STREAM_PENDING reads and as
 * many writes; one more is answered STREAM_BUSY.
 */
#pragma once

enum { STREAM_BYTES = 24, STREAM_PENDING = 32 };
enum stream_operation { STREAM_READ, STREAM_WRITE };
enum stream_status {
	STREAM_DONE,
	STREAM_BAD,   /* no such operation (for this device), wrong count */
	STREAM_BUSY,  /* too many are waiting */
	STREAM_ERROR, /* STREAM_READ: bytes were lost before this one, which brings none */
};
