/* SPDX-License-Identifier: MIT */
/*
 * The whole state, at any index: each invariant for whatever stands there, and
 * what "unchanged" means for each kind of object.
 *
 * For units.  hint_X assumes all invariants of one index, check_invariants proves
 * that any of them still holds wherever it held; both go through the lists of the
 * invariants' headers, so that nothing is assumed that is not proved.  old_X is
 * the state before the call.
 */
#pragma once
#include "inv_cap.h"
#include "inv_device.h"
#include "inv_ipc.h"
#include "inv_page.h"
#include "inv_sched.h"
#include "inv_thread.h"
#include "leak.h"
#include "spec_space.h"
#include "trust.h"

#include "state_def.h"
#include "model.h"

/* --- invariants, of whatever stands at an index ------------------------------------- */

#define OF_SLOT(name) PRED bool any_##name(u32 i) { return !slot_exists(i) || name(i); }
#define OF_PAGE(name) PRED bool any_##name(u32 i) { return !page_exists(i) || name(i); }
#define OF_THREAD(name) PRED bool any_##name(u32 i) { return !thread_is(i) || name(i); }
#define OF_TNODE(name) PRED bool any_##name(u32 i) { return !tnode_is(i) || name(i); }
#define OF_SCHED(name) PRED bool any_##name(u32 i) { return !is_object(i, OBJ_SCHED) || name(i); }
#define OF_EP(name) PRED bool any_##name(u32 i) { return !is_object(i, OBJ_EP) || name(i); }
#define OF_NOTIF(name) PRED bool any_##name(u32 i) { return !is_object(i, OBJ_NOTIF) || name(i); }
#define OF_IRQ(name) PRED bool any_##name(u32 i) { return !is_object(i, OBJ_IRQ) || name(i); }
#define OF_DEVICE(name) PRED bool any_##name(u32 i) { return !is_object(i, OBJ_DEVICE) || name(i); }

PRED bool cpu_runs(u32 c)
{
	return c < CPU_MAX && c < ks.cpus;
}
#define OF_CPU(name) PRED bool any_##name(u32 i) { return !cpu_runs(i) || name(i); }

/* The derivation tree; and what single capabilities say. */
#define TREE_INVARIANTS(X)                                                                         \
	X(cap_empty_inv)                                                                           \
	X(cap_parent_inv)                                                                          \
	X(cap_child_inv)                                                                           \
	X(cap_siblings_inv)                                                                        \
	X(cap_order_inv)                                                                           \
	X(cap_inner_inv)

CAP_INVARIANTS(OF_SLOT)
PAGE_INVARIANTS(OF_PAGE)
THREAD_INVARIANTS(OF_THREAD)
TNODE_INVARIANTS(OF_TNODE)
SCHED_INVARIANTS(OF_SCHED)
EP_INVARIANTS(OF_EP)
NOTIF_INVARIANTS(OF_NOTIF)
IRQ_INVARIANTS(OF_IRQ)
DEVICE_INVARIANTS(OF_DEVICE)
CPU_INVARIANTS(OF_CPU)

PRED bool any_cap_pair_inv(u32 s, u32 z)
{
	return !slot_exists(s) || !slot_exists(z) || cap_pair_inv(s, z);
}

PRED bool any_table_leaf_inv(u32 table, u32 i)
{
	return !is_object(table, OBJ_TABLE) || i >= 512 || table_leaf_inv(table, i);
}

PRED bool any_ready_queue_inv(u32 c, u32 p)
{
	return !cpu_runs(c) || p >= PRIO_COUNT || ready_queue_inv(c, p);
}

PRED bool any_vector_inv(u32 c, u32 v)
{
	return !cpu_runs(c) || v >= IRQ_VECTORS || vector_inv(c, v);
}

PRED bool any_space_uid_inv(u32 i, u32 c)
{
	return !is_space(i) || c >= CPU_MAX || space_uid_inv(i, c);
}

PRED bool any_grant_uid_inv(u32 s, u32 c)
{
	return !slot_exists(s) || c >= CPU_MAX || grant_uid_inv(s, c);
}

PRED bool any_cpu_uid_inv(u32 c)
{
	return !cpu_runs(c) || cpu_uid_inv(c);
}

PRED bool any_page_owned_inv(u32 i)
{
	return !page_exists(i) || page_owned_inv(i);
}

PRED bool any_owned_page_inv(u32 s, u32 i)
{
	return !slot_exists(s) || owned_page_inv(s, i);
}

#define HINT_AT_I(name) HINT(1, any_##name(i));

static void hint_slot(u32 i)
{
	CAP_INVARIANTS(HINT_AT_I)
}

static void hint_tree(u32 i)
{
	TREE_INVARIANTS(HINT_AT_I)
}

