/* SPDX-License-Identifier: MIT */
/*
 * What a driver sees: registers, DMA memory, interrupts, its rings.
 *
 * A driver is three functions over a struct of its own.  It has no heap, no
 * threads and no clients: on one side the registers of one device, on the
 * other one pair of rings.  It knows no capability and makes no system call:
 * lib/drv does, from the page of configuration that init wrote.  So the same
 * source runs in a host test against a model of its device (DRV_MODEL).
 *
 * DMA addresses are addresses of the driver's own I/O space; nobody tells it
 * a physical one.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tessera/ring.h>

enum {
	DRV_REGIONS = 6,  /* base address registers of a PCI function */
	DRV_IRQS = 17,    /* messages of a driver, at most */
	DRV_AREAS = 16,   /* data areas of clients that the device may reach */
};

/* Registers, mapped uncached. */
struct drv_region {
	volatile unsigned char *base; /* NULL: the device has no such region */
	uint64_t bytes;
};

/* Memory that driver and device share: rings, descriptors.  Zeroed at start. */
struct drv_dma {
	unsigned char *base;
	uint64_t bytes;
	uint64_t iova; /* where the device sees it */
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
	uint32_t irqs;               /* messages that may be used, numbered from 0 */
	struct ring_consumer requests;
	struct ring_producer answers;
	uint64_t bad_requests;       /* refused: wrong area, offset, length, operation */
	uint64_t bad_device;         /* impossible things the device said */
};

/* Results of a driver's functions. */
enum drv_result {
	DRV_OK,
	DRV_NO_DEVICE,  /* not there, or not of the kind that the driver knows */
	DRV_FAILED,     /* the device failed or breaks its own rules: restart me */
};

/* Bits of `events`: bit i, message i came; the last ones are these. */
#define DRV_EVENT_REQUEST (1ull << 62) /* the request ring may hold something */
#define DRV_EVENT_TICK (1ull << 61)    /* the time asked for by drv_wake_at has come */

/*
 * Where the device sees `bytes` bytes from `offset` on in area `area`; 0: there
 * is no such place, and the request is to be refused.  (No area has iova 0.)
 */
static inline uint64_t drv_area_iova(struct drv *d, uint64_t area, uint64_t offset, uint64_t bytes)
{
	if (area >= d->areas || bytes > d->area[area].bytes ||
	    offset > d->area[area].bytes - bytes) {
		d->bad_requests++;
		return 0;
	}
	return d->area[area].iova + offset;
}

#ifdef DRV_MODEL
/* A host test supplies the device. */
uint64_t model_read(const struct drv_region *r, uint64_t offset, unsigned width);
void model_write(const struct drv_region *r, uint64_t offset, unsigned width, uint64_t value);
#endif

#ifdef DRV_MODEL
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

/* Clock in nanoseconds, for time-outs; drv_wake_at asks for DRV_EVENT_TICK then. */
uint64_t drv_now_ns(void);
void drv_wake_at(struct drv *d, uint64_t when_ns);

/* --- what each driver defines ---------------------------------------------- */
/* Bring the device from any state (its predecessor may have died) to work. */
enum drv_result driver_init(struct drv *d);
/* Something came; do what can be done without waiting. */
enum drv_result driver_event(struct drv *d, uint64_t events);
/* Stop the device: after this it touches no memory. */
void driver_quiesce(struct drv *d);
