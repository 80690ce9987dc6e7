/* SPDX-License-Identifier: MIT */
/*
 * A queue of a virtio device that bytes come from: console, source of randomness.
 *
 * The device has buffers only as long as their bytes will find room here: nothing is lost.
 */
#pragma once
#include "../class/stream.h"
#include "virtio.h"

enum { INPUT_BUFFERS = 16, INPUT_BUFFER_BYTES = 64 };

struct virtio_input {
	struct virtq q;
	struct drv_dma buffers; /* one for each id of the queue */
	struct stream_in in;
};

/* Set queue `index` up. */
enum drv_result input_open(struct virtio *v, struct virtio_input *n, uint16_t index);
/* Take what came.  False: the device broke a rule. */
bool input_finish(struct virtio_input *n);
/* Give buffers to the device as long as there is room. */
void input_fill(struct virtio_input *n);
