/* SPDX-License-Identifier: MIT */
/*
 * Calls of the client.  A capability that was made for it is kept here and a derived one is sent:
 * the same device, region or interrupt can be asked for again after a driver's end.
 *
 * Owns:   device and interrupt objects.
 * Never:  waits for the client; does more than a bounded amount of work for one call, of which
 *         the reset of a function (100 ms) is the longest.
 */
#include "server.h"

#include <tessera/component.h>

#include "devices.h"
#include "powers.h"

enum { REGIONS = 6, MESSAGE_BITS = 16, SECOND_US = 1000000 };

struct opened {
	bool open;
	bool quiet; /* stopped, and not switched on since */
	u32 device; /* handle, 0: none */
	u32 region[REGIONS];
	u32 irq[PLAT_MESSAGES];
};

static struct opened opened[DEVICES_MAX];
static volatile u64 *page;
static u32 features;
static u64 epoch_ns;

void server_init(u32 machine_features, volatile u64 *message_page)
{
	u64 seconds = clock_read(platform.firmware.century), second = sys_ticks(SECOND_US);
	u64 now = sys_clock();

	page = message_page;
	features = machine_features;
	if (seconds != 0)
		epoch_ns =
			(seconds - now / second) * 1000000000 - now % second * 1000 / sys_ticks(1);
}

static void answer(struct msg *m, u64 error)
{
	*m = (struct msg){ .w = { error } };
}

/* Send a derived capability with the answer. */
static void give(struct msg *m, u32 handle, u64 rights)
{
	page[MSG_SEND_CAPS] = handle;
	page[MSG_SEND_CAPS + 1] = rights;
	page[MSG_SEND_CAPS + 2] = 0;
	m->tag = 1ull << TAG_CAPS_SHIFT | 8;
}

static const struct pci_function *function_of(const struct device *d)
{
	return &pci.function[d->index];
}

/* --- devices ----------------------------------------------------------------------------------- */

static void info(struct msg *m)
{
	answer(m, PLAT_OK);
	m->w[1] = platform.devices;
	m->w[2] = (features & FEATURE_IOMMU ? PLAT_HAS_IOMMU : 0) |
		  (features & FEATURE_IRQ_REMAP ? PLAT_HAS_REMAP : 0);
	m->w[3] = epoch_ns;
}

static void describe(struct msg *m, const struct device *d)
{
	const u64 *word = (const u64 *)&d->d;

	for (u32 i = 0; i < sizeof d->d / 8; i++)
		page[PLAT_DEVICE_WORD + i] = word[i];
	answer(m, PLAT_OK);
	m->tag = PLAT_DEVICE_WORD + sizeof d->d / 8;
}

/* Is another function of the same group in use? */
static bool group_busy(u32 number)
{
	for (u32 i = 0; i < platform.devices; i++) {
		if (i != number && opened[i].open &&
		    platform.device[i].d.group == platform.device[number].d.group)
			return true;
	}
	return false;
}

static u32 make_device(u32 first, u32 count, bool unconfined)
{
	u64 rights = RIGHT_DEVCTL_CREATE | (unconfined ? RIGHT_DEVCTL_UNCONFINED : 0);
	u32 slot = sys_slot(), range = sys_range(ANY(powers.devices), first, count, rights);
	memory_h memory;
	u64 offset;
	u32 number = sys_pages(1, 1, &memory, &offset);
	bool ok = slot != 0 && range != 0 && number != SYS_NO_PAGES &&
		  err_is_ok(device_create(memory, SLOT_OWN(slot), offset, (devctl_h){ range }));

	if (ok)
		return slot;
	if (number != SYS_NO_PAGES)
		sys_pages_free(number, 1);
	if (range != 0)
		(void)sys_destroy((any_h){ range });
	sys_slot_free(slot);
	return 0;
}

/*
 * A device without DMA needs none; virtio without an IOMMU's help reaches all memory.  Without
 * interrupt remapping whoever can have a device write, or reaches its MSI-X table, can send any
 * interrupt to any CPU: such a device counts as one that is not confined.
 */
