/* SPDX-License-Identifier: MIT */
/*
 * Which rings the driver works on.
 *
 * While the channel may not be used the driver has rings of its own: it goes on serving its
 * device, and finds nothing to do on them.
 */
#include "process.h"

enum { PARKED = 1 };

static struct {
	_Alignas(64) unsigned char request_out[RING_ENTRIES + PARKED * sizeof(struct ring_entry)];
	_Alignas(64) unsigned char request_in[RING_ENTRIES];
	_Alignas(64) unsigned char answer_out[RING_ENTRIES + PARKED * sizeof(struct ring_entry)];
	_Alignas(64) unsigned char answer_in[RING_ENTRIES];
} parked;

static void begin(const void *request_out, void *request_in, void *answer_out,
		  const void *answer_in, u32 capacity)
{
	(void)ring_consumer_init(&drv.requests, request_out, request_in, capacity);
	(void)ring_producer_init(&drv.answers, answer_out, answer_in, capacity);
	drv.in_flight = 0;
	drv.stalled = drv.unanswerable = drv.signal = false;
}

void rings_open(void)
{
	begin((const void *)channel->request_out, (void *)channel->request_in,
	      (void *)channel->answer_out, (const void *)channel->answer_in, channel->capacity);
}

void rings_park(void)
{
	memset(&parked, 0, sizeof parked);
	begin(parked.request_out, parked.request_in, parked.answer_out, parked.answer_in, PARKED);
}
