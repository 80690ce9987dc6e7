/* SPDX-License-Identifier: MIT */
/*
 * A device on the bus of QEMU's microvm, without IOMMU: memory by physical
 * addresses, and an I/O APIC input as interrupt.  A virtio entropy source
 * (Virtual I/O Device version 1.2, 4.2 and 5.4) fills one buffer.
 */
#include "ktest.h"

TESTS(irq_create, irq_bind, irq_ack, cap_info);

enum { MMIO_PAGE = 0xfeb00, MMIO_PAGES = 3, MMIO_STEP = 0x200, MAGIC = 0x74726976, RNG = 4 };
/* Registers, in bytes. */
enum { DEVICE_ID = 8, FEATURES_SELECT = 0x24, FEATURES = 0x20, QUEUE_SIZE = 0x38 };
enum { QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50, IRQ_STATUS = 0x60, IRQ_ACK = 0x64, STATUS = 0x70 };
enum { QUEUE_DESC = 0x80, QUEUE_AVAIL = 0x90, QUEUE_USED = 0xa0, VERSION = 4 };
enum { ACKNOWLEDGED = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, DESC_WRITE = 2 };
/* Which input a transport has stands in tables: try all that microvm uses. */
enum { LINE_FIRST = 5, LINES = 43 };

static volatile u32 *regs;
static volatile u64 *const page = (volatile u64 *)AREA_A;

static volatile u32 *reg(u32 at)
{
	return regs + at / 4;
}

static void find_rng(void)
{
	grant_h grant;
	u32 bar = 0;

	for (u32 i = 0; i < sys_info->regions && bar == 0; i++) {
		const struct boot_region *r = &sys_info->region[i];

		if (!r->is_ram && r->first <= MMIO_PAGE && MMIO_PAGE + MMIO_PAGES <= r->first + r->count)
			bar = sys_range((any_h){ r->handle }, MMIO_PAGE - r->first, MMIO_PAGES,
					RIGHTS_ALL_DEVMEM);
	}
	if (bar == 0)
		test_skip("no device memory there");
	EXPECT_OK(sys_map_frames(&sys_own_space, (any_h){ bar }, AREA_B, MMIO_PAGES,
				 MAP_READ | MAP_WRITE, &grant));
	regs = (volatile u32 *)AREA_B;
	for (u32 i = 0; i < MMIO_PAGES * SYS_PAGE / MMIO_STEP; i++, regs += MMIO_STEP / 4) {
		if (*reg(0) == MAGIC && *reg(DEVICE_ID) == RNG && *reg(VERSION) == 2)
			return;
	}
	test_skip("no virtio entropy source");
}

static void set_address(u32 at, u64 address)
{
	*reg(at) = (u32)address;
	*reg(at + 4) = (u32)(address >> 32);
}

/* One queue of one descriptor in the page at `address`; the buffer is its last quarter. */
static void start(u64 address)
{
	*reg(STATUS) = 0;
	*reg(STATUS) = ACKNOWLEDGED | DRIVER;
	*reg(FEATURES_SELECT) = 1;
	*reg(FEATURES) = 1; /* VIRTIO_F_VERSION_1 */
	*reg(STATUS) = ACKNOWLEDGED | DRIVER | FEATURES_OK;
	*reg(QUEUE_SIZE) = 1;
	set_address(QUEUE_DESC, address);
	set_address(QUEUE_AVAIL, address + 1024);
	set_address(QUEUE_USED, address + 2048);
	*reg(QUEUE_READY) = 1;
	*reg(STATUS) = ACKNOWLEDGED | DRIVER | FEATURES_OK | DRIVER_OK;
	page[0] = address + 3072;
	page[1] = 64 | (u64)DESC_WRITE << 32;
}

static void ask(u32 number)
{
	__atomic_store_n((volatile u16 *)(AREA_A + 1026), (u16)number, __ATOMIC_SEQ_CST);
	*reg(QUEUE_NOTIFY) = 0;
}

TEST_FOR(virtio_line, 10, "an interrupt line and physical addresses drive a device without IOMMU")
{
	notif_h n = sys_notif();
	irq_h irq[LINES];
	u64 first = 0, bits = 0;
	grant_h grant;

	find_rng();
	frames_h f = frames_at(AREA_A, 1, &grant);

	for (u32 i = 0; i < LINES; i++) {
		slot_t slot = new_slot();
		memory_h memory;
		u64 offset;

		EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
		irq[i].h = (u32)slot.where;
		if (!err_is_ok(irq_create(memory, slot, offset, (any_h){ HANDLE_IRQCTL },
					  LINE_FIRST + i, IRQ_LEVEL)))
			continue;
		EXPECT_OK(irq_bind(irq[i], n, 1ull << i));
		EXPECT_OK(irq_ack(irq[i]));
	}
	EXPECT_OK(cap_info(ANY(f), NULL, &first, NULL));
	start(first * SYS_PAGE);
	for (u32 number = 1; number <= 3; number++) {
		page[384] = 0;
		ask(number);
		EXPECT_OK(notif_wait(n, sys_after(3000000), &bits));
		EXPECT_EQ(bits & (bits - 1), 0);
		EXPECT_EQ(((volatile u16 *)(AREA_A + 2048))[1], number);
		EXPECT(page[384] != 0 || page[385] != 0);
		*reg(IRQ_ACK) = *reg(IRQ_STATUS);
		EXPECT_OK(irq_ack(irq[__builtin_ctzll(bits)]));
	}
	*reg(STATUS) = 0;
	EXPECT_ERR(notif_wait(n, sys_after(20000), &bits), DONE_TIMEOUT);
}
