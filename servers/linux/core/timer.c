/* SPDX-License-Identifier: MIT */
/*
 * Timers: a pairing heap, the earliest at its root.
 *
 * Owns:       the heap.
 * Called by:  fibers that wait with a deadline; interval timers.
 * Never:      sleeps, recurses.
 */
#include "event.h"

enum { RUN_MAX = 256 };

static struct timer *root;

/* Of two heaps one; neither has siblings. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	if (a == NULL)
		return b;
	if (b == NULL)
		return a;
	if (b->when < a->when) {
		struct timer *t = a;

		a = b;
		b = t;
	}
	b->next = a->child;
	if (b->next != NULL)
		b->next->back = b;
	b->back = a;
	a->child = b;
	return a;
}

/* Of a list of siblings one heap: in pairs, then all of them. */
static struct timer *meld_list(struct timer *first)
{
	struct timer *pairs = NULL, *all = NULL;

	while (first != NULL) {
		struct timer *a = first, *b = a->next;

		first = b != NULL ? b->next : NULL;
		a->next = NULL;
		if (b != NULL)
			b->next = NULL;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs != NULL) {
		struct timer *a = pairs;

		pairs = a->next;
		a->next = NULL;
		all = meld(all, a);
	}
	if (all != NULL)
		all->back = NULL;
	return all;
}

/* Take it and what is below it out of its place. */
static void cut(struct timer *t)
{
	if (t->back->child == t)
		t->back->child = t->next;
	else
		t->back->next = t->next;
	if (t->next != NULL)
		t->next->back = t->back;
	t->next = NULL;
	t->back = NULL;
}

bool timer_cancel(struct timer *t)
{
	if (!t->armed)
		return false;
	t->armed = false;
	if (t == root) {
		root = meld_list(t->child);
	} else {
		cut(t);
		root = meld(root, meld_list(t->child));
	}
	t->child = NULL;
	return true;
}

void timer_arm(struct timer *t, u64 when, void (*fire)(struct timer *))
{
	(void)timer_cancel(t);
	t->child = t->next = t->back = NULL;
	t->when = when;
	t->fire = fire;
	t->armed = true;
	root = meld(root, t);
}

u64 timers_next(void)
{
	return root == NULL ? UINT64_MAX : root->when;
}

void timers_run(u64 now)
{
	for (u32 i = 0; i < RUN_MAX && root != NULL && root->when <= now; i++) {
		struct timer *t = root;

		(void)timer_cancel(t);
		t->fire(t);
	}
}
