/* SPDX-License-Identifier: MIT */
/*
 * The process around a driver's three functions (tessera/drv.h).
 *
 * It waits for interrupts, signals of the client and the time, and calls driver_event.  When init
 * says that the rings begin anew, requests under way must not be answered on the new ones: then
 * the device is stopped, and started again with them.
 *
 * Words of `args` for tests: "crash-after-ms=N", "hang-after-ms=N".
 */
#include "process.h"

#include <tessera/platform.h>

static u64 crash_clock, hang_clock;
static bool parked, failed; /* failed: driver_init is needed before anything else */

static bool irq_is_level(void)
{
	return sys_comp->device.kind == PLAT_VIRTIO_MMIO;
}

static u64 number_of_channel(void)
{
	return (u64)(channel - sys_comp->channel);
}

static void acknowledge(u64 interrupts)
{
	for (u32 i = 0; i < drv.irqs; i++) {
		if (interrupts & 1ull << i)
			(void)irq_ack((irq_h){ sys_comp->device.irq[i] });
	}
}

static _Noreturn void give_up(enum drv_result reason, const char *when)
{
	static const char *const why[] = { "it has finished", "no device that it knows",
					   "the device failed", "its client broke the rings" };

	driver_quiesce(&drv);
	sys_print("%s: %s (the device said %lu impossible things)\n", when, why[reason & 3],
		  drv.bad_device);
	sys_exit((int)reason);
}

static void start(const char *when)
{
	enum drv_result r = driver_init(&drv);

	if (r != DRV_OK)
		give_up(r, when);
	failed = false;
}

/* --- beginning anew --------------------------------------------------------------------------- */

/* Stop using the rings.  Nothing of what was asked for on them happens later. */
static void park(void)
{
	if (failed || drv.in_flight != 0) {
		driver_quiesce(&drv);
		failed = true;
	}
	rings_park();
	parked = true;
}

static void begin_anew(void)
{
	if (comp_call(SUP_RESET_ASKED, number_of_channel(), 0) == SUP_OK)
		return;
	park();
	u64 error = comp_call(SUP_RESET_DONE, number_of_channel(), 0);
	if (error == SUP_OK) {
		rings_open();
		parked = false;
	}
	if (failed)
		start("begins anew");
}

static void served(enum drv_result r)
{
	if (drv.signal) {
		drv.signal = false;
		(void)notif_signal((notif_h){ channel->signal }, 1);
	}
	if (r == DRV_FAILED || r == DRV_NO_DEVICE)
		give_up(r, "at work");
	if (r == DRV_CLIENT) {
		failed = true;
		park();
		(void)comp_call(SUP_BROKEN, number_of_channel(), 0);
	}
}

/* --- waiting ------------------------------------------------------------------------------------- */

static u64 earlier(u64 a, u64 b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static void misbehave(void)
{
	u64 now = sys_clock();

	if (crash_clock != 0 && now >= crash_clock)
		__builtin_trap();
	while (hang_clock != 0 && now >= hang_clock)
		;
}

/* What came, as driver_event wants it.  busy: do not wait. */
static u64 wait(bool busy, u64 *bits)
{
	u64 deadline = earlier(wake_clock, earlier(crash_clock, hang_clock));
	u64 events = busy ? DRV_EVENT_REQUEST : 0;

	comp_alive();
	deadline = busy ? 1 : comp_alive_before(deadline);
	if (!err_is_ok(notif_wait((notif_h){ COMP_NOTIF }, deadline, bits)))
		*bits = 0;
	misbehave();
	if (wake_clock != 0 && sys_clock() >= wake_clock) {
		wake_clock = 0;
		events |= DRV_EVENT_TICK;
	}
	if (*bits & 1ull << channel->bit)
		events |= DRV_EVENT_REQUEST;
	return events | (*bits >> sys_comp->device.irq_bit & ((1ull << drv.irqs) - 1));
}

/* When that is, by the clock; 0: there is no such word. */
static u64 option(const char *name)
{
	const char *at = sys_option(name), *digit = at;
	u64 n = 0;

	if (at == NULL)
		return 0;
	for (; *digit >= '0' && *digit <= '9' && digit - at < 10; digit++)
		n = n * 10 + (u64)(*digit - '0');
	if (n == 0 || (*digit != 0 && *digit != ' ')) {
		char text[24] = { 0 };

		for (u32 i = 0; i < sizeof text - 1 && at[i] != 0 && at[i] != ' '; i++)
			text[i] = at[i];
		sys_panic("%s%s: a number of milliseconds, from 1 on, is wanted", name, text);
	}
	return sys_after(n * 1000);
}

int main(void)
{
	u64 bits, events;
	bool busy;

	if (!drv_configure())
		sys_panic("no device, or no channel to serve");
	crash_clock = option("crash-after-ms=");
	hang_clock = option("hang-after-ms=");
	parked = channel->down != 0;
	if (parked)
		rings_park();
	else
		rings_open();
	start("starts");
	comp_ready();
	/* What was asked for before the rings were looked at for the first time was not signalled. */
	busy = !parked;
	for (;;) {
		events = wait(busy, &bits);
		if (bits & 1ull << channel->reset_bit)
			begin_anew();
		u64 interrupts = events & ((1ull << DRV_IRQS) - 1);
		if (!irq_is_level())
			acknowledge(interrupts);
		if (events != 0 && !failed)
			served(driver_event(&drv, events));
		if (irq_is_level())
			acknowledge(interrupts);
		busy = !failed && !parked && !drv_idle(&drv);
	}
}
