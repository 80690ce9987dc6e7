/* SPDX-License-Identifier: MIT */
/*
 * virtio 1.2, modern devices only: transports (PCI, MMIO) and queues (split, packed).
 *
 * Owns:   the device's status, features, queues.  Whose requests: virtq_add's.
 * Never:  reads descriptors, or a list of free ones, from memory that the device can write;
 *         everything it does read there is read once and checked.
 */
#pragma once
#include <tessera/drv.h>

#include "regs.h"

/* --- what the platform server fills in (drv.platform) ------------------------- */

/* A structure that a PCI capability points to (4.1.4). */
struct virtio_place {
	uint32_t region;
	uint32_t bytes;
	uint64_t offset;
};

struct virtio_pci_map {
	struct virtio_place common, notify, isr, device;
	uint32_t notify_multiplier;
};

enum { VIRTIO_MMIO, VIRTIO_PCI };

struct virtio_platform {
	uint32_t transport;
	uint32_t device_type;
	/* Not zero: the driver may reach all memory anyway; without VIRTIO_F_ACCESS_PLATFORM too. */
	uint32_t trusted;
	uint32_t line; /* PCI: not zero, message 0 is an interrupt line, not MSI-X */
	struct virtio_pci_map pci;
};

/* --- devices ------------------------------------------------------------------- */

struct virtio {
	struct drv *d;
	const struct virtio_platform *platform;
	struct drv_region common; /* MMIO: all registers */
	struct drv_region notify, isr, config;
	uint64_t features; /* agreed on */
	uint64_t dma_used;
	bool mmio, line;
};

/* Find the registers of a device of this type, reset it, say that there is a driver. */
enum drv_result virtio_open(struct virtio *v, struct drv *d, uint32_t type);
/*
 * Agree on features: those of `wanted` that are offered, and those that queues use.
 * DRV_NO_DEVICE: the device has none of what is required.
 */
enum drv_result virtio_negotiate(struct virtio *v, uint64_t wanted);
/* Read the device's configuration, whole. */
bool virtio_config(const struct virtio *v, uint64_t offset, void *to, uint32_t bytes);
/* All queues are there: begin. */
bool virtio_start(struct virtio *v);
/* How many messages queues may have, after the one for changes of configuration. */
uint32_t virtio_queue_messages(const struct virtio *v);
/*
 * What driver_event does first: acknowledges an interrupt line.
 * *changed: the configuration may have.  False: the device wants to be reset.
 */
bool virtio_interrupt(struct virtio *v, uint64_t events, bool *changed);
/* Reset, with a bound: true if the device says it is.  Called in any state. */
bool virtio_reset(const struct virtio *v);
/* driver_quiesce of every driver here, after virtio_open or without it. */
void virtio_quiesce(struct virtio *v, struct drv *d);

/* --- queues --------------------------------------------------------------------- */

enum { VIRTQ_SIZE_MAX = 256, VIRTQ_SEGMENTS = 20 };

/* A piece of memory that a request is made of; those that the device writes come last. */
struct virtq_segment {
	uint64_t iova;
	uint32_t bytes;
	uint32_t write; /* DESC_WRITE or 0 */
};

enum virtq_state { VIRTQ_DONE, VIRTQ_EMPTY, VIRTQ_BROKEN };

/* Private notes about the request whose first descriptor (packed: whose id) this is. */
struct virtq_chain {
	uint64_t cookie;   /* the driver's */
	uint32_t writable; /* bytes that the device may write */
	uint32_t began;    /* tick */
	uint16_t next;     /* of free descriptors or ids, and split: of this chain */
	uint16_t last;     /* split: last descriptor of the chain */
	uint16_t count;    /* descriptors in the ring */
	bool busy;
};

struct virtq {
	struct drv_region notify; /* offset 0 */
	uint16_t index, size;
	bool packed, event, indirect, mmio;
	bool avail_wrap, used_wrap; /* packed */
	uint16_t free;              /* descriptors */
	uint16_t first_free;        /* the next request has this id */
	uint16_t busy;              /* requests under way */
	uint16_t avail, used;       /* next: split free-running, packed places */
	uint16_t added;             /* descriptors since the last kick; split: requests */
	uint32_t tick;              /* the time, as the driver counts it (watch.h) */
	struct drv_dma ring, driver, device, tables;
	struct virtq_chain chain[VIRTQ_SIZE_MAX];
};

/* A finished request. */
struct virtq_done {
	uint64_t cookie;
	uint32_t bytes; /* how many the device says it has written: no more than it may */
	uint32_t id;    /* what first_free was when it was added */
};

/*
 * Set queue `index` up with at most `size` descriptors; `tables`: one indirect table for each.
 * message: which of virtio_queue_messages.
 */
enum drv_result virtq_open(struct virtio *v, struct virtq *q, uint16_t index, uint16_t size,
			   bool tables, uint32_t message);
/* Is there room for a request of so many segments? */
static inline bool virtq_room(const struct virtq *q, uint32_t segments)
{
	return q->free >= (q->indirect ? 1 : segments);
}

/* Add a request of 1 to VIRTQ_SEGMENTS segments; there is room. */
void virtq_add(struct virtq *q, const struct virtq_segment *s, uint32_t segments,
	       uint64_t cookie);
/* Tell the device what was added, if it wants to be told. */
void virtq_kick(struct virtq *q);
/* Take the next finished request. */
enum virtq_state virtq_get(struct virtq *q, struct virtq_done *done);
/* Ask for an interrupt at the next finished request.  False: there is one already. */
bool virtq_arm(struct virtq *q);
/* Has a request waited too long?  Called once a tick. */
bool virtq_overdue(const struct virtq *q);
