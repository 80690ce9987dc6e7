/* SPDX-License-Identifier: MIT */
/*
 * Driver of the virtio network device (virtio 1.2, 5.1): pairs of queues, checksums.
 *
 * Owns:   up to NET_PAIRS pairs of queues; for each request that one may hold, a header in
 *         DMA memory.  Frames are one buffer: no merging, no segmentation.
 * Never:  touches frames: the device reads and writes them in the areas of clients.
 */
#include <string.h>

#include "../class/net.h"
#include "../class/watch.h"
#include "../virtio/virtio.h"
#include "regs.h"

enum {
	NET_PAIRS = 4,
	HEADER_PLACE = 16,
	HEADER_ZERO = VIRTQ_SIZE_MAX, /* which header is one of zeroes */
	CONTROL_TRIES = 1000, /* of a millisecond */
	MTU_MAX = NET_FRAME_MAX - NET_FRAME_MIN,
};

#define MILLISECOND 1000000ull

struct net_queue {
	struct virtq q;
	struct drv_dma headers; /* one for each id of the queue, and one more */
};

static struct {
	struct virtio v;
	struct watch watch;
	uint32_t pairs, max_pairs, next_pair;
	struct net_queue receive[NET_PAIRS], send[NET_PAIRS];
	struct virtq control;
	struct net_link link;
	bool look; /* the link may have changed */
} self;

/* --- start ---------------------------------------------------------------------------- */

static bool offers(uint64_t feature)
{
	return (self.v.features & feature) != 0;
}

static bool read_config(struct virtio_net_config *c)
{
	/* What is behind the address exists only with its features (5.1.4). */
	uint32_t bytes = offers(NET_F_MTU) ? 12 : offers(NET_F_MQ) ? 10 :
			 offers(NET_F_STATUS) ? 8 : offers(NET_F_MAC) ? 6 : 0;

	memset(c, 0, sizeof *c);
	return virtio_config(&self.v, 0, c, bytes);
}

static enum drv_result open_queue(struct drv *d, struct net_queue *n, uint32_t index)
{
	if (!drv_cut(d, &self.v.dma_used, (HEADER_ZERO + 1) * HEADER_PLACE, 64, &n->headers))
		return DRV_NO_DEVICE;
	return virtq_open(&self.v, &n->q, (uint16_t)index, VIRTQ_SIZE_MAX, false, index);
}

/* 5.1.2: pair i has queues 2i and 2i + 1; control comes after all that the device has. */
static enum drv_result open_queues(struct drv *d)
{
	enum drv_result r = DRV_OK;

	for (uint32_t i = 0; i < self.pairs && r == DRV_OK; i++) {
		r = open_queue(d, &self.receive[i], 2 * i);
		if (r == DRV_OK)
			r = open_queue(d, &self.send[i], 2 * i + 1);
	}
	if (r == DRV_OK && self.pairs > 1)
		r = virtq_open(&self.v, &self.control, (uint16_t)(2 * self.max_pairs), 2, false, 0);
	return r;
}

/* 5.1.6.5.5: the device uses more than the first pair only when told to. */
static enum drv_result use_pairs(struct drv *d)
{
	struct drv_dma m;
	struct virtq_done done;

	if (self.pairs == 1)
		return DRV_OK;
	if (!drv_cut(d, &self.v.dma_used, sizeof(struct virtio_net_command), 16, &m))
		return DRV_NO_DEVICE;
	struct virtio_net_command *c = (struct virtio_net_command *)m.base;
	*c = (struct virtio_net_command){ .class = NET_CTRL_MQ, .command = NET_CTRL_MQ_PAIRS_SET,
					  .pairs = (uint16_t)self.pairs, .ack = 0xff };
	const struct virtq_segment s[2] = {
		{ m.iova, NET_CTRL_COMMAND_BYTES, 0 },
		{ m.iova + NET_CTRL_COMMAND_BYTES, 1, DESC_WRITE },
	};
	virtq_add(&self.control, s, 2, 0);
	virtq_kick(&self.control);
	for (uint32_t i = 0; i < CONTROL_TRIES; i++) {
		enum virtq_state state = virtq_get(&self.control, &done);

		if (state == VIRTQ_DONE && *(const volatile uint8_t *)&c->ack == NET_CTRL_OK)
			return DRV_OK;
		if (state != VIRTQ_EMPTY)
			break;
		drv_sleep_ns(MILLISECOND);
	}
	d->bad_device++;
	return DRV_FAILED;
}

