/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs at once: messages, mappings that change under use, revocation
 * against hostile programs.
 */
#include "ktest.h"

TESTS(ep_call, grant_map, cap_revoke);

/*
 * An emulator with more CPUs than its host is slow when CPUs wait for each
 * other: loops end after so many rounds, or when this time is over.
 */
enum { ROUNDS = 300, MILLISECONDS = 1500 };
static u64 over;

static void start_time(void)
{
	over = sys_after(MILLISECONDS * 1000);
}

static bool in_time(void)
{
	return sys_clock() < over;
}

static u32 cpus(void)
{
	return sys_info->cpus < 4 ? sys_info->cpus : 4;
}

static void serve(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		w->m.w[0] = w->m.w[0] * 3 + w->m.badge;
		w->m.tag = 1;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
	w->result = e;
}

static void call_many(struct worker *w)
{
	for (u64 i = 0; i < w->b && (i < 3 || in_time()); i++) {
		struct msg m = { .w = { i }, .tag = 1 };
		err_t e = ep_call(w->ep, &m, 0);

		if (!err_is_ok(e) || m.w[0] != i * 3 + w->a) {
			w->out[0]++;
			w->out[1] = e.v;
			w->out[2] = m.w[0];
		}
		w->count++;
	}
}

static struct worker *many_caller(u32 cpu, ep_h ep, u64 badge, u64 rounds)
{
	struct worker *w = worker_new(PRIO_RUN, cpu, 0, call_many);

	w->ep = (ep_h){ sys_derive(ANY(ep), RIGHT_EP_CALL, badge) };
	w->a = badge;
	w->b = rounds;
	worker_run(w);
	return w;
}

TEST(cross_call, "a call to another CPU is answered")
{
	need_cpus(2);
	ep_h ep = sys_ep();
	struct msg m = { .w = { 5 }, .tag = 1 };

	(void)worker_at(PRIO_HIGH, 1, serve, ep);
	for (u32 i = 0; i < 50; i++) {
		m.w[0] = i;
		m.tag = 1;
		EXPECT_OK(ep_call(ep, &m, 0));
		EXPECT_EQ(m.w[0], i * 3);
	}
}

TEST_FOR(cross_many, 30, "callers on all CPUs are served by one server, each with its own answers")
{
	need_cpus(2);
	ep_h ep = sys_ep();
	struct worker *w[8];

	start_time();
	(void)worker_at(PRIO_HIGH, 0, serve, ep);
	for (u32 i = 0; i < 2 * cpus(); i++)
		w[i] = many_caller(i % cpus(), ep, 1 + i, ROUNDS);
	for (u32 i = 0; i < 2 * cpus(); i++) {
		WAIT_FOR(w[i]->done);
		EXPECT_EQ(w[i]->out[0], 0);
	}
}

TEST_FOR(cross_servers, 30, "a server on each CPU answers callers of each CPU through one endpoint")
{
	need_cpus(2);
	ep_h ep = sys_ep();
	struct worker *w[8];

	start_time();
	for (u32 c = 0; c < cpus(); c++)
		(void)worker_at(PRIO_HIGH, c, serve, ep);
	for (u32 i = 0; i < 2 * cpus(); i++)
		w[i] = many_caller(i % cpus(), ep, 1 + i, ROUNDS);
	for (u32 i = 0; i < 2 * cpus(); i++) {
		WAIT_FOR(w[i]->done);
		EXPECT_EQ(w[i]->out[0], 0);
	}
}

static void count(struct worker *w)
{
	for (;;)
		w->count++;
}

TEST_FOR(stop_remote, 30, "a thread on another CPU is stopped when the call returns")
{
	need_cpus(2);
	struct worker *w = worker(PRIO_LOW, 1, count);

	start_time();
	for (u32 i = 0; i < 20 && in_time(); i++) {
		u64 seen = w->count;

		while (w->count == seen)
			__asm__ volatile("pause");
		EXPECT_OK(thread_stop(w->t.thread));
		seen = w->count;
		for (u32 k = 0; k < 1000; k++)
			__asm__ volatile("pause");
		EXPECT_EQ(w->count, seen);
		EXPECT_OK(thread_resume(w->t.thread));
	}
}

