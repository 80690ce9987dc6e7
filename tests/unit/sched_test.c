/* SPDX-License-Identifier: MIT */
/*
 * Who runs when: priorities, time slices, budgets, lending along calls, the
 * time queue.
 */
#include "harness.h"

TEST(sched_priority, "the highest priority runs at once, on this CPU and on another")
{
	struct worker low = new_thread(1, 50, 0), high = new_thread(1, 120, 0);

	IS(CPU(1)->current, high.t);
	IS(CALL1(root, SYS_THREAD_SET_PRIO, low.thread, 130), ERRNO_OK);
	settle();
	IS(CPU(1)->current, low.t);
	struct worker top = new_thread(0, 200, 0);
	IS(CPU(0)->current, top.t);
	IS(CALL0(top.t, SYS_THREAD_STOP, top.thread), BLOCKED);
	IS(CPU(0)->current, root);
}

TEST(sched_yield, "yield lets others of the same priority run, in turn, and none below")
{
	struct worker a = new_thread(1, 100, 0), b = new_thread(1, 100, 0),
		      c = new_thread(1, 99, 0);

	IS(CPU(1)->current, a.t);
	IS(CALL0(a.t, SYS_THREAD_YIELD, 0), BLOCKED);
	IS(CPU(1)->current, b.t);
	host.cpu[1].regs.r[REG_RAX] = SYS_THREAD_YIELD;
	enter(1, HOST_SYSCALL, 0);
	IS(CPU(1)->current, a.t);
	CHECK(TH(c.t)->queued);
}

TEST(sched_slice, "a time slice that ends lets the next of the same priority run")
{
	struct worker a = new_thread(1, 100, 0), b = new_thread(1, 100, 0);

	IS(CPU(1)->current, a.t);
	host_advance(9999);
	settle();
	IS(CPU(1)->current, a.t);
	host_advance(2);
	settle();
	IS(CPU(1)->current, b.t);
	host_advance(10000);
	settle();
	IS(CPU(1)->current, a.t);
}

TEST(sched_budget, "a thread whose budget is used up waits for its period to end")
{
	struct worker a = new_thread(1, 100, 0);

	IS(CALL4(root, SYS_SCHED_CONFIGURE, a.sched, HANDLE_CPUS, 1, 1000, 5000), ERRNO_OK);
	settle();
	u64 start = host.clock;
	host_advance(1001);
	settle();
	IS(CPU(1)->current, NIL);
	CHECK(TN(page_of(a.sched))->queued);
	host.clock = start + 4990;
	settle();
	IS(CPU(1)->current, NIL);
	host.clock = start + 5002;
	settle();
	IS(CPU(1)->current, a.t);
	/* It had used one tick too much. */
	IS(SC(page_of(a.sched))->left, 999);
}

/* Worker a with 1000 ticks in 5000, which has just begun a period. */
static struct worker new_budgeted(void)
{
	struct worker a = new_thread(1, 100, 0);

	IS(CALL4(root, SYS_SCHED_CONFIGURE, a.sched, HANDLE_CPUS, 1, 1000, 5000), ERRNO_OK);
	settle();
	IS(CPU(1)->current, a.t);
	IS(SC(page_of(a.sched))->left, 1000);
	return a;
}

TEST(sched_overrun, "what a late timer lets a thread use beyond its budget is taken off the next")
{
	struct worker a = new_budgeted();
	const struct sched *s = SC(page_of(a.sched));

	host_advance(1300);
	settle();
	IS(CPU(1)->current, NIL);
	host.clock = s->refill;
	settle();
	IS(CPU(1)->current, a.t);
	IS(s->left, 700);
	/* More than a whole budget is forgiven, but for one tick to begin with. */
	host_advance(4000);
	settle();
	IS(CPU(1)->current, NIL);
	host.clock = s->refill;
	settle();
	IS(s->left, 1);
	host_advance(1);
	settle();
	host.clock = s->refill;
	settle();
	IS(s->left, 1000);
}

