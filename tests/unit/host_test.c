/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine itself: it must notice what it is there to notice.
 */
#include "harness.h"

#include <string.h>

static u64 frames, grant;

/* A frame mapped at address 0 of root's space. */
static void map_one(void)
{
	frames = new_frames(2);
	grant = new_handle();
	new_ptables(HANDLE_SPACE, 0);
	IS(call(root, SYS_GRANT_CREATE, frames, grant, HANDLE_SPACE, 0, 512, 15), ERRNO_OK);
	IS(CALL4(root, SYS_GRANT_MAP, grant, 0, 0, 1, MAP_READ | MAP_WRITE), ERRNO_OK);
}

static void unmap_it(void)
{
	IS(CALL3(root, SYS_GRANT_UNMAP, grant, 0, 1, 0), ERRNO_OK);
}

static bool failed_with(const char *what, const char *part)
{
	return what != NULL && strstr(what, part) != NULL;
}

TEST(host_sees_missing_flush, "an unmap without flush is noticed")
{
	map_one();
	IS(touch(root, 0, HOST_WRITE), page_of(frames));
	host.knobs.skip_flush = true;
	CHECK(failed_with(failure_of(unmap_it), "missing flush"));
}

TEST(host_flush_in_place, "with the flush, an unmapped page is reached no more, from no CPU")
{
	struct worker w = new_thread(1, 100, 0);

	map_one();
	IS(touch(root, 8, HOST_WRITE), page_of(frames));
	IS(touch(w.t, 0, HOST_READ), page_of(frames));
	unmap_it();
	IS(touch(root, 0, HOST_READ), NIL);
	IS(touch(w.t, 0, HOST_READ), NIL);
}

TEST(host_stale_space, "a CPU that has left a space flushes it before it uses it again")
{
	struct worker w = new_thread(1, 100, 0), x = new_thread(1, 100, 0);
	u64 space = new_object(OBJ_SPACE, 0);

	map_one();
	IS(CALL0(root, SYS_THREAD_STOP, x.thread), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, x.thread, THREAD_SPACE, space, 0), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, x.thread), ERRNO_OK);
	IS(touch(w.t, 0, HOST_READ), page_of(frames));
	run(x.t);
	IS(host.cpu[1].space, page_of(space));
	unmap_it();
	CHECK((SP(host_root.space)->stale & 2) != 0);
	run(w.t);
	IS(touch(w.t, 0, HOST_READ), NIL);
}

static void delete_ep(void)
{
	delete_all(grant);
}

TEST(host_sees_missing_clear, "an object that is not cleared when it is freed is noticed")
{
	grant = new_object(OBJ_EP, 0);
	host.knobs.skip_clear = true;
	CHECK(failed_with(failure_of(delete_ep), "not cleared"));
}

static void write_free_page(void)
{
	host_journal_start();
	arch_page_clear(1000);
	host.was_global = true;
	host_journal_end(0);
}

TEST(host_sees_free_written, "a write to a free page is noticed")
{
	CHECK(failed_with(failure_of(write_free_page), "free page was written"));
}

static void lock_twice(void)
{
	arch_lock(&CPU(0)->lock);
	arch_lock(&CPU(0)->lock);
}

static void lock_backwards(void)
{
	arch_lock(&CPU(0)->lock);
	arch_lock(&CPU(1)->lock);
}

TEST(host_sees_deadlock, "a lock taken twice, or out of order, is noticed")
{
	CHECK(failed_with(failure_of(lock_twice), "deadlock"));
	CPU(0)->lock = (struct lock){ 0, 0 };
	host.held_count = 0;
	CHECK(failed_with(failure_of(lock_backwards), "out of order"));
	CPU(0)->lock = (struct lock){ 0, 0 };
	host.held_count = 0;
}

static void break_a_link(void)
{
	SLOT(slot_of(grant))->next = slot_of(HANDLE_TABLE);
	check_now();
}

TEST(host_sees_broken_tree, "a broken link in the tree of capabilities is noticed")
{
	grant = derive(HANDLE_SPACE, 1, 0);
	u32 next = SLOT(slot_of(grant))->next;
	CHECK(failed_with(failure_of(break_a_link), "cap_"));
	SLOT(slot_of(grant))->next = next;
}
