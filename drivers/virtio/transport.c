/* SPDX-License-Identifier: MIT */
/*
 * Transports of virtio: PCI (through structures whose place the platform server found), MMIO.
 *
 * Owns:   status, features, messages.  Specification: virtio 1.2, sections 3.1, 4.1, 4.2.
 * Never:  sees PCI configuration space.
 */
#include "virtio.h"

enum {
	RESET_TRIES = 1000, /* of a millisecond */
	CONFIG_TRIES = 32,
	CONFIG_BYTES_MAX = 64,
};

#define MILLISECOND 1000000ull
#define QUEUE_FEATURES (VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX | VIRTIO_F_PACKED)
#define BUS_FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM)

static bool place_region(const struct drv *d, const struct virtio_place *p, uint64_t least,
			 struct drv_region *out)
{
	if (p->region >= DRV_REGIONS || p->bytes < least)
		return false;
	const struct drv_region *r = &d->region[p->region];
	if (r->base == NULL || p->bytes > r->bytes || p->offset > r->bytes - p->bytes)
		return false;
	*out = (struct drv_region){ .base = r->base + p->offset, .bytes = p->bytes };
	return true;
}

static bool find_pci(struct virtio *v)
{
	const struct virtio_pci_map *m = &v->platform->pci;

	v->line = v->platform->line != 0;
	return place_region(v->d, &m->common, PCI_COMMON_BYTES, &v->common) &&
	       place_region(v->d, &m->notify, 2, &v->notify) &&
	       place_region(v->d, &m->isr, 1, &v->isr) &&
	       (m->device.bytes == 0 || place_region(v->d, &m->device, 0, &v->config));
}

static bool find_mmio(struct virtio *v)
{
	const struct drv_region *r = &v->d->region[0];

	if (r->base == NULL || r->bytes < MMIO_CONFIG)
		return false;
	v->mmio = v->line = true;
	v->common = v->notify = *r;
	v->config = (struct drv_region){ .base = r->base + MMIO_CONFIG,
					 .bytes = r->bytes - MMIO_CONFIG };
	return reg_read32(r, MMIO_MAGIC) == MMIO_MAGIC_VALUE &&
	       reg_read32(r, MMIO_VERSION) == MMIO_VERSION_2;
}

static bool find_registers(struct virtio *v, struct drv *d)
{
	*v = (struct virtio){ .d = d, .platform = d->platform };
	if (d->platform == NULL || d->platform_bytes < sizeof *v->platform || d->irqs == 0)
		return false;
	return v->platform->transport == VIRTIO_PCI ? find_pci(v) : find_mmio(v);
}

static uint32_t status_read(const struct virtio *v)
{
	return v->mmio ? reg_read32(&v->common, MMIO_STATUS) : reg_read8(&v->common, PCI_STATUS);
}

static void status_write(const struct virtio *v, uint32_t status)
{
	if (v->mmio)
		reg_write32(&v->common, MMIO_STATUS, status);
	else
		reg_write8(&v->common, PCI_STATUS, (uint8_t)status);
}

/* 2.1.2, 2.4: writing 0 resets; the device has done so when 0 is read. */
bool virtio_reset(const struct virtio *v)
{
	status_write(v, 0);
	for (uint32_t i = 0; i < RESET_TRIES; i++) {
		if (status_read(v) == 0)
			return true;
		drv_sleep_ns(MILLISECOND);
	}
	return false;
}

void virtio_quiesce(struct virtio *v, struct drv *d)
{
	if (find_registers(v, d))
		(void)virtio_reset(v);
}

