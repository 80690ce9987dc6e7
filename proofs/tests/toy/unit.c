/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_derive]
 * function = "toy_derive"
 * columns = ["ub", "invariant", "spec"]
 * [h_delete]
 * function = "toy_delete"
 * columns = ["ub", "invariant", "spec"]
 * [h_move]
 * function = "toy_move"
 * columns = ["ub", "invariant", "spec"]
 * [h_send]
 * function = "toy_send"
 * columns = ["ub", "invariant", "spec"]
 * [h_recv]
 * function = "toy_recv"
 * columns = ["ub", "invariant", "spec"]
 * [h_first]
 * function = "toy_recv"
 * columns = ["spec"]
 * [h_is_below]
 * function = "toy_is_below"
 * columns = ["ub", "spec"]
 */
#include "prover.h"
#include "toy.c"
#include "toy_spec.h"

/* All invariants at one index; the same lists make hints and checks. */
static void slot(u32 s)
{
	HINT(s < SLOTS, inv_slot_empty(s));
	HINT(s < SLOTS, inv_slot(s));
	HINT(s < SLOTS, inv_parent(s));
	HINT(s < SLOTS, inv_links(s));
}
static void pair(u32 a, u32 b)
{
	HINT((a < SLOTS) & (b < SLOTS), inv_siblings(a, b));
	HINT((a < SLOTS) & (b < SLOTS), inv_siblings(b, a));
}
static void thread(u32 t)
{
	HINT(t < THREADS, inv_thread(t));
}
static void fifo(u32 t, u32 u)
{
	HINT((t < THREADS) & (u < THREADS), inv_fifo(t, u));
	HINT((t < THREADS) & (u < THREADS), inv_fifo(u, t));
}
static void ep(u32 e)
{
	HINT(e < ENDPOINTS, inv_ep(e));
}
static void around(u32 s)
{
	slot(s);
	slot(SLOT(s)->parent);
	slot(SLOT(s)->child);
	slot(SLOT(s)->next);
	slot(SLOT(s)->prev);
}
static void snapshot(void)
{
	ASSUME_STATE(clock, ks.g_clock < 1ull << 62, "the ghost clock does not wrap");
	SNAPSHOT(old_slot, ks_slot);
	SNAPSHOT(old_thread, ks_thread);
	SNAPSHOT(old_ep, ks_ep);
	SNAPSHOT(old_ks, ks);
}

/* i, j: any slots; those are what the invariant is checked for afterwards. */
#define ANY_SLOTS                                                                                  \
	ANY(u32, i);                                                                               \
	ANY(u32, j);                                                                               \
	ASSUME_INPUT((i < SLOTS) & (j < SLOTS));                                                   \
	slot(i);                                                                                   \
	slot(j);                                                                                   \
	slot(SLOT(i)->parent);                                                                     \
	pair(i, j);
#define CHECK_SLOTS                                                                                \
	CHECK_INV(inv_slot_empty(i));                                                              \
	CHECK_INV(inv_slot(i));                                                                    \
	CHECK_INV(inv_parent(i));                                                                  \
	CHECK_INV(inv_links(i));                                                                   \
	CHECK_INV(inv_siblings(i, j));
#define ANY_THREADS                                                                                \
	ANY(u32, i);                                                                               \
	ANY(u32, j);                                                                               \
	ANY(u32, e);                                                                               \
	ANY(u32, c);                                                                               \
	ASSUME_INPUT((i < THREADS) & (j < THREADS) & (e < ENDPOINTS) & (c < SLOTS));               \
	HINT(1, inv_slot(c));                                                                      \
	thread(i);                                                                                 \
	thread(j);                                                                                 \
	fifo(i, j);                                                                                \
	ep(e);                                                                                     \
	ep(TH(i)->ep);
#define CHECK_THREADS                                                                              \
	CHECK_INV(inv_thread(i));                                                                  \
	CHECK_INV(inv_fifo(i, j));                                                                 \
	CHECK_INV(inv_ep(e));                                                                      \
	CHECK_INV(inv_slot(c));

void h_derive(void)
{
	ANY_SLOTS
	ANY(u32, src);
	ANY(u32, dst);
	ANY(u32, rights);
	ANY(u64, badge);
	around(src);
	slot(dst);
	pair(SLOT(src)->child, i);
	pair(SLOT(src)->child, j);
	snapshot();
	err_t err = toy_derive(src, dst, rights, badge);
	CHECK_SLOTS
	CHECK_SPEC(spec_derive(src, dst, rights, badge, err.v, i));
}
void h_delete(void)
{
	ANY_SLOTS
	ANY(u32, s);
	around(s);
	pair(s, i);
	pair(s, j);
	pair(SLOT(s)->next, SLOT(s)->prev);
	snapshot();
	err_t err = toy_delete(s);
	CHECK_SLOTS
	CHECK_SPEC(spec_delete(s, err.v, i));
}
void h_move(void)
{
	ANY_SLOTS
	ANY(u32, src);
	ANY(u32, dst);
	around(src);
	slot(dst);
	pair(src, i);
	pair(src, j);
	snapshot();
	err_t err = toy_move(src, dst);
	CHECK_SLOTS
	CHECK_SPEC(spec_move(src, dst, err.v, i));
}
void h_send(void)
{
	ANY_THREADS
	ANY(u32, t);
	ANY(u32, s);
	ANY(u64, msg);
	ASSUME_INPUT(t < THREADS);
	ASSUME_STATE(running, TH(t)->state == THREAD_READY, "a call is made by a running thread");
	thread(t);
	slot(s);
	ep(SLOT(s)->obj);
	u32 last = EP(SLOT(s)->obj)->tail;
	thread(last);
	fifo(last, i);
	fifo(last, j);
	snapshot();
	err_t err = toy_send(t, s, msg);
	CHECK_THREADS
	CHECK_SPEC(spec_send(t, s, msg, err.v, i));
	CHECK_SPEC(same_slot(c));
	COVER(err.v == 0);
}
void h_recv(void)
{
	ANY_THREADS
	ANY(u32, t);
	ANY(u32, s);
	ASSUME_INPUT(t < THREADS);
	ASSUME_STATE(running, TH(t)->state == THREAD_READY, "a call is made by a running thread");
	thread(t);
	slot(s);
	ep(SLOT(s)->obj);
	u32 first = EP(SLOT(s)->obj)->head;
	thread(first);
	thread(TH(first)->qnext);
	fifo(first, i);
	fifo(first, j);
	snapshot();
	err_t err = toy_recv(t, s);
	CHECK_THREADS
	CHECK_SPEC(spec_recv(t, s, err.v, i));
}
void h_first(void)
{
	ANY_THREADS
	u32 h = EP(e)->head;
	thread(h);
	fifo(h, i);
	CHECK_SPEC(spec_first(e, i));
}
/* Who is below an ancestor is deeper, and lies in the same object. */
void h_is_below(void)
{
	ANY(u32, s);
	ANY(u32, a);
	ASSUME_INPUT(s < SLOTS);
	ASSUME_STATE(used, SLOT(s)->type != CAP_NONE, "the slot is in use");
	for (u32 i = 0, p = s; i <= DEPTH_MAX; i++, p = SLOT(p)->parent) {
		HINT(p < SLOTS, inv_slot(p));
		HINT(p < SLOTS, inv_parent(p));
	}
	bool below = toy_is_below(s, a);
	CHECK_IF(below, "spec", (a < SLOTS) & (SLOT(a)->obj == SLOT(s)->obj) & (SLOT(a)->depth < SLOT(s)->depth));
}
