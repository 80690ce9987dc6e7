/* SPDX-License-Identifier: MIT */
/*
 * A driver of virtio-blk or virtio-net that is hostile, in the way that its first word says:
 *
 *	mode=silent   takes requests and answers none
 *	mode=garbage  answers what nobody asked, with impossible numbers
 *	mode=rings    breaks the rings' counters
 *	mode=flood    signals its client without end
 *	mode=dma      when others work, has its device write to and read from each page below
 *	              `below-mib`, and receive frames in some; a disk's driver goes on with requests that leave traces, at places
 *	              all over the machine, where interrupts are sent to among them, and so for each
 *	              request of its client; a network's refuses what its client asks for
 *	mode=storm    has its device interrupt without end, and acknowledges only when the kernel
 *	              has stopped the interrupts because they are too many; then it is silent
 *
 * It gives signs of life all the while.
 */
#include <tessera/blk.h>
#include <tessera/chan.h>
#include <tessera/drv.h>
#include <tessera/net.h>

#include "hostile/aim.h"

enum {
	IRQ_MAX = 17,
	OWN_RING = 64,
	OWN_BYTES = 512,
	OWN_PLACE = 1024,
	RECEIVE_STEP = 16,
	OWN_US = 50000,
	SURE_US = 2000000,
	OTHERS_US = 500000,
	STORMS = 4,
	STORM_US = 30000000
};
#define LOWEST 0x100000ull
#define KERNEL_END 0x800000ull
#define HIGHEST 0x10000000ull
#define STEP 0x10f000ull
#define STEP_KERNEL 0x10000ull
#define MESSAGES 0xfee00000ull

static struct drv drv;
static const struct comp_channel *channel;
static u64 aim = LOWEST;

/* --- what lib/drv gives to a driver ------------------------------------------------------------ */

uint64_t drv_now_ns(void)
{
	return sys_clock() / sys_ticks(1) * 1000;
}

void drv_wake_at(struct drv *d, uint64_t when_ns)
{
	(void)d;
	(void)when_ns;
}

void drv_sleep_ns(uint64_t ns)
{
	u64 end = sys_after(ns / 1000 + 1);

	while (sys_clock() < end)
		;
}

/* --- modes ------------------------------------------------------------------------------------------ */

static void begin(void)
{
	(void)ring_consumer_init(&drv.requests, (const void *)channel->request_out,
				 (void *)channel->request_in, channel->capacity);
	(void)ring_producer_init(&drv.answers, (void *)channel->answer_out,
				 (const void *)channel->answer_in, channel->capacity);
	drv.in_flight = 0;
	drv.stalled = drv.unanswerable = drv.signal = false;
}

static void open(void)
{
	const struct comp_device *d = &sys_comp->device;

	channel = &sys_comp->channel[0];
	for (u32 i = 0; i < COMP_REGIONS; i++)
		drv.region[i] =
			(struct drv_region){ .base = (volatile unsigned char *)d->region[i].vaddr,
					     .bytes = d->region[i].bytes };
	drv.dma = (struct drv_dma){ (unsigned char *)d->dma_vaddr, d->dma_bytes, d->dma_iova };
	drv.irqs = d->irqs;
	drv.platform = d->platform;
	drv.platform_bytes = d->platform_bytes;
	begin();
}

static u64 wait(void)
{
	u64 bits = comp_wait(sys_after(20000));

	if (bits >> channel->reset_bit & 1 && comp_call(SUP_RESET_DONE, 0, 0) == SUP_OK)
		begin();
	for (u32 i = 0; i < drv.irqs && i < IRQ_MAX; i++) {
		if (bits >> sys_comp->device.irq_bit >> i & 1)
			(void)irq_ack((irq_h){ sys_comp->device.irq[i] });
	}
	return bits;
}

static void aim_anywhere(void)
{
	drv.areas = COMP_AREAS;
	for (u32 i = 0; i < COMP_AREAS; i++)
		drv.area[i] = (struct drv_area){ aim, 1ull << 32 };
	aim = aim + STEP < HIGHEST ? aim + STEP : LOWEST;
}

/* For its own requests to the true driver. */
static struct {
	_Alignas(64) unsigned char request_out[RING_ENTRIES + OWN_RING * sizeof(struct ring_entry)];
	_Alignas(64) unsigned char request_in[RING_ENTRIES];
	_Alignas(64) unsigned char answer_out[RING_ENTRIES + OWN_RING * sizeof(struct ring_entry)];
	_Alignas(64) unsigned char answer_in[RING_ENTRIES];
	struct ring_producer to;
	struct ring_consumer from;
} own;

static void use_own_rings(void)
{
	(void)ring_producer_init(&own.to, own.request_out, own.request_in, OWN_RING);
	(void)ring_consumer_init(&drv.requests, own.request_out, own.request_in, OWN_RING);
	(void)ring_producer_init(&drv.answers, own.answer_out, own.answer_in, OWN_RING);
	(void)ring_consumer_init(&own.from, own.answer_out, own.answer_in, OWN_RING);
	drv.areas = 1;
	drv.in_flight = 0;
	drv.stalled = drv.unanswerable = drv.signal = false;
}

/* Does the device say, in time, that it did it, with memory at this address?  It may not know better. */
static bool reaches(u64 address, u64 operation, u64 us)
{
	const struct ring_entry e = { { operation << 32, 0, 0, OWN_BYTES } };
	struct ring_entry answer;
	u64 end = sys_after(us);

	use_own_rings();
	drv.area[0] = (struct drv_area){ address, OWN_BYTES };
	if (driver_init(&drv) != DRV_OK)
		sys_panic("no device");
	(void)ring_put(&own.to, &e);
	(void)ring_publish(&own.to);
	while (sys_clock() < end && driver_event(&drv, DRV_EVENT_REQUEST | 0xffff) == DRV_OK) {
		comp_alive();
		if (ring_get(&own.from, &answer) == RING_OK)
			return answer.w[0] >> 32 == BLK_DONE;
	}
	return false;
}

