/* SPDX-License-Identifier: MIT */
/*
 * Model of the virtio console without further ports (virtio 1.2, 5.3).
 */
#include <string.h>

#include "stream_model.h"
#include "virtio_model.h"

const char *const model_name = "virtio-console";
const struct vm_variant vm_variants[] = {
	{ "pci split", VIRTIO_PCI, 3, .event = true, .indirect = true, .queue_size = 64 },
	{ "pci packed", VIRTIO_PCI, 1, .packed = true, .event = true, .queue_size = 50 },
	{ "mmio split", VIRTIO_MMIO, 1, .queue_size = 32 },
};
const unsigned model_variants = sizeof vm_variants / sizeof vm_variants[0];
const uint32_t vm_type = VIRTIO_CONSOLE;
uint64_t vm_device_features = 1; /* a size of the screen, which nobody asks for */
unsigned vm_queue_count = 2;
unsigned char vm_config[64];
uint32_t vm_config_bytes = 12;
bool stream_writes = true, stream_makes = false;

void device_power(const struct vm_variant *v)
{
	(void)v;
}

void device_reset(void)
{
}

uint32_t stream_feed(const uint8_t *bytes, uint32_t count)
{
	struct vm_chain *c = vm_running() && vm_fault != FAULT_SILENT ? vm_oldest(0) : NULL;

	if (c == NULL || count == 0)
		return 0;
	if (count > vm_writable(c))
		count = vm_writable(c);
	vm_write(c, 0, bytes, count);
	vm_finish(0, c, count);
	return count;
}

bool device_step(void)
{
	struct vm_chain *c = vm_fault == FAULT_SILENT ? NULL : vm_oldest(1);
	uint8_t bytes[256];

	if (c == NULL)
		return false;
	uint32_t n = vm_readable(c) < sizeof bytes ? vm_readable(c) : sizeof bytes;
	vm_read(c, 0, bytes, n);
	for (uint32_t i = 0; i < n; i++)
		stream_left(bytes[i]);
	vm_finish(1, c, 0);
	return true;
}

enum verdict model_verdict(enum fault f)
{
	return f == FAULT_STATUS ? NOT_TRIED : f == FAULT_STORM ? MUST_GO_ON :
	       f == FAULT_GARBAGE ? MAY_FAIL : MUST_FAIL;
}
