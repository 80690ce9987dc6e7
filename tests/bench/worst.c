/* SPDX-License-Identifier: MIT */
/*
 * The longest single calls: each visits as many pages, slots, entries or
 * waiting threads as one call ever does.  The figure is the longest of all
 * calls made, not a mean.
 */
#include "bench.h"

enum { PAGES = 64, WAITERS = 20, DEPTH = 15, CHILDREN = 64 };
#define RW (MAP_READ | MAP_WRITE)
#define WORST_AREA 0x50000000000ull

static u64 longest;

static void took(u64 since)
{
	u64 now = counter() - since;

	longest = now > longest ? now : longest;
}

static void report(const char *name)
{
	row(name, longest, 1);
	longest = 0;
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
		took(start);
	}
	report("worst_map_64");
	for (u32 i = 0; i < PAGES; i++) {
		bench_thread.msg[2 * i] = (WORST_AREA + i * SYS_PAGE) | RW;
		bench_thread.msg[2 * i + 1] = PAGES - 1 - i;
	}
	start = counter();
	(void)grant_map_list(g, PAGES, &done, NULL);
	took(start);
	report("worst_map_list_64");
	start = counter();
	(void)space_copy(g, to, WORST_AREA, PAGES, MAP_READ | COPY_PROTECT, &done);
	took(start);
	report("worst_space_copy_64");
	start = counter();
	(void)space_harvest(g, WORST_AREA, PAGES, &done, NULL, NULL);
	took(start);
	start = counter();
	(void)grant_unmap(g, WORST_AREA, PAGES, 0, &done);
	took(start);
	report("worst_unmap_64");
	start = counter();
	(void)frames_clear(f, 0, PAGES);
	took(start);
	report("worst_frames_clear_64");
}

static u64 step(slot_t slot)
{
	u64 more = 0, start = counter();

	(void)cap_delete(slot, &more, NULL);
	took(start);
	return more;
}

/* A tree as deep as allowed, with children on every level. */
static void deleting(void)
{
	ep_h ep = sys_ep();
	u32 h = ep.h;

	for (u32 i = 0; i < DEPTH && h != 0; i++) {
		for (u32 k = 0; k < CHILDREN / DEPTH; k++)
			(void)sys_derive((any_h){ h }, 0, 0);
		h = sys_derive((any_h){ h }, 0, 0);
	}
	while (step(SLOT_OWN(ep.h)) != 0)
		continue;
	frames_h f = sys_frames(PAGES);
	while (step(SLOT_OWN(f.h)) != 0)
		continue;
	table_h t = sys_table();
	sys_must(table_attach(t, sys_slots(), 0), "attach");
	while (step(SLOT_OWN(t.h)) != 0)
		continue;
	report("worst_delete_step");
}

static void wait_there(struct helper *h)
{
	struct msg m = { 0 };

	(void)ep_call(h->ep, &m, 0);
	(void)notif_wait(h->notif, 0, NULL);
}

/* As many threads wait as this program can have. */
static void waiters(void)
{
	struct helper *h[WAITERS];
	ep_h ep = sys_ep();
	notif_h n = sys_notif();

	for (u32 i = 0; i < WAITERS; i++) {
		h[i] = helper(PRIO_HIGH, 0, 0, NULL, wait_there);
		h[i]->ep = ep;
		h[i]->notif = n;
		helper_start(h[i]);
	}
	while (step(SLOT_OWN(ep.h)) != 0)
		continue;
	while (step(SLOT_OWN(n.h)) != 0)
		continue;
	report("worst_destroy_20_waiters");
	for (u32 i = 0; i < WAITERS; i++)
		helper_end(h[i]);
}

static void receive(struct helper *h)
{
	struct msg m = { 0 };

	for (u32 i = 0; i < MSG_CAPS_MAX; i++)
		h->t.msg[MSG_RECV_SLOTS + i] = h->arg + i;
	(void)ep_recv(h->ep, &m, 0);
	h->count = m.tag;
}

/* 448 words and four capabilities. */
static void message(void)
{
	struct helper *h = helper(PRIO_LOW, 0, 0, NULL, receive);
	struct msg m = { .tag = MSG_WORDS_MAX | (u64)MSG_CAPS_MAX << TAG_CAPS_SHIFT };
	notif_h pause = sys_notif();

	h->ep = sys_ep();
	h->arg = sys_slot();
	for (u32 i = 0; i < MSG_CAPS_MAX; i++) {
		(void)sys_slot();
		bench_thread.msg[MSG_SEND_CAPS + 4 * i] = h->ep.h;
		bench_thread.msg[MSG_SEND_CAPS + 4 * i + 1] = RIGHT_EP_SEND;
		bench_thread.msg[MSG_SEND_CAPS + 4 * i + 2] = 0;
	}
	helper_start(h);
	(void)notif_wait(pause, sys_after(1000), NULL);
	u64 start = counter();
	(void)ep_send(h->ep, &m, 0);
	took(start);
	report("worst_message");
}

void bench_worst(void)
{
	entries();
	deleting();
	waiters();
	message();
}