TEST(sched_leftover, "what is left of a budget ends with its period")
{
	struct worker a = new_budgeted();
	const struct sched *s = SC(page_of(a.sched));
	u64 n = new_object(OBJ_NOTIF, 0), begin = host.clock;

	host_advance(400);
	IS(CALL1(a.t, SYS_NOTIF_WAIT, n, begin + 4000), BLOCKED);
	host.clock = begin + 4000;
	settle();
	/* Still the same period. */
	IS(CPU(1)->current, a.t);
	IS(s->left, 600);
	IS(CALL1(a.t, SYS_NOTIF_WAIT, n, begin + 9000), BLOCKED);
	host.clock = begin + 9000;
	settle();
	/* A new one begins when it runs again, and nothing is added to it. */
	IS(CPU(1)->current, a.t);
	IS(s->left, 1000);
	IS(s->refill, begin + 14000);
	host_advance(1000);
	settle();
	IS(CPU(1)->current, NIL);
	host.clock = begin + 13999;
	settle();
	IS(CPU(1)->current, NIL);
}

/* It runs, sleeps and is preempted at random; what it uses is noted at each tick. */
TEST(sched_bound, "in any n periods a thread uses at most n + 1 budgets")
{
	enum { TICKS = 120, STEP = 250, PERIOD = 20, BUDGET = 4 };
	struct worker a = new_budgeted(), high = new_thread(1, 150, 0);
	u64 n = new_object(OBJ_NOTIF, 0), seed = 5;
	u32 used[TICKS];

	settle();
	IS(CALL1(high.t, SYS_NOTIF_WAIT, n, host.clock + STEP), BLOCKED);
	for (u32 i = 0; i < TICKS; i++) {
		used[i] = CPU(1)->current == a.t;
		host_advance(STEP);
		settle();
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		if (CPU(1)->current == high.t && (seed >> 60) < 12)
			IS(CALL1(high.t, SYS_NOTIF_WAIT, n, host.clock + STEP * (seed >> 61)),
			   BLOCKED);
		if (CPU(1)->current == a.t && (seed >> 56 & 15) < 5)
			IS(CALL1(a.t, SYS_NOTIF_WAIT, n, host.clock + STEP * (seed >> 50 & 31)),
			   BLOCKED);
		settle();
	}
	for (u32 periods = 1; periods < 5; periods++) {
		for (u32 from = 0; from + periods * PERIOD <= TICKS; from++) {
			u32 sum = 0;

			for (u32 i = from; i < from + periods * PERIOD; i++)
				sum += used[i];
			CHECK(sum <= (periods + 1) * BUDGET);
		}
	}
}

TEST(sched_used_up_moves, "a used-up budget that moves to another CPU is refilled there in time")
{
	struct worker a = new_thread(1, 100, 0);

	IS(CALL4(root, SYS_SCHED_CONFIGURE, a.sched, HANDLE_CPUS, 1, 1000, 5000), ERRNO_OK);
	settle();
	host_advance(1001);
	settle();
	CHECK(TN(page_of(a.sched))->queued);
	IS(CALL0(root, SYS_THREAD_STOP, a.thread), ERRNO_OK);
	IS(CALL2(root, SYS_THREAD_SET_CPU, a.thread, HANDLE_CPUS, 2), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, a.thread), ERRNO_OK);
	settle();
	IS(CPU(2)->current, NIL);
	host_advance(5000);
	settle();
	IS(CPU(2)->current, a.t);
}

TEST(sched_configure_checks, "budget, period and CPU of a scheduling context are checked")
{
	u64 sc = new_object(OBJ_SCHED, 0), cpus = new_handle();

	IS(CALL4(root, SYS_SCHED_CONFIGURE, sc, HANDLE_CPUS, 0, 2000, 1000), ERRNO_ARG);
	IS(CALL4(root, SYS_SCHED_CONFIGURE, sc, HANDLE_CPUS, 0, 999, 1000), ERRNO_ARG);
	IS(CALL4(root, SYS_SCHED_CONFIGURE, sc, HANDLE_CPUS, TEST_CPUS, 1000, 1000), ERRNO_RANGE);
	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_CPUS, cpus, 2, 1, 1), ERRNO_OK);
	IS(CALL4(root, SYS_SCHED_CONFIGURE, sc, cpus, 1, 1000, 1000), ERRNO_RANGE);
	IS(CALL4(root, SYS_SCHED_CONFIGURE, sc, cpus, 0, 1000, 1000), ERRNO_OK);
	IS(SC(page_of(sc))->cpu, 2);
	IS(CALL4(root, SYS_SCHED_CONFIGURE, HANDLE_SCHED, HANDLE_CPUS, 1, 1000, 1000), ERRNO_STATE);
}

