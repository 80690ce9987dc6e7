/* SPDX-License-Identifier: MIT */
/*
 * Protocol of block devices, between a client, the multiplexer and a driver.
 *
 * Request ring:  w[0] id | operation << 32 | area << 40
 *                w[1] first sector (512 bytes)
 *                w[2] offset in the area
 *                w[3] bytes, a multiple of 512, at most BLK_BYTES_MAX
 * Answer ring:   w[0] id | status << 32
 *                w[1] bytes done (BLK_INFO: sectors of the device)
 *                w[2] BLK_INFO: bytes of the best unit of transfer | BLK_FEATURE_* << 32
 * An id may be used again when its answer was taken.  Answers come in any order.
 * BLK_FLUSH: all writes answered before it was asked for are on the medium.
 * The answer ring must be as large as the request ring: then it never is full.
 */
#pragma once

enum { BLK_SECTOR = 512, BLK_BYTES_MAX = 1 << 20 };
enum blk_operation { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_INFO, BLK_DISCARD };
enum blk_status {
	BLK_DONE,
	BLK_BAD,      /* no such operation, place, area, or length */
	BLK_ERROR,    /* the device could not */
	BLK_READ_ONLY,
	BLK_GONE,     /* the device is gone for good */
};
/* BLK_FEATURE_CACHE_SURVIVES: what is in the volatile cache is still there after a reset. */
enum {
	BLK_FEATURE_READ_ONLY = 1,
	BLK_FEATURE_DISCARD = 2,
	BLK_FEATURE_VOLATILE_CACHE = 4,
	BLK_FEATURE_CACHE_SURVIVES = 8,
};
