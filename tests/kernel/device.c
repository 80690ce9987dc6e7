/* SPDX-License-Identifier: MIT */
/*
 * I/O ports, devices and I/O spaces.
 */
#include "ktest.h"

TESTS(ioport_in, ioport_out, device_create, device_bind);

enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71, CMOS_BYTE = 0x34 };

TEST(ports, "ports can be written and read, in one, two and four bytes")
{
	ioports_h p = { HANDLE_IOPORTS };
	u64 v = 0;

	/* A byte of the clock's memory that has no meaning while the machine runs. */
	EXPECT_OK(ioport_out(p, CMOS_INDEX, 1, CMOS_BYTE));
	EXPECT_OK(ioport_out(p, CMOS_DATA, 1, 0x5a));
	EXPECT_OK(ioport_out(p, CMOS_INDEX, 1, CMOS_BYTE));
	EXPECT_OK(ioport_in(p, CMOS_DATA, 1, &v));
	if (v == 0xff)
		test_skip("no real-time clock");
	EXPECT_EQ(v, 0x5a);
	EXPECT_OK(ioport_in(p, CMOS_INDEX, 2, &v));
	EXPECT(v <= 0xffff);
	EXPECT_OK(ioport_in(p, 0x80, 4, &v));
	EXPECT(v <= 0xffffffff);
}

TEST(port_limits, "ports outside the range, and those of the kernel, are refused")
{
	ioports_h all = { HANDLE_IOPORTS };
	ioports_h part = { sys_range((any_h){ HANDLE_IOPORTS }, 0x70, 2, RIGHT_IOPORTS_IN) };
	u64 v;

	EXPECT_OK(ioport_in(part, 1, 1, &v));
	EXPECT_ERR(ioport_in(part, 1, 2, &v), ERR_RANGE);
	EXPECT_ERR(ioport_in(part, 2, 1, &v), ERR_RANGE);
	EXPECT_ERR(ioport_out(part, 0, 1, 0), ERR_RIGHTS);
	EXPECT_ERR(ioport_in(all, 0x70, 3, &v), ERR_ARG);
	EXPECT_ERR(ioport_in(all, 0xffff, 2, &v), ERR_RANGE);
	/* The old interrupt controllers. */
	EXPECT_ERR(ioport_out(all, 0x20, 1, 0), ERR_RANGE);
	EXPECT_ERR(ioport_in(all, 0x1e, 4, &v), ERR_RANGE);
	EXPECT_ERR(ioport_in(all, 0xa1, 1, &v), ERR_RANGE);
}

static err_t try_device_with(u64 rights, u64 first, u64 count, slot_t slot)
{
	devctl_h functions = { sys_range((any_h){ HANDLE_DEVCTL }, first, count, rights) };
	memory_h memory;
	u64 offset;

	EXPECT(functions.h != 0);
	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	return device_create(memory, slot, offset, functions);
}

static err_t try_device(u64 first, u64 count, slot_t slot)
{
	return try_device_with(RIGHTS_ALL_DEVCTL, first, count, slot);
}

static bool has_iommu(void)
{
	return (sys_info->features & FEATURE_IOMMU) != 0;
}

TEST(device_none, "without an IOMMU there are no I/O spaces, and devices only with UNCONFINED")
{
	slot_t slot = new_slot();
	any_h h;

	if (has_iommu())
		test_skip("there is an IOMMU");
	EXPECT_ERR(try_device_with(RIGHT_DEVCTL_CREATE, 0x10, 1, slot), ERR_DEVICE);
	EXPECT_ERR(sys_create(OBJ_IOSPACE, 0, &h), ERR_DEVICE);
	EXPECT_OK(try_device(0x10, 1, slot));
	EXPECT_OK(device_bind((device_h){ (u32)slot.where }, (iospace_h){ 0 }));
}

TEST(device_limits, "a device has at most eight functions, on one bus")
{
	EXPECT_ERR(try_device(0x10, 9, new_slot()), ERR_RANGE);
	EXPECT_ERR(try_device(0xff, 2, new_slot()), ERR_RANGE);
}

TEST(device_once, "a function belongs to one device")
{
	slot_t a = new_slot();

	EXPECT_OK(try_device(0x10, 2, a));
	EXPECT_ERR(try_device(0x11, 1, new_slot()), ERR_BUSY);
	EXPECT_OK(try_device(0x12, 1, new_slot()));
	EXPECT_OK(sys_delete(a));
	EXPECT_OK(try_device(0x11, 1, new_slot()));
}

static void need_iommu(void)
{
	if (!has_iommu())
		test_skip("no IOMMU");
}

TEST(device_binds, "a device can be bound to an I/O space, to another, and to none")
{
	slot_t slot = new_slot();
	any_h a, b;

	need_iommu();
	EXPECT_OK(try_device(0x18, 1, slot));
	device_h d = { (u32)slot.where };
	EXPECT_OK(sys_create(OBJ_IOSPACE, 0, &a));
	EXPECT_OK(sys_create(OBJ_IOSPACE, 0, &b));
	EXPECT_OK(device_bind(d, (iospace_h){ a.h }));
	EXPECT_OK(device_bind(d, (iospace_h){ b.h }));
	EXPECT_OK(device_bind(d, (iospace_h){ 0 }));
	EXPECT_OK(device_bind(d, (iospace_h){ a.h }));
	EXPECT_OK(sys_destroy(a));
	EXPECT_OK(device_bind(d, (iospace_h){ b.h }));
	EXPECT_OK(sys_delete(slot));
}

TEST(iospace_maps, "frames can be entered into an I/O space, device memory cannot")
{
	struct sys_space sp = { 0 };
	frames_h f = sys_frames(2);
	grant_h g;
	any_h io;

	need_iommu();
	EXPECT_OK(sys_create(OBJ_IOSPACE, 0, &io));
	sp.space.h = io.h;
	EXPECT_OK(sys_map_frames(&sp, ANY(f), 0x100000, 2, MAP_READ | MAP_WRITE, &g));
	EXPECT_OK(sys_unmap(g, 0x100000, 2, 0));
	EXPECT_OK(sys_map(&sp, g, 0x100000, 0, 2, MAP_READ | MAP_WRITE));
	EXPECT_OK(sys_destroy(ANY(f)));
	for (u32 i = 0; i < sys_info->regions; i++) {
		if (!sys_info->region[i].is_ram)
			EXPECT_ERR(grant_create((any_h){ sys_info->region[i].handle }, new_slot(),
						io, 0x100000, 1, RIGHT_GRANT_READ),
				   ERR_TYPE);
	}
}

TEST(message_irq, "a message interrupt has address and data while it is bound")
{
	slot_t dev = new_slot(), irq = new_slot();
	notif_h n = sys_notif();
	memory_h memory;
	u64 offset, address = 0, data = 0;

	EXPECT_OK(try_device(0x20, 1, dev));
	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	EXPECT_ERR(irq_create(memory, irq, offset, (any_h){ (u32)dev.where }, 0, 1), ERR_ARG);
	EXPECT_OK(irq_create(memory, irq, offset, (any_h){ (u32)dev.where }, 0, 0));
	irq_h q = { (u32)irq.where };
	EXPECT_ERR(irq_message(q, &address, &data), ERR_STATE);
	EXPECT_OK(irq_bind(q, n, 1));
	EXPECT_OK(irq_message(q, &address, &data));
	EXPECT_EQ(address >> 20, 0xfee);
	EXPECT_OK(irq_ack(q));
	EXPECT_OK(sys_delete(dev));
	EXPECT_ERR(irq_bind(q, n, 1), ERR_STATE);
}
