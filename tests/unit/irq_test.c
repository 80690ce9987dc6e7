/* SPDX-License-Identifier: MIT */
/*
 * Interrupt objects: signals, acknowledgements, vectors.
 */
#include "harness.h"

enum { EDGE = 5, LEVEL = 7 };

static u64 free_offset(void)
{
	u32 p = host_mem.pages - 1;

	while (PD(p)->type != PAGE_FREE)
		p--;
	return p - host_root.memory;
}

static long create(u64 dst, u64 source, u64 number, u64 mode)
{
	return call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, dst, free_offset(), source, number, mode);
}

static u64 new_line(u32 line, u64 mode)
{
	u64 h = new_handle();

	IS(create(h, HANDLE_IRQCTL, line, mode), ERRNO_OK);
	return h;
}

/* One PCI function as a device. */
static u64 new_device(u32 id)
{
	u64 functions = new_handle(), h = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_DEVCTL, functions, id, 1, RIGHTS_ALL_DEVCTL),
	   ERRNO_OK);
	IS(CALL3(root, SYS_DEVICE_CREATE, HANDLE_MEMORY, h, free_offset(), functions), ERRNO_OK);
	return h;
}

static u64 new_message(u64 device)
{
	u64 h = new_handle();

	IS(create(h, device, 0, 0), ERRNO_OK);
	return h;
}

static void bind(u64 irq, u64 notif, u64 bits)
{
	IS(CALL2(root, SYS_IRQ_BIND, irq, notif, bits), ERRNO_OK);
}

static void ack(u64 irq)
{
	IS(CALL0(root, SYS_IRQ_ACK, irq), ERRNO_OK);
}

/* Signalled bits, which are taken; 0: none. */
static u64 bits_of(u64 notif)
{
	settle();
	return CALL1(root, SYS_NOTIF_WAIT, notif, 1) == ERRNO_OK ? out(root, 0) : 0;
}

static void raise(u32 line)
{
	host_raise_line(line);
	settle();
}

TEST(irq_once, "an edge-triggered input is signalled once for each acknowledgement")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_line(EDGE, 0);

	IS(CALL0(root, SYS_IRQ_ACK, irq), ERRNO_STATE);
	bind(irq, n, 6);
	ack(irq);
	raise(EDGE);
	IS(bits_of(n), 6);
	raise(EDGE);
	raise(EDGE);
	IS(bits_of(n), 0);
	CHECK(!host.line[EDGE].masked);
	ack(irq);
	IS(bits_of(n), 6);
	ack(irq);
	IS(bits_of(n), 0);
	raise(EDGE);
	IS(bits_of(n), 6);
}

TEST(irq_level, "a level-triggered input is masked until it is acknowledged")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_line(LEVEL, IRQ_LEVEL);

	bind(irq, n, 1);
	CHECK(host.line[LEVEL].masked);
	ack(irq);
	CHECK(!host.line[LEVEL].masked);
	raise(LEVEL);
	CHECK(host.line[LEVEL].masked);
	IS(bits_of(n), 1);
	IS(IRQ(page_of(irq))->missed, 0);
	ack(irq);
	CHECK(!host.line[LEVEL].masked);
	IS(bits_of(n), 0);
}

TEST(irq_firmware_mode, "how an input is triggered is what the firmware says, if it does")
{
	IS(IRQ(page_of(new_line(9, 0)))->mode, IRQ_LEVEL | IRQ_LOW);
	IS(IRQ(page_of(new_line(EDGE, IRQ_LOW)))->mode, IRQ_LOW);
}

static void storm(u64 irq, u32 line)
{
	ack(irq);
	for (u32 i = 0; i < IRQ_STORM_MAX; i++)
		raise(line);
	CHECK(!host.line[line].masked);
	raise(line);
	CHECK(host.line[line].masked);
}

TEST(irq_storm, "an input that fires a thousand times unacknowledged is masked, and its owner told")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_line(EDGE, 0);

	bind(irq, n, 1);
	storm(irq, EDGE);
	CHECK(bits_of(n) == (1 | IRQ_STORM));
	ack(irq);
	CHECK(!host.line[EDGE].masked);
	IS(bits_of(n), 0);
	raise(EDGE);
	IS(bits_of(n), 1);
}

