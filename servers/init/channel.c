/* SPDX-License-Identifier: MIT */
/*
 * Channels between components: rings, and beginning anew when one side was lost.
 *
 * Owns:       frames of rings, pools, endpoints; which channels are up.
 *
 * A channel is up, or down until both sides have let go of it: one that does not run has, one that
 * runs says so (SUP_RESET_DONE) after it saw its reset_bit.  When the second one has, the
 * rings are cleared and the channel is up; whoever was told to wait sees its reset_bit again.
 * A reset_bit can be seen late, when the rings that it was about are gone already: so a side asks
 * before it lets go (SUP_RESET_ASKED).
 * Who runs and does not let go for LET_GO_MS (boot command line: init.let-go=MS) is taken for one
 * that hangs.
 */
#include "init.h"

struct reset {
	bool down;
	bool agreed[2];
	bool waits[2]; /* it has no rings, and will take the next ones */
	u64 asked;     /* when sides that run were asked to let go */
};

enum { LET_GO_MS = 20000 };

struct ring_pages ring_pages[CHANNELS_MAX];
u32 pool_frames[POOLS_MAX];
u64 pool_pages[POOLS_MAX], pool_first[POOLS_MAX];
u32 endpoint_cap[ENDPOINTS_MAX];
static struct reset reset[CHANNELS_MAX];
static u64 let_go; /* clock ticks */

/* In a side's pages: where its position in the other's ring stands. */
u64 ring_answer_offset(u32 capacity)
{
	return (64 + 32ull * capacity + 63) & ~63ull;
}

u64 ring_side_pages(u32 capacity)
{
	return (ring_answer_offset(capacity) + 64 + SYS_PAGE - 1) / SYS_PAGE;
}

void channel_open(void)
{
	u64 ms = sys_option_number("init.let-go=", 0);

	let_go = sys_ticks(1000 * (ms != 0 ? ms : LET_GO_MS));
	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		struct extent x;

		ring_pages[i].pages = (u32)ring_side_pages(channels[i].capacity);
		for (u32 side = 0; side < 2; side++) {
			if (!memory_take(ring_pages[i].pages, 1, &x))
				sys_panic("there is not enough memory for rings");
			ring_pages[i].frames[side] = memory_frames(&x, true);
		}
	}
}

static struct component *side_of(u32 channel, u32 side)
{
	return &component[channels[channel].component[side]];
}

static bool channel_is_up(u32 channel)
{
	return !reset[channel].down && side_of(channel, 0)->state != ENDED &&
	       side_of(channel, 1)->state != ENDED;
}

static void tell(u32 channel, u32 side)
{
	const struct component *c = side_of(channel, side);

	if (running(c))
		(void)notif_signal((notif_h){ c->notif },
				   1ull << channels[channel].reset_bit[side]);
}

static void clear(u32 channel)
{
	const struct ring_pages *r = &ring_pages[channel];

	for (u32 side = 0; side < 2; side++) {
		for (u32 at = 0; at < r->pages; at += 64)
			(void)frames_clear((frames_h){ r->frames[side] }, at,
					   r->pages - at < 64 ? r->pages - at : 64);
	}
	reset[channel].down = false;
}

/* Both sides let go of what was; those that run are asked to. */
static void begin(u32 channel)
{
	struct reset *r = &reset[channel];

	/* Being asked again gives nobody more time. */
	if (!r->down)
		r->asked = sys_clock();
	r->down = true;
	for (u32 side = 0; side < 2; side++) {
		r->agreed[side] = !running(side_of(channel, side)) || r->waits[side];
		tell(channel, side);
	}
	if (r->agreed[0] && r->agreed[1])
		clear(channel);
}

void channel_end(struct component *c)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		if (side_of(i, 0) == c || side_of(i, 1) == c)
			begin(i);
	}
}

/* Whoever is started when its peer is gone for good asks, and is told. */
void channel_greet(const struct component *c)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		for (u32 side = 0; side < 2; side++) {
			if (side_of(i, side) == c && side_of(i, !side)->state == ENDED)
				tell(i, side);
		}
	}
}

