/* SPDX-License-Identifier: MIT */
/*
 * Threads: binding, starting, stopping on any CPU, registers, faults.
 */
#include "harness.h"

TEST(thread_start_regs, "a started thread has its address, stack and argument, and zeros")
{
	struct worker w = new_thread(0, 100, 0);

	run(w.t);
	for (u32 i = 0; i < REG_COUNT; i++) {
		u64 wanted = i == REG_RIP      ? 0x1000
			     : i == REG_RSP    ? 0x8000
			     : i == REG_RDI    ? 7
			     : i == REG_RFLAGS ? HOST_USER_FLAGS
					       : 0;
		IS(regs(w.t)[i], wanted);
	}
}

TEST(thread_start_checks,
     "a thread without a space, or at an address no program has, is not started")
{
	u64 th = new_object(OBJ_THREAD, 0);

	IS(CALL3(root, SYS_THREAD_START, th, 0x1000, 0, 0), ERRNO_STATE);
	IS(CALL0(root, SYS_THREAD_RESUME, th), ERRNO_STATE);
	IS(CALL3(root, SYS_THREAD_BIND, th, THREAD_SPACE, HANDLE_SPACE, 0), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_START, th, 0x7ffffffff000, 0, 0), ERRNO_ARG);
	IS(CALL3(root, SYS_THREAD_START, th, 1ull << 63, 0, 0), ERRNO_ARG);
	IS(CALL3(root, SYS_THREAD_START, th, 0x1000, 0, 0), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_START, th, 0x1000, 0, 0), ERRNO_STATE);
	IS(TH(page_of(th))->state, THREAD_READY);
	CHECK(!TH(page_of(th))->queued); /* nothing to run on */
}

TEST(thread_bind_types, "each binding takes its type and needs its rights")
{
	u64 th = new_object(OBJ_THREAD, 0), space = derive(HANDLE_SPACE, RIGHT_SPACE_GRANT, 0);
	u64 ep = new_object(OBJ_EP, 0), badged = derive(ep, RIGHTS_ALL_EP, 4);

	IS(CALL3(root, SYS_THREAD_BIND, th, THREAD_SPACE, HANDLE_TABLE, 0), ERRNO_TYPE);
	IS(CALL3(root, SYS_THREAD_BIND, th, THREAD_SPACE, space, 0), ERRNO_RIGHTS);
	IS(CALL3(root, SYS_THREAD_BIND, th, THREAD_SPACE, HANDLE_SPACE, 1), ERRNO_ARG);
	IS(CALL3(root, SYS_THREAD_BIND, th, THREAD_FAULT, badged, 5), ERRNO_ARG);
	IS(CALL3(root, SYS_THREAD_BIND, th, THREAD_FAULT, ep, 5), ERRNO_OK);
	IS(SLOT(SLOT_OF(page_of(th), TSLOT_FAULT))->badge, 5);
	IS(CALL3(root, SYS_THREAD_BIND, th, THREAD_SCHED, HANDLE_SCHED, 0), ERRNO_STATE);
	IS(CALL3(root, SYS_THREAD_BIND, th, 6, HANDLE_SCHED, 0), ERRNO_ARG);
}

TEST(thread_bind_msg, "of the frames that a thread is given for messages it keeps the first page")
{
	u64 th = new_object(OBJ_THREAD, 100 << 8), frames = new_frames(2);
	u32 slot = SLOT_OF(page_of(th), TSLOT_MSG);

	IS(CALL3(root, SYS_THREAD_BIND, th, THREAD_MSG, frames, 0), ERRNO_OK);
	IS(SLOT(slot)->count, 1);
	IS(TH(page_of(th))->msg, SLOT(slot)->first);
}

TEST(thread_bind_running,
     "space, table and message page are changed only while the thread is stopped")
{
	struct worker w = new_thread(1, 100, 0);

	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_TABLE, HANDLE_TABLE, 0), ERRNO_STATE);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_MSG, w.msg, 0), ERRNO_STATE);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_SPACE, HANDLE_SPACE, 0), ERRNO_STATE);
	IS(CALL0(root, SYS_THREAD_STOP, w.thread), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_TABLE, HANDLE_TABLE, 0), ERRNO_OK);
}

