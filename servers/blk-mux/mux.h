/* SPDX-License-Identifier: MIT */
/*
 * The multiplexer of a block device: one driver below, several clients above.
 *
 * What clients may rely on:
 * - Each request is answered once.  If the driver fails it is asked again after it was started
 *   anew: the client sees a pause.  A request that was under way at TRIES failures is
 *   answered BLK_ERROR; all of them BLK_GONE when the driver has not come back in time.
 * - BLK_FLUSH: writes that were answered to this client before are on the medium.  If the driver
 *   failed since, and the device's cache may have been lost with it, the flush is answered
 *   BLK_ERROR, once: the client knows that writes since its last flush may be lost.
 * - Another client can neither reach its sectors or areas nor slow it below its share: bytes are
 *   shared out in turns, and who has nothing under way need not wait for those who have much.
 * The driver's answers are not believed: a wrong one is a reason to restart it.
 */
#pragma once
#include <tessera/blk.h>
#include <tessera/chan.h>

#include "partition.h"

enum {
	CLIENTS = 16,
	SELF = CLIENTS, /* the multiplexer's own requests */
	REQUESTS = 256,
	TRIES = 8,
	NO_REQUEST = REQUESTS,
};

enum request_state { REQUEST_FREE, REQUEST_WAITING, REQUEST_ISSUED };

struct request {
	enum request_state state;
	u32 client, id; /* id: the client's */
	u32 operation;
	u32 area; /* the driver's */
	u32 bytes;
	u64 sector; /* of the disk */
	u64 offset;
	u64 covers; /* a flush: so many writes were answered to its client before */
	bool lost;  /* a flush: some of those may be lost */
	u32 tries;  /* how often the driver failed meanwhile */
	u32 next;   /* in the queue of those that wait */
	u64 issued; /* clock */
};

/* requests.c: the table of all that was taken and not answered, and what the driver has of it. */
/* shared: others ask for something too.  reserved: for a client that has nothing under way. */
bool requests_room(u32 bytes, bool shared, bool reserved);
void requests_add(const struct request *r);
/* Give the driver what waits; take its answers. */
void requests_issue(void);
void requests_finish(void);
/* The driver's end: what it had will be asked again. */
void requests_restart(void);
/* End everything, with this status. */
void requests_fail(u32 status);
/* A client's flushes cannot be answered well any more.  False: it has asked for none. */
bool requests_lose(u32 client);
u32 requests_of(u32 client);
/* How many the driver has. */
u32 requests_issued(void);
/* When the oldest that the driver has was given to it; 0: it has none. */
u64 requests_oldest(void);

/* disk.c: what the disk is, and the driver's channel. */
struct disk {
	struct chan chan;
	bool known; /* size and partitions: clients can be served */
	bool gone;
	u64 sectors;
	u32 best_bytes, features;
	struct partition_table table;
	u32 restarts;
};
extern struct disk disk;
void disk_open(void);
/* An answer to one of the multiplexer's own requests. */
void disk_answer(u32 id, u32 status, u64 w1, u64 w2);
/* Bits of COMP_NOTIF that came; and what time it is. */
void disk_news(u64 bits);
void disk_time(void);
/* When disk_time is to be called; 0: never. */
u64 disk_deadline(void);

/* clients.c */
void clients_open(void);
/* Take requests as far as there is room.  True: who lacked credit has got some. */
bool clients_take(void);
void clients_answer(const struct request *r, u32 status, u64 bytes);
void clients_news(u64 bits);
/* The device's cache is lost, and with it writes that were answered and not flushed. */
void clients_cache_lost(void);
/* Before waiting.  False: there is something to do. */
bool clients_idle(void);
/* A client needs the partition table. */
bool clients_want_table(void);
