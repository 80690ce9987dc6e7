/* SPDX-License-Identifier: MIT */
/*
 * Devices, I/O spaces and message-signalled interrupts, with QEMU's `edu`
 * device (docs/specs/edu.txt in its sources), which copies memory on request
 * and interrupts when told to.  Skipped on machines without it; what has to do
 * with I/O spaces, on those without an IOMMU.
 */
#include "ktest.h"

TESTS(device_create, device_bind, device_watch, device_faults, irq_message, irq_create, irq_bind, irq_ack, ioport_in,
      ioport_out);

enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc, PCI_MSI = 5, EDU_ID = 0x11e81234 };
enum { PCI_COMMAND = 4, PCI_BAR0 = 0x10, PCI_CAPS = 0x34 };
enum { COMMAND_MEMORY = 2, COMMAND_MASTER = 4, COMMAND_NO_INTX = 0x400 };
/* Registers of edu, in bytes. */
enum { EDU_RAISE = 0x60, EDU_LOWER = 0x64, EDU_SRC = 0x80, EDU_DST = 0x88, EDU_COUNT = 0x90 };
enum { EDU_COMMAND = 0x98, EDU_BUFFER = 0x40000, EDU_GO = 1, EDU_TO_MEMORY = 2 };
#define PORTS ((ioports_h){ HANDLE_IOPORTS })
#define IO_WINDOW 0x200000ull /* edu has 28 address bits */
#define PATTERN 0x7465737365726121ull

static volatile u8 *const regs = (volatile u8 *)AREA_B;
static volatile u64 *const page = (volatile u64 *)AREA_A;
static u32 edu; /* requester id */
static device_h dev;
static iospace_h io;
static struct sys_space io_space;

static u32 pci_read(u32 id, u32 reg)
{
	u64 value = 0;

	EXPECT_OK(ioport_out(PORTS, PCI_ADDRESS, 4, 1u << 31 | id << 8 | (reg & 0xfc)));
	EXPECT_OK(ioport_in(PORTS, PCI_DATA, 4, &value));
	return (u32)value;
}

static void pci_write(u32 id, u32 reg, u32 value)
{
	EXPECT_OK(ioport_out(PORTS, PCI_ADDRESS, 4, 1u << 31 | id << 8 | (reg & 0xfc)));
	EXPECT_OK(ioport_out(PORTS, PCI_DATA, 4, value));
}

/* Registers of edu at `regs`. */
static void map_registers(void)
{
	u64 first = (pci_read(edu, PCI_BAR0) & ~0xfu) / SYS_PAGE;
	grant_h grant;

	for (u32 i = 0; i < sys_info->regions; i++) {
		const struct boot_region *r = &sys_info->region[i];

		if (r->is_ram || first < r->first || first + 256 > r->first + r->count)
			continue;
		u32 bar = sys_range((any_h){ r->handle }, first - r->first, 256, RIGHTS_ALL_DEVMEM);
		EXPECT_OK(sys_map_frames(&sys_own_space, (any_h){ bar }, AREA_B, 256,
					 MAP_READ | MAP_WRITE, &grant));
		return;
	}
	test_fail(__FILE__, __LINE__, "no device memory holds edu's registers", first, 0);
}

static err_t device_of(u32 first, u32 count, device_h *out)
{
	u32 functions = sys_range((any_h){ HANDLE_DEVCTL }, first, count, RIGHTS_ALL_DEVCTL);
	slot_t slot = new_slot();
	memory_h memory;
	u64 offset;

	EXPECT(functions != 0);
	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	out->h = (u32)slot.where;
	return device_create(memory, slot, offset, (devctl_h){ functions });
}

static void find_edu(void)
{
	for (edu = 0; edu < 256 && pci_read(edu, 0) != EDU_ID; edu += 8)
		;
	if (edu == 256)
		test_skip("no edu device");
	pci_write(edu, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX);
	map_registers();
}

static bool has_iommu(void)
{
	return (sys_info->features & FEATURE_IOMMU) != 0;
}

static void set_up_device(void)
{
	find_edu();
	EXPECT_OK(device_of(edu, 1, &dev));
}

/* edu as a device, with an I/O space of its own to which it is not bound yet. */
static void set_up(void)
{
	any_h h;

	if (!has_iommu())
		test_skip("no IOMMU");
	set_up_device();
	EXPECT_OK(sys_create(OBJ_IOSPACE, 0, &h));
	io.h = h.h;
	io_space = (struct sys_space){ .space = { io.h } };
}

