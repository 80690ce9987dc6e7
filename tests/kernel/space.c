/* SPDX-License-Identifier: MIT */
/*
 * Address spaces and page-table pages.
 */
#include "ktest.h"

TESTS(ptable_attach);

#define RW (MAP_READ | MAP_WRITE)

/* A worker in a space of its own, with this program mapped into it. */
static struct worker *apart(struct sys_space *sp, u32 prio, u32 cpu, void (*fn)(struct worker *))
{
	struct worker *w = worker_new(prio, cpu, 0, fn);

	EXPECT_OK(sys_space_create_shared(sp, 1 + cpu));
	EXPECT_OK(sys_thread_set_space(&w->t, sp));
	return w;
}

static void read_area(struct worker *w)
{
	w->out[0] = *(volatile u64 *)AREA_A;
	*(volatile u64 *)AREA_A = 5;
	w->count++;
}

TEST(two_spaces, "the same address means different pages in different spaces")
{
	struct sys_space sp;
	struct worker *w = apart(&sp, PRIO_HIGH, 0, read_area);
	frames_h mine = sys_frames(1), its = sys_frames(1);
	grant_h g;

	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(mine), AREA_A, 1, RW, &g));
	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(its), AREA_B, 1, RW, &g));
	EXPECT_OK(sys_map_frames(&sp, ANY(its), AREA_A, 1, RW, &g));
	*(volatile u64 *)AREA_A = 1;
	*(volatile u64 *)AREA_B = 2;
	worker_run(w);
	EXPECT(w->done);
	EXPECT_EQ(w->out[0], 2);
	EXPECT_EQ(*(volatile u64 *)AREA_A, 1);
	EXPECT_EQ(*(volatile u64 *)AREA_B, 5);
}

static void echo(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		w->count++;
		w->m.w[0] += *(volatile u64 *)AREA_A;
		w->m.tag = 1;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
}

static void read_both(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		w->m.w[0] = *(volatile u64 *)AREA_A;
		w->m.w[1] = *(volatile u64 *)(AREA_A + SYS_PAGE);
		w->m.tag = 2;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
}

TEST(call_across, "calls go between threads of different spaces")
{
	struct sys_space sp;
	struct worker *w = apart(&sp, PRIO_HIGH, 0, echo);
	frames_h its = sys_frames(1);
	grant_h g;
	struct msg m = { .tag = 1 };

	EXPECT_OK(frames_clear(its, 0, 1));
	EXPECT_OK(sys_map_frames(&sp, ANY(its), AREA_A, 1, RW, &g));
	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(its), AREA_B, 1, RW, &g));
	*(volatile u64 *)AREA_B = 3;
	w->ep = sys_ep();
	worker_run(w);
	for (u64 i = 1; i <= 50; i++) {
		m.tag = 1;
		EXPECT_OK(ep_call(w->ep, &m, 0));
		EXPECT_EQ(m.w[0], 3 * i);
	}
}

TEST(map_other, "a page replaced or unmapped in another space of this CPU is so there, and its neighbour stays")
{
	struct sys_space sp;
	struct worker *w = apart(&sp, PRIO_HIGH, 0, read_both);
	frames_h f = sys_frames(4);
	grant_h g, mine;
	struct msg m;

	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(f), AREA_B, 4, RW, &mine));
	EXPECT_OK(sys_map_frames(&sp, ANY(f), AREA_A, 4, RW, &g));
	for (u64 i = 0; i < 4; i++)
		*(volatile u64 *)(AREA_B + i * SYS_PAGE) = 10 + i;
	w->ep = sys_ep();
	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, (any_h){ 0 }, 0));
	worker_run(w);
	for (u64 i = 0; i < 50; i++) {
		EXPECT_OK(sys_map(&sp, g, AREA_A, i % 3, 1, RW));
		m.tag = 2;
		EXPECT_OK(ep_call(w->ep, &m, 0));
		EXPECT_EQ(m.w[0], 10 + i % 3);
		EXPECT_EQ(m.w[1], 11);
	}
	EXPECT_OK(sys_unmap(g, AREA_A, 1, 0));
	m.tag = 2;
	EXPECT_ERR(ep_call(w->ep, &m, sys_after(2000)), DONE_TIMEOUT);
	EXPECT(thread_is_stopped(w->t.thread));
}

static void count(struct worker *w)
{
	for (;;)
		w->count++;
}

TEST(space_dies_running, "a space can be destroyed while its thread runs, which is then stopped")
{
	struct sys_space sp;
	struct worker *w = apart(&sp, PRIO_LOW, 0, count);

	worker_run(w);
	WAIT_FOR(w->count > 0);
	sys_space_destroy(&sp);
	EXPECT(thread_is_stopped(w->t.thread));
	EXPECT_ERR(thread_resume(w->t.thread), ERR_STATE);
}

