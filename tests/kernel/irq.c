/* SPDX-License-Identifier: MIT */
/*
 * Interrupts, with the real-time clock (MC146818) as the source.
 */
#include "ktest.h"

TESTS(irq_create, irq_bind, irq_ack, irq_message);

enum { RTC_INDEX = 0x70, RTC_DATA = 0x71, RTC_A = 10, RTC_B = 11, RTC_C = 12, RTC_IRQ = 8 };
enum { RATE_1024 = 6, PERIODIC = 0x40 };

static u64 in(u64 port)
{
	u64 v = 0;

	EXPECT_OK(ioport_in((ioports_h){ HANDLE_IOPORTS }, port, 1, &v));
	return v;
}

static void out(u64 port, u64 v)
{
	EXPECT_OK(ioport_out((ioports_h){ HANDLE_IOPORTS }, port, 1, v));
}

static u64 rtc_get(u64 reg)
{
	out(RTC_INDEX, reg);
	return in(RTC_DATA);
}

static void rtc_set(u64 reg, u64 v)
{
	out(RTC_INDEX, reg);
	out(RTC_DATA, v);
}

/* 1024 interrupts a second, or none.  Reading register C allows the next. */
static void rtc_run(bool on)
{
	rtc_set(RTC_A, (rtc_get(RTC_A) & 0xf0) | RATE_1024);
	rtc_set(RTC_B, on ? rtc_get(RTC_B) | PERIODIC : rtc_get(RTC_B) & ~0x70ull);
	(void)rtc_get(RTC_C);
}

static err_t try_create(u64 number, u64 mode, slot_t slot)
{
	memory_h memory;
	u64 offset;

	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	return irq_create(memory, slot, offset, (any_h){ HANDLE_IRQCTL }, number, mode);
}

static irq_h rtc_irq(void)
{
	slot_t slot = new_slot();
	err_t e = try_create(RTC_IRQ, 0, slot);

	if (err_is(e, ERR_DEVICE))
		test_skip("no interrupt input for the real-time clock");
	EXPECT_OK(e);
	rtc_run(false);
	if (in(RTC_DATA) == 0xff && rtc_get(RTC_A) == 0xff)
		test_skip("no real-time clock");
	return (irq_h){ (u32)slot.where };
}

TEST(irq_signals, "an interrupt signals its notification once for each acknowledgement")
{
	irq_h irq = rtc_irq();
	notif_h n = sys_notif();
	u64 bits = 0;

	EXPECT_ERR(irq_ack(irq), ERR_STATE);
	EXPECT_OK(irq_bind(irq, n, 4));
	rtc_run(true);
	/* Masked until acknowledged. */
	EXPECT_ERR(notif_wait(n, sys_after(5000), NULL), DONE_TIMEOUT);
	for (u32 i = 0; i < 5; i++) {
		EXPECT_OK(irq_ack(irq));
		(void)rtc_get(RTC_C);
		EXPECT_OK(notif_wait(n, sys_after(500000), &bits));
		EXPECT_EQ(bits, 4);
	}
	(void)rtc_get(RTC_C);
	EXPECT_ERR(notif_wait(n, sys_after(5000), NULL), DONE_TIMEOUT);
	rtc_run(false);
}

TEST(irq_badge, "through a capability with a badge an interrupt signals the badge")
{
	irq_h irq = rtc_irq();
	notif_h n = sys_notif();
	notif_h badged = { sys_derive(ANY(n), RIGHT_NOTIF_SIGNAL, 0x100) };
	u64 bits = 0;

	EXPECT_OK(irq_bind(irq, badged, 1));
	EXPECT_OK(irq_ack(irq));
	rtc_run(true);
	EXPECT_OK(notif_wait(n, sys_after(500000), &bits));
	EXPECT_EQ(bits, 0x100);
	rtc_run(false);
}

TEST(irq_unbound, "an unbound interrupt signals nothing")
{
	irq_h irq = rtc_irq();
	notif_h n = sys_notif();

	EXPECT_ERR(irq_bind(irq, n, 0), ERR_ARG);
	EXPECT_OK(irq_bind(irq, n, 1));
	EXPECT_OK(irq_ack(irq));
	EXPECT_OK(irq_bind(irq, (notif_h){ 0 }, 0));
	rtc_run(true);
	EXPECT_ERR(notif_wait(n, sys_after(5000), NULL), DONE_TIMEOUT);
	EXPECT_ERR(irq_ack(irq), ERR_STATE);
	rtc_run(false);
}

TEST(irq_dies, "interrupt and notification can be destroyed while the device interrupts")
{
	irq_h irq = rtc_irq();
	notif_h n = sys_notif(), other = sys_notif();

	EXPECT_OK(irq_bind(irq, n, 1));
	EXPECT_OK(irq_ack(irq));
	rtc_run(true);
	EXPECT_OK(sys_destroy(ANY(n)));
	EXPECT_ERR(irq_ack(irq), ERR_STATE);
	EXPECT_OK(irq_bind(irq, other, 1));
	EXPECT_OK(irq_ack(irq));
	(void)rtc_get(RTC_C);
	EXPECT_OK(notif_wait(other, sys_after(500000), NULL));
	EXPECT_OK(sys_delete(SLOT_OWN(irq.h)));
	EXPECT_ERR(notif_wait(other, sys_after(3000), NULL), DONE_TIMEOUT);
	rtc_run(false);
}

TEST(irq_once, "an input has one interrupt object, and can have another when that is gone")
{
	irq_h irq = rtc_irq();
	slot_t slot = new_slot();

	EXPECT_ERR(try_create(RTC_IRQ, 0, slot), ERR_BUSY);
	EXPECT_OK(sys_delete(SLOT_OWN(irq.h)));
	EXPECT_OK(try_create(RTC_IRQ, 0, slot));
}

TEST(irq_limits, "interrupts are made of inputs that the capability covers")
{
	irqctl_h none = { sys_range((any_h){ HANDLE_IRQCTL }, 0, 16, 0) };
	irqctl_h one = { sys_range((any_h){ HANDLE_IRQCTL }, RTC_IRQ, 1, RIGHT_IRQCTL_CREATE) };
	memory_h memory;
	u64 offset;

	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	EXPECT_ERR(irq_create(memory, new_slot(), offset, ANY(none), RTC_IRQ, 0), ERR_RIGHTS);
	EXPECT_ERR(irq_create(memory, new_slot(), offset, ANY(one), 1, 0), ERR_RANGE);
}

TEST(irq_no_message, "an input of an interrupt controller has no message")
{
	irq_h irq = rtc_irq();

	EXPECT_ERR(irq_message(irq, NULL, NULL), ERR_STATE);
}

TEST(irq_remote, "an interrupt arrives on the CPU of its notification")
{
	need_cpus(2);
	irq_h irq = rtc_irq();
	any_h n;
	u64 bits = 0;

	EXPECT_OK(sys_create(OBJ_NOTIF, 2, &n));
	EXPECT_OK(irq_bind(irq, (notif_h){ n.h }, 2));
	EXPECT_OK(irq_ack(irq));
	rtc_run(true);
	EXPECT_OK(notif_wait((notif_h){ n.h }, sys_after(500000), &bits));
	EXPECT_EQ(bits, 2);
	rtc_run(false);
}
