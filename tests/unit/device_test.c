/* SPDX-License-Identifier: MIT */
/*
 * Devices, I/O spaces, I/O ports.
 */
#include "harness.h"

enum { ID = 16, RW = MAP_READ | MAP_WRITE };
#define WINDOW 0x40000000ull

static u64 free_offset(void)
{
	u32 p = host_mem.pages - 1;

	while (PD(p)->type != PAGE_FREE)
		p--;
	return p - host_root.memory;
}

static u64 functions(u64 first, u64 count)
{
	u64 h = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_DEVCTL, h, first, count, RIGHTS_ALL_DEVCTL),
	   ERRNO_OK);
	return h;
}

static u64 confined(u64 of)
{
	return derive(of, RIGHT_DEVCTL_CREATE, 0);
}

static long create(u64 dst, u64 first, u64 count)
{
	return CALL3(root, SYS_DEVICE_CREATE, HANDLE_MEMORY, dst, free_offset(),
		     functions(first, count));
}

static u64 new_device(u32 first, u32 count)
{
	u64 h = new_handle();

	IS(create(h, first, count), ERRNO_OK);
	return h;
}

static long bind(u64 device, u64 io)
{
	return CALL1(root, SYS_DEVICE_BIND, device, io);
}

/* A grant on an I/O space, and its one page at WINDOW. */
static u64 new_mapping(u64 frames, u64 io, u64 rights)
{
	u64 g = new_handle();

	new_ptables(io, WINDOW);
	IS(call(root, SYS_GRANT_CREATE, frames, g, io, WINDOW, 1, rights | RIGHT_GRANT_MAP),
	   ERRNO_OK);
	IS(CALL4(root, SYS_GRANT_MAP, g, WINDOW, 0, 1, rights), ERRNO_OK);
	return g;
}

TEST(device_dma, "a device reaches what its I/O space maps, and only while it is bound")
{
	u64 io = new_object(OBJ_IOSPACE, 0), f = new_frames(1), device = new_device(ID, 2);

	(void)new_mapping(f, io, MAP_READ);
	IS(host_dma(ID, WINDOW, HOST_READ), NIL);
	IS(bind(device, io), ERRNO_OK);
	IS(host_dma(ID, WINDOW, HOST_READ), page_of(f));
	IS(host_dma(ID + 1, WINDOW, HOST_READ), page_of(f));
	IS(host_dma(ID + 2, WINDOW, HOST_READ), NIL);
	IS(host_dma(ID, WINDOW, HOST_WRITE), NIL);
	IS(host_dma(ID, WINDOW + PAGE_SIZE, HOST_READ), NIL);
	IS(bind(device, 0), ERRNO_OK);
	IS(host_dma(ID, WINDOW, HOST_READ), NIL);
}

TEST(device_rebind, "a device that is bound to another I/O space reaches nothing of the first")
{
	u64 a = new_object(OBJ_IOSPACE, 0), b = new_object(OBJ_IOSPACE, 0);
	u64 f = new_frames(1), g = new_frames(1), device = new_device(ID, 1);

	(void)new_mapping(f, a, RW);
	(void)new_mapping(g, b, RW);
	IS(bind(device, a), ERRNO_OK);
	IS(host_dma(ID, WINDOW, HOST_WRITE), page_of(f));
	IS(bind(device, b), ERRNO_OK);
	IS(host_dma(ID, WINDOW, HOST_WRITE), page_of(g));
	delete_all(b);
	IS(host_dma(ID, WINDOW, HOST_WRITE), NIL);
	IS(DV(page_of(device))->bound, NIL);
	IS(bind(device, a), ERRNO_OK);
	delete_all(device);
	IS(host_dma(ID, WINDOW, HOST_WRITE), NIL);
}

TEST(device_grant_dies, "a device reaches no page whose grant or frames are gone")
{
	u64 io = new_object(OBJ_IOSPACE, 0), f = new_frames(1), device = new_device(ID, 1);
	u64 g = new_mapping(f, io, RW);

	IS(bind(device, io), ERRNO_OK);
	IS(host_dma(ID, WINDOW, HOST_WRITE), page_of(f));
	delete_all(g);
	IS(host_dma(ID, WINDOW, HOST_WRITE), NIL);
	(void)new_mapping(f, io, RW);
	IS(host_dma(ID, WINDOW, HOST_WRITE), page_of(f));
	delete_all(f);
	IS(host_dma(ID, WINDOW, HOST_WRITE), NIL);
}

TEST(device_hang, "while an IOMMU does not answer, no page becomes free that a device could reach")
{
	u64 io = new_object(OBJ_IOSPACE, 0), f = new_frames(1), device = new_device(ID, 1);
	u32 page = page_of(f);

	(void)new_mapping(f, io, RW);
	IS(bind(device, io), ERRNO_OK);
	host.knobs.iommu_hangs = true;
	for (u32 i = 0; i < 100; i++) {
		IS(CALL1(root, SYS_CAP_DELETE, 0, f), ERRNO_OK);
		IS(out(root, 0), 1);
	}
	IS(PD(page)->type, OBJ_FRAMES);
	IS(bind(device, io), ERRNO_DEVICE);
	host.knobs.iommu_hangs = false;
	delete_all(f);
	IS(PD(page)->type, PAGE_FREE);
}

