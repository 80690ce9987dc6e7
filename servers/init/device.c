/* SPDX-License-Identifier: MIT */
/*
 * Devices of drivers, from the platform server.
 *
 * Owns:       the I/O spaces: where a device sees what.
 * Locks:      calls to the platform server have a deadline; one that passes it is broken.
 *
 * The pages of a driver's DMA memory are the first of its arena, so that a device that could not be
 * stopped writes to nothing else in the driver's next life.
 */
#include "init.h"

#include <tessera/platform.h>

#define DMA_IOVA 0x10000000ull
#define AREA_IOVA 0x40000000ull
#define LARGE_BYTES 0x200000ull
#define REGION_BYTES_MAX 0x1000000ull

enum { CALL_US = 5000000, REFUSALS = 8 };
enum { VIRTIO_VENDOR = 0x1af4, VIRTIO_MODERN = 0x1040 };

static volatile u64 *page; /* init's message page */
static notif_h refused;    /* a bit for each component's device */
static bool trouble;
u64 epoch_ns; /* wall clock when the clock was 0; 0: unknown */

void device_open(volatile u64 *message_page, notif_h refusals)
{
	page = message_page;
	refused = refusals;
}

notif_h device_notif(void)
{
	return refused;
}

static struct component *platform(void)
{
	for (u32 i = 0; i < components; i++) {
		if (component[i].b->flags & BUNDLE_PLATFORM)
			return &component[i];
	}
	return NULL;
}

static u32 platform_endpoint(void)
{
	const struct component *p = platform();

	for (u32 i = 0; p != NULL && i < bundle_count(BUNDLE_ENDPOINTS); i++) {
		if (endpoints[i].owner == p->number)
			return endpoint_cap[i];
	}
	return 0;
}

/* Make a call; a capability that comes goes into `slot`.  The answer's error, PLAT_FAILED if none. */
static u64 call(u64 what, struct msg *m, u32 slot)
{
	ep_h ep = { platform_endpoint() };

	if (ep.h == 0 || trouble || platform()->state != READY)
		return PLAT_FAILED;
	m->tag = 8 | what << TAG_LABEL_SHIFT;
	for (u32 i = 0; i < MSG_CAPS_MAX; i++)
		page[MSG_RECV_SLOTS + i] = i == 0 ? slot : 0;
	if (err_is_ok(ep_call(ep, m, sys_after(CALL_US))))
		return m->w[0];
	trouble = true;
	return PLAT_FAILED;
}

static u64 simple(u64 what, u64 number)
{
	struct msg m = { .w = { number } };

	return call(what, &m, 0);
}

/* Not when it says that it is ready: then it waits for init. */
void device_look(void)
{
	static bool known;
	struct msg m = { 0 };

	if (known || platform() == NULL || platform()->state != READY)
		return;
	known = true;
	if (call(PLAT_INFO, &m, 0) == PLAT_OK)
		epoch_ns = m.w[3];
}

bool device_trouble(void)
{
	return trouble;
}

/* --- which device ---------------------------------------------------------------------------- */

static bool matches(const struct bundle_driver *b, const struct plat_device *d)
{
	for (u32 i = 0; i < b->ids; i++) {
		u32 v = b->id[i].value;

		switch (b->id[i].kind) {
		case BUNDLE_PCI_ID:
			if (d->kind == PLAT_PCI && v == (d->vendor << 16 | d->device))
				return true;
			break;
		case BUNDLE_PCI_CLASS:
			if (d->kind == PLAT_PCI && v == d->class_code)
				return true;
			break;
		case BUNDLE_VIRTIO:
			if (d->kind == PLAT_VIRTIO_MMIO && d->device == VIRTIO_MODERN + v)
				return true;
			break;
		default:
			if (d->kind == PLAT_LEGACY && d->address == v)
				return true;
			break;
		}
	}
	return false;
}

static bool describe(u64 number, struct plat_device *d)
{
	struct msg m = { .w = { number } };
	u64 *word = (u64 *)d;

	if (call(PLAT_DEVICE, &m, 0) != PLAT_OK)
		return false;
	for (u32 i = 0; i < sizeof *d / 8; i++)
		word[i] = page[PLAT_DEVICE_WORD + i];
	return true;
}

/* How many there are. */
static u64 devices(void)
{
	struct msg m = { 0 };

	return call(PLAT_INFO, &m, 0) == PLAT_OK ? m.w[1] : 0;
}

static bool find(struct component *c, struct plat_device *d)
{
	const struct bundle_driver *b = &c->b->driver;
	u32 index = 0;

	for (u64 i = 0, n = devices(); i < n; i++) {
		if (!describe(i, d) || !matches(b, d))
			continue;
		bool here =
			b->address == BUNDLE_NONE ? index++ == b->index : d->address == b->address;
		if (here) {
			c->device = i;
			return true;
		}
	}
	return false;
}

