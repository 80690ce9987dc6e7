/* SPDX-License-Identifier: MIT */
/*
 * Drivers on the emulated machine: see platform.h.  DEVICE_ID says which device.
 */
#include "platform.h"

#include "../../../servers/platform/devices.h"
#include "../../../servers/platform/powers.h"
#include "../../../servers/platform/server.h"

enum { MESSAGES = 3, DMA_PAGES = 0x60, REGION_PAGES_MAX = 256 };
#define REGION_VADDR(i) (0x2000000000ull + (u64)(i)*REGION_PAGES_MAX * SYS_PAGE)
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
static struct msg m;
static u64 page[SYS_MSG_WORDS]; /* as if it was a message page */
static u32 number;              /* of the device */
static notif_h notif;
static irq_h irq[MESSAGES];
static u64 wake_ns;
static bool signalled;
bool confined;
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

/* --- the platform server, as a part of this program ----------------------------------------- */

static u64 call(u64 label, u64 w0, u64 w1, u64 w2, u64 w3)
{
	m = (struct msg){ .w = { w0, w1, w2, w3 }, .tag = label << TAG_LABEL_SHIFT };
	server_call(&m);
	return m.w[0];
}

static void must_call(u64 label, u64 w0, u64 w1, u64 w2, u64 w3)
{
	u64 error = call(label, w0, w1, w2, w3);

	if (error != PLAT_OK)
		sys_panic("call %lu of the platform server (%lu, %lu): error %lu", label, w0, w1,
			  error);
}

/* The capability that came with an answer. */
static any_h got(void)
{
	return (any_h){ (u32)page[MSG_SEND_CAPS] };
}

static void start_server(void)
{
	const struct platform_options options = { .acpi_root = sys_info->acpi_root };

	powers = (struct powers){ .ports = { HANDLE_IOPORTS },
				  .lines = { HANDLE_IRQCTL },
				  .devices = { HANDLE_DEVCTL } };
	for (u32 i = 0; i < sys_info->regions && powers.devmems < COMP_DEVMEMS; i++) {
		const struct boot_region *r = &sys_info->region[i];

		if (!r->is_ram)
			powers.devmem[powers.devmems++] =
				(struct comp_devmem){ r->first, r->count, r->handle, 0 };
	}
	platform_find(&options);
	server_init(sys_info->features, page);
}

static const struct plat_device *described(u32 which)
{
	must_call(PLAT_DEVICE, which, 0, 0, 0);
	return (const struct plat_device *)&page[PLAT_DEVICE_WORD];
}

static u32 find_device(void)
{
	must_call(PLAT_INFO, 0, 0, 0, 0);
	u32 count = (u32)m.w[1], found = count;

	sys_print("# %u devices, epoch %lu s\n", count, m.w[3] / 1000000000);
	for (u32 i = 0; i < count; i++) {
		const struct plat_device *d = described(i);

		sys_print("#   kind %u address %x id %x:%x class %x irqs %u group %x platform %u\n",
			  d->kind, d->address, d->vendor, d->device, d->class_code, d->irqs,
			  d->group, d->access_platform);
		if (d->vendor == (DEVICE_ID & 0xffff) && d->device == DEVICE_ID >> 16)
			found = i;
	}
	if (found == count)
		sys_panic("no device 0x%x", DEVICE_ID);
	return found;
}

static void map_region(u32 index)
{
	grant_h grant;

	if (call(PLAT_REGION, number, index, 0, 0) != PLAT_OK || m.w[2] != 0)
		return;
	u64 bytes = m.w[1], offset = m.w[3], pages = (offset + bytes + SYS_PAGE - 1) / SYS_PAGE;
	if (pages > REGION_PAGES_MAX)
		return;
	sys_must(sys_map_frames(&sys_own_space, got(), REGION_VADDR(index), pages,
				MAP_READ | MAP_WRITE, &grant),
		 "map registers");
	drv.region[index] = (struct drv_region){
		.base = (volatile unsigned char *)(REGION_VADDR(index) + offset), .bytes = bytes
	};
}

/* Memory for the driver, which the device sees; its address there. */
static u64 make_memory(struct sys_space *io, u64 vaddr, u64 iova, u32 pages)
{
	u64 first;
	frames_h f;
	grant_h grant;

	sys_must(sys_create_frames(pages, 1, &f), "frames");
	sys_must(sys_map_frames(&sys_own_space, ANY(f), vaddr, pages, MAP_READ | MAP_WRITE, &grant),
		 "map");
	sys_must(cap_info(ANY(f), NULL, &first, NULL), "cap_info");
	if (io == NULL)
		return first * SYS_PAGE;
	sys_must(sys_map_frames(io, ANY(f), iova, pages, MAP_READ | MAP_WRITE, &grant),
		 "map for the device");
	return iova;
}

static void make_messages(u32 count)
{
	notif = sys_notif();
	for (drv.irqs = 0; drv.irqs < MESSAGES && drv.irqs < count; drv.irqs++) {
		u32 i = drv.irqs;
		u64 address, data;

		must_call(PLAT_IRQ, number, i, 0, 0);
		irq[i] = (irq_h){ got().h };
		sys_must(irq_bind(irq[i], notif, 1ull << i), "irq_bind");
		sys_must(irq_ack(irq[i]), "irq_ack");
		if (err_is_ok(irq_message(irq[i], &address, &data)))
			must_call(PLAT_ROUTE, number, i, address, data);
	}
}

void platform_open(void)
{
	static struct sys_space io;
	static struct plat_device d;

	start_server();
	number = find_device();
	must_call(PLAT_OPEN, number, sys_info->features & FEATURE_IOMMU ? 0 : PLAT_TRUSTED, 0, 0);
	device_h device = { m.w[1] ? got().h : 0 };
	confined = m.w[2] != 0;
	if (confined) {
		any_h h;

		sys_must(sys_create(OBJ_IOSPACE, 0, &h), "I/O space");
		sys_must(device_bind(device, (iospace_h){ h.h }), "bind");
		io = (struct sys_space){ .space = { h.h } };
	}
	d = *described(number);
	drv.dma = (struct drv_dma){ (unsigned char *)DMA_VADDR, DMA_PAGES * SYS_PAGE,
				    make_memory(confined ? &io : NULL, DMA_VADDR, DMA_IOVA,
						DMA_PAGES) };
	drv.area[0] = (struct drv_area){ make_memory(confined ? &io : NULL, AREA_VADDR, AREA_IOVA,
						     AREA_PAGES),
					 AREA_PAGES * SYS_PAGE };
	drv.area[1] = (struct drv_area){ confined ? NOWHERE_IOVA : drv.area[0].iova,
					 AREA_PAGES * SYS_PAGE };
	drv.areas = 2;
	for (u32 i = 0; i < DRV_REGIONS; i++)
		map_region(i);
	make_messages(d.irqs);
	drv.platform = d.platform_bytes != 0 ? d.platform : NULL;
	drv.platform_bytes = d.platform_bytes;
	must_call(PLAT_ENABLE, number, 0, 0, 0);
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
