/* SPDX-License-Identifier: MIT */
/*
 * The channel to the file system server.
 *
 * A fiber that asks sleeps until its answer came; mostly it is there already, since the server has
 * the higher priority and runs as soon as it is signalled.
 *
 * When the server was started again, one fiber, the restorer, tells it everything; all others wait meanwhile,
 * and what they had asked for is asked for again.
 *
 * Owns:       the channel and its message slots; who restores.
 */
#include "remote_link.h"
#include "remote_redo.h"

#include "tessera/chan.h"

enum { TELL_SLOT = FS_SLOTS - 1, RESTORE_SLOT = TELL_SLOT - 1, WORD_OK = 4095 };

static struct chan chan;
static struct slot {
	bool used, asked, done;
	bool restoring; /* the restorer asks */
	bool again;     /* asked for in an earlier life of the server too */
	s64 result;
	u64 w2, w3;
	u32 life; /* of the server that answered */
	struct ring_entry request;
	struct redo *redo; /* how it could be done again */
	struct waitq wait;
} slots[TELL_SLOT];
static struct waitq free_slots, room, restored;
static unsigned char *messages;
static bool attached = true; /* the server knows what is held */
static struct fiber *restorer;
static bool restores; /* there is one, or there will be at once */

static struct fs_message *message_of(u32 slot)
{
	return (void *)(messages + (u64)slot * FS_SLOT_BYTES);
}

static u64 operation_of(const struct ring_entry *e)
{
	return e->w[0] >> 32;
}

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
		slots[n].life = chan.lives;
		redo_answered(slots[n].redo, slots[n].result, e.w[2], e.w[3]);
		slots[n].redo = NULL;
		if (attached && operation_of(&slots[n].request) != FS_MOUNT)
			redo_committed(e.w[3]);
		wake_all(&slots[n].wait, 0);
	}
	if (any) {
		chan_flush(&chan);
		wake_all(&room, 0);
	}
}

static void fail(struct slot *s)
{
	s->asked = false;
	s->done = true;
	s->result = -EIO;
	redo_answered(s->redo, -EIO, 0, 0);
	s->redo = NULL;
	wake_all(&s->wait, 0);
}

/* Nobody answers any more. */
static void give_up(void)
{
	log_line("the file system server is gone");
	chan.state = CHAN_GONE;
	for (u32 n = 0; n < TELL_SLOT; n++) {
		if (slots[n].asked)
			fail(&slots[n]);
	}
	attached = true;
	wake_all(&room, 0);
	wake_all(&restored, 0);
}

static void pull(void)
{
	do {
		take_answers();
		if (chan_broken(&chan))
			chan_complain(&chan);
	} while (!chan_idle(&chan, false));
}

/* --- a server that was started again ------------------------------------------------------ */

/* What was asked for and not answered is asked for again. */
static void ask_again(void)
{
	for (u32 n = 0; n < TELL_SLOT; n++) {
		struct slot *s = &slots[n];

		if (!s->asked)
			continue;
		s->again = true;
		if (operation_of(&s->request) == FS_DROP) {
			/* Such pages are not held by this server. */
			s->asked = false;
			s->done = true;
			s->result = 0;
			wake_all(&s->wait, 0);
			continue;
		}
		redo_message(s->redo, message_of(n));
		while (chan_put(&chan, &s->request) == RING_EMPTY && chan.state == CHAN_UP)
			chan_flush(&chan);
	}
	pull();
}

static void restore(void *unused)
{
	bool good = true;
	u32 life;

	(void)unused;
	restorer = current_fiber();
	do {
		life = chan.lives;
		good = remote_restore();
	} while (chan.state == CHAN_UP && chan.lives != life);
	restorer = NULL;
	restores = false;
	if (chan.state != CHAN_UP)
		return; /* it ended again: there will be another reset */
	if (!good) {
		give_up();
		return;
	}
	log_line("the file system server was started again");
	attached = true;
	ask_again();
	wake_all(&restored, 0);
}

static void on_reset(void)
{
	attached = false;
	/* What the restorer asked for is of no use any more. */
	for (u32 n = 0; n < TELL_SLOT; n++) {
		if (slots[n].asked && slots[n].restoring)
			fail(&slots[n]);
	}
	wake_all(&room, 0);
	switch (chan_agree(&chan)) {
	case CHAN_UP:
		if (!restores && !fiber_start(restore, NULL))
			give_up();
		restores = true;
		break;
	case CHAN_GONE: give_up(); break;
	case CHAN_DOWN: break;
	}
}

