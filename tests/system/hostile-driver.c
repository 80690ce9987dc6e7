/* SPDX-License-Identifier: MIT */
/*
 * A driver of virtio-blk that is hostile, in the way that its first word says:
 *
 *	mode=silent   takes requests and answers none
 *	mode=garbage  answers what nobody asked, with impossible numbers
 *	mode=rings    breaks the rings' counters
 *	mode=flood    signals its client without end
 *	mode=dma      tells its device to use memory that is not its own: physical addresses, one
 *	              for each request, all over the machine
 *
 * It gives signs of life all the while.
 */
#include <tessera/chan.h>
#include <tessera/drv.h>

enum { IRQ_MAX = 17 };
#define STEP 0x10f000ull

static struct drv drv;
static const struct comp_channel *channel;
static u64 aim = 0x100000;

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
	aim = aim + STEP < 0x10000000 ? aim + STEP : 0x100000;
}

static _Noreturn void use_device(void)
{
	bool more = true;

	if (driver_init(&drv) != DRV_OK)
		sys_panic("no device");
	comp_ready();
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
		use_device();
	if (strstr(sys_comp->args, "mode=garbage"))
		lie(false);
	if (strstr(sys_comp->args, "mode=rings"))
		lie(true);
	if (strstr(sys_comp->args, "mode=flood"))
		flood();
	comp_ready();
	for (;;)
		(void)wait();
}