/* A chain client -> a -> b on one CPU; each is current on the client's time. */
TEST(sched_lend_chain,
     "a call lends the caller's time along a chain of servers, and answers return it")
{
	u64 ea = new_object(OBJ_EP, 0), eb = new_object(OBJ_EP, 0);
	struct worker c = new_thread(0, 100, 0), a = new_thread(0, 100, 0),
		      b = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_RECV, ea, 0, 0), BLOCKED);
	IS(CALL2(b.t, SYS_EP_RECV, eb, 0, 0), BLOCKED);
	IS(CALL2(c.t, SYS_EP_CALL, ea, 0, 0), BLOCKED);
	IS(TH(a.t)->running_on, page_of(c.sched));
	IS(CALL2(a.t, SYS_EP_CALL, eb, 0, 0), BLOCKED);
	IS(TH(b.t)->running_on, page_of(c.sched));
	IS(CALL2(b.t, SYS_EP_REPLY_RECV, eb, 0, 0), BLOCKED);
	IS(CPU(0)->current, a.t);
	IS(TH(a.t)->running_on, page_of(c.sched));
	IS(CALL2(a.t, SYS_EP_REPLY_RECV, ea, 0, 0), BLOCKED);
	IS(CPU(0)->current, c.t);
	IS(TH(c.t)->running_on, page_of(c.sched));
	IS(SC(page_of(a.sched))->runner, NIL);
}

TEST(sched_lend_priority, "a borrower runs at the higher of its own and the lender's priority")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL1(root, SYS_THREAD_SET_PRIO, a.thread, 90), ERRNO_OK);
	struct worker c = new_thread(0, 150, 0);
	IS(CALL2(c.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CPU(0)->current, a.t);
	IS(TH(a.t)->eprio, 150);
	IS(CALL2(a.t, SYS_EP_REPLY_RECV, ep, 0, 0), BLOCKED);
	IS(CPU(0)->current, c.t);
	IS(TH(a.t)->running_on, NIL);
}

TEST(sched_lend_used_up, "a borrower goes on with its own time when the lent is used up")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker c = new_thread(1, 100, 0), a = new_thread(1, 100, 0);

	IS(CALL4(root, SYS_SCHED_CONFIGURE, c.sched, HANDLE_CPUS, 1, 1000, 50000), ERRNO_OK);
	settle();
	u64 at1 = new_object(OBJ_EP, 2);
	(void)ep;
	IS(CALL2(a.t, SYS_EP_RECV, at1, 0, 0), BLOCKED);
	IS(CALL2(c.t, SYS_EP_CALL, at1, 0, 0), BLOCKED);
	IS(TH(a.t)->running_on, page_of(c.sched));
	host_advance(1001);
	settle();
	IS(CPU(1)->current, a.t);
	IS(TH(a.t)->running_on, page_of(a.sched));
	IS(CALL2(a.t, SYS_EP_REPLY_RECV, at1, 0, 0), BLOCKED);
	IS(CPU(1)->current, NIL);
	host_advance(50000);
	settle();
	IS(CPU(1)->current, c.t);
}

