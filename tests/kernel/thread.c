/* SPDX-License-Identifier: MIT */
/*
 * Threads: binding, starting, stopping, registers.
 */
#include "ktest.h"

TESTS(thread_bind, thread_start, thread_stop, thread_resume, thread_get_regs, thread_set_regs,
      thread_set_prio, thread_set_cpu, thread_yield);

#define FLAG_TF 0x100ull
#define FLAG_IF 0x200ull
#define FLAG_DF 0x400ull
#define FLAG_IOPL 0x3000ull
#define FLAG_NT 0x4000ull
#define FLAG_AC 0x40000ull
#define NON_CANONICAL 0x0000800000000000ull

static volatile struct regs_general *regs(void)
{
	return (volatile struct regs_general *)runner.msg;
}

static void count(struct worker *w)
{
	for (;;)
		w->count++;
}

static void finish(struct worker *w)
{
	w->out[0] = 1;
}

TEST(start_arg, "a thread starts with its argument, and stops itself")
{
	struct worker *w = worker(PRIO_HIGH, 0, finish);

	EXPECT(w->done);
	EXPECT_EQ(w->out[0], 1);
	EXPECT(thread_is_stopped(w->t.thread));
	worker_run(w);
	EXPECT(thread_is_stopped(w->t.thread));
}

TEST(start_state, "only a stopped thread with a space can be started")
{
	struct worker *w = worker(PRIO_LOW, 0, count);
	thread_h bare = sys_thread_object(0);

	EXPECT_ERR(thread_start(w->t.thread, 0x400000, 0, 0), ERR_STATE);
	EXPECT_ERR(thread_start(bare, 0x400000, 0, 0), ERR_STATE);
	EXPECT_ERR(thread_resume(bare), ERR_STATE);
	EXPECT_ERR(thread_resume(w->t.thread), ERR_STATE);
	EXPECT_OK(thread_bind(bare, THREAD_SPACE, (any_h){ HANDLE_SPACE }, 0));
	EXPECT_ERR(thread_start(bare, NON_CANONICAL, 0, 0), ERR_ARG);
	EXPECT_ERR(thread_start(bare, 0x7ffffffff000ull, 0, 0), ERR_ARG);
	EXPECT_ERR(thread_start(bare, 0xffffffff80000000ull, 0, 0), ERR_ARG);
	EXPECT_OK(thread_start(bare, 0x400000, 0, 0));
}

TEST(stop_running, "a thread that runs is stopped when the call returns, and goes on where it was")
{
	struct worker *w = worker(PRIO_RUN, 0, count);
	u64 seen;

	WAIT_FOR(w->count > 0);
	EXPECT_OK(thread_stop(w->t.thread));
	seen = w->count;
	sleep_us(5000);
	EXPECT_EQ(w->count, seen);
	EXPECT_OK(thread_stop(w->t.thread));
	EXPECT_OK(thread_resume(w->t.thread));
	WAIT_FOR(w->count > seen);
}

static void stop_self(struct worker *w)
{
	w->count = 1;
	w->result = thread_stop(w->t.thread);
	w->count = 2;
}

TEST(stop_self_test, "a thread can stop itself, and returns from that call when it is resumed")
{
	struct worker *w = worker(PRIO_HIGH, 0, stop_self);

	EXPECT_EQ(w->count, 1);
	EXPECT_OK(thread_resume(w->t.thread));
	EXPECT_EQ(w->count, 2);
	EXPECT_OK(w->result);
}

static void delete_self(struct worker *w)
{
	w->count = 1;
	(void)cap_delete(SLOT_OWN(w->t.thread.h), NULL, NULL);
	w->count = 2;
}

TEST(delete_self_test, "a thread can destroy itself")
{
	struct worker *w = worker(PRIO_HIGH, 0, delete_self);

	EXPECT_EQ(w->count, 1);
	EXPECT(slot_is_empty(w->t.thread.h));
	(void)sys_ep();
}

static void revoke_memory(struct worker *w)
{
	w->count = 1;
	for (;;)
		(void)cap_revoke((any_h){ (u32)w->a }, NULL, NULL);
}