/* The neighbours of a slot. */
static void hint_around(u32 s)
{
	hint_tree(s);
	hint_tree(SLOT(s)->parent);
	hint_tree(SLOT(s)->next);
	hint_tree(SLOT(s)->prev);
	hint_tree(SLOT(s)->child);
}

/* Two capabilities, if they are siblings. */
static void hint_pair(u32 s, u32 z)
{
	HINTS(any_cap_pair_inv(s, z), any_cap_pair_inv(z, s), any_cap_order_inv(s), any_cap_parent_inv(s));
}

static void hint_page(u32 i)
{
	PAGE_INVARIANTS(HINT_AT_I)
}

static void hint_thread(u32 i)
{
	THREAD_INVARIANTS(HINT_AT_I)
}

static void hint_sched(u32 i)
{
	SCHED_INVARIANTS(HINT_AT_I)
}

static void hint_tnode(u32 i)
{
	TNODE_INVARIANTS(HINT_AT_I)
}

static void hint_ep(u32 i)
{
	EP_INVARIANTS(HINT_AT_I)
}

static void hint_notif(u32 i)
{
	NOTIF_INVARIANTS(HINT_AT_I)
}

static void hint_device(u32 i)
{
	IRQ_INVARIANTS(HINT_AT_I)
	DEVICE_INVARIANTS(HINT_AT_I)
}

static void hint_cpu(u32 i)
{
	CPU_INVARIANTS(HINT_AT_I)
}

/* --- any index of each kind ------------------------------------------------------------- */

/* A slot, a page (of whatever type), a CPU, a place in an array of any of them: always the same, so that contracts
 * can say what they leave true there. */
struct any {
	u32 slot, page, cpu, n;
};

#define CHECK_AT_SLOT(name) CHECK_KEPT(any_##name(any.slot));
#define CHECK_AT_PAGE(name) CHECK_KEPT(any_##name(any.page));
#define CHECK_AT_CPU(name) CHECK_KEPT(any_##name(any.cpu));

/* One more capability can be derived, and one more number given out by a CPU. */
PRED bool has_numbers(u32 cpu)
{
	return ks.g_clock < UINT64_MAX && (cpu >= CPU_MAX || CPU(cpu)->uid < UINT64_MAX / 2);
}
#define HAS_NUMBERS(cpu) ASSUME_STATE(counters, has_numbers(cpu), "no counter of 64 bits overflows")

extern const struct any any; /* what the prover takes for INDEX(slot), INDEX(page) and so on */

static struct any any_index(void)
{
	return (struct any){ INDEX(slot), INDEX(page), INDEX(cpu), INDEX(n) };
}

/* What is known where a capability appears, disappears or moves. */
static void hint_any(struct any any)
{
	hint_around(any.slot);
	hint_page(any.page);
	hint_page(PD(any.page)->head);
	HINT(1, any_page_owned_inv(any.page));
}

/* The same for a new child of `parent`. */
static void hint_newest(struct any any, u32 parent)
{
	hint_slot(parent);
	hint_tree(SLOT(parent)->child);
	hint_any(any);
	hint_pair(any.slot, SLOT(parent)->child);
	hint_pair(any.n, SLOT(parent)->child);
}

/* The links of the derivation tree. */
static void check_tree(struct any any)
{
	TREE_INVARIANTS(CHECK_AT_SLOT)
	CHECK_KEPT(any_cap_pair_inv(any.slot, any.n));
}

static void check_invariants(struct any any)
{
	CAP_INVARIANTS(CHECK_AT_SLOT)
	PAGE_INVARIANTS(CHECK_AT_PAGE)
	THREAD_INVARIANTS(CHECK_AT_PAGE)
	SCHED_INVARIANTS(CHECK_AT_PAGE)
	TNODE_INVARIANTS(CHECK_AT_PAGE)
	EP_INVARIANTS(CHECK_AT_PAGE)
	NOTIF_INVARIANTS(CHECK_AT_PAGE)
	IRQ_INVARIANTS(CHECK_AT_PAGE)
	DEVICE_INVARIANTS(CHECK_AT_PAGE)
	CPU_INVARIANTS(CHECK_AT_CPU)
	CHECK_KEPT(any_cap_pair_inv(any.slot, any.n));
	CHECK_KEPT(any_table_leaf_inv(any.page, any.n));
	CHECK_KEPT(any_ready_queue_inv(any.cpu, any.n));
	CHECK_KEPT(any_vector_inv(any.cpu, any.n));
	CHECK_KEPT(any_entry_inv(any.page, any.n));
	CHECK_KEPT(any_ptable_inv(any.page));
	CHECK_KEPT(any_space_inv(any.page));
	CHECK_KEPT(any_space_uid_inv(any.page, any.cpu));
	CHECK_KEPT(any_grant_uid_inv(any.slot, any.cpu));
	CHECK_KEPT(any_cpu_uid_inv(any.cpu));
}

