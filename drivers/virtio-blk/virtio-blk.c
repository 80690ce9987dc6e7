/* SPDX-License-Identifier: MIT */
/*
 * Driver of the virtio block device (virtio 1.2, 5.2).
 *
 * Owns:   up to BLK_QUEUES queues; BLK_SLOTS requests under way, each with a header and a
 *         byte of status in DMA memory.
 * Never:  touches data: the device reads and writes it in the areas of clients.
 */
#include <string.h>

#include "../class/blk.h"
#include "../class/watch.h"
#include "../virtio/virtio.h"
#include "regs.h"

enum {
	BLK_QUEUES = 4,
	BLK_SLOTS = 128,
	DATA_SEGMENTS = VIRTQ_SEGMENTS - 2, /* besides header and status */
	STATUS_NONE = 0xff,
};

/* DMA memory of a request. */
struct blk_frame {
	struct virtio_blk_header header;
	struct virtio_blk_discard discard;
	uint8_t status;
	uint8_t padding[31];
};

_Static_assert(sizeof(struct blk_frame) == 64, "no two share a cache line");

struct blk_slot {
	uint32_t id;
	uint32_t bytes;
	uint32_t began; /* tick */
	bool busy;
};

static struct {
	struct virtio v;
	struct blk_geometry geometry;
	struct watch watch;
	struct drv_dma frames;
	uint32_t segment_bytes; /* of data, at most */
	uint32_t segments;      /* of data, at most */
	uint32_t queues, next_queue;
	uint32_t free;
	uint8_t free_slot[BLK_SLOTS];
	struct blk_slot slot[BLK_SLOTS];
	struct virtq queue[BLK_QUEUES];
} self;

/* --- start ------------------------------------------------------------------------- */

static bool offers(uint64_t feature)
{
	return (self.v.features & feature) != 0;
}

/* Requests of BLK_BYTES_MAX must fit into the segments that the device takes. */
static bool read_limits(const struct virtio_blk_config *c)
{
	self.segment_bytes = BLK_BYTES_MAX;
	self.segments = DATA_SEGMENTS;
	if (offers(BLK_F_SIZE_MAX) && c->size_max < self.segment_bytes)
		self.segment_bytes = c->size_max & ~(BLK_SECTOR - 1u);
	if (offers(BLK_F_SEG_MAX) && c->seg_max < self.segments)
		self.segments = c->seg_max;
	return (uint64_t)self.segments * self.segment_bytes >= BLK_BYTES_MAX;
}

static bool read_config(void)
{
	struct virtio_blk_config c = { 0 };
	struct blk_geometry *g = &self.geometry;
	uint32_t bytes = sizeof c;

	/* What is behind the fields of old devices exists only with its features (5.2.4). */
	if (!offers(BLK_F_DISCARD))
		bytes = offers(BLK_F_MQ) ? 36 : offers(BLK_F_TOPOLOGY) ? 32 : 24;
	if (!virtio_config(&self.v, 0, &c, bytes))
		return false;
	*g = (struct blk_geometry){ .sectors = c.capacity, .block_bytes = BLK_SECTOR,
				    .best_bytes = BLK_BYTES_MAX, .align = 1 };
	if (offers(BLK_F_BLK_SIZE))
		g->block_bytes = c.blk_size;
	if (offers(BLK_F_TOPOLOGY) && c.opt_io_size != 0 &&
	    c.opt_io_size < BLK_BYTES_MAX / g->block_bytes)
		g->best_bytes = c.opt_io_size * g->block_bytes;
	g->features = (offers(BLK_F_RO) ? BLK_FEATURE_READ_ONLY : 0) |
		      (offers(BLK_F_FLUSH) ? BLK_FEATURE_VOLATILE_CACHE : 0);
	if (offers(BLK_F_DISCARD) && c.max_discard_seg != 0 &&
	    c.max_discard_sectors >= BLK_BYTES_MAX / BLK_SECTOR)
		g->features |= BLK_FEATURE_DISCARD;
	self.queues = offers(BLK_F_MQ) ? c.num_queues : 1;
	if (self.queues > BLK_QUEUES)
		self.queues = BLK_QUEUES;
	if (self.queues > virtio_queue_messages(&self.v))
		self.queues = virtio_queue_messages(&self.v);
	return self.queues != 0 && g->sectors <= UINT64_MAX / BLK_SECTOR &&
	       g->block_bytes >= BLK_SECTOR && g->block_bytes <= BLK_BYTES_MAX &&
	       (g->block_bytes & (g->block_bytes - 1)) == 0 && read_limits(&c);
}

