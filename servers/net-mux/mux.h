/* SPDX-License-Identifier: MIT */
/*
 * The multiplexer of a network device: one driver below, several clients above, which are
 * switched: each has a hardware address of its own.
 *
 * What clients may rely on:
 * - Frames are copied, from a client's memory to the multiplexer's and back: nobody sees another's
 *   frames, nor changes one after it was checked.
 * - A frame is sent only with its sender's address as source, else NET_BAD.  One for another
 *   client goes to it, and not on the wire; one for all goes to all and on the wire.
 * - NET_DONE of a frame that was sent says that the buffer is free again.  Frames are lost if the
 *   driver fails, as on a wire.
 * - What the network is, is asked of the driver; if it does not say so in 30 s ("gone-after-ms=N"), all is
 *   answered NET_GONE.
 * - NET_LINK tells of changes of the link; while it is down frames for the wire are lost.
 * - Bytes to be sent are shared out in turns.  Who gives no buffers loses what comes for it.
 */
#pragma once
#include <tessera/chan.h>
#include <tessera/net.h>

enum {
	CLIENTS = 8,
	BUFFERS = 256,
	BUFFER = 2048,
	RECEIVING = 128, /* the first so many are for frames that come */
	ADDRESS = 6,
	NO_BUFFER = BUFFERS,
};

/* The wire.c side: the driver's channel, buffers. */
struct wire {
	struct chan chan;
	bool known; /* its address is */
	bool gone;
	bool down; /* no link */
	u8 address[ADDRESS];
	u64 mtu, flags;
	u64 received, sent, lost;
};
extern struct wire wire;

void wire_open(void);
/* A buffer for a frame to be sent, or NO_BUFFER. */
u32 wire_buffer(void);
u8 *wire_bytes(u32 buffer);
void wire_free(u32 buffer);
/* Send it; afterwards the buffer is free by itself. */
void wire_send(u32 buffer, u32 bytes, u64 flags);
/* Take what the driver says. */
void wire_take(void);
void wire_news(u64 bits);
/* End a driver that answers nothing; when to be called again, 0: never. */
void wire_time(void);
u64 wire_deadline(void);

/* clients.c */
void clients_open(void);
/* Take frames to be sent, and buffers.  True: who lacked credit has got some. */
bool clients_take(void);
/* Give a frame to those it is for; `from`: not to this one.  True: it was for one client alone. */
bool clients_deliver(const u8 *frame, u32 bytes, u64 flags, u32 from);
/* The link came or went: tell those that asked. */
void clients_link(void);
/* Nothing will come any more. */
void clients_gone(void);
void clients_news(u64 bits);
bool clients_idle(void);

/* frame.c */
bool address_is_group(const u8 *address);
bool address_equal(const u8 *a, const u8 *b);
/* Fill in the checksum that NET_FLAG_CHECKSUM asks for; the places were checked. */
void frame_sum(u8 *frame, u32 bytes, u64 flags);
/* Are the places of a checksum inside the frame? */
bool frame_sum_ok(u32 bytes, u64 flags);
/* "02:00:00:00:00:01"; false: it is none, or a group's. */
bool address_read(const char *text, u8 *address);
