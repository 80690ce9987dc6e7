/* SPDX-License-Identifier: MIT */
/*
 * The longest single calls: each visits as many pages, slots, entries or
 * waiting threads as one call ever does; random.c makes many others.  The
 * figure is the longest of all calls of a kind, not a mean.
 */
#include "bench.h"
#include "fuzz_grammar.h"

enum { PAGES = 64, WAITERS = 33, DEPTH = 15, CHILDREN = 64, OWNERS = 4 };
#define RW (MAP_READ | MAP_WRITE)
#define WORST_AREA 0x50000000000ull

static u64 longest[SYS_MAX + 1];

void worst_took(u32 nr, u64 ticks)
{
	longest[nr] = ticks > longest[nr] ? ticks : longest[nr];
}

static void took(u32 nr, u64 since)
{
	worst_took(nr, counter() - since);
}

/* A row for each call; one that nothing here makes is a gap in the benchmark. */
static void report(void)
{
	char name[48];

	for (u32 i = 0; i < sizeof fuzz_calls / sizeof fuzz_calls[0]; i++) {
		if (longest[fuzz_calls[i].nr] == 0)
			sys_panic("no case of %s", fuzz_calls[i].name);
		(void)sys_format(name, sizeof name, "worst_%s", fuzz_calls[i].name);
		row(name, longest[fuzz_calls[i].nr], 1);
	}
}

static grant_h grant_for(frames_h f, space_h space)
{
	u32 slot = sys_slot();

	sys_must(grant_create(ANY(f), SLOT_OWN(slot), ANY(space), WORST_AREA, PAGES,
			      RIGHT_GRANT_READ | RIGHT_GRANT_WRITE | RIGHT_GRANT_MAP),
		 "grant");
	return (grant_h){ slot };
}

/* Entries scattered, in order, and back; each time over entries that stand there. */
static void entries(void)
{
	static struct sys_space other;
	frames_h f = sys_frames(PAGES);
	grant_h g = grant_for(f, sys_own_space.space), to;
	u64 done, start;

	sys_must(sys_tables(&sys_own_space, WORST_AREA, 1), "tables");
	sys_space_create(&other, 0);
	to = grant_for(f, other.space);
	sys_must(sys_tables(&other, WORST_AREA, 1), "tables");
	for (u32 i = 0; i < 4; i++) {
		start = counter();
		(void)grant_map(g, WORST_AREA, 0, PAGES, i % 2 ? RW : MAP_READ, &done);
		took(SYS_GRANT_MAP, start);
	}
	for (u32 i = 0; i < PAGES; i++) {
		bench_thread.msg[2 * i] = (WORST_AREA + i * SYS_PAGE) | RW;
		bench_thread.msg[2 * i + 1] = PAGES - 1 - i;
	}
	start = counter();
	(void)grant_map_list(g, PAGES, &done, NULL);
	took(SYS_GRANT_MAP_LIST, start);
	start = counter();
	(void)space_copy(g, to, WORST_AREA, PAGES, MAP_READ | COPY_PROTECT, &done);
	took(SYS_SPACE_COPY, start);
	start = counter();
	(void)space_harvest(g, WORST_AREA, PAGES, &done, NULL, NULL);
	took(SYS_SPACE_HARVEST, start);
	start = counter();
	(void)grant_unmap(g, WORST_AREA, PAGES, 0, &done);
	took(SYS_GRANT_UNMAP, start);
	start = counter();
	(void)frames_clear(f, 0, PAGES);
	took(SYS_FRAMES_CLEAR, start);
}

static u64 delete_step(slot_t slot)
{
	u64 more = 0, start = counter();

	(void)cap_delete(slot, &more, NULL);
	took(SYS_CAP_DELETE, start);
	return more;
}

static u64 revoke_step(u32 h, u64 *ticket)
{
	u64 more = 0, start = counter();

	(void)cap_revoke((any_h){ h }, &more, ticket);
	took(SYS_CAP_REVOKE, start);
	return more;
}

