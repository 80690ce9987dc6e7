/* SPDX-License-Identifier: MIT */
/*
 * As a component.  Init gives it, by the system file:
 *
 *   pool "programs"    programs' memory
 *   pool "root"        the initial file tree (optional)
 *   pool "start"       words of the command line (optional; else the component's arguments)
 *   channel "console"  stream: the console, or the link to the host
 */
#include "boot.h"
#include "options.h"
#include "../tty/host.h"
#include "../tty/tty.h"
#include "tessera/chan.h"
#include "tessera/stream.h"

enum {
	OUT_BYTES = 65536, /* a power of two */
	READS = 16,
	ID_READ = 1,
	ID_WRITE = 2,
	OPERATION_SHIFT = 32,
	COUNT_SHIFT = 40,
	BYTE_MASK = 0xff,
	HALT_MS = 3000,
	HALT_FRAMED_MS = 60000, /* whoever started the machine ends it if it will not wait */
	AWAY_MAX = 128,         /* messages that a socket keeps, even if each were a byte */
};

static struct chan console;
static char out[OUT_BYTES];
static u32 out_head, out_tail; /* run freely */
static u32 reads, writes;      /* asked for, not answered */
static bool was_full;
static ep_h nobody; /* who waits here gets signals only; made while there is memory for it */
/* Framed: sizes of messages that the host has not said it took, the oldest first. */
static struct {
	unsigned char bytes[AWAY_MAX];
	u32 head, tail; /* run freely */
	u32 taken;      /* bytes of the oldest that it took */
} away;

/* --- console ------------------------------------------------------------------------- */

static size_t console_room(void)
{
	size_t room = OUT_BYTES - (out_tail - out_head);

	if (room < OUT_BYTES / 2)
		was_full = true;
	return room;
}

/* What finds no room is lost: the console must not hold up the system. */
static void console_write(const char *bytes, size_t n)
{
	if (n > OUT_BYTES - (out_tail - out_head))
		n = 0;
	for (size_t i = 0; i < n; i++)
		out[out_tail++ % OUT_BYTES] = bytes[i];
	idle_wanted();
}

static void console_taken(u32 n)
{
	away.taken += n;
	while (away.head != away.tail && away.taken >= away.bytes[away.head % AWAY_MAX])
		away.taken -= away.bytes[away.head++ % AWAY_MAX];
}

static bool may_send(void)
{
	return writes < STREAM_PENDING && (!env.framed || away.tail - away.head < AWAY_MAX);
}

static void take_input(const struct ring_entry *e)
{
	char bytes[STREAM_BYTES];
	u64 n = e->w[0] >> COUNT_SHIFT & BYTE_MASK;

	if ((e->w[0] >> OPERATION_SHIFT & BYTE_MASK) != STREAM_DONE || n > STREAM_BYTES)
		return;
	memcpy(bytes, &e->w[1], sizeof bytes);
	if (env.framed)
		host_input(bytes, n);
	else
		console_input(bytes, n);
}

static void take_answers(void)
{
	struct ring_entry e;

	while (chan_get(&console, &e) == RING_OK) {
		if ((u32)e.w[0] == ID_READ) {
			reads -= reads != 0;
			take_input(&e);
		} else {
			writes -= writes != 0;
		}
	}
}

static void ask(void)
{
	struct ring_entry e;

	while (reads < READS) {
		e = (struct ring_entry){ { ID_READ | (u64)STREAM_READ << OPERATION_SHIFT |
					   (u64)STREAM_BYTES << COUNT_SHIFT } };
		if (chan_put(&console, &e) != RING_OK)
			break;
		reads++;
	}
	while (may_send() && out_head != out_tail) {
		u32 n = out_tail - out_head < STREAM_BYTES ? out_tail - out_head : STREAM_BYTES;
		char bytes[STREAM_BYTES] = { 0 };

		for (u32 i = 0; i < n; i++)
			bytes[i] = out[(out_head + i) % OUT_BYTES];
		e.w[0] = ID_WRITE | (u64)STREAM_WRITE << OPERATION_SHIFT | (u64)n << COUNT_SHIFT;
		memcpy(&e.w[1], bytes, sizeof bytes);
		if (chan_put(&console, &e) != RING_OK)
			break;
		out_head += n;
		writes++;
		if (env.framed)
			away.bytes[away.tail++ % AWAY_MAX] = (unsigned char)n;
	}
}

