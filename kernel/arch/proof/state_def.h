/* SPDX-License-Identifier: MIT */
/*
 * Defines the state for one proof unit.  The prover starts with arbitrary
 * contents; nothing is known of them but what a unit assumes.
 */
#pragma once
#include "ks.h"

struct kernel_state ks;
struct page ks_page[PAGE_COUNT];
struct cap ks_slot[SLOT_COUNT];
struct table ks_table[PAGE_COUNT];
struct space ks_space[PAGE_COUNT];
u64 ks_pte[PAGE_COUNT][PT_ENTRIES];
struct thread ks_thread[PAGE_COUNT];
struct tnode ks_tnode[PAGE_COUNT];
struct sched ks_sched[PAGE_COUNT];
struct ep ks_ep[PAGE_COUNT];
struct notif ks_notif[PAGE_COUNT];
struct irq ks_irq[PAGE_COUNT];
struct device ks_device[PAGE_COUNT];
u64 ks_born[SLOT_COUNT];
u64 ks_word[PAGE_COUNT][PT_ENTRIES];
struct cpu ks_cpu[CPU_MAX];
