/* SPDX-License-Identifier: MIT */
/*
 * Calls that there are not: each is told once for each program by name.
 *
 * Owns:       what was told; when that is full, nothing more is.
 * Called by:  the dispatcher.
 */
#include "event.h"
#include "linux/calls.h"
#include "linux/names.h"
#include "../proc/task.h"
#include "../tty/host.h"

enum { MOST = 256, LINE = 96 };

static struct {
	u64 nr;
	char comm[COMM];
} told[MOST];
static u32 told_count;

static bool is_told(const struct task *t, u64 nr)
{
	for (u32 i = 0; i < told_count; i++) {
		if (told[i].nr == nr && memcmp(told[i].comm, t->comm, COMM) == 0)
			return true;
	}
	return told_count == MOST;
}

int64_t lx_missing(struct task *t, uint64_t nr)
{
	char line[LINE];
	u32 n;

	if (!env.framed || is_told(t, nr))
		return -ENOSYS;
	told[told_count].nr = nr;
	memcpy(told[told_count++].comm, t->comm, COMM);
	n = sys_format(line, LINE, "%s: call %lu (%s) is not there: ENOSYS", t->comm, nr,
		       nr < LX_CALLS && lx_calls[nr].name != NULL ? lx_calls[nr].name : "unknown");
	host_send('n', line, n);
	return -ENOSYS;
}
