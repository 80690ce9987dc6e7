/* SPDX-License-Identifier: MIT */
/*
 * Invariants of interrupt objects and devices.
 */
#pragma once
#include "inv.h"

PRED bool irq_bound_inv(u32 q)
{
	return IMP(IRQ(q)->vector != NIL,
		   IRQ(q)->cpu < ks.cpus && IRQ(q)->vector < IRQ_VECTORS &&
			   CPU(IRQ(q)->cpu)->irq[IRQ(q)->vector] == q &&
			   SLOT(SLOT_OF(q, IRQ_SLOT_NOTIF))->type == OBJ_NOTIF &&
			   NT(SLOT(SLOT_OF(q, IRQ_SLOT_NOTIF))->obj)->home == IRQ(q)->cpu &&
			   IRQ(q)->bits != 0) &&
	       IMP(IRQ(q)->vector == NIL,
		   IRQ(q)->entry == NIL && IRQ(q)->armed == 0 && IRQ(q)->missed == 0);
}

PRED bool irq_slots_inv(u32 q)
{
	return SLOT(SLOT_OF(q, IRQ_SLOT_NOTIF))->type == 0 ||
	       SLOT(SLOT_OF(q, IRQ_SLOT_NOTIF))->type == OBJ_NOTIF;
}

PRED bool irq_line_inv(u32 q)
{
	return IMP(IRQ(q)->kind == IRQ_LINE,
		   IRQ(q)->source < IRQ_LINES && IRQ(q)->device == NIL &&
			   (ks.line_used[IRQ(q)->source / 64] >> IRQ(q)->source % 64 & 1) != 0);
}

PRED bool irq_links_inv(u32 q)
{
	return IRQ(q)->device == NIL
		       ? IRQ(q)->next == NIL && IRQ(q)->prev == NIL
		       : is_object(IRQ(q)->device, OBJ_DEVICE) &&
				 (IRQ(q)->prev == NIL ? DV(IRQ(q)->device)->irqs == q
						      : is_object(IRQ(q)->prev, OBJ_IRQ) &&
								IRQ(IRQ(q)->prev)->next == q) &&
				 IMP(IRQ(q)->next != NIL,
				     is_object(IRQ(q)->next, OBJ_IRQ) &&
					     IRQ(IRQ(q)->next)->prev == q &&
					     IRQ(IRQ(q)->next)->device == IRQ(q)->device);
}

PRED bool device_irqs_inv(u32 d)
{
	return DV(d)->irq_count <= DEVICE_IRQS_MAX &&
	       (DV(d)->irqs == NIL) == (DV(d)->irq_count == 0) &&
	       IMP(DV(d)->irqs != NIL,
		   is_object(DV(d)->irqs, OBJ_IRQ) && IRQ(DV(d)->irqs)->device == d &&
			   IRQ(DV(d)->irqs)->prev == NIL);
}

PRED bool device_bound_inv(u32 d)
{
	return SLOT(SLOT_OF(d, DEVICE_SLOT_IOSPACE))->type == OBJ_IOSPACE
		       ? DV(d)->bound == SLOT(SLOT_OF(d, DEVICE_SLOT_IOSPACE))->obj
		       : SLOT(SLOT_OF(d, DEVICE_SLOT_IOSPACE))->type == 0 && DV(d)->bound == NIL;
}

PRED bool device_functions_inv(u32 d)
{
	return DV(d)->count >= 1 && DV(d)->count <= DEVICE_FUNCTIONS && DV(d)->first < 65536 &&
	       DV(d)->number < DEVICES_MAX && ks.device[DV(d)->number] == d;
}

PRED bool device_watch_inv(u32 d)
{
	return SLOT(SLOT_OF(d, DEVICE_SLOT_NOTIF))->type == 0 ||
	       (SLOT(SLOT_OF(d, DEVICE_SLOT_NOTIF))->type == OBJ_NOTIF && DV(d)->bits != 0);
}

/* Vector v of CPU c names an interrupt object that names it, or none. */
PRED bool vector_inv(u32 c, u32 v)
{
	return CPU(c)->irq[v] == NIL || CPU(c)->irq[v] == IRQ_DRAIN_ONCE ||
	       CPU(c)->irq[v] == IRQ_DRAIN_TWICE ||
	       (is_object(CPU(c)->irq[v], OBJ_IRQ) && IRQ(CPU(c)->irq[v])->vector == v &&
		IRQ(CPU(c)->irq[v])->cpu == c);
}

#define IRQ_INVARIANTS(X)                                                                          \
	X(irq_bound_inv)                                                                           \
	X(irq_slots_inv)                                                                           \
	X(irq_line_inv)                                                                            \
	X(irq_links_inv)

#define DEVICE_INVARIANTS(X)                                                                       \
	X(device_irqs_inv)                                                                         \
	X(device_bound_inv)                                                                        \
	X(device_functions_inv)                                                                    \
	X(device_watch_inv)
