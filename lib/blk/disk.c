/* SPDX-License-Identifier: MIT */
/*
 * A client of a block device.
 *
 * Owns:   struct disk; one thread uses it.
 */
#include "tessera/disk.h"

static u32 limit(const struct disk *d)
{
	return d->chan.info->capacity < DISK_QUEUE ? d->chan.info->capacity : DISK_QUEUE;
}

bool disk_submit(struct disk *d, u32 operation, u64 sector, u32 area, u64 offset, u64 bytes,
		 u32 *id)
{
	u32 n = d->next;

	if (d->in_flight == limit(d))
		return false;
	while (d->busy[n])
		n = (n + 1) % DISK_QUEUE;
	d->next = (n + 1) % DISK_QUEUE;
	d->busy[n] = true;
	d->in_flight++;
	d->request[n] = (struct ring_entry){ { n | (u64)operation << 32 | (u64)area << 40, sector,
					       offset, bytes } };
	d->covers[n] = d->writes;
	d->lost[n] = operation == BLK_FLUSH && d->lose;
	d->lose &= operation != BLK_FLUSH;
	/* While the channel is down it is only noted. */
	(void)chan_put(&d->chan, &d->request[n]);
	*id = n;
	return true;
}

static u32 operation_of(const struct disk *d, u32 id)
{
	return (u32)(d->request[id].w[0] >> 32) & 0xff;
}

static void end(struct disk *d, u32 id, u32 status, u64 bytes, struct disk_done *done)
{
	u32 operation = operation_of(d, id);

	d->busy[id] = false;
	d->in_flight--;
	if (operation == BLK_WRITE || operation == BLK_DISCARD)
		d->writes++;
	if (operation == BLK_FLUSH && d->lost[id] && status == BLK_DONE)
		status = BLK_ERROR;
	else if (operation == BLK_FLUSH && status == BLK_DONE && d->covers[id] > d->flushed)
		d->flushed = d->covers[id];
	*done = (struct disk_done){ id, status, bytes };
}

static bool poll_gone(struct disk *d, struct disk_done *done)
{
	for (u32 i = 0; i < DISK_QUEUE; i++) {
		if (d->busy[i]) {
			end(d, i, BLK_GONE, 0, done);
			return true;
		}
	}
	return false;
}

bool disk_poll(struct disk *d, struct disk_done *done)
{
	struct ring_entry e;

	chan_flush(&d->chan);
	if (d->chan.state == CHAN_GONE)
		return poll_gone(d, done);
	if (chan_get(&d->chan, &e) == RING_OK) {
		u64 id = e.w[0] & 0xffffffff;

		if (id < DISK_QUEUE && d->busy[id]) {
			end(d, (u32)id, (u32)(e.w[0] >> 32), e.w[1], done);
			if (operation_of(d, (u32)id) == BLK_INFO) {
				d->sectors = e.w[1];
				d->best_bytes = (u32)e.w[2];
				d->features = (u32)(e.w[2] >> 32);
			}
			return true;
		}
		chan_complain(&d->chan);
	} else if (chan_broken(&d->chan)) {
		chan_complain(&d->chan);
	}
	return false;
}

bool disk_idle(struct disk *d)
{
	return chan_idle(&d->chan, false);
}

/* The multiplexer knows no more what was written; its driver may have begun anew as well. */
static void note_loss(struct disk *d)
{
	if (!(d->features & BLK_FEATURE_VOLATILE_CACHE) ||
	    (d->features & BLK_FEATURE_CACHE_SURVIVES) || d->flushed == d->writes)
		return;
	d->flushed = d->writes;
	d->lose = true;
	for (u32 i = 0; i < DISK_QUEUE; i++) {
		if (!d->busy[i] || operation_of(d, i) != BLK_FLUSH)
			continue;
		d->lost[i] = true;
		d->lose = false;
	}
}

void disk_news(struct disk *d, u64 bits)
{
	chan_busy(&d->chan);
	if (chan_news(&d->chan, bits) != CHAN_RESET)
		return;
	note_loss(d);
	if (chan_agree(&d->chan) != CHAN_UP)
		return;
	for (u32 i = 0; i < DISK_QUEUE; i++) {
		if (d->busy[i])
			(void)chan_put(&d->chan, &d->request[i]);
	}
}

u32 disk_do(struct disk *d, u32 operation, u64 sector, u32 area, u64 offset, u64 bytes)
{
	struct disk_done done;
	u32 id;

	if (!disk_submit(d, operation, sector, area, offset, bytes, &id))
		return BLK_BAD;
	while (!disk_poll(d, &done)) {
		/* The peer that will not come back has answered all. */
		u64 deadline = !disk_idle(d) || d->chan.state == CHAN_GONE ? 1 : 0;

		disk_news(d, comp_wait(deadline));
	}
	return done.status;
}

u32 disk_open(struct disk *d, const char *channel)
{
	*d = (struct disk){ 0 };
	if (!chan_open(&d->chan, channel) || d->chan.info->side != COMP_CLIENT)
		return BLK_BAD;
	return disk_do(d, BLK_INFO, 0, 0, 0, 0);
}
