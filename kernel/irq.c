/* SPDX-License-Identifier: MIT */
/*
 * Interrupt objects: one source each, signalling one notification, once for
 * each acknowledgement.
 *
 * Owns:       struct irq, cpu.irq.         Invariant: irq_inv().
 * Locks:      all locks; irq_fired and irq_ack: those of the CPU that the
 *             interrupt is sent to, which is the home of its notification.
 * Called by:  the generated dispatcher; kernel_irq; destroy.c; device.c.
 * Never:      touches an interrupt controller (the architecture does).
 */
#include "ks.h"
#include "dispatch.h"

static bool is_level(const struct irq *q)
{
	return (q->mode & IRQ_LEVEL) && q->kind == IRQ_LINE;
}

static bool line_is_used(u32 line)
{
	return ks.line_used[line / 64] >> line % 64 & 1;
}

/* An index into cpu.irq that nobody has; NIL: all are used, or drain still. */
static u32 vector_find(u32 cpu)
{
	for (u32 v = IRQ_VECTOR_DRAIN + 1; v < IRQ_VECTORS; v++) {
		if (CPU(cpu)->irq[v] == NIL)
			return v;
	}
	return NIL;
}

/* What may still be on its way to a vector has come when DRAIN was taken twice. */
static RARELY void vectors_drain(u32 cpu)
{
	bool again = false;

	for (u32 v = 0; v < IRQ_VECTORS; v++) {
		u32 was = CPU(cpu)->irq[v];

		if (was == IRQ_DRAIN_ONCE)
			CPU(cpu)->irq[v] = NIL;
		if (was == IRQ_DRAIN_TWICE) {
			CPU(cpu)->irq[v] = IRQ_DRAIN_ONCE;
			again = true;
		}
	}
	if (again)
		arch_irq_drain(cpu);
}

static APART void irq_mask(u32 page)
{
	IRQ(page)->masked = 1;
	arch_irq_mask(page);
}

static void irq_signal(const struct irq *q, u32 page, u64 more)
{
	const struct cap *c = SLOT(SLOT_OF(page, IRQ_SLOT_NOTIF));

	notif_set(c->obj, c->badge != 0 ? c->badge : q->bits | more, q->cpu);
}

/* One that nobody waits for: too many of them are a storm. */
static RARELY void irq_missed(u32 page)
{
	struct irq *q = IRQ(page);

	if (q->masked)
		return;
	q->missed = 1;
	q->storm++;
	if (q->storm < IRQ_STORM_MAX)
		return;
	irq_mask(page);
	q->missed = 0;
	irq_signal(q, page, IRQ_STORM);
}

/*
 * A level-triggered line stays asserted until its device was served, so it is
 * masked meanwhile; that it comes again before the mask works says nothing.
 */
static RARELY void irq_came_other(u32 page)
{
	struct irq *q = IRQ(page);

	if (is_level(q))
		irq_mask(page);
	if (!q->armed) {
		irq_missed(page);
		return;
	}
	q->armed = 0;
	irq_signal(q, page, 0);
}

static inline void irq_came(u32 page)
{
	struct irq *q = IRQ(page);

	if (RARE(is_level(q)) || RARE(!q->armed)) {
		irq_came_other(page);
		return;
	}
	q->armed = 0;
	irq_signal(q, page, 0);
}

void irq_fired(u32 cpu, u32 vector)
{
	u32 page = THIS_CPU()->irq[vector];

	if (vector == IRQ_VECTOR_DRAIN)
		vectors_drain(cpu);
	else if (page != NIL && page != IRQ_DRAIN_TWICE && page != IRQ_DRAIN_ONCE)
		irq_came(page);
}

void irq_detach(u32 page)
{
	struct irq *q = IRQ(page);

	if (q->vector == NIL)
		return;
	arch_irq_unroute(page);
	CPU(q->cpu)->irq[q->vector] = IRQ_DRAIN_TWICE;
	arch_irq_drain(q->cpu);
	q->vector = NIL;
	q->entry = NIL;
	q->armed = 0;
	q->missed = 0;
	q->masked = 1;
	q->storm = 0;
}

/* Take it out of the list of its device. */
static void irq_unlink(u32 page)
{
	struct irq *q = IRQ(page);

	if (q->device == NIL)
		return;
	if (q->prev == NIL)
		DV(q->device)->irqs = q->next;
	else
		IRQ(q->prev)->next = q->next;
	if (q->next != NIL)
		IRQ(q->next)->prev = q->prev;
	DV(q->device)->irq_count--;
	q->device = NIL;
	q->next = NIL;
	q->prev = NIL;
}

void irq_orphan(u32 page)
{
	irq_detach(page);
	irq_unlink(page);
}

void irq_destroy(u32 page)
{
	const struct irq *q = IRQ(page);

	irq_orphan(page);
	if (q->kind == IRQ_LINE)
		ks.line_used[q->source / 64] &= ~(1ull << q->source % 64);
}

/* --- calls -------------------------------------------------------------------- */

