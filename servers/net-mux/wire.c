/* SPDX-License-Identifier: MIT */
/*
 * The driver's channel, and the buffers that its device sees.
 *
 * Owns:   all buffers; which the driver has.
 * Never:  believes the driver: an answer that nobody asked for is a reason to restart it.
 */
#include "mux.h"

enum {
	INFO_ID = BUFFERS,
	LINK_ID,
	IDS,
	BYTE_BITS = 8,
	PATIENCE_MS = 10000,
	LOOK_US = 2000000,
	UNKNOWN_MS = 30000
};

struct wire wire;

static u8 *window;
static u32 window_area;
static bool with_driver[IDS]; /* the last ones stand for NET_INFO and NET_LINK */
static bool taken[BUFFERS];   /* being filled by a client */
static u32 next_free = RECEIVING;
static u32 owed;      /* answers that the driver owes at once */
static u64 limit;     /* until then the driver must have said what it is */
static u64 last_sign; /* of the driver: when it answered, or began to owe */
static u64 patience;  /* so long it may owe, in ticks */

u8 *wire_bytes(u32 buffer)
{
	return window + (u64)buffer * BUFFER;
}

u32 wire_buffer(void)
{
	for (u32 i = RECEIVING; i < BUFFERS; i++) {
		u32 n = next_free;

		next_free = n + 1 < BUFFERS ? n + 1 : RECEIVING;
		if (!with_driver[n] && !taken[n]) {
			taken[n] = true;
			return n;
		}
	}
	return NO_BUFFER;
}

void wire_free(u32 buffer)
{
	taken[buffer] = false;
}

/* Empty buffers wait for frames, and NET_LINK for a change, perhaps for ever. */
static bool is_owed(u32 id)
{
	return id >= RECEIVING && id != LINK_ID;
}

static bool put(u32 id, u32 operation, u32 bytes, u64 flags)
{
	const struct ring_entry e = { { id | (u64)operation << 32 | (u64)window_area << 40,
					id < BUFFERS ? (u64)id * BUFFER : 0, bytes, flags } };

	with_driver[id] = chan_put(&wire.chan, &e) == RING_OK;
	if (with_driver[id] && is_owed(id) && owed++ == 0)
		last_sign = sys_clock();
	return with_driver[id];
}

void wire_send(u32 buffer, u32 bytes, u64 flags)
{
	taken[buffer] = false;
	if (wire.down) {
		wire.lost++;
		return;
	}
	if (flags & NET_FLAG_CHECKSUM && !(wire.flags & NET_FLAG_CHECKSUM)) {
		frame_sum(wire_bytes(buffer), bytes, flags);
		flags = 0;
	}
	if (put(buffer, NET_SEND, bytes, flags))
		wire.sent++;
	else
		wire.lost++;
}

static void give_buffers(void)
{
	for (u32 i = 0; i < RECEIVING; i++) {
		if (!with_driver[i])
			(void)put(i, NET_RECEIVE, BUFFER, 0);
	}
}

static void ask_link(void)
{
	(void)put(LINK_ID, NET_LINK, 0, wire.down ? NET_FLAG_LINK_DOWN : 0);
}

static void begin(void)
{
	for (u32 i = 0; i < IDS; i++)
		with_driver[i] = false;
	owed = 0;
	if (!wire.known) {
		(void)put(INFO_ID, NET_INFO, 0, 0);
		return;
	}
	ask_link();
	give_buffers();
}

void wire_open(void)
{
	for (u32 i = 0; i < sys_comp->channels; i++) {
		if (sys_comp->channel[i].side == COMP_CLIENT && !chan_open_number(&wire.chan, i))
			sys_panic("the channel to the driver cannot be used");
	}
	if (wire.chan.info == NULL || wire.chan.info->capacity < IDS)
		sys_panic("no channel to a driver, or one of less than %u entries", IDS);
	for (u32 i = 0; i < wire.chan.info->areas && i < COMP_AREAS && window == NULL; i++) {
		const struct comp_area *a = &wire.chan.info->area[i];

		if (a->vaddr == 0 || a->bytes < (u64)BUFFERS * BUFFER)
			continue;
		window = (u8 *)a->vaddr;
		window_area = i;
	}
	if (window == NULL)
		sys_panic("no area of %u bytes for frames", BUFFERS * BUFFER);
	limit = sys_after(1000 * sys_option_number("gone-after-ms=", UNKNOWN_MS));
	patience = sys_ticks(1000 * sys_option_number("timeout-ms=", PATIENCE_MS));
	begin();
}

