/* SPDX-License-Identifier: MIT */
/*
 * The channel to a file system server that dies, on the host: who asks at which moment, and what becomes of it.
 *
 * Fibers are threads of which one runs at a time.  The server is this test: it takes requests from the ring, answers when
 * it likes, and dies when it likes.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "servers/linux/fs/remote_link.h"
#include "servers/linux/fs/remote_redo.h"
#include "tessera/chan.h"

enum { CAPACITY = 64, FULL = 6000, NAME = 5 };

/* --- fibers ----------------------------------------------------------------------------- */

struct fiber {
	struct fiber *next;
	pthread_t thread;
	void (*f)(void *);
	void *arg;
	struct waitq *on;
	bool ready, ended;
};

static struct fiber *fibers, *running;
static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t passed = PTHREAD_COND_INITIALIZER;

static void wait_for(struct fiber *f)
{
	while (running != f)
		pthread_cond_wait(&passed, &baton);
}

static void pass_to(struct fiber *f)
{
	running = f;
	pthread_cond_broadcast(&passed);
}

static void *begin(void *arg)
{
	struct fiber *f = arg;

	pthread_mutex_lock(&baton);
	wait_for(f);
	f->f(f->arg);
	f->ended = true;
	pass_to(NULL);
	pthread_mutex_unlock(&baton);
	return NULL;
}

bool fiber_start(void (*f)(void *), void *arg)
{
	struct fiber *n = calloc(1, sizeof *n);

	*n = (struct fiber){ .next = fibers, .f = f, .arg = arg, .ready = true };
	fibers = n;
	return pthread_create(&n->thread, NULL, begin, n) == 0;
}

struct fiber *current_fiber(void)
{
	return running;
}

struct task *current(void)
{
	return NULL;
}

void waitq_init(struct waitq *q)
{
	list_init(&q->waiters);
}

s64 wait_on(struct waitq *q, u64 deadline, unsigned flags)
{
	struct fiber *f = running;

	(void)deadline;
	(void)flags;
	if (f == NULL)
		abort(); /* the loop does not sleep */
	f->on = q;
	f->ready = false;
	pass_to(NULL);
	wait_for(f);
	return 0;
}

void wake_all(struct waitq *q, u32 events)
{
	(void)events;
	for (struct fiber *f = fibers; f != NULL; f = f->next) {
		if (f->on == q) {
			f->on = NULL;
			f->ready = true;
		}
	}
}

void wake_one(struct waitq *q, u32 events)
{
	wake_all(q, events);
}

/* Until all sleep or have ended. */
static void run(void)
{
	for (bool any = true; any;) {
		any = false;
		for (struct fiber *f = fibers; f != NULL; f = f->next) {
			if (!f->ready || f->ended)
				continue;
			any = true;
			pass_to(f);
			wait_for(NULL);
		}
	}
}

/* --- what the channel needs -------------------------------------------------------------- */

static _Alignas(64) unsigned char out_area[RING_ENTRIES + CAPACITY * sizeof(struct ring_entry)], in_area[64];
static _Alignas(64) unsigned char answers_area[RING_ENTRIES + CAPACITY * sizeof(struct ring_entry)], answers_in[64];
static unsigned char messages[FS_SLOTS * FS_SLOT_BYTES], cache[4096];
static struct comp_channel info = { .areas = 2, .bit = 3, .reset_bit = 4 };
static const struct comp_info component;
const struct comp_info *sys_comp = &component;
static struct chan *client;
static struct ring_consumer requests;
static struct ring_producer answers;
static void (*on_event)(u64 bits);
static enum chan_state next_state = CHAN_UP;

static void begin_rings(void)
{
	memset(out_area, 0, sizeof out_area);
	memset(in_area, 0, sizeof in_area);
	memset(answers_area, 0, sizeof answers_area);
	memset(answers_in, 0, sizeof answers_in);
	ring_producer_init(&client->out, out_area, in_area, CAPACITY);
	ring_consumer_init(&client->in, answers_area, answers_in, CAPACITY);
	ring_consumer_init(&requests, out_area, in_area, CAPACITY);
	ring_producer_init(&answers, answers_area, answers_in, CAPACITY);
}

