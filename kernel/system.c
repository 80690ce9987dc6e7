/* SPDX-License-Identifier: MIT */
/*
 * The debug console and the trace.
 *
 * Locks:      console: its own, inside the architecture; trace: all locks.
 * Called by:  the generated dispatcher.
 */
#include "ks.h"

#if DEBUG
void trace_add(u32 cpu, u32 kind, u64 a, u64 b)
{
	struct cpu *c = CPU(cpu);
	struct trace_event *e = &c->trace[c->traced % TRACE_EVENTS];

	e->when = arch_clock();
	e->kind = kind;
	e->thread = c->current;
	e->a = a;
	e->b = b;
	c->traced++;
}
#endif

err_t sys_system_debug_write(u32 t, u32 s, u64 length, u64 a, u64 b, u64 c)
{
	u64 word[3] = { a, b, c };
	char bytes[24];

	(void)t;
	(void)s;
	/* commit */
	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(word[i / 8] >> (i % 8 * 8));
	arch_console_write(bytes, (u32)length);
	return OK;
}

err_t sys_system_trace_read(u32 t, u32 s, u64 cpu, u64 from)
{
	u32 page = TH(t)->msg;
	u64 n = 0;

	(void)s;
	if (page == NIL)
		return ERR_MSG_PAGE;
	if (cpu >= ks.cpus)
		return ERR_RANGE;
	/* commit */
#if DEBUG
	const struct cpu *c = CPU((u32)cpu);
	u64 oldest = c->traced < TRACE_EVENTS ? 0 : c->traced - TRACE_EVENTS;

	if (from < oldest)
		from = oldest;
	for (; n < TRACE_EVENTS && from < c->traced; n++, from++) {
		const struct trace_event *e = &c->trace[from % TRACE_EVENTS];
		u32 w = (u32)n * 4;

		WORD(page, w) = e->when;
		WORD(page, w + 1) = e->kind | (u64)e->thread << 32;
		WORD(page, w + 2) = e->a;
		WORD(page, w + 3) = e->b;
	}
#endif
	FR_OUT(t, 0) = n;
	FR_OUT(t, 1) = from;
	return OK;
}
