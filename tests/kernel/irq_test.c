/* SPDX-License-Identifier: MIT */
/*
 * Interrupt objects of I/O APIC inputs, with the real-time clock (MC146818) as
 * the source: it is on every machine that is emulated, edge-triggered, input 8.
 */
#include "ktest.h"

TESTS(irq_create, irq_bind, irq_ack);

enum { RTC_LINE = 8, RTC_INDEX = 0x70, RTC_DATA = 0x71 };
enum { RTC_A = 10, RTC_B = 11, RTC_C = 12, RTC_B_PERIODIC = 0x40 };
enum { RATE_1024_HZ = 6, RATE_8192_HZ = 3 };
#define PORTS ((ioports_h){ HANDLE_IOPORTS })
#define LINES ((any_h){ HANDLE_IRQCTL })

static u32 rtc_read(u32 reg)
{
	u64 value = 0;

	EXPECT_OK(ioport_out(PORTS, RTC_INDEX, 1, reg));
	EXPECT_OK(ioport_in(PORTS, RTC_DATA, 1, &value));
	return (u32)value;
}

static void rtc_write(u32 reg, u32 value)
{
	EXPECT_OK(ioport_out(PORTS, RTC_INDEX, 1, reg));
	EXPECT_OK(ioport_out(PORTS, RTC_DATA, 1, value));
}

/* Interrupts at this rate, each after register C was read; 0: none. */
static void rtc_periodic(u32 rate)
{
	if (rtc_read(RTC_A) == 0xff)
		test_skip("no real-time clock");
	rtc_write(RTC_B, rtc_read(RTC_B) & ~(u32)RTC_B_PERIODIC);
	(void)rtc_read(RTC_C);
	if (rate == 0)
		return;
	rtc_write(RTC_A, (rtc_read(RTC_A) & 0xf0) | rate);
	rtc_write(RTC_B, rtc_read(RTC_B) | RTC_B_PERIODIC);
}

static err_t line_create(u32 line, u64 mode, irq_h *out)
{
	memory_h memory;
	u64 offset;
	slot_t slot = new_slot();

	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	out->h = (u32)slot.where;
	return irq_create(memory, slot, offset, LINES, line, mode);
}

static notif_h notif_on(u32 cpu)
{
	any_h n;

	EXPECT_OK(sys_create(OBJ_NOTIF, cpu + 1, &n));
	return (notif_h){ n.h };
}

/* Bits that come within some milliseconds while the clock is told to go on; 0: none. */
static u64 bits_within(notif_h n, u32 milliseconds)
{
	u64 bits = 0;

	for (u32 i = 0; i < milliseconds; i++) {
		(void)rtc_read(RTC_C);
		if (err_is_ok(notif_wait(n, sys_after(1000), &bits)))
			return bits;
	}
	return 0;
}

TEST(irq_once, "an interrupt is signalled once for each acknowledgement")
{
	notif_h n = sys_notif();
	irq_h irq;

	rtc_periodic(0);
	EXPECT_OK(line_create(RTC_LINE, 0, &irq));
	EXPECT_OK(irq_bind(irq, n, 0x50));
	rtc_periodic(RATE_1024_HZ);
	EXPECT_EQ(bits_within(n, 20), 0);
	EXPECT_OK(irq_ack(irq));
	EXPECT_EQ(bits_within(n, 500), 0x50);
	EXPECT_EQ(bits_within(n, 20), 0);
	/* Those that came meanwhile count as one. */
	rtc_periodic(0);
	EXPECT_OK(irq_ack(irq));
	EXPECT_EQ(bits_within(n, 1), 0x50);
	EXPECT_OK(irq_ack(irq));
	EXPECT_EQ(bits_within(n, 20), 0);
}

TEST(irq_remote, "an interrupt goes to the CPU of its notification, wherever it is acknowledged")
{
	irq_h irq;

	need_cpus(2);
	rtc_periodic(0);
	EXPECT_OK(line_create(RTC_LINE, 0, &irq));
	for (u32 i = 0; i < 6; i++) {
		notif_h n = notif_on((i + 1) % 2);

		EXPECT_OK(irq_bind(irq, n, 1u << i));
		EXPECT_OK(irq_ack(irq));
		rtc_periodic(RATE_1024_HZ);
		EXPECT_EQ(bits_within(n, 500), 1u << i);
		rtc_periodic(0);
	}
}

TEST(irq_limits, "an input that does not exist or lies outside the capability is refused")
{
	memory_h memory;
	u64 offset, count = 0;
	irq_h irq;

	EXPECT_OK(cap_info(LINES, NULL, NULL, &count));
	EXPECT_ERR(line_create((u32)count, 0, &irq), ERR_RANGE);
	if (count > 1000)
		EXPECT_ERR(line_create(1000, 0, &irq), ERR_DEVICE);
	u32 one = sys_range(LINES, RTC_LINE, 1, RIGHTS_ALL_IRQCTL);
	u32 none = sys_range(LINES, RTC_LINE, 1, 0);
	EXPECT(one != 0 && none != 0);
	EXPECT(sys_pages(1, 1, &memory, &offset) != SYS_NO_PAGES);
	EXPECT_ERR(irq_create(memory, new_slot(), offset, (any_h){ one }, 1, 0), ERR_RANGE);
	EXPECT_ERR(irq_create(memory, new_slot(), offset, (any_h){ none }, 0, 0), ERR_RIGHTS);
	EXPECT_OK(irq_create(memory, new_slot(), offset, (any_h){ one }, 0, 0));
}

TEST_FOR(irq_vectors, 10, "vectors that are given up while interrupts come can be used again")
{
	notif_h n[2] = { sys_notif(), notif_on(sys_info->cpus - 1) };
	irq_h irq;

	rtc_periodic(0);
	EXPECT_OK(line_create(RTC_LINE, 0, &irq));
	rtc_periodic(RATE_8192_HZ);
	for (u32 i = 0; i < 500; i++) {
		/* The other CPU may be slow to take what is on its way to vectors given up. */
		while (err_is(irq_bind(irq, n[i % 2], 1), ERR_DEVICE))
			sleep_us(100);
		EXPECT_OK(irq_ack(irq));
		(void)rtc_read(RTC_C);
	}
	EXPECT_EQ(bits_within(n[1], 500), 1);
	rtc_periodic(0);
}

TEST_FOR(irq_storm, 20, "an interrupt that nobody acknowledges is masked after a thousand")
{
	notif_h n = sys_notif();
	u64 bits = 0;
	irq_h irq;

	rtc_periodic(0);
	EXPECT_OK(line_create(RTC_LINE, 0, &irq));
	EXPECT_OK(irq_bind(irq, n, 1));
	EXPECT_OK(irq_ack(irq));
	rtc_periodic(RATE_8192_HZ);
	EXPECT_EQ(bits_within(n, 500), 1);
	for (u32 i = 0; i < 2000000 && !err_is_ok(notif_wait(n, 1, &bits)); i++)
		(void)rtc_read(RTC_C);
	EXPECT_EQ(bits, 1 | IRQ_STORM);
	EXPECT_EQ(bits_within(n, 20), 0);
	EXPECT_OK(irq_ack(irq));
	EXPECT_EQ(bits_within(n, 500), 1);
	rtc_periodic(0);
}
