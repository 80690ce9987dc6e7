/* SPDX-License-Identifier: MIT */
/*
 * The clients: which part of the disk each has, what it may ask for, whose turn it is.
 *
 * Turns: a client whose turn begins may add QUANTUM bytes to its credit, and takes requests as
 * long as its credit pays for them; so bytes are shared out evenly among those who want any,
 * whatever the size of their requests.
 *
 * `args` has a word for each channel: NAME=disk, or NAME=N for partition N; with ":ro" behind it
 * the client cannot write.  A channel without such a word has nothing, which is answered BLK_GONE.
 */
#include "mux.h"

enum {
	QUANTUM = 256 << 10,
	REQUEST_COST = 4096,
	PER_TURN = 64,
	SHARED_US = 100000,
	WHOLE_DISK = 0,
	NOTHING = 0xffffffff
};

enum block { BLOCK_NONE, BLOCK_WINDOW, BLOCK_ROOM };

struct client {
	struct chan chan;
	u32 partition; /* WHOLE_DISK, NOTHING, or its number */
	bool read_only;
	bool resetting;   /* its old requests have not ended yet */
	u64 writes;       /* answered */
	u64 flushed;      /* of them, those that a flush was asked for after */
	bool lost;        /* others may be lost, and the client does not know */
	bool have;        /* `next` was taken from the ring and waits */
	enum block block; /* why no more was taken */
	u32 in_flight;    /* taken and not answered */
	u32 under_way;    /* of them, those in the table of requests */
	u64 credit;
	struct ring_entry next;
	u32 area[COMP_AREAS]; /* the driver's, by the client's */
};

static struct client client[CLIENTS];
static u32 clients, turn;
static const struct client *user; /* who asked last, and when; when somebody else did before */
static u64 last_use, other_use, still_wanting;

/* --- who has what ---------------------------------------------------------------------------- */

static u64 digits(const char **at)
{
	u64 n = 0;

	for (; **at >= '0' && **at <= '9' && n < 1ull << 32; (*at)++)
		n = n * 10 + (u64)(**at - '0');
	return n;
}

static void read_word(struct client *c)
{
	char name[COMP_NAME + 2];
	u32 n = sys_format(name, sizeof name, "%s=", c->chan.info->name);
	const char *at = n != 0 ? sys_option(name) : NULL;

	c->partition = NOTHING;
	if (at == NULL) {
		sys_print("args have no word %s: that client has no disk\n", name);
		return;
	}
	if (memcmp(at, "disk", 4) == 0) {
		c->partition = WHOLE_DISK;
		at += 4;
	} else {
		c->partition = (u32)digits(&at);
		if (c->partition == 0 || c->partition > PARTITIONS)
			sys_panic("%s: no such partition", name);
	}
	c->read_only = memcmp(at, ":ro", 3) == 0;
	if (!c->read_only && *at != 0 && *at != ' ')
		sys_panic("%s: %s", name, at);
}

/* An area is a pool; the driver has it under another number, or not at all. */
static void map_areas(struct client *c)
{
	for (u32 i = 0; i < COMP_AREAS; i++) {
		c->area[i] = NOTHING;
		for (u32 k = 0; i < c->chan.info->areas && k < disk.chan.info->areas; k++) {
			if (disk.chan.info->area[k].pool == c->chan.info->area[i].pool)
				c->area[i] = k;
		}
		if (i < c->chan.info->areas && c->area[i] == NOTHING)
			sys_print("area %u of %s is not one of the driver's\n", i,
				  c->chan.info->name);
	}
}

void clients_open(void)
{
	still_wanting = sys_ticks(SHARED_US);
	for (u32 i = 0; i < sys_comp->channels; i++) {
		struct client *c = &client[clients];

		if (sys_comp->channel[i].side != COMP_SERVER)
			continue;
		if (clients == CLIENTS || !chan_open_number(&c->chan, i))
			sys_panic("channel %s: cannot be served", sys_comp->channel[i].name);
		read_word(c);
		map_areas(c);
		clients++;
	}
}

bool clients_want_table(void)
{
	bool any = false;

	for (u32 i = 0; i < clients; i++)
		any |= client[i].partition != WHOLE_DISK && client[i].partition != NOTHING;
	return any;
}

