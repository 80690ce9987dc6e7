/* SPDX-License-Identifier: MIT */
/*
 * What components use of what init gave them: names, signs of life, and one
 * side of a channel with its way to begin anew.
 *
 *	comp_ready();
 *	for (;;) {
 *		chan_busy(&c);
 *		while (chan_get(&c, &e) == RING_OK) ... chan_put(&c, &answer) ...
 *		if (chan_broken(&c))
 *			chan_complain(&c);
 *		if (!chan_idle(&c, false))
 *			continue;
 *		if (chan_news(&c, comp_wait(0)) == CHAN_RESET) {
 *			forget, or keep, what was asked for and not answered;
 *			chan_agree(&c);
 *		}
 *	}
 *
 * While a channel is not up nothing is got from it or put on it.
 */
#pragma once
#include "tessera/ring.h"
#include "tessera/sys.h"

/* --- what there is, by its name in the system file ------------------------------ */

/* NULL: this component has none of this name. */
const struct comp_pool *comp_pool(const char *name);
const struct comp_channel *comp_channel(const char *name);
/* side: COMP_CLIENT, COMP_SERVER.  Handle 0: there is none. */
ep_h comp_endpoint(const char *name, u32 side);

/* --- the supervisor ------------------------------------------------------------------ */

/* Call it (enum sup_call). @return enum sup_error */
u64 comp_call(u64 what, u64 w0, u64 w1);
/* This component can be relied upon from now on. */
void comp_ready(void);
/* A sign of life, if it is time for one.  Every loop that waits has this in it. */
void comp_alive(void);
/* The deadline of a wait after which comp_alive must be called, or this one if it is earlier. */
u64 comp_alive_before(u64 deadline);
/*
 * Wait for COMP_NOTIF, with signs of life.  Not for components that receive from
 * an endpoint: those get the bits from ep_recv.
 * @param deadline  0: none
 * @return the bits; 0: the deadline passed
 */
u64 comp_wait(u64 deadline);

/* --- channels -------------------------------------------------------------------------- */

enum chan_state {
	CHAN_UP,
	CHAN_DOWN, /* until the next CHAN_RESET */
	CHAN_GONE, /* the peer will not come back */
};
enum chan_news { CHAN_NOTHING, CHAN_SIGNAL, CHAN_RESET };

struct chan {
	const struct comp_channel *info;
	u32 number; /* as init knows it */
	enum chan_state state;
	u32 lives;                /* how often it began anew */
	struct ring_producer out; /* requests of a client, answers of a server */
	struct ring_consumer in;
};

/* False: there is no such channel. */
bool chan_open(struct chan *c, const char *name);
bool chan_open_number(struct chan *c, u32 number);

/*
 * What bits of COMP_NOTIF say of this channel.  CHAN_RESET: it is down; when all that lies on the
 * rings is given up, say so by chan_agree.
 */
enum chan_news chan_news(struct chan *c, u64 bits);
/* Let go of the old rings. CHAN_UP: there are new ones. */
enum chan_state chan_agree(struct chan *c);

/* Put an entry, not yet seen by the peer; take one.  RING_EMPTY: no room, none, or not up. */
enum ring_state chan_put(struct chan *c, const struct ring_entry *e);
enum ring_state chan_get(struct chan *c, struct ring_entry *e);
/* Let the peer see what was put and taken; wake it if it waits. */
void chan_flush(struct chan *c);
/*
 * Before waiting: flush, and have the peer signal entries (and room, if asked for).
 * False: there is something already.
 */
bool chan_idle(struct chan *c, bool for_room);
/* After waiting: signals are not needed for a while. */
void chan_busy(struct chan *c);

/*
 * For servers: is there room for one more answer than the `owed` ones of requests that were taken?
 * Who takes no request without it can always answer.
 */
bool chan_can_answer(struct chan *c, u32 owed);
/* Before waiting for that room.  False: there is. */
bool chan_idle_for_answers(struct chan *c, u32 owed);

/* Did the peer break the rings?  Then complain: init ends it, or has both begin anew. */
bool chan_broken(const struct chan *c);
void chan_complain(struct chan *c);
/* Use it no more until CHAN_RESET. */
void chan_stop(struct chan *c);