enum drv_result virtio_open(struct virtio *v, struct drv *d, uint32_t type)
{
	if (!find_registers(v, d))
		return DRV_NO_DEVICE;
	uint32_t found = v->mmio ? reg_read32(&v->common, MMIO_DEVICE_ID) :
				   v->platform->device_type;
	if (found != type)
		return DRV_NO_DEVICE;
	if (!virtio_reset(v))
		return DRV_FAILED;
	status_write(v, VIRTIO_ACKNOWLEDGE);
	status_write(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	return DRV_OK;
}

static uint64_t features_offered(const struct virtio *v)
{
	uint64_t f = 0;

	for (uint32_t half = 0; half < 2; half++) {
		reg_write32(&v->common,
			    v->mmio ? MMIO_DEVICE_FEATURE_SELECT : PCI_DEVICE_FEATURE_SELECT, half);
		uint64_t bits = reg_read32(&v->common,
					   v->mmio ? MMIO_DEVICE_FEATURE : PCI_DEVICE_FEATURE);
		f |= bits << (32 * half);
	}
	return f;
}

static void features_accept(const struct virtio *v)
{
	for (uint32_t half = 0; half < 2; half++) {
		reg_write32(&v->common,
			    v->mmio ? MMIO_DRIVER_FEATURE_SELECT : PCI_DRIVER_FEATURE_SELECT, half);
		reg_write32(&v->common, v->mmio ? MMIO_DRIVER_FEATURE : PCI_DRIVER_FEATURE,
			    (uint32_t)(v->features >> (32 * half)));
	}
}

/* 3.1.1 steps 4 to 6. */
enum drv_result virtio_negotiate(struct virtio *v, uint64_t wanted)
{
	const uint32_t status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK;
	uint64_t required = VIRTIO_F_VERSION_1;

	if (!v->platform->trusted)
		required |= VIRTIO_F_ACCESS_PLATFORM;
	v->features = features_offered(v) & (wanted | QUEUE_FEATURES | BUS_FEATURES);
	if ((v->features & required) != required) {
		status_write(v, VIRTIO_BROKEN);
		return DRV_NO_DEVICE;
	}
	features_accept(v);
	status_write(v, status);
	if ((status_read(v) & (status | VIRTIO_NEEDS_RESET)) != status) {
		v->d->bad_device++;
		return DRV_FAILED;
	}
	if (!v->mmio) {
		uint16_t vector = v->line || v->d->irqs == 1 ? PCI_NO_VECTOR : 0;

		reg_write16(&v->common, PCI_CONFIG_VECTOR, vector);
		if (reg_read16(&v->common, PCI_CONFIG_VECTOR) != vector)
			return DRV_FAILED;
	}
	return DRV_OK;
}

static uint32_t generation(const struct virtio *v)
{
	return v->mmio ? reg_read32(&v->common, MMIO_GENERATION) :
			 reg_read8(&v->common, PCI_GENERATION);
}

/* 2.5.1: what was read is one state only if the generation is the same before and after. */
bool virtio_config(const struct virtio *v, uint64_t offset, void *to, uint32_t bytes)
{
	unsigned char *out = to;

	if (bytes > CONFIG_BYTES_MAX || offset + bytes > v->config.bytes) {
		v->d->bad_device++;
		return false;
	}
	for (uint32_t tries = 0; tries < CONFIG_TRIES; tries++) {
		uint32_t before = generation(v);

		for (uint32_t i = 0; i < bytes; i++)
			out[i] = reg_read8(&v->config, offset + i);
		if (generation(v) == before)
			return true;
	}
	v->d->bad_device++;
	return false;
}

uint32_t virtio_queue_messages(const struct virtio *v)
{
	return v->line || v->d->irqs == 1 ? 1 : v->d->irqs - 1;
}

bool virtio_start(struct virtio *v)
{
	const uint32_t status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK |
				VIRTIO_DRIVER_OK;

	status_write(v, status);
	return (status_read(v) & (status | VIRTIO_NEEDS_RESET)) == status;
}

/*
 * With one message for all, changes of configuration are not announced: each interrupt
 * would have to be asked which it is.
 */
bool virtio_interrupt(struct virtio *v, uint64_t events, bool *changed)
{
	uint32_t cause = 0;

	*changed = false;
	if ((events & 1) == 0)
		return true;
	if (v->mmio) {
		cause = reg_read32(&v->common, MMIO_INTERRUPT_STATUS);
		reg_write32(&v->common, MMIO_INTERRUPT_ACK,
			    cause & (VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG));
	} else if (v->line) {
		cause = reg_read8(&v->isr, 0);
	} else if (v->d->irqs > 1) {
		cause = VIRTIO_ISR_CONFIG;
	}
	*changed = (cause & VIRTIO_ISR_CONFIG) != 0;
	if (!*changed)
		return true;
	/* 2.1.2: it may have been announced that the device needs a reset; all ones: it is gone. */
	uint32_t status = status_read(v);
	return (status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET | VIRTIO_BROKEN)) ==
	       VIRTIO_DRIVER_OK;
}