static struct partition part_of(const struct client *c)
{
	if (c->partition == WHOLE_DISK)
		return (struct partition){ 0, disk.sectors };
	if (c->partition == NOTHING)
		return (struct partition){ 0, 0 };
	return disk.table.part[c->partition - 1];
}

/* --- answers ------------------------------------------------------------------------------------ */

/* There is room: no more was taken than there is room for answers to. */
static void put_answer(struct client *c, u32 id, u32 status, u64 w1, u64 w2)
{
	const struct ring_entry e = { { id | (u64)status << 32, w1, w2, 0 } };

	c->in_flight--;
	if (!c->resetting)
		(void)chan_put(&c->chan, &e);
}

void clients_answer(const struct request *r, u32 status, u64 bytes)
{
	struct client *c = &client[r->client];

	c->under_way--;
	if (r->operation == BLK_WRITE || r->operation == BLK_DISCARD)
		c->writes++;
	else if (r->operation == BLK_FLUSH && status == BLK_DONE && r->covers > c->flushed)
		c->flushed = r->covers;
	put_answer(c, r->id, status, bytes, 0);
}

/* Who has asked for a flush hears of it from that, else from the next one. */
void clients_cache_lost(void)
{
	for (u32 i = 0; i < clients; i++) {
		struct client *c = &client[i];

		if (c->flushed == c->writes)
			continue;
		c->flushed = c->writes;
		c->lost = !requests_lose(i);
	}
}

/* --- requests ------------------------------------------------------------------------------------- */

static bool place_ok(const struct partition *p, const struct ring_entry *e)
{
	return e->w[3] != 0 && e->w[3] <= BLK_BYTES_MAX && e->w[3] % BLK_SECTOR == 0 &&
	       e->w[1] <= p->sectors && e->w[3] / BLK_SECTOR <= p->sectors - e->w[1];
}

/* Make a request of the entry.  Returns the status to answer at once with, or BLK_DONE. */
static u32 parse(const struct client *c, const struct ring_entry *e, struct request *r)
{
	struct partition p = part_of(c);
	u64 area = e->w[0] >> 40;

	*r = (struct request){ .client = (u32)(c - client),
			       .id = (u32)e->w[0],
			       .operation = (u32)(e->w[0] >> 32) & 0xff,
			       .covers = c->writes };
	if (p.sectors == 0)
		return BLK_GONE;
	switch (r->operation) {
	case BLK_READ:
	case BLK_WRITE:
		if (area >= COMP_AREAS || c->area[area] == NOTHING ||
		    e->w[3] > c->chan.info->area[area].bytes ||
		    e->w[2] > c->chan.info->area[area].bytes - e->w[3])
			return BLK_BAD;
		r->area = c->area[area];
		r->offset = e->w[2];
		break;
	case BLK_FLUSH: return BLK_DONE;
	case BLK_INFO: return BLK_DONE;
	case BLK_DISCARD: break;
	default: return BLK_BAD;
	}
	if (!place_ok(&p, e))
		return BLK_BAD;
	if (c->read_only && r->operation != BLK_READ)
		return BLK_READ_ONLY;
	r->sector = p.first + e->w[1];
	r->bytes = (u32)e->w[3];
	return BLK_DONE;
}

/* What needs no driver.  True: it was answered. */
static bool answer_at_once(struct client *c, const struct request *r, u32 status)
{
	u32 features = disk.features | (c->read_only ? BLK_FEATURE_READ_ONLY : 0);

	if (status != BLK_DONE) {
		put_answer(c, r->id, status, 0, 0);
	} else if (disk.gone) {
		put_answer(c, r->id, BLK_GONE, 0, 0);
	} else if (r->operation == BLK_INFO) {
		put_answer(c, r->id, BLK_DONE, part_of(c).sectors,
			   disk.best_bytes | (u64)features << 32);
	} else if (r->operation == BLK_FLUSH && c->lost) {
		c->lost = false;
		put_answer(c, r->id, BLK_ERROR, 0, 0);
	} else {
		return false;
	}
	return true;
}