/* --- interrupts ------------------------------------------------------------------ */

static err_t message_into(slot_t slot, device_h d, u64 function)
{
	memory_h memory;
	u64 offset;

	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	return irq_create(memory, slot, offset, ANY(d), function, 0);
}

static err_t message_create(device_h d, u64 function, irq_h *out)
{
	slot_t slot = new_slot();

	out->h = (u32)slot.where;
	return message_into(slot, d, function);
}

/* Write an interrupt's message into edu's MSI capability, of the 64-bit form. */
static void message_program(irq_h irq)
{
	u64 address = 0, data = 0;
	u32 at = pci_read(edu, PCI_CAPS) & 0xfc;

	while (at != 0 && (pci_read(edu, at) & 0xff) != PCI_MSI)
		at = pci_read(edu, at) >> 8 & 0xfc;
	EXPECT(at != 0);
	EXPECT_OK(irq_message(irq, &address, &data));
	pci_write(edu, at + 4, (u32)address);
	pci_write(edu, at + 8, (u32)(address >> 32));
	pci_write(edu, at + 12, (u32)data);
	pci_write(edu, at, pci_read(edu, at) | 1u << 16);
}

static void edu_raise(void)
{
	*(volatile u32 *)(regs + EDU_RAISE) = 1;
	*(volatile u32 *)(regs + EDU_LOWER) = 1;
}

/* Bits that come soon, or 0. */
static u64 bits_of(notif_h n)
{
	u64 bits = 0;

	return err_is_ok(notif_wait(n, sys_after(20000), &bits)) ? bits : 0;
}

/* Bits that must come, however slow the emulator is. */
static u64 bits_to_come(notif_h n)
{
	u64 bits = 0;

	EXPECT_OK(notif_wait(n, sys_after(1500000), &bits));
	return bits;
}

TEST(device_message, "a message of a device is signalled once for each acknowledgement")
{
	notif_h n = sys_notif();
	irq_h irq;

	set_up_device();
	EXPECT_OK(message_create(dev, 0, &irq));
	EXPECT_ERR(irq_message(irq, NULL, NULL), ERR_STATE);
	EXPECT_OK(irq_bind(irq, n, 0x11));
	message_program(irq);
	edu_raise();
	EXPECT_EQ(bits_of(n), 0);
	EXPECT_OK(irq_ack(irq));
	edu_raise();
	EXPECT_EQ(bits_to_come(n), 0x11);
	edu_raise();
	edu_raise();
	EXPECT_EQ(bits_of(n), 0);
	EXPECT_OK(irq_ack(irq));
	EXPECT_EQ(bits_to_come(n), 0x11);
	EXPECT_OK(irq_ack(irq));
	EXPECT_EQ(bits_of(n), 0);
	edu_raise();
	EXPECT_EQ(bits_to_come(n), 0x11);
}

TEST(device_forged, "a device cannot send an interrupt of another device")
{
	notif_h n = sys_notif();
	device_h other;
	irq_h irq, own;

	if (!(sys_info->features & FEATURE_IRQ_REMAP))
		test_skip("no interrupt remapping");
	set_up_device();
	EXPECT_OK(device_of(edu ^ 1, 1, &other));
	EXPECT_OK(message_create(other, 0, &irq));
	EXPECT_OK(irq_bind(irq, n, 1));
	EXPECT_OK(irq_ack(irq));
	message_program(irq);
	edu_raise();
	EXPECT_EQ(bits_of(n), 0);
	/* Its own one still works. */
	EXPECT_OK(message_create(dev, 0, &own));
	EXPECT_OK(irq_bind(own, n, 2));
	EXPECT_OK(irq_ack(own));
	message_program(own);
	edu_raise();
	EXPECT_EQ(bits_to_come(n), 2);
}

