/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: timer and interrupts between processors; and the clock.
 *
 * Owns:       its registers; x2APIC mode where the processor has it.
 * Called by:  start.c at boot; sched.c through arch_timer; smp.c.
 * Manuals:    Intel SDM vol 3, 10 (APIC), 10.12 (x2APIC), 17.17 (TSC);
 *             ACPI 6.4, 4.8.2.1 (power management timer); Intel 8254.
 */
#include "asm.h"
#include "percpu.h"
#include "platform.h"

enum {
	APIC_ID = 0x20,
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_SPURIOUS = 0xf0,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PERFORMANCE = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_INITIAL = 0x380,
	APIC_CURRENT = 0x390,
	APIC_DIVIDE = 0x3e0,

	LVT_MASKED = 1 << 16,
	LVT_DEADLINE = 2 << 17,
	LVT_NMI = 4 << 8,
	ICR_NMI = 4 << 8,
	ICR_INIT = 5 << 8,
	ICR_STARTUP = 6 << 8,
	ICR_PENDING = 1 << 12,
	ICR_ASSERT = 1 << 14,
	ICR_ALL_OTHERS = 3 << 18,
	SPURIOUS_ENABLE = 1 << 8,
	BASE_X2APIC = 1 << 10,
	BASE_ENABLE = 1 << 11,

	ICR_POLLS = 1000000,
	PM_HZ = 3579545,
	PIT_HZ = 1193182,
	CALIBRATE_MS = 5,
	TSC_HZ_GUESS = 1000000000,
	CALIBRATE_POLLS = 10000000,
	DELTA_MAX = 1 << 30, /* times a scale below 2^33 fits 64 bits */
};

static volatile void *lapic;

static u32 apic_read(u32 at)
{
	return machine.x2apic ? (u32)rdmsr(MSR_X2APIC + at / 16) : mmio_read32(lapic, at);
}

static void apic_write(u32 at, u32 v)
{
	if (machine.x2apic)
		wrmsr(MSR_X2APIC + at / 16, v);
	else
		mmio_write32(lapic, at, v);
}

