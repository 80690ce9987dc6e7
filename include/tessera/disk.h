/* SPDX-License-Identifier: MIT */
/*
 * A client's side of a block device (tessera/blk.h), for one thread.
 *
 * Requests carry a number from disk_submit until disk_poll gives it back.  When the channel begins
 * anew, because the multiplexer was restarted, what was under way is asked for again: reading and
 * writing twice does no harm.  Writes that were answered but not flushed may be lost then, unless
 * BLK_FEATURE_CACHE_SURVIVES is among the features: so the flush that is under way, else the next one, ends
 * with BLK_ERROR, once.
 *
 *	disk_submit(&d, BLK_READ, 0, area, 0, 4096, &id);
 *	while (!disk_poll(&d, &done))
 *		disk_news(&d, comp_wait(disk_idle(&d) ? 0 : 1));
 */
#pragma once
#include "tessera/blk.h"
#include "tessera/chan.h"

enum { DISK_QUEUE = 128 };

struct disk_done {
	u32 id, status; /* enum blk_status */
	u64 bytes;
};

struct disk {
	struct chan chan;
	u64 sectors;
	u32 best_bytes, features; /* BLK_FEATURE_* */
	u32 in_flight, next;
	bool busy[DISK_QUEUE];
	struct ring_entry request[DISK_QUEUE];
	u64 writes, flushed;    /* answered; of them, those that a flush was asked for after */
	u64 covers[DISK_QUEUE]; /* a flush: `writes` when it was asked for */
	bool lost[DISK_QUEUE];  /* a flush: some of them may be lost */
	bool lose;              /* the next flush is to be such a one */
};

/*
 * Open the channel and wait until the device says what it is.
 * @return enum blk_status; BLK_BAD: there is no such channel
 */
u32 disk_open(struct disk *d, const char *channel);
/* False: too many are under way.  The device sees it at disk_idle or disk_poll. */
bool disk_submit(struct disk *d, u32 operation, u64 sector, u32 area, u64 offset, u64 bytes,
		 u32 *id);
/* Take an answer, if there is one. */
bool disk_poll(struct disk *d, struct disk_done *done);
/* Before waiting.  False: there is something to do already. */
bool disk_idle(struct disk *d);
/* After waiting: what bits of COMP_NOTIF say of the channel. */
void disk_news(struct disk *d, u64 bits);
/*
 * Ask, and wait for the answer; for programs that wait for nothing else.
 * Answers of other requests must have been taken.
 */
u32 disk_do(struct disk *d, u32 operation, u64 sector, u32 area, u64 offset, u64 bytes);
