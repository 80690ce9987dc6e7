/* SPDX-License-Identifier: MIT */
/*
 * Driver of the virtio block device (virtio 1.2, 5.2).
 *
 * Owns:   up to BLK_QUEUES queues; for each request that one may hold, a header and a byte
 *         of status in DMA memory.
 * Never:  touches data: the device reads and writes it in the areas of clients.
 */
#include <string.h>

#include "../class/blk.h"
#include "../class/watch.h"
#include "../virtio/virtio.h"
#include "regs.h"

enum {
	BLK_QUEUES = 4,
	BLK_DEPTH = 128,
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

struct blk_queue {
	struct virtq q;
	struct drv_dma frames; /* one for each id of the queue */
};

static struct {
	struct virtio v;
	struct blk_geometry geometry;
	struct watch watch;
	uint32_t segment_bytes; /* of data, at most */
	uint32_t segments;      /* of data, at most */
	uint32_t queues, next_queue;
	struct blk_queue queue[BLK_QUEUES];
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
	/* 2.4: a reset of the device is no loss of power; its cache stays. */
	g->features = (offers(BLK_F_RO) ? BLK_FEATURE_READ_ONLY : 0) |
		      (offers(BLK_F_FLUSH) ?
			       BLK_FEATURE_VOLATILE_CACHE | BLK_FEATURE_CACHE_SURVIVES : 0);
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
	uint16_t size = offers(VIRTIO_F_INDIRECT) ? BLK_DEPTH : VIRTQ_SIZE_MAX;
	uint32_t most = (BLK_BYTES_MAX + self.segment_bytes - 1) / self.segment_bytes + 2;

	for (uint32_t i = 0; i < self.queues; i++) {
		struct blk_queue *b = &self.queue[i];
		enum drv_result r = virtq_open(&self.v, &b->q, (uint16_t)i, size, true, i);

		if (r != DRV_OK)
			return r;
		/* A request that does not fit into an empty queue would wait for ever. */
		if (!virtq_room(&b->q, most) ||
		    !drv_cut(d, &self.v.dma_used, b->q.size * sizeof(struct blk_frame), 64,
			     &b->frames))
			return DRV_NO_DEVICE;
	}
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

static struct blk_frame *frame_of(const struct blk_queue *b, uint32_t id)
{
	return (struct blk_frame *)b->frames.base + id;
}

/* Header, data and status of a request. */
static uint32_t make_segments(const struct blk_request *r, uint64_t frame,
			      struct virtq_segment *s)
{
	uint32_t n = 1, write = r->operation == BLK_READ ? DESC_WRITE : 0;

	s[0] = (struct virtq_segment){ frame, sizeof(struct virtio_blk_header), 0 };
	if (r->iova != 0) {
		uint32_t at = 0;

		for (; r->bytes - at > self.segment_bytes; at += self.segment_bytes)
			s[n++] = (struct virtq_segment){ r->iova + at, self.segment_bytes, write };
		s[n++] = (struct virtq_segment){ r->iova + at, r->bytes - at, write };
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
	struct blk_queue *b = &self.queue[self.next_queue];
	uint32_t id = b->q.first_free;
	struct virtq_segment s[VIRTQ_SEGMENTS];

	if (b->q.free == 0)
		return false;
	uint32_t n = make_segments(r, b->frames.iova + id * sizeof(struct blk_frame), s);
	if (!virtq_room(&b->q, n))
		return false;
	if (++self.next_queue == self.queues)
		self.next_queue = 0;
	fill_frame(frame_of(b, id), r);
	virtq_add(&b->q, s, n, r->id | (uint64_t)(r->iova != 0 ? r->bytes : 0) << 32);
	watch_begin(&self.watch, d);
	return true;
}

static void begin_all(struct drv *d)
{
	struct ring_entry e;
	struct blk_request r;

	drv_begin(d);
	while (drv_take(d, &e)) {
		if (blk_parse(d, &self.geometry, &e, &r) && !begin(d, &r)) {
			drv_put_back(d);
			break;
		}
	}
	for (uint32_t i = 0; i < self.queues; i++)
		virtq_kick(&self.queue[i].q);
}

/* --- answers --------------------------------------------------------------------------- */

/* False: the device said something impossible. */
static bool finish(struct drv *d, const struct blk_queue *b, const struct virtq_done *done)
{
	uint8_t status = *(const volatile uint8_t *)&frame_of(b, done->id)->status;

	/* 2.7.8: it writes the status at least. */
	if (status > BLK_S_UNSUPP || done->bytes == 0)
		return false;
	if (status == BLK_S_OK)
		blk_answer(d, (uint32_t)done->cookie, BLK_DONE, done->cookie >> 32);
	else
		blk_answer(d, (uint32_t)done->cookie, BLK_ERROR, 0);
	return true;
}

static bool finish_queue(struct drv *d, struct blk_queue *b)
{
	struct virtq_done done;
	enum virtq_state s;

	if (b->q.busy == 0)
		return true;
	do {
		while ((s = virtq_get(&b->q, &done)) == VIRTQ_DONE) {
			if (!finish(d, b, &done))
				return false;
		}
		if (s == VIRTQ_BROKEN)
			return false;
	} while (!virtq_arm(&b->q));
	return true;
}

/* False: a request has waited too long. */
static bool tick(struct drv *d)
{
	watch_tick(&self.watch);
	for (uint32_t i = 0; i < self.queues; i++) {
		struct virtq *q = &self.queue[i].q;

		q->tick = self.watch.tick;
		if (virtq_overdue(q))
			return false;
		if (q->busy != 0)
			watch_begin(&self.watch, d);
	}
	return true;
}

enum drv_result driver_event(struct drv *d, uint64_t events)
{
	bool changed, ok = virtio_interrupt(&self.v, events, &changed);

	/* A new size; anything else that may change, nobody here uses. */
	if (ok && changed)
		ok = virtio_config(&self.v, 0, &self.geometry.sectors,
				   sizeof self.geometry.sectors);
	for (uint32_t i = 0; i < self.queues && ok; i++) {
		ok = finish_queue(d, &self.queue[i]);
		d->bad_device += !ok;
	}
	if (ok && (events & DRV_EVENT_TICK))
		ok = tick(d);
	if (ok)
		begin_all(d);
	return drv_end(d, ok);
}