static u64 check_trust(const struct device *d, bool trusted)
{
	bool has_iommu = (features & FEATURE_IOMMU) != 0;
	bool confines = has_iommu && (features & FEATURE_IRQ_REMAP);

	switch (d->d.kind) {
	case PLAT_LEGACY: return PLAT_OK;
	case PLAT_VIRTIO_MMIO: return trusted ? PLAT_OK : PLAT_UNCONFINED;
	default: break;
	}
	if (has_iommu && !function_of(d)->confinable)
		return PLAT_UNCONFINED;
	return trusted || (confines && d->d.access_platform) ? PLAT_OK : PLAT_UNCONFINED;
}

static void set_trusted(struct device *d, bool trusted)
{
	struct virtio_platform *v = (struct virtio_platform *)d->d.platform;

	if (d->d.platform_bytes != 0)
		v->trusted = trusted;
}

static void open_device(struct msg *m, u32 number, u64 flags)
{
	struct device *d = &platform.device[number];
	struct opened *o = &opened[number];
	bool trusted = (flags & PLAT_TRUSTED) != 0;
	bool confined = (features & FEATURE_IOMMU) && d->d.kind == PLAT_PCI && d->d.access_platform;
	u64 error = flags & ~(u64)PLAT_TRUSTED ? PLAT_BAD : check_trust(d, trusted);

	if (error == PLAT_OK && group_busy(number))
		error = PLAT_BUSY;
	if (error == PLAT_OK && d->d.kind == PLAT_PCI && o->device == 0) {
		const struct pci_function *f = function_of(d);

		o->device = features & FEATURE_IOMMU
				    ? make_device(f->range_first, f->range_count, false)
				    : make_device(f->address, 1, true);
		if (o->device == 0)
			error = PLAT_FAILED;
	}
	answer(m, error);
	if (error != PLAT_OK)
		return;
	o->open = true;
	set_trusted(d, trusted);
	m->w[1] = o->device != 0;
	m->w[2] = confined;
	if (o->device != 0)
		give(m, o->device, RIGHTS_ALL_DEVICE);
}

/* --- registers and interrupts --------------------------------------------------------------------- */

static void region(struct msg *m, u32 number, u64 index)
{
	const struct device *d = &platform.device[number];
	u64 at = index < REGIONS ? platform_region(d, (u32)index) : 0;

	answer(m, at == 0 ? PLAT_NONE : PLAT_OK);
	if (at == 0)
		return;
	u32 *slot = &opened[number].region[index];
	u64 bytes = d->d.region_bytes[index];
	bool ports = (d->d.region_ports >> index & 1) != 0;

	if (*slot == 0 && ports)
		*slot = sys_range(ANY(powers.ports), at, bytes, RIGHTS_ALL_IOPORTS);
	else if (*slot == 0)
		*slot = powers_devmem(at / SYS_PAGE,
				      (at % SYS_PAGE + bytes + SYS_PAGE - 1) / SYS_PAGE);
	if (*slot == 0) {
		answer(m, PLAT_FAILED);
		return;
	}
	m->w[1] = bytes;
	m->w[2] = ports;
	m->w[3] = ports ? 0 : at % SYS_PAGE;
	give(m, *slot, ports ? RIGHTS_ALL_IOPORTS : RIGHT_DEVMEM_READ | RIGHT_DEVMEM_WRITE);
}

/* What an interrupt object is made from. */
static any_h irq_source(const struct device *d, const struct opened *o, u64 *number, u64 *mode)
{
	*mode = 0;
	switch (d->d.kind) {
	case PLAT_PCI:
		*number = features & FEATURE_IOMMU
				  ? function_of(d)->address - function_of(d)->range_first
				  : 0;
		return (any_h){ o->device };
	case PLAT_VIRTIO_MMIO:
		*number = platform.board.slot[d->index].line;
		*mode = IRQ_LEVEL;
		break;
	default: *number = UART_LINE; break;
	}
	return ANY(powers.lines);
}

