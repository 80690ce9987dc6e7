/* SPDX-License-Identifier: MIT */
/*
 * The longest calls about devices, where an IOMMU has to answer before they end.
 */
#include "bench.h"

enum { PAGES = 64, FUNCTIONS = 8, FIRST = 0x900 };
#define RW (MAP_READ | MAP_WRITE)
#define IO_AREA 0x100000ull

static u64 start;
#define TIMED(nr, call)                                                                            \
	do {                                                                                       \
		start = counter();                                                                 \
		sys_must(call, #call);                                                             \
		worst_took(nr, counter() - start);                                                 \
	} while (0)

static iospace_h io_space(struct sys_space *as_space)
{
	any_h io;

	sys_must(sys_create(OBJ_IOSPACE, 0, &io), "I/O space");
	as_space->space.h = io.h;
	return (iospace_h){ io.h };
}

static device_h device(void)
{
	u32 range = sys_slot(), dst = sys_slot();
	memory_h memory;
	u64 offset;

	sys_must(range_derive((any_h){ HANDLE_DEVCTL }, SLOT_OWN(range), FIRST, FUNCTIONS,
			      RIGHTS_ALL_DEVCTL),
		 "functions");
	(void)sys_pages(1, 1, &memory, &offset);
	TIMED(SYS_DEVICE_CREATE, device_create(memory, SLOT_OWN(dst), offset, (devctl_h){ range }));
	return (device_h){ dst };
}

static void delete (u32 h)
{
	u64 more = 1;

	while (more != 0)
		TIMED(SYS_CAP_DELETE, cap_delete(SLOT_OWN(h), &more, NULL));
}

/* Entries come and go while the device can use them. */
static void entries(struct sys_space *sp)
{
	frames_h f = sys_frames(PAGES);
	grant_h g;
	u64 done;

	sys_must(sys_map_frames(sp, ANY(f), IO_AREA, PAGES, RW, &g), "map");
	TIMED(SYS_GRANT_UNMAP, grant_unmap(g, IO_AREA, PAGES, 0, &done));
	TIMED(SYS_GRANT_MAP, grant_map(g, IO_AREA, 0, PAGES, RW, &done));
	TIMED(SYS_GRANT_MAP, grant_map(g, IO_AREA, 0, PAGES, MAP_READ, &done));
	delete (f.h);
}

void bench_device(void)
{
	static struct sys_space a, b;

	if ((sys_info->features & FEATURE_IOMMU) == 0)
		return;
	iospace_h first = io_space(&a), second = io_space(&b);
	device_h d = device();
	notif_h n = sys_notif();

	TIMED(SYS_DEVICE_BIND, device_bind(d, first));
	TIMED(SYS_DEVICE_WATCH, device_watch(d, n, 1));
	entries(&a);
	TIMED(SYS_DEVICE_BIND, device_bind(d, second));
	TIMED(SYS_DEVICE_BIND, device_bind(d, (iospace_h){ 0 }));
	TIMED(SYS_DEVICE_BIND, device_bind(d, first));
	delete (first.h);
	delete (d.h);
}
