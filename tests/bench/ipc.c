/* SPDX-License-Identifier: MIT */
/*
 * Calls and answers: between two spaces, in one space, between CPUs; faults
 * and foreign system calls, which are calls that the kernel makes.
 */
#include "bench.h"

enum { ROUNDS = 1000, FEW = 100, LONG_WORDS = 64, CACHE_WORDS = 8 };

static void serve_0(struct helper *h)
{
	u64 tag = 0, badge;
	struct msg m = { 0 };
	err_t e = ep_recv(h->ep, &m, 0);

	while (err_is_ok(e)) {
		tag = 0;
		e = ep_reply_recv_0(h->ep, &tag, &badge, 0);
	}
}

static void serve_8(struct helper *h)
{
	struct msg m = { 0 };
	err_t e = ep_recv(h->ep, &m, 0);
	struct msg echo = m; /* nothing points to it, so it stays in registers */

	while (err_is_ok(e)) {
		echo.tag = CACHE_WORDS;
		e = ep_reply_recv_8(h->ep, &echo, 0);
	}
}

static void serve_words(struct helper *h)
{
	struct msg m = { 0 };
	err_t e = ep_recv(h->ep, &m, 0);

	while (err_is_ok(e)) {
		m.tag = h->arg;
		e = ep_reply_recv(h->ep, &m, 0, (reply_h){ 0 });
	}
}

static struct helper *server(u32 cpu, struct sys_space *space, void (*fn)(struct helper *),
			     u64 words)
{
	struct helper *h = helper(PRIO_HIGH, cpu, 0, space, fn);

	h->ep = sys_ep();
	h->arg = words;
	helper_start(h);
	return h;
}

static void end_server(struct helper *h)
{
	ep_h ep = h->ep;

	helper_end(h);
	(void)sys_destroy(ANY(ep));
}

static void round_trip_0(const char *name, u32 cpu, struct sys_space *space, u64 rounds)
{
	struct helper *h = server(cpu, space, serve_0, 0);
	u64 tag = 0;

	for (u64 i = 0; i < FEW; i++) {
		tag = 0;
		sys_must(ep_call_0(h->ep, &tag, 0), "call");
	}
	u64 start = counter();
	for (u64 i = 0; i < rounds; i++) {
		tag = 0;
		(void)ep_call_0(h->ep, &tag, 0);
	}
	row(name, counter() - start, rounds);
	end_server(h);
}

/* The words come back as they went. */
static void round_trip_8(const char *name, struct sys_space *space)
{
	struct helper *h = server(0, space, serve_8, 0);
	struct msg m = { .w = { 1, 2, 3, 4, 5, 6, 7, 8 }, .tag = CACHE_WORDS };
	ep_h ep = h->ep;

	for (u64 i = 0; i < FEW; i++) {
		m.tag = CACHE_WORDS;
		sys_must(ep_call_8(ep, &m, 0), "call");
	}
	u64 start = counter();
	for (u64 i = 0; i < ROUNDS; i++) {
		m.tag = CACHE_WORDS;
		(void)ep_call_8(ep, &m, 0);
	}
	row(name, counter() - start, ROUNDS);
	for (u64 i = 0; i < CACHE_WORDS; i++)
		if (m.w[i] != i + 1)
			sys_panic("word %u changed on its way", (unsigned)i);
	end_server(h);
}

static void round_trip_words(const char *name, struct sys_space *space, u64 words)
{
	struct helper *h = server(0, space, serve_words, words);
	struct msg m = { .tag = words };

	for (u64 i = 0; i < FEW; i++)
		sys_must(ep_call(h->ep, &m, 0), "call");
	u64 start = counter();
	for (u64 i = 0; i < ROUNDS; i++) {
		m.tag = words;
		(void)ep_call(h->ep, &m, 0);
	}
	row(name, counter() - start, ROUNDS);
	end_server(h);
}

/* --- faults ------------------------------------------------------------------------ */

static void touch(struct helper *h)
{
	(void)*(volatile u64 *)h->arg;
}

static void null_calls(struct helper *h)
{
	(void)h;
	for (;;)
		(void)thread_yield();
}

/* Every round answers a fault of `fn`, which makes the next one at once. */
static void fault_loop(const char *name, u64 flags, void (*fn)(struct helper *), u64 label,
		       struct sys_space *space)
{
	struct helper *h = helper(PRIO_HIGH, 0, flags, space, fn);
	struct msg m = { 0 };

	h->ep = sys_ep();
	h->arg = AREA;
	sys_must(thread_bind(h->t.thread, THREAD_FAULT, ANY(h->ep), 1), "faults");
	helper_start(h);
	sys_must(ep_recv(h->ep, &m, 0), "first fault");
	u64 start = counter();
	for (u64 i = 0; i < ROUNDS; i++) {
		m.tag = label << TAG_LABEL_SHIFT;
		(void)ep_reply_recv(h->ep, &m, 0, (reply_h){ 0 });
	}
	row(name, counter() - start, ROUNDS);
	m.tag = (u64)FAULT_STOP << TAG_LABEL_SHIFT;
	(void)reply(&m, (reply_h){ 0 });
	end_server(h);
}

void bench_ipc(void)
{
	static struct sys_space other;

	sys_must(sys_space_create_shared(&other, 0), "space");
	round_trip_0("ipc_round_trip_0", 0, &other, ROUNDS);
	round_trip_0("ipc_round_trip_same_space", 0, NULL, ROUNDS);
	round_trip_8("ipc_round_trip_8", &other);
	round_trip_words("ipc_round_trip_8_memory", &other, CACHE_WORDS);
	round_trip_words("ipc_round_trip_64", &other, LONG_WORDS);
	if (sys_info->cpus > 1)
		round_trip_0("ipc_round_trip_cross_cpu", 1, &other, FEW);
	fault_loop("fault_round_trip", 0, touch, FAULT_RESUME, &other);
	fault_loop("foreign_syscall", THREAD_FOREIGN, null_calls, FAULT_RESULT, &other);
	sys_space_destroy(&other);
}