static void on_event(u64 bits)
{
	if (chan_news(&chan, bits) == CHAN_RESET)
		on_reset();
	else
		pull();
}

u32 link_life(void)
{
	return chan.lives;
}

/* Not before the server knows what is held; the restorer tells it. */
bool link_restoring(void)
{
	return restorer != NULL && restorer == current_fiber();
}

void link_wait(void)
{
	while (!attached && !link_restoring())
		(void)wait_on(&restored, NO_DEADLINE, SLEEP_FOREVER);
}

/* --- asking ---------------------------------------------------------------------------------- */

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
	waitq_init(&restored);
	redo_start();
	for (u32 n = 0; n < TELL_SLOT; n++)
		waitq_init(&slots[n].wait);
	event_register(1ull << chan.info->bit | 1ull << chan.info->reset_bit, on_event);
	return &a[1];
}

void call_begin(struct fs_call *c)
{
	/* All others may be taken by those who wait for the restorer. */
	u32 from = link_restoring() ? RESTORE_SLOT : 0;
	u32 end = link_restoring() ? TELL_SLOT : RESTORE_SLOT;

	for (;;) {
		for (u32 n = from; n < end; n++) {
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

/* Not if the server is started again meanwhile. */
static void put(const struct ring_entry *e)
{
	u32 life = chan.lives;

	while (chan.lives == life && chan.state == CHAN_UP && !chan_broken(&chan) &&
	       chan_put(&chan, e) != RING_OK) {
		pull();
		if (ring_room(&chan.out) != RING_OK)
			(void)wait_on(&room, NO_DEADLINE, SLEEP_FOREVER);
	}
	chan_flush(&chan);
}

/* Wait until there is a server that may be asked; false: there will be none. */
static bool reach(void)
{
	link_wait();
	return chan.state != CHAN_GONE && (chan.state == CHAN_UP || !link_restoring());
}

/* After reach(), without a sleep between. */
static s64 ask(struct fs_call *c, const struct ring_entry *e)
{
	struct slot *s = &slots[c->slot];

	s->request = *e;
	s->done = s->again = false;
	s->restoring = link_restoring();
	s->asked = true;
	put(e);
	pull();
	while (!s->done)
		(void)wait_on(&s->wait, NO_DEADLINE, SLEEP_FOREVER);
	c->w2 = s->w2;
	c->w3 = s->w3;
	c->life = s->life;
	return s->result < -WORD_OK ? -EIO : s->result;
}

/*
 * What was asked for twice may have been done the first time: then what was to be made is there, what
 * was to be removed is not.  Nobody else could have done that.  (An exchange names what it expects.)
 */
static s64 done_before(struct fs_call *c, u64 operation, u64 a, s64 r)
{
	bool made = operation == FS_CREATE || operation == FS_MKDIR || operation == FS_SYMLINK;
	struct ring_entry e = { { c->slot | (u64)FS_LOOKUP << 32, a, 0, 0 } };

	if (r == -EEXIST && made)
		return reach() ? ask(c, &e) : -EIO;
	if ((r == -EEXIST && operation == FS_LINK) ||
	    (r == -ENOENT &&
	     (operation == FS_UNLINK || operation == FS_RMDIR || operation == FS_RENAME)))
		return 0;
	return r;
}

s64 call_ask(struct fs_call *c, u64 operation, u64 a, u64 b, u64 d)
{
	struct slot *s = &slots[c->slot];
	struct ring_entry e = { { c->slot | operation << 32, a, b, d } };
	struct ring_entry commit = { { c->slot | (u64)FS_SYNC << 32, 0, 2, 0 } };
	bool remembered = redo_changes(operation) && !link_restoring();

	if (!reach())
		return -EIO;
	if (remembered && redo_full()) {
		(void)ask(c, &commit);
		if (!reach())
			return -EIO;
	}
	if (remembered)
		s->redo = redo_make(&e, c->m);
	s64 r = ask(c, &e);
	if (s->again)
		r = done_before(c, operation, a, r);
	/* What was lost with a server is an error of the disk to programs. */
	return r == -ESTALE && !link_restoring() ? -EIO : r;
}

void link_tell(u64 operation, u64 a, u64 b)
{
	struct ring_entry e = { { TELL_SLOT | operation << 32, a, b, 0 } };
	u32 life = chan.lives;

	link_wait();
	if (chan.state == CHAN_UP && chan.lives == life)
		put(&e);
}