static void call_null(struct worker *w)
{
	for (;;) {
		err_t e = cap_info((any_h){ HANDLE_SYSTEM }, NULL, NULL, NULL);

		w->out[0] |= e.v;
		w->count++;
	}
}

TEST_FOR(stop_in_call, 10,
	 "a thread that is stopped on its way into a call makes the call when it is resumed")
{
	need_cpus(2);
	struct worker *w = worker(PRIO_LOW, 1, call_null);

	start_time();
	for (u32 i = 0; i < 30 && in_time(); i++) {
		u64 seen = w->count;

		EXPECT_OK(thread_stop(w->t.thread));
		EXPECT_OK(thread_resume(w->t.thread));
		while (w->count < seen + 2)
			__asm__ volatile("pause");
	}
	EXPECT_EQ(w->out[0], 0);
}

TEST_FOR(destroy_remote, 30, "threads that run on another CPU can be destroyed")
{
	need_cpus(2);
	start_time();
	for (u32 i = 0; i < 20 && in_time(); i++) {
		struct worker *w = worker(PRIO_LOW, 1, i % 2 ? count : call_null);

		while (w->count == 0)
			__asm__ volatile("pause");
		sys_thread_destroy(&w->t);
		u64 seen = w->count;
		sleep_us(200);
		EXPECT_EQ(w->count, seen);
		memset(w, 0, sizeof *w);
	}
}

/* --- mappings --------------------------------------------------------------------- */

static volatile u64 epoch;

/* Whoever saw `epoch` must see the page that was mapped before epoch was raised. */
static void watch_page(struct worker *w)
{
	for (;;) {
		u64 least = epoch;
		u64 seen = *(volatile u64 *)AREA_A;

		if (seen < least) {
			w->out[0]++;
			w->out[1] = seen;
			w->out[2] = least;
		}
		w->count++;
	}
}

TEST_FOR(shootdown, 30, "no CPU uses a replaced entry once the call that replaced it has returned")
{
	need_cpus(2);
	frames_h f = sys_frames(2);
	grant_h g, h;
	struct worker *w[4];

	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(f), AREA_A, 2, MAP_READ, &g));
	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(f), AREA_B, 2, MAP_READ | MAP_WRITE, &h));
	*(volatile u64 *)AREA_B = 0;
	epoch = 0;
	for (u32 c = 1; c < cpus(); c++)
		w[c] = worker(PRIO_LOW, c, watch_page);
	for (u32 c = 1; c < cpus(); c++)
		WAIT_FOR(w[c]->count > 10);
	start_time();
	for (u64 n = 1; n <= 2000 && in_time(); n++) {
		*(volatile u64 *)(AREA_B + (n % 2) * SYS_PAGE) = n;
		EXPECT_OK(sys_map(&sys_own_space, g, AREA_A, n % 2, 1, MAP_READ));
		epoch = n;
	}
	for (u32 c = 1; c < cpus(); c++) {
		u64 seen = w[c]->count;

		WAIT_FOR(w[c]->count > seen);
		EXPECT_EQ(w[c]->out[0], 0);
	}
}

/* Write until it faults; the page must not change after the unmapping call. */
static void scribble(struct worker *w)
{
	for (;;)
		*(volatile u64 *)AREA_A = ++w->count;
}