TEST(device_stale, "a message that was valid before the interrupt was unbound arrives nowhere")
{
	notif_h n = sys_notif();
	irq_h irq;

	if (!(sys_info->features & FEATURE_IRQ_REMAP))
		test_skip("no interrupt remapping");
	set_up_device();
	EXPECT_OK(message_create(dev, 0, &irq));
	EXPECT_OK(irq_bind(irq, n, 1));
	EXPECT_OK(irq_ack(irq));
	message_program(irq);
	EXPECT_OK(irq_bind(irq, (notif_h){ 0 }, 0));
	edu_raise();
	EXPECT_EQ(bits_of(n), 0);
	EXPECT_OK(irq_bind(irq, n, 2));
	EXPECT_OK(irq_ack(irq));
	message_program(irq);
	EXPECT_OK(sys_delete(SLOT_OWN(dev.h)));
	EXPECT_ERR(irq_ack(irq), ERR_STATE);
	EXPECT_ERR(irq_bind(irq, n, 2), ERR_STATE);
	edu_raise();
	EXPECT_EQ(bits_of(n), 0);
}

TEST_FOR(device_storm, 10, "a message that comes a thousand times unacknowledged is disabled")
{
	notif_h n = sys_notif();
	irq_h irq;

	set_up_device();
	EXPECT_OK(message_create(dev, 0, &irq));
	EXPECT_OK(irq_bind(irq, n, 1));
	message_program(irq);
	EXPECT_OK(irq_ack(irq));
	edu_raise();
	EXPECT_EQ(bits_to_come(n), 1);
	u64 bits = 0;
	for (u32 i = 0; i < 100000 && !err_is_ok(notif_wait(n, 1, &bits)); i++)
		edu_raise();
	EXPECT_EQ(bits, 1 | IRQ_STORM);
	edu_raise();
	EXPECT_EQ(bits_of(n), 0);
	EXPECT_OK(irq_ack(irq));
	EXPECT_EQ(bits_of(n), 0);
	edu_raise();
	EXPECT_EQ(bits_to_come(n), 1);
}

