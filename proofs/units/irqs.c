/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * merge = ["irq_mask"]
 * [h_init]
 * function = "irq_init"
 * columns = ["ub", "spec"]
 * [h_link]
 * function = "irq_link"
 * columns = ["ub", "spec"]
 * [h_unlink]
 * function = "irq_unlink"
 * columns = ["ub", "spec"]
 * [h_detach]
 * function = "irq_detach"
 * columns = ["ub", "spec"]
 * [h_contract_irq_orphan]
 * function = "irq_orphan"
 * columns = ["ub", "spec"]
 * [h_destroy]
 * function = "irq_destroy"
 * columns = ["ub", "spec"]
 * [h_missed]
 * function = "irq_missed"
 * columns = ["ub", "spec"]
 * [h_came]
 * function = "irq_came"
 * columns = ["ub", "spec"]
 * [h_contract_vectors_drain]
 * function = "vectors_drain"
 * columns = ["ub", "spec"]
 * [h_fired]
 * function = "irq_fired"
 * columns = ["ub", "spec"]
 * [h_ack]
 * function = "sys_irq_ack"
 * columns = ["ub", "spec"]
 * [h_contract_device_of]
 * function = "device_of"
 * columns = ["ub", "invariant", "spec"]
 * [h_contract_functions_are_free]
 * function = "functions_are_free"
 * columns = ["ub", "spec"]
 * [h_device_detach]
 * function = "device_detach"
 * columns = ["ub", "spec"]
 * [h_device_destroy]
 * function = "device_destroy"
 * columns = ["ub", "spec"]
 * [h_fault]
 * function = "device_fault"
 * columns = ["ub", "spec"]
 */
/*
 * Interrupts that come, and interrupts and devices that go.
 */
#include "prover.h"
#include "contract_notif.h"
#include "handed.h"

#include <irq.c>
#include <device.c>

/* --- the machine ------------------------------------------------------------------------- */

struct {
	u32 attached;
} hw;

void arch_device_attach(u32, u32, u32 sp) { hw.attached = sp; }

void arch_irq_mask(u32) {}

void arch_irq_unmask(u32) {}

void arch_irq_unroute(u32 page) { IRQ(page)->entry = NIL; }

void arch_irq_drain(u32) {}

#define AN_IRQ(q)                                                                                  \
	ASSUME_STATE(requires, is_object(q, OBJ_IRQ), "this is done to interrupt objects");        \
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && machine.cpu < ks.cpus, "set at boot, and never again");  \
	hint_device(q)

/* --- made, and linked to their device ------------------------------------------------------- */

PRED bool is_fresh(u32 q, u32 kind, u32 source, u64 mode)
{
	return IRQ(q)->kind == kind && IRQ(q)->source == source && IRQ(q)->mode == (u32)mode && IRQ(q)->masked == 1 &&
	       IRQ(q)->device == NIL && IRQ(q)->vector == NIL && IRQ(q)->entry == NIL && IRQ(q)->next == NIL && IRQ(q)->prev == NIL;
}

void h_init(u32 q, u32 kind, u32 source, u64 mode)
{
	ASSUME_INPUT(q < PAGE_COUNT);
	irq_init(q, kind, source, mode);
	CHECK_SPEC(is_fresh(q, kind, source, mode));
	ASSIGNS(1, *IRQ(q));
}

void h_link(u32 q, u32 dev)
{
	ASSUME_STATE(requires, q < PAGE_COUNT && is_object(dev, OBJ_DEVICE), "this is done to devices");
	hint_device(dev);
	const u32 first = DV(dev)->irqs;
	irq_link(q, dev);
	CHECK_SPEC((DV(dev)->irqs == q) & (IRQ(q)->device == dev) & (IRQ(q)->next == first));
	CHECK_SPEC(DV(dev)->irq_count == old_device[dev].irq_count + 1);
	CHECK_IF(first != NIL, "spec", IRQ(first)->prev == q);
	ASSIGNS(1, IRQ(q)->device, IRQ(q)->next, DV(dev)->irqs, DV(dev)->irq_count, IRQ(first)->prev);
}

