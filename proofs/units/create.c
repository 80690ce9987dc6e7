/* SPDX-License-Identifier: MIT */
/* prove:
 * sparing = true
 * batch = 16
 * merge = ["is_creatable", "param_ok", "object_rights", "object_start", "object_end", "object_pages"]
 * [h_notif]
 * function = "sys_object_create"
 * only = "of notifications"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_space]
 * function = "sys_object_create"
 * only = "of spaces"
 * columns = ["ub", "invariant", "spec", "leak"]
 * [h_other]
 * function = "sys_object_create"
 * only = "of what cannot be made so"
 * columns = ["ub", "invariant", "spec"]
 */
/*
 * Making objects, type by type: each harness is about one.
 */
#include "prover.h"
#include "contract_memory.h"
#include "contract_tree.h"
#include "handed.h"
#include "spec_memory.h"

#include <memory.c>
#include <cap.c>
#define WAITERS_MAX NOTIF_WAITERS_MAX
#include <notif.c>
#include <sched.c>
#include <space.c>

/* --- the machine ------------------------------------------------------------------------ */

u32 made; /* the type of what is being made */

/* What an object uses of its page: nothing can be seen there as another type (assumption views). */
void arch_object_clear(u32 page, u32 from, u32 to)
{
	(void)from;
	(void)to;
	if (made == OBJ_SPACE)
		CLEAR(ks_space, page, 1);
	if (made == OBJ_NOTIF)
		CLEAR(ks_notif, page, 1);
}

/* Only the root table of a space is cleared alone. */
void arch_page_clear(u32 page)
{
	CLEAR(ks_pte, page, 1);
}

struct {
	u64 kernel_half; /* an entry of a root table */
	u32 domain;	 /* of an I/O space */
	u8 has_domain;
} given;

void arch_space_init(u32 sp)
{
	PTE(SPACE_ROOT(sp), PT_ENTRIES - 1) = given.kernel_half;
}

void arch_iospace_init(u32 sp)
{
	SP(sp)->domain = given.domain;
}

bool arch_iospace_free_number(void)
{
	return given.has_domain & 1;
}

/* --- what is made ------------------------------------------------------------------------ */

/* Is it the first error that applies, or rightly none? */
PRED bool create_old(u32 err, u32 t, u32 mem, u64 type, u64 offset, u64 param)
{
	return !spec_creatable(type) || !spec_param(t, type, param) ? err == ERRNO_ARG
	       : err == ERRNO_DEVICE ? type == OBJ_IOSPACE && (given.has_domain & 1) == 0
				     : check_old(err, mem, offset, type == OBJ_SPACE || type == OBJ_IOSPACE ? 2 : 1) &&
					       IMP(err == ERRNO_OK && type == OBJ_IOSPACE, (given.has_domain & 1) != 0);
}

/* The owner of an object, newest child of mem, with all rights. */
PRED bool is_owner_of(u32 s, u32 mem, u32 type, u32 head)
{
	return SLOT(s)->type == type && SLOT(s)->flags == CAP_OWNER && SLOT(s)->rights == all_rights(type) &&
	       SLOT(s)->obj == head && SLOT(s)->first == 0 && SLOT(s)->count == 0 && SLOT(s)->badge == 0 &&
	       is_newest_child(s, mem);
}

/* What is known where an object is made in a memory. */
static void hint_make(struct any any, u32 mem, u32 dst, u32 head)
{
	hint_tree(dst);
	hint_newest(any, mem);
	hint_page(head);
	hint_page(head + 1);
}

struct made {
	u32 head;
	bool done;
};

/* `inner` is where threads, interrupts or devices hold a capability of that type. */
static struct made create(u64 wanted, u32 inner)
{
	ANY(u64, type);
	ANY(u32, t);
	ANY(u32, mem);
	ANY(u32, dst);
	ANY(u64, offset);
	ANY(u64, param);
	const u32 n = wanted == OBJ_SPACE || wanted == OBJ_IOSPACE ? 2 : 1;

	ASSUME_INPUT(type == wanted);
	CALLER(t);
	HANDED(object_create, mem, dst, type, offset);
	ASSUME_STATE(cpus, (machine.cpu < ks.cpus) & (ks.cpus <= CPU_MAX), "as many CPUs as were found at boot, and this is one");
	HAS_NUMBERS(machine.cpu);
	const u32 head = SLOT(mem)->first + (u32)offset;
	hint_make(any, mem, dst, head);
	HINTS(any_cap_object_inv(SLOT_OF(any.page, inner)), any_cap_object_inv(SLOT_OF(any.page, 0)));
	hint_cpu(machine.cpu);
	HINTS(any_cpu_uid_inv(machine.cpu), any_grant_uid_inv(any.slot, machine.cpu));
	made = (u32)wanted;
	const err_t err = sys_object_create(t, mem, dst, type, offset, param);
	const bool done = err.v == 0, within = done & (any.page - head < n);
	const bool right = create_old(err.v, t, mem, type, offset, param);

	CHECK_SPEC(right);
	CHECK_IF(done, "spec", is_owner_of(dst, mem, (u32)wanted, head));
	CHECK_IF(done, "spec", PD(head)->owner == dst);
	CHECK_IF(within, "spec", old_page[any.page].type == PAGE_FREE);
	ASSIGNS(done, INSERTED(dst, mem));
	ASSIGNS_RUN(done, *PD(head), n);
	check_whole();
	return (struct made){ head, done };
}

/* --- what each type begins as ---------------------------------------------------------- */

#define BEGINS(type, inner)                                                                        \
	const struct made m = create(type, inner);                                                      \
	COVER(m.done)

void h_space(void)
{
	BEGINS(OBJ_SPACE, TSLOT_SPACE);
	CHECK_IF(m.done & (any.page == m.head + 1), "spec", is_taken(any.page, OBJ_SPACE, m.head));
	CHECK_IF(m.done & (any.n < PT_ENTRIES / 2), "spec", PTE(SPACE_ROOT(m.head), any.n) == 0);
	CHECK_IF(m.done, "spec", SP(m.head)->uid > old_cpu[machine.cpu].uid);
	ASSIGNS(m.done, *SP(m.head), ks_pte[SPACE_ROOT(m.head)], CPU(machine.cpu)->uid);
}

void h_notif(void)
{
	BEGINS(OBJ_NOTIF, TSLOT_NOTIF);
	CHECK_IF(m.done, "spec", (NT(m.head)->word == 0) & (NT(m.head)->bound == NIL) & (NT(m.head)->head == NIL));
	ASSIGNS(m.done, *NT(m.head));
}

void h_other(u32 t, u32 mem, u32 dst, u64 type, u64 offset, u64 param)
{
	CALLER(t);
	HANDED(object_create, mem, dst, type, offset);
	ASSUME_INPUT(!spec_creatable(type));
	CHECK_SPEC(sys_object_create(t, mem, dst, type, offset, param).v == ERRNO_ARG);
	ASSIGNS_NOTHING();
}
