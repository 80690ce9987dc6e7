/* SPDX-License-Identifier: MIT */
/*
 * The invariants themselves: each can be broken, and is then the one that says so.
 *
 * Words of kernel state are changed one at a time, as a bug might, and all
 * invariants evaluated; what each change breaks first is counted.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "inv.h"
#include "inv_cap.h"
#include "inv_device.h"
#include "inv_ipc.h"
#include "inv_page.h"
#include "inv_sched.h"
#include "inv_space.h"
#include "inv_thread.h"

#define NAME(pred) #pred,
static const char *const names[] = {
	PAGE_INVARIANTS(NAME) CAP_INVARIANTS(NAME) THREAD_INVARIANTS(NAME) TNODE_INVARIANTS(NAME)
		SCHED_INVARIANTS(NAME) EP_INVARIANTS(NAME) NOTIF_INVARIANTS(NAME)
			IRQ_INVARIANTS(NAME) DEVICE_INVARIANTS(NAME) SPACE_INVARIANTS(NAME)
				PTABLE_INVARIANTS(NAME) CPU_INVARIANTS(NAME)
};
enum { NAMES = sizeof(names) / sizeof(names[0]), BITS = 11, SOME_SLOTS = 24 };
static u32 broken[NAMES];
static u32 *at, value;

static void change_and_look(void)
{
	*at = value;
	const bool holds = kernel_inv();

	for (u32 i = 0; !holds && i < NAMES; i++)
		broken[i] += strcmp(names[i], inv_failed.name) == 0;
}

static void set(u32 *word, u32 to)
{
	const u32 old = *word;

	at = word;
	value = to;
	(void)failure_of(change_and_look);
	*word = old;
}

/* One bit, so that a page or slot stays one that there is: predicates lean on each other for that. */
static void change(u32 *word)
{
	for (u32 i = 0; i < BITS; i++)
		set(word, *word ^ 1u << i);
	set(word, 0);
}

static void change_all(void *from, u64 bytes)
{
	for (u64 i = 0; i < bytes / sizeof(u32); i++)
		change((u32 *)from + i);
}

/* --- a machine in the midst of things -------------------------------------------------------- */

static u64 free_offset(void)
{
	u32 p = host_mem.pages - 1;

	while (PD(p)->type != PAGE_FREE)
		p--;
	return p - host_root.memory;
}

/* Threads in every queue there is: senders, receivers, waiters with and without deadline, ready ones. */
static void threads(u64 notif)
{
	u64 sends = new_object(OBJ_EP, 0), receives = new_object(OBJ_EP, 1), saved = new_handle();
	struct worker w[8], client = new_thread(0, 100, 0), server = new_thread(0, 100, 0);

	for (u32 i = 0; i < 8; i++)
		w[i] = new_thread(i % TEST_CPUS, 100, 0);
	IS(CALL2(w[0].t, SYS_EP_CALL, derive(sends, RIGHTS_ALL_EP, 7), 1, 0), BLOCKED);
	IS(CALL2(w[1].t, SYS_EP_SEND, sends, 1, 1ull << 40), BLOCKED);
	IS(CALL2(w[2].t, SYS_EP_RECV, receives, 0, 0), BLOCKED);
	IS(CALL3(root, SYS_THREAD_BIND, w[3].thread, THREAD_NOTIF, new_object(OBJ_NOTIF, 0), 0),
	   ERRNO_OK);
	IS(CALL2(w[3].t, SYS_EP_RECV, receives, 0, 1ull << 41), BLOCKED);
	IS(CALL1(w[4].t, SYS_NOTIF_WAIT, notif, 0), BLOCKED);
	IS(CALL1(w[5].t, SYS_NOTIF_WAIT, notif, 1ull << 42), BLOCKED);
	IS(CALL2(server.t, SYS_EP_RECV, receives, 0, 0), BLOCKED);
	receives = new_object(OBJ_EP, 0);
	IS(CALL2(client.t, SYS_EP_CALL, receives, 1, 0), BLOCKED);
	client = new_thread(0, 100, 0);
	server = new_thread(0, 100, 0);
	IS(CALL2(server.t, SYS_EP_RECV, receives, 0, 0), ERRNO_OK);
	IS(CALL1(server.t, SYS_REPLY_SAVE, 0, saved), ERRNO_OK);
	IS(CALL2(client.t, SYS_EP_CALL, receives, 1, 0), BLOCKED);
	IS(CALL2(server.t, SYS_EP_RECV, receives, 0, 0), ERRNO_OK);
}