/* --- going ----------------------------------------------------------------------------------- */

PRED bool is_unbound(u32 q)
{
	return IRQ(q)->vector == NIL && IRQ(q)->entry == NIL && IRQ(q)->armed == 0 && IRQ(q)->missed == 0;
}

static void detaching_changes(u32 q)
{
	const bool bound = IRQ(q)->vector != NIL;

	ASSIGNS(bound, IRQ(q)->vector, IRQ(q)->entry, IRQ(q)->armed, IRQ(q)->missed, IRQ(q)->masked, IRQ(q)->storm);
	ASSIGNS(bound, CPU(IRQ(q)->cpu)->irq[IRQ(q)->vector]);
}

static void unlinking_changes(u32 q)
{
	const u32 dev = IRQ(q)->device, next = IRQ(q)->next, prev = IRQ(q)->prev;

	ASSIGNS(dev != NIL, IRQ(q)->device, IRQ(q)->next, IRQ(q)->prev, DV(dev)->irqs, DV(dev)->irq_count);
	ASSIGNS(dev != NIL, IRQ(next)->prev, IRQ(prev)->next);
}

void h_detach(u32 q)
{
	AN_IRQ(q);
	const u32 cpu = IRQ(q)->cpu, v = IRQ(q)->vector;
	detaching_changes(q);
	irq_detach(q);
	CHECK_SPEC(is_unbound(q));
	CHECK_IF(v != NIL, "spec", CPU(cpu)->irq[v] == IRQ_DRAIN_TWICE);
}

void h_unlink(u32 q)
{
	AN_IRQ(q);
	unlinking_changes(q);
	irq_unlink(q);
	CHECK_SPEC((IRQ(q)->device == NIL) & (IRQ(q)->next == NIL) & (IRQ(q)->prev == NIL));
}

PRED bool may_orphan(u32 q) { return is_object(q, OBJ_IRQ) && ks.cpus <= CPU_MAX; }

/* It is bound to nothing, and one of none; its device has one less. */
PRED bool is_orphan(u32 q, u32 dev, u32 had)
{
	return IRQ(q)->vector == NIL && IRQ(q)->device == NIL && (dev == NIL || DV(dev)->irq_count == had - 1);
}

/* What a device calls its first interrupt is one of its own. */
PRED bool any_first_inv(u32 d)
{
	return !is_object(d, OBJ_DEVICE) || DV(d)->irqs == NIL ||
	       (is_object(DV(d)->irqs, OBJ_IRQ) && IRQ(DV(d)->irqs)->device == d && IRQ(DV(d)->irqs)->prev == NIL);
}

static void orphaning_changes(u32 q)
{
	detaching_changes(q);
	unlinking_changes(q);
}

void prover_replace_irq_orphan(u32 q)
{
	const u32 dev = IRQ(q)->device, had = dev == NIL ? 0 : DV(dev)->irq_count;

	CHECK_SPEC(may_orphan(q));
	orphaning_changes(q);
	CHANGE();
	prover_assume(is_orphan(q, dev, had));
	prover_assume(any_irq_bound_inv(INDEX(page)));
	prover_assume(any_irq_links_inv(INDEX(page)));
	prover_assume(any_first_inv(INDEX(page)));
}

void h_contract_irq_orphan(u32 q)
{
	GIVEN(may_orphan(q));
	hint_device(q);
	hint_device(IRQ(q)->device);
	HINTS(any_device_irqs_inv(any.page));
	const u32 dev = IRQ(q)->device, had = dev == NIL ? 0 : DV(dev)->irq_count;
	orphaning_changes(q);
	irq_orphan(q);
	CHECK_SPEC(is_orphan(q, dev, had));
	CHECK_KEPT(any_irq_bound_inv(any.page));
	CHECK_KEPT(any_irq_links_inv(any.page));
	CHECK_SPEC(any_first_inv(any.page));
}

