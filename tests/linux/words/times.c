/* SPDX-License-Identifier: MIT */
/*
 * Words of calls about time, and of futexes.
 */
#include "probe.h"

#include <sys/time.h>
#include <time.h>

enum { REALTIME_OP = 256, WAIT_BITSET = 9, PRIVATE = 128 };

static long clock_gettime_clock(u64 v)
{
	struct timespec t;

	return CALL(SYS_clock_gettime, v, &t);
}

static long clock_getres_clock(u64 v)
{
	struct timespec t;

	return CALL(SYS_clock_getres, v, &t);
}

/* The time is not there: a clock that could be set says so. */
static long clock_settime_clock(u64 v)
{
	return CALL(SYS_clock_settime, v, 8);
}

static long clock_nanosleep_clock(u64 v)
{
	struct timespec t = { 0, 1 };

	return CALL(SYS_clock_nanosleep, v, 0, &t, NULL);
}

static long clock_nanosleep_abstime(u64 v)
{
	struct timespec t = { 0, 1 };

	return CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, v, &t, NULL);
}

static long timer_create_clock(u64 v)
{
	int timer;

	return CALL(SYS_timer_create, v, NULL, &timer);
}

static long timer_settime_abstime(u64 v)
{
	struct itimerspec t = { { 0, 0 }, { 0, 0 } };
	int timer;

	if (CALL(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer) < 0)
		_exit(1);
	return CALL(SYS_timer_settime, timer, v, &t, NULL);
}

static long timerfd_create_clock(u64 v)
{
	return CALL(SYS_timerfd_create, v, 0);
}

static long timerfd_create_tfd(u64 v)
{
	return CALL(SYS_timerfd_create, CLOCK_MONOTONIC, v);
}

static long timerfd_settime_tfdset(u64 v)
{
	struct itimerspec t = { { 0, 0 }, { 0, 0 } };

	return CALL(SYS_timerfd_settime, CALL(SYS_timerfd_create, CLOCK_REALTIME, 0), v, &t, NULL);
}

static long getitimer_itimer(u64 v)
{
	struct itimerval t;

	return CALL(SYS_getitimer, v, &t);
}

static long setitimer_itimer(u64 v)
{
	struct itimerval t = { { 0, 0 }, { 0, 0 } };

	return CALL(SYS_setitimer, v, &t, NULL);
}

/* Nobody waits: the word is another one already. */
static long futex_futex(u64 v)
{
	struct timespec t = { 0, 1 };
	uint32_t word[2] = { 0, 0 };

	if (v & REALTIME_OP)
		v = (v & ~127ull) | WAIT_BITSET;
	switch (v & 127) {
	case 3: case 4: case 5: case 12: return CALL(SYS_futex, &word[0], v, 1, 1, &word[1], 0);
	default: return CALL(SYS_futex, &word[0], v, 1, &t, &word[1], 1);
	}
}

static long futex_wake_futex2(u64 v)
{
	uint32_t word[2] __attribute__((aligned(8))) = { 0, 0 };

	return CALL(N_FUTEX_WAKE, word, 1, 1, v);
}

static long futex_wait_futex2(u64 v)
{
	uint32_t word[2] __attribute__((aligned(8))) = { 0, 0 };

	return CALL(N_FUTEX_WAIT, word, 1, 1, v, NULL, CLOCK_MONOTONIC);
}

static long waitv(u64 each, u64 all)
{
	uint32_t word[2] __attribute__((aligned(8))) = { 0, 0 };
	struct {
		u64 value, address;
		uint32_t flags, reserved;
	} one = { 1, (uintptr_t)word, (uint32_t)each, 0 };

	return CALL(N_FUTEX_WAITV, &one, 1, all, NULL, CLOCK_MONOTONIC);
}

static long futex_waitv_futex2(u64 v)
{
	return waitv(v, 0);
}

static long futex_waitv_nothing(u64 v)
{
	return waitv(2 | PRIVATE, v);
}

static long timer_create_sigev(u64 v)
{
	struct {
		u64 value;
		int signo;
		uint32_t notify, tid, pad[11];
	} e = { 0, 10, (uint32_t)v, (uint32_t)getpid(), { 0 } };
	int timer;

	return CALL(SYS_timer_create, CLOCK_MONOTONIC, &e, &timer);
}

static long futex_wait_clock(u64 v)
{
	struct timespec t = { 0, 1 };
	uint32_t word = 0;

	return CALL(N_FUTEX_WAIT, &word, 1, 1, 2 | PRIVATE, &t, v);
}

static long futex_waitv_clock(u64 v)
{
	struct timespec t = { 0, 1 };
	uint32_t word = 0;
	struct {
		u64 value, address;
		uint32_t flags, reserved;
	} one = { 1, (uintptr_t)&word, 2 | PRIVATE, 0 };

	return CALL(N_FUTEX_WAITV, &one, 1, 0, &t, v);
}

const struct site time_sites[] = {
	SITE(clock_gettime, clock), SITE(clock_getres, clock), SITE(clock_settime, clock), SITE(clock_nanosleep, clock),
	SITE(clock_nanosleep, abstime), SITE(timer_create, clock), SITE(timer_settime, abstime), SITE(timerfd_create, clock),
	SITE(timerfd_create, tfd), SITE(timerfd_settime, tfdset), SITE(getitimer, itimer), SITE(setitimer, itimer),
	SITE(futex, futex), SITE(futex_wake, futex2), SITE(futex_wait, futex2), SITE(futex_waitv, futex2), SITE(futex_waitv, nothing),
	SITE(timer_create, sigev), SITE(futex_wait, clock), SITE(futex_waitv, clock),
	{ NULL, NULL, NULL },
};
