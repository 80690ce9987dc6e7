/* SPDX-License-Identifier: MIT */
/*
 * Finding all devices, and telling the client about them in one form.
 *
 * Owns:   the list of devices.
 */
#include "devices.h"

#include "../../drivers/virtio/regs.h"

enum {
	VIRTIO_VENDOR = 0x1af4,
	VIRTIO_MODERN = 0x1040,
	VIRTIO_FEATURES_HIGH = 33 - 32,
	GROUP_OTHER = 0x80000000, /* of devices that are not PCI functions */
	UART_INTERRUPTS_PORT = 1,
};
/* Where functions without a place get one: below what boards use for themselves. */
#define WINDOW_FIRST 0xc0000000ull
#define WINDOW_END 0xe0000000ull
#define PORTS_FIRST 0xc000u
#define PORTS_END 0xfff0u

struct platform platform;

static struct device *add(uint32_t kind, uint32_t index)
{
	struct device *d = &platform.device[platform.devices];

	*d = (struct device){ .d = { .kind = kind, .access_platform = 1 }, .index = index };
	if (platform.devices < DEVICES_MAX - 1)
		platform.devices++;
	else
		sys_print("more than %d devices\n", DEVICES_MAX - 1);
	return d;
}

static void set_platform(struct plat_device *d, const struct virtio_platform *v)
{
	const uint64_t *word = (const uint64_t *)v;

	_Static_assert(sizeof *v % 8 == 0 && sizeof *v <= sizeof d->platform, "fits");
	d->platform_bytes = sizeof *v;
	for (uint32_t i = 0; i < sizeof *v / 8; i++)
		d->platform[i] = word[i];
}

/* --- virtio over PCI --------------------------------------------------------------------- */

/* Does it offer VIRTIO_F_ACCESS_PLATFORM?  The driver's selection of features is its own affair. */
static bool offers_platform(const struct pci_function *f)
{
	const struct virtio_place *p = &f->virtio.pci.common;
	volatile uint32_t *common;

	if (p->bytes < PCI_COMMON_BYTES || f->bar[p->region].address == 0)
		return false;
	common = phys_map(f->bar[p->region].address + p->offset, PCI_COMMON_BYTES);
	if (common == NULL)
		return false;
	uint32_t old = cfg_read(f->address, CFG_COMMAND) & 0xffff;
	cfg_write(f->address, CFG_COMMAND, old | COMMAND_MEMORY);
	common[PCI_DEVICE_FEATURE_SELECT / 4] = 1;
	bool offered = (common[PCI_DEVICE_FEATURE / 4] & 1u << VIRTIO_FEATURES_HIGH) != 0;
	cfg_write(f->address, CFG_COMMAND, old);
	return offered;
}

static uint32_t node_of(uint32_t address)
{
	for (uint32_t i = 0; i < platform.firmware.nodes; i++) {
		if (platform.firmware.node[i].address == address)
			return platform.firmware.node[i].node;
	}
	return 0;
}

static void add_function(uint32_t index)
{
	struct pci_function *f = &pci.function[index];
	struct plat_device *d = &add(PLAT_PCI, index)->d;

	d->address = f->address;
	d->vendor = f->vendor;
	d->device = f->device;
	d->class_code = f->class_code;
	d->subsystem = f->subsystem;
	d->irqs = f->messages;
	d->group = f->group;
	d->numa_node = node_of(f->address);
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		d->region_bytes[i] = f->bar[i].address != 0 ? f->bar[i].bytes : 0;
		d->region_ports |= (uint32_t)f->bar[i].ports << i;
	}
	if (f->is_virtio) {
		d->access_platform = offers_platform(f);
		set_platform(d, &f->virtio);
	}
}

/* --- others -------------------------------------------------------------------------------- */

static void add_slot(uint32_t index)
{
	const struct board_slot *s = &platform.board.slot[index];
	const struct virtio_platform v = { .transport = VIRTIO_MMIO, .device_type = s->type };
	struct plat_device *d = &add(PLAT_VIRTIO_MMIO, index)->d;

	d->address = (uint32_t)s->address;
	d->vendor = VIRTIO_VENDOR;
	d->device = VIRTIO_MODERN + s->type;
	d->irqs = 1;
	d->group = GROUP_OTHER + index;
	d->region_bytes[0] = SLOT_BYTES;
	d->access_platform = 0;
	set_platform(d, &v);
}

static void add_uart(void)
{
	struct plat_device *d = &add(PLAT_LEGACY, 0)->d;

	d->address = UART_PORT;
	d->device = PLAT_LEGACY_UART;
	d->irqs = 1;
	d->group = GROUP_OTHER + BOARD_SLOTS;
	d->region_bytes[0] = UART_PORTS;
	d->region_ports = 1;
}

void platform_find(const struct platform_options *o)
{
	const struct pci_window memory = { WINDOW_FIRST, WINDOW_END };
	const struct pci_window ports = { PORTS_FIRST, PORTS_END };
	struct firmware *f = &platform.firmware;

	platform.devices = 0;
	firmware_read(f, o->acpi_root);
	if (f->damaged != 0)
		sys_print("%u damaged tables of the firmware\n", f->damaged);
	board_find_window(f);
	if (f->has_ecam)
		cfg_use_window(f->ecam, f->ecam_first_bus, f->ecam_last_bus);
	pci_find();
	pci_place(&memory, &ports);
	for (uint32_t i = 0; i < pci.functions; i++)
		pci_read_caps(&pci.function[i]);
	pci_group();
	for (uint32_t i = 0; i < pci.functions; i++) {
		if (!pci.function[i].bridge && pci.function[i].class_code >> 8 != 0x0600)
			add_function(i);
	}
	board_find(&platform.board, f, o->virtio_slots);
	for (uint32_t i = 0; i < platform.board.slots; i++)
		add_slot(i);
	if (platform.board.uart)
		add_uart();
}

uint64_t platform_region(const struct device *d, uint32_t region)
{
	if (region >= PCI_BARS || d->d.region_bytes[region] == 0)
		return 0;
	switch (d->d.kind) {
	case PLAT_PCI: return pci.function[d->index].bar[region].address;
	case PLAT_VIRTIO_MMIO: return platform.board.slot[d->index].address;
	default: return UART_PORT;
	}
}

void platform_quiesce(const struct device *d)
{
	switch (d->d.kind) {
	case PLAT_PCI: pci_quiesce(&pci.function[d->index]); break;
	case PLAT_VIRTIO_MMIO: board_reset_slot(&platform.board.slot[d->index]); break;
	default: port_write(UART_PORT + UART_INTERRUPTS_PORT, 1, 0); break;
	}
}