/* Which input an INTx pin arrives at stands in the firmware's bytecode: try those of PCI. */
TEST(device_level, "a level-triggered input stays masked until it is acknowledged")
{
	notif_h n = sys_notif();
	irq_h irq[8];

	find_edu();
	pci_write(edu, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
	for (u32 i = 0; i < 8; i++) {
		memory_h memory;
		u64 offset;
		slot_t slot = new_slot();

		EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
		irq[i].h = (u32)slot.where;
		EXPECT_OK(irq_create(memory, slot, offset, (any_h){ HANDLE_IRQCTL }, 16 + i,
				     IRQ_LEVEL));
		EXPECT_OK(irq_bind(irq[i], n, 1u << i));
		EXPECT_OK(irq_ack(irq[i]));
	}
	*(volatile u32 *)(regs + EDU_RAISE) = 1;
	u64 bits = bits_to_come(n);
	EXPECT_EQ(bits & (bits - 1), 0);
	u32 i = (u32)__builtin_ctzll(bits);
	EXPECT_EQ(bits_of(n), 0);
	/* Still asserted: it comes again at once. */
	EXPECT_OK(irq_ack(irq[i]));
	EXPECT_EQ(bits_to_come(n), bits);
	*(volatile u32 *)(regs + EDU_LOWER) = 1;
	EXPECT_OK(irq_ack(irq[i]));
	EXPECT_EQ(bits_of(n), 0);
	*(volatile u32 *)(regs + EDU_RAISE) = 1;
	EXPECT_EQ(bits_to_come(n), bits);
	*(volatile u32 *)(regs + EDU_LOWER) = 1;
	pci_write(edu, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX);
}

/* --- memory -------------------------------------------------------------------------- */

static void edu_set(u32 reg, u64 value)
{
	*(volatile u64 *)(regs + reg) = value;
}

/* 64 bytes between edu's buffer and an address as edu sees it; takes 100 ms. */
static void edu_copy(u64 address, bool to_memory)
{
	edu_set(EDU_SRC, to_memory ? EDU_BUFFER : address);
	edu_set(EDU_DST, to_memory ? address : EDU_BUFFER);
	edu_set(EDU_COUNT, 64);
	edu_set(EDU_COMMAND, to_memory ? EDU_GO | EDU_TO_MEMORY : EDU_GO);
	WAIT_FOR(!(*(volatile u64 *)(regs + EDU_COMMAND) & EDU_GO));
}

/* Two pages, the first with a pattern, which edu fetches if it can reach it. */
static frames_h two_pages(grant_h *grant)
{
	frames_h f = frames_at(AREA_A, 2, grant);

	for (u32 i = 0; i < 8; i++)
		page[i] = PATTERN + i;
	return f;
}

static void pages_into_io(frames_h f, u64 offset, u64 vaddr, u64 rights, grant_h *grant)
{
	u32 part = sys_range(ANY(f), offset, 1, RIGHT_FRAMES_READ | RIGHT_FRAMES_WRITE);

	EXPECT(part != 0);
	EXPECT_OK(sys_map_frames(&io_space, (any_h){ part }, vaddr, 1, rights, grant));
}

/* Can edu write to `address`, which is where page + 512 words lies or is not? */
static bool edu_writes(u64 address)
{
	page[512] = 1;
	edu_copy(address, true);
	return page[512] != 1;
}

TEST_FOR(device_reach, 10, "a device reaches what its I/O space maps, with the rights it has there")
{
	grant_h own, a, b;
	frames_h f;

	set_up();
	f = two_pages(&own);
	pages_into_io(f, 0, IO_WINDOW, MAP_READ, &a);
	EXPECT_OK(device_bind(dev, io));
	pages_into_io(f, 1, IO_WINDOW + SYS_PAGE, MAP_READ | MAP_WRITE, &b);
	edu_copy(IO_WINDOW, false);
	edu_copy(IO_WINDOW + SYS_PAGE, true);
	for (u32 i = 0; i < 8; i++)
		EXPECT_EQ(page[512 + i], PATTERN + i);
	/* Read-only, and not mapped. */
	page[0] = 1;
	edu_copy(IO_WINDOW, true);
	EXPECT_EQ(page[0], 1);
	EXPECT(!edu_writes(IO_WINDOW + 2 * SYS_PAGE));
	EXPECT(edu_writes(IO_WINDOW + SYS_PAGE));
}

TEST_FOR(device_physical, 10, "without an IOMMU a device reaches memory by its page number")
{
	u64 first = 0;
	grant_h own;
	frames_h f;

	if (has_iommu())
		test_skip("there is an IOMMU");
	set_up_device();
	f = two_pages(&own);
	EXPECT_OK(cap_info(ANY(f), NULL, &first, NULL));
	if ((first + 2) * SYS_PAGE > 1ull << 28)
		test_skip("memory lies beyond edu's address bits");
	edu_copy(first * SYS_PAGE, false);
	edu_copy((first + 1) * SYS_PAGE, true);
	for (u32 i = 0; i < 8; i++)
		EXPECT_EQ(page[512 + i], PATTERN + i);
}

TEST_FOR(device_unbound, 10, "a device that is bound to no I/O space reaches nothing")
{
	u64 first = 0;
	grant_h own, grant;
	frames_h f;

	set_up();
	f = two_pages(&own);
	EXPECT_OK(cap_info(ANY(f), NULL, &first, NULL));
	if ((first + 2) * SYS_PAGE > 1ull << 28)
		test_skip("memory lies beyond edu's address bits");
	EXPECT(!edu_writes((first + 1) * SYS_PAGE));
	pages_into_io(f, 1, IO_WINDOW, MAP_READ | MAP_WRITE, &grant);
	EXPECT(!edu_writes(IO_WINDOW));
	EXPECT_OK(device_bind(dev, io));
	EXPECT(edu_writes(IO_WINDOW));
	EXPECT(!edu_writes((first + 1) * SYS_PAGE));
	EXPECT_OK(device_bind(dev, (iospace_h){ 0 }));
	EXPECT(!edu_writes(IO_WINDOW));
}

TEST_FOR(device_faults_seen, 10, "a driver learns what its device was refused, at a bounded rate")
{
	notif_h n = sys_notif();
	u64 count = 0, address = 0, what = 0, bits = 0;
	grant_h own, grant;
	frames_h f;

	set_up();
	f = two_pages(&own);
	pages_into_io(f, 1, IO_WINDOW, MAP_READ, &grant);
	EXPECT_OK(device_bind(dev, io));
	EXPECT_OK(device_watch(dev, n, 5));
	edu_copy(IO_WINDOW, false);
	EXPECT_EQ(bits_of(n), 0);
	EXPECT_OK(device_faults(dev, &count, NULL, NULL));
	EXPECT_EQ(count, 0);
	edu_copy(IO_WINDOW + 2 * SYS_PAGE, true);
	EXPECT_EQ(bits_to_come(n), 5);
	EXPECT_OK(device_faults(dev, &count, &address, &what));
	EXPECT(count >= 1);
	EXPECT_EQ(address, IO_WINDOW + 2 * SYS_PAGE);
	EXPECT_EQ(what & (DEVICE_FAULT_WRITE | 0xffffull << DEVICE_FAULT_FUNCTION_SHIFT),
		  DEVICE_FAULT_WRITE);
	edu_copy(IO_WINDOW + SYS_PAGE, false);
	EXPECT_EQ(bits_to_come(n), 5);
	EXPECT_OK(device_faults(dev, &count, &address, &what));
	EXPECT_EQ(address, IO_WINDOW + SYS_PAGE);
	EXPECT_EQ(what & DEVICE_FAULT_WRITE, 0);
	EXPECT_OK(device_watch(dev, (notif_h){ 0 }, 0));
	while (err_is_ok(notif_wait(n, 1, &bits)))
		;
	edu_copy(IO_WINDOW + SYS_PAGE, false);
	EXPECT_EQ(bits_of(n), 0);
}

TEST_FOR(device_revoked, 10, "a device reaches no page whose grant, frames or space is gone")
{
	grant_h own, grant;
	frames_h f;

	set_up();
	f = two_pages(&own);
	pages_into_io(f, 1, IO_WINDOW, MAP_READ | MAP_WRITE, &grant);
	EXPECT_OK(device_bind(dev, io));
	EXPECT(edu_writes(IO_WINDOW));
	EXPECT_OK(sys_unmap(grant, IO_WINDOW, 1, 0));
	EXPECT(!edu_writes(IO_WINDOW));
	EXPECT_OK(sys_map(&io_space, grant, IO_WINDOW, 0, 1, MAP_READ | MAP_WRITE));
	EXPECT(edu_writes(IO_WINDOW));
	EXPECT_OK(sys_delete(SLOT_OWN(grant.h)));
	EXPECT(!edu_writes(IO_WINDOW));
	pages_into_io(f, 1, IO_WINDOW, MAP_READ | MAP_WRITE, &grant);
	EXPECT(edu_writes(IO_WINDOW));
	EXPECT_OK(sys_delete(SLOT_OWN(io.h)));
	EXPECT(!edu_writes(IO_WINDOW));
}

TEST_FOR(device_rebound, 10, "a device that is bound to another I/O space reaches only that one")
{
	struct sys_space first_space;
	grant_h own, grant;
	iospace_h first_io;
	frames_h f;
	any_h h;

	set_up();
	first_io = io;
	f = two_pages(&own);
	pages_into_io(f, 1, IO_WINDOW, MAP_READ | MAP_WRITE, &grant);
	first_space = io_space;
	EXPECT_OK(sys_create(OBJ_IOSPACE, 0, &h));
	io.h = h.h;
	io_space = (struct sys_space){ .space = { io.h } };
	pages_into_io(f, 1, IO_WINDOW + SYS_PAGE, MAP_READ | MAP_WRITE, &grant);
	EXPECT_OK(device_bind(dev, first_io));
	EXPECT(edu_writes(IO_WINDOW));
	EXPECT(!edu_writes(IO_WINDOW + SYS_PAGE));
	EXPECT_OK(device_bind(dev, io));
	EXPECT(!edu_writes(IO_WINDOW));
	EXPECT(edu_writes(IO_WINDOW + SYS_PAGE));
	EXPECT_EQ(first_space.space.h, first_io.h);
	/* Destroyed while bound, it comes back without anything. */
	EXPECT_OK(sys_delete(SLOT_OWN(dev.h)));
	EXPECT(!edu_writes(IO_WINDOW + SYS_PAGE));
	EXPECT_OK(device_of(edu, 1, &dev));
	EXPECT(!edu_writes(IO_WINDOW + SYS_PAGE));
}

TEST(device_irqs, "a device has at most 64 interrupts, each of one of its functions")
{
	device_h d;
	irq_h irq;

	EXPECT_OK(device_of(0x20, 2, &d));
	EXPECT_ERR(message_create(d, 2, &irq), ERR_RANGE);
	/* Their capabilities lie in a table of their own, from index 1 on. */
	table_h table = sys_table();
	for (u32 i = 0; i < 2; i++)
		EXPECT_OK(table_attach(table, sys_slots(), i));
	for (u32 i = 0; i < 64; i++)
		EXPECT_OK(message_into(SLOT_IN(table, 1 + i), d, i % 2));
	EXPECT_ERR(message_create(d, 0, &irq), ERR_DEVICE);
	EXPECT_OK(sys_delete(SLOT_IN(table, 30)));
	EXPECT_OK(message_create(d, 0, &irq));
}
