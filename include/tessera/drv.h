/* SPDX-License-Identifier: MIT */
/*
 * What a driver sees: registers, DMA memory, interrupts, its rings.
 *
 * A driver is three functions.  It has no heap, no threads and no clients: on
 * one side the registers of one device, on the other one pair of rings.  It
 * knows no capability and makes no system call: lib/drv does, from the page
 * of configuration that init wrote.  So the same source runs in a host test
 * against a model of its device (DRV_MODEL).
 *
 * DMA addresses are addresses of the driver's own I/O space; nobody tells it
 * a physical one.
 *
 * What others may rely on:
 * - Each request that is taken is answered once, unless driver_event says
 *   DRV_FAILED: then those without an answer were perhaps done, perhaps not,
 *   and whoever restarts the driver asks for them again, on new rings.
 * - A request that breaks its protocol is answered (BAD) and counted.
 * - driver_init may be called with device and DMA memory in any state.
 * - What the device says is never believed: it can waste its own driver's
 *   time, by a constant for each interrupt, and bring DRV_FAILED about.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tessera/ring.h>

enum {
	DRV_REGIONS = 6, /* base address registers of a PCI function */
	DRV_IRQS = 17,   /* messages of a driver, at most */
	DRV_AREAS = 16,  /* data areas of clients that the device may reach */
};

/* Registers, mapped uncached; or, if base is NULL, I/O ports. */
struct drv_region {
	volatile unsigned char *base;
	uint64_t bytes; /* 0: the device has no such region */
	uint64_t port;  /* which ports, for port_read8 and port_write8 */
};

/* Memory that driver and device share: rings, descriptors.  Its contents may be anything. */
struct drv_dma {
	unsigned char *base;
	uint64_t bytes;
	uint64_t iova; /* where the device sees it; both begin a page */
};

/*
 * Memory that clients' data lies in.  The driver does not see it, only the
 * device does, at [iova, iova + bytes).  A request names an area and an offset;
 * drv_area_iova checks both.
 */
struct drv_area {
	uint64_t iova;
	uint64_t bytes;
};

struct drv {
	struct drv_region region[DRV_REGIONS];
	struct drv_dma dma;
	struct drv_area area[DRV_AREAS];
	uint32_t areas;
	/*
	 * Messages that may be used, numbered from 0: message i is entry i of the
	 * MSI-X table, which the platform server writes and unmasks.  A device
	 * with an interrupt line has the only "message" 0.
	 */
	uint32_t irqs;
	/* What the platform server found out and this kind of driver asks for; else NULL. */
	const void *platform;
	uint64_t platform_bytes;
	struct ring_consumer requests;
	struct ring_producer answers;
	uint32_t in_flight;    /* requests taken and not answered */
	bool stalled;          /* requests were left in the ring: the device has no room */
	bool unanswerable;     /* requests were left in the ring: no room for their answers */
	bool signal;           /* the other side of the rings waits for a signal */
	uint64_t bad_requests; /* refused: wrong area, offset, length, operation */
	uint64_t bad_device;   /* impossible things the device said */
};

/* Results of a driver's functions. */
enum drv_result {
	DRV_OK,
	DRV_NO_DEVICE, /* not there, or not of the kind that the driver knows */
	DRV_FAILED,    /* the device failed or breaks its own rules: restart me */
	DRV_CLIENT,    /* the other side of the rings broke them: make new ones */
};

/* Bits of `events`: bit i, message i came; the last ones are these. */
#define DRV_EVENT_REQUEST (1ull << 62) /* the rings may hold requests, or room for answers */
#define DRV_EVENT_TICK (1ull << 61)    /* the time asked for by drv_wake_at has come */

/* --- memory ------------------------------------------------------------------ */

/*
 * Where the device sees `bytes` bytes from `offset` on in area `area`; 0: there
 * is no such place, and the request is to be refused.  (No area has iova 0.)
 */
static inline uint64_t drv_area_iova(const struct drv *d, uint64_t area, uint64_t offset,
				     uint64_t bytes)
{
	if (area >= d->areas || bytes > d->area[area].bytes ||
	    offset > d->area[area].bytes - bytes)
		return 0;
	return d->area[area].iova + offset;
}

/*
 * Cut the next piece off the DMA memory, cleared; *used: bytes cut so far.  `align`: a
 * power of two, at most a page.  False: there is not enough.  Not before the
 * device was reset: it may still write what an earlier driver asked for.
 */
static inline bool drv_cut(const struct drv *d, uint64_t *used, uint64_t bytes, uint64_t align,
			   struct drv_dma *piece)
{
	uint64_t at = (*used + align - 1) & ~(align - 1);

	if (at > d->dma.bytes || bytes > d->dma.bytes - at)
		return false;
	*used = at + bytes;
	*piece = (struct drv_dma){ d->dma.base + at, bytes, d->dma.iova + at };
	for (uint64_t i = 0; i < bytes; i++)
		((volatile unsigned char *)piece->base)[i] = 0;
	return true;
}

/* --- rings ------------------------------------------------------------------- */

