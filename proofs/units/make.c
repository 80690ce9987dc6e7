/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 8
 * merge = ["object_rights", "object_start", "object_end", "object_pages", "cap_insert", "irq_init", "irq_link", "line_is_used", "functions_ok"]
 * [h_make]
 * function = "object_make"
 * columns = ["ub", "spec"]
 * [h_clear]
 * function = "object_clear"
 * columns = ["ub", "spec"]
 * [h_space_init]
 * function = "space_init"
 * columns = ["ub", "spec"]
 * [h_thread_init]
 * function = "thread_init"
 * columns = ["ub", "spec"]
 * [h_irq]
 * function = "sys_irq_create"
 * columns = ["ub", "spec"]
 * [h_device]
 * function = "sys_device_create"
 * columns = ["ub", "spec"]
 */
/*
 * Objects of every type as they are made: what is in them, and that nothing else changes.
 */
#include "prover.h"
#include "contract_memory.h"
#include "contract_cap.h"
#include "handed.h"

#include <memory.c>
#include <cap.c>
#include <ep.c>
#define WAITERS_MAX NOTIF_WAITERS_MAX
#include <notif.c>
#include <thread.c>
#include <budget.c>
#include <sched.c>
#include <space.c>
#include <irq.c>
#include <device.c>

/* --- the machine ------------------------------------------------------------------------ */

u32 made; /* the type of what is being made */

/* What an object uses of its page: nothing can be seen there as another type (assumption views). */
void arch_object_clear(u32 page, u32 from, u32 to)
{
	(void)from;
	(void)to;
	CLEAR(ks_slot, SLOT_OF(page, 0), SLOTS_PER_PAGE);
	if (made == OBJ_IRQ)
		CLEAR(ks_irq, page, 1);
	if (made == OBJ_DEVICE)
		CLEAR(ks_device, page, 1);
}

/* The root table of a space. */
void arch_page_clear(u32 page) { CLEAR(ks_pte, page, 1); }

struct {
	u64 kernel_half; /* an entry of a root table */
	u32 domain, mode;
	u8 has_domain, exists, prepared;
} given;

void arch_thread_init(u32 t) { TH(t)->frame.kind = FRAME_FULL; }

void arch_space_init(u32 sp) { PTE(SPACE_ROOT(sp), PT_ENTRIES - 1) = given.kernel_half; }

void arch_iospace_init(u32 sp) { SP(sp)->domain = given.domain; }

bool arch_iospace_free_number(void) { return given.has_domain & 1; }

bool arch_irq_exists(u32, u32) { return given.exists & 1; }

u32 arch_irq_mode(u32, u32) { return given.mode; }

bool arch_device_prepare(u32, u32) { return given.prepared & 1; }

/* --- what is made ------------------------------------------------------------------------ */

PRED u32 pages_of(u32 type) { return type == OBJ_SPACE || type == OBJ_IOSPACE ? 2 : 1; }

static void making_changes(bool may, u32 mem, u32 dst, u32 head, u32 n)
{
	ASSIGNS(may, *SLOT(dst), BORN(dst), ks.g_clock, SLOT(mem)->child, SLOT(old_slot[mem].child)->prev);
	ASSIGNS_RUN(may, *PD(head), n);
	ASSIGNS_RUN(may, *SLOT(SLOT_OF(head, 0)), SLOTS_PER_PAGE);
}

/* The owner of an object, newest child of mem, with all rights. */
PRED bool is_owner_of(u32 s, u32 mem, u32 type, u32 head)
{
	return SLOT(s)->type == type && SLOT(s)->flags == CAP_OWNER && SLOT(s)->rights == all_rights(type) &&
	       SLOT(s)->obj == head && SLOT(s)->first == 0 && SLOT(s)->count == 0 && SLOT(s)->badge == 0 &&
	       is_newest_child(s, mem) && PD(head)->owner == s && PD(head)->type == type && PD(head)->head == head;
}

/* The page of slots of mem is any page: that it is not taken is known of any. */
#define AT(mem) (any.page == SLOT_PAGE(mem))

