/* SPDX-License-Identifier: MIT */
/*
 * Invariants and specification of the toy kernel: plain C, one index (or pair)
 * at a time.  OLD_*(i) is the state before the call.
 */
#pragma once
#include "toy.h"

extern struct slot old_slot[SLOTS];
extern struct thread old_thread[THREADS];
extern struct ep old_ep[ENDPOINTS];
extern struct kernel_state old_ks;
#define OLD_SLOT(i) (&old_slot[i])
#define OLD_TH(i) (&old_thread[i])
#define OLD_EP(i) (&old_ep[i])
#define IMP(a, b) (!(a) || (b))

/* --- invariants ------------------------------------------------------------- */
PRED bool inv_slot_empty(u32 s)
{
	return IMP(SLOT(s)->type == CAP_NONE,
		SLOT(s)->rights == 0 && SLOT(s)->depth == 0 && SLOT(s)->obj == 0 && SLOT(s)->badge == 0 &&
		SLOT(s)->parent == 0 && SLOT(s)->child == 0 && SLOT(s)->next == 0 && SLOT(s)->prev == 0);
}
PRED bool inv_slot(u32 s)
{
	return IMP(SLOT(s)->type != CAP_NONE,
		SLOT(s)->type == CAP_EP && SLOT(s)->obj < ENDPOINTS && SLOT(s)->rights <= RIGHT_ALL &&
		SLOT(s)->depth <= DEPTH_MAX && SLOT(s)->g_born < ks.g_clock);
}
/* The parent: same object, no fewer rights, one level up, older. */
PRED bool inv_parent(u32 s)
{
	u32 p = SLOT(s)->parent;
	return IMP(SLOT(s)->type != CAP_NONE,
		p == NIL ? SLOT(s)->next == NIL && SLOT(s)->prev == NIL :
		p < SLOTS && SLOT(p)->type == SLOT(s)->type && SLOT(p)->obj == SLOT(s)->obj &&
		!(SLOT(s)->rights & ~SLOT(p)->rights) && SLOT(s)->depth == SLOT(p)->depth + 1 &&
		SLOT(p)->g_born < SLOT(s)->g_born && SLOT(p)->child != NIL);
}
/* Links go both ways, and the list of siblings is ordered by birth. */
PRED bool inv_links(u32 s)
{
	u32 p = SLOT(s)->parent, c = SLOT(s)->child, n = SLOT(s)->next, v = SLOT(s)->prev;
	return IMP(SLOT(s)->type != CAP_NONE,
		IMP(c != NIL, c < SLOTS && SLOT(c)->type != CAP_NONE && SLOT(c)->parent == s && SLOT(c)->prev == NIL) &&
		IMP(n != NIL, n < SLOTS && SLOT(n)->type != CAP_NONE && SLOT(n)->prev == s && SLOT(n)->parent == p &&
			SLOT(n)->g_born < SLOT(s)->g_born) &&
		(v != NIL ? v < SLOTS && SLOT(v)->type != CAP_NONE && SLOT(v)->next == s && SLOT(v)->parent == p &&
			SLOT(v)->g_born > SLOT(s)->g_born
		: IMP(p != NIL, p < SLOTS && SLOT(p)->child == s)));
}
/* Nobody is between a slot and its next sibling, and siblings have different ages. */
PRED bool inv_siblings(u32 a, u32 b)
{
	return IMP(a != b && SLOT(a)->type != CAP_NONE && SLOT(b)->type != CAP_NONE &&
		SLOT(a)->parent != NIL && SLOT(a)->parent == SLOT(b)->parent,
		SLOT(a)->g_born != SLOT(b)->g_born &&
		IMP(SLOT(a)->g_born > SLOT(b)->g_born,
			SLOT(a)->next < SLOTS && SLOT(SLOT(a)->next)->g_born >= SLOT(b)->g_born &&
			SLOT(b)->prev < SLOTS && SLOT(SLOT(b)->prev)->g_born <= SLOT(a)->g_born));
}
PRED bool inv_thread(u32 t)
{
	u32 e = TH(t)->ep, n = TH(t)->qnext, p = TH(t)->qprev;
	if (TH(t)->state == THREAD_READY)
		return e == NIL && n == NIL && p == NIL;
	return TH(t)->state == THREAD_SEND && e < ENDPOINTS && TH(t)->g_arrived < ks.g_clock &&
		EP(e)->head != NIL &&
		(p == NIL ? EP(e)->head == t : p < THREADS && TH(p)->qnext == t && TH(p)->ep == e &&
			TH(p)->state == THREAD_SEND && TH(p)->g_arrived < TH(t)->g_arrived) &&
		(n == NIL ? EP(e)->tail == t : n < THREADS && TH(n)->qprev == t && TH(n)->ep == e &&
			TH(n)->state == THREAD_SEND && TH(n)->g_arrived > TH(t)->g_arrived);
}
PRED bool inv_fifo(u32 t, u32 u)
{
	return IMP(t != u && TH(t)->state == THREAD_SEND && TH(u)->state == THREAD_SEND && TH(t)->ep == TH(u)->ep,
		TH(t)->g_arrived != TH(u)->g_arrived &&
		IMP(TH(t)->g_arrived < TH(u)->g_arrived,
			TH(t)->qnext < THREADS && TH(TH(t)->qnext)->g_arrived <= TH(u)->g_arrived &&
			TH(u)->qprev < THREADS && TH(TH(u)->qprev)->g_arrived >= TH(t)->g_arrived));
}
PRED bool inv_ep(u32 e)
{
	u32 h = EP(e)->head, l = EP(e)->tail;
	return (h == NIL) == (l == NIL) &&
		IMP(h != NIL,
			h < THREADS && TH(h)->state == THREAD_SEND && TH(h)->ep == e && TH(h)->qprev == NIL &&
			l < THREADS && TH(l)->state == THREAD_SEND && TH(l)->ep == e && TH(l)->qnext == NIL);
}

