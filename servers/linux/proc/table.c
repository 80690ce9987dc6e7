/* SPDX-License-Identifier: MIT */
/*
 * Numbers of tasks, processes, groups and sessions, and who has them.
 *
 * Owns:       the table of numbers, in pieces; the list of all processes.
 */
#include "internal.h"

enum { PIECE = 256, RESERVED = 300 };

struct number {
	struct task *task;
	struct process *process;
	u32 users; /* groups and sessions */
};

static struct number *piece[PID_MAX / PIECE];
static u32 last, processes;
static struct list all;

void tasks_start(void)
{
	list_init(&all);
	futexes_start();
	tasks_limit();
}

static struct number *find(u32 pid)
{
	if (pid >= PID_MAX || piece[pid / PIECE] == NULL)
		return NULL;
	return &piece[pid / PIECE][pid % PIECE];
}

u32 pid_new(void)
{
	for (u32 i = 0; i < PID_MAX; i++) {
		last = last + 1 < PID_MAX ? last + 1 : RESERVED;
		if (piece[last / PIECE] == NULL)
			piece[last / PIECE] = kalloc(PIECE * sizeof(struct number));
		struct number *n = find(last);
		if (n == NULL)
			return 0;
		if (n->task == NULL && n->process == NULL && n->users == 0)
			return last;
	}
	return 0;
}

u32 last_pid(void)
{
	return last;
}

void pid_set_task(u32 pid, struct task *t)
{
	find(pid)->task = t;
}

void pid_set_process(u32 pid, struct process *p)
{
	find(pid)->process = p;
}

void pid_use(u32 pid)
{
	if (find(pid) != NULL)
		find(pid)->users++;
}

void pid_unuse(u32 pid)
{
	if (find(pid) != NULL)
		find(pid)->users--;
}

struct task *task_find(u32 tid)
{
	struct number *n = find(tid);

	return n == NULL ? NULL : n->task;
}

struct process *process_find(u32 pid)
{
	struct number *n = find(pid);

	return n == NULL ? NULL : n->process;
}

void process_list_add(struct process *p)
{
	list_add(&all, &p->all);
	processes++;
}

void process_list_del(struct process *p)
{
	list_del(&p->all);
	processes--;
}

u32 process_count(void)
{
	return processes;
}

void process_each(bool (*f)(struct process *p, void *arg), void *arg)
{
	list_for_safe(l, &all) {
		if (!f(container_of(l, struct process, all), arg))
			return;
	}
}

bool group_exists(u32 pgid, u32 sid)
{
	struct number *n = find(pgid);

	if (n == NULL || n->users == 0)
		return false;
	list_for(l, &all) {
		struct process *p = container_of(l, struct process, all);

		if (p->pgid == pgid && (sid == 0 || p->sid == sid))
			return true;
	}
	return false;
}
