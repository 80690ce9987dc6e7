/* SPDX-License-Identifier: MIT */
/*
 * Accessors to kernel state on the simulated machine: one array is physical
 * memory, another holds the page descriptors.  Objects lie at the same offsets
 * as on x86-64.
 *
 * Each accessor checks that the page has the type it is used as, and notes the
 * page in the journal of the running kernel entry, which so learns what the
 * entry changed.  STATE_PEEK gives accessors that do neither, for those who
 * look at the state from outside: invariants and tests.
 */
#pragma once
#include "ks.h"

enum {
	HOST_PAGES_MAX = 2048,
	HOST_CPUS_MAX = 4,
	HOST_XSTATE_WORDS = 8,
	HOST_XSTATE = 4096 - 8 * HOST_XSTATE_WORDS,
};

/* Memory, descriptors, and for each the journal entry that was last noted. */
struct host_memory {
	u32 pages;
	bool boots; /* kernel_boot runs, which reads the module in pages that are free */
	u64 entry; /* number of the running kernel entry */
	u64 stamp[HOST_PAGES_MAX];
	u64 pd_stamp[HOST_PAGES_MAX];
	struct page pd[HOST_PAGES_MAX];
	u64 born[HOST_PAGES_MAX * SLOTS_PER_PAGE];
	_Alignas(4096) u8 byte[HOST_PAGES_MAX][PAGE_SIZE];
};
extern struct host_memory host_mem;
extern struct cpu host_cpu_state[CPU_MAX];

void host_note_page(u32 page);
void host_note_descriptor(u32 page);
_Noreturn void host_bad_access(u32 page, u32 type, u32 wanted);

static inline void host_page_used(u32 page)
{
	if (page >= host_mem.pages)
		host_bad_access(page, NIL, NIL);
	if (host_mem.stamp[page] != host_mem.entry)
		host_note_page(page);
}

static inline struct page *host_descriptor(u32 page)
{
	if (page >= host_mem.pages)
		host_bad_access(page, NIL, NIL);
	if (host_mem.pd_stamp[page] != host_mem.entry)
		host_note_descriptor(page);
	return &host_mem.pd[page];
}

static inline void *host_object(u32 page, u32 type, u32 offset)
{
	host_page_used(page);
	if (host_mem.pd[page].type != type)
		host_bad_access(page, host_mem.pd[page].type, type);
	return &host_mem.byte[page][offset];
}

static inline bool host_is_space_type(u32 type)
{
	return type == OBJ_SPACE || type == OBJ_IOSPACE;
}

static inline struct space *host_space(u32 page)
{
	host_page_used(page);
	if (!host_is_space_type(host_mem.pd[page].type) || host_mem.pd[page].head != page)
		host_bad_access(page, host_mem.pd[page].type, OBJ_SPACE);
	return (struct space *)(void *)&host_mem.byte[page][OBJECT_OFFSET];
}

/* A page-table page, or the second page of a space. */
static inline u64 *host_entries(u32 page)
{
	host_page_used(page);
	struct page *p = &host_mem.pd[page];
	if (p->type != OBJ_PTABLE && !(host_is_space_type(p->type) && p->head + 1 == page))
		host_bad_access(page, p->type, OBJ_PTABLE);
	return (u64 *)(void *)host_mem.byte[page];
}

static inline struct tnode *host_tnode(u32 page)
{
	host_page_used(page);
	if (host_mem.pd[page].type != OBJ_THREAD && host_mem.pd[page].type != OBJ_SCHED)
		host_bad_access(page, host_mem.pd[page].type, OBJ_SCHED);
	return (struct tnode *)(void *)&host_mem.byte[page][OBJECT_NODE_OFFSET];
}

/* Which objects have internal slots; all do but these. */
static inline bool host_has_slots(u32 type)
{
	return type != PAGE_FREE && type != PAGE_RESERVED && type != OBJ_FRAMES &&
	       type != OBJ_PTABLE && type != OBJ_SLOTS;
}