static void drain(u64 ticket)
{
	u64 more = 1;

	while (more != 0) {
		u64 start = counter();
		(void)cap_drain(ticket, &more);
		took(SYS_CAP_DRAIN, start);
	}
}

/* A tree as deep as allowed, with children on every level. */
static u32 tree(void)
{
	u32 top = sys_ep().h;

	for (u32 i = 0, h = top; i < DEPTH && h != 0; i++) {
		for (u32 k = 0; k < CHILDREN / DEPTH; k++)
			(void)sys_derive((any_h){ h }, 0, 0);
		h = sys_derive((any_h){ h }, 0, 0);
	}
	return top;
}

/* A page of slots that holds frames, which are destroyed with it, many at a time. */
static slots_h full_slots(void)
{
	table_h t = sys_table();
	slots_h page = sys_slots();

	sys_must(table_attach(t, page, 0), "attach");
	for (u64 i = 1; i <= OWNERS; i++)
		sys_must(cap_move(SLOT_OWN(sys_frames(PAGES).h), (slot_t){ (u64)t.h << 32 | i }),
			 "move");
	return page;
}

static void deleting(void)
{
	u64 ticket = 0;
	u32 root = tree(), revoked = tree(), full = full_slots().h;
	frames_h f = sys_frames(PAGES);

	while (revoke_step(revoked, &ticket) != 0)
		continue;
	while (delete_step(SLOT_OWN(root)) != 0)
		continue;
	while (delete_step(SLOT_OWN(f.h)) != 0)
		continue;
	/* It waits for its destruction, which whoever asks for it gets done. */
	u64 more, start = counter();
	(void)cap_delete(SLOT_OWN(full), &more, &ticket);
	took(SYS_CAP_DELETE, start);
	drain(ticket);
}

/* --- messages of 448 words and four capabilities ------------------------------------------ */

#define LONGEST (MSG_WORDS_MAX | (u64)MSG_CAPS_MAX << TAG_CAPS_SHIFT)

/* What th sends, and where it receives: as much as a message can carry. */
static void fill(volatile u64 *page, u32 sent)
{
	for (u32 i = 0; i < MSG_CAPS_MAX; i++) {
		page[MSG_SEND_CAPS + 4 * i] = sent;
		page[MSG_SEND_CAPS + 4 * i + 1] = RIGHT_EP_SEND;
		page[MSG_SEND_CAPS + 4 * i + 2] = 0;
		page[MSG_RECV_SLOTS + i] = sys_slot();
	}
}

static struct helper *party(u32 prio, ep_h ep, void (*fn)(struct helper *))
{
	struct helper *h = helper(prio, 0, 0, NULL, fn);

	h->ep = ep;
	fill(h->t.msg, ep.h);
	helper_start(h);
	return h;
}

static void receive(struct helper *h)
{
	struct msg m = { 0 };

	(void)ep_recv(h->ep, &m, 0);
	h->stamp = counter();
}

static void serve(struct helper *h)
{
	struct msg m = { 0 };

	(void)ep_recv(h->ep, &m, 0);
	h->stamp = counter();
	m.tag = LONGEST;
	u64 start = counter();
	(void)reply(&m, (reply_h){ 0 });
	took(SYS_REPLY, start);
}

static void send(struct helper *h)
{
	struct msg m = { .tag = LONGEST };

	(void)ep_send(h->ep, &m, 0);
}

static void call(struct helper *h)
{
	struct msg m = { .tag = LONGEST };

	(void)ep_call(h->ep, &m, 0);
}

static void wait_signal(struct helper *h)
{
	(void)notif_wait(h->notif, 0, NULL);
	h->stamp = counter();
}

/* Until those below have run as far as they can. */
static void let_run(void)
{
	static notif_h never;

	if (never.h == 0)
		never = sys_notif();
	(void)notif_wait(never, sys_after(1000), NULL);
}