static bool choose_pairs(void)
{
	struct virtio_net_config c;

	if (!read_config(&c))
		return false;
	self.max_pairs = offers(NET_F_MQ) && offers(NET_F_CTRL_VQ) ? c.max_pairs : 1;
	self.pairs = virtio_queue_messages(&self.v) / 2;
	if (self.pairs > NET_PAIRS)
		self.pairs = NET_PAIRS;
	if (self.pairs > self.max_pairs)
		self.pairs = self.max_pairs;
	if (self.pairs == 0)
		self.pairs = 1;
	return self.max_pairs <= 0x8000; /* 5.1.4.1 */
}

enum drv_result driver_init(struct drv *d)
{
	const uint64_t wanted = NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_MTU | NET_F_MAC |
				NET_F_STATUS | NET_F_CTRL_VQ | NET_F_MQ;

	memset(&self, 0, sizeof self);
	enum drv_result r = virtio_open(&self.v, d, VIRTIO_NET);
	if (r == DRV_OK)
		r = virtio_negotiate(&self.v, wanted);
	if (r == DRV_OK && !choose_pairs())
		r = DRV_FAILED;
	if (r == DRV_OK)
		r = open_queues(d);
	if (r == DRV_OK && !virtio_start(&self.v))
		r = DRV_FAILED;
	if (r == DRV_OK)
		r = use_pairs(d);
	if (r != DRV_OK)
		driver_quiesce(d);
	return r;
}

void driver_quiesce(struct drv *d)
{
	virtio_quiesce(&self.v, d);
}

/* --- requests --------------------------------------------------------------------------- */

static void begin_receive(struct drv *d, const struct net_request *r)
{
	struct net_queue *n = &self.receive[self.next_pair];

	if (++self.next_pair == self.pairs)
		self.next_pair = 0;
	/* Buffers wait for frames, for ever perhaps: those behind them must not. */
	if (!virtq_room(&n->q, 2)) {
		net_answer(d, r->id, NET_ERROR, 0, 0);
		return;
	}
	const struct virtq_segment s[2] = {
		{ n->headers.iova + n->q.first_free * HEADER_PLACE,
		  sizeof(struct virtio_net_header), DESC_WRITE },
		{ r->iova, NET_ROOM_MIN, DESC_WRITE },
	};
	virtq_add(&n->q, s, 2, r->id);
}

/* Which header: all frames whose checksum is there share one of zeroes. */
static uint32_t header_for(struct net_queue *n, const struct net_request *r)
{
	if (!r->sum)
		return HEADER_ZERO;
	((struct virtio_net_header *)(n->headers.base + n->q.first_free * HEADER_PLACE))[0] =
		(struct virtio_net_header){ .flags = NET_HDR_NEEDS_CSUM,
					    .csum_start = r->sum_start,
					    .csum_offset = (uint16_t)(r->sum_place - r->sum_start) };
	return n->q.first_free;
}

/* False: no room now.  The frames of an area stay in order: they go through one queue. */
static bool begin_send(struct drv *d, const struct net_request *r, uint32_t area)
{
	struct net_queue *n = &self.send[self.pairs == 1 ? 0 : area % self.pairs];

	if (r->sum && !offers(NET_F_CSUM)) {
		d->bad_requests++;
		net_answer(d, r->id, NET_BAD, 0, 0);
		return true;
	}
	if (!virtq_room(&n->q, 2))
		return false;
	const struct virtq_segment s[2] = {
		{ n->headers.iova + header_for(n, r) * HEADER_PLACE,
		  sizeof(struct virtio_net_header), 0 },
		{ r->iova, r->bytes, 0 },
	};
	virtq_add(&n->q, s, 2, r->id);
	watch_begin(&self.watch, d);
	return true;
}