TEST(irq_badge, "a badged capability lets an interrupt signal its badge only, even in a storm")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_line(EDGE, 0);

	bind(irq, derive(n, RIGHT_NOTIF_SIGNAL, 8), 1);
	storm(irq, EDGE);
	IS(bits_of(n), 8);
}

TEST(irq_home,
     "an interrupt goes to the home of its notification and is acknowledged there locally")
{
	u64 n = new_object(OBJ_NOTIF, 3), irq = new_line(EDGE, 0); /* home: CPU 2 */
	struct worker w = new_thread(2, 100, 0);

	bind(irq, n, 2);
	ack(irq);
	CHECK(host.was_global);
	IS(CALL1(w.t, SYS_NOTIF_WAIT, n, 0), BLOCKED);
	raise(EDGE);
	CHECK(!host.was_global);
	IS(result(w.t), ERRNO_OK);
	IS(out(w.t, 0), 2);
	IS(CALL0(w.t, SYS_IRQ_ACK, irq), ERRNO_OK);
	CHECK(!host.was_global);
}

TEST(irq_missed_remote,
     "an interrupt that was missed is signalled by an acknowledgement on another CPU")
{
	u64 n = new_object(OBJ_NOTIF, 3), irq = new_line(EDGE, 0);
	struct worker w = new_thread(2, 100, 0);

	bind(irq, n, 2);
	ack(irq);
	raise(EDGE);
	raise(EDGE);
	IS(CALL1(w.t, SYS_NOTIF_WAIT, n, 0), ERRNO_OK);
	IS(CALL1(w.t, SYS_NOTIF_WAIT, n, 0), BLOCKED);
	ack(irq);
	settle();
	IS(result(w.t), ERRNO_OK);
	IS(out(w.t, 0), 2);
}

TEST(irq_drain, "a vector that was given up is free after two rounds of draining")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_line(EDGE, 0);

	bind(irq, n, 1);
	u32 vector = IRQ(page_of(irq))->vector;
	CHECK(vector != IRQ_VECTOR_DRAIN && CPU(0)->irq[vector] == page_of(irq));
	bind(irq, 0, 0);
	CHECK(IRQ(page_of(irq))->vector == NIL && CPU(0)->irq[vector] == IRQ_DRAIN_TWICE);
	enter(0, HOST_IRQ, IRQ_VECTOR_DRAIN);
	CHECK(CPU(0)->irq[vector] == IRQ_DRAIN_ONCE && host.cpu[0].pending[IRQ_VECTOR_DRAIN]);
	settle();
	CHECK(CPU(0)->irq[vector] == NIL);
}

TEST(irq_late, "an interrupt on its way when its vector was given up reaches nobody")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_line(EDGE, 0), other = new_line(EDGE + 1, 0);

	bind(irq, n, 1);
	ack(irq);
	host_raise_line(EDGE);
	CHECK(host.cpu[0].pending[IRQ(page_of(irq))->vector]);
	delete_all(irq);
	bind(other, n, 2);
	ack(other);
	IS(bits_of(n), 0);
}

TEST(irq_vectors, "a CPU has a limited number of vectors, those that drain among them")
{
	u64 n = new_object(OBJ_NOTIF, 2), irq = new_line(EDGE, 0); /* home: CPU 1 */

	host.cpu[1].pending[IRQ_VECTOR_DRAIN] = false;
	for (u32 i = 1; i < IRQ_VECTORS; i++) {
		bind(irq, n, 1);
		host.cpu[1].pending[IRQ_VECTOR_DRAIN] = false;
	}
	IS(CALL2(root, SYS_IRQ_BIND, irq, n, 1), ERRNO_DEVICE);
	host.cpu[1].pending[IRQ_VECTOR_DRAIN] = true;
	settle();
	bind(irq, n, 1);
}

TEST(irq_notif_dies, "an interrupt whose notification is destroyed is unbound")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_line(EDGE, 0), other = new_object(OBJ_NOTIF, 0);

	bind(irq, n, 1);
	ack(irq);
	delete_all(n);
	IS(CALL0(root, SYS_IRQ_ACK, irq), ERRNO_STATE);
	raise(EDGE);
	bind(irq, other, 1);
	ack(irq);
	raise(EDGE);
	IS(bits_of(other), 1);
}