void h_destroy(u32 q)
{
	AN_IRQ(q);
	const u32 line = IRQ(q)->source;
	const bool is_line = IRQ(q)->kind == IRQ_LINE;
	orphaning_changes(q);
	ASSIGNS(is_line, ks.line_used[line / 64]);
	irq_destroy(q);
	CHECK_IF(is_line, "spec", ks.line_used[line / 64] == (old_ks.line_used[line / 64] & ~(1ull << line % 64)));
}

/* --- coming ------------------------------------------------------------------------------------ */

static void coming_changes(u32 q)
{
	ASSIGNS(1, IRQ(q)->armed, IRQ(q)->masked);
	ASSIGNS(!IRQ(q)->armed & !IRQ(q)->masked, IRQ(q)->missed, IRQ(q)->storm);
	setting_changes();
}

#define A_BOUND_IRQ(q)                                                                             \
	AN_IRQ(q);                                                                                 \
	ASSUME_STATE(requires, IRQ(q)->vector != NIL, "an interrupt comes by a vector");           \
	HINTS(any_cap_object_inv(SLOT_OF(q, IRQ_SLOT_NOTIF)))

/* Too many that nobody waits for are said once, and then none comes. */
void h_missed(u32 q)
{
	A_BOUND_IRQ(q);
	const u32 n = IRQ(q)->storm + 1;
	const bool open = IRQ(q)->masked == 0, storm = open & (n >= IRQ_STORM_MAX);
	irq_missed(q);
	CHECK_IF(open & !storm, "spec", (IRQ(q)->missed == 1) & (IRQ(q)->storm == n));
	CHECK_IF(storm, "spec", (IRQ(q)->missed == 0) & (IRQ(q)->masked == 1));
	ASSIGNS(open, IRQ(q)->missed, IRQ(q)->storm);
	ASSIGNS(storm, IRQ(q)->masked);
	setting_changes();
}

void h_came(u32 q)
{
	A_BOUND_IRQ(q);
	const bool level = IRQ(q)->kind == IRQ_LINE && (IRQ(q)->mode & IRQ_LEVEL) != 0, armed = IRQ(q)->armed != 0;
	coming_changes(q);
	irq_came(q);
	CHECK_SPEC(IRQ(q)->armed == 0);
	CHECK_IF(level, "spec", IRQ(q)->masked == 1);
	CHECK_IF(armed, "spec", IRQ(q)->missed == old_irq[q].missed);
}

/* Vectors below v that were given up are one round nearer to being free, and no others. */
PRED bool is_drained_to(u32 c, u32 n, u32 cpu, u32 v)
{
	const u32 was = old_cpu[c].irq[n];

	return CPU(c)->irq[n] == (c != cpu || n >= v       ? was
				  : was == IRQ_DRAIN_ONCE  ? NIL
				  : was == IRQ_DRAIN_TWICE ? IRQ_DRAIN_ONCE
							   : was);
}

PRED bool is_vector(u32 v) { return v < IRQ_VECTORS; }

void prover_begin_vectors_drain(u32 v, u32 cpu, bool again)
{
	(void)again;
	CHECK_SPEC(is_vector(v));
	CHECK_SPEC(is_drained_to(INDEX(cpu) % CPU_MAX, INDEX(n) % IRQ_VECTORS, cpu, v));
}

void prover_round_vectors_drain(u32 v, u32 cpu, bool again)
{
	(void)again;
	FORGET(ks_cpu[0].irq);
	prover_assume(is_vector(v));
	prover_assume(is_drained_to(INDEX(cpu) % CPU_MAX, INDEX(n) % IRQ_VECTORS, cpu, v));
	prover_assume(is_drained_to(cpu, v, cpu, v));
}

void prover_replace_vectors_drain(u32 cpu)
{
	CHECK_SPEC(cpu_runs(cpu));
	ASSIGNS(1, CPU(cpu)->irq);
	CHANGE();
}