static bool answer_info(struct drv *d, uint32_t id)
{
	struct virtio_net_config c;
	uint64_t address = 0;

	if (!read_config(&c))
		return false;
	for (uint32_t i = 0; i < 6; i++)
		address |= (uint64_t)c.mac[i] << (8 * i);
	uint64_t mtu = offers(NET_F_MTU) && c.mtu < MTU_MAX ? c.mtu : MTU_MAX;
	bool down = offers(NET_F_STATUS) && !(c.status & NET_S_LINK_UP);
	drv_answer(d, id | (uint64_t)NET_DONE << 32, 0, address | mtu << 48,
		   (down ? NET_FLAG_LINK_DOWN : 0) | (offers(NET_F_CSUM) ? NET_FLAG_CHECKSUM : 0));
	return true;
}

/* 5.1.4: without NET_F_STATUS it is always up. */
static bool look_at_link(struct drv *d)
{
	struct virtio_net_config c;

	if (!self.look || !self.link.asked)
		return true;
	self.look = false;
	if (!read_config(&c))
		return false;
	net_link_tell(d, &self.link, offers(NET_F_STATUS) && !(c.status & NET_S_LINK_UP));
	return true;
}

static bool begin_all(struct drv *d)
{
	struct ring_entry e;
	struct net_request r;
	bool ok = true;

	drv_begin(d);
	while (ok && drv_take(d, &e)) {
		if (!net_parse(d, &e, &r))
			continue;
		if (r.operation == NET_RECEIVE) {
			begin_receive(d, &r);
		} else if (r.operation == NET_INFO) {
			ok = answer_info(d, r.id);
		} else if (r.operation == NET_LINK) {
			net_link_ask(d, &self.link, &r);
			self.look = true;
			/* Where changes are not announced it is looked for. */
			watch_begin(&self.watch, d);
		} else if (!begin_send(d, &r, (uint32_t)(e.w[0] >> 40))) {
			drv_put_back(d);
			break;
		}
	}
	for (uint32_t i = 0; i < self.pairs; i++) {
		virtq_kick(&self.receive[i].q);
		virtq_kick(&self.send[i].q);
	}
	return ok;
}

/* --- answers ------------------------------------------------------------------------------ */

/* False: the queue broke the rules. */
static bool finish_sends(struct drv *d, struct net_queue *n)
{
	struct virtq_done done;
	enum virtq_state s;

	if (n->q.busy == 0)
		return true;
	do {
		while ((s = virtq_get(&n->q, &done)) == VIRTQ_DONE)
			net_answer(d, (uint32_t)done.cookie, NET_DONE, 0, 0);
		if (s == VIRTQ_BROKEN)
			return false;
	} while (!virtq_arm(&n->q));
	return true;
}

static bool finish_receive(struct drv *d, struct net_queue *n, const struct virtq_done *done)
{
	const volatile struct virtio_net_header *h = (const volatile struct virtio_net_header *)
		(n->headers.base + done->id * HEADER_PLACE);
	uint32_t flags = 0;

	if (done->bytes <= sizeof *h)
		return false;
	if (offers(NET_F_GUEST_CSUM) && (h->flags & (NET_HDR_NEEDS_CSUM | NET_HDR_DATA_VALID)))
		flags = NET_FLAG_CHECKSUM;
	net_answer(d, (uint32_t)done->cookie, NET_DONE, done->bytes - sizeof *h, flags);
	return true;
}

static bool finish_receives(struct drv *d, struct net_queue *n)
{
	struct virtq_done done;
	enum virtq_state s;

	if (n->q.busy == 0)
		return true;
	do {
		while ((s = virtq_get(&n->q, &done)) == VIRTQ_DONE) {
			if (!finish_receive(d, n, &done))
				return false;
		}
		if (s == VIRTQ_BROKEN)
			return false;
	} while (!virtq_arm(&n->q));
	return true;
}

/* False: a frame to be sent has waited too long. */
static bool tick(struct drv *d)
{
	watch_tick(&self.watch);
	self.look = true;
	if (self.link.asked)
		watch_begin(&self.watch, d);
	for (uint32_t i = 0; i < self.pairs; i++) {
		struct virtq *q = &self.send[i].q;

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

	self.look |= changed;
	for (uint32_t i = 0; i < self.pairs && ok; i++) {
		ok = finish_receives(d, &self.receive[i]) && finish_sends(d, &self.send[i]);
		d->bad_device += !ok;
	}
	if (ok && (events & DRV_EVENT_TICK))
		ok = tick(d);
	if (ok)
		ok = begin_all(d) && look_at_link(d);
	return drv_end(d, ok);
}