TEST(sched_lender_ends, "a caller that is cancelled, times out or dies takes its time back")
{
	u64 ep = new_object(OBJ_EP, 0);

	for (u32 how = 0; how < 4; how++) {
		struct worker c = new_thread(0, 100, 0), a = new_thread(0, 100, 0);
		IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
		IS(CALL2(c.t, SYS_EP_CALL, ep, 0, how == 0 ? host.clock + 10 : 0), BLOCKED);
		IS(TH(a.t)->running_on, page_of(c.sched));
		if (how == 0)
			host_advance(11);
		else if (how == 1)
			IS(CALL0(root, SYS_THREAD_STOP, c.thread), ERRNO_OK);
		else
			delete_all(how == 2 ? c.thread : c.sched);
		settle();
		IS(TH(a.t)->running_on, page_of(a.sched));
		IS(TH(a.t)->state, THREAD_READY);
		run(a.t);
		IS(CALL0(root, SYS_THREAD_STOP, a.thread), ERRNO_OK);
	}
}

/* A client and three servers, each of which calls the next, on one CPU. */
struct chain {
	struct worker c, s[3];
	u64 ep[3];
};

static struct chain new_chain(u64 deadline_of_middle)
{
	struct chain x;

	for (u32 i = 0; i < 3; i++) {
		x.ep[i] = new_object(OBJ_EP, 2);
		x.s[i] = new_thread(1, 90, 0);
		settle();
		IS(CALL2(x.s[i].t, SYS_EP_RECV, x.ep[i], 0, 0), BLOCKED);
	}
	x.c = new_thread(1, 110, 0);
	settle();
	IS(CALL2(x.c.t, SYS_EP_CALL, x.ep[0], 0, 0), BLOCKED);
	IS(CALL2(x.s[0].t, SYS_EP_CALL, x.ep[1], 0, deadline_of_middle), BLOCKED);
	IS(CALL2(x.s[1].t, SYS_EP_CALL, x.ep[2], 0, 0), BLOCKED);
	IS(CPU(1)->current, x.s[2].t);
	IS(TH(x.s[2].t)->running_on, page_of(x.c.sched));
	IS(TH(x.s[2].t)->eprio, 110);
	return x;
}

/* Whoever called the second server has the client's time; the last goes on with its own. */
static void first_has_it(const struct chain *x)
{
	IS(TH(x->s[0].t)->running_on, page_of(x->c.sched));
	IS(TH(x->s[0].t)->eprio, 110);
	IS(TH(x->s[2].t)->state, THREAD_READY);
	IS(TH(x->s[2].t)->running_on, page_of(x->s[2].sched));
	IS(TH(x->s[2].t)->eprio, 90);
	IS(TH(x->c.t)->state, THREAD_REPLY);
	IS(CPU(1)->current, x->s[0].t);
}

TEST(sched_middle_timeout, "a server whose own call times out takes the time of its client back")
{
	struct chain x = new_chain(host.clock + 10);

	host_advance(11);
	settle();
	IS(result(x.s[0].t), ERRNO_DONE_TIMEOUT);
	first_has_it(&x);
	/* The answer goes on, the time with it. */
	IS(CALL2(x.s[0].t, SYS_EP_REPLY_RECV, x.ep[0], 0, 0), BLOCKED);
	IS(CPU(1)->current, x.c.t);
	IS(TH(x.c.t)->running_on, page_of(x.c.sched));
	/* What the others still answer to each other changes nothing. */
	IS(CALL0(x.c.t, SYS_THREAD_STOP, x.c.thread), BLOCKED);
	run(x.s[2].t);
	IS(CALL2(x.s[2].t, SYS_EP_REPLY_RECV, x.ep[2], 0, 0), BLOCKED);
	IS(TH(x.s[1].t)->running_on, page_of(x.s[1].sched));
}

TEST(sched_middle_gone, "a server whose call is dropped takes the time of its client back")
{
	struct chain x = new_chain(0);

	delete_all(x.s[1].thread);
	settle();
	IS(result(x.s[0].t), ERRNO_DONE_GONE);
	first_has_it(&x);
}

