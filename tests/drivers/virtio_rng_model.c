/* SPDX-License-Identifier: MIT */
/*
 * Model of the virtio entropy device (virtio 1.2, 5.4).
 */
#include "stream_model.h"
#include "virtio_model.h"

const char *const model_name = "virtio-rng";
const struct vm_variant vm_variants[] = {
	{ "pci split", VIRTIO_PCI, 2, .event = true, .indirect = true, .queue_size = 8 },
	{ "pci packed", VIRTIO_PCI, 1, .packed = true, .queue_size = 30 },
	{ "mmio split", VIRTIO_MMIO, 1, .event = true, .queue_size = 64 },
};
const unsigned model_variants = sizeof vm_variants / sizeof vm_variants[0];
const uint32_t vm_type = VIRTIO_RNG;
uint64_t vm_device_features;
unsigned vm_queue_count = 1;
unsigned char vm_config[64];
uint32_t vm_config_bytes;
bool stream_writes = false, stream_makes = true;

void device_power(const struct vm_variant *v)
{
	(void)v;
}

void device_reset(void)
{
	stream_forgotten();
}

uint32_t stream_feed(const uint8_t *bytes, uint32_t count)
{
	(void)bytes;
	(void)count;
	return 0;
}

bool device_step(void)
{
	struct vm_chain *c = vm_fault == FAULT_SILENT ? NULL : vm_oldest(0);
	uint8_t bytes[64];

	if (c == NULL)
		return false;
	uint32_t n = vm_writable(c) < sizeof bytes ? vm_writable(c) : sizeof bytes;
	if (n == 0)
		return false;
	n = 1 + rnd(n);
	fill_random(bytes, n);
	vm_write(c, 0, bytes, n);
	for (uint32_t i = 0; i < n; i++)
		stream_made(bytes[i]);
	vm_finish(0, c, n);
	return true;
}

/* Randomness may take any time. */
enum verdict model_verdict(enum fault f)
{
	switch (f) {
	case FAULT_STATUS: return NOT_TRIED;
	case FAULT_STORM: case FAULT_SILENT: return MUST_GO_ON;
	case FAULT_GARBAGE: case FAULT_DEAD: case FAULT_FATAL: return MAY_FAIL;
	default: return MUST_FAIL;
	}
}