/* Who takes, and when it last was somebody else. */
static void note_use(const struct client *c)
{
	if (clients == 1)
		return;
	if (user != c)
		other_use = last_use;
	user = c;
	last_use = sys_clock();
}

/* Has another asked so late that it is still wanting? */
static bool is_shared(const struct client *c)
{
	u64 other = user == c ? other_use : last_use;

	return other != 0 && sys_clock() - other < still_wanting;
}

/* Who has nothing under way gets in while it is another's turn. */
static bool has_room(const struct client *c, u32 bytes, bool others_turn)
{
	bool none = c->under_way == 0;

	return (none || !others_turn) && requests_room(bytes, is_shared(c), none);
}

/* One request.  False: none was taken, `block` says why. */
static bool take_one(struct client *c, bool others_turn)
{
	struct request r;

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
	u32 status = parse(c, &c->next, &r);
	if (status != BLK_DONE || disk.gone || r.operation == BLK_INFO ||
	    (r.operation == BLK_FLUSH && c->lost)) {
		c->have = false;
		return answer_at_once(c, &r, status);
	}
	/* Data of a discard does not travel. */
	u32 bytes = r.operation == BLK_DISCARD ? 0 : r.bytes;
	if (c->credit < bytes + REQUEST_COST || !has_room(c, bytes, others_turn)) {
		c->block = BLOCK_WINDOW;
		return false;
	}
	c->credit -= bytes + REQUEST_COST;
	c->have = false;
	c->under_way++;
	note_use(c);
	requests_add(&r);
	return true;
}

/* As far as its credit goes. */
static void take_turn(struct client *c, bool others_turn)
{
	for (u32 i = 0; i < PER_TURN && take_one(c, others_turn); i++)
		;
	if (chan_broken(&c->chan)) {
		c->block = BLOCK_NONE;
		chan_complain(&c->chan);
	}
}

/* Is it for want of credit, not of room, that it waits? */
static bool wants_credit(const struct client *c)
{
	return c->have && c->credit < c->next.w[3] + REQUEST_COST;
}

bool clients_take(void)
{
	bool more = false, held = false;

	for (u32 i = 0, begin = turn; disk.known && i < clients; i++) {
		struct client *c = &client[(begin + i) % clients];

		if (c->chan.state == CHAN_UP && !c->resetting)
			take_turn(c, held);
		/* The window is full: its turn goes on when there is room. */
		held |= c->block == BLOCK_WINDOW && !wants_credit(c);
		if (held)
			continue;
		turn = (turn + 1) % clients;
		if (client[turn].credit < BLK_BYTES_MAX + REQUEST_COST) {
			more |= wants_credit(&client[turn]);
			client[turn].credit += QUANTUM;
		}
	}
	return more;
}

/* --- waiting --------------------------------------------------------------------------------------- */

/* A client that was restarted gets new rings when nothing it asked for can still happen. */
static void end_reset(struct client *c)
{
	if (!c->resetting || requests_of((u32)(c - client)) != 0)
		return;
	c->resetting = false;
	c->in_flight = 0;
	(void)chan_agree(&c->chan);
}

void clients_news(u64 bits)
{
	for (u32 i = 0; i < clients; i++) {
		struct client *c = &client[i];

		if (chan_news(&c->chan, bits) == CHAN_RESET) {
			c->in_flight -= c->have;
			c->have = false;
			c->block = BLOCK_NONE;
			c->resetting = true;
			c->flushed = c->writes;
			c->lost = false;
		}
		end_reset(c);
		chan_busy(&c->chan);
	}
}

static bool idle(struct client *c)
{
	chan_flush(&c->chan);
	if (c->chan.state != CHAN_UP || c->resetting || c->block == BLOCK_WINDOW || !disk.known)
		return true;
	if (c->block == BLOCK_ROOM)
		return chan_idle_for_answers(&c->chan, c->in_flight);
	return chan_idle(&c->chan, false);
}

bool clients_idle(void)
{
	bool all = true;

	for (u32 i = 0; i < clients; i++) {
		end_reset(&client[i]);
		all &= idle(&client[i]);
	}
	return all;
}