TEST(thread_targets_deleted,
     "what a thread is bound to can be deleted; without space or budget it stops")
{
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0);
	u64 space = new_object(OBJ_SPACE, 0), notif = new_object(OBJ_NOTIF, 0),
	    th = new_object(OBJ_THREAD, 0);

	delete_all(a.msg);
	IS(TH(a.t)->msg, NIL);
	IS(TH(a.t)->state, THREAD_READY);
	delete_all(a.sched);
	IS(TH(a.t)->state, THREAD_STOPPED);
	IS(CALL3(root, SYS_THREAD_BIND, b.thread, THREAD_NOTIF, notif, 0), ERRNO_OK);
	delete_all(notif);
	IS(TH(b.t)->notif, NIL);
	IS(CALL3(root, SYS_THREAD_BIND, th, THREAD_SPACE, space, 0), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_START, th, 0x1000, 0, 0), ERRNO_OK);
	delete_all(space);
	IS(TH(page_of(th))->state, THREAD_STOPPED);
	IS(TH(page_of(th))->space, NIL);
}

TEST(thread_space_running, "the space of a thread that runs on another CPU can be deleted")
{
	u64 space = new_object(OBJ_SPACE, 0);
	struct worker w = new_thread(2, 100, 0);

	IS(CALL0(root, SYS_THREAD_STOP, w.thread), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_SPACE, space, 0), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	settle();
	IS(CPU(2)->current, w.t);
	IS(host.cpu[2].space, page_of(space));
	delete_all(space);
	IS(TH(w.t)->state, THREAD_STOPPED);
	settle();
	IS(host.cpu[2].space, NIL);
}

TEST(thread_stop_remote, "thread_stop stops a thread on another CPU, with the registers it had")
{
	struct worker w = new_thread(1, 100, 0);

	run(w.t);
	regs(w.t)[REG_R12] = 0x1234;
	regs(w.t)[REG_RIP] = 0x4567;
	IS(CALL0(root, SYS_THREAD_STOP, w.thread), ERRNO_OK);
	IS(TH(w.t)->state, THREAD_STOPPED);
	IS(TH(w.t)->frame.r[REG_R12], 0x1234);
	IS(TH(w.t)->frame.r[REG_RIP], 0x4567);
	settle();
	IS(CPU(1)->current, NIL);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	run(w.t);
	IS(regs(w.t)[REG_RIP], 0x4567);
}

TEST(thread_stop_in_call,
     "a thread stopped on its way into a system call makes it when it is resumed")
{
	struct worker w = new_thread(1, 100, 0);
	u64 n = new_object(OBJ_NOTIF, 0);

	prepare(w.t, SYS_NOTIF_SIGNAL, n, 4, 0, 0, 0, 0);
	regs(w.t)[REG_RIP] = 0x2000;
	host_begin(1, HOST_SYSCALL, 0, 0, 0);
	IS(CALL0(root, SYS_THREAD_STOP, w.thread), ERRNO_OK);
	finish(1);
	IS(NT(page_of(n))->word, 0);
	IS(TH(w.t)->frame.r[REG_RIP], 0x2000);
	IS(TH(w.t)->frame.r[REG_RAX], SYS_NOTIF_SIGNAL);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	run(w.t);
	IS(regs(w.t)[REG_RIP], 0x2000);
}

TEST(thread_destroy_in_call, "a thread can be destroyed while it waits to enter the kernel")
{
	struct worker w = new_thread(1, 100, 0);
	u64 n = new_object(OBJ_NOTIF, 0);

	prepare(w.t, SYS_NOTIF_SIGNAL, n, 4, 0, 0, 0, 0);
	host_begin(1, HOST_SYSCALL, 0, 0, 0);
	delete_all(w.thread);
	finish(1);
	IS(NT(page_of(n))->word, 0);
	IS(CPU(1)->current, NIL);
}

