/* SPDX-License-Identifier: MIT */
/*
 * Drivers on the emulated machine: see platform.h.  DEVICE_ID says which PCI device.
 */
#include "../../../drivers/virtio/virtio.h"
#include "platform.h"

enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc };
enum { PCI_COMMAND = 4, PCI_BAR0 = 0x10, PCI_CAPS = 0x34, PCI_VENDOR = 9, PCI_MSIX = 0x11 };
enum { COMMAND_MEMORY = 2, COMMAND_MASTER = 4, COMMAND_NO_INTX = 0x400 };
enum { VIRTIO_COMMON = 1, VIRTIO_NOTIFY = 2, VIRTIO_ISR = 3, VIRTIO_DEVICE = 4 };
enum { MESSAGES = 3, DMA_PAGES = 0x60, REGION_PAGES_MAX = 256 };
#define PORTS ((ioports_h){ HANDLE_IOPORTS })
#define REGION_VADDR(i) (0x2000000000ull + (u64)(i) * REGION_PAGES_MAX * SYS_PAGE)
#define DMA_VADDR 0x2100000000ull
#define AREA_VADDR 0x2200000000ull
#define DMA_IOVA 0x10000000ull
#define AREA_IOVA 0x40000000ull
#define NOWHERE_IOVA 0x80000000ull

struct drv drv;
unsigned char *const area = (unsigned char *)AREA_VADDR;
struct ring_producer to_driver;
struct ring_consumer from_driver;

static _Alignas(64) unsigned char rings[4][RING_ENTRIES + RING_SIZE * sizeof(struct ring_entry)];
static u32 function; /* requester id */
static notif_h notif;
static irq_h irq[MESSAGES];
static struct virtio_platform virtio;
static u64 wake_ns;
static bool signalled;
static u32 tests, failures, failed_line;

/* --- reports --------------------------------------------------------------------------- */

bool check_at(bool ok, int line)
{
	if (!ok && failed_line == 0)
		failed_line = (u32)line;
	return ok;
}

void report(const char *name)
{
	sys_print("%s %u %s\n", failed_line == 0 ? "ok" : "not ok", ++tests, name);
	if (failed_line != 0) {
		sys_print("#   check in line %u; driver: bad device %lu, bad requests %lu\n",
			  failed_line, drv.bad_device, drv.bad_requests);
		sys_exit(1);
	}
	failures += failed_line != 0;
	failed_line = 0;
}

/* --- PCI --------------------------------------------------------------------------------- */

static u32 pci_read(u32 reg)
{
	u64 value = 0;

	sys_must(ioport_out(PORTS, PCI_ADDRESS, 4, 1u << 31 | function << 8 | (reg & 0xfc)), "out");
	sys_must(ioport_in(PORTS, PCI_DATA, 4, &value), "in");
	return (u32)value;
}

static void pci_write(u32 reg, u32 value)
{
	sys_must(ioport_out(PORTS, PCI_ADDRESS, 4, 1u << 31 | function << 8 | (reg & 0xfc)), "out");
	sys_must(ioport_out(PORTS, PCI_DATA, 4, value), "out");
}

static void map_registers(u64 address, u64 pages, u32 index)
{
	u64 first = address / SYS_PAGE;
	grant_h grant;

	for (u32 i = 0; i < sys_info->regions; i++) {
		const struct boot_region *r = &sys_info->region[i];

		if (r->is_ram || first < r->first || first + pages > r->first + r->count)
			continue;
		u32 part = sys_range((any_h){ r->handle }, first - r->first, pages,
				     RIGHTS_ALL_DEVMEM);
		sys_must(sys_map_frames(&sys_own_space, (any_h){ part }, REGION_VADDR(index), pages,
					MAP_READ | MAP_WRITE, &grant), "map registers");
		drv.region[index] = (struct drv_region){
			.base = (volatile unsigned char *)REGION_VADDR(index),
			.bytes = pages * SYS_PAGE };
		return;
	}
	sys_panic("no device memory holds the registers at 0x%lx", address);
}

