/* SPDX-License-Identifier: MIT */
/*
 * A queue of a virtio device that bytes come from: see input.h.
 *
 * Owns:   the queue and its buffers, which are wiped when their bytes were taken.
 */
#include "input.h"

enum drv_result input_open(struct virtio *v, struct virtio_input *n, uint16_t index)
{
	enum drv_result r = virtq_open(v, &n->q, index, INPUT_BUFFERS, false, index);

	if (r == DRV_OK && !drv_cut(v->d, &v->dma_used, (uint64_t)n->q.size * INPUT_BUFFER_BYTES,
				    64, &n->buffers))
		r = DRV_NO_DEVICE;
	return r;
}

void input_fill(struct virtio_input *n)
{
	while (virtq_room(&n->q, 1) &&
	       (n->q.busy + 1u) * INPUT_BUFFER_BYTES <= stream_room(&n->in)) {
		const struct virtq_segment s = {
			n->buffers.iova + n->q.first_free * INPUT_BUFFER_BYTES,
			INPUT_BUFFER_BYTES, DESC_WRITE };

		virtq_add(&n->q, &s, 1, 0);
	}
	virtq_kick(&n->q);
}

static void take_bytes(struct virtio_input *n, const struct virtq_done *done)
{
	volatile uint8_t *from = n->buffers.base + done->id * INPUT_BUFFER_BYTES;

	for (uint32_t i = 0; i < done->bytes; i++) {
		stream_add(&n->in, from[i]);
		from[i] = 0;
	}
}

bool input_finish(struct virtio_input *n)
{
	struct virtq_done done;
	enum virtq_state s;

	do {
		while ((s = virtq_get(&n->q, &done)) == VIRTQ_DONE)
			take_bytes(n, &done);
		if (s == VIRTQ_BROKEN)
			return false;
	} while (!virtq_arm(&n->q));
	return true;
}