TEST(thread_stop_waiting, "stopping a waiting thread cancels what it waits for")
{
	u64 ep = new_object(OBJ_EP, 0), n = new_object(OBJ_NOTIF, 3);
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0);

	IS(CALL2(a.t, SYS_EP_RECV, ep, 0, host.clock + 100), BLOCKED);
	IS(CALL1(b.t, SYS_NOTIF_WAIT, n, host.clock + 100), BLOCKED);
	IS(CALL0(root, SYS_THREAD_STOP, a.thread), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_STOP, b.thread), ERRNO_OK);
	IS(result(a.t), ERRNO_DONE_CANCELLED);
	IS(result(b.t), ERRNO_DONE_CANCELLED);
	IS(EP(page_of(ep))->head, NIL);
	CHECK(!TN(a.t)->queued && !TN(b.t)->queued);
	host_advance(200);
	settle();
	IS(result(a.t), ERRNO_DONE_CANCELLED);
}

TEST(thread_stop_self, "a thread can stop, and destroy, itself")
{
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0);

	IS(CALL0(a.t, SYS_THREAD_STOP, a.thread), BLOCKED);
	IS(TH(a.t)->state, THREAD_STOPPED);
	IS(CALL1(b.t, SYS_CAP_DELETE, 0, b.thread), BLOCKED);
	IS(PD(b.t)->type, PAGE_FREE);
	IS(CPU(1)->current, NIL);
}

TEST(thread_set_cpu, "a stopped thread and its budget move to another CPU")
{
	struct worker w = new_thread(1, 100, 0);
	u64 none = new_handle(), one = new_handle();

	IS(CALL2(root, SYS_THREAD_SET_CPU, w.thread, HANDLE_CPUS, 2), ERRNO_STATE);
	IS(CALL0(root, SYS_THREAD_STOP, w.thread), ERRNO_OK);
	IS(CALL2(root, SYS_THREAD_SET_CPU, w.thread, HANDLE_CPUS, 3), ERRNO_RANGE);
	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_CPUS, none, 1, 1, 0), ERRNO_OK);
	IS(CALL2(root, SYS_THREAD_SET_CPU, w.thread, none, 0), ERRNO_RIGHTS);
	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_CPUS, one, 1, 1, RIGHTS_ALL_CPUS), ERRNO_OK);
	IS(CALL2(root, SYS_THREAD_SET_CPU, w.thread, one, 1), ERRNO_RANGE);
	IS(CALL2(root, SYS_THREAD_SET_CPU, w.thread, HANDLE_CPUS, 2), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	settle();
	IS(CPU(2)->current, w.t);
	IS(SC(page_of(w.sched))->cpu, 2);
}

/* --- registers ------------------------------------------------------------------------ */

TEST(thread_regs, "registers are read and written, and made harmless")
{
	struct worker a = new_thread(0, 100, 0), b = new_thread(1, 100, 0);

	IS(CALL1(root, SYS_THREAD_GET_REGS, b.thread, REGS_GENERAL), ERRNO_MSG_PAGE);
	IS(CALL1(a.t, SYS_THREAD_GET_REGS, b.thread, REGS_GENERAL), ERRNO_STATE);
	run(b.t);
	for (u32 i = 0; i < REG_RSP; i++)
		regs(b.t)[i] = 100 + i;
	IS(CALL0(root, SYS_THREAD_STOP, b.thread), ERRNO_OK);
	IS(CALL1(a.t, SYS_THREAD_GET_REGS, b.thread, REGS_GENERAL), ERRNO_OK);
	IS(out(a.t, 0), REG_COUNT * 8);
	IS(out(a.t, 1), 1);
	IS(WORD(a.msg_page, 0), 100 + REG_RAX);
	IS(WORD(a.msg_page, 16), 0x1000);
	WORD(a.msg_page, 16) = 1ull << 63;
	WORD(a.msg_page, 17) = ~0ull;
	WORD(a.msg_page, 18) = ~0ull;
	IS(CALL1(a.t, SYS_THREAD_SET_REGS, b.thread, REGS_GENERAL), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, b.thread), ERRNO_OK);
	run(b.t);
	IS(regs(b.t)[REG_RFLAGS], HOST_USER_FLAGS);
}