static void devices(u64 notif)
{
	u64 functions = new_handle(), device = new_handle(), irq = new_handle(),
	    line = new_handle();
	u64 io = new_object(OBJ_IOSPACE, 0), frames = new_frames(4), grant = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_DEVCTL, functions, 0x20, 2, RIGHTS_ALL_DEVCTL),
	   ERRNO_OK);
	IS(CALL3(root, SYS_DEVICE_CREATE, HANDLE_MEMORY, device, free_offset(), functions),
	   ERRNO_OK);
	IS(CALL1(root, SYS_DEVICE_BIND, device, io), ERRNO_OK);
	IS(CALL2(root, SYS_DEVICE_WATCH, device, notif, 8), ERRNO_OK);
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, irq, free_offset(), device, 0, 0), ERRNO_OK);
	IS(CALL2(root, SYS_IRQ_BIND, irq, notif, 2), ERRNO_OK);
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, line, free_offset(), HANDLE_IRQCTL, 5, 0),
	   ERRNO_OK);
	IS(CALL2(root, SYS_IRQ_BIND, line, notif, 4), ERRNO_OK);
	new_ptables(io, 0);
	IS(call(root, SYS_GRANT_CREATE, frames, grant, io, 0, 4, RIGHTS_ALL_GRANT), ERRNO_OK);
	IS(CALL4(root, SYS_GRANT_MAP, grant, 0, 0, 4, MAP_READ), ERRNO_OK);
}

static void change_slots(u32 p, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		struct cap *c = SLOT(SLOT_OF(p, i));

		change_all(c, sizeof(*c));
		change_all(&host_mem.born[SLOT_OF(p, i)], sizeof(u64));
		/* What programs' slots say of a range may be any number. */
		if (n > OBJECT_SLOTS) {
			set(&c->first, ~0u);
			set(&c->count, ~0u);
		}
	}
}

static void change_page(u32 p)
{
	const u32 type = PD(p)->type;

	if (type == OBJ_SLOTS || has_inner_slots(type))
		change_slots(p, type == OBJ_SLOTS ? SOME_SLOTS : OBJECT_SLOTS);
	change_all(PD(p), sizeof(struct page));
	switch (PD(p)->head == p ? type : 0) {
	case OBJ_THREAD:
		change_all(TN(p), sizeof(struct tnode));
		change_all(&TH(p)->frame + 1, sizeof(struct thread) -
						      offsetof(struct thread, frame) -
						      sizeof(struct arch_frame));
		break;
	case OBJ_SCHED:
		change_all(TN(p), sizeof(struct tnode));
		change_all(SC(p), sizeof(struct sched));
		break;
	case OBJ_SPACE:
	case OBJ_IOSPACE: change_all(SP(p), sizeof(struct space)); break;
	case OBJ_EP: change_all(EP(p), sizeof(struct ep)); break;
	case OBJ_NOTIF: change_all(NT(p), sizeof(struct notif)); break;
	case OBJ_IRQ: change_all(IRQ(p), sizeof(struct irq)); break;
	case OBJ_DEVICE: change_all(DV(p), sizeof(struct device)); break;
	case OBJ_FRAMES: return;
	default: break;
	}
	if (is_table_page(p))
		change_all(host_mem.byte[p], 8 * sizeof(u64));
}