static void pump(void)
{
	do {
		chan_busy(&console);
		take_answers();
		ask();
	} while (!chan_idle(&console, false));
	if (chan_broken(&console))
		chan_complain(&console);
	if (was_full && OUT_BYTES - (out_tail - out_head) >= OUT_BYTES / 2) {
		was_full = false;
		console_drained();
	}
}

/* After a restart of the driver: what it had not written is lost. */
static void console_event(u64 bits)
{
	if (chan_news(&console, bits) == CHAN_RESET) {
		reads = writes = 0;
		away.head = away.tail;
		(void)chan_agree(&console);
	}
	idle_wanted();
}

static void console_start(void)
{
	if (!chan_open(&console, "console"))
		sys_panic("linux: there is no channel `console`");
	event_register(1ull << console.info->bit | 1ull << console.info->reset_bit, console_event);
	nobody = sys_ep();
	idle_register(pump);
	idle_wanted();
	env.console_write = console_write;
	env.console_room = console_room;
	env.console_taken = console_taken;
}

/* --- the end ------------------------------------------------------------------------------ */

/* The bytes that are under way leave first.  No more messages of programs are received. */
static void flush(void)
{
	u64 end = sys_after((env.framed ? HALT_FRAMED_MS : HALT_MS) * 1000ull);

	pump();
	while ((writes != 0 || out_head != out_tail) && sys_clock() < end) {
		struct msg m = { .tag = 0 };

		if (err_is(ep_recv(nobody, &m, end), DONE_SIGNAL))
			console_event(m.badge);
		pump();
	}
}

static void halt(int status)
{
	unsigned char word[4] = { (unsigned char)status, (unsigned char)(status >> 8),
				  (unsigned char)(status >> 16), (unsigned char)(status >> 24) };
	int code = (status & 0x7f) != 0 ? 128 + (status & 0x7f) : status >> 8 & 0xff;

	/* First what is there goes out, so that there is room for the last frame. */
	flush();
	if (env.framed)
		host_send('x', word, sizeof word);
	flush();
	(void)comp_call(SUP_POWER, 0, code != 0);
	sys_exit(code != 0);
}

/* --- signs of life ------------------------------------------------------------------------- */

static struct timer alive;

static void say_alive(struct timer *t)
{
	comp_alive();
	timer_arm(t, now_mono() + sys_comp->heartbeat_ms * (NS_PER_SEC / 1000) / 2, say_alive);
}

/* --- what there is ---------------------------------------------------------------------------- */

static void take_pools(void)
{
	const struct comp_pool *programs = comp_pool("programs");
	const struct comp_pool *root = comp_pool("root"), *start = comp_pool("start");

	if (programs == NULL || programs->handle == 0)
		sys_panic("linux: there is no pool `programs`");
	if (start != NULL)
		options_read_list((const char *)start->vaddr, start->count * PAGE);
	else
		options_read_line(sys_comp->args);
	env.pool.h = programs->handle;
	if (programs->vaddr != 0) {
		env.pool_vaddr = programs->vaddr;
		env.pool_pages = programs->count;
	} else {
		boot_map_pool(programs->count);
	}
	if (root != NULL) {
		env.archive = (const unsigned char *)root->vaddr;
		env.archive_bytes = root->count * PAGE;
	}
}

void boot_component(void)
{
	take_pools();
	env.clock_hz = sys_comp->clock_hz;
	env.clock_offset = sys_comp->clock_offset;
	env.xstate_bytes = sys_comp->xstate_bytes;
	env.xstate_mask = sys_comp->xstate_mask;
	env.epoch_ns = sys_comp->epoch_ns;
	env.cpus = sys_comp->cpus;
	env.cpus_cap = (cpus_h){ COMP_CPUS };
	env.notif = (notif_h){ COMP_NOTIF };
	env.clock_bit = sys_comp->free_bit;
	env.framed = options.framed;
	env.halt = halt;
	console_start();
	if (sys_comp->heartbeat_ms != 0)
		say_alive(&alive);
	comp_ready();
}
