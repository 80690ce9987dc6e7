/* SPDX-License-Identifier: MIT */
/*
 * What must not get lost or mixed when a call switches directly from caller to
 * server and back: bases, break points, FPU registers, time, notifications.
 */
#include "ktest.h"

TESTS(ep_call, ep_reply_recv);

enum { ROUNDS = 200, OP_DR7 = 4 };

/* raw.S */
u64 read_fs(void);
void fpu_fill(const u64 word[16]);
u64 fpu_differs(const u64 word[16]);
void do_foreign_call(struct worker *w);
extern const char step_1[];
void do_steps(struct worker *w);

static void serve(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		w->count++;
		if (w->a != 0)
			w->out[0] += read_fs() != w->a;
		w->m.tag = 0;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
	w->result = e;
}

/* Let a stopped worker that has run before go on with this FS base. */
static void set_fs(struct worker *w, u64 *word)
{
	volatile struct regs_general *r = (volatile struct regs_general *)runner.msg;

	EXPECT_OK(thread_get_regs(w->t.thread, REGS_GENERAL, NULL, NULL));
	r->fs_base = (u64)word;
	EXPECT_OK(thread_set_regs(w->t.thread, REGS_GENERAL));
}

static void call_with_fs(struct worker *w)
{
	(void)thread_stop(w->t.thread);
	for (u32 i = 0; i < ROUNDS; i++) {
		w->m.tag = 0;
		w->out[1] |= ep_call(w->ep, &w->m, 0).v;
		w->out[0] += read_fs() != w->a;
	}
}

static void serve_with_fs(struct worker *w)
{
	(void)thread_stop(w->t.thread);
	serve(w);
}

/* Answers with the sum of what it gets. */
static void add_up(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		w->m.w[0] += w->m.w[1] + w->m.w[5];
		w->m.tag = 1;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
}

TEST(domains, "calls go to and fro between spaces of different trust domains")
{
	static struct sys_space space[3];
	struct worker *w[3];

	for (u32 i = 0; i < 3; i++) {
		EXPECT_OK(sys_space_create_shared(&space[i], i == 2 ? 0xffff : i));
		w[i] = worker_new(PRIO_HIGH, 0, 0, add_up);
		w[i]->ep = sys_ep();
		EXPECT_OK(sys_thread_set_space(&w[i]->t, &space[i]));
		worker_run(w[i]);
	}
	for (u64 n = 0; n < ROUNDS; n++) {
		struct msg m = { .tag = 6, .w = { n, 1000, 0, 0, 0, 1000000 } };

		EXPECT_OK(ep_call(w[n % 3]->ep, &m, 0));
		EXPECT_EQ(m.w[0], n + 1001000);
	}
	for (u32 i = 0; i < 3; i++) {
		sys_thread_destroy(&w[i]->t);
		sys_space_destroy(&space[i]);
	}
}

TEST(bases, "caller and server keep their own FS bases")
{
	static u64 word[2] = { 111, 222 };
	struct worker *s = worker_new(PRIO_HIGH, 0, 0, serve_with_fs);
	struct worker *c = worker_new(PRIO_HIGH - 1, 0, 0, call_with_fs);

	s->ep = sys_ep();
	c->ep = s->ep;
	s->a = word[0];
	c->a = word[1];
	worker_run(s);
	set_fs(s, &word[0]);
	EXPECT_OK(thread_resume(s->t.thread));
	worker_run(c);
	set_fs(c, &word[1]);
	EXPECT_OK(thread_resume(c->t.thread));
	WAIT_FOR(c->done);
	EXPECT_EQ(s->count, ROUNDS);
	EXPECT_EQ(s->out[0] + c->out[0] + c->out[1], 0);
}

/* --- FPU ------------------------------------------------------------------------------ */

static void fill(u64 word[16], u64 pattern)
{
	for (u64 i = 0; i < 16; i++)
		word[i] = pattern * 0x0001000100010001ull + i;
	fpu_fill(word);
}

static void serve_fpu(struct worker *w)
{
	u64 word[16];
	err_t e = ep_recv(w->ep, &w->m, 0);

	fill(word, 3);
	while (err_is_ok(e)) {
		w->m.tag = 0;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
		w->out[0] |= fpu_differs(word);
		fill(word, ++w->count);
	}
}