TEST_FOR(unmap_under_use, 30, "a page that was unmapped is not written to by any CPU afterwards")
{
	need_cpus(2);
	frames_h f = sys_frames(1);
	grant_h h;

	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(f), AREA_B, 1, MAP_READ, &h));
	start_time();
	for (u32 i = 0; i < 30 && in_time(); i++) {
		grant_h g;
		struct worker *w = worker_new(PRIO_LOW, 1 + i % (cpus() - 1), 0, scribble);

		EXPECT_OK(sys_map_frames(&sys_own_space, ANY(f), AREA_A, 1, MAP_READ | MAP_WRITE,
					 &g));
		EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, (any_h){ 0 }, 0));
		worker_run(w);
		while (w->count < 100)
			__asm__ volatile("pause");
		EXPECT_OK(i % 2 ? sys_unmap(g, AREA_A, 1, 0) : sys_destroy(ANY(g)));
		u64 seen = *(volatile u64 *)AREA_B;
		for (u32 k = 0; k < 2000; k++)
			__asm__ volatile("pause");
		EXPECT_EQ(*(volatile u64 *)AREA_B, seen);
		WAIT_FOR(thread_is_stopped(w->t.thread));
		sys_thread_destroy(&w->t);
		if (i % 2)
			EXPECT_OK(sys_destroy(ANY(g)));
		memset(w, 0, sizeof *w);
	}
}

/* --- revocation -------------------------------------------------------------------- */

/* Derives children and grandchildren of capability a into slots from b on, for ever. */
static void derive_hostile(struct worker *w)
{
	for (u64 i = 0;; i++) {
		slot_t s = SLOT_OWN(w->b + i % 64);
		any_h from = { (u32)(i % 3 ? w->b + (i * 7) % 64 : w->a) };

		if (err_is_ok(cap_derive(from, s, RIGHTS_ALL_EP, 0)))
			w->count++;
		else if (i % 5 == 0)
			(void)cap_delete(s, NULL, NULL);
		w->out[0] = i;
	}
}

TEST_FOR(hostile_deriver, 30, "revocation ends although other CPUs derive all the time")
{
	need_cpus(2);
	ep_h ep = sys_ep();
	u32 root = sys_derive(ANY(ep), RIGHTS_ALL_EP, 0);
	struct worker *w[4];

	for (u32 c = 1; c < cpus(); c++) {
		w[c] = worker_new(PRIO_LOW, c, 0, derive_hostile);
		w[c]->a = root;
		w[c]->b = new_slot().where;
		for (u32 i = 1; i < 64; i++)
			(void)new_slot();
		worker_run(w[c]);
	}
	start_time();
	for (u32 round = 0; round < 20 && in_time(); round++) {
		u64 more = 1, steps = 0;

		for (u32 c = 1; c < cpus(); c++) {
			u64 seen = w[c]->count;
			WAIT_FOR(w[c]->count > seen);
		}
		while (more != 0) {
			EXPECT_OK(cap_revoke((any_h){ root }, &more, NULL));
			EXPECT(++steps < 2000);
		}
	}
	EXPECT_OK(sys_revoke(ANY(ep)));
	for (u32 c = 1; c < cpus(); c++) {
		for (u32 i = 0; i < 64; i++)
			EXPECT(slot_is_empty((u32)w[c]->b + i));
	}
}

/* Makes and deletes objects in memory a, with slots from b on. */
static void create_hostile(struct worker *w)
{
	static const u32 types[] = { OBJ_EP,    OBJ_NOTIF,  OBJ_THREAD, OBJ_SLOTS,
				     OBJ_TABLE, OBJ_PTABLE, OBJ_SCHED };

	for (u64 i = 0;; i++) {
		slot_t s = SLOT_OWN(w->b + i % 16);

		if (err_is_ok(object_create((memory_h){ (u32)w->a }, s, types[i % 7], (i * 5) % 16,
					    0)))
			w->count++;
		else
			(void)cap_delete(s, NULL, NULL);
	}
}

