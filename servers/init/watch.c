/* SPDX-License-Identifier: MIT */
/*
 * Supervision: starting in order, ends of lives and what follows them, signs of life.
 *
 * Owns:       the components' states.
 */
#include "init.h"

#define MINUTE (60 * sys_info->clock_hz)

enum {
	ACCUSATIONS = 16,
	READY_MS = 20000,
	SHORT_MS = 100, /* a life that ends sooner is a short one */
	PAUSE_MS = 10,  /* after the second short life, then twice as long each time */
	DOUBLINGS = 16,
	CALLS = 2000, /* of a component within CALLS_MS */
	CALLS_MS = 100,
	LATE_MS = 20, /* what init is late at most while the machine runs */
};

static u64 ready_ms = READY_MS;

static u64 lives;                /* that ended */
static struct component *victim; /* boot command line: init.end=NAME:MS[:TIMES] */
static u64 victim_ticks, victim_next, victim_lives;

bool running(const struct component *c)
{
	return c->state == STARTED || c->state == READY;
}

/* Is everybody ready whom it asks for something? */
static bool can_start(const struct component *c)
{
	for (u32 i = 0; i < bundle_count(BUNDLE_CHANNELS); i++) {
		if (channels[i].component[COMP_CLIENT] == c->number &&
		    component[channels[i].component[COMP_SERVER]].state < READY)
			return false;
	}
	for (u32 i = 0; i < bundle_count(BUNDLE_ENDPOINT_USES); i++) {
		const struct bundle_endpoint_use *u = &endpoint_uses[i];

		if (u->component == c->number && u->side == COMP_CLIENT &&
		    component[endpoints[u->endpoint].owner].state < READY)
			return false;
	}
	for (u32 i = 0; i < components && (c->b->flags & BUNDLE_DRIVER); i++) {
		if ((component[i].b->flags & BUNDLE_PLATFORM) && component[i].state != READY &&
		    component[i].state != ENDED)
			return false;
	}
	return true;
}

static void all_ended(void)
{
	bool failed = false;

	for (u32 i = 0; i < components; i++) {
		if (component[i].state != ENDED)
			return;
		failed |= component[i].last_failed;
	}
	text_line("nothing runs any more");
	power_end(0, failed);
}

static void end_for_good(struct component *c, bool failure)
{
	c->state = ENDED;
	channel_end(c);
	if (c->b->flags & BUNDLE_MAIN) {
		text_line("the system ends with %s", c->b->name);
		power_end(0, failure);
	}
	all_ended();
}

/* A start; one that fails counts as a life. */
static void start(struct component *c)
{
	c->state = STARTED;
	c->began = sys_clock();
	if (component_build(c))
		component_start(c);
	if (c->broken)
		watch_end(c, true);
	else
		channel_greet(c);
}

/* Counts within a minute. */
static u32 count(u64 *window, u32 *recent)
{
	u64 now = sys_clock();

	if (*recent == 0 || now - *window > MINUTE) {
		*window = now;
		*recent = 0;
	}
	return ++*recent;
}

bool watch_accusation(struct component *c)
{
	return count(&c->accusing, &c->accusations) > ACCUSATIONS;
}

