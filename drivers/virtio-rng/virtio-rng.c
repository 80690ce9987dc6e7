/* SPDX-License-Identifier: MIT */
/*
 * Driver of the virtio entropy device (virtio 1.2, 5.4): a stream that can be read.
 *
 * Owns:   the request queue; bytes that came and that nobody has asked for yet.
 * Never:  hands a byte out twice.
 */
#include <string.h>

#include "../virtio/input.h"

static struct {
	struct virtio v;
	struct virtio_input input;
} self;

enum drv_result driver_init(struct drv *d)
{
	memset(&self, 0, sizeof self);
	enum drv_result r = virtio_open(&self.v, d, VIRTIO_RNG);
	if (r == DRV_OK)
		r = virtio_negotiate(&self.v, 0);
	if (r == DRV_OK)
		r = input_open(&self.v, &self.input, 0);
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

enum drv_result driver_event(struct drv *d, uint64_t events)
{
	struct ring_entry e;
	struct stream_request r;
	bool changed, ok = virtio_interrupt(&self.v, events, &changed);

	if (ok && !input_finish(&self.input)) {
		d->bad_device++;
		ok = false;
	}
	if (ok) {
		drv_begin(d);
		while (drv_take(d, &e)) {
			if (stream_parse(d, &e, false, &r))
				stream_read(d, &self.input.in, &r);
		}
		stream_serve(d, &self.input.in);
		input_fill(&self.input);
	}
	return drv_end(d, ok);
}
