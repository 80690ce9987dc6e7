/* SPDX-License-Identifier: MIT */
/*
 * The toy kernel: a tree of capabilities and endpoints with a queue.
 * Each call checks, reading only, and then commits.
 */
#include "toy.h"

/* --- the tree ------------------------------------------------------------- */
static void slot_link(u32 s, u32 parent)
{
	u32 first = SLOT(parent)->child;

	SLOT(s)->parent = parent;
	SLOT(s)->child = NIL;
	SLOT(s)->prev = NIL;
	SLOT(s)->next = first;
	if (first != NIL)
		SLOT(first)->prev = s;
	SLOT(parent)->child = s;
	GHOST(SLOT(s)->g_born = ks.g_clock++;)
}

static void slot_unlink(u32 s)
{
	u32 next = SLOT(s)->next, prev = SLOT(s)->prev;

	if (prev != NIL)
		SLOT(prev)->next = next;
	else if (SLOT(s)->parent != NIL)
		SLOT(SLOT(s)->parent)->child = next;
	if (next != NIL)
		SLOT(next)->prev = prev;
}

err_t toy_derive(u32 src, u32 dst, u32 rights, u64 badge)
{
	if (src >= SLOTS || dst >= SLOTS || SLOT(src)->type == CAP_NONE)
		return ERR_SLOT;
	if (!(SLOT(src)->rights & RIGHT_DERIVE))
		return ERR_RIGHT;
	if (SLOT(dst)->type != CAP_NONE)
		return ERR_BUSY;
	if (SLOT(src)->depth >= DEPTH_MAX)
		return ERR_DEPTH;
	/* commit */
	SLOT(dst)->type = SLOT(src)->type;
	SLOT(dst)->rights = (u8)(SLOT(src)->rights & rights);
	SLOT(dst)->depth = (u16)(SLOT(src)->depth + 1);
	SLOT(dst)->obj = SLOT(src)->obj;
	SLOT(dst)->badge = badge;
	slot_link(dst, src);
	return OK;
}

err_t toy_delete(u32 s)
{
	if (s >= SLOTS || SLOT(s)->type == CAP_NONE)
		return ERR_SLOT;
	if (SLOT(s)->child != NIL)
		return ERR_BUSY;
	/* commit */
	slot_unlink(s);
	*SLOT(s) = (struct slot){ 0 };
	return OK;
}

/* A childless capability takes the place of its slot to another. */
err_t toy_move(u32 src, u32 dst)
{
	if (src >= SLOTS || dst >= SLOTS || SLOT(src)->type == CAP_NONE)
		return ERR_SLOT;
	if (SLOT(dst)->type != CAP_NONE || SLOT(src)->child != NIL)
		return ERR_BUSY;
	/* commit */
	struct slot *d = SLOT(dst);
	*d = *SLOT(src);
	*SLOT(src) = (struct slot){ 0 };
	if (d->prev != NIL)
		SLOT(d->prev)->next = dst;
	else if (d->parent != NIL)
		SLOT(d->parent)->child = dst;
	if (d->next != NIL)
		SLOT(d->next)->prev = dst;
	return OK;
}

bool toy_is_below(u32 s, u32 ancestor)
{
	for (u32 i = 0; i < DEPTH_MAX && SLOT(s)->parent != NIL; i++) {
		s = SLOT(s)->parent;
		if (s == ancestor)
			return true;
	}
	return false;
}

/* --- messages ------------------------------------------------------------- */
static void queue_remove(u32 e, u32 t)
{
	u32 next = TH(t)->qnext, prev = TH(t)->qprev;

	if (prev == NIL)
		EP(e)->head = next;
	else
		TH(prev)->qnext = next;
	if (next == NIL)
		EP(e)->tail = prev;
	else
		TH(next)->qprev = prev;
	TH(t)->ep = TH(t)->qnext = TH(t)->qprev = NIL;
}

static err_t lookup(u32 s, u8 right)
{
	if (s >= SLOTS || SLOT(s)->type != CAP_EP)
		return ERR_SLOT;
	return SLOT(s)->rights & right ? OK : ERR_RIGHT;
}

err_t toy_send(u32 t, u32 s, u64 msg)
{
	err_t err = lookup(s, RIGHT_SEND);

	if (err.v)
		return err;
	/* commit */
	struct ep *ep = EP(SLOT(s)->obj);
	u32 last = ep->tail;
	TH(t)->state = THREAD_SEND;
	TH(t)->msg = msg;
	TH(t)->badge = SLOT(s)->badge;
	TH(t)->ep = SLOT(s)->obj;
	TH(t)->qprev = last;
	TH(t)->qnext = NIL;
	GHOST(TH(t)->g_arrived = ks.g_clock++;)
	if (last == NIL)
		ep->head = t;
	else
		TH(last)->qnext = t;
	ep->tail = t;
	return OK;
}

err_t toy_recv(u32 t, u32 s)
{
	err_t err = lookup(s, RIGHT_RECV);

	if (err.v)
		return err;
	u32 e = SLOT(s)->obj, from = EP(e)->head;
	if (from == NIL)
		return ERR_EMPTY;
	/* commit */
	queue_remove(e, from);
	TH(from)->state = THREAD_READY;
	TH(t)->msg = TH(from)->msg;
	TH(t)->badge = TH(from)->badge;
	ks.delivered++;
	return OK;
}
