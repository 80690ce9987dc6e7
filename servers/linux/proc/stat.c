/* SPDX-License-Identifier: MIT */
/*
 * What /proc tells about tasks.
 */
#include "internal.h"
#include "leave.h"

enum { SAMPLE_SECONDS = 5, FIXED = 65536 };

/* exp(-5/60), exp(-5/300), exp(-5/900), times 65536. */
static const u64 decay[3] = { 60295, 64453, 65173 };
static u64 average[3];
static u64 sampled; /* up to this second */
static u64 ended_ticks;

char task_state(const struct task *t)
{
	if (t->ended)
		return 'Z';
	if (t->work & WORK_STOP)
		return 'T';
	return t->fiber == NULL || t->fiber == current_fiber() ? 'R' : 'S';
}

static u32 running_now(void)
{
	u32 n = 0;

	for (u32 c = 0; c < env.cpus; c++)
		n += cpu_running[c];
	return n;
}

/* What ran now is taken for what ran since the last look: there is no clock tick. */
void load_averages(u64 out[3], u32 *running, u32 *tasks)
{
	u64 now = now_mono() / NS_PER_SEC;
	u32 n = running_now() + 1;

	for (; sampled + SAMPLE_SECONDS <= now && now - sampled < 3600; sampled += SAMPLE_SECONDS) {
		for (u32 i = 0; i < 3; i++)
			average[i] = (average[i] * decay[i] + (u64)(n - 1) * FIXED * (FIXED - decay[i])) /
				     FIXED;
	}
	if (now - sampled >= 3600)
		sampled = now;
	for (u32 i = 0; i < 3; i++)
		out[i] = average[i];
	*running = n;
	*tasks = task_count();
}

void busy_ended(u64 ticks)
{
	ended_ticks += ticks;
}

static bool add_process(struct process *p, void *arg)
{
	u64 user, system;

	if (p->state == PROCESS_LIVE || p->state == PROCESS_ZOMBIE) {
		process_times(p, &user, &system);
		*(u64 *)arg += user + system;
	}
	return true;
}

u64 busy_ns(void)
{
	u64 sum = ticks_to_ns(ended_ticks);

	process_each(add_process, &sum);
	return sum;
}