u32 channel_of(const struct component *c, u64 number, u32 *side)
{
	u64 at = 0;

	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		for (*side = 0; *side < 2; (*side)++) {
			if (side_of(i, *side) == c && at++ == number)
				return i;
		}
	}
	return BUNDLE_NONE;
}

/* Whoever asks for new rings all the time is ended itself. */
static bool too_many(struct component *c)
{
	if (!watch_accusation(c))
		return false;
	text_line("%s accuses others too often", c->b->name);
	watch_end(c, true);
	return true;
}

u32 channel_agree(struct component *c, u64 number)
{
	u32 side, i = channel_of(c, number, &side);

	if (i == BUNDLE_NONE)
		return SUP_BAD;
	/* It has let go, and there will be no other rings. */
	if (side_of(i, !side)->state == ENDED) {
		reset[i].agreed[side] = true;
		return SUP_GONE;
	}
	if (!reset[i].down && reset[i].waits[side]) {
		reset[i].waits[side] = false;
		return SUP_OK;
	}
	if (!reset[i].down) {
		if (too_many(c))
			return SUP_OK;
		begin(i);
	}
	reset[i].agreed[side] = true;
	reset[i].waits[side] = reset[i].down && !reset[i].agreed[!side];
	if (reset[i].waits[side])
		return SUP_LATER;
	clear(i);
	tell(i, !side);
	return SUP_OK;
}

u32 channel_asked(const struct component *c, u64 number)
{
	u32 side, i = channel_of(c, number, &side);

	if (i == BUNDLE_NONE)
		return SUP_BAD;
	return reset[i].down || reset[i].waits[side] || side_of(i, !side)->state == ENDED
		       ? SUP_LATER
		       : SUP_OK;
}

/* A life begins: with rings, or not yet. */
bool channel_born(u32 channel, u32 side)
{
	reset[channel].waits[side] = !channel_is_up(channel);
	return !reset[channel].waits[side];
}

/* Has the component no other channels and endpoints than with this peer? */
static bool only_peer(const struct component *c, const struct component *peer)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		if ((side_of(i, 0) == c && side_of(i, 1) != peer) ||
		    (side_of(i, 1) == c && side_of(i, 0) != peer))
			return false;
	}
	for (u32 i = 0; i < bundle_count(BUNDLE_ENDPOINT_USES); i++) {
		const struct bundle_endpoint_use *u = &endpoint_uses[i];

		if (endpoints[u->endpoint].owner == c->number && u->component != c->number &&
		    u->component != peer->number)
			return false;
	}
	return true;
}

/*
 * A server is believed about its client, a trusted component about anybody, and whoever is the
 * only one that its server serves: how often the accused may be started again is its own limit.
 * Any other client's word ends nothing: the rings begin anew, and that is counted.  So they do when the accused does
 * not run just now, else its next life would use rings that the accuser has let go of.
 */
u32 channel_broken(struct component *c, u64 number)
{
	u32 side, i = channel_of(c, number, &side);

	if (i == BUNDLE_NONE)
		return SUP_BAD;
	struct component *peer = side_of(i, !side);

	bool believed = side == COMP_SERVER || (c->b->flags & BUNDLE_TRUSTED) || only_peer(peer, c);

	peer->broke++;
	text_line("%s says that %s broke the rings between them (%u in all)", c->b->name, peer->b->name, peer->broke);
	if (believed && running(peer))
		watch_end(peer, true);
	else if (believed || !too_many(c))
		begin(i);
	return SUP_OK;
}

u64 channel_turn(u64 now)
{
	u64 next = 0;

	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		u64 limit = reset[i].asked + let_go;

		for (u32 side = 0; side < 2 && reset[i].down; side++) {
			struct component *c = side_of(i, side);

			if (!running(c) || reset[i].agreed[side])
				continue;
			if (now >= limit) {
				text_line("%s does not let go of the rings of %s", c->b->name,
					  channels[i].name[side]);
				watch_end(c, true);
			} else if (next == 0 || limit < next) {
				next = limit;
			}
		}
	}
	return next;
}