TEST(revoke_self,
     "a thread that revokes the memory it lives in is gone, and others finish the work")
{
	u32 part = sys_range(ANY(TEST_MEMORY), TEST_PAGES - 64, 64, RIGHT_MEMORY_CREATE);
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, revoke_memory);
	slot_t t = new_slot();
	thread_h self = { (u32)t.where };
	sched_h sched = sys_sched(0);

	/* The same worker on another thread, made in `part`. */
	EXPECT_OK(object_create((memory_h){ part }, t, OBJ_THREAD, 0, PRIO_HIGH << 8));
	EXPECT_OK(thread_bind(self, THREAD_SPACE, (any_h){ HANDLE_SPACE }, 0));
	EXPECT_OK(thread_bind(self, THREAD_TABLE, (any_h){ HANDLE_TABLE }, 0));
	EXPECT_OK(thread_bind(self, THREAD_SCHED, ANY(sched), 0));
	EXPECT_OK(thread_set_prio(self, PRIO_HIGH));
	for (u32 i = 1; i < 20; i++)
		EXPECT_OK(object_create((memory_h){ part }, new_slot(), OBJ_EP, i, 0));
	w->a = part;
	EXPECT_OK(thread_start(self, (u64)revoke_memory, w->t.stack_top - 8, (u64)w));
	WAIT_FOR(slot_is_empty(self.h));
	EXPECT_EQ(w->count, 1);
	EXPECT_OK(sys_revoke((any_h){ part }));
	EXPECT_OK(frames_create((memory_h){ part }, new_slot(), 0, 64));
}

TEST(bind_types, "each binding wants its own type, with the right rights")
{
	thread_h t = sys_thread_object(0);
	static const u32 type[6] = {
		OBJ_SPACE, OBJ_TABLE, OBJ_SCHED, OBJ_EP, OBJ_FRAMES, OBJ_NOTIF
	};
	static const u32 right[6] = { RIGHT_SPACE_BIND,
				      RIGHT_TABLE_BIND,
				      RIGHT_SCHED_BIND,
				      RIGHT_EP_CALL,
				      RIGHT_FRAMES_READ | RIGHT_FRAMES_WRITE,
				      RIGHT_NOTIF_WAIT };
	any_h good[6] = { ANY(sys_space(0)), ANY(sys_table()),   ANY(sys_sched(0)),
			  ANY(sys_ep()),     ANY(sys_frames(1)), ANY(sys_notif()) };

	for (u32 which = 0; which < 6; which++) {
		u32 all = OBJ_RIGHTS(type[which]);

		for (u32 k = 0; k < 6; k++) {
			if (k != which)
				EXPECT_ERR(thread_bind(t, which, good[k], 0), ERR_TYPE);
		}
		EXPECT_ERR(thread_bind(t, which,
				       (any_h){ sys_derive(good[which], all & ~right[which], 0) },
				       0),
			   ERR_RIGHTS);
		EXPECT_OK(thread_bind(t, which, (any_h){ sys_derive(good[which], right[which], 0) },
				      0));
		EXPECT_OK(thread_bind(t, which, (any_h){ 0 }, 0));
		EXPECT_OK(thread_bind(t, which, good[which], 0));
		if (which != THREAD_FAULT)
			EXPECT_ERR(thread_bind(t, which, good[which], 1),
				   which == THREAD_SCHED || which == THREAD_NOTIF ? ERR_STATE
										  : ERR_ARG);
	}
}

TEST(bind_running, "space, table and message page of a running thread cannot be changed")
{
	struct worker *w = worker(PRIO_LOW, 0, count);

	EXPECT_ERR(thread_bind(w->t.thread, THREAD_SPACE, (any_h){ HANDLE_SPACE }, 0), ERR_STATE);
	EXPECT_ERR(thread_bind(w->t.thread, THREAD_TABLE, (any_h){ HANDLE_TABLE }, 0), ERR_STATE);
	EXPECT_ERR(thread_bind(w->t.thread, THREAD_MSG, ANY(sys_frames(1)), 0), ERR_STATE);
	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, ANY(sys_ep()), 4));
}