/*
 * virtio 1.2, 4.1.2.1: devices that speak the protocol before version 1 too have numbers of their
 * own, and their type is their subsystem's number.
 */
static bool is_legacy(const struct bundle_driver *b)
{
	struct plat_device d;

	for (u64 i = 0, n = devices(); i < n; i++) {
		if (!describe(i, &d) || d.kind != PLAT_PCI || d.vendor != VIRTIO_VENDOR ||
		    d.device >= VIRTIO_MODERN)
			continue;
		for (u32 k = 0; k < b->ids; k++) {
			if (b->id[k].kind == BUNDLE_PCI_ID &&
			    b->id[k].value == (VIRTIO_VENDOR << 16 | (VIRTIO_MODERN + (d.subsystem >> 16))))
				return true;
		}
	}
	return false;
}

/* --- memory that it sees -------------------------------------------------------------------------- */

static void areas_give(struct component *c, struct comp_info *info, u32 iospace)
{
	u64 iova = AREA_IOVA;
	u32 side, number = channel_of(c, 0, &side);

	for (u32 a = 0; number != BUNDLE_NONE && a < channels[number].areas; a++) {
		u32 pool = channels[number].area[a];

		if (iospace == 0) {
			info->channel[0].area[a].iova = pool_first[pool] * SYS_PAGE;
			continue;
		}
		life_map(c, iospace, pool_frames[pool], iova, pool_pages[pool],
			 MAP_READ | MAP_WRITE);
		info->channel[0].area[a].iova = iova;
		iova += (pool_pages[pool] * SYS_PAGE + 2 * LARGE_BYTES - 1) & ~(LARGE_BYTES - 1);
	}
}

static void memory_give(struct component *c, struct comp_info *info, u32 device, bool confined)
{
	struct comp_device *d = &info->device;
	u32 iospace = 0;

	if (confined) {
		iospace = life_object(c, OBJ_IOSPACE, 0);
		if (iospace != 0)
			life_must(c, device_bind((device_h){ device }, (iospace_h){ iospace }),
				  "binding of its device");
		if (!c->broken) {
			(void)device_watch((device_h){ device }, refused, 1ull << c->number);
			c->device_cap = device;
		}
	}
	if (c->dma_frames != 0) {
		d->dma_bytes = c->b->driver.dma_pages * SYS_PAGE;
		d->dma_vaddr = life_window(c, c->b->driver.dma_pages);
		d->dma_iova = confined ? DMA_IOVA : c->arena.first * SYS_PAGE;
		life_map(c, c->space, c->dma_frames, d->dma_vaddr, c->b->driver.dma_pages,
			 MAP_READ | MAP_WRITE);
		if (confined)
			life_map(c, iospace, c->dma_frames, DMA_IOVA, c->b->driver.dma_pages,
				 MAP_READ | MAP_WRITE);
	}
	if (confined || device != 0 || c->dma_frames != 0)
		areas_give(c, info, iospace);
}

/* --- registers and interrupts --------------------------------------------------------------------- */

static void region_give(struct component *c, struct comp_info *info, u32 index)
{
	struct comp_region *r = &info->device.region[index];
	struct msg m = { .w = { c->device, index } };
	u32 slot = life_slot(c);

	if (call(PLAT_REGION, &m, slot) != PLAT_OK)
		return;
	u64 bytes = m.w[1], offset = m.w[3];
	r->bytes = bytes;
	if (m.w[2] != 0) {
		if (info->device.ports != 0)
			return;
		info->device.ports = give_handle(c);
		give(c, slot, info->device.ports, RIGHTS_ALL_IOPORTS, 0);
		return;
	}
	if (bytes > REGION_BYTES_MAX) {
		r->bytes = 0;
		return;
	}
	u64 pages = (offset + bytes + SYS_PAGE - 1) / SYS_PAGE;
	u64 vaddr = life_window(c, pages);

	life_map(c, c->space, slot, vaddr, pages, MAP_READ | MAP_WRITE);
	r->vaddr = vaddr + offset;
}

/* An interrupt waits for irq_ack when it is bound. */
static bool irq_give(struct component *c, struct comp_device *d, u32 i)
{
	struct msg m = { .w = { c->device, i } };
	u32 slot = life_slot(c);
	u64 address = 0, data = 0;

	if (call(PLAT_IRQ, &m, slot) != PLAT_OK)
		return false;
	err_t e = irq_bind((irq_h){ slot }, (notif_h){ c->notif }, 1ull << (d->irq_bit + i));
	if (err_is_ok(e) && d->kind == PLAT_PCI)
		e = irq_message((irq_h){ slot }, &address, &data);
	if (err_is_ok(e))
		e = irq_ack((irq_h){ slot });
	struct msg route = { .w = { c->device, i, address, data } };
	if (!err_is_ok(e) || call(PLAT_ROUTE, &route, 0) != PLAT_OK)
		return false;
	d->irq[i] = give_handle(c);
	give(c, slot, d->irq[i], RIGHT_IRQ_ACK, 0);
	c->irqs[i] = slot;
	return true;
}

