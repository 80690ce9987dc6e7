/* SPDX-License-Identifier: MIT */
/*
 * Notifications: words of bits that threads set and wait for.
 */
#include "harness.h"

TEST(notif_take, "notif_wait takes bits that were signalled before, and clears them")
{
	u64 n = new_object(OBJ_NOTIF, 0);

	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 5), ERRNO_OK);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 2), ERRNO_OK);
	IS(CALL1(root, SYS_NOTIF_WAIT, n, 0), ERRNO_OK);
	IS(out(root, 0), 7);
	IS(CALL1(root, SYS_NOTIF_WAIT, n, 1), ERRNO_WOULD_BLOCK);
}

TEST(notif_badge, "a capability with a badge signals its badge")
{
	u64 n = new_object(OBJ_NOTIF, 0), b = derive(n, RIGHT_NOTIF_SIGNAL, 0x40);

	IS(CALL1(root, SYS_NOTIF_SIGNAL, b, 1), ERRNO_OK);
	IS(CALL1(root, SYS_NOTIF_WAIT, n, 0), ERRNO_OK);
	IS(out(root, 0), 0x40);
}

TEST(notif_wakes, "a signal wakes the oldest waiter, and only that")
{
	u64 n = new_object(OBJ_NOTIF, 0);
	struct worker a = new_thread(0, 100, 0), b = new_thread(0, 100, 0);

	IS(CALL1(a.t, SYS_NOTIF_WAIT, n, 0), BLOCKED);
	IS(CALL1(b.t, SYS_NOTIF_WAIT, n, 0), BLOCKED);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 8), ERRNO_OK);
	IS(result(a.t), ERRNO_OK);
	IS(out(a.t, 0), 8);
	IS(result(b.t), BLOCKED);
}

TEST(notif_remote, "a signal from another CPU goes through the mailbox")
{
	u64 n = new_object(OBJ_NOTIF, 2); /* home: CPU 1 */
	struct worker a = new_thread(1, 100, 0);

	IS(CALL1(a.t, SYS_NOTIF_WAIT, n, 0), BLOCKED);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 8), ERRNO_OK);
	IS(result(a.t), BLOCKED);
	CHECK(!host.was_global && host.cpu[1].kicked && NT(page_of(n))->mailed == 1);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 1), ERRNO_OK);
	settle();
	IS(result(a.t), ERRNO_OK);
	IS(out(a.t, 0), 9);
	IS(NT(page_of(n))->mailed, 0);
}

TEST(notif_foreign_waiter,
     "a waiter whose home is another CPU is woken by a signal at the notification's home")
{
	u64 n = new_object(OBJ_NOTIF, 1); /* home: CPU 0 */
	struct worker a = new_thread(1, 100, 0);

	IS(CALL1(a.t, SYS_NOTIF_WAIT, n, 0), BLOCKED);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 4), ERRNO_OK);
	settle();
	IS(result(a.t), ERRNO_OK);
	IS(out(a.t, 0), 4);
}

TEST(notif_two_waiters, "of two signals in a mailbox one is for a thread of its CPU, one for another's")
{
	u64 n = new_object(OBJ_NOTIF, 2), m = new_object(OBJ_NOTIF, 2); /* home: CPU 1 */
	struct worker a = new_thread(1, 100, 0), b = new_thread(2, 100, 0), c = new_thread(1, 50, 0);

	IS(CALL1(a.t, SYS_NOTIF_WAIT, n, 0), BLOCKED);
	IS(CALL1(b.t, SYS_NOTIF_WAIT, m, 0), BLOCKED);
	run(c.t);
	/* The last is looked at first, and preempts c. */
	IS(CALL1(root, SYS_NOTIF_SIGNAL, m, 4), ERRNO_OK);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 8), ERRNO_OK);
	enter(1, HOST_KICK, 0);
	CHECK(CPU(1)->current == a.t);
	settle();
	IS(result(a.t), ERRNO_OK);
	IS(out(a.t, 0), 8);
	IS(result(b.t), ERRNO_OK);
	IS(out(b.t, 0), 4);
}

TEST(notif_deadline, "notif_wait ends at its deadline")
{
	u64 n = new_object(OBJ_NOTIF, 0);
	struct worker a = new_thread(0, 100, 0);

	IS(CALL1(a.t, SYS_NOTIF_WAIT, n, host.clock + 500), BLOCKED);
	host_advance(499);
	settle();
	IS(result(a.t), BLOCKED);
	host_advance(2);
	settle();
	IS(result(a.t), ERRNO_DONE_TIMEOUT);
}

TEST(notif_gone, "destroying a notification ends the waits with DONE_GONE, 32 at a time")
{
	u64 n = new_object(OBJ_NOTIF, 0);
	struct worker w[40];

	for (u32 i = 0; i < 40; i++) {
		w[i] = new_thread(i % 3, 100, 0);
		IS(CALL1(w[i].t, SYS_NOTIF_WAIT, n, 0), BLOCKED);
	}
	IS(CALL1(root, SYS_CAP_DELETE, 0, n), ERRNO_OK);
	IS(out(root, 0), 1);
	IS(result(w[31].t), ERRNO_DONE_GONE);
	IS(result(w[32].t), BLOCKED);
	delete_all(n);
	IS(result(w[39].t), ERRNO_DONE_GONE);
}

TEST(notif_bound, "a bound notification ends a receive with DONE_SIGNAL and its bits")
{
	u64 n = new_object(OBJ_NOTIF, 0), ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0);

	IS(CALL3(root, SYS_THREAD_BIND, a.thread, THREAD_NOTIF, n, 0), ERRNO_OK);
	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 6), ERRNO_OK);
	IS(result(a.t), ERRNO_DONE_SIGNAL);
	IS(out(a.t, 0), 6);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 1), ERRNO_OK);
	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), ERRNO_DONE_SIGNAL);
	IS(out(a.t, 0), 1);
	IS(out(a.t, 1), 0);
	IS(CALL1(root, SYS_NOTIF_WAIT, n, 1), ERRNO_STATE);
}

TEST(notif_bind_late, "binding a notification with bits to a thread that receives wakes it")
{
	u64 n = new_object(OBJ_NOTIF, 0), ep = new_object(OBJ_EP, 0);
	struct worker a = new_thread(0, 100, 0);

	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 6), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, a.thread, THREAD_NOTIF, n, 0), ERRNO_OK);
	IS(result(a.t), ERRNO_DONE_SIGNAL);
	IS(out(a.t, 0), 6);
}

TEST(notif_mailed_destroyed, "a notification that lies in a mailbox can be destroyed")
{
	u64 n = new_object(OBJ_NOTIF, 2), m = new_object(OBJ_NOTIF, 2);

	IS(CALL1(root, SYS_NOTIF_SIGNAL, n, 8), ERRNO_OK);
	IS(CALL1(root, SYS_NOTIF_SIGNAL, m, 8), ERRNO_OK);
	delete_all(n);
	settle();
	IS(CALL1(root, SYS_NOTIF_WAIT, m, 0), ERRNO_OK);
}
