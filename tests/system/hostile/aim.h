/* SPDX-License-Identifier: MIT */
/*
 * What a hostile driver has its device do to memory: virtio-blk or virtio-net, whichever it has.
 *
 * Owns:   the device's queues between aim_open and driver_quiesce or the next aim_open.
 */
#pragma once
#include <tessera/sys.h>
#include <tessera/drv.h>

/* Begin; false: it is neither. */
bool aim_open(struct drv *d);
bool aim_is_net(void);
enum aim {
	AIM_READ,    /* a disk: a request; a network: a frame to send */
	AIM_WRITE,   /* a disk: its serial number; a network: a byte, the answer to a command */
	AIM_RECEIVE, /* a network: what comes from the wire */
};

/*
 * Have it do so with every page below an address, or one of `step`, one after the other.
 * @return with how many
 */
u64 aim_sweep(u64 below, u64 step, enum aim how);
/* Once, with an interrupt at its end.  False: the device does not say that it is done. */
bool aim_once(u64 address, enum aim how);
