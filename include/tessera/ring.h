/* SPDX-License-Identifier: MIT */
/*
 * Rings: fixed-size entries from one producer to one consumer, in shared memory.
 *
 * Each side owns one area that it alone writes, and sees the other's read-only
 * if its maker mapped it so; this library relies on neither.  Positions are
 * free-running 32-bit counters, checked at each read: the distance between them is never more
 * than the capacity.  A peer that breaks this is found out (`broken`), and the
 * ring stops: what it wrote is never believed.  Who runs the component counts
 * that (chan_complain).  Each entry is copied out once.
 *
 * Signalling: a side that found nothing to do says so (arm), looks again, and
 * only then waits.  The other side, after publishing, signals if it reads that
 * mark.  Model: proofs/proto/ring.pml.
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { RING_CAPACITY_MAX = 1u << 16 };

/* Entries of every protocol are four words; what they mean is the protocol's. */
struct ring_entry {
	uint64_t w[4];
};

/* Written by the producer.  The entries follow at RING_ENTRIES bytes. */
struct ring_out {
	_Atomic uint32_t tail;  /* entries ever published */
	_Atomic uint32_t armed; /* 1: the producer waits for room */
};

/* Written by the consumer. */
struct ring_in {
	_Atomic uint32_t head;  /* entries ever taken */
	_Atomic uint32_t armed; /* 1: the consumer waits for entries */
};

enum { RING_ENTRIES = 64 };

/* Bytes of the producer's area for a ring of `capacity` entries. */
static inline uint64_t ring_out_bytes(uint32_t capacity)
{
	return RING_ENTRIES + (uint64_t)capacity * sizeof(struct ring_entry);
}

enum ring_state {
	RING_OK,
	RING_EMPTY, /* or full, for the producer */
	RING_BROKEN, /* the peer broke the protocol; nothing works any more */
};

struct ring_producer {
	struct ring_out *out;
	const struct ring_in *in;
	struct ring_entry *entries;
	uint32_t capacity; /* a power of two */
	uint32_t tail;     /* next to be written */
	uint32_t head;     /* of the consumer, as last seen */
	bool broken;
};

struct ring_consumer {
	const struct ring_out *out;
	struct ring_in *in;
	const struct ring_entry *entries;
	uint32_t capacity;
	uint32_t tail; /* of the producer, as last seen */
	uint32_t head; /* next to be taken */
	bool broken;
};

/*
 * Prepare one side.  `out` and `in` point to the shared areas, zeroed by
 * whoever made them; capacity: a power of two, at most RING_CAPACITY_MAX.
 * False: capacity is not.  After a restart of one side both begin again on
 * zeroed areas.
 */
static inline bool ring_capacity_ok(uint32_t capacity)
{
	return capacity != 0 && capacity <= RING_CAPACITY_MAX && (capacity & (capacity - 1)) == 0;
}

static inline bool ring_producer_init(struct ring_producer *p, void *out, const void *in,
				      uint32_t capacity)
{
	*p = (struct ring_producer){ .out = out, .in = in, .capacity = capacity };
	p->entries = (struct ring_entry *)((char *)out + RING_ENTRIES);
	return ring_capacity_ok(capacity);
}

static inline bool ring_consumer_init(struct ring_consumer *c, const void *out, void *in,
				      uint32_t capacity)
{
	*c = (struct ring_consumer){ .out = out, .in = in, .capacity = capacity };
	c->entries = (const struct ring_entry *)((const char *)out + RING_ENTRIES);
	return ring_capacity_ok(capacity);
}

/* --- producer ---------------------------------------------------------------- */

/* Is there room for one more?  Looks at the consumer's position only when it must. */
static inline enum ring_state ring_room(struct ring_producer *p)
{
	if (p->broken)
		return RING_BROKEN;
	if (p->tail - p->head < p->capacity)
		return RING_OK;
	uint32_t head = atomic_load_explicit(&p->in->head, memory_order_acquire);
	if (p->tail - head > p->capacity || head - p->head > p->capacity) {
		p->broken = true;
		return RING_BROKEN;
	}
	p->head = head;
	return p->tail - head < p->capacity ? RING_OK : RING_EMPTY;
}

/* Write an entry, to be published later.  RING_EMPTY: there is no room. */
static inline enum ring_state ring_put(struct ring_producer *p, const struct ring_entry *e)
{
	enum ring_state s = ring_room(p);

	if (s == RING_OK)
		p->entries[p->tail++ & (p->capacity - 1)] = *e;
	return s;
}

/* Let the consumer see what was put.  True: it waits; signal it. */
static inline bool ring_publish(struct ring_producer *p)
{
	atomic_store_explicit(&p->out->tail, p->tail, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(&p->in->armed, memory_order_relaxed) == 1;
}

/* Before waiting for room.  True: wait.  False: there is room (or the ring is broken). */
static inline bool ring_arm_room(struct ring_producer *p)
{
	atomic_store_explicit(&p->out->armed, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (ring_room(p) == RING_EMPTY)
		return true;
	atomic_store_explicit(&p->out->armed, 0, memory_order_relaxed);
	return false;
}

/* --- consumer ---------------------------------------------------------------- */

static inline enum ring_state ring_look(struct ring_consumer *c)
{
	if (c->broken)
		return RING_BROKEN;
	if (c->tail != c->head)
		return RING_OK;
	uint32_t tail = atomic_load_explicit(&c->out->tail, memory_order_acquire);
	if (tail - c->head > c->capacity) {
		c->broken = true;
		return RING_BROKEN;
	}
	c->tail = tail;
	return tail != c->head ? RING_OK : RING_EMPTY;
}

/* Take the oldest entry; its place is the producer's again after ring_release. */
static inline enum ring_state ring_get(struct ring_consumer *c, struct ring_entry *e)
{
	enum ring_state s = ring_look(c);

	if (s == RING_OK)
		*e = c->entries[c->head++ & (c->capacity - 1)];
	return s;
}

/* Give the places of all taken entries back.  True: the producer waits; signal it. */
static inline bool ring_release(struct ring_consumer *c)
{
	atomic_store_explicit(&c->in->head, c->head, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(&c->out->armed, memory_order_relaxed) == 1;
}

/* Before waiting for entries.  True: wait.  False: there are some (or the ring is broken). */
static inline bool ring_arm(struct ring_consumer *c)
{
	atomic_store_explicit(&c->in->armed, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (ring_look(c) == RING_EMPTY)
		return true;
	atomic_store_explicit(&c->in->armed, 0, memory_order_relaxed);
	return false;
}

/* After a wait: no more signals are needed. */
static inline void ring_disarm(struct ring_consumer *c)
{
	atomic_store_explicit(&c->in->armed, 0, memory_order_relaxed);
}

static inline void ring_disarm_room(struct ring_producer *p)
{
	atomic_store_explicit(&p->out->armed, 0, memory_order_relaxed);
}
