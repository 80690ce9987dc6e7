/* SPDX-License-Identifier: MIT */
/*
 * The device of the library: requests on the channel `blk`, waited for.
 *
 * A long transfer is cut into parts that are under way together.  When the
 * channel begins anew, what has no answer is asked for again: reading and
 * writing the same twice does no harm.
 *
 * Owns:       the channel `blk`; the end of the pool, for transfers of other memory.
 */
#include "server.h"
#include "tessera/blk.h"

enum { PARTS = 8, PART_BYTES = 65536, BOUNCE = 16 * E2_PAGE_SIZE };

static struct {
	struct chan chan;
	u32 area;   /* which the pool is on this channel */
	u64 offset; /* of the pool in it */
	unsigned char *bounce;
	struct part {
		bool waiting;
		struct ring_entry request;
	} part[PARTS];
	u32 waiting;
	int error;
	u64 sectors;
	u32 features;
} disk;

static int error_of(u64 status)
{
	return status == BLK_READ_ONLY ? -E2_EROFS : -E2_EIO;
}

static void take_answer(const struct ring_entry *e)
{
	u64 id = e->w[0] & 0xffffffff, status = e->w[0] >> 32;

	/* An answer to nothing is the peer's mistake. */
	if (id >= PARTS || !disk.part[id].waiting)
		return;
	const struct ring_entry *r = &disk.part[id].request;
	u32 operation = (u32)(r->w[0] >> 32) & 0xff;

	disk.part[id].waiting = false;
	disk.waiting--;
	if (status != BLK_DONE || (operation <= BLK_WRITE && e->w[1] != r->w[3]))
		disk.error = status == BLK_DONE ? -E2_EIO : error_of(status);
	if (operation == BLK_INFO) {
		disk.sectors = e->w[1];
		disk.features = (u32)(e->w[2] >> 32);
	}
}

static void ask_again(void)
{
	for (u32 i = 0; i < PARTS; i++) {
		if (disk.part[i].waiting)
			(void)chan_put(&disk.chan, &disk.part[i].request);
	}
}

/* Until a part is free, or, with `all`, until none is under way. */
static void wait_parts(bool all)
{
	struct ring_entry e;

	while (disk.waiting == PARTS || (all && disk.waiting != 0)) {
		chan_flush(&disk.chan);
		while (chan_get(&disk.chan, &e) == RING_OK)
			take_answer(&e);
		if (chan_broken(&disk.chan))
			chan_complain(&disk.chan);
		if (disk.chan.state == CHAN_GONE) {
			memset(disk.part, 0, sizeof disk.part);
			disk.waiting = 0;
			disk.error = -E2_EIO;
			return;
		}
		if (disk.waiting != 0 && (disk.waiting == PARTS || all) &&
		    chan_idle(&disk.chan, false)) {
			u64 bits = comp_wait(0);

			if (chan_news(&disk.chan, bits) == CHAN_RESET &&
			    chan_agree(&disk.chan) == CHAN_UP)
				ask_again();
			server_bits |= bits;
		}
		chan_busy(&disk.chan);
	}
}

static void ask(u32 operation, u64 sector, u64 offset, u64 bytes)
{
	u32 i = 0;

	wait_parts(false);
	while (disk.part[i].waiting)
		i++;
	disk.part[i].waiting = true;
	disk.part[i].request =
		(struct ring_entry){ { i | (u64)operation << 32 | (u64)disk.area << 40, sector,
				       offset, bytes } };
	disk.waiting++;
	(void)chan_put(&disk.chan, &disk.part[i].request);
}

static int finish(void)
{
	wait_parts(true);
	int e = disk.error;
	disk.error = 0;
	return e;
}

static bool in_pool(const unsigned char *p, u64 bytes)
{
	return p >= server.cache && bytes <= server.cache_bytes &&
	       (u64)(p - server.cache) <= server.cache_bytes - bytes;
}

/* The end of the pool is kept for transfers of other memory. */
static bool find_area(void)
{
	const struct comp_channel *info = disk.chan.info;
	u64 at = (u64)server.cache;

	for (u32 i = 0; i < info->areas; i++) {
		const struct comp_area *a = &info->area[i];

		if (a->vaddr == 0 || at < a->vaddr || at + server.cache_bytes > a->vaddr + a->bytes)
			continue;
		disk.area = i;
		disk.offset = at - a->vaddr;
		server.cache_bytes -= BOUNCE;
		disk.bounce = server.cache + server.cache_bytes;
		return true;
	}
	return false;
}

static int transfer_pool(u32 operation, u64 sector, u64 bytes, const unsigned char *at)
{
	u64 offset = disk.offset + (u64)(at - server.cache);

	while (bytes != 0 && disk.error == 0) {
		u64 n = bytes < PART_BYTES ? bytes : PART_BYTES;

		ask(operation, sector, offset, n);
		sector += n / E2_SECTOR;
		offset += n;
		bytes -= n;
	}
	return finish();
}

static int disk_read(void *ctx, u64 sector, u32 n, void *buf)
{
	u64 bytes = (u64)n * E2_SECTOR;
	unsigned char *to = buf;
	int e = 0;

	(void)ctx;
	if (in_pool(to, bytes))
		return transfer_pool(BLK_READ, sector, bytes, to);
	while (bytes != 0 && e == 0) {
		u64 part = bytes < BOUNCE ? bytes : BOUNCE;

		e = transfer_pool(BLK_READ, sector, part, disk.bounce);
		memcpy(to, disk.bounce, part);
		to += part;
		bytes -= part;
		sector += part / E2_SECTOR;
	}
	return e;
}

static int disk_write(void *ctx, u64 sector, u32 n, const void *buf)
{
	u64 bytes = (u64)n * E2_SECTOR;
	const unsigned char *from = buf;
	int e = 0;

	(void)ctx;
	if (in_pool(from, bytes))
		return transfer_pool(BLK_WRITE, sector, bytes, from);
	while (bytes != 0 && e == 0) {
		u64 part = bytes < BOUNCE ? bytes : BOUNCE;

		memcpy(disk.bounce, from, part);
		e = transfer_pool(BLK_WRITE, sector, part, disk.bounce);
		from += part;
		bytes -= part;
		sector += part / E2_SECTOR;
	}
	return e;
}

static int disk_flush(void *ctx)
{
	(void)ctx;
	ask(BLK_FLUSH, 0, 0, 0);
	return finish();
}

bool disk_open(struct e2_dev *dev)
{
	if (!chan_open(&disk.chan, "blk") || server.cache_bytes <= BOUNCE || !find_area())
		return false;
	ask(BLK_INFO, 0, 0, 0);
	if (finish() != 0)
		return false;
	*dev = (struct e2_dev){
		.sectors = disk.sectors, .read = disk_read, .write = disk_write, .flush = disk_flush
	};
	if (disk.features & BLK_FEATURE_READ_ONLY)
		dev->write = NULL;
	return true;
}