TEST(thread_fpu, "threads with an FPU keep what they have in it; those without leave nothing")
{
	struct worker a = new_thread(1, 100, THREAD_FPU), b = new_thread(1, 100, THREAD_FPU);
	struct worker c = new_thread(1, 100, 0);

	run(a.t);
	host.cpu[1].xstate[3] = 0xaaaa;
	run(b.t);
	IS(host.cpu[1].xstate[3], 0);
	host.cpu[1].xstate[3] = 0xbbbb;
	run(c.t);
	IS(host.cpu[1].xstate[3], 0);
	run(a.t);
	IS(host.cpu[1].xstate[3], 0xaaaa);
	IS(CALL0(root, SYS_THREAD_STOP, a.thread), ERRNO_OK);
	struct worker d = new_thread(0, 100, 0);
	IS(CALL1(d.t, SYS_THREAD_GET_REGS, a.thread, REGS_XSTATE), ERRNO_OK);
	IS(WORD(d.msg_page, 3), 0xaaaa);
	WORD(d.msg_page, 3) = 0xcccc;
	WORD(d.msg_page, 0) = ~0ull;
	IS(CALL1(d.t, SYS_THREAD_SET_REGS, a.thread, REGS_XSTATE), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, a.thread), ERRNO_OK);
	run(a.t);
	IS(host.cpu[1].xstate[3], 0xcccc);
	IS(host.cpu[1].xstate[0], 0xffff);
}

TEST(thread_debug, "break points are set on stopped threads")
{
	struct worker w = new_thread(1, 100, 0);

	IS(CALL2(root, SYS_THREAD_DEBUG, w.thread, 0, 0x1000), ERRNO_STATE);
	IS(CALL0(root, SYS_THREAD_STOP, w.thread), ERRNO_OK);
	IS(CALL2(root, SYS_THREAD_DEBUG, w.thread, 0, 1ull << 63), ERRNO_ARG);
	IS(CALL2(root, SYS_THREAD_DEBUG, w.thread, 0, 0x1000), ERRNO_OK);
	IS(TH(w.t)->frame.debug[0], 0x1000);
}

/* --- faults ----------------------------------------------------------------------------- */

TEST(fault_without_handler, "a fault of a thread without fault endpoint stops it")
{
	struct worker w = new_thread(1, 100, 0);

	fault(w.t, FAULT_PAGE, 4, 0x123456);
	IS(TH(w.t)->state, THREAD_STOPPED);
	IS(TH(w.t)->fault_addr, 0x123456);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	run(w.t);
}