TEST(space_dies_remote, "a space can be destroyed while its thread runs on another CPU")
{
	need_cpus(2);
	for (u32 i = 0; i < 5; i++) {
		struct sys_space sp;
		struct worker *w = apart(&sp, PRIO_LOW, 1, count);

		worker_run(w);
		WAIT_FOR(w->count > 0);
		sys_space_destroy(&sp);
		u64 seen = w->count;
		sleep_us(500);
		EXPECT_EQ(w->count, seen);
		sys_thread_destroy(&w->t);
		w->fn = NULL;
		w->count = 0;
	}
}

TEST(attach_order, "page-table pages are attached from the top, once, where nothing is")
{
	space_h sp = sys_space(0);
	any_h s = ANY(sp);
	ptable_h pt = sys_ptable();
	u64 missing = 0;

	EXPECT_ERR(ptable_attach(pt, s, AREA_A, 1, &missing), ERR_TABLE);
	EXPECT_EQ(missing, 3);
	EXPECT_ERR(ptable_attach(pt, s, AREA_A, 2, &missing), ERR_TABLE);
	EXPECT_EQ(missing, 3);
	EXPECT_OK(ptable_attach(pt, s, AREA_A, 3, &missing));
	EXPECT_ERR(ptable_attach(pt, s, AREA_B, 3, &missing), ERR_STATE);
	EXPECT_ERR(ptable_attach(sys_ptable(), s, AREA_A, 3, &missing), ERR_BUSY);
	EXPECT_ERR(ptable_attach(sys_ptable(), s, AREA_A, 1, &missing), ERR_TABLE);
	EXPECT_EQ(missing, 2);
}

TEST(attach_range, "page-table pages cover user addresses only")
{
	any_h s = ANY(sys_space(0));
	ptable_h pt = sys_ptable();

	EXPECT_ERR(ptable_attach(pt, s, 0x0000800000000000ull, 3, NULL), ERR_RANGE);
	EXPECT_ERR(ptable_attach(pt, s, 0xffff800000000000ull, 3, NULL), ERR_RANGE);
	EXPECT_ERR(ptable_attach(pt, s, ~0ull, 3, NULL), ERR_RANGE);
	EXPECT_OK(ptable_attach(pt, s, 0x7fffffffe000ull, 3, NULL));
}

TEST(table_destroyed, "destroying a page-table page unmaps what was below it")
{
	struct sys_space *sp = &sys_own_space;
	u32 before = sp->tables;
	grant_h g;
	u64 done = 0, level = 0;

	(void)frames_at(AREA_A, 2, &g);
	*(volatile u64 *)AREA_A = 1;
	EXPECT_EQ(sp->tables, before + 3);
	/* The one in the middle. */
	EXPECT_OK(sys_destroy(ANY(sp->table[before + 1])));
	EXPECT_ERR(grant_map(g, AREA_A, 0, 1, RW, &level), ERR_TABLE);
	EXPECT_EQ(level, 2);
	/* The one below it stands alone, and cannot be used again. */
	EXPECT_OK(ptable_attach(sys_ptable(), ANY(sp->space), AREA_A, 2, NULL));
	EXPECT_ERR(ptable_attach(sp->table[before + 2], ANY(sp->space), AREA_A, 1, NULL),
		   ERR_STATE);
	EXPECT_OK(ptable_attach(sys_ptable(), ANY(sp->space), AREA_A, 1, NULL));
	EXPECT_OK(space_harvest(g, AREA_A, 2, &done, &level, NULL));
	EXPECT_EQ(level, 0);
	EXPECT_OK(grant_map(g, AREA_A + SYS_PAGE, 1, 1, RW, &done));
	EXPECT_EQ(*(volatile u64 *)(AREA_A + SYS_PAGE), 0);
}

TEST(table_once, "page-table pages outlive their space, but are attached only once")
{
	space_h a = sys_space(0), b = sys_space(0);
	ptable_h top = sys_ptable(), low = sys_ptable();

	EXPECT_OK(ptable_attach(top, ANY(a), AREA_A, 3, NULL));
	EXPECT_OK(ptable_attach(low, ANY(a), AREA_A, 2, NULL));
	EXPECT_OK(sys_destroy(ANY(a)));
	EXPECT_ERR(ptable_attach(top, ANY(b), AREA_B, 3, NULL), ERR_STATE);
	EXPECT_ERR(ptable_attach(low, ANY(b), AREA_B, 3, NULL), ERR_STATE);
	EXPECT_OK(sys_destroy(ANY(top)));
	EXPECT_ERR(ptable_attach(low, ANY(b), AREA_B, 3, NULL), ERR_STATE);
	EXPECT_OK(sys_destroy(ANY(low)));
}