static err_t check_line(u32 mem, u64 offset, u32 source, u64 number)
{
	if (!(SLOT(source)->rights & RIGHT_IRQCTL_CREATE))
		return ERR_RIGHTS;
	if (number >= SLOT(source)->count)
		return ERR_RANGE;
	err_t e = object_check(mem, offset, 1);
	if (!err_is_ok(e))
		return e;
	u32 line = SLOT(source)->first + (u32)number;
	if (line >= IRQ_LINES || !arch_irq_exists(IRQ_LINE, line))
		return ERR_DEVICE;
	return line_is_used(line) ? ERR_BUSY : OK;
}

static err_t check_message(u32 mem, u64 offset, u32 source, u64 number, u64 mode)
{
	u32 dev = SLOT(source)->obj;

	if (!(SLOT(source)->rights & RIGHT_DEVICE_IRQ))
		return ERR_RIGHTS;
	if (mode != 0)
		return ERR_ARG;
	if (number >= DV(dev)->count)
		return ERR_RANGE;
	err_t e = object_check(mem, offset, 1);
	if (!err_is_ok(e))
		return e;
	if (DV(dev)->irq_count >= DEVICE_IRQS_MAX ||
	    !arch_irq_exists(IRQ_MESSAGE, DV(dev)->first + (u32)number))
		return ERR_DEVICE;
	return OK;
}

static void irq_init(u32 page, u32 kind, u32 source, u64 mode)
{
	struct irq *q = IRQ(page);

	q->kind = kind;
	q->source = source;
	q->device = NIL;
	q->mode = (u32)mode;
	q->vector = NIL;
	q->entry = NIL;
	q->masked = 1;
	q->next = NIL;
	q->prev = NIL;
}

static void irq_link(u32 page, u32 dev)
{
	struct irq *q = IRQ(page);

	q->device = dev;
	q->next = DV(dev)->irqs;
	if (q->next != NIL)
		IRQ(q->next)->prev = page;
	DV(dev)->irqs = page;
	DV(dev)->irq_count++;
}

err_t sys_irq_create(u32 t, u32 mem, u32 dst, u64 offset, u32 source, u64 number, u64 mode)
{
	bool is_line = SLOT(source)->type == OBJ_IRQCTL;
	err_t e = is_line ? check_line(mem, offset, source, number)
			  : check_message(mem, offset, source, number, mode);

	(void)t;
	if (!err_is_ok(e))
		return e;
	/* commit */
	u32 page = SLOT(mem)->first + (u32)offset;
	object_make(mem, dst, OBJ_IRQ, page, 1);
	if (is_line) {
		u32 line = SLOT(source)->first + (u32)number;
		irq_init(page, IRQ_LINE, line, arch_irq_mode(line, (u32)mode));
		ks.line_used[line / 64] |= 1ull << line % 64;
	} else {
		u32 dev = SLOT(source)->obj;
		irq_init(page, IRQ_MESSAGE, DV(dev)->first + (u32)number, 0);
		irq_link(page, dev);
	}
	return OK;
}

err_t sys_irq_bind(u32 t, u32 irq, u32 notif, u64 bits)
{
	u32 page = SLOT(irq)->obj;
	u32 inner = SLOT_OF(page, IRQ_SLOT_NOTIF);
	struct irq *q = IRQ(page);
	u32 cpu = NIL, vector = NIL;

	(void)t;
	if (notif != NIL) {
		if (bits == 0)
			return ERR_ARG;
		if (q->kind == IRQ_MESSAGE && q->device == NIL)
			return ERR_STATE;
		err_t e = cap_may_derive(notif);
		if (!err_is_ok(e))
			return e;
		cpu = NT(SLOT(notif)->obj)->home;
		vector = vector_find(cpu);
		if (vector == NIL || !arch_irq_reaches(cpu))
			return ERR_DEVICE;
	}
	/* commit */
	if (SLOT(inner)->type != 0) {
		irq_detach(page);
		cap_remove(inner);
	}
	if (notif == NIL)
		return OK;
	cap_insert_copy(inner, notif, RIGHT_NOTIF_SIGNAL);
	q->bits = bits;
	q->cpu = cpu;
	q->vector = vector;
	CPU(cpu)->irq[vector] = page;
	arch_irq_route(page);
	return OK;
}

err_t sys_irq_ack(u32 t, u32 irq)
{
	u32 page = SLOT(irq)->obj;
	struct irq *q = IRQ(page);

	(void)t;
	if (q->vector == NIL)
		return ERR_STATE;
	if (!ks.global && q->cpu != arch_cpu())
		return RUN_GLOBAL;
	/* commit */
	q->storm = 0;
	if (q->missed) {
		q->missed = 0;
		irq_signal(q, page, 0);
	} else {
		q->armed = 1;
	}
	if (q->masked) {
		q->masked = 0;
		arch_irq_unmask(page);
	}
	return OK;
}

err_t sys_irq_message(u32 t, u32 irq)
{
	u32 page = SLOT(irq)->obj;
	u64 address = 0, data = 0;

	if (IRQ(page)->kind != IRQ_MESSAGE || IRQ(page)->vector == NIL)
		return ERR_STATE;
	/* commit */
	arch_irq_message(page, &address, &data);
	FR_OUT(t, 0) = address;
	FR_OUT(t, 1) = data;
	return OK;
}