void h_contract_vectors_drain(u32 cpu)
{
	ASSUME_INPUT(cpu < CPU_MAX);
	vectors_drain(cpu);
	CHECK_SPEC(is_drained_to(any.cpu % CPU_MAX, any.n % IRQ_VECTORS, cpu, IRQ_VECTORS));
	ASSIGNS(1, CPU(cpu)->irq);
}

void h_fired(u32 v)
{
	const u32 cpu = machine.cpu;

	ASSUME_INPUT(v < IRQ_VECTORS);
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && machine.cpu < ks.cpus, "set at boot, and never again");
	HINTS(any_vector_inv(cpu, v));
	const u32 q = CPU(cpu)->irq[v];
	hint_device(q);
	HINTS(any_cap_object_inv(SLOT_OF(q, IRQ_SLOT_NOTIF)));
	const bool is_irq = v != IRQ_VECTOR_DRAIN && q < IRQ_DRAIN_ONCE;
	irq_fired(cpu, v);
	CHECK_IF(is_irq, "spec", IRQ(q)->armed == 0);
	ASSIGNS(is_irq, IRQ(q)->armed, IRQ(q)->masked, IRQ(q)->missed, IRQ(q)->storm);
	ASSIGNS(v == IRQ_VECTOR_DRAIN, CPU(cpu)->irq);
	setting_changes();
	COVER(is_irq);
}

/* One that was missed is signalled at once; else the next is. */
void h_ack(u32 t, u32 irq)
{
	HANDED(irq_ack, irq);
	HINTS(any_cap_object_inv(irq));
	const u32 q = SLOT(irq)->obj;
	AN_IRQ(q);
	HINTS(any_cap_object_inv(SLOT_OF(q, IRQ_SLOT_NOTIF)));
	const u32 bad = IRQ(q)->vector == NIL ? ERRNO_STATE : ks.global == 0 && IRQ(q)->cpu != machine.cpu ? RUN_GLOBAL.v : ERRNO_OK;
	const err_t err = sys_irq_ack(t, irq);
	const bool done = err.v == 0, missed = done & (old_irq[q].missed != 0);

	CHECK_SPEC(err.v == bad);
	CHECK_IF(done, "spec", (IRQ(q)->armed == (missed ? old_irq[q].armed : 1)) & (IRQ(q)->missed == 0));
	CHECK_IF(done, "spec", (IRQ(q)->masked == 0) & (IRQ(q)->storm == 0));
	ASSIGNS(done, IRQ(q)->armed, IRQ(q)->missed, IRQ(q)->masked, IRQ(q)->storm);
	ASSIGNS(missed, ks_thread, ks_sched, ks_ep, ks_notif, ks_tnode, ks_cpu);
	COVER(done & !missed);
}

/* --- devices --------------------------------------------------------------------------------------- */

PRED bool is_listed(u32 i)
{
	return i >= DEVICES_MAX || ks.device[i] == 0 || is_object(ks.device[i], OBJ_DEVICE);
}

PRED bool is_round(u32 i) { return i < DEVICES_MAX; }

/* What watches a device is a notification. */
PRED bool is_watched(u32 d)
{
	const u32 s = SLOT_OF(d, DEVICE_SLOT_NOTIF);

	return d == 0 || !is_object(d, OBJ_DEVICE) || SLOT(s)->type == 0 || is_object(SLOT(s)->obj, OBJ_NOTIF);
}

void prover_begin_device_of(u32 i)
{
	CHECK_SPEC(is_round(i));
	CHECK_SPEC(is_listed(INDEX(n)));
	CHECK_SPEC(is_watched(INDEX(page)));
}

void prover_round_device_of(u32 i)
{
	prover_assume(is_round(i));
	prover_assume(is_listed(i));
	prover_assume(is_watched(ks.device[i]));
}

PRED bool has_function(u32 page, u32 id)
{
	return page == 0 || (is_object(page, OBJ_DEVICE) && id - DV(page)->first < DV(page)->count);
}

u32 found; /* what device_of said last */