bool chan_open(struct chan *c, const char *name)
{
	(void)name;
	info.area[0] = (struct comp_area){ .bytes = sizeof messages, .vaddr = (u64)messages };
	info.area[1] = (struct comp_area){ .bytes = sizeof cache, .vaddr = (u64)cache };
	client = c;
	*c = (struct chan){ .info = &info, .state = CHAN_UP };
	begin_rings();
	return true;
}

enum chan_state chan_agree(struct chan *c)
{
	c->state = next_state;
	c->lives++;
	begin_rings();
	return c->state;
}

enum chan_news chan_news(struct chan *c, u64 bits)
{
	if (bits & 1u << 4) {
		c->state = CHAN_DOWN;
		return CHAN_RESET;
	}
	return CHAN_SIGNAL;
}

enum ring_state chan_put(struct chan *c, const struct ring_entry *e)
{
	return c->state == CHAN_UP ? ring_put(&c->out, e) : RING_EMPTY;
}

enum ring_state chan_get(struct chan *c, struct ring_entry *e)
{
	return c->state == CHAN_UP ? ring_get(&c->in, e) : RING_EMPTY;
}

void chan_flush(struct chan *c)
{
	if (c->state != CHAN_UP)
		return;
	(void)ring_publish(&c->out);
	(void)ring_release(&c->in);
}

bool chan_idle(struct chan *c, bool for_room)
{
	(void)for_room;
	chan_flush(c);
	return c->state != CHAN_UP || ring_look(&c->in) == RING_EMPTY;
}

bool chan_broken(const struct chan *c)
{
	(void)c;
	return false;
}

void chan_complain(struct chan *c)
{
	(void)c;
	abort();
}

void event_register(u64 mask, void (*handle)(u64 bits))
{
	(void)mask;
	on_event = handle;
}

void log_line(const char *format, ...)
{
	(void)format;
}

void *kalloc(size_t bytes)
{
	return calloc(1, bytes);
}

void kfree(void *p)
{
	free(p);
}

/* --- the server ---------------------------------------------------------------------------- */

static u64 transaction = 1;

/* The next request; its operation, or -1. */
static int take(struct ring_entry *e)
{
	if (ring_get(&requests, e) != RING_OK)
		return -1;
	(void)ring_release(&requests);
	return (int)(e->w[0] >> 32);
}

static void answer(const struct ring_entry *e, s64 result, u64 w2)
{
	struct ring_entry a = { { e->w[0], (u64)result, w2, transaction } };

	(void)ring_put(&answers, &a);
	(void)ring_publish(&answers);
	on_event(1u << 3);
	run();
}

static void die(enum chan_state next)
{
	next_state = next;
	on_event(1u << 4);
}

/* What the restorer does here: one request, so that there is time in between. */
static bool good = true;

bool remote_restore(void)
{
	struct fs_call c;

	call_begin(&c);
	s64 r = call_ask(&c, FS_SETTLE, 0, 0, 0);
	call_end(&c);
	return r >= 0 && good;
}

/* --- tests ------------------------------------------------------------------------------------ */

static unsigned tests, failures;

static void check(bool ok, const char *name)
{
	failures += !ok;
	printf("%sok %u %s\n", ok ? "" : "not ", ++tests, name);
}

struct asked {
	u64 operation;
	bool over;
	s64 result;
	u64 w2;
	u32 life;
};

static void ask(void *arg)
{
	struct asked *a = arg;
	struct fs_call c;

	call_begin(&c);
	call_name(&c, "name", NAME);
	a->result = call_ask(&c, a->operation, 2, 0, 0);
	a->w2 = c.w2;
	a->life = c.life;
	call_end(&c);
	a->over = true;
}

static void start(struct asked *a, u64 operation)
{
	*a = (struct asked){ .operation = operation };
	(void)fiber_start(ask, a);
	run();
}

/* A request that the server answers. */
static s64 simple(u64 operation)
{
	struct ring_entry e;
	struct asked a;

	start(&a, operation);
	if (take(&e) != (int)operation)
		return -1000;
	answer(&e, 0, 9);
	return a.over ? a.result : -1001;
}

