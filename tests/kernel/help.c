/* SPDX-License-Identifier: MIT */
/*
 * What tests need again and again: workers, frames, slots.
 */
#include "ktest.h"

struct worker workers[WORKERS_MAX];

static void worker_main(void *arg)
{
	struct worker *w = arg;

	w->fn(w);
	w->done = 1;
}

struct worker *worker_new(u32 prio, u32 cpu, u64 flags, void (*fn)(struct worker *))
{
	struct worker *w = workers;
	u32 i = 0;

	while (i < WORKERS_MAX && workers[i].fn != NULL)
		i++;
	EXPECT(i < WORKERS_MAX);
	w = &workers[i];
	memset(w, 0, sizeof *w);
	w->fn = fn;
	EXPECT_OK(sys_thread_create(&w->t, flags, prio, cpu));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, ANY(super_ep), 100 + i));
	return w;
}

void worker_run(struct worker *w)
{
	EXPECT_OK(sys_thread_run(&w->t, worker_main, w));
}

struct worker *worker(u32 prio, u32 cpu, void (*fn)(struct worker *))
{
	struct worker *w = worker_new(prio, cpu, 0, fn);

	worker_run(w);
	return w;
}

struct worker *worker_at(u32 prio, u32 cpu, void (*fn)(struct worker *), ep_h ep)
{
	struct worker *w = worker_new(prio, cpu, 0, fn);

	w->ep = ep;
	worker_run(w);
	return w;
}

void worker_faults_to(struct worker *w, ep_h ep, u64 badge)
{
	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, ANY(ep), badge));
}

bool thread_is_stopped(thread_h t)
{
	u64 stopped = 0;

	return err_is_ok(thread_get_regs(t, REGS_GENERAL, NULL, &stopped)) && stopped == 1;
}

volatile struct regs_general *fault_regs(thread_h t)
{
	const u64 words = sizeof(struct regs_general) / 8;

	if (!err_is_ok(thread_get_regs(t, REGS_GENERAL, NULL, NULL)))
		return NULL;
	for (u64 i = words; i > 0; i--)
		runner.msg[8 + i - 1] = runner.msg[i - 1];
	return (volatile struct regs_general *)&runner.msg[8];
}

void need_cpus(u32 n)
{
	if (sys_info->cpus < n)
		test_skip("not enough CPUs");
}

void sleep_us(u64 microseconds)
{
	(void)notif_wait(nowhere, sys_after(microseconds), NULL);
}

void settle(void)
{
	sleep_us(30000);
}

slot_t new_slot(void)
{
	u32 slot = sys_slot();

	EXPECT(slot != 0);
	return SLOT_OWN(slot);
}

bool slot_is_empty(u32 slot)
{
	return err_is(cap_info((any_h){ slot }, NULL, NULL, NULL), ERR_CAP);
}

u32 cap_type(u32 handle)
{
	u64 kind = 0;

	EXPECT_OK(cap_info((any_h){ handle }, &kind, NULL, NULL));
	return (u32)(kind & 0xff);
}

u64 cap_rights(u32 handle)
{
	u64 kind = 0;

	EXPECT_OK(cap_info((any_h){ handle }, &kind, NULL, NULL));
	return kind >> 32;
}

frames_h frames_at(u64 vaddr, u32 pages, grant_h *grant)
{
	frames_h f = sys_frames(pages);

	for (u32 at = 0; at < pages; at += 64)
		EXPECT_OK(frames_clear(f, at, pages - at < 64 ? pages - at : 64));
	EXPECT_OK(
		sys_map_frames(&sys_own_space, ANY(f), vaddr, pages, MAP_READ | MAP_WRITE, grant));
	return f;
}
