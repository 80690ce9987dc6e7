/* SPDX-License-Identifier: MIT */
/*
 * The ways into the server and back to the program.
 */
#pragma once
#include "task.h"

struct task *task_by_badge(u64 badge);
/* User tasks by CPU that run now. */
extern u32 cpu_running[CPUS_MAX];
enum { SERVER_CPU = 0 };
/* Two tasks want one CPU: soon one may be moved. */
void cpu_is_shared(void);
/* A call came from another CPU than the server's: who calls often had better run there. */
void cpu_called_from_afar(struct task *t, u64 now);

/* Its call or fault was received; it was let go on. */
static inline void task_entered(struct task *t)
{
	u64 now = now_ticks();

	/* One that goes before the others had the CPU for itself. */
	t->user_ticks += cpu_running[t->cpu] > 1 && !task_is_realtime(t)
				 ? (now - t->left) / cpu_running[t->cpu]
				 : now - t->left;
	cpu_running[t->cpu]--;
	t->entered = now;
	t->regs_known = false;
	if (t->cpu != SERVER_CPU)
		cpu_called_from_afar(t, now);
}

static inline void task_left(struct task *t)
{
	u64 now = now_ticks();

	t->fiber = NULL;
	t->system_ticks += now - t->entered;
	t->left = now;
	if (++cpu_running[t->cpu] > 1)
		cpu_is_shared();
}

/* Taken from its CPU, or put on one, in user mode. */
static inline void task_leaves_cpu(struct task *t)
{
	cpu_running[t->cpu]--;
}
static inline void task_enters_cpu(struct task *t)
{
	cpu_running[t->cpu]++;
}

/* End of a call that has more to do than answering. */
void task_leave_call(struct task *t, s64 result);
/* Faults: error code (vector from bit 32 on), address. */
void task_page_fault(struct task *t, u64 code, u64 addr);
void task_exception(struct task *t, u64 code, u64 ip);