static void call_fpu(struct worker *w)
{
	u64 word[16];

	for (u64 i = 0; i < ROUNDS; i++) {
		fill(word, 1000 + i);
		w->m.tag = 0;
		w->out[1] |= ep_call((ep_h){ (u32)(i % 2 ? w->a : w->b) }, &w->m, 0).v;
		w->out[0] |= fpu_differs(word);
	}
}

TEST(fpu_over_calls,
     "caller and server keep their own FPU registers, and a server without any does no harm")
{
	struct worker *s = worker_new(PRIO_HIGH, 0, THREAD_FPU, serve_fpu);
	struct worker *plain = worker_at(PRIO_HIGH, 0, serve, sys_ep());
	struct worker *c = worker_new(PRIO_HIGH - 1, 0, THREAD_FPU, call_fpu);

	s->ep = sys_ep();
	worker_run(s);
	c->a = s->ep.h;
	c->b = plain->ep.h;
	worker_run(c);
	WAIT_FOR(c->done);
	EXPECT_EQ(s->out[0] | c->out[0] | c->out[1], 0);
	EXPECT_EQ(s->count, ROUNDS / 2 - 1);
}

/* --- debugging -------------------------------------------------------------------------- */

static void serve_steps(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		do_steps(w);
		w->m.tag = 0;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
}

static void call_steps(struct worker *w)
{
	for (u32 i = 0; i < 3; i++) {
		w->m.tag = 0;
		(void)ep_call(w->ep, &w->m, 0);
		do_steps(w);
	}
}

TEST(break_points_over_calls, "break points of a server stop the server, and not its caller")
{
	struct worker *s = worker_new(PRIO_HIGH, 0, 0, serve_steps);
	struct worker *c = worker_new(PRIO_HIGH - 1, 0, 0, call_steps);
	ep_h faults = sys_ep();
	struct msg m = { 0 };

	s->ep = sys_ep();
	c->ep = s->ep;
	worker_faults_to(s, faults, 9);
	EXPECT_OK(thread_debug(s->t.thread, 0, (u64)step_1));
	EXPECT_OK(thread_debug(s->t.thread, OP_DR7, 1));
	worker_run(s);
	worker_run(c);
	for (u32 i = 0; i < 3; i++) {
		m.tag = 0;
		EXPECT_OK(ep_recv(faults, &m, 0));
		EXPECT_EQ(m.badge, 9);
		EXPECT_EQ(m.w[2], (u64)step_1);
		/* The resume flag. */
		EXPECT(fault_regs(s->t.thread) != NULL);
		runner.msg[8 + 17] |= 0x10000;
		m.tag = (u64)FAULT_REGS << TAG_LABEL_SHIFT | (8 + sizeof(struct regs_general) / 8);
		EXPECT_OK(reply(&m, (reply_h){ 0 }));
	}
	WAIT_FOR(c->done);
}

/* --- who may take the short way ------------------------------------------------------------ */

TEST(foreign_not_served, "a foreign thread cannot make calls, whatever number it asks for")
{
	struct worker *s = worker_at(PRIO_HIGH, 0, serve, sys_ep());
	struct worker *w = worker_new(PRIO_HIGH, 0, THREAD_FOREIGN, do_foreign_call);
	ep_h faults = sys_ep();
	struct msg m = { 0 };

	w->ep = s->ep;
	worker_faults_to(w, faults, 4);
	worker_run(w);
	for (u32 nr = SYS_EP_CALL; nr <= SYS_EP_REPLY_RECV; nr++) {
		m.tag = 0;
		EXPECT_OK(ep_recv(faults, &m, 0));
		EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_SYSCALL);
		EXPECT_EQ(m.w[0], nr);
		EXPECT_EQ(m.w[1], s->ep.h);
		m.tag = (u64)(nr == SYS_EP_CALL ? FAULT_RESULT : FAULT_STOP) << TAG_LABEL_SHIFT | 1;
		EXPECT_OK(reply(&m, (reply_h){ 0 }));
	}
	EXPECT_EQ(s->count, 0);
}

static void serve_bound(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e) || err_is(e, DONE_SIGNAL)) {
		if (err_is(e, DONE_SIGNAL)) {
			w->out[0] |= w->m.badge;
			w->m.tag = 0;
			e = ep_recv(w->ep, &w->m, 0);
			continue;
		}
		w->count++;
		/* Signalled while it serves: the answer goes out, and the receive ends at once. */
		(void)notif_signal(w->notif, w->count);
		w->m.tag = 0;
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
}