/* The last page that the device may reach: no queue is there. */
static u64 own_place(void)
{
	return drv.dma.iova + drv.dma.bytes - SYS_PAGE;
}

/* Requests of the true driver, whose data stay where they come to; closer where the kernel is. */
static void sample(void)
{
	u32 tried = 0;
	u64 own_page = own_place();

	if (!reaches(own_page, BLK_READ, SURE_US) || !reaches(own_page, BLK_WRITE, SURE_US))
		sys_panic("the device does not even reach what it may");
	for (u64 at = LOWEST; at < HIGHEST; at += at < KERNEL_END ? STEP_KERNEL : STEP) {
		(void)reaches(at, BLK_READ, OWN_US);
		(void)reaches(at, BLK_WRITE, OWN_US);
		tried++;
	}
	(void)reaches(MESSAGES, BLK_READ, OWN_US);
	sys_print("aimed at %u places\n", tried + 1);
}

/* Once, when others have begun to work. */
static void sweep(void)
{
	u64 mib = sys_option_number("below-mib=", 0);

	for (u64 begin = sys_after(OTHERS_US); sys_clock() < begin;)
		comp_alive();
	u64 place = own_place() + OWN_PLACE;
	if (mib == 0 || !aim_open(&drv) || !aim_once(place, AIM_READ) ||
	    !aim_once(place, AIM_WRITE) || (aim_is_net() && !aim_once(place, AIM_RECEIVE)))
		sys_panic("the device does not even reach what it may");
	u64 written = aim_sweep(mib << 20, 1, AIM_WRITE), read = aim_sweep(mib << 20, 1, AIM_READ);
	u64 received = aim_is_net() ? aim_sweep(mib << 20, RECEIVE_STEP, AIM_RECEIVE) : 0;
	sys_print("aimed at %lu pages to write, %lu to read, %lu to receive\n", written, read, received);
	if (!aim_is_net())
		sample();
	driver_quiesce(&drv);
	begin();
}

static _Noreturn void use_device(void)
{
	bool more = true;

	if (driver_init(&drv) != DRV_OK)
		sys_panic("no device");
	for (;;) {
		if (!more)
			(void)wait();
		aim_anywhere();
		if (driver_event(&drv, DRV_EVENT_REQUEST | 0xffff) != DRV_OK)
			sys_panic("the device has stopped");
		if (drv.signal)
			(void)notif_signal((notif_h){ channel->signal }, 1);
		drv.signal = false;
		more = !drv_idle(&drv);
	}
}

static _Noreturn void refuse(void)
{
	struct ring_entry e;

	for (;;) {
		while (ring_get(&drv.requests, &e) == RING_OK) {
			e = (struct ring_entry){ { (u32)e.w[0] | (u64)NET_ERROR << 32 } };
			(void)ring_put(&drv.answers, &e);
		}
		(void)ring_release(&drv.requests);
		(void)ring_publish(&drv.answers);
		(void)notif_signal((notif_h){ channel->signal }, 1);
		(void)wait();
	}
}

static _Noreturn void aim_at_all(void)
{
	comp_ready();
	if (sys_comp->restarts == 0)
		sweep();
	if (aim_open(&drv) && !aim_is_net())
		use_device();
	driver_quiesce(&drv);
	refuse();
}

/* As often as the kernel stops it a few times. */
static void storm(void)
{
	u64 bits, end = sys_after(STORM_US);

	if (!aim_open(&drv))
		sys_panic("no device");
	for (u32 storms = 0; storms < STORMS && sys_clock() < end;) {
		if (!aim_once(own_place(), aim_is_net() ? AIM_READ : AIM_WRITE))
			sys_panic("the device has stopped");
		bits = 0;
		(void)notif_wait((notif_h){ COMP_NOTIF }, 1, &bits);
		if (!(bits & IRQ_STORM))
			continue;
		sys_print("interrupts were stopped, and go on\n");
		storms++;
		for (u32 i = 0; i < drv.irqs && i < IRQ_MAX; i++)
			(void)irq_ack((irq_h){ sys_comp->device.irq[i] });
	}
	driver_quiesce(&drv);
	begin();
}

static _Noreturn void lie(bool rings)
{
	u64 n = sys_clock();

	comp_ready();
	for (;;) {
		struct ring_entry e;

		while (ring_get(&drv.requests, &e) == RING_OK)
			;
		(void)ring_release(&drv.requests);
		n = n * 6364136223846793005ull + 1442695040888963407ull;
		e = (struct ring_entry){ { n >> 40 & 0x3ff, n, n >> 7, n } };
		(void)ring_put(&drv.answers, &e);
		if (rings)
			drv.answers.tail += (u32)(n >> 50);
		(void)ring_publish(&drv.answers);
		(void)notif_signal((notif_h){ channel->signal }, 1);
		(void)wait();
	}
}

static _Noreturn void flood(void)
{
	comp_ready();
	for (;;) {
		comp_alive();
		(void)notif_signal((notif_h){ channel->signal }, 1);
	}
}

int main(void)
{
	open();
	if (strstr(sys_comp->args, "mode=dma"))
		aim_at_all();
	if (strstr(sys_comp->args, "mode=garbage"))
		lie(false);
	if (strstr(sys_comp->args, "mode=rings"))
		lie(true);
	if (strstr(sys_comp->args, "mode=storm") && sys_comp->restarts == 0)
		storm();
	if (strstr(sys_comp->args, "mode=flood"))
		flood();
	comp_ready();
	for (;;)
		(void)wait();
}
