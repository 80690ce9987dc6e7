/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * merge = ["device_detach", "irq_detach", "cap_remove", "cap_insert_copy"]
 * [h_watch]
 * function = "sys_device_watch"
 * columns = ["ub", "spec"]
 * [h_bind]
 * function = "sys_device_bind"
 * columns = ["ub", "spec"]
 * [h_irq_bind]
 * function = "sys_irq_bind"
 * columns = ["ub", "spec"]
 */
/*
 * Interrupts and devices: which notification they signal, which memory they reach.
 */
#include "prover.h"
#include "contract_cap.h"
#include "whole.h"
#include "handed.h"
#include "swap.h"

#include <device.c>
#include <irq.c>
#include <cap.c>

err_t prover_replace_cap_may_derive(u32 s)
{
	return (err_t){ spec_may_derive(s) };
}

/* --- the machine ------------------------------------------------------------------------- */

struct {
	u32 attached; /* the space of the device that was attached last */
	u8 ok_after, reaches;
} hw;

/* The IOMMU may fail when it is told. */
void arch_device_attach(u32 first, u32 count, u32 sp)
{
	(void)first;
	(void)count;
	hw.attached = sp;
	machine.iommu_ok = hw.ok_after;
}

bool arch_irq_reaches(u32) { return hw.reaches & 1; }

void arch_irq_drain(u32) {}

void arch_irq_unroute(u32 page) { IRQ(page)->entry = NIL; }

/* It takes a route, whose number is the machine's. */
void arch_irq_route(u32 page)
{
	ANY(u32, entry);

	IRQ(page)->entry = entry;
}

/* --- a capability in an object ------------------------------------------------------------- */

PRED u32 spec_watch_error(u32 notif, u64 bits)
{
	return notif == NIL ? ERRNO_OK : bits == 0 ? ERRNO_ARG : spec_may_derive(notif);
}

void h_watch(u32 t, u32 dev, u32 notif, u64 bits)
{
	HANDED(device_watch, dev, notif);
	HINTS(any_cap_object_inv(dev));
	const u32 d = SLOT(dev)->obj, inner = SLOT_OF(d, DEVICE_SLOT_NOTIF);
	HINTS(any_device_watch_inv(d));
	hint_swap(inner, notif);
	const u32 bad = spec_watch_error(notif, bits);
	const err_t err = sys_device_watch(t, dev, notif, bits);
	const bool done = err.v == 0;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", is_swapped(inner, notif, RIGHT_NOTIF_SIGNAL));
	CHECK_IF(done & (notif != NIL), "spec", DV(d)->bits == bits);
	ASSIGNS(done & (notif != NIL), DV(d)->bits);
	check_swap(inner, notif, done);
}

/* --- which memory a device reaches ------------------------------------------------------------- */

PRED u32 spec_bind_error(u32 iospace)
{
	return iospace == NIL						 ? ERRNO_OK
	       : (PD(SLOT(iospace)->obj)->flags & PAGE_DYING) != 0	 ? ERRNO_STATE
	       : spec_may_derive(iospace) != ERRNO_OK			 ? ERRNO_DEPTH
	       : (machine.iommu_ok & 1) == 0 || (hw.ok_after & 1) == 0 ? ERRNO_DEVICE
									 : ERRNO_OK;
}

/* If the hardware fails when it is told, the device is bound to nothing. */
void h_bind(u32 t, u32 dev, u32 iospace)
{
	HANDED(device_bind, dev, iospace);
	ASSUME_STATE(machine, (machine.iommu_ok & 1) | !(hw.ok_after & 1), "an IOMMU that failed does not recover");
	HINTS(any_cap_object_inv(dev));
	const u32 d = SLOT(dev)->obj, inner = SLOT_OF(d, DEVICE_SLOT_IOSPACE);
	HINTS(any_device_bound_inv(d));
	hint_swap(inner, iospace);
	const u32 bad = spec_bind_error(iospace), had = iospace == NIL ? 0 : SLOT(iospace)->rights;
	const err_t err = sys_device_bind(t, dev, iospace);
	const bool done = err.v == 0, failed = err.v == ERRNO_DEVICE;

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", is_swapped(inner, iospace, had));
	CHECK_IF(done, "spec", DV(d)->bound == (iospace == NIL ? NIL : SLOT(iospace)->obj));
	CHECK_IF(done & (iospace != NIL), "spec", hw.attached == DV(d)->bound);
	ASSIGNS(done | failed, DV(d)->bound);
	ASSIGNS(1, machine.iommu_ok);
	check_swap(inner, iospace, done | failed);
}

/* --- interrupts ----------------------------------------------------------------------------------- */

u32 prover_replace_vector_find(u32 cpu)
{
	ANY(u32, found);

	CHECK_SPEC(cpu < CPU_MAX);
	prover_assume(found == NIL || (found > IRQ_VECTOR_DRAIN && found < IRQ_VECTORS && CPU(cpu)->irq[found] == NIL));
	return found;
}

PRED u32 spec_irq_error(u32 q, u32 notif, u64 bits)
{
	return notif == NIL						    ? ERRNO_OK
	       : bits == 0						    ? ERRNO_ARG
	       : IRQ(q)->kind == IRQ_MESSAGE && IRQ(q)->device == NIL ? ERRNO_STATE
									    : spec_may_derive(notif);
}

/* Bound to a notification, on its CPU, by a vector that was free. */
PRED bool is_bound(u32 q, u32 notif, u64 bits)
{
	const u32 c = NT(SLOT(notif)->obj)->home, v = IRQ(q)->vector;

	return IRQ(q)->bits == bits && IRQ(q)->cpu == c && v > IRQ_VECTOR_DRAIN && v < IRQ_VECTORS && CPU(c)->irq[v] == q &&
	       old_cpu[c].irq[v] == NIL;
}

void h_irq_bind(u32 t, u32 irq, u32 notif, u64 bits)
{
	HANDED(irq_bind, irq, notif);
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");
	HINTS(any_cap_object_inv(irq));
	const u32 q = SLOT(irq)->obj, inner = SLOT_OF(q, IRQ_SLOT_NOTIF);
	hint_device(q);
	hint_swap(inner, notif);
	hint_notif(SLOT(notif)->obj);
	hint_device(any.page);
	HINTS(any_vector_inv(any.cpu, any.n));
	const u32 bad = spec_irq_error(q, notif, bits);
	const err_t err = sys_irq_bind(t, irq, notif, bits);
	const bool done = err.v == 0, came = done & (notif != NIL), went = done & (old_irq[q].vector != NIL);

	CHECK_IF((bad != 0) | (notif == NIL), "spec", err.v == bad);
	CHECK_IF((bad == 0) & !done, "spec", err.v == ERRNO_DEVICE);
	CHECK_IF(done, "spec", is_swapped(inner, notif, RIGHT_NOTIF_SIGNAL));
	CHECK_IF(came, "spec", is_bound(q, notif, bits));
	CHECK_IF(done & (notif == NIL), "spec", IRQ(q)->vector == NIL);
	ASSIGNS(done, IRQ(q)->vector, IRQ(q)->entry);
	ASSIGNS(came, IRQ(q)->bits, IRQ(q)->cpu, CPU(IRQ(q)->cpu)->irq[IRQ(q)->vector]);
	ASSIGNS(went, IRQ(q)->armed, IRQ(q)->missed, IRQ(q)->masked, IRQ(q)->storm, CPU(old_irq[q].cpu)->irq[old_irq[q].vector]);
	check_swap(inner, notif, done);
}
