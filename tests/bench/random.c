/* SPDX-License-Identifier: MIT */
/*
 * Calls with arguments chosen at random from what the table of the interface
 * allows, on objects that are there only for that: how long does each take at
 * most?  Calls that had to wait do not count.
 */
#include "bench.h"
#include "fuzz_grammar.h"

enum { ROUNDS = 150, CALLS = 600, SLOTS = 128, PAGES = 256, SEED = 20, TRIES = 8 };
#define RANDOM_AREA 0x60000000000ull
#define WAIT_US 20

/* tests/kernel/call.S */
u64 raw_call(u64 nr, u64 handle, const u64 arg[5], u64 out[3]);

static u32 slot[SLOTS];
static u64 state = 1;

/* xorshift64*, Vigna 2016. */
static u64 any(u64 below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dull >> 16) % below;
}

/* --- the objects --------------------------------------------------------------------------- */

/* What is not made of memory: as much of it as can do no harm. */
static void seed_ranges(void)
{
	(void)range_derive((any_h){ HANDLE_CPUS }, SLOT_OWN(slot[1]), 0, 1, RIGHTS_ALL_CPUS);
	(void)range_derive((any_h){ HANDLE_IOPORTS }, SLOT_OWN(slot[2]), 0x80, 1,
			   RIGHTS_ALL_IOPORTS);
	(void)range_derive((any_h){ HANDLE_IRQCTL }, SLOT_OWN(slot[3]), 20, 3, RIGHTS_ALL_IRQCTL);
	(void)range_derive((any_h){ HANDLE_DEVCTL }, SLOT_OWN(slot[4]), 0x800, 4,
			   RIGHTS_ALL_DEVCTL);
	(void)cap_derive((any_h){ HANDLE_SYSTEM }, SLOT_OWN(slot[5]), RIGHT_SYSTEM_TRACE, 0);
}

/* One object of each kind, and a space that has its tables and a grant. */
static void seed_objects(memory_h memory)
{
	static const u8 types[] = { OBJ_TABLE,  OBJ_SLOTS,  OBJ_SPACE,  OBJ_PTABLE,
				    OBJ_PTABLE, OBJ_PTABLE, OBJ_THREAD, OBJ_SCHED,
				    OBJ_EP,     OBJ_NOTIF,  OBJ_THREAD };
	u32 page = 0, at = 6;

	for (u32 i = 0; i < sizeof types; i++) {
		u64 param = types[i] == OBJ_THREAD ? (u64)(PRIO_LOW - 1) << 8 : 0;
		(void)object_create(memory, SLOT_OWN(slot[at + i]), types[i], page, param);
		page += types[i] == OBJ_SPACE ? 2 : 1;
	}
	any_h space = { slot[at + 2] };
	for (u64 level = 3; level > 0; level--)
		(void)ptable_attach((ptable_h){ slot[at + 6 - level] }, space, RANDOM_AREA, level,
				    NULL);
	at += sizeof types;
	(void)frames_create(memory, SLOT_OWN(slot[at]), PAGES - 64, 64);
	(void)grant_create((any_h){ slot[at] }, SLOT_OWN(slot[at + 1]), space, RANDOM_AREA, 64,
			   RIGHT_GRANT_READ | RIGHT_GRANT_WRITE | RIGHT_GRANT_MAP);
}

/* Delete whatever a slot holds; the pages are free afterwards. */
static void clear(u32 s)
{
	u64 more = 1, ticket = 0;

	while (more != 0) {
		u64 start = counter();
		if (!err_is_ok(cap_delete(SLOT_OWN(s), &more, &ticket)))
			return;
		worst_took(SYS_CAP_DELETE, counter() - start);
	}
	more = 1;
	while (more != 0) {
		u64 start = counter();
		(void)cap_drain(ticket, &more);
		worst_took(SYS_CAP_DRAIN, counter() - start);
	}
}

/* --- the calls ------------------------------------------------------------------------------- */

/* Of the types asked for, if one is found soon. */
static u64 any_cap(u32 objects)
{
	u64 kind = 0, h = 0;

	for (u32 i = 0; i < TRIES; i++) {
		h = slot[any(SLOTS)];
		if (err_is_ok(cap_info((any_h){ (u32)h }, &kind, NULL, NULL)) &&
		    (objects == 0 || objects & 1u << (kind & 0xff)))
			break;
	}
	return h;
}