static void with_handler(u32 cpu, u32 handler_cpu, bool waits)
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker w = new_thread(cpu, 100, 0), h = new_thread(handler_cpu, 100, 0);

	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_FAULT, ep, 0x99), ERRNO_OK);
	if (waits)
		IS(CALL2(h.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	run(w.t);
	regs(w.t)[REG_R15] = 0xf15;
	regs(w.t)[REG_RIP] = 0x1000;
	fault(w.t, FAULT_PAGE, 6, 0x5000);
	settle();
	if (!waits)
		IS(CALL2(h.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(result(h.t), ERRNO_OK);
	IS(out(h.t, 0), 0x99);
	IS(TAG_LABEL(out(h.t, 1)), FAULT_PAGE);
	IS(TAG_LENGTH(out(h.t, 1)), 8);
	IS(word(h.t, 0), 6);
	IS(word(h.t, 1), 0x5000);
	IS(word(h.t, 2), 0x1000);
	IS(word(h.t, 3), 0x8000);
	IS(CALL1(h.t, SYS_THREAD_GET_REGS, w.thread, REGS_GENERAL), ERRNO_OK);
	IS(out(h.t, 1), 0);
	IS(WORD(h.msg_page, 15), 0xf15);
	IS(CALL2(h.t, SYS_REPLY, 0, (u64)FAULT_RESUME << TAG_LABEL_SHIFT, 0), ERRNO_OK);
	settle();
	IS(TH(w.t)->state, THREAD_READY);
	run(w.t);
	IS(regs(w.t)[REG_R15], 0xf15);
	IS(regs(w.t)[REG_RIP], 0x1000);
}

TEST(fault_handled,
     "a fault becomes a message, its registers can be read, and its answer lets the thread go on")
{
	with_handler(0, 0, true);
	with_handler(0, 0, false);
	with_handler(1, 2, true);
	with_handler(2, 0, false);
}

TEST(fault_answers, "the answer to a fault can set all registers, or leave the thread stopped")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker w = new_thread(0, 100, 0), h = new_thread(0, 100, 0);

	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_FAULT, ep, 0), ERRNO_OK);
	fault(w.t, FAULT_EXCEPTION, 13ull << 32, 0);
	IS(CALL2(h.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	WORD(h.msg_page, 8 + 16) = 0x3000;
	IS(CALL2(h.t, SYS_REPLY, 0, (u64)FAULT_REGS << TAG_LABEL_SHIFT | (8 + REG_COUNT), 0),
	   ERRNO_OK);
	run(w.t);
	IS(regs(w.t)[REG_RIP], 0x3000);
	fault(w.t, FAULT_PAGE, 4, 0);
	IS(CALL2(h.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	IS(CALL2(h.t, SYS_REPLY, 0, (u64)FAULT_STOP << TAG_LABEL_SHIFT, 0), ERRNO_OK);
	IS(TH(w.t)->state, THREAD_STOPPED);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	run(w.t);
}

TEST(fault_handler_dies, "a thread whose fault handler dies stays stopped")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker w = new_thread(1, 100, 0), h = new_thread(0, 100, 0);

	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_FAULT, ep, 0), ERRNO_OK);
	fault(w.t, FAULT_PAGE, 4, 0);
	settle();
	IS(CALL2(h.t, SYS_EP_RECV, ep, 0, 0), ERRNO_OK);
	delete_all(h.thread);
	settle();
	IS(TH(w.t)->state, THREAD_STOPPED);
}

/* Worker 1 stops on CPU 1 between its fault and the kernel's lock. */
static struct worker stopped_in_fault(u64 ep, u32 kind, u64 code)
{
	struct worker w = new_thread(1, 100, 0);

	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_FAULT, ep, 0x77), ERRNO_OK);
	run(w.t);
	host_begin(1, HOST_FAULT, kind, code, 0x4444);
	IS(CALL0(root, SYS_THREAD_STOP, w.thread), ERRNO_OK);
	finish(1);
	IS(TH(w.t)->state, THREAD_STOPPED);
	IS(TH(w.t)->fault, 0);
	return w;
}

static void expect_debug(struct worker h, u64 ep)
{
	IS(CALL2(h.t, SYS_EP_RECV, ep, TAG_NONBLOCK, 0), ERRNO_OK);
	IS(out(h.t, 0), 0x77);
	IS(TAG_LABEL(out(h.t, 1)), FAULT_DEBUG);
	IS(word(h.t, 0), 0x4000);
	IS(word(h.t, 1), 0x4444);
}