TEST(unbind_stops, "taking a space or scheduling context away stops a thread")
{
	struct worker *w = worker(PRIO_LOW, 0, count);

	EXPECT(!thread_is_stopped(w->t.thread));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_SPACE, (any_h){ 0 }, 0));
	EXPECT(thread_is_stopped(w->t.thread));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_SPACE, (any_h){ HANDLE_SPACE }, 0));
	EXPECT_OK(thread_resume(w->t.thread));
	WAIT_FOR(w->count > 0);
	EXPECT_OK(sys_delete(SLOT_OWN(w->t.sched.h)));
	EXPECT(thread_is_stopped(w->t.thread));
}

TEST(bind_dies, "what a thread was bound to can be destroyed under it")
{
	struct worker *w = worker_new(PRIO_LOW, 0, 0, count);
	space_h sp = sys_space(1);
	frames_h f = sys_frames(1);
	ep_h ep = sys_ep();

	EXPECT_OK(thread_bind(w->t.thread, THREAD_SPACE, ANY(sp), 0));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_MSG, ANY(f), 0));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, ANY(ep), 0));
	EXPECT_OK(sys_destroy(ANY(sp)));
	EXPECT_OK(sys_destroy(ANY(f)));
	EXPECT_OK(sys_destroy(ANY(ep)));
	EXPECT_ERR(thread_start(w->t.thread, 0x400000, 0, 0), ERR_STATE);
	EXPECT_OK(thread_bind(w->t.thread, THREAD_SPACE, (any_h){ HANDLE_SPACE }, 0));
	worker_run(w);
	WAIT_FOR(w->count > 0);
}

TEST(regs_round_trip, "registers of a stopped thread can be set, and read back the same")
{
	thread_h t = sys_thread_object(0);
	u64 bytes = 0;

	for (u32 i = 0; i < 16; i++)
		runner.msg[i] = 0x0101010101010101ull * (i + 1);
	regs()->rip = 0x1234567;
	regs()->rflags = 0x246;
	regs()->fs_base = 0x7000;
	regs()->gs_base = 0x8000;
	EXPECT_OK(thread_set_regs(t, REGS_GENERAL));
	memset((void *)runner.msg, 0, sizeof(struct regs_general));
	EXPECT_OK(thread_get_regs(t, REGS_GENERAL, &bytes, NULL));
	EXPECT_EQ(bytes, sizeof(struct regs_general));
	for (u32 i = 0; i < 16; i++)
		EXPECT_EQ(runner.msg[i], 0x0101010101010101ull * (i + 1));
	EXPECT_EQ(regs()->rip, 0x1234567);
	EXPECT_EQ(regs()->rflags, 0x246);
	EXPECT_EQ(regs()->fs_base, 0x7000);
	EXPECT_EQ(regs()->gs_base, 0x8000);
}

TEST(regs_state, "registers of a running thread cannot be read or written")
{
	struct worker *w = worker(PRIO_LOW, 0, count);

	EXPECT_ERR(thread_get_regs(w->t.thread, REGS_GENERAL, NULL, NULL), ERR_STATE);
	EXPECT_ERR(thread_set_regs(w->t.thread, REGS_GENERAL), ERR_STATE);
	EXPECT_ERR(thread_set_regs(w->t.thread, REGS_XSTATE), ERR_STATE);
}

static bool is_canonical(u64 v)
{
	return (u64)((int64_t)(v << 16) >> 16) == v;
}

TEST(regs_sanitised, "hostile register values are made harmless")
{
	static const u64 wild[] = { NON_CANONICAL, 0xffff7fffffffffffull, 0x123456789abcdef0ull,
				    0xffffffff80000000ull, ~0ull };
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, finish);
	ep_h ep = sys_ep();

	worker_faults_to(w, ep, 3);
	for (u32 i = 0; i < sizeof wild / sizeof wild[0]; i++) {
		struct msg m = { 0 };

		for (u32 k = 0; k < sizeof(struct regs_general) / 8; k++)
			runner.msg[k] = wild[i];
		EXPECT_OK(thread_set_regs(w->t.thread, REGS_GENERAL));
		EXPECT_OK(thread_get_regs(w->t.thread, REGS_GENERAL, NULL, NULL));
		EXPECT_EQ(regs()->rflags & (FLAG_IOPL | FLAG_NT), 0);
		EXPECT_EQ(regs()->rflags & (FLAG_IF | 2), FLAG_IF | 2);
		EXPECT(regs()->rip < NON_CANONICAL);
		EXPECT(is_canonical(regs()->fs_base) && is_canonical(regs()->gs_base));
		EXPECT_OK(thread_resume(w->t.thread));
		/* Wherever that went, it faults there, as a program. */
		EXPECT_OK(ep_recv(ep, &m, 0));
		EXPECT_EQ(m.badge, 3);
		m.tag = (u64)FAULT_STOP << TAG_LABEL_SHIFT;
		EXPECT_OK(reply(&m, (reply_h){ 0 }));
		EXPECT(thread_is_stopped(w->t.thread));
	}
}

