/* SPDX-License-Identifier: MIT */
/*
 * What each CPU has of its own, at PERCPU_BASE + CPU number * 64 KiB:
 *
 *   0x0000  struct cpu, of the generic kernel
 *   0x2000  struct percpu, to which GS points while the CPU is in the kernel
 *   0x5000  its stack (two pages in debug kernels)
 *   0x7000  four stacks of 1 KiB, for #DB, NMI, #DF and #MC
 *   0x8000  a stack for all other traps, where user mode has page tables of its own
 *
 * What lies between is not mapped.  A CPU is found from its stack pointer.
 *
 * Locks:      none; only the CPU itself writes, but for the atomic requests.
 */
#pragma once

#define PERCPU_AT 0x2000
#define PERCPU_0 0xffffff9000000000
#define STACK_TOP_AT 0x6000
#define IST_AT 0x7000
#define ENTRY_AT 0x8000

/* Offsets that entry.S knows. */
#define GS_SCRATCH 0
#define GS_CALL_TOP 8
#define GS_STACK 16
#define GS_CPU 24
#define GS_KERNEL_CR3 32
#define GS_USER_CR3 40
#define GS_CR3_KEEP 48
#define GS_VERW 56
#define GS_IRET_AT 64
#define GS_IRET 72
#define GS_FRAME_END 120

/* In a frame: the end of call_rsp.  It is the one place of a frame that the CPU's area has, but for the task state's. */
#define CALL_TOP 136

/* What a patch of entry.S is for. */
#define GUARD_EXIT 1
#define GUARD_TABLES 2

/* Segment selectors; SYSRET wants this order (Intel SDM vol 3, 5.8.8). */
#define KERNEL_CS 0x08
#define KERNEL_SS 0x10
#define USER_SS 0x1b
#define USER_CS 0x23
#define TSS_SELECTOR 0x28

#ifndef __ASSEMBLER__
#include "arch_frame.h"
#include "sched.h"

enum { STACK_PAGES = DEBUG ? 2 : 1, IST_SIZE = 1024, PCIDS = 64 };
enum { IST_DEBUG = 1, IST_NMI = 2, IST_DOUBLE = 3, IST_MACHINE = 4, IST_ENTRY = 5 };

/* Intel SDM vol 3, 8.7; aligned so that rsp[0] is. */
struct __attribute__((packed, aligned(4))) tss {
	u32 reserved0;
	u64 rsp[3];
	u64 ist[8]; /* [0] is reserved */
	u64 reserved1;
	u16 reserved2;
	u16 io_map; /* above the limit: user mode has no ports */
};
_Static_assert(sizeof(struct tss) == 104, "Intel SDM vol 3, figure 8-11");

struct percpu {
	u64 scratch;
	u8 *call_top; /* end of call_rsp in the current thread's frame, or in `idle` */
	u64 stack;
	u32 cpu;
	u32 space; /* whose root table CR3 holds in user mode; NIL: the kernel's own */

	/* For guarded entries and exits, see mitigate.c. */
	u64 kernel_cr3;
	u64 user_cr3; /* of the current thread's space; 0: as in the kernel */
	u64 cr3_keep; /* bit 63, where there are PCIDs */
	u64 verw;     /* a selector that can be written to */
	u64 iret_at;  /* where `iret` is */
	u64 iret[5];
	u32 domain; /* of the space that was used last */
	struct tss tss;

	u32 apic_id;
	bool fpu_used;       /* the FPU registers hold a thread's values */
	bool fpu_off;        /* CR0.TS is set */
	bool debugging;      /* DR7 is not 0 */
	bool based;          /* FS or GS base of user mode may be other than 0 */
	u64 own;             /* where its struct cpu is */
	u64 bit;             /* 1 << cpu */
	struct arch_frame idle; /* for no thread */
	/* Which space PCID i + 1 stands for, of whose changes this CPU is told; or NIL. */
	u32 known[PCIDS];
	u64 known_cr3[PCIDS]; /* CR3 for it, under which what the TLB holds stays */

	/* Requests to this CPU; atomic. */
	u64 flush_from; /* bit c: CPU c wants its flush_* looked at */
	u32 sync;       /* 1: forget the current thread, then write 0 */
	/* A request by this CPU. */
	u32 flush_space;
	u64 flush_first;
	u64 flush_pages;   /* 0: do not use the space any more */
	u64 flush_waiting; /* bit c: CPU c has not answered; atomic */

