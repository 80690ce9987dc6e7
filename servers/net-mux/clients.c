/* SPDX-License-Identifier: MIT */
/*
 * The clients: their addresses, what they send, the buffers they gave for what comes.
 *
 * `args` has a word for each channel: NAME=own for the device's own address, or NAME=02:00:00:00:00:01.
 * A channel without such a word is answered NET_GONE.  Addresses that are not the device's need one
 * that takes every frame off the wire.
 */
#include "mux.h"

enum { QUANTUM = 8 * NET_FRAME_MAX, FRAME_COST = 64, PER_TURN = 64, ROOMS = 256 };

enum block { BLOCK_NONE, BLOCK_BUFFER, BLOCK_ROOM };

/* A buffer that waits for a frame. */
struct room {
	u32 id, bytes;
	u8 *place;
};

struct client {
	struct chan chan;
	bool named, own;
	u8 address[ADDRESS];
	bool have; /* `next` was taken from the ring and waits */
	enum block block;
	u32 in_flight;
	bool wants_link, link_down; /* as it knows it */
	u32 link_id;
	u64 credit;
	struct ring_entry next;
	u32 first_room, rooms;
	struct room room[ROOMS];
};

static struct client client[CLIENTS];
static u32 clients, turn;

/* --- who is who ------------------------------------------------------------------------------- */

static void read_word(struct client *c)
{
	char name[COMP_NAME + 2];
	const char *at;

	(void)sys_format(name, sizeof name, "%s=", c->chan.info->name);
	at = sys_option(name);
	if (at == NULL) {
		sys_print("args have no word %s: that client has no network\n", name);
		return;
	}
	c->named = true;
	c->own = memcmp(at, "own", 3) == 0;
	if (!c->own && !address_read(at, c->address))
		sys_panic("%s is followed by no address", name);
}

void clients_open(void)
{
	for (u32 i = 0; i < sys_comp->channels; i++) {
		struct client *c = &client[clients];

		if (sys_comp->channel[i].side != COMP_SERVER)
			continue;
		if (clients == CLIENTS || !chan_open_number(&c->chan, i))
			sys_panic("channel %s: cannot be served", sys_comp->channel[i].name);
		read_word(c);
		for (u32 k = 0; k < clients; k++) {
			if (c->named && client[k].named &&
			    (c->own ? client[k].own : address_equal(c->address, client[k].address)))
				sys_panic("two clients have the same address");
		}
		clients++;
	}
}

static const u8 *address_of(const struct client *c)
{
	return c->own ? wire.address : c->address;
}

/* --- what comes ------------------------------------------------------------------------------------ */

static void answer(struct client *c, u32 id, u32 status, u64 bytes, u64 w2, u64 flags)
{
	const struct ring_entry e = { { id | (u64)status << 32, bytes, w2, flags } };

	c->in_flight--;
	(void)chan_put(&c->chan, &e);
}

/* Without a buffer it is lost. */
static void give(struct client *c, const u8 *frame, u32 bytes, u64 flags)
{
	if (c->rooms == 0)
		return;
	const struct room *r = &c->room[c->first_room];
	memcpy(r->place, frame, bytes);
	c->first_room = (c->first_room + 1) % ROOMS;
	c->rooms--;
	answer(c, r->id, NET_DONE, bytes, 0, flags);
}

bool clients_deliver(const u8 *frame, u32 bytes, u64 flags, u32 from)
{
	u8 to[ADDRESS];

	/* The device may still write the frame: it goes where the copy says. */
	memcpy(to, frame, ADDRESS);
	bool group = address_is_group(to);
	for (u32 i = 0; i < clients; i++) {
		struct client *c = &client[i];

		if (i == from || !c->named || c->chan.state != CHAN_UP)
			continue;
		if (group)
			give(c, frame, bytes, flags);
		else if (address_equal(to, address_of(c)))
			return give(c, frame, bytes, flags), true;
	}
	return false;
}

static void tell_link(struct client *c)
{
	if (!c->wants_link || c->link_down == wire.down)
		return;
	c->wants_link = false;
	answer(c, c->link_id, NET_DONE, 0, 0, wire.down ? NET_FLAG_LINK_DOWN : 0);
}

void clients_link(void)
{
	for (u32 i = 0; i < clients; i++)
		tell_link(&client[i]);
}

void clients_gone(void)
{
	for (u32 i = 0; i < clients; i++) {
		struct client *c = &client[i];

		if (c->wants_link)
			answer(c, c->link_id, NET_GONE, 0, 0, 0);
		c->wants_link = false;
		for (; c->rooms != 0; c->rooms--) {
			answer(c, c->room[c->first_room].id, NET_GONE, 0, 0, 0);
			c->first_room = (c->first_room + 1) % ROOMS;
		}
	}
}

/* --- what goes --------------------------------------------------------------------------------------- */

/* Where a client's buffer is here, or NULL. */
static u8 *place_of(const struct client *c, const struct ring_entry *e)
{
	u64 area = e->w[0] >> 40;

	if (area >= c->chan.info->areas || area >= COMP_AREAS)
		return NULL;
	const struct comp_area *a = &c->chan.info->area[area];
	if (a->vaddr == 0 || e->w[2] > a->bytes || e->w[1] > a->bytes - e->w[2])
		return NULL;
	return (u8 *)a->vaddr + e->w[1];
}

