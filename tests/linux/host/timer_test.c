/* SPDX-License-Identifier: MIT */
/*
 * Timers on the host: whatever is armed and cancelled, they fire in order, and at their time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "servers/linux/core/event.h"

enum { TIMERS = 200, STEPS = 400000 };

static struct timer timer[TIMERS];
static u64 due[TIMERS]; /* 0: not armed */
static u64 now, last_fired;
static unsigned late, wrong;

static void fire(struct timer *t)
{
	u64 i = (u64)(t - timer);

	wrong += due[i] == 0 || due[i] != t->when || t->when < last_fired;
	late += t->when > now;
	last_fired = t->when;
	due[i] = 0;
	/* Some arm themselves again, in the past even. */
	if (rand() % 4 == 0) {
		due[i] = now + (u64)(rand() % 50) + 1;
		timer_arm(t, due[i], fire);
		last_fired = 0;
	}
}

static u64 earliest(void)
{
	u64 least = UINT64_MAX;

	for (int i = 0; i < TIMERS; i++) {
		if (due[i] != 0 && due[i] < least)
			least = due[i];
	}
	return least;
}

int main(void)
{
	unsigned forgotten = 0, next_wrong = 0;

	srand(1);
	for (int step = 0; step < STEPS; step++) {
		int i = rand() % TIMERS;

		if (rand() % 3 != 0) {
			due[i] = now + (u64)(rand() % 1000) + 1;
			timer_arm(&timer[i], due[i], fire);
		} else if (rand() % 2 == 0) {
			wrong += timer_cancel(&timer[i]) != (due[i] != 0);
			due[i] = 0;
		}
		if (rand() % 5 == 0) {
			now += (u64)(rand() % 30);
			last_fired = 0;
			timers_run(now);
			forgotten += earliest() <= now;
		}
		next_wrong += timers_next() != earliest();
	}
	printf("%s 1 timers fire in the order of their times\n", wrong == 0 ? "ok" : "not ok");
	printf("%s 2 and not before\n", late == 0 ? "ok" : "not ok");
	printf("%s 3 none is forgotten\n", forgotten == 0 ? "ok" : "not ok");
	printf("%s 4 the next one is known\n1..4\n", next_wrong == 0 ? "ok" : "not ok");
	return (wrong | late | forgotten | next_wrong) != 0;
}
