/* SPDX-License-Identifier: MIT */
/*
 * What all drivers of byte streams have: bytes that came in, reads that wait for them.
 */
#pragma once
#include <tessera/drv.h>
#include <tessera/stream.h>

enum { STREAM_BUFFER = 2048 }; /* a power of two */

struct stream_request {
	uint32_t id;
	uint32_t operation;
	uint32_t count;
	uint64_t bytes[3]; /* STREAM_WRITE */
};

struct stream_in {
	uint32_t head, tail; /* of buffer, free-running */
	uint32_t first_read, reads;
	bool lost; /* bytes were lost at the tail */
	struct {
		uint32_t id, count;
	} read[STREAM_PENDING];
	uint8_t buffer[STREAM_BUFFER];
};

static inline void stream_answer(struct drv *d, uint32_t id, uint32_t status, uint32_t count)
{
	drv_answer(d, id | (uint64_t)status << 32 | (uint64_t)count << 40, 0, 0, 0);
}

/* Check a request that was taken.  False: it was refused. */
static inline bool stream_parse(struct drv *d, const struct ring_entry *e, bool writes,
				struct stream_request *r)
{
	*r = (struct stream_request){
		.id = (uint32_t)e->w[0],
		.operation = (uint32_t)(e->w[0] >> 32) & 0xff,
		.bytes = { e->w[1], e->w[2], e->w[3] },
	};
	uint64_t count = e->w[0] >> 40;
	if (count != 0 && count <= STREAM_BYTES &&
	    (r->operation == STREAM_READ || (writes && r->operation == STREAM_WRITE))) {
		r->count = (uint32_t)count;
		return true;
	}
	d->bad_requests++;
	stream_answer(d, r->id, STREAM_BAD, 0);
	return false;
}

static inline uint8_t stream_byte(const struct stream_request *r, uint32_t i)
{
	return (uint8_t)(r->bytes[i / 8] >> (8 * (i % 8)));
}

static inline uint32_t stream_room(const struct stream_in *s)
{
	return STREAM_BUFFER - (s->tail - s->head);
}

static inline void stream_add(struct stream_in *s, uint8_t byte)
{
	if (stream_room(s) == 0)
		s->lost = true;
	else
		s->buffer[s->tail++ % STREAM_BUFFER] = byte;
}

static inline void stream_read(struct drv *d, struct stream_in *s, const struct stream_request *r)
{
	if (s->reads == STREAM_PENDING) {
		stream_answer(d, r->id, STREAM_BUSY, 0);
		return;
	}
	uint32_t at = (s->first_read + s->reads++) % STREAM_PENDING;
	s->read[at].id = r->id;
	s->read[at].count = r->count;
}

/* Answer reads as far as there are bytes.  What was handed out is forgotten here. */
static inline void stream_serve(struct drv *d, struct stream_in *s)
{
	for (; s->reads != 0; s->reads--) {
		uint64_t w[3] = { 0 };
		uint32_t at = s->first_read, n = 0;

		if (s->tail == s->head && s->lost) {
			s->lost = false;
			stream_answer(d, s->read[at].id, STREAM_ERROR, 0);
		} else if (s->tail == s->head) {
			return;
		} else {
			for (; n < s->read[at].count && s->head != s->tail; n++, s->head++) {
				uint8_t *b = &s->buffer[s->head % STREAM_BUFFER];

				w[n / 8] |= (uint64_t)*b << (8 * (n % 8));
				*b = 0;
			}
			drv_answer(d, s->read[at].id | (uint64_t)STREAM_DONE << 32 |
				   (uint64_t)n << 40, w[0], w[1], w[2]);
		}
		s->first_read = (at + 1) % STREAM_PENDING;
	}
}