#define IN_A_MEMORY(mem, dst, n)                                                                   \
	ASSUME_STATE(cpus, (machine.cpu < ks.cpus) & (ks.cpus <= CPU_MAX), "as many CPUs as were found at boot, and this is one"); \
	HAS_NUMBERS(machine.cpu);                                                                  \
	HINTS(any_cap_memory_inv(mem), any_cap_parent_inv(mem), any_cap_child_inv(mem));           \
	const u32 head = SLOT(mem)->first + (u32)offset

PRED bool are_free(u32 mem, u64 offset, u32 n, u32 p)
{
	return offset < SLOT(mem)->count && n <= SLOT(mem)->count - offset && is_free_in(p, SLOT(mem)->first + (u32)offset, n);
}

void h_make(u32 mem, u32 dst, u32 type, u64 offset)
{
	const u32 n = pages_of(type);

	ASSUME_INPUT(type_has_pages(type) & (type != OBJ_FRAMES));
	ASSUME_STATE(requires, slot_is_empty(dst) && slot_is_in_page(mem) && SLOT(mem)->type == OBJ_MEMORY && SLOT(mem)->depth < CAP_DEPTH_MAX, "a slot is empty");
	IN_A_MEMORY(mem, dst, n);
	ASSUME_STATE(requires, are_free(mem, offset, n, any.page) && are_free(mem, offset, n, head) &&
			       are_free(mem, offset, n, SLOT_PAGE(dst)) && are_free(mem, offset, n, SLOT_PAGE(mem)),
		     "these pages of the memory are free");
	made = 0;
	making_changes(true, mem, dst, head, n);
	ASSIGNS(n == 2, ks_pte[head + 1]);
	object_make(mem, dst, type, head, n);
	CHECK_SPEC(is_owner_of(dst, mem, type, head));
}

void h_clear(u32 type, u32 head)
{
	const u32 n = pages_of(type);

	ASSUME_INPUT(head < PAGE_COUNT - 1);
	made = 0;
	ASSIGNS_RUN(1, *SLOT(SLOT_OF(head, 0)), SLOTS_PER_PAGE);
	ASSIGNS(n == 2, ks_pte[head + 1]);
	object_clear(type, head);
	CHECK_SPEC(SLOT(SLOT_OF(head, any.n % SLOTS_PER_PAGE))->type == 0);
}

void h_space_init(u32 sp, u32 kind, u32 domain)
{
	ASSUME_INPUT(sp < PAGE_COUNT - 1);
	ASSUME_STATE(cpus, (machine.cpu < ks.cpus) & (ks.cpus <= CPU_MAX), "as many CPUs as were found at boot, and this is one");
	HAS_NUMBERS(machine.cpu);
	space_init(sp, kind, domain, machine.cpu);
	CHECK_SPEC((SP(sp)->kind == kind) & (SP(sp)->uid == old_cpu[machine.cpu].uid + CPU_MAX) & (SP(sp)->cursor == 0));
	ASSIGNS(1, *SP(sp), CPU(machine.cpu)->uid, PTE(sp + 1, PT_ENTRIES - 1));
}

void h_thread_init(u32 t, u64 param, u32 cpu)
{
	ASSUME_INPUT(t < PAGE_COUNT);
	thread_init(t, param, cpu);
	CHECK_SPEC((TH(t)->state == THREAD_STOPPED) & (TH(t)->home == cpu) & (TH(t)->space == NIL) & (TH(t)->sched == NIL));
	CHECK_SPEC((TH(t)->table == NIL) & (TH(t)->queue == NIL) & (TH(t)->reply_to == NIL) & (TH(t)->running_on == NIL));
	ASSIGNS(1, *TH(t));
}

/* --- interrupts and devices ---------------------------------------------------------------- */

