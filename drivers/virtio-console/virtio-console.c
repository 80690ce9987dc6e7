/* SPDX-License-Identifier: MIT */
/*
 * Driver of the virtio console (virtio 1.2, 5.3): its first port, as a stream.
 *
 * Owns:   the port's queues; bytes that came and that nobody has asked for yet; a place in DMA
 *         memory for the bytes of each write.
 */
#include <string.h>

#include "../class/watch.h"
#include "../virtio/input.h"

enum { RECEIVE_QUEUE, TRANSMIT_QUEUE, WRITE_PLACE = 32 };

static struct {
	struct virtio v;
	struct watch watch;
	struct virtio_input input;
	struct virtq transmit;
	struct drv_dma places; /* one for each id of the queue */
} self;

static enum drv_result open_queues(struct drv *d)
{
	enum drv_result r = input_open(&self.v, &self.input, RECEIVE_QUEUE);

	if (r == DRV_OK)
		r = virtq_open(&self.v, &self.transmit, TRANSMIT_QUEUE, STREAM_PENDING, false,
			       TRANSMIT_QUEUE);
	if (r == DRV_OK && !drv_cut(d, &self.v.dma_used, STREAM_PENDING * WRITE_PLACE, 64,
				    &self.places))
		r = DRV_NO_DEVICE;
	return r;
}

enum drv_result driver_init(struct drv *d)
{
	memset(&self, 0, sizeof self);
	enum drv_result r = virtio_open(&self.v, d, VIRTIO_CONSOLE);
	if (r == DRV_OK)
		r = virtio_negotiate(&self.v, 0);
	if (r == DRV_OK)
		r = open_queues(d);
	if (r == DRV_OK && !virtio_start(&self.v))
		r = DRV_FAILED;
	if (r == DRV_OK)
		input_fill(&self.input);
	else
		driver_quiesce(d);
	return r;
}

void driver_quiesce(struct drv *d)
{
	virtio_quiesce(&self.v, d);
}

static void begin_write(struct drv *d, const struct stream_request *r)
{
	if (!virtq_room(&self.transmit, 1)) {
		stream_answer(d, r->id, STREAM_BUSY, 0);
		return;
	}
	uint64_t at = self.transmit.first_free * WRITE_PLACE;
	const struct virtq_segment s = { self.places.iova + at, r->count, 0 };
	memcpy(self.places.base + at, r->bytes, r->count);
	virtq_add(&self.transmit, &s, 1, r->id | (uint64_t)r->count << 32);
	watch_begin(&self.watch, d);
}

static void begin_all(struct drv *d)
{
	struct ring_entry e;
	struct stream_request r;

	drv_begin(d);
	while (drv_take(d, &e)) {
		if (!stream_parse(d, &e, true, &r))
			continue;
		if (r.operation == STREAM_READ)
			stream_read(d, &self.input.in, &r);
		else
			begin_write(d, &r);
	}
	virtq_kick(&self.transmit);
	stream_serve(d, &self.input.in);
	input_fill(&self.input);
}

/* False: the queue broke the rules. */
static bool finish_writes(struct drv *d)
{
	struct virtq_done done;
	enum virtq_state s;

	do {
		while ((s = virtq_get(&self.transmit, &done)) == VIRTQ_DONE)
			stream_answer(d, (uint32_t)done.cookie, STREAM_DONE,
				      (uint32_t)(done.cookie >> 32));
		if (s == VIRTQ_BROKEN)
			return false;
	} while (!virtq_arm(&self.transmit));
	return true;
}

/* False: a write has waited too long. */
static bool tick(struct drv *d)
{
	watch_tick(&self.watch);
	self.transmit.tick = self.watch.tick;
	if (self.transmit.busy != 0)
		watch_begin(&self.watch, d);
	return !virtq_overdue(&self.transmit);
}

enum drv_result driver_event(struct drv *d, uint64_t events)
{
	bool changed, ok = virtio_interrupt(&self.v, events, &changed);

	if (ok && (!input_finish(&self.input) || !finish_writes(d))) {
		d->bad_device++;
		ok = false;
	}
	if (ok && (events & DRV_EVENT_TICK))
		ok = tick(d);
	if (ok)
		begin_all(d);
	return drv_end(d, ok);
}
