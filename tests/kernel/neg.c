/* SPDX-License-Identifier: MIT */
/*
 * The wrong calls that are generated from the table of the interface.
 *
 * Each must give the error that the table says, and leave alone the slot that
 * it names as destination.
 */
#include "ktest.h"
#include "neg_values.h"
#include "trace_names.h"

enum { CASES = sizeof neg_cases / sizeof neg_cases[0] };

static u32 made[OBJ_MAX + 1]; /* a capability with all rights, by type */

/* Ranges that the first program has; 0: this machine has none of the kind. */
static u32 boot_range(u32 type)
{
	switch (type) {
	case OBJ_MEMORY: return test_memory;
	case OBJ_IRQCTL: return HANDLE_IRQCTL;
	case OBJ_IOPORTS: return HANDLE_IOPORTS;
	case OBJ_DEVCTL: return HANDLE_DEVCTL;
	case OBJ_CPUS: return HANDLE_CPUS;
	case OBJ_SYSTEM: return HANDLE_SYSTEM;
	default: break;
	}
	for (u32 i = 0; type == OBJ_DEVMEM && i < sys_info->regions; i++) {
		if (!sys_info->region[i].is_ram)
			return sys_info->region[i].handle;
	}
	return 0;
}

/* One that has a reply right, which it keeps where it was told. */
static void save_reply(struct worker *w)
{
	struct msg m = { 0 };

	if (err_is_ok(ep_recv(w->ep, &m, 0)))
		w->result = reply_save((slot_t){ w->a });
	(void)notif_wait(nowhere, 0, NULL);
}

static void call_once(struct worker *w)
{
	struct msg m = { 0 };

	w->result = ep_call(w->ep, &m, 0);
}

static u32 make_reply(void)
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, save_reply);
	slot_t slot = new_slot();

	w->ep = sys_ep();
	w->a = slot.where;
	worker_run(w);
	(void)worker_at(PRIO_HIGH + 1, 0, call_once, w->ep);
	WAIT_FOR(!slot_is_empty((u32)slot.where));
	return (u32)slot.where;
}

static u32 make_grant(u64 rights)
{
	static frames_h frames;
	slot_t slot = new_slot();

	if (made[OBJ_GRANT] == 0)
		frames = sys_frames(1);
	EXPECT_OK(grant_create(ANY(frames), slot, (any_h){ HANDLE_SPACE }, AREA_B, 1, rights));
	return (u32)slot.where;
}

static u32 make_irq(void)
{
	memory_h memory;
	u64 offset;
	slot_t slot = new_slot();

	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	for (u64 i = 16; i-- > 0;) {
		if (err_is_ok(irq_create(memory, slot, offset, (any_h){ HANDLE_IRQCTL }, i, 0)))
			return (u32)slot.where;
	}
	return 0;
}

static u32 make(u32 type)
{
	any_h h = { 0 };
	frames_h frames;

	if (OBJ_CAN_CREATE(type)) {
		/* There are no I/O spaces without an IOMMU. */
		(void)sys_create(type, 0, &h);
		return h.h;
	}
	switch (type) {
	case OBJ_FRAMES: EXPECT_OK(sys_create_frames(1, 1, &frames)); return frames.h;
	case OBJ_REPLY: return make_reply();
	case OBJ_GRANT: return make_grant(RIGHTS_ALL_GRANT & ~RIGHT_GRANT_EXEC);
	case OBJ_IRQ: return make_irq();
	default: return boot_range(type);
	}
}

static u32 neg_capability(u32 type, u32 rights)
{
	if (type == OBJ_GRANT && rights != RIGHTS_ALL_GRANT)
		return make_grant(rights &
				  (RIGHT_GRANT_READ | RIGHT_GRANT_WRITE | RIGHT_GRANT_EXEC));
	if (made[type] == 0)
		made[type] = make(type);
	if (made[type] == 0 || type == OBJ_REPLY || type == OBJ_GRANT)
		return made[type];
	return sys_derive((any_h){ made[type] }, rights & cap_rights(made[type]), 0);
}

static u32 neg_own_table(u32 rights)
{
	return sys_derive((any_h){ HANDLE_TABLE }, rights, 0);
}

static void run_case(const struct neg_case *c)
{
	u64 arg[5], out[3];
	u64 handle;

	if (!neg_arguments(c, &handle, arg))
		return;
	u64 got = raw_call(c->nr, handle, arg, out);
	if (got != c->want)
		test_fail(c->name, c->nr, "the error is the table's", got, c->want);
	if (!slot_is_empty(neg_slots.dst))
		test_fail(c->name, c->nr, "the destination stays empty", 1, 0);
}

static void run_call(void)
{
	memset(made, 0, sizeof made);
	neg_slots.empty = sys_slot();
	neg_slots.dst = sys_slot();
	neg_slots.src = sys_ep().h;
	for (u32 i = 0; i < CASES; i++) {
		if (neg_cases[i].nr == test_arg)
			run_case(&neg_cases[i]);
	}
}

u32 neg_tests(struct test *to, u32 max)
{
	static char names[CALL_NAMES][64];
	u32 n = 0;

	for (u32 i = 0; i < CASES && n < max; i++) {
		u32 nr = neg_cases[i].nr;

		if (i > 0 && neg_cases[i - 1].nr == nr)
			continue;
		sys_format(names[nr], sizeof names[nr],
			   "every wrong form of %s is refused as the table says", call_names[nr]);
		to[n++] = (struct test){ run_call, names[nr], 10, nr };
	}
	return n;
}
