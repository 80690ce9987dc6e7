/* SPDX-License-Identifier: MIT */
/*
 * The channel to the file system server.
 *
 * A fiber that asks sleeps until its answer came; mostly it is there already, since the server has
 * the higher priority and runs as soon as it is signalled.
 *
 * Owns:       the channel and its message slots.
 */
#include "remote_link.h"

#include "tessera/chan.h"

enum { TELL_SLOT = FS_SLOTS - 1, WORD_OK = 4095 };

static struct chan chan;
static struct slot {
	bool used, asked, done;
	s64 result;
	u64 w2, w3;
	struct waitq wait;
} slots[TELL_SLOT];
static struct waitq free_slots, room;
static unsigned char *messages;

static void take_answers(void)
{
	struct ring_entry e;
	bool any = false;

	while (chan_get(&chan, &e) == RING_OK) {
		u32 n = (u32)e.w[0];

		any = true;
		if (n >= TELL_SLOT || !slots[n].asked)
			continue;
		slots[n].asked = false;
		slots[n].done = true;
		slots[n].result = (s64)e.w[1];
		slots[n].w2 = e.w[2];
		slots[n].w3 = e.w[3];
		wake_all(&slots[n].wait, 0);
	}
	if (any) {
		chan_flush(&chan);
		wake_all(&room, 0);
	}
}

/* Nobody answers any more. */
static void give_up(void)
{
	for (u32 n = 0; n < TELL_SLOT; n++) {
		if (!slots[n].asked)
			continue;
		slots[n].asked = false;
		slots[n].done = true;
		slots[n].result = -EIO;
		wake_all(&slots[n].wait, 0);
	}
	wake_all(&room, 0);
}

static void pull(void)
{
	do {
		take_answers();
		if (chan_broken(&chan))
			chan_complain(&chan);
	} while (!chan_idle(&chan, false));
}

static void on_event(u64 bits)
{
	/* A server that was restarted knows nothing of what is held: the root is lost with it. */
	if (chan_news(&chan, bits) == CHAN_RESET) {
		log_line("the file system server is gone");
		chan_stop(&chan);
		give_up();
		return;
	}
	pull();
}

const struct comp_area *link_open(const char *name)
{
	if (sys_comp == NULL || !chan_open(&chan, name) || chan.info->areas < 2)
		return NULL;
	const struct comp_area *a = chan.info->area;
	if (a[0].vaddr == 0 || a[0].bytes < (u64)FS_SLOTS * FS_SLOT_BYTES || a[1].vaddr == 0)
		return NULL;
	messages = (void *)a[0].vaddr;
	waitq_init(&free_slots);
	waitq_init(&room);
	for (u32 n = 0; n < TELL_SLOT; n++)
		waitq_init(&slots[n].wait);
	event_register(1ull << chan.info->bit | 1ull << chan.info->reset_bit, on_event);
	return &a[1];
}

void call_begin(struct fs_call *c)
{
	for (;;) {
		for (u32 n = 0; n < TELL_SLOT; n++) {
			if (slots[n].used)
				continue;
			slots[n].used = true;
			c->slot = n;
			c->m = (void *)(messages + (u64)n * FS_SLOT_BYTES);
			c->m->name_bytes = c->m->name2_bytes = c->m->text_bytes = 0;
			return;
		}
		(void)wait_on(&free_slots, NO_DEADLINE, SLEEP_FOREVER);
	}
}

void call_end(struct fs_call *c)
{
	slots[c->slot].used = false;
	wake_one(&free_slots, 0);
}

void call_name(struct fs_call *c, const char *name, u32 len)
{
	memcpy(c->m->name, name, len);
	c->m->name_bytes = (uint16_t)len;
}

void call_name2(struct fs_call *c, const char *name, u32 len)
{
	memcpy(c->m->name2, name, len);
	c->m->name2_bytes = (uint16_t)len;
}

static void put(const struct ring_entry *e)
{
	while (chan_put(&chan, e) != RING_OK && chan.state == CHAN_UP && !chan_broken(&chan)) {
		pull();
		if (ring_room(&chan.out) != RING_OK)
			(void)wait_on(&room, NO_DEADLINE, SLEEP_FOREVER);
	}
	chan_flush(&chan);
}

s64 call_ask(struct fs_call *c, u64 operation, u64 a, u64 b, u64 d)
{
	struct slot *s = &slots[c->slot];
	struct ring_entry e = { { c->slot | operation << 32, a, b, d } };

	if (chan.state != CHAN_UP)
		return -EIO;
	s->done = false;
	s->asked = true;
	put(&e);
	pull();
	while (!s->done)
		(void)wait_on(&s->wait, NO_DEADLINE, SLEEP_FOREVER);
	c->w2 = s->w2;
	c->w3 = s->w3;
	return s->result < -WORD_OK ? -EIO : s->result;
}

void link_tell(u64 operation, u64 a, u64 b)
{
	struct ring_entry e = { { TELL_SLOT | operation << 32, a, b, 0 } };

	if (chan.state == CHAN_UP)
		put(&e);
}
