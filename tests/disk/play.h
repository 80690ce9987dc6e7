/* SPDX-License-Identifier: MIT */
/*
 * A multiplexer on the host: its own main loop runs beside a test that plays its driver and its clients.
 *
 * It is woken only when a ring or a bit says so: a wake-up that is lost stops everything, and a loop
 * that does nothing is counted.  The clock runs as the test says.
 */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/chan.h>

enum { CHANNELS = 3, /* 0: to the driver */ CAPACITY = 512, ENDS = 8 };

/* What is played of a channel. */
struct end {
	struct ring_producer out;
	struct ring_consumer in;
	bool down;
};
extern struct end end[CHANNELS];
extern u64 pending, now; /* of COMP_NOTIF; nanoseconds */
extern u32 complaints[CHANNELS];
extern struct comp_info info;

void fail(const char *what);
#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			fail(#x);                                                                  \
	} while (0)
void ok(bool good, const char *name);

/* A channel of the multiplexer's, before it starts; pool i is the area of channel i. */
void channel(u32 i, u32 side, const char *name, u32 capacity);
void start(void (*entry)(void));
void put(u32 i, const struct ring_entry *e);
bool get(u32 i, struct ring_entry *e);
/* Takes some of what end i was sent, and now and then moves its indices to anywhere. */
void scramble(u32 i);
/* The other side of a channel is lost. */
void lose(u32 i);
/* Let the multiplexer run until it waits. */
void run(void);

/* What a test defines: the driver is to be ended. */
void driver_ends(void);