	u64 gdt[7];
};
_Static_assert(offsetof(struct percpu, call_top) == GS_CALL_TOP &&
		       offsetof(struct percpu, stack) == GS_STACK &&
		       offsetof(struct percpu, cpu) == GS_CPU &&
		       offsetof(struct percpu, kernel_cr3) == GS_KERNEL_CR3 &&
		       offsetof(struct percpu, iret) == GS_IRET &&
		       offsetof(struct percpu, tss.rsp) == GS_FRAME_END &&
		       offsetof(struct arch_frame, call_rsp) + 8 == CALL_TOP,
	       "as entry.S has it");
_Static_assert(sizeof(struct percpu) <= PAGE_SIZE && sizeof(struct cpu) <= PERCPU_AT, "fits");

/*
 * A base that the compiler does not know, so that it loads it once and adds
 * offsets in the addressing mode, instead of loading one 64-bit constant for each
 * sum of base and offset.
 */
#define OPAQUE_BASE(name, value)                                                                   \
	extern inline __attribute__((gnu_inline, always_inline, const)) u64 name(void)             \
	{                                                                                          \
		u64 base;                                                                          \
		__asm__("movabs %1, %0" : "=r"(base) : "i"(value));                                \
		return base;                                                                       \
	}
OPAQUE_BASE(percpu_base, PERCPU_0)

#define PERCPU(c)                                                                                  \
	((struct percpu *)((u8 *)(percpu_base() + ((u64)(c) << PERCPU_SHIFT)) + PERCPU_AT))

/* A field of this CPU's area, relative to GS: no register holds where it is. */
#define GS(field) (((struct percpu __seg_gs *)0)->field)
/* The whole of it, in one instruction, which is less than keeping it across calls. */
#define MY_PERCPU() ((struct percpu *)(GS(own) + PERCPU_AT))

/* entry.S */
extern const u8 trap_stub[256][16];
extern const u8 syscall_entry[], syscall_entry_guarded[], entry_end[];
extern const u8 idle_loop[], idle_end[];
_Noreturn void kernel_exit(void); /* leave the kernel; the stack is forgotten */

/* cpu.c */
void cpu_detect(void);     /* features of this machine, on CPU 0 */
void cpu_prepare(u32 cpu); /* fill in the CPU's own area */
void cpu_start(u32 cpu);   /* registers of the CPU that calls */
u64 idt_init(void); /* where it is: a page of its own */

/* lapic.c */
void lapic_init(void);  /* on CPU 0: find and map; calibrate */
void lapic_start(void); /* on each CPU */
u32 lapic_id(void);
void lapic_send(u32 cpu, u32 vector);
void lapic_start_processor(u32 apic_id, u32 page);
void lapic_park_processor(u32 apic_id);
void lapic_stop_others(void);
void delay_us(u32 us); /* busy; after calibration */

/* smp.c */
void smp_start(void);
void serve(void);       /* answer flush requests to this CPU */
void switch_space(struct percpu *me, u32 sp);

/* mitigate.c */
void mitigate_choose(void);        /* on CPU 0, with features and command line known */
void mitigate_start(struct percpu *me); /* on each CPU */
void mitigate_report(void);
void user_tables_set(struct percpu *me, u32 sp); /* NIL: none */
void domain_enter(struct percpu *me, u32 domain);

/* tsc.c */
void tsc_expect(void);
void tsc_lead(void);
void tsc_follow(void);

/* memory.c */
void memory_init(u64 idt);
void memory_descriptors(void); /* all RAM reserved; on the kernel's own tables */
u64 memory_root(void);         /* CR3 of the kernel's own tables */

/* trap.c */
void trap(u32 cpu, u32 vector);
u64 trap_ist(struct arch_frame *f);
_Noreturn void trap_kernel(struct arch_frame *f);

/* panic.c */
extern u32 panicking;
_Noreturn void panic_frame(const char *what, const struct arch_frame *f);

/* console.c */
void console_init(void);
void console_text(const char *s);
void console_hex(u64 v);
void console_decimal(u64 v);
#endif