/* Copy first, then look: the client can write its memory all the while. */
static u32 send(struct client *c, const u8 *from, u32 bytes, u64 flags, u32 buffer)
{
	u8 *frame = wire_bytes(buffer);
	bool sum = (flags & NET_FLAG_CHECKSUM) != 0;

	memcpy(frame, from, bytes);
	if (!address_equal(frame + ADDRESS, address_of(c)) ||
	    (sum && !frame_sum_ok(bytes, flags)) || flags >> NET_SUM_PLACE_SHIFT > 0xffff) {
		wire_free(buffer);
		return NET_BAD;
	}
	u32 number = (u32)(c - client);
	bool local = address_is_group(frame);
	for (u32 i = 0; i < clients; i++)
		local |= i != number && client[i].named &&
			 address_equal(frame, address_of(&client[i]));
	if (sum && local) {
		frame_sum(frame, bytes, flags);
		flags = 0;
	}
	if (local && clients_deliver(frame, bytes, NET_FLAG_CHECKSUM * sum, number))
		wire_free(buffer);
	else
		wire_send(buffer, bytes, flags);
	return NET_DONE;
}

static void answer_info(struct client *c, u32 id)
{
	u64 address = 0;

	for (u32 i = 0; i < ADDRESS; i++)
		address |= (u64)address_of(c)[i] << (8 * i);
	answer(c, id, NET_DONE, 0, address | wire.mtu << 48,
	       NET_FLAG_CHECKSUM | (wire.down ? NET_FLAG_LINK_DOWN : 0));
}

static void ask_link(struct client *c, u32 id, u64 flags)
{
	c->wants_link = true;
	c->link_id = id;
	c->link_down = (flags & NET_FLAG_LINK_DOWN) != 0;
	tell_link(c);
}

/* One entry.  False: none was taken, `block` says why. */
static bool take_one(struct client *c)
{
	const struct ring_entry *e = &c->next;

	c->block = BLOCK_NONE;
	if (!c->have) {
		if (!chan_can_answer(&c->chan, c->in_flight)) {
			c->block = BLOCK_ROOM;
			return false;
		}
		if (chan_get(&c->chan, &c->next) != RING_OK)
			return false;
		c->have = true;
		c->in_flight++;
	}
	u32 id = (u32)e->w[0], operation = (u32)(e->w[0] >> 32) & 0xff;
	u8 *place = operation <= NET_RECEIVE ? place_of(c, e) : NULL;
	u64 bytes = e->w[2];

	if (!c->named || wire.gone) {
		answer(c, id, NET_GONE, 0, 0, 0);
	} else if (operation == NET_SEND && place != NULL && bytes >= NET_FRAME_MIN &&
		   bytes <= NET_FRAME_MAX) {
		u32 buffer = c->credit >= bytes + FRAME_COST ? wire_buffer() : NO_BUFFER;

		if (buffer == NO_BUFFER) {
			c->block = BLOCK_BUFFER;
			return false;
		}
		c->credit -= bytes + FRAME_COST;
		answer(c, id, send(c, place, (u32)bytes, e->w[3], buffer), 0, 0, 0);
	} else if (operation == NET_RECEIVE && place != NULL && bytes >= NET_ROOM_MIN &&
		   c->rooms < ROOMS) {
		c->room[(c->first_room + c->rooms++) % ROOMS] =
			(struct room){ id, NET_ROOM_MIN, place };
	} else if (operation == NET_INFO) {
		answer_info(c, id);
	} else if (operation == NET_LINK && !c->wants_link) {
		ask_link(c, id, e->w[3]);
	} else {
		answer(c, id, NET_BAD, 0, 0, 0);
	}
	c->have = false;
	return true;
}

static bool wants_credit(const struct client *c)
{
	return c->have && c->block == BLOCK_BUFFER && c->credit < c->next.w[2] + FRAME_COST;
}

bool clients_take(void)
{
	bool more = false, held = false;

	for (u32 i = 0, begin = turn; (wire.known || wire.gone) && i < clients; i++) {
		struct client *c = &client[(begin + i) % clients];

		for (u32 k = 0; c->chan.state == CHAN_UP && k < PER_TURN && take_one(c); k++)
			;
		if (chan_broken(&c->chan))
			chan_complain(&c->chan);
		/* No buffer is free: its turn goes on when there is one; others can give buffers. */
		held |= c->block == BLOCK_BUFFER && !wants_credit(c);
		if (held)
			continue;
		turn = (turn + 1) % clients;
		more |= wants_credit(&client[turn]);
		if (client[turn].credit < QUANTUM)
			client[turn].credit += QUANTUM;
	}
	return more;
}

/* --- waiting --------------------------------------------------------------------------------------------- */

void clients_news(u64 bits)
{
	for (u32 i = 0; i < clients; i++) {
		struct client *c = &client[i];

		chan_busy(&c->chan);
		if (chan_news(&c->chan, bits) != CHAN_RESET)
			continue;
		c->have = false;
		c->block = BLOCK_NONE;
		c->rooms = c->in_flight = 0;
		c->wants_link = false;
		(void)chan_agree(&c->chan);
	}
}

bool clients_idle(void)
{
	bool all = true;

	for (u32 i = 0; i < clients; i++) {
		struct client *c = &client[i];

		chan_flush(&c->chan);
		if (c->chan.state != CHAN_UP || !(wire.known || wire.gone) ||
		    c->block == BLOCK_BUFFER)
			continue;
		all &= c->block == BLOCK_ROOM ? chan_idle_for_answers(&c->chan, c->in_flight)
					      : chan_idle(&c->chan, false);
	}
	return all;
}