/* --- what a user can tell apart: links of lists are left out ---------------- */
PRED bool same_slot(u32 i)
{
	return SLOT(i)->type == OLD_SLOT(i)->type && SLOT(i)->rights == OLD_SLOT(i)->rights &&
		SLOT(i)->depth == OLD_SLOT(i)->depth && SLOT(i)->obj == OLD_SLOT(i)->obj &&
		SLOT(i)->badge == OLD_SLOT(i)->badge && SLOT(i)->parent == OLD_SLOT(i)->parent;
}
PRED bool same_thread(u32 i)
{
	return TH(i)->state == OLD_TH(i)->state && TH(i)->ep == OLD_TH(i)->ep && TH(i)->msg == OLD_TH(i)->msg &&
		TH(i)->badge == OLD_TH(i)->badge && TH(i)->g_arrived == OLD_TH(i)->g_arrived;
}
PRED bool is_empty(u32 i)
{
	return SLOT(i)->type == CAP_NONE;
}
PRED bool same_ep(u32 i)
{
	return EP(i)->head == OLD_EP(i)->head && EP(i)->tail == OLD_EP(i)->tail;
}

/* --- specification: what the result is, and what slot or thread i is then ----- */
PRED u32 derive_result(u32 src, u32 dst)
{
	return src >= SLOTS || dst >= SLOTS || OLD_SLOT(src)->type == CAP_NONE ? 1 :
		!(OLD_SLOT(src)->rights & RIGHT_DERIVE) ? 2 :
		OLD_SLOT(dst)->type != CAP_NONE ? 3 :
		OLD_SLOT(src)->depth >= DEPTH_MAX ? 4 : 0;
}
PRED bool spec_derive(u32 src, u32 dst, u32 rights, u64 badge, u32 err, u32 i)
{
	if (err != derive_result(src, dst))
		return false;
	if (err || i != dst)
		return same_slot(i);
	return SLOT(i)->type == OLD_SLOT(src)->type && SLOT(i)->rights == (OLD_SLOT(src)->rights & rights) &&
		SLOT(i)->obj == OLD_SLOT(src)->obj && SLOT(i)->badge == badge && SLOT(i)->parent == src &&
		SLOT(i)->depth == OLD_SLOT(src)->depth + 1;
}
PRED bool spec_delete(u32 s, u32 err, u32 i)
{
	u32 want = s >= SLOTS || OLD_SLOT(s)->type == CAP_NONE ? 1 : OLD_SLOT(s)->child != NIL ? 3 : 0;
	return err == want && (err || i != s ? same_slot(i) : is_empty(i));
}
PRED bool spec_move(u32 src, u32 dst, u32 err, u32 i)
{
	u32 want = src >= SLOTS || dst >= SLOTS || OLD_SLOT(src)->type == CAP_NONE ? 1 :
		OLD_SLOT(dst)->type != CAP_NONE || OLD_SLOT(src)->child != NIL ? 3 : 0;
	if (err != want)
		return false;
	if (err || (i != src && i != dst))
		return same_slot(i);
	return i == src ? is_empty(i) :
		SLOT(i)->type == OLD_SLOT(src)->type && SLOT(i)->rights == OLD_SLOT(src)->rights &&
		SLOT(i)->obj == OLD_SLOT(src)->obj && SLOT(i)->badge == OLD_SLOT(src)->badge &&
		SLOT(i)->parent == OLD_SLOT(src)->parent && SLOT(i)->depth == OLD_SLOT(src)->depth;
}
PRED u32 lookup_result(u32 s, u8 right)
{
	return s >= SLOTS || OLD_SLOT(s)->type != CAP_EP ? 1 : OLD_SLOT(s)->rights & right ? 0 : 2;
}
PRED bool spec_send(u32 t, u32 s, u64 msg, u32 err, u32 i)
{
	if (err != lookup_result(s, RIGHT_SEND))
		return false;
	if (err || i != t)
		return same_thread(i);
	return TH(i)->state == THREAD_SEND && TH(i)->ep == OLD_SLOT(s)->obj && TH(i)->msg == msg &&
		TH(i)->badge == OLD_SLOT(s)->badge && TH(i)->g_arrived == old_ks.g_clock;
}
PRED bool spec_recv(u32 t, u32 s, u32 err, u32 i)
{
	u32 found = lookup_result(s, RIGHT_RECV);
	if (found)
		return err == found && same_thread(i);
	u32 from = OLD_EP(OLD_SLOT(s)->obj)->head;
	if (from == NIL)
		return err == 5 && same_thread(i);
	if (err)
		return false;
	if (i == t)
		return TH(i)->msg == OLD_TH(from)->msg && TH(i)->badge == OLD_TH(from)->badge &&
			TH(i)->state == OLD_TH(i)->state;
	if (i == from)
		return TH(i)->state == THREAD_READY && TH(i)->ep == NIL && TH(i)->msg == OLD_TH(i)->msg;
	return same_thread(i);
}
/* The head of a queue came before everybody else in it. */
PRED bool spec_first(u32 e, u32 i)
{
	return IMP(TH(i)->state == THREAD_SEND && TH(i)->ep == e,
		EP(e)->head != NIL && TH(EP(e)->head)->g_arrived <= TH(i)->g_arrived);
}