static enum drv_result open_queues(struct drv *d)
{
	if (!drv_cut(d, &self.v.dma_used, BLK_SLOTS * sizeof(struct blk_frame), 64, &self.frames))
		return DRV_NO_DEVICE;
	uint16_t size = offers(VIRTIO_F_INDIRECT) ? BLK_SLOTS : VIRTQ_SIZE_MAX;
	uint32_t most = (BLK_BYTES_MAX + self.segment_bytes - 1) / self.segment_bytes + 2;
	for (uint32_t i = 0; i < self.queues; i++) {
		enum drv_result r = virtq_open(&self.v, &self.queue[i], (uint16_t)i, size, true, i);

		if (r != DRV_OK)
			return r;
		/* A request that does not fit into an empty queue would wait for ever. */
		if (!virtq_room(&self.queue[i], most))
			return DRV_NO_DEVICE;
	}
	for (uint32_t i = 0; i < BLK_SLOTS; i++)
		self.free_slot[i] = (uint8_t)(BLK_SLOTS - 1 - i);
	self.free = BLK_SLOTS;
	return DRV_OK;
}

enum drv_result driver_init(struct drv *d)
{
	const uint64_t wanted = BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_RO | BLK_F_BLK_SIZE |
				BLK_F_FLUSH | BLK_F_TOPOLOGY | BLK_F_MQ | BLK_F_DISCARD;

	memset(&self, 0, sizeof self);
	enum drv_result r = virtio_open(&self.v, d, VIRTIO_BLK);
	if (r == DRV_OK)
		r = virtio_negotiate(&self.v, wanted);
	if (r == DRV_OK && !read_config())
		r = DRV_NO_DEVICE;
	if (r == DRV_OK)
		r = open_queues(d);
	if (r == DRV_OK && !virtio_start(&self.v))
		r = DRV_FAILED;
	if (r != DRV_OK)
		driver_quiesce(d);
	return r;
}

void driver_quiesce(struct drv *d)
{
	virtio_quiesce(&self.v, d);
}

/* --- requests ------------------------------------------------------------------------ */

static struct blk_frame *frame_of(uint32_t slot)
{
	return (struct blk_frame *)self.frames.base + slot;
}

/* Data and status of a request; the header is segment 0. */
static uint32_t make_segments(const struct blk_request *r, uint32_t slot,
			      struct virtq_segment *s)
{
	uint64_t frame = self.frames.iova + slot * sizeof(struct blk_frame);
	uint32_t n = 1, write = r->operation == BLK_READ ? DESC_WRITE : 0;

	s[0] = (struct virtq_segment){ frame, sizeof(struct virtio_blk_header), 0 };
	if (r->iova != 0) {
		for (uint32_t at = 0; at < r->bytes; at += self.segment_bytes) {
			uint32_t part = r->bytes - at;

			if (part > self.segment_bytes)
				part = self.segment_bytes;
			s[n++] = (struct virtq_segment){ r->iova + at, part, write };
		}
	} else if (r->operation == BLK_DISCARD) {
		s[n++] = (struct virtq_segment){
			frame + offsetof(struct blk_frame, discard),
			sizeof(struct virtio_blk_discard), 0 };
	}
	s[n++] = (struct virtq_segment){ frame + offsetof(struct blk_frame, status), 1,
					 DESC_WRITE };
	return n;
}

