/* SPDX-License-Identifier: MIT */
/*
 * Notifications, switches, interrupts.
 */
#include "bench.h"

enum { ROUNDS = 1000, INTERRUPTS = 20 };
/* The 8254: channel 0, low byte then high byte, mode 2 (data sheet, control word). */
enum {
	PIT_DATA = 0x40,
	PIT_CONTROL = 0x43,
	PIT_MODE_2 = 0x34,
	PIT_MODE_0 = 0x30,
	PIT_RELOAD = 2000
};

static void null_call(void)
{
	u64 start = counter();

	for (u64 i = 0; i < ROUNDS; i++)
		(void)cap_info((any_h){ HANDLE_SYSTEM }, NULL, NULL, NULL);
	row("null_call", counter() - start, ROUNDS);
}

static void signal_nobody(void)
{
	notif_h n = sys_notif();
	u64 start = counter();

	for (u64 i = 0; i < ROUNDS; i++)
		(void)notif_signal(n, 1);
	row("notif_signal", counter() - start, ROUNDS);
	(void)sys_destroy(ANY(n));
}

/* count: ticks from the signal until this thread runs. */
static void wait_signals(struct helper *h)
{
	while (err_is_ok(notif_wait(h->notif, 0, NULL)))
		h->count += counter() - h->stamp;
}

static void signal_switch(void)
{
	struct helper *h = helper(PRIO_HIGH, 0, 0, NULL, wait_signals);

	h->notif = sys_notif();
	helper_start(h);
	for (u64 i = 0; i < ROUNDS; i++) {
		h->stamp = counter();
		(void)notif_signal(h->notif, 1);
	}
	row("notif_signal_switch", h->count, ROUNDS);
	(void)sys_destroy(ANY(h->notif));
	helper_end(h);
}

static void yield_forever(struct helper *h)
{
	(void)h;
	for (;;)
		(void)thread_yield();
}

static void yield_switch(void)
{
	struct helper *h = helper(PRIO_BENCH, 0, 0, NULL, yield_forever);

	helper_start(h);
	(void)thread_yield();
	u64 start = counter();
	for (u64 i = 0; i < ROUNDS; i++)
		(void)thread_yield();
	row("thread_yield_switch", counter() - start, 2 * ROUNDS);
	helper_end(h);
}

/* Writes down the time all the while; an interrupt comes between two instructions of it. */
static void stamp_forever(struct helper *h)
{
	for (;;)
		h->stamp = counter();
}

static irq_h timer_irq(void)
{
	/* Input 2 on most machines, by an override in the ACPI tables; else input 0. */
	for (u64 line = 2;; line -= 2) {
		u32 slot = sys_slot();
		memory_h memory;
		u64 offset;

		(void)sys_pages(1, 1, &memory, &offset);
		while (err_is(irq_create(memory, SLOT_OWN(slot), offset, (any_h){ HANDLE_IRQCTL },
					 line, 0),
			      ERR_BUSY))
			(void)sys_pages(1, 1, &memory, &offset);
		if (cap_info((any_h){ slot }, NULL, NULL, NULL).v == OK.v || line == 0)
			return (irq_h){ slot };
	}
}

static void pit(u64 mode)
{
	ioports_h p = { HANDLE_IOPORTS };

	(void)ioport_out(p, PIT_CONTROL, 1, mode);
	if (mode == PIT_MODE_0)
		return;
	(void)ioport_out(p, PIT_DATA, 1, PIT_RELOAD & 0xff);
	(void)ioport_out(p, PIT_DATA, 1, PIT_RELOAD >> 8);
}

/* limit: ticks that a wait may take, or 0 for no deadline, as a driver waits. */
static void irq_to_user(const char *name, u64 limit)
{
	struct helper *h = helper(PRIO_LOW, 0, 0, NULL, stamp_forever);
	irq_h irq = timer_irq();
	notif_h n = sys_notif();
	u64 total = 0, got = 0;

	helper_start(h);
	sys_must(irq_bind(irq, n, 1), "irq_bind");
	pit(PIT_MODE_2);
	for (u64 i = 0; i < INTERRUPTS; i++) {
		(void)irq_ack(irq);
		if (!err_is_ok(notif_wait(n, limit == 0 ? 0 : sys_after(limit), NULL)))
			break;
		/* The first may have been on its way while nothing wrote the time down. */
		if (i > 0) {
			total += counter() - h->stamp;
			got++;
		}
	}
	pit(PIT_MODE_0);
	if (got > 0)
		row(name, total, got);
	helper_end(h);
	(void)sys_delete(SLOT_OWN(irq.h));
	(void)sys_destroy(ANY(n));
}

void bench_events(void)
{
	null_call();
	signal_nobody();
	signal_switch();
	yield_switch();
	irq_to_user("irq_to_user_deadline", 1000000);
	irq_to_user("irq_to_user", 0);
}
