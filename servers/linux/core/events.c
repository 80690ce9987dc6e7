/* SPDX-License-Identifier: MIT */
/*
 * Who wants to know of which bits of the server's notification, and who has something to do
 * before it waits.
 */
#include "event.h"

enum { HANDLERS = 32, IDLERS = 8 };

static struct {
	u64 mask;
	void (*handle)(u64 bits);
} handler[HANDLERS];
static u32 handlers;

void event_register(u64 mask, void (*handle)(u64 bits))
{
	if (handlers == HANDLERS)
		sys_panic("linux: too many handlers of events");
	handler[handlers].mask = mask;
	handler[handlers++].handle = handle;
}

void events_run(u64 bits)
{
	for (u32 i = 0; i < handlers; i++) {
		if (bits & handler[i].mask)
			handler[i].handle(bits & handler[i].mask);
	}
}

/* --- before waiting ------------------------------------------------------------------ */

bool idle_is_wanted;

static void (*idler[IDLERS])(void);
static u32 idlers;

void idle_register(void (*f)(void))
{
	if (idlers == IDLERS)
		sys_panic("linux: too many idlers");
	idler[idlers++] = f;
}

void idle_wanted(void)
{
	idle_is_wanted = true;
}

void idle_run(void)
{
	idle_is_wanted = false;
	for (u32 i = 0; i < idlers; i++)
		idler[i]();
}
