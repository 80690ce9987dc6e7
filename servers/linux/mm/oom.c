/* SPDX-License-Identifier: MIT */
/*
 * When no page is left: the process that holds most ends, not the one that asks.
 *
 * Owns:       mm_list.
 * Called by:  fault.c.
 */
#include "../core/event.h"
#include "internal.h"

enum { WAIT_NS = 10000000, WAITS = 100 };

struct list mm_list = { &mm_list, &mm_list };

static bool uses(const struct process *p, const struct mm *mm)
{
	list_for(at, &p->tasks) {
		if (container_of(at, struct task, peer)->mm == mm)
			return true;
	}
	return false;
}

/* Pages of all kinds that a process costs: areas are small, but there may be many. */
static u64 weight(const struct mm *mm, const struct fdtable *files)
{
	u64 n = mm->resident + mm->areas / 32 + mm->space->table_count;

	/* What was mapped and written to is there even where it is not mapped any more. */
	for (u32 i = 0; i < mm->areas; i++) {
		if ((mm->area[i]->flags & AREA_SHARED) && mm->area[i]->file != NULL)
			n += inode_nameless_pages(mm->area[i]->file->inode);
	}
	return files == NULL ? n : n + fdtable_pages(files);
}

struct largest {
	const struct mm *spared;
	struct mm *mm;
	u64 weight;
};

static bool weigh(struct process *p, void *arg)
{
	struct largest *most = arg;
	const struct task *t = p->state == PROCESS_LIVE ? process_task(p) : NULL;

	if (t == NULL || t->mm == NULL || t->mm == most->spared)
		return true;
	const u64 n = weight(t->mm, t->files);

	if (most->mm == NULL || n > most->weight) {
		most->mm = t->mm;
		most->weight = n;
	}
	return true;
}

/* The first process is not ended. */
static struct mm *largest(void)
{
	struct process *first = process_find(1);
	const struct task *t = first == NULL ? NULL : process_task(first);
	struct largest most = { .spared = t == NULL ? NULL : t->mm };

	process_each(weigh, &most);
	return most.mm;
}

static bool end_user(struct process *p, void *arg)
{
	struct mm *mm = arg;

	if (p->pid == 1 || p->state != PROCESS_LIVE || !uses(p, mm))
		return true;
	log_line("out of memory: ends process %u (%s) with %lu pages", p->pid, p->comm,
		 mm->resident);
	mm->killed = true;
	(void)signal_process(p, SIGKILL, NULL);
	return true;
}

bool memory_make(struct mm *mm)
{
	struct mm *most = largest();
	const u64 before = pages_free();

	if (most == NULL || most == mm || current() == NULL)
		return false;
	if (!most->killed)
		process_each(end_user, most);
	if (!most->killed)
		return false;
	for (unsigned i = 0; i < WAITS && pages_free() <= before; i++)
		(void)fiber_sleep(now_mono() + WAIT_NS, SLEEP_FOREVER);
	return pages_free() > before;
}
