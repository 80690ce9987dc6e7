/* SPDX-License-Identifier: MIT */
/*
 * What models of network devices and the test of their class tell each other.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "harness.h"

/* --- of the model ------------------------------------------------------------------- */

/* A frame arrives on the wire.  False: the device has no room for it, or is not on. */
bool net_deliver(const unsigned char *frame, uint32_t bytes);
void net_set_link(bool up);
extern const unsigned char net_mac[6];
/* The device sums; how many buffers it takes for frames, at least. */
extern bool net_sums;
extern unsigned net_buffers;
/* Its driver uses all pairs of queues that it can have: has said so, and each has sent and received. */
bool net_all_pairs(void);
/* What it says while it misbehaves so is known for wrong before any of it is believed. */
bool net_seen_through(enum fault f);

/* --- of the test ---------------------------------------------------------------------- */

/* A frame leaves the device, with its checksum. */
void net_sent(const unsigned char *frame, uint32_t bytes);
/* The sum that a device puts into a frame. */
void net_fill_sum(unsigned char *frame, uint32_t bytes, uint32_t start, uint32_t place);
