/* SPDX-License-Identifier: MIT */
/*
 * The driver of virtio-blk, but of a device whose cache does not survive a reset; and it crashes when
 * it is asked to write to a sector that is another in each life.
 */
#include <tessera/drv.h>

static void forget(struct drv *d);
static enum drv_result event_of_driver(struct drv *d, uint64_t events);

/* What it answers is changed before others see it. */
#define drv_end(d, ok) (forget(d), (drv_end)(d, ok))
#define driver_event event_of_driver
#include "../../drivers/virtio-blk/virtio-blk.c"
#undef driver_event

#include <tessera/sys.h>

enum { CRASH_SECTOR = 777 };

/* Only an answer to BLK_INFO has a third word. */
static void forget(struct drv *d)
{
	struct ring_producer *p = &d->answers;

	for (u32 i = atomic_load(&p->out->tail); i != p->tail; i++)
		p->entries[i & (p->capacity - 1)].w[2] &= ~((u64)BLK_FEATURE_CACHE_SURVIVES << 32);
}

static bool is_poisoned(const struct drv *d)
{
	const struct ring_consumer *c = &d->requests;

	for (u32 i = c->head; i != atomic_load(&c->out->tail); i++) {
		const struct ring_entry *e = &c->entries[i & (c->capacity - 1)];

		if ((e->w[0] >> 32 & 0xff) == BLK_WRITE &&
		    e->w[1] == CRASH_SECTOR + sys_comp->restarts)
			return true;
	}
	return false;
}

enum drv_result driver_event(struct drv *d, uint64_t events)
{
	if (is_poisoned(d))
		__builtin_trap();
	return event_of_driver(d, events);
}