/* A line of a range, or a message of a device. */
PRED bool irq_old(u32 err, u32 mem, u64 offset, u32 source, u64 number, u64 mode)
{
	const bool line = old_slot[source].type == OBJ_IRQCTL;

	return (old_slot[source].rights & (line ? RIGHT_IRQCTL_CREATE : RIGHT_DEVICE_IRQ)) == 0 ? err == ERRNO_RIGHTS
	       : !line && mode != 0 ? err == ERRNO_ARG
	       : number >= (line ? old_slot[source].count : old_device[old_slot[source].obj].count) ? err == ERRNO_RANGE
	       : err == ERRNO_DEVICE ? true
	       : err == ERRNO_BUSY   ? true
				     : check_old(err, mem, offset, 1);
}

PRED bool is_irq(u32 q, u32 source, u64 number)
{
	const bool line = old_slot[source].type == OBJ_IRQCTL;
	const u32 d = old_slot[source].obj;

	return IRQ(q)->vector == NIL && IRQ(q)->masked == 1 && IRQ(q)->prev == NIL &&
	       (line ? IRQ(q)->kind == IRQ_LINE && IRQ(q)->source == old_slot[source].first + number && IRQ(q)->device == NIL && IRQ(q)->next == NIL
		     : IRQ(q)->kind == IRQ_MESSAGE && IRQ(q)->source == DV(d)->first + number && IRQ(q)->device == d && DV(d)->irqs == q);
}

void h_irq(u32 t, u32 mem, u32 dst, u64 offset, u32 source, u64 number, u64 mode)
{
	HANDED(irq_create, mem, dst, offset, source, number, mode);
	HINTS(any_cap_object_inv(source), any_cap_range_inv(source));
	IN_A_MEMORY(mem, dst, 1);
	const u32 d = SLOT(source)->obj, first = DV(d)->irqs, line = SLOT(source)->first + (u32)number;
	hint_device(d);
	asked_page = SLOT_PAGE(dst);
	made = OBJ_IRQ;
	const err_t err = sys_irq_create(t, mem, dst, offset, source, number, mode);
	const bool done = err.v == 0, message = done & (old_slot[source].type == OBJ_DEVICE);

	CHECK_SPEC(irq_old(err.v, mem, offset, source, number, mode));
	CHECK_IF(done & AT(mem), "spec", is_owner_of(dst, mem, OBJ_IRQ, head));
	CHECK_IF(done, "spec", is_irq(head, source, number));
	making_changes(done, mem, dst, head, 1);
	ASSIGNS(done, *IRQ(head));
	ASSIGNS(message, DV(d)->irqs, DV(d)->irq_count, IRQ(first)->prev);
	ASSIGNS(done & !message, ks.line_used[line / 64]);
	COVER(message);
}

PRED bool is_device(u32 d, u32 functions)
{
	return DV(d)->first == old_slot[functions].first && DV(d)->count == old_slot[functions].count && DV(d)->irqs == NIL && DV(d)->bound == NIL &&
	       DV(d)->irq_count == 0 && DV(d)->number < DEVICES_MAX && ks.device[DV(d)->number] == d && old_ks.device[DV(d)->number] == 0;
}

bool prover_replace_functions_are_free(u32 first, u32 count)
{
	ANY(u8, free);

	CHECK_SPEC(count <= DEVICE_FUNCTIONS);
	(void)first;
	return free & 1;
}

u32 prover_replace_number_find(void)
{
	ANY(u32, n);

	prover_assume(n == DEVICES_MAX || (n < DEVICES_MAX && ks.device[n] == 0));
	return n;
}

void h_device(u32 t, u32 mem, u32 dst, u64 offset, u32 functions)
{
	HANDED(device_create, mem, dst, offset, functions);
	IN_A_MEMORY(mem, dst, 1);
	asked_page = SLOT_PAGE(dst);
	made = OBJ_DEVICE;
	const err_t err = sys_device_create(t, mem, dst, offset, functions);
	const bool done = err.v == 0;

	CHECK_IF(done & AT(mem), "spec", is_owner_of(dst, mem, OBJ_DEVICE, head));
	CHECK_IF(done, "spec", is_device(head, functions));
	making_changes(done, mem, dst, head, 1);
	ASSIGNS(done, ks.device[DV(head)->number], *DV(head));
	COVER(done);
}
