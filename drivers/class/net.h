/* SPDX-License-Identifier: MIT */
/*
 * What all drivers of network devices do with a request before their device sees it.
 */
#pragma once
#include <tessera/drv.h>
#include <tessera/net.h>

struct net_request {
	uint32_t id;
	uint32_t operation;
	uint64_t iova;
	uint32_t bytes;
	bool sum, down;
	uint16_t sum_start, sum_place;
};

static inline void net_answer(struct drv *d, uint32_t id, uint32_t status, uint64_t bytes,
			      uint64_t flags)
{
	drv_answer(d, id | (uint64_t)status << 32, bytes, 0, flags);
}

static inline bool net_sum_ok(struct net_request *r, uint64_t flags)
{
	r->sum = (flags & NET_FLAG_CHECKSUM) != 0;
	r->sum_start = (uint16_t)(flags >> NET_SUM_START_SHIFT);
	r->sum_place = (uint16_t)(flags >> NET_SUM_PLACE_SHIFT);
	return !r->sum || (r->sum_start >= NET_FRAME_MIN && r->sum_place >= r->sum_start &&
			   r->sum_place + 2u <= r->bytes);
}

/* Who wants to know of changes of the link. */
struct net_link {
	bool asked, down; /* down: as it is known */
	uint32_t id;
};

static inline void net_link_ask(struct drv *d, struct net_link *l, const struct net_request *r)
{
	if (l->asked) {
		d->bad_requests++;
		net_answer(d, r->id, NET_BAD, 0, 0);
		return;
	}
	*l = (struct net_link){ .asked = true, .down = r->down, .id = r->id };
}

static inline void net_link_tell(struct drv *d, struct net_link *l, bool down)
{
	if (!l->asked || l->down == down)
		return;
	l->asked = false;
	net_answer(d, l->id, NET_DONE, 0, down ? NET_FLAG_LINK_DOWN : 0);
}

/* Check a request that was taken.  False: it was refused.  NET_INFO and NET_LINK are the driver's. */
static inline bool net_parse(struct drv *d, const struct ring_entry *e, struct net_request *r)
{
	*r = (struct net_request){
		.id = (uint32_t)e->w[0],
		.operation = (uint32_t)(e->w[0] >> 32) & 0xff,
		.bytes = (uint32_t)e->w[2],
	};
	r->down = (e->w[3] & NET_FLAG_LINK_DOWN) != 0;
	if (r->operation == NET_INFO || r->operation == NET_LINK)
		return true;
	uint64_t least = r->operation == NET_RECEIVE ? NET_ROOM_MIN : NET_FRAME_MIN;
	uint64_t most = r->operation == NET_RECEIVE ? 1 << 16 : NET_FRAME_MAX;
	if (r->operation <= NET_RECEIVE && e->w[2] >= least && e->w[2] <= most)
		r->iova = drv_area_iova(d, e->w[0] >> 40, e->w[1], e->w[2]);
	if (r->iova != 0 && (r->operation == NET_RECEIVE || net_sum_ok(r, e->w[3])))
		return true;
	d->bad_requests++;
	net_answer(d, r->id, NET_BAD, 0, 0);
	return false;
}