TEST_FOR(hostile_creator, 30, "memory is revoked although other CPUs make objects in it")
{
	need_cpus(2);
	u32 part = sys_range(ANY(TEST_MEMORY), TEST_PAGES - 16, 16, RIGHT_MEMORY_CREATE);
	u32 inner = sys_range((any_h){ part }, 0, 16, RIGHT_MEMORY_CREATE);
	struct worker *w[4];

	for (u32 c = 1; c < cpus(); c++) {
		w[c] = worker_new(PRIO_LOW, c, 0, create_hostile);
		w[c]->a = inner;
		w[c]->b = new_slot().where;
		for (u32 i = 1; i < 16; i++)
			(void)new_slot();
		worker_run(w[c]);
	}
	start_time();
	for (u32 round = 0; round < 20 && in_time(); round++) {
		u64 seen = w[1]->count;

		WAIT_FOR(w[1]->count > seen + 10);
		EXPECT_OK(sys_revoke((any_h){ inner }));
	}
	EXPECT_OK(sys_revoke((any_h){ part }));
	EXPECT_OK(frames_create((memory_h){ part }, new_slot(), 0, 16));
}

static void call_until_gone(struct worker *w)
{
	struct msg m = { 0 };
	err_t e;

	do {
		m.tag = 0;
		e = ep_call(w->ep, &m, 0);
		w->count++;
	} while (err_is_ok(e));
	w->result = e;
}

TEST_FOR(destroy_ep_in_use, 30, "an endpoint is destroyed while all CPUs call through it")
{
	need_cpus(2);
	start_time();
	for (u32 round = 0; round < 5 && in_time(); round++) {
		ep_h ep = sys_ep();
		struct worker *w[8];
		u32 n = 0;

		w[n++] = worker_at(PRIO_HIGH, 0, serve, ep);
		w[n++] = worker_at(PRIO_HIGH, 1, serve, ep);
		for (u32 c = 0; c < cpus(); c++)
			w[n++] = worker_at(PRIO_LOW, c, call_until_gone, ep);
		for (u32 i = 2; i < n; i++)
			WAIT_FOR(w[i]->count > 3);
		EXPECT_OK(sys_destroy(ANY(ep)));
		for (u32 i = 0; i < n; i++) {
			WAIT_FOR(w[i]->done);
			EXPECT(err_is(w[i]->result, DONE_GONE) || err_is(w[i]->result, ERR_CAP));
			sys_thread_destroy(&w[i]->t);
			memset(w[i], 0, sizeof *w[i]);
		}
	}
}

/* Threads start, call, signal, wait and die on all CPUs; nothing may be left. */
static void busy(struct worker *w)
{
	struct msg m = { 0 };

	for (u64 i = 0;; i++) {
		m.tag = i % 3 ? 0 : TAG_NONBLOCK;
		(void)ep_call(w->ep, &m, i % 4 ? 0 : sys_after(50));
		(void)notif_signal(w->notif, 1);
		m.tag = TAG_NONBLOCK;
		(void)ep_recv(w->ep, &m, 0);
		(void)reply(&m, (reply_h){ 0 });
		(void)notif_wait(w->notif, i % 2 ? 1 : sys_after(30), NULL);
		w->count++;
	}
}

TEST_FOR(chaos, 30, "threads of all CPUs that call, time out, signal and die leave nothing behind")
{
	need_cpus(2);
	ep_h ep = sys_ep();
	notif_h n = sys_notif();
	struct worker *w[12];

	for (u32 i = 0; i < 12; i++) {
		w[i] = worker_new(PRIO_LOW + i % 3, i % cpus(), 0, busy);
		w[i]->ep = ep;
		w[i]->notif = n;
		worker_run(w[i]);
	}
	start_time();
	for (u32 round = 0; round < 60 && in_time(); round++) {
		struct worker *v = w[round % 12];

		sleep_us(500);
		if (round % 3 == 0) {
			EXPECT_OK(thread_stop(v->t.thread));
			EXPECT_OK(thread_resume(v->t.thread));
			continue;
		}
		sys_thread_destroy(&v->t);
		memset(v, 0, sizeof *v);
		v = worker_new(PRIO_LOW + round % 3, round % cpus(), 0, busy);
		v->ep = ep;
		v->notif = n;
		w[round % 12] = v;
		worker_run(v);
	}
}