/* To one that waits below, and to one that waits above and goes on at once. */
static void sending(void)
{
	ep_h ep = sys_ep(), calls = sys_ep();
	struct helper *below = party(PRIO_LOW, ep, receive);
	struct helper *server = party(PRIO_HIGH, calls, serve);
	struct msg m = { .tag = LONGEST };

	let_run();
	fill(bench_thread.msg, ep.h);
	u64 start = counter();
	(void)ep_send(ep, &m, 0);
	took(SYS_EP_SEND, start);
	m.tag = LONGEST;
	start = counter();
	(void)ep_call(calls, &m, 0);
	worst_took(SYS_EP_CALL, server->stamp - start);
	let_run();
	helper_end(below);
	helper_end(server);
}

/* From those that wait below; the second time with an answer as long. */
static void receiving(void)
{
	ep_h ep = sys_ep();
	struct helper *first = party(PRIO_LOW, ep, call);
	struct helper *second;
	struct msg m = { 0 };

	let_run();
	second = party(PRIO_LOW, ep, send);
	let_run();
	fill(bench_thread.msg, ep.h);
	u64 start = counter();
	(void)ep_recv(ep, &m, 0);
	took(SYS_EP_RECV, start);
	fill(bench_thread.msg, ep.h);
	m.tag = LONGEST;
	start = counter();
	(void)ep_reply_recv(ep, &m, 0, (reply_h){ 0 });
	took(SYS_EP_REPLY_RECV, start);
	let_run();
	helper_end(first);
	helper_end(second);
}

static void signalling(void)
{
	struct helper *h = helper(PRIO_HIGH, 0, 0, NULL, wait_signal);

	h->notif = sys_notif();
	helper_start(h);
	u64 start = counter();
	(void)notif_signal(h->notif, 1);
	worst_took(SYS_NOTIF_SIGNAL, h->stamp - start);
	helper_end(h);
}

static void stamp(struct helper *h)
{
	h->stamp = counter();
}

/* Until the next thread runs: one that is ready too, and one that was below. */
static void giving_way(void)
{
	struct helper *beside = helper(PRIO_BENCH, 0, 0, NULL, stamp);
	struct helper *below = helper(PRIO_LOW, 0, 0, NULL, stamp);
	notif_h n = sys_notif();

	helper_start(beside);
	helper_start(below);
	u64 start = counter();
	thread_yield();
	worst_took(SYS_THREAD_YIELD, beside->stamp - start);
	start = counter();
	(void)notif_wait(n, sys_after(1000), NULL);
	worst_took(SYS_NOTIF_WAIT, below->stamp - start);
	helper_end(beside);
	helper_end(below);
}

/* One more waits than a single call ends. */
static void waiters(bool cancel)
{
	struct helper *h[WAITERS];
	ep_h ep = sys_ep();
	u64 more = 1, ticket = 0;

	for (u32 i = 0; i < WAITERS; i++)
		h[i] = party(PRIO_LOW, ep, call);
	let_run();
	while (cancel && more != 0) {
		u64 start = counter();
		(void)ep_cancel(ep, 0, ticket, &more, &ticket);
		took(SYS_EP_CANCEL, start);
	}
	while (!cancel && delete_step(SLOT_OWN(ep.h)) != 0)
		continue;
	for (u32 i = 0; i < WAITERS; i++)
		helper_end(h[i]);
}

static void console(void)
{
	const u64 text = 0x2020202020202320; /* " #      " */
	u64 start = counter();

	(void)system_debug_write((system_h){ HANDLE_SYSTEM }, 24, text, text,
				 (u64)'\n' << 56 | text >> 8);
	took(SYS_SYSTEM_DEBUG_WRITE, start);
}

void bench_worst(void)
{
	entries();
	deleting();
	sending();
	receiving();
	signalling();
	giving_way();
	waiters(false);
	waiters(true);
	console();
	bench_device();
	bench_random();
	report();
}