TEST(device_functions, "a function belongs to one device at a time")
{
	u64 h = new_handle();
	u64 a = new_device(ID, 8);

	IS(create(h, ID + 7, 1), ERRNO_BUSY);
	IS(create(h, ID - 1, 2), ERRNO_BUSY);
	(void)new_device(ID + 8, 1);
	delete_all(a);
	IS(create(h, ID + 7, 1), ERRNO_OK);
}

TEST(device_refused, "device_create refuses more than eight functions, two buses, other segments")
{
	u64 h = new_handle();

	IS(create(h, ID, 9), ERRNO_RANGE);
	IS(create(h, 254, 4), ERRNO_RANGE);
	IS(CALL3(root, SYS_DEVICE_CREATE, HANDLE_MEMORY, h, host_root.thread - host_root.memory,
		 functions(ID, 1)),
	   ERRNO_BUSY);
	IS(create(h, HOST_REQUESTERS, 1), ERRNO_DEVICE);
	host.iommu = false;
	IS(CALL3(root, SYS_DEVICE_CREATE, HANDLE_MEMORY, h, free_offset(),
		 confined(functions(ID, 1))),
	   ERRNO_DEVICE);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_IOSPACE, 300, 0), ERRNO_DEVICE);
}

TEST(device_unconfined, "without an IOMMU a device is made with UNCONFINED only, and has interrupts")
{
	u64 device, irq = new_handle(), n = new_object(OBJ_NOTIF, 0);

	host.iommu = false;
	device = new_device(ID, 2);
	IS(create(new_handle(), ID + 1, 1), ERRNO_BUSY);
	IS(bind(device, 0), ERRNO_OK);
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, irq, free_offset(), device, 1, 0), ERRNO_OK);
	IS(CALL2(root, SYS_IRQ_BIND, irq, n, 4), ERRNO_OK);
	IS(CALL0(root, SYS_IRQ_ACK, irq), ERRNO_OK);
	host_raise_message(IRQ(page_of(irq))->entry);
	settle();
	IS(CALL1(root, SYS_NOTIF_WAIT, n, 1), ERRNO_OK);
	IS(out(root, 0), 4);
	delete_all(device);
	IS(CALL0(root, SYS_IRQ_ACK, irq), ERRNO_STATE);
	IS(CALL2(root, SYS_IRQ_BIND, irq, n, 4), ERRNO_STATE);
	IS(create(new_handle(), ID + 1, 1), ERRNO_OK);
}

TEST(device_confined, "with an IOMMU a device is confined whatever right it was made with")
{
	u64 h = new_handle(), device = new_device(ID, 1);

	IS(host_dma(ID, WINDOW, HOST_READ), NIL);
	delete_all(device);
	IS(CALL3(root, SYS_DEVICE_CREATE, HANDLE_MEMORY, h, free_offset(),
		 confined(functions(ID, 1))),
	   ERRNO_OK);
	IS(host_dma(ID, WINDOW, HOST_READ), NIL);
}

/* The signal that comes, or 0. */
static u64 signalled(u64 n)
{
	settle();
	return CALL1(root, SYS_NOTIF_WAIT, n, 1) == ERRNO_OK ? out(root, 0) : 0;
}