u32 lapic_id(void)
{
	return machine.x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void lapic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

/* --- interrupts between processors -------------------------------------------------- */

/* An xAPIC sends one at a time (10.6.1); an x2APIC needs no waiting, but what was
 * written before must be visible first (10.12.3). */
static __attribute__((noinline)) void icr_write(u32 apic_id, u32 command)
{
	__asm__ volatile("mfence; lfence" ::: "memory");
	if (machine.x2apic) {
		wrmsr(MSR_X2APIC + APIC_ICR / 16, command | (u64)apic_id << 32);
		return;
	}
	mmio_write32(lapic, APIC_ICR_HIGH, apic_id << 24);
	mmio_write32(lapic, APIC_ICR, command);
	for (u32 i = 0; i < ICR_POLLS && (mmio_read32(lapic, APIC_ICR) & ICR_PENDING) != 0; i++)
		cpu_pause();
}

void lapic_send(u32 cpu, u32 vector)
{
	icr_write(PERCPU(cpu)->apic_id, ICR_ASSERT | vector);
}

/* A bug that shows before there are others may show before there is a local APIC. */
void lapic_stop_others(void)
{
	if (ks.cpus > 1)
		icr_write(0, ICR_ALL_OTHERS | ICR_ASSERT | ICR_NMI);
}

/* INIT: it waits for a STARTUP, and does nothing else. */
void lapic_park_processor(u32 apic_id)
{
	icr_write(apic_id, ICR_INIT | ICR_ASSERT);
	delay_us(10000);
}

/* INIT, then twice STARTUP with the page to start at (8.4.4.1). */
void lapic_start_processor(u32 apic_id, u32 page)
{
	lapic_park_processor(apic_id);
	icr_write(apic_id, ICR_STARTUP | ICR_ASSERT | page);
	delay_us(200);
	icr_write(apic_id, ICR_STARTUP | ICR_ASSERT | page);
}

/* --- clock and timer --------------------------------------------------------------------- */

u64 arch_clock(void)
{
	u64 now = rdtsc() - machine.tsc_offset;

	/* As one value: the compiler would take the difference apart again wherever another is taken from it. */
	__asm__("" : "+r"(now));
	return now;
}

/* A deadline that has passed makes the interrupt come at once; 0 turns the timer off. */
void arch_timer(u64 when)
{
	if (machine.tsc_deadline) {
		u64 at = when + machine.tsc_offset;

		/* 0 turns it off; a sum that wraps is as good as never. */
		wrmsr(MSR_TSC_DEADLINE, when == ~0ull || at < when ? 0 : at);
		return;
	}
	u64 now = arch_clock();
	u64 delta = when <= now ? 0 : when - now;

	if (when == ~0ull) {
		apic_write(APIC_INITIAL, 0);
		return;
	}
	delta = delta > DELTA_MAX ? DELTA_MAX : delta;
	apic_write(APIC_INITIAL, (u32)(delta * machine.lapic_scale >> 32) + 1);
}

void delay_us(u32 us)
{
	u64 start = rdtsc(), ticks = machine.tsc_hz / 1000000 * us;

	while (rdtsc() - start < ticks)
		cpu_pause();
}

/* Counter 0 of the 8254 counts down from 65536; its latch shows what it stands at. */
static u32 pit_count(void)
{
	out8(0x43, 0);
	u32 low = in8(0x40);

	return low | (u32)in8(0x40) << 8;
}

static u32 reference_count(void)
{
	return machine.pm_port != 0 ? in32(machine.pm_port) & 0xffffff : ~pit_count() & 0xffff;
}

struct rates {
	u64 tsc_hz;
	u64 lapic_scale;
};

/* Count ticks of TSC and LAPIC timer while the reference counts some milliseconds. */
static struct rates measure(void)
{
	u32 hz = machine.pm_port != 0 ? PM_HZ : PIT_HZ;
	u32 mask = machine.pm_port != 0 ? 0xffffff : 0xffff;
	u32 start = reference_count(), passed = 0;

	apic_write(APIC_INITIAL, ~0u);
	u64 tsc = rdtsc();

	for (u32 i = 0; i < CALIBRATE_POLLS && passed < hz / 1000 * CALIBRATE_MS; i++)
		passed = (reference_count() - start) & mask;
	u64 ticks = rdtsc() - tsc;
	u64 timer = ~0u - apic_read(APIC_CURRENT);

	apic_write(APIC_INITIAL, 0);
	return (struct rates){ passed == 0 ? TSC_HZ_GUESS : ticks * hz / passed,
			       (timer << 32) / ticks };
}

/* Something between the readings (SMM, a busy host) spoils a measurement: the middle of three. */
static void calibrate(void)
{
	struct rates r[3];

	if (machine.pm_port == 0) {
		out8(0x43, 0x34); /* counter 0, both bytes, rate generator */
		out8(0x40, 0);
		out8(0x40, 0);
	}
	for (u32 i = 0; i < 3; i++)
		r[i] = measure();
	u32 high = r[0].tsc_hz > r[1].tsc_hz ? 0 : 1;
	u32 low = 1 - high;
	u32 middle = r[2].tsc_hz > r[high].tsc_hz ? high : r[2].tsc_hz < r[low].tsc_hz ? low : 2;

	machine.tsc_hz = r[middle].tsc_hz;
	machine.lapic_scale = r[middle].lapic_scale;
}

/* --- setting up ------------------------------------------------------------------------------ */

/* The 8259s would send vectors of exceptions: move them to 0x20, then mask all inputs. */
static void pic_disable(void)
{
	static const u8 word[4][2] = { { 0x11, 0x11 }, { 0x20, 0x28 }, { 4, 2 }, { 1, 1 } };

	for (u32 i = 0; i < 4; i++) {
		out8(i == 0 ? 0x20 : 0x21, word[i][0]);
		out8(i == 0 ? 0xa0 : 0xa1, word[i][1]);
	}
	out8(0x21, 0xff);
	out8(0xa1, 0xff);
}

void lapic_start(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) | BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base);
	if (machine.x2apic)
		wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (machine.tsc_deadline ? LVT_DEADLINE : 0));
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_DIVIDE, 11); /* by 1 */
	/* The mode must be set before the first deadline is (10.5.4.1). */
	__asm__ volatile("mfence" ::: "memory");
}

void lapic_init(void)
{
	bool deadline = machine.tsc_deadline;

	if (machine.has_pic)
		pic_disable();
	/* Once firmware has chosen x2APIC there is no way back but a reset (10.12.5). */
	if (machine.x2apic_opt_out && (rdmsr(MSR_APIC_BASE) & BASE_X2APIC) == 0)
		machine.x2apic = false;
	if (!machine.x2apic)
		lapic = (volatile void *)MMIO_BASE; /* memory_init maps it first */
	machine.tsc_deadline = false;
	lapic_start();
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	calibrate();
	machine.tsc_deadline = deadline;
	lapic_start();
	machine.tsc_offset = rdtsc();
}