/* The restorer's request is answered; then others go on. */
static void settle(void)
{
	struct ring_entry e;

	run();
	check(take(&e) == FS_SETTLE, "  the restorer asks first");
	answer(&e, 0, 0);
}

static void test_done_before(void)
{
	struct ring_entry e;
	struct asked a, b;

	start(&a, FS_CREATE);
	start(&b, FS_UNLINK);
	(void)take(&e);
	die(CHAN_UP);
	settle();
	check(take(&e) == FS_CREATE, "what was not answered is asked for again");
	answer(&e, -17, 0);
	check(take(&e) == FS_UNLINK && !a.over, "  in the order of slots");
	answer(&e, -2, 0);
	check(b.over && b.result == 0, "a name that is gone was removed the first time");
	check(take(&e) == FS_LOOKUP, "a name that is there is looked up");
	answer(&e, 0, 77);
	check(a.over && a.result == 0 && a.w2 == 77 && a.life == link_life(), "and was made the first time");
}

static void test_drop(void)
{
	struct ring_entry e;
	struct asked a;

	start(&a, FS_DROP);
	die(CHAN_UP);
	settle();
	check(a.over && a.result == 0 && take(&e) == -1, "pages are not given back to another server");
}

static void test_life(void)
{
	struct ring_entry e;
	struct asked a;

	/* The answer is taken, and the server dies before who asked goes on. */
	start(&a, FS_LOOKUP);
	(void)take(&e);
	struct ring_entry reply = { { e.w[0], 0, 5, transaction } };
	(void)ring_put(&answers, &reply);
	(void)ring_publish(&answers);
	on_event(1u << 3);
	die(CHAN_UP);
	settle();
	check(a.over && a.result == 0 && a.life + 1 == link_life(), "an answer is of the server that gave it");
}

static void fill(void)
{
	for (u32 i = 0; i < FULL && !redo_full(); i++) {
		if (simple(FS_CREATE) != 0)
			break;
	}
	check(redo_full(), "much is remembered");
}

static void test_full(void)
{
	struct ring_entry e;
	struct asked a, b, c;

	fill();
	start(&a, FS_DROP);
	check(take(&e) == FS_DROP, "pages are given back without a commit first");
	answer(&e, 0, 0);
	start(&b, FS_UNLINK);
	check(take(&e) == FS_SYNC && e.w[2] == 2, "before a change there is a commit");
	die(CHAN_UP);
	run();
	check(take(&e) == FS_SETTLE, "the server dies, and the next is told");
	start(&c, FS_LOOKUP);
	check(take(&e) == -1 && !c.over, "others wait for that");
	e = (struct ring_entry){ { (u64)(FS_SLOTS - 2) | (u64)FS_SETTLE << 32 } };
	answer(&e, 0, 0);
	check(take(&e) == FS_SYNC, "the commit is asked for again");
	transaction++;
	answer(&e, 0, 0);
	check(!redo_full(), "what was committed is forgotten");
	check(take(&e) == FS_LOOKUP, "who waited asks");
	answer(&e, 0, 0);
	check(take(&e) == FS_UNLINK, "the change is asked for");
	answer(&e, 0, 0);
	check(a.over && b.over && c.over && b.result == 0, "all are over");
}

static void test_given_up(void)
{
	struct ring_entry e;
	struct asked a, b, c;

	fill();
	start(&a, FS_UNLINK);
	check(take(&e) == FS_SYNC, "before a change there is a commit");
	start(&b, FS_LOOKUP);
	die(CHAN_GONE);
	run();
	check(a.over && a.result == -5, "who waited for it has an error when the server is given up");
	check(b.over && b.result == -5, "so has who waited for an answer");
	start(&c, FS_LOOKUP);
	check(c.over && c.result == -5, "and who asks later");
}

int main(void)
{
	pthread_mutex_lock(&baton);
	check(link_open("root") != NULL, "a channel");
	check(simple(FS_LOOKUP) == 0, "a question and an answer");
	test_done_before();
	test_drop();
	test_life();
	test_full();
	test_given_up();
	printf("1..%u\n", tests);
	return failures != 0;
}
