/* SPDX-License-Identifier: MIT */
/*
 * The parts of a driver's process.
 */
#pragma once
#include <tessera/chan.h>
#include <tessera/component.h>
#include <tessera/drv.h>
#include <tessera/sys.h>

extern struct drv drv;
extern const struct comp_channel *channel; /* to the only client */

/* configure.c: fill `drv` from what init says.  False: no channel, or nothing that fits. */
bool drv_configure(void);

/* rings.c: use the channel's rings; or ones of its own, where nothing ever comes. */
void rings_open(void);
void rings_park(void);

/* time.c */
u64 drv_ticks(u64 ns);
/* When drv_wake_at asked for, in clock ticks; 0: never. */
extern u64 wake_clock;
