/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine as its drivers see it (unit tests, fuzzer).
 *
 * A driver chooses what happens next on which CPU; each kernel entry then runs
 * to its end, as the locks guarantee.  An entry has two parts, so that others
 * can come between: `host_begin` saves the registers and waits for the lock,
 * `host_finish` runs the kernel and returns to user mode.
 *
 * Everything here is deterministic.  What breaks a rule of the machine ends in
 * host_fail.
 */
#pragma once
#include <setjmp.h>

#include "ks.h"

enum {
	HOST_TLB = 16,        /* entries of each CPU, and of the IOMMU */
	HOST_PCIDS = 3,       /* tags of each CPU: few, so that they are used again */
	HOST_LINES = 24,      /* IOAPIC inputs */
	HOST_MESSAGES = 128,  /* interrupt remapping entries */
	HOST_REQUESTERS = 160, /* PCI functions that exist: ids 0 to 159 */
	HOST_DOMAINS = 8,
	HOST_LOG = 64,
	HOST_FAULTS = 4, /* that the IOMMU records until they are read */
	HOST_HELD = 8,
	HOST_RESERVED = 8, /* pages at the start that the kernel keeps */
	HOST_XSTATE_INIT = 0x1f80,
};
/* Device memory of the first program, at this handle: 2 GiB from 4 GiB on. */
enum {
	HANDLE_DEVMEM = HANDLE_MEMORY + 1,
	HOST_DEVMEM_FIRST = 0x100000,
	HOST_DEVMEM_PAGES = 0x80000
};
#define HOST_SYSCALL_BYTES 2ull /* length of the SYSCALL instruction */
#define HOST_USER_FLAGS 0x202ull
#define HOST_POISON 0xa5u

enum host_phase { HOST_IDLE, HOST_USER, HOST_WAITING, HOST_KERNEL };
enum host_kind { HOST_SYSCALL, HOST_FAULT, HOST_IRQ, HOST_TIMER, HOST_KICK, HOST_IOMMU };

struct host_tlb {
	bool valid, dirty;
	u32 tag; /* pcid, or domain */
	u32 level, page, rights;
	u64 vpage;
};

struct host_cpu {
	struct arch_frame regs; /* valid in user mode */
	u32 phase;              /* enum host_phase */
	u32 thread;             /* whose registers they are */
	u32 kind;               /* enum host_kind of the entry that waits */
	u64 arg[3];
	bool kicked;
	bool pending[IRQ_VECTORS];
	u64 timer;
	u64 xstate[HOST_XSTATE_WORDS];
	u32 space;                  /* loaded, or NIL */
	u32 pcid;                   /* tag of the loaded space */
	u64 pcid_uid[HOST_PCIDS];   /* which space each tag stands for; 0: none */
	u32 pcid_space[HOST_PCIDS]; /* and where it was */
	u32 pcid_next;
	struct host_tlb tlb[HOST_TLB];
	u32 tlb_next;
};

struct host_route {
	bool used, masked, raised;
	u32 irq; /* object */
	u32 cpu, vector;
};

struct host_event {
	u32 cpu, kind;
	u64 nr, handle, arg[5], result;
	u32 thread;
};

/* Rules that a test can break, to see that it is noticed. */
struct host_knobs {
	bool skip_flush;   /* arch_space_flush does nothing */
	bool skip_iotlb;   /* the same for I/O spaces */
	bool skip_clear;   /* arch_object_clear does nothing */
	bool iommu_hangs;  /* it answers no more */
	bool no_fast_path; /* messages go the ordinary way */
};

struct host_machine {
	u32 this_cpu;
	u64 clock;
	u64 entries; /* kernel entries so far */
	bool in_kernel;
	bool was_global; /* the last entry took all locks */
	bool iommu;
	struct host_cpu cpu[HOST_CPUS_MAX];
	struct host_route line[HOST_LINES];
	struct host_route message[HOST_MESSAGES];
	u32 context[HOST_REQUESTERS];   /* I/O space of each function, or NIL */
	struct host_refusal {
		u32 requester, access;
		u64 address;
	} refusal[HOST_FAULTS]; /* by the IOMMU, recorded */
	u32 refusals;
	u32 domain_space[HOST_DOMAINS]; /* which I/O space has the domain, or NIL */
	struct host_tlb iotlb[HOST_TLB];
	u32 iotlb_next;
	struct lock *held[HOST_HELD];
	u32 held_count;
	char console[256]; /* the last bytes written */
	u32 console_count;
	u32 port_written, port_value; /* by the last output to a port */
	struct host_knobs knobs;
	struct host_event log[HOST_LOG];
	u64 log_count;
	bool catching;
	jmp_buf caught;
	const char *failure;
	u64 failure_a, failure_b;
};
extern struct host_machine host;

struct host_config {
	u32 pages;
	u32 cpus;
	bool iommu;
};

/* --- machine.c: boot, memory, journal ------------------------------------------- */

/* What the first program finds in its table, besides HANDLE_*. */
struct host_root {
	u32 memory; /* first page of HANDLE_MEMORY */
	u32 pages;  /* and how many */
	u32 thread, table, slots, space, sched;
};
extern struct host_root host_root;

/* Make a machine with a first program on CPU 0; it runs when this returns. */
void host_boot(const struct host_config *config);
_Noreturn void host_fail(const char *what, u64 a, u64 b);
void host_print_log(void);

/* --- journal.c: what the last kernel entry changed --------------------------------- */
void host_journal_start(void);
void host_journal_end(u32 cpu);
/* Page contents before the last entry. */
const void *host_page_before(u32 page);
struct page host_descriptor_before(u32 page);
/* Did it change nothing but results in the frame of `caller` (NIL: none)? */
bool host_changed_nothing(u32 caller);
/* Pages whose contents the last entry looked at. */
u32 host_touched_count(void);
u32 host_touched(u32 i);
void host_print_changes(void);

/* --- cpu.c: kernel entries --------------------------------------------------------- */
void host_begin(u32 cpu, u32 kind, u64 a, u64 b, u64 c);
void host_finish(u32 cpu);
/* Both, one after the other; whatever waits on the CPU is finished first. */
void host_enter(u32 cpu, u32 kind, u64 a, u64 b, u64 c);
/* Deliver what has been asked for (kick, timer whose time has come); false: nothing. */
bool host_deliver(u32 cpu);
/* Let the clock go on; nothing is delivered. */
void host_advance(u64 ticks);

/* --- check.c ------------------------------------------------------------------------ */
/* Check caches, routes and timers against the state of the kernel. */
void host_check(void);
/* Would an entry of this CPU that does nothing change nothing? */
bool host_is_quiet(u32 cpu);

/* --- mmu.c ---------------------------------------------------------------------------- */
enum host_access { HOST_READ = 1, HOST_WRITE = 2, HOST_EXEC = 4 };
/* An access of the program that runs on the CPU: the page, or NIL: it faults. */
u32 host_access(u32 cpu, u64 vaddr, u32 access);
/* An access by a device: the page, or NIL: refused. */
u32 host_dma(u32 requester, u64 address, u32 access);
/* The leaf entry for an address, with its level; 0: none. */
u64 host_walk(u32 space, u64 vpage, u32 *level, u32 *table, u32 *index);
void host_space_load(u32 cpu, u32 space);
void host_check_caches(void);

/* --- device.c ---------------------------------------------------------------------------- */
/* A device asserts an interrupt; nothing is delivered before host_deliver_irq. */
void host_raise_line(u32 line);
void host_raise_message(u32 entry);
bool host_deliver_irq(u32 cpu);
void host_check_routes(void);