static u32 make_irq(const struct device *d, const struct opened *o)
{
	u64 line, mode, offset;
	any_h source = irq_source(d, o, &line, &mode);
	u32 slot = sys_slot();
	memory_h memory;
	u32 number = sys_pages(1, 1, &memory, &offset);

	if (slot != 0 && number != SYS_NO_PAGES &&
	    err_is_ok(irq_create(memory, SLOT_OWN(slot), offset, source, line, mode)))
		return slot;
	if (number != SYS_NO_PAGES)
		sys_pages_free(number, 1);
	sys_slot_free(slot);
	return 0;
}

static void interrupt(struct msg *m, u32 number, u64 message)
{
	const struct device *d = &platform.device[number];
	struct opened *o = &opened[number];

	answer(m, PLAT_NONE);
	if (message >= d->d.irqs || message >= PLAT_MESSAGES)
		return;
	if (o->irq[message] == 0)
		o->irq[message] = make_irq(d, o);
	answer(m, o->irq[message] != 0 ? PLAT_OK : PLAT_FAILED);
	if (o->irq[message] != 0)
		give(m, o->irq[message], RIGHTS_ALL_IRQ);
}

static u64 route(const struct device *d, u64 message, u64 address, u64 data)
{
	if (message >= d->d.irqs || data >> 32 != 0)
		return PLAT_BAD;
	if (d->d.kind != PLAT_PCI)
		return PLAT_OK;
	return pci_route(function_of(d), (u32)message, address, (u32)data) ? PLAT_OK : PLAT_FAILED;
}

/* --- calls --------------------------------------------------------------------------------------- */

static void device_call(struct msg *m, u64 call, u32 number)
{
	const struct device *d = &platform.device[number];

	if (call == PLAT_DEVICE) {
		describe(m, d);
	} else if (call == PLAT_OPEN) {
		open_device(m, number, m->w[1]);
	} else if (!opened[number].open) {
		answer(m, PLAT_BAD);
	} else if (call == PLAT_REGION) {
		region(m, number, m->w[1]);
	} else if (call == PLAT_IRQ) {
		interrupt(m, number, m->w[1]);
	} else if (call == PLAT_ROUTE) {
		opened[number].quiet = false;
		answer(m, route(d, m->w[1], m->w[2], m->w[3]));
	} else if (call == PLAT_ENABLE) {
		if (d->d.kind == PLAT_PCI)
			pci_enable(function_of(d));
		opened[number].quiet = false;
		answer(m, PLAT_OK);
	} else {
		if (!opened[number].quiet)
			platform_quiesce(d);
		opened[number].quiet = true;
		answer(m, PLAT_OK);
	}
}

static void power(struct msg *m, u64 how)
{
	if (how == 0)
		power_off(&platform.firmware);
	else if (how == 1)
		power_reset(&platform.firmware);
	answer(m, how <= 1 ? PLAT_FAILED : PLAT_BAD);
}

void server_call(struct msg *m)
{
	u64 call = m->tag >> TAG_LABEL_SHIFT;

	if (call == PLAT_INFO)
		info(m);
	else if (call == PLAT_POWER)
		power(m, m->w[0]);
	else if (call < PLAT_INFO || call > PLAT_POWER)
		answer(m, PLAT_BAD);
	else if (m->w[0] >= platform.devices)
		answer(m, PLAT_NONE);
	else
		device_call(m, call, (u32)m->w[0]);
}

void server_run(ep_h ep, u32 machine_features, volatile u64 *message_page)
{
	struct msg m = { .tag = (u64)SUP_READY << TAG_LABEL_SHIFT };

	server_init(machine_features, message_page);
	(void)ep_call((ep_h){ COMP_SUPERVISOR }, &m, 0);
	err_t e = ep_recv(ep, &m, 0);
	for (;;) {
		if (err_is_ok(e)) {
			server_call(&m);
			e = ep_reply_recv(ep, &m, 0, (reply_h){ 0 });
		} else {
			m = (struct msg){ 0 };
			e = ep_recv(ep, &m, 0);
		}
	}
}