/* Is there a place for one more answer than those that are owed? */
static inline bool drv_can_answer(struct drv *d)
{
	struct ring_producer *p = &d->answers;

	if (p->tail - p->head + d->in_flight < p->capacity)
		return true;
	uint32_t head = atomic_load_explicit(&p->in->head, memory_order_acquire);
	if (p->tail - head > p->capacity || head - p->head > p->capacity) {
		p->broken = true;
		return false;
	}
	p->head = head;
	return p->tail - head + d->in_flight < p->capacity;
}

/* Before the first drv_take of an event. */
static inline void drv_begin(struct drv *d)
{
	ring_disarm(&d->requests);
	if (d->unanswerable)
		ring_disarm_room(&d->answers);
	d->stalled = d->unanswerable = false;
}

/* Take the next request.  False: there is none, or no room for its answer. */
static inline bool drv_take(struct drv *d, struct ring_entry *e)
{
	struct ring_consumer *c = &d->requests;

	if (c->tail == c->head && ring_look(c) != RING_OK)
		return false;
	if (!drv_can_answer(d)) {
		d->unanswerable = true;
		return false;
	}
	*e = c->entries[c->head++ & (c->capacity - 1)];
	d->in_flight++;
	return true;
}

/*
 * The request just taken cannot begin before something else ends: it is the next one to be
 * taken again.
 */
static inline void drv_put_back(struct drv *d)
{
	d->requests.head--;
	d->in_flight--;
	d->stalled = true;
}

/* Answer a request that was taken: there is room. */
static inline void drv_answer(struct drv *d, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	struct ring_producer *p = &d->answers;

	p->entries[p->tail++ & (p->capacity - 1)] = (struct ring_entry){ { w0, w1, w2, w3 } };
	d->in_flight--;
}

/* The last step of driver_event: let the other side see what was done. */
static inline enum drv_result drv_end(struct drv *d, bool device_ok)
{
	if (d->requests.head != atomic_load_explicit(&d->requests.in->head, memory_order_relaxed))
		d->signal |= ring_release(&d->requests);
	if (d->answers.tail != atomic_load_explicit(&d->answers.out->tail, memory_order_relaxed))
		d->signal |= ring_publish(&d->answers);
	if (!device_ok)
		return DRV_FAILED;
	return d->requests.broken || d->answers.broken ? DRV_CLIENT : DRV_OK;
}

/*
 * Before waiting.  True: wait for a signal, an interrupt or the time.  False:
 * there is something to do, call driver_event with DRV_EVENT_REQUEST.
 */
static inline bool drv_idle(struct drv *d)
{
	if (d->stalled)
		return true;
	if (!d->unanswerable)
		return ring_arm(&d->requests) || d->requests.broken;
	atomic_store_explicit(&d->answers.out->armed, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return !drv_can_answer(d);
}

/* --- registers ----------------------------------------------------------------- */

#ifdef DRV_MODEL
/* A host test supplies the device. */
uint64_t model_read(const struct drv_region *r, uint64_t offset, unsigned width);
void model_write(const struct drv_region *r, uint64_t offset, unsigned width, uint64_t value);

#define DRV_ACCESS(bits)                                                                           \
	static inline uint##bits##_t reg_read##bits(const struct drv_region *r, uint64_t offset)   \
	{                                                                                          \
		return (uint##bits##_t)model_read(r, offset, bits / 8);                            \
	}                                                                                          \
	static inline void reg_write##bits(const struct drv_region *r, uint64_t offset,            \
					   uint##bits##_t value)                                   \
	{                                                                                          \
		model_write(r, offset, bits / 8, value);                                           \
	}
#else
#define DRV_ACCESS(bits)                                                                           \
	static inline uint##bits##_t reg_read##bits(const struct drv_region *r, uint64_t offset)   \
	{                                                                                          \
		return *(const volatile uint##bits##_t *)(r->base + offset);                       \
	}                                                                                          \
	static inline void reg_write##bits(const struct drv_region *r, uint64_t offset,            \
					   uint##bits##_t value)                                   \
	{                                                                                          \
		*(volatile uint##bits##_t *)(r->base + offset) = value;                            \
	}
#endif
DRV_ACCESS(8)
DRV_ACCESS(16)
DRV_ACCESS(32)
DRV_ACCESS(64)

/* I/O ports: a call of the kernel each. */
uint8_t port_read8(const struct drv_region *r, uint64_t offset);
void port_write8(const struct drv_region *r, uint64_t offset, uint8_t value);

/* --- time ------------------------------------------------------------------------ */

/* Clock in nanoseconds. */
uint64_t drv_now_ns(void);
/* Ask for DRV_EVENT_TICK at that time; a later call replaces an earlier one. */
void drv_wake_at(struct drv *d, uint64_t when_ns);
/* Wait.  Only in driver_init and driver_quiesce. */
void drv_sleep_ns(uint64_t ns);

/* --- what each driver defines ---------------------------------------------------- */
/* Bring the device from any state (its predecessor may have died) to work. */
enum drv_result driver_init(struct drv *d);
/*
 * Something came; do what can be done without waiting.  Before it, whoever calls has
 * acknowledged the interrupts in `events`.  After anything but DRV_OK only
 * driver_quiesce and driver_init may be called.
 */
enum drv_result driver_event(struct drv *d, uint64_t events);
/* Stop the device: after this it touches no memory. */
void driver_quiesce(struct drv *d);
