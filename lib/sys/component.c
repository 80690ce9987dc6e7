/* SPDX-License-Identifier: MIT */
/*
 * What a component does with what init told it, and says to it.
 *
 * Locks:      none: init is called, which any thread may do.
 */
#include "start.h"
#include "tessera/chan.h"

enum { WORD = 8, TEXT_BYTES = 56, LATER_US = 2000 };

/* In microseconds, at most. */
#define WAIT_LONGEST 3600000000ull

void sys_comp_init(const struct comp_info *info)
{
	sys_comp = info;
	sys_clock_hz = info->clock_hz;
	sys_clock_offset = info->clock_offset;
	sys_own_space.space = (space_h){ COMP_SPACE };
	sys_slots_reset(info->free_handle, info->free_end);
	sys_memory_reset();
	for (u32 i = 0; i < info->memories; i++)
		sys_memory_add((memory_h){ info->memory[i].handle }, info->memory[i].first,
			       info->memory[i].count);
}

u64 comp_call(u64 what, u64 w0, u64 w1)
{
	struct msg m = { .w = { w0, w1 }, .tag = 2 | what << TAG_LABEL_SHIFT };

	return err_is_ok(ep_call((ep_h){ COMP_SUPERVISOR }, &m, 0)) ? m.w[0] : SUP_REFUSED;
}

void sys_comp_exit(int code)
{
	(void)comp_call(SUP_EXIT, (u32)code, 0);
}

/* Not a wait: nothing that comes for the component may be taken here. */
static void pause_us(u64 us)
{
	for (u64 end = sys_after(us); sys_clock() < end;)
		(void)thread_yield();
}

void sys_comp_write(const char *bytes, u32 n)
{
	while (n > 0) {
		struct msg m = { .tag = WORD | (u64)SUP_WRITE << TAG_LABEL_SHIFT };
		u32 part = n < TEXT_BYTES ? n : TEXT_BYTES;

		m.w[0] = part;
		memcpy(&m.w[1], bytes, part);
		if (!err_is_ok(ep_call((ep_h){ COMP_SUPERVISOR }, &m, 0)) || m.w[0] == SUP_REFUSED)
			return;
		if (m.w[0] == SUP_LATER) {
			pause_us(LATER_US);
			continue;
		}
		bytes += part;
		n -= part;
	}
}

void comp_ready(void)
{
	(void)comp_call(SUP_READY, 0, 0);
}

void comp_alive(void)
{
	static u64 last;
	u64 now = sys_clock();

	if (sys_comp->heartbeat_ms == 0 || now - last < sys_ticks(500ull * sys_comp->heartbeat_ms))
		return;
	last = now;
	(void)comp_call(SUP_ALIVE, 0, 0);
}

u64 comp_alive_before(u64 deadline)
{
	u64 us = sys_comp->heartbeat_ms == 0 ? WAIT_LONGEST : 500ull * sys_comp->heartbeat_ms;
	u64 next = sys_after(us);

	return deadline != 0 && deadline < next ? deadline : next;
}

u64 comp_wait(u64 deadline)
{
	u64 bits = 0;

	for (;;) {
		comp_alive();
		err_t e = notif_wait((notif_h){ COMP_NOTIF }, comp_alive_before(deadline), &bits);

		if (err_is_ok(e))
			return bits;
		if (deadline != 0 && sys_clock() >= deadline)
			return 0;
	}
}

const struct comp_pool *comp_pool(const char *name)
{
	for (u32 i = 0; i < sys_comp->pools; i++) {
		if (strcmp(sys_comp->pool[i].name, name) == 0)
			return &sys_comp->pool[i];
	}
	return NULL;
}

ep_h comp_endpoint(const char *name, u32 side)
{
	for (u32 i = 0; i < sys_comp->endpoints; i++) {
		const struct comp_endpoint *e = &sys_comp->endpoint[i];

		if (e->side == side && strcmp(e->name, name) == 0)
			return (ep_h){ e->handle };
	}
	return (ep_h){ 0 };
}

const struct comp_channel *comp_channel(const char *name)
{
	for (u32 i = 0; i < sys_comp->channels; i++) {
		if (strcmp(sys_comp->channel[i].name, name) == 0)
			return &sys_comp->channel[i];
	}
	return NULL;
}
