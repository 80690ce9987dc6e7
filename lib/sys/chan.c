/* SPDX-License-Identifier: MIT */
/*
 * One side of a channel.
 *
 * Owns:       struct chan; one thread uses it.
 */
#include "tessera/chan.h"

/* From the first entry on, on areas that are zero. */
static bool begin(struct chan *c)
{
	const struct comp_channel *i = c->info;
	bool client = i->side == COMP_CLIENT;
	bool ok =
		ring_producer_init(&c->out, (void *)(client ? i->request_out : i->answer_out),
				   (const void *)(client ? i->request_in : i->answer_in),
				   i->capacity) &&
		ring_consumer_init(&c->in, (const void *)(client ? i->answer_out : i->request_out),
				   (void *)(client ? i->answer_in : i->request_in), i->capacity);

	return ok;
}

bool chan_open_number(struct chan *c, u32 number)
{
	*c = (struct chan){ .number = number };
	if (number >= sys_comp->channels)
		return false;
	c->info = &sys_comp->channel[number];
	c->state = c->info->down ? CHAN_DOWN : CHAN_UP;
	return begin(c);
}

bool chan_open(struct chan *c, const char *name)
{
	const struct comp_channel *i = comp_channel(name);

	return i != NULL && chan_open_number(c, (u32)(i - sys_comp->channel));
}

enum chan_state chan_agree(struct chan *c)
{
	u64 answer = comp_call(SUP_RESET_DONE, c->number, 0);

	c->state = answer == SUP_OK ? CHAN_UP : answer == SUP_GONE ? CHAN_GONE : CHAN_DOWN;
	c->lives++;
	(void)begin(c);
	return c->state;
}

void chan_stop(struct chan *c)
{
	c->state = CHAN_DOWN;
}

enum chan_news chan_news(struct chan *c, u64 bits)
{
	if (bits >> c->info->reset_bit & 1 && comp_call(SUP_RESET_ASKED, c->number, 0) != SUP_OK) {
		chan_stop(c);
		return CHAN_RESET;
	}
	return bits >> c->info->bit & 1 && c->state == CHAN_UP ? CHAN_SIGNAL : CHAN_NOTHING;
}

enum ring_state chan_put(struct chan *c, const struct ring_entry *e)
{
	return c->state == CHAN_UP ? ring_put(&c->out, e) : RING_EMPTY;
}

enum ring_state chan_get(struct chan *c, struct ring_entry *e)
{
	return c->state == CHAN_UP ? ring_get(&c->in, e) : RING_EMPTY;
}

void chan_flush(struct chan *c)
{
	bool signal = false;

	if (c->state != CHAN_UP)
		return;
	if (c->out.tail != atomic_load_explicit(&c->out.out->tail, memory_order_relaxed))
		signal |= ring_publish(&c->out);
	if (c->in.head != atomic_load_explicit(&c->in.in->head, memory_order_relaxed))
		signal |= ring_release(&c->in);
	if (signal)
		(void)notif_signal((notif_h){ c->info->signal }, 1);
}

bool chan_idle(struct chan *c, bool for_room)
{
	if (c->state != CHAN_UP)
		return true;
	chan_flush(c);
	return ring_arm(&c->in) && (!for_room || ring_arm_room(&c->out));
}

void chan_busy(struct chan *c)
{
	if (c->state != CHAN_UP)
		return;
	ring_disarm(&c->in);
	ring_disarm_room(&c->out);
}

bool chan_can_answer(struct chan *c, u32 owed)
{
	struct ring_producer *p = &c->out;

	if (c->state != CHAN_UP || p->broken)
		return false;
	if (p->tail - p->head + owed < p->capacity)
		return true;
	u32 head = atomic_load_explicit(&p->in->head, memory_order_acquire);
	if (p->tail - head > p->capacity || head - p->head > p->capacity) {
		p->broken = true;
		return false;
	}
	p->head = head;
	return p->tail - head + owed < p->capacity;
}

bool chan_idle_for_answers(struct chan *c, u32 owed)
{
	if (c->state != CHAN_UP)
		return true;
	chan_flush(c);
	atomic_store_explicit(&c->out.out->armed, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return !chan_can_answer(c, owed);
}

bool chan_broken(const struct chan *c)
{
	return c->state == CHAN_UP && (c->in.broken || c->out.broken);
}

void chan_complain(struct chan *c)
{
	c->state = CHAN_DOWN;
	(void)comp_call(SUP_BROKEN, c->number, 0);
}