TEST(device_faults, "who holds a device learns which of its accesses were refused")
{
	u64 device = new_device(ID, 2), other = new_device(ID + 2, 1);
	u64 n = new_object(OBJ_NOTIF, 2);

	IS(CALL2(root, SYS_DEVICE_WATCH, device, n, 0), ERRNO_ARG);
	IS(CALL2(root, SYS_DEVICE_WATCH, device, n, 8), ERRNO_OK);
	IS(CALL0(root, SYS_DEVICE_FAULTS, device), ERRNO_OK);
	IS(out(root, 0), 0);
	IS(host_dma(ID + 2, WINDOW, HOST_READ), NIL);
	IS(signalled(n), 0);
	IS(host_dma(ID + 1, WINDOW + 8, HOST_WRITE), NIL);
	IS(signalled(n), 8);
	IS(CALL0(root, SYS_DEVICE_FAULTS, device), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(out(root, 1), WINDOW);
	IS(out(root, 2), 1 << DEVICE_FAULT_FUNCTION_SHIFT | DEVICE_FAULT_WRITE | 5);
	/* Asked before the interrupt has come. */
	IS(host_dma(ID, WINDOW + PAGE_SIZE, HOST_READ), NIL);
	IS(CALL0(root, SYS_DEVICE_FAULTS, device), ERRNO_OK);
	IS(out(root, 0), 2);
	IS(out(root, 2), 6);
	IS(CALL0(root, SYS_DEVICE_FAULTS, other), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(signalled(n), 8);
	IS(CALL2(root, SYS_DEVICE_WATCH, device, 0, 0), ERRNO_OK);
	IS(host_dma(ID, WINDOW, HOST_READ), NIL);
	IS(signalled(n), 0);
}

TEST(device_watch_ends, "a watch ends with the notification; its badge is what is signalled")
{
	u64 device = new_device(ID, 1), n = new_object(OBJ_NOTIF, 0);
	u64 b = derive(n, RIGHT_NOTIF_SIGNAL, 0x100);

	IS(CALL2(root, SYS_DEVICE_WATCH, device, b, 1), ERRNO_OK);
	IS(host_dma(ID, WINDOW, HOST_READ), NIL);
	IS(signalled(n), 0x100);
	delete_all(n);
	IS(SLOT(SLOT_OF(page_of(device), DEVICE_SLOT_NOTIF))->type, 0);
	IS(host_dma(ID, WINDOW, HOST_READ), NIL);
	settle();
	n = new_object(OBJ_NOTIF, 0);
	IS(CALL2(root, SYS_DEVICE_WATCH, device, n, 2), ERRNO_OK);
	delete_all(device);
	IS(host_dma(ID, WINDOW, HOST_READ), NIL);
	IS(signalled(n), 0);
	delete_all(n);
}

TEST(device_count, "there are at most DEVICES_MAX devices, and one that goes makes room")
{
	u64 last = 0, h = new_handle(), f = new_handle();

	for (u32 i = 0; i < DEVICES_MAX; i++) {
		last = new_handle();
		IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_DEVCTL, f, i, 1, RIGHTS_ALL_DEVCTL),
		   ERRNO_OK);
		IS(CALL3(root, SYS_DEVICE_CREATE, HANDLE_MEMORY, last, free_offset(), f), ERRNO_OK);
		delete_all(f);
	}
	IS(create(h, DEVICES_MAX, 1), ERRNO_DEVICE);
	delete_all(last);
	IS(create(h, DEVICES_MAX, 1), ERRNO_OK);
}

TEST(device_irq_limit,
     "a device has at most DEVICE_IRQS_MAX interrupts, each of one of its functions")
{
	u64 device = new_device(ID, 2), last = 0, h;

	h = new_handle();
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, h, free_offset(), device, 2, 0), ERRNO_RANGE);
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, h, free_offset(), device, 0, 1), ERRNO_ARG);
	for (u32 i = 0; i < DEVICE_IRQS_MAX; i++) {
		last = new_handle();
		IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, last, free_offset(), device, i % 2, 0),
		   ERRNO_OK);
		IS(IRQ(page_of(last))->source, ID + i % 2);
	}
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, h, free_offset(), device, 0, 0), ERRNO_DEVICE);
	delete_all(last);
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, h, free_offset(), device, 0, 0), ERRNO_OK);
	delete_all(device);
	IS(IRQ(page_of(h))->device, NIL);
}

TEST(device_rights, "an interrupt can be made of a device only with the right IRQ")
{
	u64 device = new_device(ID, 1), h = new_handle();
	u64 weak = derive(device, RIGHT_DEVICE_BIND, 0);

	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, h, free_offset(), weak, 0, 0), ERRNO_RIGHTS);
}

TEST(iospace_numbers, "I/O spaces are as many as the IOMMU has numbers for them")
{
	u64 h, first = new_object(OBJ_IOSPACE, 0);

	for (u32 i = 1; i < HOST_DOMAINS; i++)
		(void)new_object(OBJ_IOSPACE, 0);
	h = new_handle();
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_IOSPACE, 300, 0), ERRNO_DEVICE);
	delete_all(first);
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_IOSPACE, 300, 0), ERRNO_OK);
}

TEST(port_access, "ports are read and written in widths of 1, 2 and 4, inside the range")
{
	u64 some = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_IOPORTS, some, 0x60, 8, RIGHTS_ALL_IOPORTS),
	   ERRNO_OK);
	IS(CALL3(root, SYS_IOPORT_OUT, some, 4, 4, 0x12345678), ERRNO_OK);
	CHECK(host.port_written == 0x64 && host.port_value == 0x12345678);
	IS(CALL2(root, SYS_IOPORT_IN, some, 1, 2), ERRNO_OK);
	IS(out(root, 0), 0x6161);
	IS(CALL3(root, SYS_IOPORT_OUT, some, 5, 4, 0), ERRNO_RANGE);
	IS(CALL2(root, SYS_IOPORT_IN, some, 8, 1), ERRNO_RANGE);
	IS(CALL2(root, SYS_IOPORT_IN, some, 0, 3), ERRNO_ARG);
	IS(CALL2(root, SYS_IOPORT_IN, HANDLE_IOPORTS, 0x20, 1), ERRNO_RANGE);
	IS(CALL2(root, SYS_IOPORT_IN, HANDLE_IOPORTS, 0x1f, 2), ERRNO_RANGE);
}