TEST(fault_stopped, "a debug event of a thread that is stopped at that moment is told when it goes on")
{
	for (u32 at = 0; at < 3; at++) {
		u64 ep = new_object(OBJ_EP, at);
		struct worker h = new_thread(2, 100, 0);
		struct worker w = stopped_in_fault(ep, FAULT_DEBUG, 0x4000);

		IS(CALL2(h.t, SYS_EP_RECV, ep, TAG_NONBLOCK, 0), ERRNO_WOULD_BLOCK);
		if (at == 2)
			IS(CALL2(h.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
		IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
		settle();
		if (at == 2) {
			IS(result(h.t), ERRNO_OK);
			IS(TAG_LABEL(out(h.t, 1)), FAULT_DEBUG);
		} else {
			/* Stopped again before anybody has heard of it. */
			IS(CALL0(root, SYS_THREAD_STOP, w.thread), ERRNO_OK);
			IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
			expect_debug(h, ep);
		}
		IS(CALL2(h.t, SYS_REPLY, 0, (u64)FAULT_RESUME << TAG_LABEL_SHIFT, 0), ERRNO_OK);
		settle();
		run(w.t);
		IS(CALL0(root, SYS_THREAD_STOP, w.thread), ERRNO_OK);
		IS(CALL0(root, SYS_THREAD_STOP, h.thread), ERRNO_OK);
		/* It was told once. */
		IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
		run(w.t);
	}
}

TEST(fault_stopped_page, "a page fault of a thread that is stopped is not told: it comes again")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker w = stopped_in_fault(ep, FAULT_PAGE, 4);

	IS(TH(w.t)->pending, 0);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	run(w.t);
}

TEST(fault_stopped_new, "who is started anew, gets new registers, or has no handler, tells nothing old")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker w = stopped_in_fault(ep, FAULT_DEBUG, 0x4000);

	IS(CALL3(root, SYS_THREAD_START, w.thread, 0x1000, 0, 0), ERRNO_OK);
	run(w.t);
	w = stopped_in_fault(ep, FAULT_DEBUG, 0x4000);
	IS(CALL1(root, SYS_THREAD_GET_REGS, w.thread, REGS_GENERAL), ERRNO_MSG_PAGE);
	struct worker h = new_thread(0, 100, 0);
	IS(CALL1(h.t, SYS_THREAD_GET_REGS, w.thread, REGS_GENERAL), ERRNO_OK);
	IS(CALL1(h.t, SYS_THREAD_SET_REGS, w.thread, REGS_GENERAL), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	run(w.t);
	w = stopped_in_fault(ep, FAULT_DEBUG, 0x4000);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_FAULT, 0, 0), ERRNO_OK);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	IS(TH(w.t)->state, THREAD_STOPPED);
	IS(TH(w.t)->fault, FAULT_DEBUG);
	IS(CALL0(root, SYS_THREAD_RESUME, w.thread), ERRNO_OK);
	run(w.t);
}

TEST(fault_foreign,
     "a system call of a foreign thread becomes a message, and the answer its result")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker h = new_thread(0, 100, 0);

	IS(CALL2(h.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	struct worker w = new_thread(0, 100, THREAD_FOREIGN);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_FAULT, ep, 0), ERRNO_OK);
	run(w.t);
	for (u32 i = 0; i < REG_RSP; i++)
		regs(w.t)[i] = 100 + i;
	enter(0, HOST_SYSCALL, 0);
	IS(result(h.t), ERRNO_OK);
	IS(TAG_LABEL(out(h.t, 1)), FAULT_SYSCALL);
	IS(word(h.t, 0), 100 + REG_RAX);
	IS(word(h.t, 1), 100 + REG_RDI);
	IS(word(h.t, 6), 100 + REG_R9);
	set_word(h.t, 0, 0xabcd);
	IS(CALL2(h.t, SYS_EP_REPLY_RECV, ep, (u64)FAULT_RESULT << TAG_LABEL_SHIFT | 1, 0), BLOCKED);
	run(w.t);
	IS(regs(w.t)[REG_RAX], 0xabcd);
	IS(regs(w.t)[REG_RBX], 100 + REG_RBX);
	IS(regs(w.t)[REG_RDI], 100 + REG_RDI);
}

TEST(fault_answer_long, "an answer to a fault is checked like any message")
{
	u64 ep = new_object(OBJ_EP, 0);
	struct worker w = new_thread(0, 100, 0), h = new_thread(0, 100, 0);

	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_FAULT, ep, 0), ERRNO_OK);
	IS(CALL2(h.t, SYS_EP_RECV, ep, 0, 0), BLOCKED);
	run(w.t);
	fault(w.t, FAULT_PAGE, 4, 0);
	settle();
	IS(TH(w.t)->state, THREAD_REPLY);
	IS(CALL3(h.t, SYS_EP_REPLY_RECV, ep, MSG_WORDS_MAX + 1, 0, 0), ERRNO_ARG);
	IS(TH(w.t)->state, THREAD_REPLY);
	IS(CALL3(h.t, SYS_EP_REPLY_RECV, ep, 0, 0, 0), BLOCKED);
	IS(TH(w.t)->state, THREAD_READY);
}
