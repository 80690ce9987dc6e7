/* SPDX-License-Identifier: MIT */
/*
 * The device side of virtio 1.2: transports and queues, for models of virtio devices.
 * It also watches the driver: what the specification forbids to drivers fails the test.
 */
#pragma once
#include "../../drivers/virtio/virtio.h"
#include "harness.h"

enum { VM_QUEUES = 10, VM_SEGMENTS = 24 };

struct vm_variant {
	const char *name;
	uint32_t transport; /* VIRTIO_PCI, VIRTIO_MMIO */
	uint32_t irqs;
	bool line, packed, event, indirect, trusted;
	uint16_t queue_size;
	unsigned kind; /* the device's own */
};

struct vm_chain {
	bool busy;
	uint16_t id, count;
	unsigned segments;
	struct virtq_segment segment[VM_SEGMENTS];
	uint64_t order; /* when it was taken */
};

/* What a device model supplies. */
extern const struct vm_variant vm_variants[];
extern const uint32_t vm_type;
extern uint64_t vm_device_features;
extern unsigned vm_queue_count;
extern unsigned char vm_config[64];
extern uint32_t vm_config_bytes;
void device_power(const struct vm_variant *v);
void device_reset(void);
/* One thing; false: nothing to do. */
bool device_step(void);

/* What it may use. */
extern enum fault vm_fault;
bool vm_running(void);
bool vm_has(uint64_t feature); /* was agreed on */
unsigned vm_queues_used(void);
/* Chains that were taken from the ring and not finished: any of them, the oldest, or NULL. */
struct vm_chain *vm_any(unsigned queue);
struct vm_chain *vm_oldest(unsigned queue);
/* Copy between a buffer and what the driver lets the device read, or write. */
uint32_t vm_readable(const struct vm_chain *c);
uint32_t vm_writable(const struct vm_chain *c);
void vm_read(const struct vm_chain *c, uint32_t offset, void *to, uint32_t bytes);
void vm_write(const struct vm_chain *c, uint32_t offset, const void *from, uint32_t bytes);
void vm_finish(unsigned queue, struct vm_chain *c, uint32_t written);
/* The configuration changed. */
void vm_config_changed(void);