TEST(regs_change, "a thread goes on with the registers that were set")
{
	struct worker *w = worker(PRIO_LOW, 0, count);
	struct worker *v = worker_new(PRIO_LOW, 0, 0, finish);

	WAIT_FOR(w->count > 0);
	EXPECT_OK(thread_stop(w->t.thread));
	EXPECT_OK(thread_get_regs(w->t.thread, REGS_GENERAL, NULL, NULL));
	regs()->rip = (u64)finish;
	regs()->rdi = (u64)v;
	regs()->rsp = v->t.stack_top - 8;
	*(volatile u64 *)(v->t.stack_top - 8) = (u64)finish;
	EXPECT_OK(thread_set_regs(w->t.thread, REGS_GENERAL));
	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, (any_h){ 0 }, 0));
	EXPECT_OK(thread_resume(w->t.thread));
	WAIT_FOR(v->out[0] == 1);
}

TEST(prio_limits, "priorities above one's own highest cannot be given")
{
	struct worker *w = worker_new(PRIO_LOW, 0, 0, finish);

	EXPECT_OK(thread_set_prio(w->t.thread, PRIO_MAX));
	EXPECT_ERR(thread_set_prio(w->t.thread, PRIO_MAX + 1), ERR_RANGE);
}

TEST(prio_effect, "raising a priority lets a thread run at once")
{
	struct worker *w = worker(PRIO_LOW, 0, finish);

	EXPECT(!w->done);
	EXPECT_OK(thread_set_prio(w->t.thread, PRIO_HIGH));
	EXPECT(w->done);
}

TEST(cpu_move, "a stopped thread can be moved to another CPU and runs there")
{
	need_cpus(2);
	struct worker *w = worker(PRIO_LOW, 0, count);
	cpus_h cpus = { HANDLE_CPUS };

	EXPECT_ERR(thread_set_cpu(w->t.thread, cpus, 1), ERR_STATE);
	EXPECT_OK(thread_stop(w->t.thread));
	EXPECT_ERR(thread_set_cpu(w->t.thread, cpus, sys_info->cpus), ERR_RANGE);
	EXPECT_OK(thread_set_cpu(w->t.thread, cpus, 1));
	EXPECT_OK(thread_resume(w->t.thread));
	/* It runs beside this thread, which never waits. */
	u64 seen = w->count;
	while (w->count == seen)
		__asm__ volatile("pause");
	EXPECT_OK(thread_stop(w->t.thread));
	seen = w->count;
	sleep_us(2000);
	EXPECT_EQ(w->count, seen);
	EXPECT_OK(thread_set_cpu(w->t.thread, cpus, 0));
	EXPECT_OK(thread_resume(w->t.thread));
	WAIT_FOR(w->count > seen);
}

static void yield_forever(struct worker *w)
{
	for (;;) {
		w->count++;
		(void)thread_yield();
	}
}

TEST(yield_turns, "threads of one priority that yield take turns")
{
	struct worker *a = worker_new(PRIO_RUN, 0, 0, yield_forever);
	struct worker *b = worker_new(PRIO_RUN, 0, 0, yield_forever);

	worker_run(a);
	worker_run(b);
	for (u32 i = 0; i < 100; i++)
		EXPECT_OK(thread_yield());
	EXPECT(a->count >= 90 && a->count <= 110);
	EXPECT(b->count >= 90 && b->count <= 110);
}

TEST(yield_alone, "a thread that yields alone goes on, before threads of lower priority")
{
	struct worker *w = worker(PRIO_LOW, 0, count);

	for (u32 i = 0; i < 10; i++)
		EXPECT_OK(thread_yield());
	EXPECT_EQ(w->count, 0);
}