static u64 earlier(u64 a, u64 b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* May it be started once more? */
static bool policy(struct component *c, bool failure)
{
	if (c->refused || c->b->restart == BUNDLE_NEVER ||
	    (c->b->restart == BUNDLE_ON_FAILURE && !failure))
		return false;
	if (count(&c->window, &c->recent) <= c->b->limit)
		return true;
	text_line("%s was restarted %u times within a minute: it is given up", c->b->name,
		  c->b->limit);
	return false;
}

/* Whoever dies as soon as it is born would keep init busy. */
static void plan(struct component *c)
{
	u32 doublings;

	if (c->began == 0 || sys_clock() - c->began > sys_ticks(1000 * SHORT_MS))
		c->short_lives = 0;
	else
		c->short_lives++;
	doublings = c->short_lives < DOUBLINGS ? c->short_lives : DOUBLINGS;
	c->pause_ms = doublings < 2 ? 0 : (u32)PAUSE_MS << (doublings - 2);
	if (c->pause_ms > c->b->pause_ms)
		c->pause_ms = c->b->pause_ms;
	c->resume = sys_after(1000ull * c->pause_ms);
}

void watch_end(struct component *c, bool failure)
{
	if (!running(c))
		return;
	text_flush(c);
	c->state = BETWEEN;
	c->last_failed = failure;
	lives++;
	if (c->b->flags & BUNDLE_DRIVER)
		device_quiesce(c);
	component_destroy(c);
	if (c->b->flags & BUNDLE_PLATFORM)
		device_lost();
	if (!policy(c, failure)) {
		end_for_good(c, failure);
		return;
	}
	c->restarts++;
	plan(c);
	channel_end(c);
}

static u64 usage(struct msg *m)
{
	m->w[1] = lives;
	m->w[2] = sys_pages_left();
	m->w[3] = sys_slots_used();
	m->w[4] = memory_left();
	return SUP_OK;
}

/* Whole pieces and ends of lines have a bound of their own; other messages count like all calls. */
static u64 write_text(struct component *c, const struct msg *m)
{
	if (!(c->b->flags & BUNDLE_CONSOLE))
		return SUP_REFUSED;
	if (!text_write(c, m))
		return SUP_LATER;
	if (text_is_whole(m))
		c->calls--;
	return SUP_OK;
}

static void supervised_call(struct component *c, struct msg *m, bool *answer)
{
	u64 call = m->tag >> TAG_LABEL_SHIFT, first = m->w[0];
	u64 second = m->w[1];

	u64 written = call == SUP_WRITE ? write_text(c, m) : SUP_OK;

	m->w[0] = SUP_OK;
	switch (call) {
	case SUP_READY:
		if (c->state == STARTED)
			c->state = READY;
		break;
	case SUP_ALIVE: break;
	case SUP_EXIT:
		*answer = false;
		text_line("%s ended with status %lu", c->b->name, first);
		watch_end(c, first != 0);
		break;
	case SUP_BROKEN: m->w[0] = channel_broken(c, first); break;
	case SUP_RESET_ASKED: m->w[0] = channel_asked(c, first); break;
	case SUP_RESET_DONE: m->w[0] = channel_agree(c, first); break;
	case SUP_POWER:
		if (c->b->flags & BUNDLE_POWER)
			power_end(first, second);
		m->w[0] = SUP_REFUSED;
		break;
	case SUP_USAGE: m->w[0] = c->b->flags & BUNDLE_POWER ? usage(m) : SUP_REFUSED; break;
	case SUP_WRITE: m->w[0] = written; break;
	default: m->w[0] = SUP_BAD; break;
	}
	m->tag = 5;
}

/* init runs before everybody: it must not be kept busy. */
static bool calls_without_end(struct component *c)
{
	if (c->last_sign - c->calls_since > sys_ticks(1000 * CALLS_MS)) {
		c->calls_since = c->last_sign;
		c->calls = 0;
	}
	return ++c->calls > CALLS;
}

void watch_message(struct component *c, struct msg *m, bool *answer)
{
	*answer = running(c);
	if (!running(c))
		return;
	c->last_sign = sys_clock();
	if (calls_without_end(c)) {
		*answer = false;
		text_line("%s calls init without end", c->b->name);
		watch_end(c, true);
		return;
	}
	if (m->tag >> TAG_LABEL_SHIFT >= SUP_READY) {
		supervised_call(c, m, answer);
		return;
	}
	*answer = false;
	text_flush(c);
	text_fault(c, m);
	watch_end(c, true);
}

/*
 * Nobody runs before init: if it wakes long after it was to, the machine stood still (an emulator
 * that was stopped, say), which is nobody's silence: all have their time from now on.
 */
void watch_woken(u64 planned)
{
	u64 now = sys_clock();

	if (planned == 0 || now < planned + sys_ticks(1000 * LATE_MS))
		return;
	for (u32 i = 0; i < components; i++)
		component[i].last_sign = now;
}

/* Twice its time without a sign. @return when to look next */
static u64 heartbeat(struct component *c, u64 now)
{
	u64 limit = c->last_sign + sys_ticks(2000ull * c->b->heartbeat_ms);

	if (c->b->heartbeat_ms == 0 || !running(c))
		return 0;
	if (now < limit)
		return limit;
	text_flush(c);
	text_line("%s hangs: no sign of life for %lu ms", c->b->name,
		  (now - c->last_sign) / (sys_info->clock_hz / 1000));
	watch_end(c, true);
	return 0;
}

/*
 * Words for tests: a component whose lives are ended every so many milliseconds; when to say
 * who is not ready.
 */
void watch_open(void)
{
	const char *at = sys_option("init.end=");

	ready_ms = sys_option_number("init.ready=", ready_ms);

	for (u32 i = 0; at != NULL && i < components; i++) {
		size_t n = strlen(component[i].b->name);

		if (memcmp(at, component[i].b->name, n) != 0 || at[n] != ':' || at[n + 1] < '0' ||
		    at[n + 1] > '9')
			continue;
		victim = &component[i];
		victim_ticks = sys_ticks(1000 * (text_number(at + n + 1) + 1));
		for (n++; at[n] >= '0' && at[n] <= '9'; n++)
			;
		victim_lives = at[n] == ':' ? text_number(at + n + 1) : ~0ull;
	}
	if (at != NULL && victim == NULL)
		text_line("init.end= must be followed by NAME:MS or NAME:MS:TIMES of a component");
}

static u64 end_victim(void)
{
	if (victim == NULL || victim->state != READY || victim_lives == 0)
		victim_next = 0;
	else if (victim_next == 0)
		victim_next = sys_clock() + victim_ticks;
	else if (sys_clock() >= victim_next) {
		victim_next = 0;
		victim_lives--;
		victim->began = 0;
		text_line("%s is ended, as the command line asks", victim->b->name);
		watch_end(victim, true);
	}
	return victim_next;
}

/* A platform server that does not answer is ended like any other that hangs. */
static void check_platform(void)
{
	for (u32 i = 0; i < components && device_trouble(); i++) {
		if (!(component[i].b->flags & BUNDLE_PLATFORM))
			continue;
		text_line("%s did not answer in time", component[i].b->name);
		watch_end(&component[i], true);
	}
}

static const char *condition(const struct component *c)
{
	if (c->state == WAITING)
		return "waits for others";
	return c->state == STARTED ? "is not ready" : NULL;
}

/* Says once when everybody that is to run does; or, after a while, who does not. */
static u64 all_ready(u64 now)
{
	static bool told, complained;
	u64 limit = sys_ticks(1000 * ready_ms);
	bool all = true;

	for (u32 i = 0; i < components; i++)
		all = all && condition(&component[i]) == NULL;
	if (all && !told)
		text_line("all are ready, %lu ms after the kernel began",
			  now / (sys_info->clock_hz / 1000));
	told = told || all;
	if (told || complained || now < limit)
		return told || complained ? 0 : limit;
	complained = true;
	for (u32 i = 0; i < components; i++) {
		if (condition(&component[i]) != NULL)
			text_line("%s %s", component[i].b->name, condition(&component[i]));
	}
	return 0;
}

static void tell_restart(const struct component *c)
{
	if (c->pause_ms == 0)
		text_line("%s is started again (%u)", c->b->name, c->restarts);
	else
		text_line("%s is started again (%u), after a pause of %u ms", c->b->name,
			  c->restarts, c->pause_ms);
}

u64 watch_turn(void)
{
	u64 next = end_victim();

	check_platform();
	device_look();
	next = earlier(next, all_ready(sys_clock()));
	next = earlier(next, channel_turn(sys_clock()));
	for (u32 i = 0; i < components; i++)
		next = earlier(next, heartbeat(&component[i], sys_clock()));
	for (u32 i = 0; i < components; i++) {
		struct component *c = &component[i];

		if ((c->state != BETWEEN && c->state != WAITING) || !can_start(c))
			continue;
		if (c->state == BETWEEN && sys_clock() < c->resume) {
			next = earlier(next, c->resume);
			continue;
		}
		if (c->state == BETWEEN)
			tell_restart(c);
		start(c);
		next = sys_clock();
	}
	return next;
}