/* Who owns what. */
static void hint_owner(u32 page, u32 slot, u32 n)
{
	HINTS(any_page_owned_inv(page), any_owned_page_inv(slot, n));
}

static void check_owners(struct any any)
{
	CHECK_LEAK_KEPT(any_page_owned_inv(any.page));
	CHECK_LEAK_KEPT(any_owned_page_inv(any.slot, any.n));
}

/* --- before and after --------------------------------------------------------------------- */

struct kernel_state old_ks;
struct page old_page[PAGE_COUNT];
struct cap old_slot[SLOT_COUNT];
struct table old_table[PAGE_COUNT];
struct space old_space[PAGE_COUNT];
u64 old_pte[PAGE_COUNT][PT_ENTRIES];
struct thread old_thread[PAGE_COUNT];
struct tnode old_tnode[PAGE_COUNT];
struct sched old_sched[PAGE_COUNT];
struct ep old_ep[PAGE_COUNT];
struct notif old_notif[PAGE_COUNT];
struct irq old_irq[PAGE_COUNT];
struct device old_device[PAGE_COUNT];
u64 old_born[SLOT_COUNT];
u64 old_word[PAGE_COUNT][PT_ENTRIES];
struct cpu old_cpu[CPU_MAX];

/* What a harness compares the state with, at any index of each kind: done before each. */
__attribute__((used)) static void remember(void)
{
	REMEMBER(old_ks, ks, INDEX(n));
	REMEMBER(old_page, ks_page, INDEX(page));
	REMEMBER(old_slot, ks_slot, INDEX(slot));
	REMEMBER(old_born, ks_born, INDEX(slot));
	REMEMBER(old_table, ks_table, INDEX(page));
	REMEMBER(old_space, ks_space, INDEX(page));
	REMEMBER(old_pte, ks_pte, INDEX(page));
	REMEMBER(old_thread, ks_thread, INDEX(page));
	REMEMBER(old_tnode, ks_tnode, INDEX(page));
	REMEMBER(old_sched, ks_sched, INDEX(page));
	REMEMBER(old_ep, ks_ep, INDEX(page));
	REMEMBER(old_notif, ks_notif, INDEX(page));
	REMEMBER(old_irq, ks_irq, INDEX(page));
	REMEMBER(old_device, ks_device, INDEX(page));
	REMEMBER(old_word, ks_word, INDEX(page));
	REMEMBER(old_cpu, ks_cpu, INDEX(cpu));
}

/* Groups of fields, for ASSIGNS. */
#define IN_PAGE(p)                                                                                 \
	*PD(p), *CT(p), *SP(p), ks_pte[p], ks_word[p], *TH(p), *TN(p), *SC(p), *EP(p), *NT(p), *IRQ(p), *DV(p) /* but slots */
#define LINKS_OF(t) TH(t)->qnext, TH(t)->qprev
#define LEFT_LINKS(t) LINKS_OF(t), TH(old_thread[t].qnext)->qprev, TH(old_thread[t].qprev)->qnext /* when it leaves a queue */
#define WAIT_OF(t) TH(t)->state, TH(t)->queue, TH(t)->g_arrived
#define RUNS_OF(t) TH(t)->running_on, TH(t)->lent, TH(t)->eprio, TH(t)->queued
#define REPLY_OF(t) TH(t)->reply_to, TH(t)->reply_call, TH(t)->call

/* The run queue of CPU c and priority p, and what else changes when t is put into it or leaves it. */
#define RUN_QUEUE(c, p) CPU(c)->top, CPU(c)->ready_map[(p) / 64], CPU(c)->ready_head[p], CPU(c)->ready_tail[p]
#define QUEUED_LAST(t, c, p) RUN_QUEUE(c, p), TH(t)->queued, TH(t)->qprev, TH(old_cpu[c].ready_tail[p])->qnext
#define QUEUED_FIRST(t, c, p) RUN_QUEUE(c, p), TH(t)->queued, TH(t)->qnext, TH(old_cpu[c].ready_head[p])->qprev
#define UNQUEUED(t, c, p) RUN_QUEUE(c, p), TH(t)->queued, LEFT_LINKS(t)
#define UNQUEUED_FIRST(t, c, p) RUN_QUEUE(c, p), TH(t)->queued, TH(t)->qnext, TH(old_thread[t].qnext)->qprev

#define SAME(now, before, field) (now.field == before.field)

/* All is as it should be. */
static void check_whole(void)
{
	check_invariants(any);
	check_owners(any);
}