TEST(sched_middle_stops, "a server that is stopped or dies takes the time from who works for it")
{
	for (u32 how = 0; how < 3; how++) {
		struct chain x = new_chain(0);

		if (how == 0)
			IS(CALL0(root, SYS_THREAD_STOP, x.s[1].thread), ERRNO_OK);
		else
			delete_all(how == 1 ? x.s[1].sched : x.s[1].thread);
		settle();
		IS(TH(x.s[2].t)->running_on, page_of(x.s[2].sched));
		IS(TH(x.s[2].t)->eprio, 90);
		if (how == 2) {
			IS(TH(x.s[0].t)->running_on, page_of(x.c.sched));
		} else {
			/* It holds the right to answer still: the client's time waits for that. */
			IS(SC(page_of(x.c.sched))->runner, NIL);
			IS(TH(x.s[0].t)->state, THREAD_REPLY);
		}
		for (u32 i = 0; i < 3; i++) {
			if (how == 0 || i != 1)
				IS(CALL0(root, SYS_THREAD_STOP, x.s[i].thread), ERRNO_OK);
		}
		IS(CALL0(root, SYS_THREAD_STOP, x.c.thread), ERRNO_OK);
	}
}

TEST(sched_client_ends, "a client that ends takes its time back from the end of the chain, for good")
{
	struct chain x = new_chain(host.clock + 1000);

	IS(CALL0(root, SYS_THREAD_STOP, x.c.thread), ERRNO_OK);
	IS(SC(page_of(x.c.sched))->runner, NIL);
	IS(TH(x.s[2].t)->running_on, page_of(x.s[2].sched));
	/* The second server's call fails while the first waits for it, for nobody. */
	delete_all(x.s[2].thread);
	settle();
	IS(result(x.s[1].t), ERRNO_DONE_GONE);
	IS(TH(x.s[1].t)->running_on, page_of(x.s[1].sched));
	IS(SC(page_of(x.c.sched))->runner, NIL);
	host_advance(1001);
	settle();
	/* Its caller waits no more, so the first server's time is its own. */
	IS(result(x.s[0].t), ERRNO_DONE_TIMEOUT);
	IS(TH(x.s[0].t)->running_on, page_of(x.s[0].sched));
	IS(TH(x.s[0].t)->eprio, 90);
	IS(SC(page_of(x.c.sched))->runner, NIL);
}

