/* SPDX-License-Identifier: MIT */
/*
 * The wrong calls that are generated from the table of the interface, on the
 * simulated machine, where after each it is checked that it changed nothing.
 */
#include <string.h>

#include "harness.h"

#include "../kernel/neg_values.h"

enum { CASES = sizeof neg_cases / sizeof neg_cases[0], PRIO = 100, WINDOW = 0x40000000 };

static u64 made[OBJ_MAX + 1]; /* a capability with all rights, by type */

static u64 free_page(void)
{
	u32 p = host_mem.pages - 1;

	while (PD(p)->type != PAGE_FREE)
		p--;
	return p - host_root.memory;
}

static u64 new_device(void)
{
	u64 functions = new_handle(), h = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_DEVCTL, functions, 8, 1, RIGHTS_ALL_DEVCTL),
	   ERRNO_OK);
	IS(CALL3(root, SYS_DEVICE_CREATE, HANDLE_MEMORY, h, free_page(), functions), ERRNO_OK);
	return h;
}

static u64 new_irq(void)
{
	u64 h = new_handle();

	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, h, free_page(), HANDLE_IRQCTL, 3, 0),
	   ERRNO_OK);
	return h;
}

static u64 new_reply(void)
{
	struct worker server = new_thread(0, PRIO, 0), client = new_thread(0, PRIO, 0);
	u64 ep = new_object(OBJ_EP, 0), h = new_handle();

	IS(CALL2(server.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL2(client.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CALL1(server.t, SYS_REPLY_SAVE, 0, h), ERRNO_OK);
	run(root);
	return h;
}

/* Grants cannot be derived: one is made with these rights. */
static u64 new_grant(u32 rights)
{
	u64 h = new_handle();

	IS(call(root, SYS_GRANT_CREATE, new_frames(1), h, HANDLE_SPACE, WINDOW, 1, rights),
	   ERRNO_OK);
	return h;
}

static u64 new_cap(u32 type)
{
	if (OBJ_CAN_CREATE(type))
		return new_object(type, 0);
	switch (type) {
	case OBJ_MEMORY: return HANDLE_MEMORY;
	case OBJ_DEVMEM: return HANDLE_DEVMEM;
	case OBJ_IRQCTL: return HANDLE_IRQCTL;
	case OBJ_IOPORTS: return HANDLE_IOPORTS;
	case OBJ_DEVCTL: return HANDLE_DEVCTL;
	case OBJ_CPUS: return HANDLE_CPUS;
	case OBJ_SYSTEM: return HANDLE_SYSTEM;
	case OBJ_FRAMES: return new_frames(1);
	case OBJ_DEVICE: return new_device();
	case OBJ_IRQ: return new_irq();
	case OBJ_REPLY: return new_reply();
	case OBJ_GRANT: return new_grant(RIGHTS_ALL_GRANT);
	default: return 0;
	}
}

static u32 neg_capability(u32 type, u32 rights)
{
	if (type == OBJ_GRANT && rights != RIGHTS_ALL_GRANT)
		return (u32)new_grant(rights);
	if (made[type] == 0)
		made[type] = new_cap(type);
	CHECK(made[type] != 0);
	if (type == OBJ_REPLY || type == OBJ_GRANT)
		return (u32)made[type];
	return (u32)derive(made[type], rights & SLOT(slot_of(made[type]))->rights, 0);
}

static u32 neg_own_table(u32 rights)
{
	return (u32)derive(HANDLE_TABLE, rights, 0);
}

/* The table of capabilities holds a part of the cases at a time. */
static void run_cases(u32 first, u32 end)
{
	u64 handle, a[5];

	memset(made, 0, sizeof made);
	neg_slots.empty = (u32)new_handle();
	neg_slots.dst = (u32)new_handle();
	neg_slots.src = (u32)new_object(OBJ_EP, 0);
	for (u32 i = first; i < end; i++) {
		const struct neg_case *c = &neg_cases[i];

		CHECK(neg_arguments(c, &handle, a));
		if (call(root, c->nr, handle, a[0], a[1], a[2], a[3], a[4]) != c->want)
			test_failed(c->name, __FILE__, __LINE__, result(root));
		IS(SLOT(slot_of(neg_slots.dst))->type, 0);
	}
}

#define PART(n, parts) run_cases(CASES *(n) / (parts), CASES * ((n) + 1) / (parts))
TEST(neg_first, "wrong calls are refused as the table says: the first quarter")
{
	PART(0, 4);
}

TEST(neg_second, "wrong calls are refused as the table says: the second quarter")
{
	PART(1, 4);
}

TEST(neg_third, "wrong calls are refused as the table says: the third quarter")
{
	PART(2, 4);
}

TEST(neg_fourth, "wrong calls are refused as the table says: the last quarter")
{
	PART(3, 4);
}