/* Another says it first whenever they break: these are asked themselves, below. */
static const char *const hidden[] = { "page_frame_inv",  "cap_inner_inv",  "thread_deadline_inv",
				      "tnode_order_inv", "notif_mail_inv", "irq_slots_inv",
				      "ptable_level_inv" };

static bool is_hidden(const char *name)
{
	for (u32 i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (strcmp(hidden[i], name) == 0)
			return true;
	}
	return false;
}

TEST(inv_each, "each invariant can be broken, and says so")
{
	u64 notif = new_object(OBJ_NOTIF, 1);
	u32 never = 0;

	threads(notif);
	devices(notif);
	CHECK(kernel_inv());
	for (u32 p = 0; p < host_mem.pages; p++) {
		if (PD(p)->type != PAGE_FREE && PD(p)->type != PAGE_RESERVED)
			change_page(p);
	}
	for (u32 c = 0; c < TEST_CPUS; c++)
		change_all(CPU(c), offsetof(struct cpu, ready_head) + 128 * sizeof(u32));
	CHECK(kernel_inv());
	for (u32 i = 0; i < NAMES; i++) {
		if (broken[i] != 0 || is_hidden(names[i]))
			continue;
		printf("# nothing broke %s\n", names[i]);
		never++;
	}
	IS(never, 0);
}

/* With this value in that place, the invariant does not hold; without, it does. */
#define BREAKS(place, wrong, invariant)                                                            \
	do {                                                                                       \
		__typeof__(place) right = place;                                                   \
		CHECK(invariant);                                                                  \
		place = (__typeof__(place))(wrong);                                                \
		CHECK(!(invariant));                                                               \
		place = right;                                                                     \
	} while (0)

TEST(inv_hidden, "invariants that another one hides can be broken too")
{
	u64 frames = new_frames(2), notif = new_object(OBJ_NOTIF, 1), n = new_object(OBJ_NOTIF, 1);
	u64 irq = new_handle(), pool = new_object(OBJ_PTABLE, 0);
	struct worker a = new_thread(0, 100, 0), b = new_thread(0, 100, 0),
		      c = new_thread(1, 100, 0);
	u32 s = SLOT_OF(a.t, TSLOT_SPACE), low;

	BREAKS(SLOT(slot_of(frames))->count, 1, page_frame_inv(page_of(frames) + 1));
	BREAKS(SLOT(s)->child, s, cap_inner_inv(s));
	IS(CALL1(a.t, SYS_NOTIF_WAIT, notif, 1ull << 40), BLOCKED);
	IS(CALL1(b.t, SYS_NOTIF_WAIT, n, 1ull << 41), BLOCKED);
	BREAKS(TH(a.t)->state, THREAD_READY, thread_deadline_inv(a.t));
	low = TN(b.t)->up != NIL ? b.t : a.t;
	BREAKS(TN(low)->when, 0, tnode_order_inv(low));
	IS(CALL1(c.t, SYS_NOTIF_SIGNAL, notif, 1), ERRNO_OK);
	IS(CALL1(c.t, SYS_NOTIF_SIGNAL, n, 1), ERRNO_OK);
	CHECK(NT(page_of(n))->mailed && NT(page_of(notif))->mailed);
	u32 last = NT(page_of(n))->mail == NIL ? page_of(notif) : page_of(n);
	BREAKS(NT(NT(last)->mail)->mailed, 0, notif_mail_inv(last));
	settle();
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, irq, free_offset(), HANDLE_IRQCTL, 6, 0),
	   ERRNO_OK);
	BREAKS(SLOT(SLOT_OF(page_of(irq), IRQ_SLOT_NOTIF))->type, OBJ_EP,
	       irq_slots_inv(page_of(irq)));
	BREAKS(PD(page_of(pool))->parent, page_of(pool), ptable_level_inv(page_of(pool)));
}
