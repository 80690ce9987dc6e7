/* SPDX-License-Identifier: MIT */
/*
 * Model of the virtio network device (virtio 1.2, 5.1).
 */
#include <string.h>

#include "../../drivers/virtio-net/regs.h"
#include "net_model.h"
#include "virtio_model.h"

enum { SUMS = 1, PAIRS = 2, MAX_PAIRS = 4, FRAME = 2048 };

const char *const model_name = "virtio-net";
const struct vm_variant vm_variants[] = {
	{ "pci split", VIRTIO_PCI, 3, .event = true, .indirect = true, .queue_size = 256,
	  .kind = SUMS },
	{ "pci packed", VIRTIO_PCI, 3, .packed = true, .event = true, .queue_size = 256,
	  .kind = SUMS },
	{ "pci split, four pairs", VIRTIO_PCI, 9, .event = true, .queue_size = 128,
	  .kind = SUMS | PAIRS },
	{ "pci packed, two of four pairs", VIRTIO_PCI, 5, .packed = true, .queue_size = 200,
	  .kind = PAIRS },
	{ "mmio split", VIRTIO_MMIO, 1, .queue_size = 64 },
	{ "pci line, packed", VIRTIO_PCI, 1, .line = true, .packed = true, .event = true,
	  .queue_size = 128, .kind = SUMS },
};
const unsigned model_variants = sizeof vm_variants / sizeof vm_variants[0];
const uint32_t vm_type = VIRTIO_NET;
uint64_t vm_device_features;
unsigned vm_queue_count;
unsigned char vm_config[64];
uint32_t vm_config_bytes = 12;
const unsigned char net_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
bool net_sums;
unsigned net_buffers;
static unsigned pairs; /* in use */
static unsigned most_pairs;
static unsigned sent, received; /* a bit for each pair */

void device_power(const struct vm_variant *v)
{
	struct virtio_net_config c = { .status = NET_S_LINK_UP, .mtu = 1500,
				       .max_pairs = MAX_PAIRS };

	memcpy(c.mac, net_mac, 6);
	memcpy(vm_config, &c, sizeof c);
	net_sums = (v->kind & SUMS) != 0;
	net_buffers = v->queue_size / 2 > 64 ? 64 : v->queue_size / 2;
	vm_device_features = NET_F_MAC | NET_F_STATUS | NET_F_MTU | NET_F_CTRL_VQ |
			     (net_sums ? NET_F_CSUM | NET_F_GUEST_CSUM : 0) |
			     (v->kind & PAIRS ? NET_F_MQ : 0);
	vm_queue_count = v->kind & PAIRS ? 2 * MAX_PAIRS + 1 : 3;
	most_pairs = v->kind & PAIRS ? (v->irqs - 1) / 2 : 1;
}

void device_reset(void)
{
	pairs = 1;
	sent = received = 0;
}

bool net_all_pairs(void)
{
	const unsigned all = (1u << most_pairs) - 1;

	return pairs == most_pairs && sent == all && received == all;
}

void net_set_link(bool up)
{
	vm_config[6] = up ? NET_S_LINK_UP : 0;
	vm_config_changed();
}

bool net_deliver(const unsigned char *frame, uint32_t bytes)
{
	struct virtio_net_header h = { .num_buffers = 1 };
	unsigned queue = 2 * rnd(pairs);
	struct vm_chain *c = vm_running() ? vm_any(queue) : NULL;

	if (c == NULL || vm_fault == FAULT_SILENT)
		return false;
	if (vm_writable(c) < sizeof h + bytes && vm_fault != FAULT_GARBAGE)
		check_at(false, __FILE__, __LINE__, "room for a frame");
	if (net_sums && one_in(2))
		h.flags = NET_HDR_DATA_VALID;
	vm_write(c, 0, &h, sizeof h);
	vm_write(c, sizeof h, frame, bytes);
	vm_finish(queue, c, (uint32_t)sizeof h + bytes);
	received |= 1u << queue / 2;
	return true;
}

static void transmit(unsigned queue, struct vm_chain *c)
{
	struct virtio_net_header h = { 0 };
	unsigned char frame[FRAME];
	uint32_t bytes = vm_readable(c);

	if (bytes >= sizeof h && bytes - sizeof h <= FRAME) {
		bytes -= (uint32_t)sizeof h;
		vm_read(c, 0, &h, sizeof h);
		vm_read(c, sizeof h, frame, bytes);
		if ((h.flags & NET_HDR_NEEDS_CSUM) && h.csum_start + h.csum_offset + 2u <= bytes)
			net_fill_sum(frame, bytes, h.csum_start, (uint32_t)h.csum_start +
				     h.csum_offset);
		if (vm_fault == FAULT_NONE || vm_fault == FAULT_STORM)
			check_at((h.flags & ~NET_HDR_NEEDS_CSUM) == 0 && h.gso_type == 0, __FILE__,
				 __LINE__, "a header of a frame to be sent");
		net_sent(frame, bytes);
	}
	vm_finish(queue, c, 0);
	sent |= 1u << queue / 2;
}

static void control(struct vm_chain *c)
{
	struct virtio_net_command m = { 0 };
	uint8_t ack = 1;

	if (vm_readable(c) == NET_CTRL_COMMAND_BYTES) {
		vm_read(c, 0, &m, NET_CTRL_COMMAND_BYTES);
		if (m.class == NET_CTRL_MQ && m.command == NET_CTRL_MQ_PAIRS_SET &&
		    m.pairs >= 1 && m.pairs <= MAX_PAIRS) {
			pairs = m.pairs;
			ack = NET_CTRL_OK;
		}
	}
	vm_write(c, 0, &ack, 1);
	vm_finish(vm_queue_count - 1, c, 1);
}

bool device_step(void)
{
	struct vm_chain *c;

	if (vm_fault == FAULT_SILENT)
		return false;
	c = vm_any(vm_queue_count - 1);
	if (c != NULL) {
		control(c);
		return true;
	}
	for (unsigned i = 0, at = rnd(pairs); i < pairs; i++) {
		unsigned queue = 2 * ((at + i) % pairs) + 1;

		c = vm_any(queue);
		if (c != NULL) {
			transmit(queue, c);
			return true;
		}
	}
	return false;
}

enum verdict model_verdict(enum fault f)
{
	return f == FAULT_STATUS ? NOT_TRIED : f == FAULT_STORM ? MUST_GO_ON :
	       f == FAULT_GARBAGE ? MAY_FAIL : MUST_FAIL;
}

/* 2.7.8: no more is finished than was begun; in a packed ring each entry is there or not. */
bool net_seen_through(enum fault f)
{
	return f == FAULT_INDEX && !vm_has(VIRTIO_F_PACKED);
}