/* --- answers -------------------------------------------------------------------------------- */

static void gone(void)
{
	chan_stop(&wire.chan);
	wire.gone = true;
	clients_gone();
}

static void read_info(const struct ring_entry *e)
{
	if (e->w[0] >> 32 != NET_DONE) {
		sys_print("the driver does not say what it is\n");
		gone();
		return;
	}
	for (u32 i = 0; i < ADDRESS; i++)
		wire.address[i] = (u8)(e->w[2] >> (BYTE_BITS * i));
	wire.mtu = e->w[2] >> 48;
	wire.flags = e->w[3] & NET_FLAG_CHECKSUM;
	wire.down = (e->w[3] & NET_FLAG_LINK_DOWN) != 0;
	wire.known = true;
	ask_link();
	give_buffers();
}

/* What was under way when the link went may be answered when it is there again. */
static void read_link(const struct ring_entry *e)
{
	if (e->w[0] >> 32 != NET_DONE)
		return;
	wire.down = (e->w[3] & NET_FLAG_LINK_DOWN) != 0;
	last_sign = sys_clock();
	clients_link();
	ask_link();
}

static void received(u32 id, const struct ring_entry *e)
{
	u64 bytes = e->w[1];

	if (e->w[0] >> 32 == NET_DONE && bytes >= NET_FRAME_MIN && bytes <= NET_FRAME_MAX) {
		wire.received++;
		(void)clients_deliver(wire_bytes(id), (u32)bytes, e->w[3] & NET_FLAG_CHECKSUM,
				      CLIENTS);
	}
	(void)put(id, NET_RECEIVE, BUFFER, 0);
}

void wire_take(void)
{
	struct ring_entry e;

	while (chan_get(&wire.chan, &e) == RING_OK) {
		u64 id = e.w[0] & 0xffffffff;

		if (id >= IDS || !with_driver[id]) {
			chan_complain(&wire.chan);
			return;
		}
		with_driver[id] = false;
		if (is_owed((u32)id)) {
			owed--;
			last_sign = sys_clock();
		}
		if (id == INFO_ID)
			read_info(&e);
		else if (id == LINK_ID)
			read_link(&e);
		else if (id < RECEIVING)
			received((u32)id, &e);
	}
	if (chan_broken(&wire.chan))
		chan_complain(&wire.chan);
}

void wire_news(u64 bits)
{
	chan_busy(&wire.chan);
	if (chan_news(&wire.chan, bits) != CHAN_RESET)
		return;
	/* A driver that comes back too late gets its rings, and nothing is asked of it. */
	if (wire.gone) {
		(void)chan_agree(&wire.chan);
		chan_stop(&wire.chan);
		return;
	}
	switch (chan_agree(&wire.chan)) {
	case CHAN_UP: begin(); break;
	case CHAN_DOWN: break;
	case CHAN_GONE:
		sys_print("the driver will not be started again\n");
		gone();
		break;
	}
}

/* Clients wait until it is known what the network is, but not for ever. */
static bool is_unknown(void)
{
	return !wire.known && !wire.gone;
}

/* Signs of the device's own trouble are the driver's affair; that it answers at all is not. */
void wire_time(void)
{
	if (is_unknown() && sys_clock() > limit) {
		sys_print("the driver has not said what it is\n");
		gone();
	}
	if (wire.chan.state != CHAN_UP || owed == 0 || wire.down ||
	    sys_clock() - last_sign < patience)
		return;
	sys_print("the driver does not answer\n");
	chan_complain(&wire.chan);
}

u64 wire_deadline(void)
{
	bool waits = owed != 0 && wire.chan.state == CHAN_UP;

	return waits || is_unknown() ? sys_after(LOOK_US) : 0;
}
