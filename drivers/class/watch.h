/* SPDX-License-Identifier: MIT */
/*
 * Notices that a device no longer answers, without a clock for each request.
 *
 * Time is counted in ticks of WATCH_NS while anything is under way; a request
 * carries the number of the tick that it began in, and is overdue WATCH_TICKS later.
 */
#pragma once
#include <tessera/drv.h>

#define WATCH_NS 10000000000ull
enum { WATCH_TICKS = 2 };

struct watch {
	uint32_t tick;
	bool running;
};

/* Something begins. */
static inline void watch_begin(struct watch *w, struct drv *d)
{
	if (w->running)
		return;
	w->running = true;
	drv_wake_at(d, drv_now_ns() + WATCH_NS);
}

/* On DRV_EVENT_TICK; then look at each request, and call watch_begin if there is one. */
static inline void watch_tick(struct watch *w)
{
	w->tick++;
	w->running = false;
}

static inline bool watch_overdue(const struct watch *w, uint32_t began)
{
	return w->tick - began >= WATCH_TICKS;
}
