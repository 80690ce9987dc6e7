/* SPDX-License-Identifier: MIT */
/*
 * Protocol of the platform server: calls to its endpoint.  Its only client is
 * init, which gives drivers what it gets here.  Configuration space never
 * leaves the server.
 *
 * Tag: label is the call. Words as below. Answer: word 0 is an enum plat_error.
 * Capabilities come derived from those that the server keeps, so the client deletes its own when
 * it is done; a region, an interrupt or a device can be asked for any number of times.
 *
 * To start a driver: OPEN, bind the device to an I/O space (if it has one and there is an IOMMU), REGION and IRQ, bind the
 * interrupts, ROUTE those of kind PLAT_PCI with what irq_message says, DEVICE (its platform words
 * depend on how it was opened), ENABLE.  To end it: QUIESCE first, then take its memory away.
 */
#pragma once
#include <stdint.h>

enum plat_call {
	PLAT_INFO = 1, /* -> w1 devices found, w2 features (PLAT_*), w3 epoch in ns when the clock was 0 */
	PLAT_DEVICE,   /* w0 number -> struct plat_device in words 8.. of the message page */
	PLAT_OPEN,     /* w0 number, w1 flags (PLAT_TRUSTED) -> caps: device, where w1 is 1; w1 is 0:
	                  none (not PCI).  w2 is 1: its DMA addresses are those of the I/O space that the
	                  device is bound to; 0: physical ones.  Without PLAT_TRUSTED PLAT_UNCONFINED
	                  if the IOMMU cannot confine it.  PLAT_BUSY: another function of its group
	                  was opened */
	PLAT_REGION,   /* w0 number, w1 region -> caps: devmem, or ioports; w1 bytes, w2 1 if ports,
	                  w3 offset of the region's first byte in the first page (ports: 0) */
	PLAT_IRQ,      /* w0 number, w1 message -> caps: irq, unbound; after PLAT_OPEN */
	PLAT_ROUTE,    /* w0 number, w1 message, w2 address, w3 data: write MSI(-X) entry and unmask;
	                  nothing for other kinds than PLAT_PCI */
	PLAT_ENABLE,   /* w0 number: memory and I/O decoding, bus mastering on */
	PLAT_QUIESCE,  /* w0 number: bus mastering off, messages masked, function reset where there is one */
	PLAT_POWER,    /* w0 0 off, 1 reset; not answered */
};
enum plat_error { PLAT_OK, PLAT_BAD, PLAT_NONE, PLAT_UNCONFINED, PLAT_BUSY, PLAT_FAILED };
enum { PLAT_TRUSTED = 1 }; /* flag: without an IOMMU too */
enum { PLAT_HAS_IOMMU = 1, PLAT_HAS_REMAP = 2 };
enum plat_kind { PLAT_PCI = 1, PLAT_VIRTIO_MMIO, PLAT_LEGACY };
/* plat_device.device of legacy devices: serial ports; `address` is the first port. */
enum { PLAT_LEGACY_UART = 1 };
enum { PLAT_MESSAGES = 17, PLAT_DEVICE_WORD = 8 };

struct plat_device {
	uint32_t kind;
	uint32_t address;          /* PCI: segment << 16 | bus << 8 | device << 3 | function */
	uint32_t vendor, device;   /* virtio-mmio: 0x1af4, 0x1040 + type; legacy: 0, PLAT_LEGACY_* */
	uint32_t class_code;       /* class << 16 | subclass << 8 | interface */
	uint32_t subsystem;
	uint32_t irqs;             /* messages it can use, at most 17; legacy: 1 */
	uint32_t group;            /* functions with the same number cannot be told apart by the IOMMU */
	uint32_t access_platform;  /* virtio: 1: offers it, so that the IOMMU confines it; others: 1 */
	uint32_t numa_node;
	uint64_t region_bytes[6];  /* 0: none */
	uint32_t region_ports;     /* bit i: region i are I/O ports */
	uint32_t platform_bytes;   /* bytes of what follows */
	uint64_t platform[32];     /* what the driver's kind asks for (struct virtio_platform), for
	                              comp_device.platform; opaque to init */
};
_Static_assert(sizeof(struct plat_device) == 352, "44 words");