TEST(irq_dies, "an interrupt object that is destroyed leaves its input and its vector to others")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_line(EDGE, 0);
	u32 before = count_free();

	IS(create(new_handle(), HANDLE_IRQCTL, EDGE, 0), ERRNO_BUSY);
	bind(irq, n, 1);
	ack(irq);
	delete_all(irq);
	IS(count_free(), before + 1);
	raise(EDGE);
	IS(bits_of(n), 0);
	irq = new_line(EDGE, 0);
	bind(irq, n, 4);
	ack(irq);
	raise(EDGE);
	IS(bits_of(n), 4);
}

TEST(irq_refused, "irq_create refuses what is not there or not allowed")
{
	u64 none = new_handle(), some = new_handle(), h = new_handle();

	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_IRQCTL, none, 0, 8, 0), ERRNO_OK);
	IS(CALL4(root, SYS_RANGE_DERIVE, HANDLE_IRQCTL, some, 4, 2, RIGHTS_ALL_IRQCTL), ERRNO_OK);
	IS(create(h, none, EDGE, 0), ERRNO_RIGHTS);
	IS(create(h, some, 2, 0), ERRNO_RANGE);
	IS(create(h, HANDLE_IRQCTL, HOST_LINES, 0), ERRNO_DEVICE);
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, h, host_root.thread - host_root.memory, some,
		0, 0),
	   ERRNO_BUSY);
	IS(call(root, SYS_IRQ_CREATE, HANDLE_MEMORY, h, host_root.pages, some, 0, 0), ERRNO_RANGE);
	IS(create(h, some, 1, 0), ERRNO_OK);
	IS(IRQ(page_of(h))->source, 5);
}

TEST(irq_bind_refused, "irq_bind wants bits, and a capability from which can be derived")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_line(EDGE, 0), deep = n;

	IS(CALL2(root, SYS_IRQ_BIND, irq, n, 0), ERRNO_ARG);
	while (SLOT(slot_of(deep))->depth < CAP_DEPTH_MAX)
		deep = derive(deep, RIGHT_NOTIF_SIGNAL, 0);
	IS(CALL2(root, SYS_IRQ_BIND, irq, deep, 1), ERRNO_DEPTH);
	bind(irq, n, 1);
}

TEST(irq_message_test, "a message has address and data while it is bound, an input never")
{
	u64 n = new_object(OBJ_NOTIF, 0), irq = new_message(new_device(8)),
	    line = new_line(EDGE, 0);

	IS(CALL0(root, SYS_IRQ_MESSAGE, irq), ERRNO_STATE);
	bind(irq, n, 1);
	bind(line, n, 2);
	IS(CALL0(root, SYS_IRQ_MESSAGE, line), ERRNO_STATE);
	IS(CALL0(root, SYS_IRQ_MESSAGE, irq), ERRNO_OK);
	CHECK(out(root, 0) >> 20 == 0xfee);
	ack(irq);
	host_raise_message(IRQ(page_of(irq))->entry);
	IS(bits_of(n), 1);
}

TEST(irq_device_dies, "interrupts of a device that is destroyed are unbound for ever")
{
	u64 n = new_object(OBJ_NOTIF, 0), device = new_device(8);
	u64 a = new_message(device), b = new_message(device), c = new_message(device);

	bind(b, n, 1);
	ack(b);
	u32 entry = IRQ(page_of(b))->entry;
	delete_all(c);
	IS(DV(page_of(device))->irq_count, 2);
	delete_all(device);
	IS(CALL0(root, SYS_IRQ_ACK, b), ERRNO_STATE);
	IS(CALL2(root, SYS_IRQ_BIND, a, n, 1), ERRNO_STATE);
	IS(CALL2(root, SYS_IRQ_BIND, b, 0, 0), ERRNO_OK);
	host_raise_message(entry);
	IS(bits_of(n), 0);
	delete_all(a);
	delete_all(b);
}
