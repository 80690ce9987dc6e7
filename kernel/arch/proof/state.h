/* SPDX-License-Identifier: MIT */
/*
 * Kernel state as the prover sees it: one array for each type of object, with
 * the page number as index; slots by slot number.
 *
 * On a machine these are parts of pages in one memory.  That typed pages do
 * not overlap there is what the invariants of page descriptors say, and what
 * the accessors of kernel/arch/host check at every access; here the arrays
 * make it so.  The prover takes each array as a function of its index, so that
 * its size costs nothing.
 *
 * A unit that needs the arrays defined includes state_def.h once.
 */
#pragma once
#include "ks.h"

#define PAGE_COUNT OBJECT_PAGES
#define SLOT_COUNT (1ull << 32)

extern struct page ks_page[PAGE_COUNT];
extern struct cap ks_slot[SLOT_COUNT];
extern struct table ks_table[PAGE_COUNT];
extern struct space ks_space[PAGE_COUNT];
extern u64 ks_pte[PAGE_COUNT][PT_ENTRIES];
extern struct thread ks_thread[PAGE_COUNT];
extern struct tnode ks_tnode[PAGE_COUNT];
extern struct sched ks_sched[PAGE_COUNT];
extern struct ep ks_ep[PAGE_COUNT];
extern struct notif ks_notif[PAGE_COUNT];
extern struct irq ks_irq[PAGE_COUNT];
extern struct device ks_device[PAGE_COUNT];
extern u64 ks_born[SLOT_COUNT];
extern u64 ks_word[PAGE_COUNT][PT_ENTRIES];
extern struct cpu ks_cpu[CPU_MAX];

#define PD(p) (&ks_page[p])
#define SLOT(s) (&ks_slot[s])
#define CT(p) (&ks_table[p])
#define SP(p) (&ks_space[p])
#define PTE(p, i) (ks_pte[p][i])
#define TH(p) (&ks_thread[p])
#define TN(p) (&ks_tnode[p])
#define SC(p) (&ks_sched[p])
#define EP(p) (&ks_ep[p])
#define NT(p) (&ks_notif[p])
#define IRQ(p) (&ks_irq[p])
#define DV(p) (&ks_device[p])
#define WORD(p, i) (ks_word[p][i])
#define BORN(s) (ks_born[s])
#define CPU(c) (&ks_cpu[c])
#define THIS_CPU() CPU(arch_cpu())
#define MY(field) (THIS_CPU()->field)
#define MY_THREAD() TH(MY(loaded))

#include "../x86_64/pte.h"