TEST(sched_stale_link, "who lost what it lent takes nothing from a new chain of the same client")
{
	struct chain x = new_chain(host.clock + 10);
	struct worker d = new_thread(1, 130, 0);
	u64 ep = new_object(OBJ_EP, 2);

	settle();
	IS(CALL2(d.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	host_advance(11);
	settle();
	first_has_it(&x);
	/* The first server asks another now; the second's call fails meanwhile. */
	IS(CALL2(x.s[0].t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(TH(d.t)->running_on, page_of(x.c.sched));
	delete_all(x.s[2].thread);
	settle();
	IS(result(x.s[1].t), ERRNO_DONE_GONE);
	IS(TH(x.s[1].t)->running_on, page_of(x.s[1].sched));
	IS(TH(d.t)->running_on, page_of(x.c.sched));
	IS(CALL2(d.t, SYS_EP_REPLY_RECV, ep, 0, 0), BLOCKED);
	IS(TH(x.s[0].t)->running_on, page_of(x.c.sched));
}

TEST(sched_middle_used_up, "a call that fails brings no time back that is used up; refilled it returns")
{
	struct chain x = new_chain(host.clock + 5000);

	IS(CALL4(root, SYS_SCHED_CONFIGURE, x.c.sched, HANDLE_CPUS, 1, 1000, 50000), ERRNO_OK);
	settle();
	run(x.s[2].t);
	host_advance(1001);
	settle();
	IS(TH(x.s[2].t)->running_on, page_of(x.s[2].sched));
	host_advance(5000);
	settle();
	IS(result(x.s[0].t), ERRNO_DONE_TIMEOUT);
	IS(TH(x.s[0].t)->running_on, page_of(x.s[0].sched));
	host_advance(50000);
	settle();
	run(x.s[0].t);
	IS(CALL2(x.s[0].t, SYS_EP_REPLY_RECV, x.ep[0], 0, 0), BLOCKED);
	IS(TH(x.c.t)->running_on, page_of(x.c.sched));
}

TEST(sched_saved_answer, "an answer through a saved right brings back what was lent along the call")
{
	struct chain x = new_chain(0);
	u64 saved = new_handle();

	IS(CALL1(x.s[2].t, SYS_REPLY_SAVE, 0, saved), ERRNO_OK);
	IS(CALL2(x.s[2].t, SYS_EP_RECV, x.ep[2], 0, 0), BLOCKED);
	IS(SC(page_of(x.c.sched))->runner, NIL);
	IS(CALL3(root, SYS_REPLY, 0, 0, 0, saved), ERRNO_OK);
	IS(TH(x.s[1].t)->running_on, page_of(x.c.sched));
	IS(TH(x.s[1].t)->eprio, 110);
}

TEST(sched_no_own, "a thread that loses its scheduling context stops, and runs again with one")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0), c = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL3(root, SYS_THREAD_BIND, a.thread, THREAD_SCHED, 0, 0), ERRNO_OK);
	IS(TH(a.t)->state, THREAD_STOPPED);
	IS(CALL0(root, SYS_THREAD_RESUME, a.thread), ERRNO_OK);
	IS(CALL2(c.t, SYS_EP_CALL, ep, 0, host.clock + 10), BLOCKED);
	IS(TH(a.t)->running_on, NIL);
	IS(CALL3(root, SYS_THREAD_BIND, a.thread, THREAD_SCHED, a.sched, 0), ERRNO_OK);
	IS(TH(a.t)->running_on, page_of(a.sched));
	IS(result(a.t), ERRNO_DONE_CANCELLED);
}

TEST(sched_cross_not_lent, "across CPUs nothing is lent")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker c = new_thread(0, 100, 0), a = new_thread(1, 100, 0);

	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL2(c.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	settle();
	IS(TH(a.t)->running_on, page_of(a.sched));
	IS(SC(page_of(c.sched))->runner, NIL);
}

TEST(sched_passive,
     "a server without time of its own runs on its clients', and stops when that ends")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker c = new_thread(0, 100, 0), a = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL0(root, SYS_THREAD_STOP, a.thread), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, a.thread), ERRNO_OK);
	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL2(c.t, SYS_EP_CALL, ep, 0, 0), BLOCKED);
	IS(CPU(0)->current, a.t);
	IS(CALL2(a.t, SYS_REPLY, 0, 0, 0), ERRNO_OK);
	IS(TH(a.t)->running_on, page_of(a.sched));
	IS(TH(c.t)->running_on, page_of(c.sched));
}

/* --- time queue ---------------------------------------------------------------------------- */

TEST(timeq_order, "deadlines come in order, however many there are, 16 a kernel entry")
{
	enum { N = 48 };
	u64 n = new_object(OBJ_NOTIF, 0), start = host.clock + 1000;
	struct worker w[N];

	for (u32 i = 0; i < N; i++) {
		w[i] = new_thread(0, 100, 0);
		IS(CALL1(w[i].t, SYS_NOTIF_WAIT, n, start + (i * 29 % N) * 10), BLOCKED);
	}
	for (u32 k = 0; k < N; k++) {
		host.clock = start + k * 10;
		settle();
		for (u32 i = 0; i < N; i++)
			IS(result(w[i].t), i * 29 % N <= k ? ERRNO_DONE_TIMEOUT : BLOCKED);
	}
	IS(CPU(0)->timeq, NIL);
}

TEST(timeq_many_at_once,
     "more deadlines at one time than an entry handles are handled by further entries")
{
	enum { N = 40 };
	u64 n = new_object(OBJ_NOTIF, 0), at = host.clock + 1000;
	struct worker w[N];

	for (u32 i = 0; i < N; i++) {
		w[i] = new_thread(0, 100, 0);
		IS(CALL1(w[i].t, SYS_NOTIF_WAIT, n, at), BLOCKED);
	}
	host.clock = at + 1;
	u64 before = host.entries;
	settle();
	CHECK(host.entries - before >= N / 16);
	for (u32 i = 0; i < N; i++)
		IS(result(w[i].t), ERRNO_DONE_TIMEOUT);
}
