/* SPDX-License-Identifier: MIT */
/*
 * The ext2 server: the library of the directory above, behind the protocol of tessera/fs.h, on
 * the blocks of a channel `blk`.
 *
 * Its file system's memory is the pool that both channels name as an area: the device
 * writes pages straight into it, and the client maps them.
 */
#pragma once
#include "../ext2.h"
#include "tessera/chan.h"
#include "tessera/fs.h"

/* Of a client: what it says of an earlier server is believed only at its beginning. */
enum stage { STAGE_NEW, STAGE_TAKES_OVER, STAGE_SETTLED };

struct server {
	struct e2fs *fs;
	enum stage stage;
	unsigned char *cache; /* the pool */
	u64 cache_bytes;
	bool read_only;
	const char *reason;
	u64 epoch_ns; /* time of day when the kernel's clock was 0 */
};
extern struct server server;

/* ns of the kernel's clock. */
u64 clock_ns(void);

/* Bits of the notification that came while something else was waited for. */
extern u64 server_bits;

/* --- disk.c: the device of the library ----------------------------------------- */

/* Ask the device below for its size; false: there is none. */
bool disk_open(struct e2_dev *dev);

/* --- held.c: what the client holds ------------------------------------------------- */

bool held_init(void);
/* The client has one more reference to an inode (the library's is kept for it). -ENFILE: too many. */
int held_inode(u32 ino);
bool holds_inode(u64 ino);
/* It gives `count` of them back. */
int held_forget(u64 ino, u64 count);
/* The client holds a page once more. @return its number */
u32 held_page(struct e2_page *page);
/* NULL: it does not hold this page. */
struct e2_page *held_find(u64 number);
int held_drop(u32 number, bool dirty);
/* The client is gone: all of it. */
void held_drop_all(void);

/* --- ops.c ----------------------------------------------------------------------------- */

/* Carry out one request; the answer is in *e. */
void serve(struct ring_entry *e, struct fs_message *m);