static void irqs_give(struct component *c, struct comp_device *d, u32 there)
{
	const struct bundle_driver *b = &c->b->driver;

	d->irq_bit = c->b->irq_bit;
	while (d->irqs < b->irqs && d->irqs < there && d->irqs < COMP_IRQS &&
	       irq_give(c, d, d->irqs))
		d->irqs++;
	if (d->irqs < b->irqs_min)
		life_must(c, ERR_DEVICE, "its device has too few interrupts");
}

static const char *why(u64 error)
{
	switch (error) {
	case PLAT_UNCONFINED:
		return "no IOMMU confines its device and its interrupts, and it is not trusted";
	case PLAT_BUSY: return "another function of its device's group is in use";
	default: return "the platform server cannot open its device";
	}
}

void device_give(struct component *c, struct comp_info *info)
{
	static struct plat_device d;
	struct msg m;
	u32 slot = life_slot(c);

	if (c->broken || slot == 0)
		return;
	if (!find(c, &d)) {
		life_must(c, ERR_DEVICE,
			  is_legacy(&c->b->driver) ?
				  "only a legacy device is there (QEMU: disable-legacy=on)" :
				  "its device is not there");
		c->refused = !trouble && platform()->state == READY;
		return;
	}
	m = (struct msg){ .w = { c->device, c->b->flags & BUNDLE_TRUSTED ? PLAT_TRUSTED : 0 } };
	u64 error = call(PLAT_OPEN, &m, slot);
	if (error != PLAT_OK) {
		life_must(c, ERR_DEVICE, why(error));
		c->refused = error == PLAT_UNCONFINED;
		return;
	}
	bool confined = m.w[2] != 0;
	u32 device = m.w[1] != 0 ? slot : 0;

	c->opened = true;
	(void)simple(PLAT_QUIESCE, c->device);
	info->device.kind = d.kind;
	info->device.confined = confined;
	memory_give(c, info, device, confined);
	for (u32 i = 0; i < COMP_REGIONS; i++) {
		if (c->b->driver.regions >> i & 1 && d.region_bytes[i] != 0)
			region_give(c, info, i);
	}
	irqs_give(c, &info->device, d.irqs);
	if (!describe(c->device, &d) || simple(PLAT_ENABLE, c->device) != PLAT_OK)
		life_must(c, ERR_DEVICE, "its device cannot be switched on");
	memcpy(info->device.platform, d.platform, sizeof d.platform);
	info->device.platform_bytes = d.platform_bytes;
}

/* As many lines in a life; asking lets the kernel tell more. */
void device_refusals(u64 bits)
{
	for (u32 i = 0; i < components; i++) {
		struct component *c = &component[i];
		u64 count = 0, address = 0, what = 0;

		if (!(bits >> i & 1) || c->device_cap == 0 || c->refusals >= REFUSALS ||
		    !err_is_ok(
			    device_faults((device_h){ c->device_cap }, &count, &address, &what)) ||
		    count == 0)
			continue;
		c->refusals++;
		text_line("the device of %s may not %s address 0x%lx (reason %lu, %lu times)%s",
			  c->b->name, what & DEVICE_FAULT_WRITE ? "write" : "read", address,
			  what & 0xff, count,
			  c->refusals == REFUSALS ? "; the next ones are not told" : "");
	}
}

void device_quiesce(struct component *c)
{
	if (c->device_cap != 0)
		(void)device_watch((device_h){ c->device_cap }, (notif_h){ 0 }, 0);
	c->device_cap = 0;
	c->refusals = 0;
	if (c->opened)
		(void)simple(PLAT_QUIESCE, c->device);
	for (u32 i = 0; i < COMP_IRQS; i++) {
		if (c->irqs[i] != 0)
			(void)irq_bind((irq_h){ c->irqs[i] }, (notif_h){ 0 }, 0);
		c->irqs[i] = 0;
	}
	c->opened = false;
}

/* What came from the platform server is gone: drivers are made anew when it is there again. */
void device_lost(void)
{
	trouble = false;
	for (u32 i = 0; i < components; i++) {
		component[i].opened = false;
		if (!(component[i].b->flags & BUNDLE_DRIVER))
			continue;
		component[i].began = 0;
		watch_end(&component[i], true);
	}
}

void device_power(u64 what)
{
	struct msg m = { .w = { what } };

	(void)call(PLAT_POWER, &m, 0);
}