static inline struct cap *host_slot(u32 s)
{
	u32 page = SLOT_PAGE(s), i = s % SLOTS_PER_PAGE;
	host_page_used(page);
	u32 type = host_mem.pd[page].type;
	if (type != OBJ_SLOTS && !(host_has_slots(type) && i < OBJECT_SLOTS))
		host_bad_access(page, type, OBJ_SLOTS);
	return (struct cap *)(void *)&host_mem.byte[page][i * sizeof(struct cap)];
}

static inline u64 *host_word(u32 page)
{
	host_page_used(page);
	if (host_mem.pd[page].type != OBJ_FRAMES && !host_mem.boots)
		host_bad_access(page, host_mem.pd[page].type, OBJ_FRAMES);
	return (u64 *)(void *)host_mem.byte[page];
}

#ifdef STATE_PEEK
#define HOST_AT(type, page, offset) ((type *)(void *)&host_mem.byte[page][offset])
#define PD(page) (&host_mem.pd[page])
#define SLOT(s) HOST_AT(struct cap, SLOT_PAGE(s), ((s) % SLOTS_PER_PAGE) * sizeof(struct cap))
#define CT(page) HOST_AT(struct table, page, OBJECT_TABLE_OFFSET)
#define SP(page) HOST_AT(struct space, page, OBJECT_OFFSET)
#define PTE(page, i) (HOST_AT(u64, page, 0)[i])
#define TH(page) HOST_AT(struct thread, page, OBJECT_OFFSET)
#define TN(page) HOST_AT(struct tnode, page, OBJECT_NODE_OFFSET)
#define SC(page) HOST_AT(struct sched, page, OBJECT_OFFSET)
#define EP(page) HOST_AT(struct ep, page, OBJECT_OFFSET)
#define NT(page) HOST_AT(struct notif, page, OBJECT_OFFSET)
#define IRQ(page) HOST_AT(struct irq, page, OBJECT_OFFSET)
#define DV(page) HOST_AT(struct device, page, OBJECT_OFFSET)
#define WORD(page, i) (HOST_AT(u64, page, 0)[i])
#else
#define PD(page) host_descriptor(page)
#define SLOT(s) host_slot(s)
#define CT(page) ((struct table *)host_object(page, OBJ_TABLE, OBJECT_TABLE_OFFSET))
#define SP(page) host_space(page)
#define PTE(page, i) (host_entries(page)[i])
#define TH(page) ((struct thread *)host_object(page, OBJ_THREAD, OBJECT_OFFSET))
#define TN(page) host_tnode(page)
#define SC(page) ((struct sched *)host_object(page, OBJ_SCHED, OBJECT_OFFSET))
#define EP(page) ((struct ep *)host_object(page, OBJ_EP, OBJECT_OFFSET))
#define NT(page) ((struct notif *)host_object(page, OBJ_NOTIF, OBJECT_OFFSET))
#define IRQ(page) ((struct irq *)host_object(page, OBJ_IRQ, OBJECT_OFFSET))
#define DV(page) ((struct device *)host_object(page, OBJ_DEVICE, OBJECT_OFFSET))
#define WORD(page, i) (host_word(page)[i])
#endif
#define BORN(s) (host_mem.born[s])
#define CPU(c) (&host_cpu_state[c])
#define THIS_CPU() CPU(arch_cpu())
#define MY(field) (THIS_CPU()->field)
extern struct thread host_no_thread;
/* On the machine, too, something can be read where no thread is loaded. */
#define MY_THREAD() (MY(loaded) == NIL ? &host_no_thread : TH(MY(loaded)))
/* Which pages have descriptors: all below this number. */
#define PAGE_COUNT (host_mem.pages)
#define INV_PAGES_MAX HOST_PAGES_MAX

#include "../x86_64/pte.h"
