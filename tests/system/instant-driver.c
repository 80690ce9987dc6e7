/* SPDX-License-Identifier: MIT */
/*
 * The driver of a disk that needs no time: it begins and ends as that of virtio-blk does, device and all, but
 * answers each request at once.  So what clients lose while it is killed is lost by the system alone, and the
 * emulator's clock of instructions shows it, whatever the emulated device does meanwhile.
 */
#include <tessera/drv.h>

enum drv_result event_of_driver(struct drv *d, uint64_t events);
#define driver_event event_of_driver
#include "../../drivers/virtio-blk/virtio-blk.c"
#undef driver_event

enum { SECTORS = 1 << 17, BEST_BYTES = 4096 };

enum drv_result driver_event(struct drv *d, uint64_t events)
{
	struct ring_entry e;

	(void)events;
	drv_begin(d);
	while (drv_take(d, &e)) {
		bool info = (e.w[0] >> 32 & 0xff) == BLK_INFO;

		drv_answer(d, (e.w[0] & 0xffffffff) | (uint64_t)BLK_DONE << 32,
			   info ? SECTORS : e.w[3], info ? BEST_BYTES : 0, 0);
	}
	return drv_end(d, true);
}