TEST(signal_while_serving,
     "a notification that came while serving is received with the answer given")
{
	struct worker *s = worker_new(PRIO_HIGH, 0, 0, serve_bound);
	struct msg m = { 0 };

	s->ep = sys_ep();
	s->notif = sys_notif();
	EXPECT_OK(thread_bind(s->t.thread, THREAD_NOTIF, ANY(s->notif), 0));
	worker_run(s);
	for (u64 i = 1; i <= 8; i++) {
		m.tag = 0;
		EXPECT_OK(ep_call(s->ep, &m, 0));
		EXPECT_EQ(s->count, i);
	}
	EXPECT_EQ(s->out[0], 15);
}

/* --- time -------------------------------------------------------------------------------------- */

static void call_forever(struct worker *w)
{
	for (;;) {
		w->m.tag = 0;
		w->out[1] |= ep_call(w->ep, &w->m, 0).v;
		w->count++;
	}
}

TEST_FOR(callers_share, 10, "callers that do nothing but call still share the CPU by time slices")
{
	struct worker *s = worker_at(PRIO_LOW, 0, serve, sys_ep());
	struct worker *w[3];
	u64 slice = sys_ticks(1000);

	for (u32 i = 0; i < 3; i++) {
		w[i] = worker_new(PRIO_LOW, 0, 0, call_forever);
		w[i]->ep = s->ep;
		EXPECT_OK(sched_configure(w[i]->t.sched, (cpus_h){ HANDLE_CPUS }, 0, slice, slice));
		worker_run(w[i]);
	}
	for (u32 round = 0; round < 3; round++) {
		for (u32 i = 0; i < 3; i++) {
			u64 seen = w[i]->count;

			WAIT_FOR(w[i]->count > seen);
		}
	}
	EXPECT_EQ(w[0]->out[1] | w[1]->out[1] | w[2]->out[1], 0);
}

TEST_FOR(budget_over_calls, 10, "time that is lent along calls is counted against the caller")
{
	struct worker *s = worker_at(PRIO_HIGH, 0, serve, sys_ep());
	struct worker *w = worker_new(PRIO_RUN - 1, 0, 0, call_forever);
	struct worker *low;

	w->ep = s->ep;
	EXPECT_OK(sched_configure(w->t.sched, (cpus_h){ HANDLE_CPUS }, 0, sys_ticks(2000),
				  sys_ticks(20000)));
	worker_run(w);
	/* Below it: runs only when the caller's budget is used up. */
	low = worker_at(PRIO_LOW, 0, call_forever, s->ep);
	WAIT_FOR(w->count > 0 && low->count > 0);
	u64 seen = w->count;
	WAIT_FOR(w->count > seen);
	EXPECT_EQ(w->out[1] | low->out[1], 0);
}

static void call_words(struct worker *w)
{
	for (u64 i = 0; i < w->b; i++) {
		struct msg m = { 0 };

		/* Every length that fits in registers, every bit of a label. */
		m.tag = (i % 9) | 1ull << (TAG_LABEL_SHIFT + i % 48);
		for (u64 k = 0; k < 8; k++)
			m.w[k] = ~(i * 8 + k);
		u64 tag = m.tag;
		err_t e = ep_call(w->ep, &m, 0);

		for (u64 k = 0; k < 8; k++)
			w->out[0] += m.w[k] != i * 8 + k;
		w->out[1] += m.tag != tag || m.badge != 0 || !err_is_ok(e);
	}
}

static void serve_inverse(struct worker *w)
{
	err_t e = ep_recv(w->ep, &w->m, 0);

	while (err_is_ok(e)) {
		for (u32 k = 0; k < 8; k++)
			w->m.w[k] = ~w->m.w[k];
		e = ep_reply_recv(w->ep, &w->m, 0, (reply_h){ 0 });
	}
}

TEST(all_tags, "labels of 48 bits and words of 64 travel unchanged, there and back")
{
	struct worker *s = worker_at(PRIO_HIGH, 0, serve_inverse, sys_ep());
	struct worker *c = worker_new(PRIO_HIGH, 0, 0, call_words);

	c->ep = s->ep;
	c->b = 9 * 48;
	worker_run(c);
	WAIT_FOR(c->done);
	EXPECT_EQ(c->out[0] + c->out[1], 0);
}
