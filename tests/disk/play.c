/* SPDX-License-Identifier: MIT */
/*
 * See play.h.
 */
#include "play.h"

#include <stdarg.h>
#include <ucontext.h>

enum {
	POLLS = 2000, /* turns of its loop without waiting, at most */
	STACK = 256 << 10,
	AREA = 256 << 10
};

struct comp_info info;
const struct comp_info *sys_comp = &info;

void fail(const char *what)
{
	printf("# %s\n", what);
	exit(1);
}

void ok(bool good, const char *name)
{
	static u32 tests;

	printf("%s %u %s\n", good ? "ok" : "not ok", ++tests, name);
	fflush(stdout);
	if (!good)
		exit(1);
}

/* --- rings, and both ends of each ------------------------------------------------------------- */

struct rings {
	_Alignas(64) unsigned char bytes[4][RING_ENTRIES + CAPACITY * sizeof(struct ring_entry)];
};
static struct rings rings[CHANNELS];
struct end end[CHANNELS];
u64 pending, now;

static void begin_end(u32 i)
{
	struct rings *r = &rings[i];
	u32 capacity = info.channel[i].capacity;

	memset(r, 0, sizeof *r);
	if (i == 0) {
		(void)ring_consumer_init(&end[i].in, r->bytes[0], r->bytes[1], capacity);
		(void)ring_producer_init(&end[i].out, r->bytes[2], r->bytes[3], capacity);
	} else {
		(void)ring_producer_init(&end[i].out, r->bytes[0], r->bytes[1], capacity);
		(void)ring_consumer_init(&end[i].in, r->bytes[2], r->bytes[3], capacity);
	}
	end[i].down = false;
}

void put(u32 i, const struct ring_entry *e)
{
	if (ring_put(&end[i].out, e) == RING_OK && ring_publish(&end[i].out))
		pending |= 1ull << i;
}

bool get(u32 i, struct ring_entry *e)
{
	bool got = ring_get(&end[i].in, e) == RING_OK;

	if (got && ring_release(&end[i].in))
		pending |= 1ull << i;
	return got;
}

void scramble(u32 i)
{
	struct ring_entry e;

	for (u32 k = (u32)rand() % 16; k != 0 && !end[i].down && get(i, &e); k--)
		;
	if (rand() % 50 == 0)
		atomic_store(&end[i].out.out->tail, (u32)rand());
	if (rand() % 50 == 0)
		atomic_store(&end[i].in.in->head, (u32)rand());
}

void channel(u32 i, u32 side, const char *name, u32 capacity)
{
	static unsigned char memory[CHANNELS][AREA * 2];
	struct comp_channel *c = &info.channel[i];
	struct rings *r = &rings[i];
	u32 areas = i == 0 ? CHANNELS : 1;

	*c = (struct comp_channel){
		.side = side, .capacity = capacity, .bit = i, .reset_bit = ENDS + i, .areas = areas
	};
	snprintf(c->name, sizeof c->name, "%s", name);
	c->request_out = (u64)r->bytes[0];
	c->request_in = (u64)r->bytes[1];
	c->answer_out = (u64)r->bytes[2];
	c->answer_in = (u64)r->bytes[3];
	for (u32 a = 0; a < areas; a++)
		c->area[a] = (struct comp_area){ .bytes = i == 0 && a == 0 ? 2 * AREA : AREA,
						 .pool = i == 0 ? a : i,
						 .vaddr = i != 0 || a == 0 ? (u64)memory[i] : 0 };
	info.channels = CHANNELS;
	begin_end(i);
}

/* --- what the multiplexer calls ------------------------------------------------------------------ */

static ucontext_t self, multiplexer;
static u64 deadline;
static u32 polls;
u32 complaints[CHANNELS];

u64 sys_clock(void)
{
	return now;
}

u64 sys_ticks(u64 us)
{
	return us * 1000;
}

u64 sys_after(u64 us)
{
	return now + us * 1000;
}

void sys_print(const char *format, ...)
{
	(void)format;
}

void sys_panic(const char *format, ...)
{
	fail(format);
	abort();
}

u32 sys_format(char *to, u32 size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(to, size, format, args);
	va_end(args);
	return n < 0 || (u32)n >= size ? 0 : (u32)n;
}

/* As lib/sys has it: what follows the word. */
const char *sys_option(const char *word)
{
	const char *at = strstr(info.args, word);

	return at == NULL ? NULL : at + strlen(word);
}

const struct comp_channel *comp_channel(const char *name)
{
	(void)name;
	return NULL;
}

void comp_ready(void)
{
}

u64 comp_call(u64 what, u64 number, u64 unused)
{
	(void)unused;
	MUST(number < CHANNELS);
	switch (what) {
	case SUP_RESET_ASKED: return end[number].down ? SUP_LATER : SUP_OK;
	case SUP_RESET_DONE: begin_end((u32)number); return SUP_OK;
	case SUP_BROKEN:
		complaints[number]++;
		if (number == 0)
			driver_ends();
		lose((u32)number);
		return SUP_OK;
	default: return SUP_BAD;
	}
}

err_t host_signal(notif_h n, u64 what)
{
	(void)n;
	(void)what;
	return (err_t){ 0 };
}

/* True: it can go on by itself. */
static bool awake(void)
{
	return pending != 0 || deadline == 1;
}

u64 comp_wait(u64 until)
{
	deadline = until;
	polls = until == 1 ? polls + 1 : 0;
	MUST(polls < POLLS);
	if (!awake())
		(void)swapcontext(&multiplexer, &self);
	u64 got = pending;

	pending = 0;
	return got;
}

void run(void)
{
	polls = 0;
	if (awake() || (deadline != 0 && now >= deadline))
		(void)swapcontext(&self, &multiplexer);
}

void lose(u32 i)
{
	end[i].down = true;
	pending |= 1ull << (ENDS + i);
}

void start(void (*entry)(void))
{
	static unsigned char stack[STACK];

	(void)getcontext(&multiplexer);
	multiplexer.uc_stack.ss_sp = stack;
	multiplexer.uc_stack.ss_size = sizeof stack;
	makecontext(&multiplexer, entry, 0);
	deadline = 1;
}