u32 prover_replace_device_of(u32 id)
{
	ANY(u32, page);

	found = page;
	prover_assume(has_function(page, id));
	prover_assume(is_watched(page));
	return page;
}

void h_contract_device_of(u32 id)
{
	ASSUME_STATE(requires, is_listed(any.n), "the list of devices has devices");
	HINTS(any_device_watch_inv(any.page), any_cap_object_inv(SLOT_OF(any.page, DEVICE_SLOT_NOTIF)));
	const u32 page = device_of(id);
	CHECK_SPEC(has_function(page, id));
	CHECK_SPEC(is_watched(page));
}

void h_contract_functions_are_free(u32 first, u32 count)
{
	ASSUME_INPUT(count <= DEVICE_FUNCTIONS);
	const bool free = functions_are_free(first, count);
	ASSIGNS_NOTHING();
	COVER(!free);
}

#define A_DEVICE(d)                                                                                \
	ASSUME_STATE(requires, is_object(d, OBJ_DEVICE), "this is done to devices");               \
	hint_device(d)

void h_device_detach(u32 d)
{
	A_DEVICE(d);
	const bool bound = DV(d)->bound != NIL;
	device_detach(d);
	CHECK_SPEC(DV(d)->bound == NIL);
	CHECK_IF(bound, "spec", hw.attached == NIL);
	ASSIGNS(bound, DV(d)->bound);
}

PRED bool is_rid_of(u32 i, u32 page) { return i < DEVICE_IRQS_MAX && is_object(page, OBJ_DEVICE); }

void prover_begin_device_destroy(u32 i, u32 page)
{
	CHECK_SPEC(is_rid_of(i, page));
	CHECK_SPEC(any_irq_bound_inv(INDEX(page)));
	CHECK_SPEC(any_irq_links_inv(INDEX(page)));
	CHECK_SPEC(any_first_inv(INDEX(page)));
}

void prover_round_device_destroy(u32 i, u32 page)
{
	FORGET(ks_irq[0]);
	FORGET(ks_device[0].irqs);
	FORGET(ks_device[0].irq_count);
	FORGET(ks_cpu[0].irq);
	prover_assume(is_rid_of(i, page));
	prover_assume(any_first_inv(page));
	prover_assume(any_irq_bound_inv(DV(page)->irqs));
	prover_assume(any_irq_links_inv(DV(page)->irqs));
	prover_assume(any_irq_bound_inv(INDEX(page)));
	prover_assume(any_irq_links_inv(INDEX(page)));
	prover_assume(any_first_inv(INDEX(page)));
}

/* Nothing reaches memory through it, and its number is free. */
void h_device_destroy(u32 d)
{
	A_DEVICE(d);
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX, "set at boot, and never again");
	HINTS(any_irq_bound_inv(any.page), any_irq_links_inv(any.page), any_device_irqs_inv(any.page));
	const u32 n = DV(d)->number;
	device_destroy(d);
	CHECK_SPEC((ks.device[n] == 0) & (DV(d)->bound == NIL));
	ASSIGNS(1, ks_irq, DV(d)->bound, ks.device[n], CPU(any.cpu)->irq, DV(any.page)->irqs, DV(any.page)->irq_count);
}

PRED bool is_noted(u32 d, u32 id, u64 address, u32 what)
{
	return DV(d)->faults == old_device[d].faults + 1 && DV(d)->fault_address == address &&
	       DV(d)->fault_what == (what | (id - DV(d)->first) << DEVICE_FAULT_FUNCTION_SHIFT);
}

void h_fault(u32 id, u64 address, u32 what)
{
	ASSUME_STATE(cpus, ks.cpus <= CPU_MAX && machine.cpu < ks.cpus, "set at boot, and never again");
	device_fault(id, address, what);
	CHECK_IF(found != 0, "spec", is_noted(found, id, address, what));
	ASSIGNS(old_page[any.page].type == OBJ_DEVICE, DV(any.page)->faults, DV(any.page)->fault_address, DV(any.page)->fault_what);
	setting_changes();
}