/* Memory BARs, as the firmware placed them. */
static void map_bars(void)
{
	pci_write(PCI_COMMAND, COMMAND_NO_INTX);
	for (u32 i = 0; i < DRV_REGIONS; i++) {
		u32 reg = PCI_BAR0 + 4 * i, low = pci_read(reg), at = i;
		u64 high = 0;

		if (low & 1)
			continue;
		pci_write(reg, 0xffffffff);
		u32 size = ~(pci_read(reg) & ~0xfu) + 1;
		pci_write(reg, low);
		if ((low & 6) == 4)
			high = pci_read(PCI_BAR0 + 4 * ++i);
		if (size != 0 && (low & ~0xfu) != 0 && size <= REGION_PAGES_MAX * SYS_PAGE)
			map_registers(high << 32 | (low & ~0xfu), (size + SYS_PAGE - 1) / SYS_PAGE, at);
	}
	pci_write(PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX);
}

static void find_virtio(u32 at)
{
	u32 head = pci_read(at);
	struct virtio_place p = { pci_read(at + 4) & 0xff, pci_read(at + 12), pci_read(at + 8) };

	switch (head >> 24) {
	case VIRTIO_COMMON: virtio.pci.common = p; break;
	case VIRTIO_NOTIFY:
		virtio.pci.notify = p;
		virtio.pci.notify_multiplier = pci_read(at + 16);
		break;
	case VIRTIO_ISR: virtio.pci.isr = p; break;
	case VIRTIO_DEVICE: virtio.pci.device = p; break;
	default: break;
	}
}

/* --- kernel objects ------------------------------------------------------------------------ */

static device_h make_device(void)
{
	u32 slot = sys_slot();
	u32 range = sys_range((any_h){ HANDLE_DEVCTL }, function, 1, RIGHTS_ALL_DEVCTL);
	memory_h memory;
	u64 offset;
	any_h io;
	device_h device = { slot };

	(void)sys_pages(1, 1, &memory, &offset);
	sys_must(device_create(memory, SLOT_OWN(slot), offset, (devctl_h){ range }), "device");
	sys_must(sys_create(OBJ_IOSPACE, 0, &io), "I/O space");
	sys_must(device_bind(device, (iospace_h){ io.h }), "bind");
	struct sys_space space = { .space = { io.h } };
	static const struct { u64 vaddr, iova; u32 pages; } part[] = {
		{ DMA_VADDR, DMA_IOVA, DMA_PAGES }, { AREA_VADDR, AREA_IOVA, AREA_PAGES } };
	for (u32 i = 0; i < 2; i++) {
		frames_h f;
		grant_h grant;

		sys_must(sys_create_frames(part[i].pages, 1, &f), "frames");
		sys_must(sys_map_frames(&sys_own_space, ANY(f), part[i].vaddr, part[i].pages,
					MAP_READ | MAP_WRITE, &grant), "map");
		sys_must(sys_map_frames(&space, ANY(f), part[i].iova, part[i].pages,
					MAP_READ | MAP_WRITE, &grant), "map for the device");
	}
	return device;
}

/* Messages, in the device's table of them. */
static void make_messages(device_h device, u32 at)
{
	u32 control = pci_read(at), table = pci_read(at + 4);
	volatile u32 *entry = (volatile u32 *)(drv.region[table & 7].base + (table & ~7u));
	u32 count = (control >> 16 & 0x7ff) + 1;

	notif = sys_notif();
	pci_write(at, control | 1u << 31);
	for (drv.irqs = 0; drv.irqs < MESSAGES && drv.irqs < count; drv.irqs++) {
		u32 i = drv.irqs;
		u64 address, data, offset;
		memory_h memory;

		irq[i].h = sys_slot();
		(void)sys_pages(1, 1, &memory, &offset);
		sys_must(irq_create(memory, SLOT_OWN(irq[i].h), offset, ANY(device), 0, 0), "irq");
		sys_must(irq_bind(irq[i], notif, 1ull << i), "irq_bind");
		sys_must(irq_ack(irq[i]), "irq_ack");
		sys_must(irq_message(irq[i], &address, &data), "irq_message");
		entry[4 * i] = (u32)address;
		entry[4 * i + 1] = (u32)(address >> 32);
		entry[4 * i + 2] = (u32)data;
		entry[4 * i + 3] = 0;
	}
}

