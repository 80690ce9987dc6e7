/* SPDX-License-Identifier: MIT */
/*
 * Registers, bits and memory layouts of virtio 1.2 that the transport and the queues use.
 */
#pragma once
#include <stdint.h>

/* 2.1 Device status field. */
enum {
	VIRTIO_ACKNOWLEDGE = 1,
	VIRTIO_DRIVER = 2,
	VIRTIO_DRIVER_OK = 4,
	VIRTIO_FEATURES_OK = 8,
	VIRTIO_NEEDS_RESET = 64,
	VIRTIO_BROKEN = 128,
};

/* 5 Device types. */
enum { VIRTIO_NET = 1, VIRTIO_BLK = 2, VIRTIO_CONSOLE = 3, VIRTIO_RNG = 4 };

/* 6 Reserved feature bits. */
#define VIRTIO_F_INDIRECT (1ull << 28)
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33)
#define VIRTIO_F_PACKED (1ull << 34)
#define VIRTIO_F_ORDER_PLATFORM (1ull << 36)

/* 4.1.4.3 Common configuration structure of PCI. */
enum {
	PCI_DEVICE_FEATURE_SELECT = 0x00,
	PCI_DEVICE_FEATURE = 0x04,
	PCI_DRIVER_FEATURE_SELECT = 0x08,
	PCI_DRIVER_FEATURE = 0x0c,
	PCI_CONFIG_VECTOR = 0x10,
	PCI_NUM_QUEUES = 0x12,
	PCI_STATUS = 0x14,
	PCI_GENERATION = 0x15,
	PCI_QUEUE_SELECT = 0x16,
	PCI_QUEUE_SIZE = 0x18,
	PCI_QUEUE_VECTOR = 0x1a,
	PCI_QUEUE_ENABLE = 0x1c,
	PCI_QUEUE_NOTIFY = 0x1e,
	PCI_QUEUE_DESC = 0x20,
	PCI_QUEUE_DRIVER = 0x28,
	PCI_QUEUE_DEVICE = 0x30,
	PCI_COMMON_BYTES = 0x38,
	PCI_NO_VECTOR = 0xffff, /* 4.1.5.1.2 */
};

/* 4.2.2 Registers of MMIO. */
enum {
	MMIO_MAGIC = 0x000,
	MMIO_VERSION = 0x004,
	MMIO_DEVICE_ID = 0x008,
	MMIO_DEVICE_FEATURE = 0x010,
	MMIO_DEVICE_FEATURE_SELECT = 0x014,
	MMIO_DRIVER_FEATURE = 0x020,
	MMIO_DRIVER_FEATURE_SELECT = 0x024,
	MMIO_QUEUE_SELECT = 0x030,
	MMIO_QUEUE_SIZE_MAX = 0x034,
	MMIO_QUEUE_SIZE = 0x038,
	MMIO_QUEUE_READY = 0x044,
	MMIO_QUEUE_NOTIFY = 0x050,
	MMIO_INTERRUPT_STATUS = 0x060,
	MMIO_INTERRUPT_ACK = 0x064,
	MMIO_STATUS = 0x070,
	MMIO_QUEUE_DESC = 0x080,
	MMIO_QUEUE_DRIVER = 0x090,
	MMIO_QUEUE_DEVICE = 0x0a0,
	MMIO_GENERATION = 0x0fc,
	MMIO_CONFIG = 0x100,
	MMIO_MAGIC_VALUE = 0x74726976,
	MMIO_VERSION_2 = 2,
};

/* 4.1.4.5 ISR status, 4.2.2 InterruptStatus. */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

/* 2.7.5 and 2.8.6 Descriptor flags. */
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, DESC_AVAIL = 1 << 7, DESC_USED = 1 << 15 };

/* 2.7.5 Descriptor of a split queue, and of an indirect table of one. */
struct split_desc {
	uint64_t iova;
	uint32_t bytes;
	uint16_t flags;
	uint16_t next;
};

/* 2.8.13 Descriptor of a packed queue, and of an indirect table of one. */
struct packed_desc {
	uint64_t iova;
	uint32_t bytes;
	uint16_t id;
	uint16_t flags;
};

/* 2.7.6, 2.7.8 Split: available ring and used ring, each with an event index behind the ring. */
struct split_avail {
	uint16_t flags;
	uint16_t index;
	uint16_t ring[];
};

struct split_used_element {
	uint32_t id;
	uint32_t bytes;
};

struct split_used {
	uint16_t flags;
	uint16_t index;
	struct split_used_element ring[];
};

enum { SPLIT_NO_INTERRUPT = 1, SPLIT_NO_NOTIFY = 1 };

/* 2.8.14 Packed: event suppression. */
struct packed_event {
	uint16_t position; /* bit 15: wrap counter */
	uint16_t flags;
};

enum { PACKED_ENABLE = 0, PACKED_DISABLE = 1, PACKED_AT = 2 };
