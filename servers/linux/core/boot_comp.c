/* SPDX-License-Identifier: MIT */
/*
 * As a component: what systems/NAME.toml gives to the program `linux`.
 *
 *   pool `programs`    frames of programs ("rwx handle")
 *   pool `root`        the initial file tree, a cpio archive; may be missing
 *   pool `start`       words, each ended by 0, as core/options.h lists them; an empty one ends them.
 *                      If missing, the component's args
 *   channel `console`  a stream: with `framed` among its words, in frames (tty/host.h)
 *   power              so that the machine ends with the first process
 *
 * Owns:       the channel of the console, and bytes that wait for it.
 */
#include "boot.h"
#include "options.h"
#include "tessera/chan.h"
#include "tessera/stream.h"
#include "../tty/host.h"
#include "../tty/tty.h"

enum { OUT_ROOM = 1 << 17, READS = 16, WRITES = 16, ID_WRITE = 0x100, HALT_US = 2000000 };

static struct {
	struct chan chan;
	bool open;
	u32 reads, writes; /* under way */
	u32 head, tail;    /* of what waits in `out`, running freely */
	bool was_full;
	char out[OUT_ROOM];
} console;

/* --- console ------------------------------------------------------------------------- */

static void put_write(void)
{
	struct ring_entry e = { 0 };
	unsigned char bytes[STREAM_BYTES] = { 0 };
	u32 n = 0;

	while (n < STREAM_BYTES && console.head + n != console.tail) {
		bytes[n] = (unsigned char)console.out[(console.head + n) % OUT_ROOM];
		n++;
	}
	memcpy(&e.w[1], bytes, STREAM_BYTES);
	e.w[0] = ID_WRITE | (u64)STREAM_WRITE << 32 | (u64)n << 40;
	if (chan_put(&console.chan, &e) == RING_OK) {
		console.head += n;
		console.writes++;
	}
}

static void put_read(void)
{
	struct ring_entry e = { { (u64)STREAM_READ << 32 | (u64)STREAM_BYTES << 40 } };

	if (chan_put(&console.chan, &e) == RING_OK)
		console.reads++;
}

static void push(void)
{
	if (console.chan.state != CHAN_UP)
		return;
	while (console.reads < READS && ring_room(&console.chan.out) == RING_OK)
		put_read();
	while (console.writes < WRITES && console.head != console.tail &&
	       ring_room(&console.chan.out) == RING_OK)
		put_write();
	chan_flush(&console.chan);
}

static void take(const struct ring_entry *e)
{
	u32 status = (u32)(e->w[0] >> 32) & 0xff, n = (u32)(e->w[0] >> 40) & 0xff;

	if ((e->w[0] & 0xffffffff) == ID_WRITE) {
		console.writes -= console.writes != 0;
		return;
	}
	console.reads -= console.reads != 0;
	if (status != STREAM_DONE || n > STREAM_BYTES)
		return;
	if (env.framed)
		host_input((const char *)&e->w[1], n);
	else
		console_input((const char *)&e->w[1], n);
}

static void pull(void)
{
	struct ring_entry e;

	do {
		while (chan_get(&console.chan, &e) == RING_OK)
			take(&e);
		push();
		if (chan_broken(&console.chan))
			chan_complain(&console.chan);
	} while (!chan_idle(&console.chan, false));
	if (console.was_full && console.tail - console.head < OUT_ROOM / 2) {
		console.was_full = false;
		console_drained();
	}
}

static void console_event(u64 bits)
{
	/* The driver was started again: what it had not answered is asked for again. */
	if (chan_news(&console.chan, bits) == CHAN_RESET) {
		console.reads = console.writes = 0;
		(void)chan_agree(&console.chan);
	}
	pull();
}

/* Room is looked at before; the end of a console that nobody empties is lost. */
static void console_write(const char *bytes, size_t n)
{
	if (!console.open) {
		sys_write(bytes, (u32)n);
		return;
	}
	for (size_t i = 0; i < n && console.tail - console.head < OUT_ROOM; i++)
		console.out[console.tail++ % OUT_ROOM] = bytes[i];
	push();
}

static size_t console_room(void)
{
	size_t room = OUT_ROOM - (console.tail - console.head);

	console.was_full |= room < OUT_ROOM / 2;
	return console.open ? room : PAGE;
}

static void console_start(void)
{
	event_register(1ull << console.chan.info->bit | 1ull << console.chan.info->reset_bit,
		       console_event);
	pull();
}

/* --- end ----------------------------------------------------------------------------------- */

static void halt(int status)
{
	u64 last = sys_after(HALT_US);

	if (env.framed) {
		unsigned char word[4] = { (unsigned char)status, (unsigned char)(status >> 8), 0,
					  0 };

		host_send('x', word, sizeof word);
	}
	/* Everything goes out before the machine does. */
	while (console.chan.state == CHAN_UP && sys_clock() < last &&
	       (console.head != console.tail || console.writes != 0)) {
		pull();
		(void)thread_yield();
	}
	(void)comp_call(SUP_POWER, 0, (status & 0x7f) != 0 || (status >> 8 & 0xff) != 0);
	sys_exit(0);
}

/* --- what init gave ---------------------------------------------------------------------------- */

static void read_words(void)
{
	const struct comp_pool *start = comp_pool("start");

	if (start != NULL && start->vaddr != 0)
		options_read_words((const char *)start->vaddr, start->count * PAGE);
	else
		options_read(sys_comp->args);
}

void boot_component(void)
{
	const struct comp_pool *programs = comp_pool("programs"), *root = comp_pool("root");

	if (programs == NULL || programs->vaddr == 0 || programs->handle == 0)
		sys_panic("linux: no pool `programs` with a handle");
	env.pool.h = programs->handle;
	env.pool_vaddr = programs->vaddr;
	env.pool_pages = programs->count;
	env.notif = (notif_h){ COMP_NOTIF };
	env.clock_hz = sys_comp->clock_hz;
	env.clock_offset = sys_comp->clock_offset;
	env.xstate_bytes = sys_comp->xstate_bytes;
	env.xstate_mask = sys_comp->xstate_mask;
	env.epoch_ns = sys_comp->epoch_ns;
	env.cpus = sys_comp->cpus;
	env.cpus_cap = (cpus_h){ COMP_CPUS };
	if (root != NULL && root->vaddr != 0) {
		env.archive = (const unsigned char *)root->vaddr;
		env.archive_bytes = root->count * PAGE;
	}
	read_words();
	env.args = sys_comp->args;
	env.framed = options.framed;
	env.console_write = console_write;
	env.console_room = console_room;
	env.halt = halt;
	console.open = chan_open(&console.chan, "console");
	if (console.open)
		env.console_start = console_start;
	if (env.framed && !console.open)
		sys_panic("linux: no channel `console` for frames");
	comp_ready();
}