static void fill_frame(struct blk_frame *f, const struct blk_request *r)
{
	static const uint8_t type[] = { [BLK_READ] = BLK_T_IN, [BLK_WRITE] = BLK_T_OUT,
					[BLK_FLUSH] = BLK_T_FLUSH, [BLK_DISCARD] = BLK_T_DISCARD };

	/* 5.2.6.1: the sector of a flush or discard is 0. */
	f->header = (struct virtio_blk_header){ .type = type[r->operation],
						.sector = r->iova != 0 ? r->sector : 0 };
	f->status = STATUS_NONE;
	if (r->operation == BLK_DISCARD)
		f->discard = (struct virtio_blk_discard){ .sector = r->sector,
							  .sectors = r->bytes / BLK_SECTOR };
}

/* False: no room now. */
static bool begin(struct drv *d, const struct blk_request *r)
{
	struct virtq_segment s[VIRTQ_SEGMENTS];

	if (self.free == 0)
		return false;
	uint32_t slot = self.free_slot[self.free - 1];
	uint32_t n = make_segments(r, slot, s);
	struct virtq *q = &self.queue[self.next_queue];
	if (!virtq_room(q, n))
		return false;
	if (++self.next_queue == self.queues)
		self.next_queue = 0;
	self.free--;
	self.slot[slot] = (struct blk_slot){ .id = r->id, .began = self.watch.tick, .busy = true,
					     .bytes = r->iova != 0 ? r->bytes : 0 };
	fill_frame(frame_of(slot), r);
	virtq_add(q, s, n, slot);
	watch_begin(&self.watch, d);
	return true;
}

static void begin_all(struct drv *d)
{
	struct ring_entry e;
	struct blk_request r;

	d->stalled = false;
	while (drv_take(d, &e)) {
		if (blk_parse(d, &self.geometry, &e, &r) && !begin(d, &r)) {
			drv_put_back(d);
			break;
		}
	}
	for (uint32_t i = 0; i < self.queues; i++)
		virtq_kick(&self.queue[i]);
}

/* --- answers --------------------------------------------------------------------------- */

/* False: the device said something impossible. */
static bool finish(struct drv *d, uint32_t slot)
{
	struct blk_slot *s = &self.slot[slot];
	uint8_t status = *(const volatile uint8_t *)&frame_of(slot)->status;

	if (status > BLK_S_UNSUPP)
		return false;
	s->busy = false;
	self.free_slot[self.free++] = (uint8_t)slot;
	blk_answer(d, s->id, status == BLK_S_OK ? BLK_DONE : BLK_ERROR,
		   status == BLK_S_OK ? s->bytes : 0);
	return true;
}

static bool finish_queue(struct drv *d, struct virtq *q)
{
	uint32_t slot, bytes;

	do {
		enum virtq_state s;

		while ((s = virtq_get(q, &slot, &bytes)) == VIRTQ_DONE) {
			/* 2.7.8: it writes the status at least. */
			if (bytes == 0 || !finish(d, slot))
				s = VIRTQ_BROKEN;
			if (s == VIRTQ_BROKEN)
				break;
		}
		if (s == VIRTQ_BROKEN) {
			d->bad_device++;
			return false;
		}
	} while (!virtq_arm(q));
	return true;
}

/* False: a request has waited too long. */
static bool tick(struct drv *d)
{
	bool any = false;

	watch_tick(&self.watch);
	for (uint32_t i = 0; i < BLK_SLOTS; i++) {
		if (self.slot[i].busy && watch_overdue(&self.watch, self.slot[i].began))
			return false;
		any |= self.slot[i].busy;
	}
	if (any)
		watch_begin(&self.watch, d);
	return true;
}

enum drv_result driver_event(struct drv *d, uint64_t events)
{
	bool changed, ok = virtio_interrupt(&self.v, events, &changed);

	/* A new size; anything else that may change, nobody here uses. */
	if (ok && changed)
		ok = virtio_config(&self.v, 0, &self.geometry.sectors,
				   sizeof self.geometry.sectors);
	for (uint32_t i = 0; i < self.queues && ok; i++)
		ok = finish_queue(d, &self.queue[i]);
	if (ok && (events & DRV_EVENT_TICK))
		ok = tick(d);
	if (ok)
		begin_all(d);
	return drv_end(d, ok);
}
