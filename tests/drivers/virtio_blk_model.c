/* SPDX-License-Identifier: MIT */
/*
 * Model of the virtio block device (virtio 1.2, 5.2).
 */
#include <string.h>

#include "../../drivers/virtio-blk/regs.h"
#include "blk_model.h"
#include "virtio_model.h"

enum { DRIVER_QUEUES = 4 };
enum { READ_ONLY = 1, DISCARD = 2, CACHE = 4, QUEUES = 8, LIMITS = 16, BLOCK_4K = 32 };

const char *const model_name = "virtio-blk";
const struct vm_variant vm_variants[] = {
	{ "pci split", VIRTIO_PCI, 5, .event = true, .indirect = true, .queue_size = 128,
	  .kind = CACHE | DISCARD | QUEUES },
	{ "pci packed", VIRTIO_PCI, 5, .packed = true, .event = true, .indirect = true,
	  .queue_size = 128, .kind = CACHE | DISCARD | QUEUES },
	{ "pci split, plain, small", VIRTIO_PCI, 2, .queue_size = 16, .kind = 0 },
	{ "pci packed, plain, one message", VIRTIO_PCI, 1, .packed = true, .queue_size = 256,
	  .kind = CACHE },
	{ "pci line, split", VIRTIO_PCI, 1, .line = true, .event = true, .queue_size = 1024,
	  .kind = DISCARD | LIMITS },
	{ "mmio split", VIRTIO_MMIO, 1, .event = true, .indirect = true, .queue_size = 64,
	  .kind = CACHE | BLOCK_4K },
	{ "mmio packed", VIRTIO_MMIO, 1, .packed = true, .event = true, .queue_size = 100,
	  .kind = LIMITS | CACHE },
	{ "mmio read-only, trusted", VIRTIO_MMIO, 1, .indirect = true, .trusted = true,
	  .queue_size = 8, .kind = READ_ONLY },
};
const unsigned model_variants = sizeof vm_variants / sizeof vm_variants[0];
const uint32_t vm_type = VIRTIO_BLK;
uint64_t vm_device_features;
unsigned vm_queue_count;
unsigned char vm_config[64];
uint32_t vm_config_bytes = 48;

void device_power(const struct vm_variant *v)
{
	struct virtio_blk_config c = { .capacity = DISK_SECTORS, .num_queues = 6,
				       .max_discard_sectors = 1 << 16, .max_discard_seg = 1,
				       .discard_sector_alignment = 1, .size_max = 1 << 16,
				       .seg_max = 16 };

	c.blk_size = v->kind & BLOCK_4K ? 4096 : 512;
	disk_read_only = (v->kind & READ_ONLY) != 0;
	disk_has_discard = (v->kind & DISCARD) != 0;
	disk_has_cache = (v->kind & CACHE) != 0;
	disk_block_bytes = c.blk_size;
	disk_errors = 0;
	vm_device_features = BLK_F_BLK_SIZE | BLK_F_TOPOLOGY | (disk_read_only ? BLK_F_RO : 0) |
			     (disk_has_discard ? BLK_F_DISCARD : 0) |
			     (disk_has_cache ? BLK_F_FLUSH : 0) |
			     (v->kind & QUEUES ? BLK_F_MQ : 0) |
			     (v->kind & LIMITS ? BLK_F_SIZE_MAX | BLK_F_SEG_MAX : 0);
	vm_queue_count = v->kind & QUEUES ? 6 : 1;
	memcpy(vm_config, &c, sizeof c);
}

unsigned model_queues(void)
{
	return vm_queue_count < DRIVER_QUEUES ? vm_queue_count : DRIVER_QUEUES;
}

unsigned model_queues_used(void)
{
	return vm_queues_used();
}

void device_reset(void)
{
}

static bool in_disk(uint64_t sector, uint32_t bytes)
{
	return bytes % disk_block_bytes == 0 && sector <= DISK_SECTORS &&
	       bytes / 512 <= DISK_SECTORS - sector;
}

static uint8_t discard(const struct vm_chain *c)
{
	struct virtio_blk_discard d = { 0 };

	if (!vm_has(BLK_F_DISCARD) || vm_readable(c) != 32)
		return BLK_S_UNSUPP;
	vm_read(c, 16, &d, sizeof d);
	if (d.flags != 0 || d.sectors > 1 << 16 || !in_disk(d.sector, d.sectors * 512))
		return BLK_S_IOERR;
	memset(disk + d.sector * 512, 0, d.sectors * 512ull);
	return BLK_S_OK;
}

/* The data, in pieces as large as segments may be. */
static uint8_t transfer(const struct vm_chain *c, const struct virtio_blk_header *h)
{
	uint32_t bytes = h->type == BLK_T_IN ? vm_writable(c) - 1 : vm_readable(c) - 16;

	for (unsigned i = 0; i < c->segments && vm_has(BLK_F_SIZE_MAX); i++) {
		if (c->segment[i].bytes > 1 << 16)
			return BLK_S_UNSUPP;
	}
	if (!in_disk(h->sector, bytes) || (h->type == BLK_T_OUT && disk_read_only))
		return BLK_S_IOERR;
	if (h->type == BLK_T_IN) {
		vm_write(c, 0, disk + h->sector * 512, bytes);
	} else {
		vm_read(c, 16, disk + h->sector * 512, bytes);
		disk_unflushed++;
	}
	return BLK_S_OK;
}

static void serve(unsigned queue, struct vm_chain *c)
{
	struct virtio_blk_header h = { 0 };
	uint32_t room = vm_writable(c);
	uint8_t status = BLK_S_UNSUPP;

	if (vm_readable(c) < sizeof h || room == 0) {
		vm_finish(queue, c, 0);
		return;
	}
	vm_read(c, 0, &h, sizeof h);
	if (disk_errors != 0 && one_in(4)) {
		disk_errors--;
		status = BLK_S_IOERR;
	} else if (h.type == BLK_T_IN || h.type == BLK_T_OUT) {
		status = benchmark ? BLK_S_OK : transfer(c, &h);
	} else if (h.type == BLK_T_FLUSH && vm_has(BLK_F_FLUSH)) {
		status = BLK_S_OK;
		disk_unflushed = 0;
	} else if (h.type == BLK_T_DISCARD) {
		status = discard(c);
	}
	if (vm_fault == FAULT_STATUS)
		status = (uint8_t)(3 + rnd(250));
	vm_write(c, room - 1, &status, 1);
	vm_finish(queue, c, h.type == BLK_T_IN && status == BLK_S_OK ? room : 1);
}

bool device_step(void)
{
	/* A silent device keeps what it has taken. */
	if (vm_fault == FAULT_SILENT)
		return false;
	for (unsigned i = 0, at = rnd(vm_queue_count); i < vm_queue_count; i++) {
		unsigned queue = (at + i) % vm_queue_count;
		struct vm_chain *c = vm_any(queue);

		if (c != NULL) {
			serve(queue, c);
			return true;
		}
	}
	return false;
}

enum verdict model_verdict(enum fault f)
{
	return f == FAULT_STORM ? MUST_GO_ON : f == FAULT_GARBAGE ? MAY_FAIL : MUST_FAIL;
}
