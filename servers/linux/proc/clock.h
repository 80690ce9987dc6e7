/* SPDX-License-Identifier: MIT */
/*
 * The clocks that programs name.
 */
#pragma once
#include "task.h"

enum {
	CLOCK_REALTIME = 0,
	CLOCK_MONOTONIC = 1,
	CLOCK_PROCESS_CPUTIME = 2,
	CLOCK_THREAD_CPUTIME = 3,
	CLOCK_MONOTONIC_RAW = 4,
	CLOCK_REALTIME_COARSE = 5,
	CLOCK_MONOTONIC_COARSE = 6,
	CLOCK_BOOTTIME = 7,
	CLOCK_REALTIME_ALARM = 8,
	CLOCK_BOOTTIME_ALARM = 9,
	CLOCK_TAI = 11,
};

/* Its time for the task; -EINVAL: no such clock. */
s64 clock_now(struct task *t, u64 id, u64 *ns);
/* As a deadline for fiber_sleep; -EINVAL: not a clock of real time. */
s64 clock_deadline(u64 id, bool absolute, u64 ns, u64 *deadline);
bool clock_is_real(u64 id);