static u64 any_value(const struct fuzz_arg *a)
{
	u64 width = a->max - a->min;

	switch (a->kind) {
	case FUZZ_CAP: return a->optional && any(3) == 0 ? 0 : any_cap(a->objects);
	case FUZZ_SLOT:
	case FUZZ_FROM: return slot[any(SLOTS)];
	case FUZZ_U64: break;
	default: return 0;
	}
	switch (any(4)) {
	case 0: return a->max;
	case 1: return a->min + any(width < 64 ? width + 1 : 64);
	default: return a->min + any(width < 4 ? width + 1 : 4);
	}
}

/* Where the table says too little for the call to do something. */
static void sense(u32 nr, u64 arg[5])
{
	switch (nr) {
	case SYS_OBJECT_CREATE:
		arg[1] = 1 + any(OBJ_MAX);
		arg[2] = any(PAGES);
		arg[3] = arg[1] == OBJ_THREAD ? (u64)(PRIO_LOW - 1) << 8 | any(2) : 0;
		break;
	case SYS_FRAMES_CREATE:
	case SYS_IRQ_CREATE:
	case SYS_DEVICE_CREATE: arg[1] = any(PAGES); break;
	case SYS_GRANT_CREATE: arg[2] = RANDOM_AREA; break;
	case SYS_PTABLE_ATTACH: arg[1] = RANDOM_AREA + any(3) * (1ull << 21); break;
	case SYS_GRANT_MAP:
	case SYS_GRANT_UNMAP:
	case SYS_SPACE_HARVEST: arg[0] = RANDOM_AREA + any(4) * SYS_PAGE; break;
	case SYS_SPACE_COPY: arg[1] = RANDOM_AREA; break;
	case SYS_SCHED_CONFIGURE: arg[2] = arg[3] = 100000; break;
	default: break;
	}
}

/* Nobody may ever come. */
static void wait_shortly(u32 nr, u64 arg[5])
{
	if (nr >= SYS_EP_CALL && nr <= SYS_EP_RECV)
		arg[1] = sys_after(WAIT_US);
	if (nr == SYS_NOTIF_WAIT)
		arg[0] = sys_after(WAIT_US);
}

static bool has_waited(u64 result)
{
	return result == ERRNO_DONE_TIMEOUT || result == ERRNO_DONE_CANCELLED ||
	       result == ERRNO_DONE_GONE;
}

static void one_call(void)
{
	const struct fuzz_call *c = &fuzz_calls[any(sizeof fuzz_calls / sizeof fuzz_calls[0])];
	u64 arg[5] = { 0 }, out[3];

	/* Whoever reads the console expects lines of another kind. */
	if (c->nr == SYS_SYSTEM_DEBUG_WRITE)
		return;
	for (u32 i = 0; i < c->args; i++)
		arg[i] = any_value(&c->arg[i]);
	if (any(16) != 0)
		sense(c->nr, arg);
	wait_shortly(c->nr, arg);
	u64 handle = any_value(&c->handle);
	u64 start = counter();
	u64 result = raw_call(c->nr, handle, arg, out);
	u64 ticks = counter() - start;
	if (!has_waited(result))
		worst_took(c->nr, ticks);
}

void bench_random(void)
{
	memory_h memory;
	u64 offset;

	if (sys_pages(PAGES, 1, &memory, &offset) == SYS_NO_PAGES)
		sys_panic("no memory for random calls");
	for (u32 i = 0; i < SLOTS; i++)
		slot[i] = sys_slot();
	for (u32 round = 0; round < ROUNDS; round++) {
		sys_must(range_derive(ANY(memory), SLOT_OWN(slot[0]), offset, PAGES,
				      RIGHTS_ALL_MEMORY),
			 "memory");
		seed_ranges();
		seed_objects((memory_h){ slot[0] });
		for (u32 i = 0; i < CALLS; i++)
			one_call();
		for (u32 i = 0; i < SLOTS; i++)
			clear(slot[i]);
	}
}