void platform_open(void)
{
	u32 msix = 0;

	if (!(sys_info->features & FEATURE_IOMMU))
		sys_panic("no IOMMU");
	while (function < 256 && pci_read(0) != DEVICE_ID)
		function += 8;
	if (function == 256)
		sys_panic("no device 0x%x", DEVICE_ID);
	map_bars();
	virtio = (struct virtio_platform){ .transport = VIRTIO_PCI,
					   .device_type = (u32)(DEVICE_ID >> 16) - 0x1040u };
	for (u32 at = pci_read(PCI_CAPS) & 0xfc; at != 0; at = pci_read(at) >> 8 & 0xfc) {
		if ((pci_read(at) & 0xff) == PCI_MSIX)
			msix = at;
		if ((pci_read(at) & 0xff) == PCI_VENDOR)
			find_virtio(at);
	}
	make_messages(make_device(), msix);
	drv.platform = &virtio;
	drv.platform_bytes = sizeof virtio;
	drv.dma = (struct drv_dma){ (unsigned char *)DMA_VADDR, DMA_PAGES * SYS_PAGE, DMA_IOVA };
	drv.area[0] = (struct drv_area){ AREA_IOVA, AREA_PAGES * SYS_PAGE };
	drv.area[1] = (struct drv_area){ NOWHERE_IOVA, AREA_PAGES * SYS_PAGE };
	drv.areas = 2;
}

/* --- what lib/drv will be ----------------------------------------------------------------------- */

uint64_t drv_now_ns(void)
{
	return sys_clock() / (sys_info->clock_hz / 1000000) * 1000;
}

void drv_wake_at(struct drv *d, uint64_t when_ns)
{
	(void)d;
	wake_ns = when_ns;
}

void drv_sleep_ns(uint64_t ns)
{
	uint64_t end = drv_now_ns() + ns;

	while (drv_now_ns() < end)
		;
}

enum drv_result platform_start(void)
{
	memset(rings, 0, sizeof rings);
	(void)ring_producer_init(&to_driver, rings[0], rings[1], RING_SIZE);
	(void)ring_consumer_init(&drv.requests, rings[0], rings[1], RING_SIZE);
	(void)ring_producer_init(&drv.answers, rings[2], rings[3], RING_SIZE);
	(void)ring_consumer_init(&from_driver, rings[2], rings[3], RING_SIZE);
	drv.in_flight = 0;
	drv.stalled = drv.unanswerable = drv.signal = false;
	wake_ns = 0;
	signalled = true;
	return driver_init(&drv);
}

enum drv_result platform_turn(void)
{
	u64 bits = 0, events = 0;

	if (!signalled) {
		u64 now = drv_now_ns(), us = wake_ns > now ? (wake_ns - now) / 1000 + 1 : 0;

		(void)notif_wait(notif, wake_ns == 0 ? sys_after(3000000) : sys_after(us), &bits);
	}
	for (u32 i = 0; i < drv.irqs; i++) {
		if (bits & 1ull << i)
			sys_must(irq_ack(irq[i]), "irq_ack");
	}
	if (wake_ns != 0 && drv_now_ns() >= wake_ns) {
		wake_ns = 0;
		events |= DRV_EVENT_TICK;
	}
	events |= bits & ((1ull << DRV_IRQS) - 1);
	events |= signalled ? DRV_EVENT_REQUEST : 0;
	signalled = false;
	enum drv_result r = driver_event(&drv, events);
	drv.signal = false;
	signalled = r == DRV_OK && !drv_idle(&drv);
	return r;
}

void request(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	const struct ring_entry e = { { w0, w1, w2, w3 } };

	CHECK(ring_put(&to_driver, &e) == RING_OK);
	signalled |= ring_publish(&to_driver);
}

bool answer(struct ring_entry *e)
{
	for (u32 i = 0; i < 20; i++) {
		if (ring_get(&from_driver, e) == RING_OK) {
			signalled |= ring_release(&from_driver);
			return true;
		}
		if (platform_turn() != DRV_OK)
			return false;
	}
	CHECK(false);
	return false;
}
