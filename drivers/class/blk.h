/* SPDX-License-Identifier: MIT */
/*
 * What all drivers of block devices do with a request before their device sees it.
 */
#pragma once
#include <tessera/blk.h>
#include <tessera/drv.h>

struct blk_geometry {
	uint64_t sectors;
	uint32_t block_bytes; /* requests are multiples of it: a power of two, at least 512 */
	uint32_t best_bytes;  /* the best unit of transfer */
	uint32_t features;    /* BLK_FEATURE_* */
	uint32_t align;       /* of data in memory: a power of two */
};

struct blk_request {
	uint32_t id;
	uint32_t operation;
	uint64_t sector;
	uint64_t iova; /* 0: no data */
	uint32_t bytes;
};

static inline void blk_answer(struct drv *d, uint32_t id, uint32_t status, uint64_t bytes)
{
	drv_answer(d, id | (uint64_t)status << 32, bytes, 0, 0);
}

static inline bool blk_place_ok(const struct blk_geometry *g, const struct ring_entry *e)
{
	uint64_t sector = e->w[1], bytes = e->w[3];

	return bytes != 0 && bytes <= BLK_BYTES_MAX && sector <= g->sectors &&
	       bytes / BLK_SECTOR <= g->sectors - sector &&
	       ((sector * BLK_SECTOR | bytes) & (g->block_bytes - 1)) == 0;
}

/* Answer what needs no device. */
static inline void blk_answer_info(struct drv *d, const struct blk_geometry *g, uint32_t id)
{
	drv_answer(d, id | (uint64_t)BLK_DONE << 32, g->sectors,
		   g->best_bytes | (uint64_t)g->features << 32, 0);
}

/*
 * Check a request that was taken.  False: it was answered already.
 * (Discard of a device without it, and flush of one without a cache, do nothing and succeed.)
 */
static inline bool blk_parse(struct drv *d, const struct blk_geometry *g,
			     const struct ring_entry *e, struct blk_request *r)
{
	uint32_t status = BLK_BAD;

	*r = (struct blk_request){
		.id = (uint32_t)e->w[0],
		.operation = (uint32_t)(e->w[0] >> 32) & 0xff,
		.sector = e->w[1],
		.bytes = (uint32_t)e->w[3],
	};
	if (r->operation == BLK_READ || r->operation == BLK_WRITE) {
		if (blk_place_ok(g, e))
			r->iova = drv_area_iova(d, e->w[0] >> 40, e->w[2], e->w[3]);
		if (r->iova != 0 && (r->iova & (g->align - 1)) == 0) {
			if (r->operation == BLK_READ || !(g->features & BLK_FEATURE_READ_ONLY))
				return true;
			status = BLK_READ_ONLY;
		}
	} else if (r->operation == BLK_FLUSH) {
		if (g->features & BLK_FEATURE_VOLATILE_CACHE)
			return true;
		status = BLK_DONE;
	} else if (r->operation == BLK_DISCARD && blk_place_ok(g, e)) {
		if (g->features & BLK_FEATURE_READ_ONLY)
			status = BLK_READ_ONLY;
		else if (g->features & BLK_FEATURE_DISCARD)
			return true;
		else
			status = BLK_DONE;
	} else if (r->operation == BLK_INFO) {
		blk_answer_info(d, g, r->id);
		return false;
	}
	d->bad_requests += status == BLK_BAD;
	blk_answer(d, r->id, status, 0);
	return false;
}
