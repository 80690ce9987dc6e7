/* SPDX-License-Identifier: MIT */
/*
 * What the generic kernel needs of an architecture.  Nothing else of it may be
 * named in generic files.
 *
 * An architecture also provides two headers: arch_frame.h (struct arch_frame
 * and the accessors FR_*) and state.h (accessors to objects, see ks.h).
 *
 * Accessors to the saved registers of thread t, all of them lvalues of u64:
 *   FR_NR(t)      call number               FR_HANDLE(t)  invoked handle
 *   FR_ARG(t, i)  argument i, 0 to 4        FR_MSG(t, i)  message word i, 0 to 7
 *   FR_ERR(t)     result: error or completion
 *   FR_OUT(t, i)  further results, 0 to 2   (IPC: badge, tag, unused)
 * TH_NR and TH_ERR are FR_NR and FR_ERR of a thread that is at hand already; MY_THREAD() is
 * the one that is loaded, or something that is no foreign thread and makes no global call.
 */
#pragma once
#include "types.h"

/* --- processors ------------------------------------------------------------ */
u32 arch_cpu(void);    /* this CPU, 0 to ks.cpus - 1 */
u64 arch_clock(void);  /* ticks since boot; never runs backwards on one CPU */
/* Interrupt this CPU when the clock reaches `when`; ~0: never.  May be early. */
void arch_timer(u64 when);
/* Make a CPU, this one or another, enter the kernel soon.  Does not wait. */
void arch_kick(u32 cpu);
/*
 * Return when CPU `cpu`, another one, is in the kernel and waits for its lock,
 * with the registers, FPU and debug state of its current thread saved in the
 * thread's page and its `loaded` NIL.  The caller holds all locks.
 */
void arch_sync(u32 cpu);

/* FIFO.  While it waits, the CPU answers requests of others (sync, flush). */
void arch_lock(struct lock *l);
void arch_unlock(struct lock *l);
/* The same for this CPU's own. */
void arch_lock_own(void);
void arch_unlock_own(void);
/* Take it if that needs no waiting, and so no answering. */
bool arch_try_lock_own(void);

u64 arch_atomic_or(u64 *p, u64 bits);   /* returns the old value; full barrier */
u64 arch_atomic_and(u64 *p, u64 bits);
u64 arch_atomic_swap(u64 *p, u64 v);
u32 arch_atomic_swap32(u32 *p, u32 v);
bool arch_atomic_cas32(u32 *p, u32 expected, u32 v);

/* --- memory ------------------------------------------------------------------ */
void arch_page_clear(u32 page);                       /* all 4096 bytes */
void arch_object_clear(u32 page, u32 from, u32 to);   /* bytes [from, to), to multiples of 64 */
/* Message words 0 to 7 of thread `from` become those of thread `to`. */
void arch_msg_pass(u32 from, u32 to);
/* Copy n words of frame `from` to frame `to`, from word `first` of each on. */
void arch_words_copy(u32 to, u32 from, u32 first, u32 n);

/* --- threads ------------------------------------------------------------------ */
void arch_thread_init(u32 t);                            /* registers and FPU state of a new thread */
void arch_thread_exit(u32 t);                            /* no FPU state of a thread is left in its page */
void arch_frame_start(u32 t, u64 ip, u64 sp, u64 arg);   /* as thread_start documents */
bool arch_user_ip(u64 ip);                               /* could user code be there? */
/* If t was stopped on its way into a system call, make it do the call again. */
void arch_frame_rewind(u32 t);
/* Save what `from` left in the CPU (NIL: nothing) and load `to` (NIL: idle) and its space. */
void arch_switch(u32 from, u32 to);
/* Registers of t as struct regs_general, to or from words [first..] of a frame; number of words. */
u32 arch_regs_get(u32 t, u32 page, u32 first);
void arch_regs_set(u32 t, u32 page, u32 first);
/* XSAVE image of t, from word 0 of a frame on; number of bytes. */
u32 arch_xstate_get(u32 t, u32 page);
void arch_xstate_set(u32 t, u32 page);
void arch_debug_set(u32 t, u32 op, u64 value); /* thread_debug, arguments checked */
bool arch_debug_ok(u32 op, u64 value);
/* Words 0 to 7 of the message that reports t's fault or foreign system call. */
void arch_fault_words(u32 t, u32 to); /* into FR_MSG(to, 0..7) */
/* Result register of the system call that a foreign thread made. */
void arch_foreign_result(u32 t, u64 value);

/* --- address spaces ------------------------------------------------------------ */
void arch_space_init(u32 sp);    /* root table with the kernel's half */
/* Forget the space on every CPU: none has it loaded when this returns. */
void arch_space_retire(u32 sp);
/*
 * No CPU or device uses a translation of these pages that was changed before
 * this call, nor what it remembers of the tables on the way to them.  Several
 * CPUs may be in it at once, each with its own lock and a space's.
 */
void arch_space_flush(u32 sp, u64 vpage, u64 pages);
bool arch_level_ok(u32 kind, u32 level);  /* are leaf entries possible there? */

/*
 * Entries: pure functions that the architecture's state.h defines inline.
 * rights: RIGHT_FRAMES_*; level 1 to 3; device: uncached, or write-combining.
 *   u64  pte_leaf(u32 kind, u32 page, u32 rights, u32 level, bool device, bool combine)
 *   u64  pte_table(u32 kind, u32 page)
 *   bool pte_is_present(u32 kind, u64 e)
 *   bool pte_is_leaf(u32 kind, u64 e, u32 level)
 *   u32  pte_page(u64 e)
 *   u32  pte_rights(u32 kind, u64 e)
 *   bool pte_is_accessed(u32 kind, u64 e), pte_is_dirty(u32 kind, u64 e)
 *   u64  pte_without(u32 kind, u64 e, u32 rights)
 *   u64  pte_clean(u32 kind, u64 e): accessed and dirty marks cleared
 * pte_clean, and pte_without for WRITE, only clear bits: what they make of ~0
 * is a mask for arch_atomic_and.
 */

/* --- interrupts and devices -------------------------------------------------------- */
/* Program the source of an irq object to its (cpu, vector), masked; sets its `entry`. */
void arch_irq_route(u32 irq);
/* The source sends nothing more; what it has sent may still be on its way to the CPU. */
void arch_irq_unroute(u32 irq);
/* Make the CPU take interrupt IRQ_VECTOR_DRAIN after all that are on their way to it. */
void arch_irq_drain(u32 cpu);
void arch_irq_mask(u32 irq);
void arch_irq_unmask(u32 irq);
bool arch_irq_exists(u32 kind, u32 source);
bool arch_irq_reaches(u32 cpu); /* can devices interrupt that CPU? */
/* IRQ_LEVEL | IRQ_LOW of a line: what the firmware states, else `mode`. */
u32 arch_irq_mode(u32 source, u32 mode);
void arch_irq_message(u32 irq, u64 *address, u64 *data);
u32 arch_port_in(u32 port, u32 width);
void arch_port_out(u32 port, u32 width, u32 value);
bool arch_port_ok(u32 port, u32 width); /* false: ports that the kernel keeps for itself */
bool arch_has_iommu(void);
/* False once an IOMMU did not answer: what devices could reach must not become free. */
bool arch_iommu_ok(void);
/* Can requester ids [first, first + count) be attached?  Prepares for it; without an IOMMU, yes. */
bool arch_device_prepare(u32 first, u32 count);
/* Let requester ids [first, first + count) use I/O space sp (NIL: nothing); old use has
 * ended when it returns, or arch_iommu_ok() is false and they use nothing. */
void arch_device_attach(u32 first, u32 count, u32 sp);
bool arch_iospace_free_number(void); /* is there one for another I/O space? */
void arch_iospace_init(u32 sp);
void arch_iospace_free(u32 sp);
/* Call device_fault for each access that the IOMMU refused and recorded; a bounded number.
 * It interrupts for so many only, and for more after somebody has asked. */
void arch_iommu_faults(bool asked);

/* --- console ------------------------------------------------------------------------- */
void arch_console_write(const char *bytes, u32 n);
/* An invariant is broken: write the epitaph, stop all CPUs, leave the emulator with a status of its own. */
_Noreturn void arch_panic(const char *what, const char *file, int line);

/* --- called by the architecture -------------------------------------------------------- */
/* Each is one kernel entry, on CPU arch_cpu(): the frame of its current thread is saved,
 * interrupts are off.  When it returns, the CPU runs its current thread, or idles. */
void kernel_syscall(void);
/*
 * The same for ep_call and ep_reply_recv, to be tried first.  Of the registers,
 * only word 0 of an answer need be in the frame; w6, w7: message words.
 */
enum {
	FAST_NOT,    /* nothing was done */
	FAST_DIRECT, /* words 0 to 5 of CPU(c)->current are those of the thread that entered */
	FAST_FULL,   /* CPU(c)->current has all its registers saved */
};
u32 kernel_fast_call(u64 handle, u64 tag, u64 deadline, u64 unused, u64 w6, u64 w7);
u32 kernel_fast_reply_recv(u64 handle, u64 tag, u64 deadline, u64 reply, u64 w6, u64 w7);
void kernel_fault_note(u32 kind, u64 code, u64 addr); /* takes no lock; then at once: */
void kernel_fault(void);
void kernel_irq(u32 cpu, u32 vector);  /* vector: index into cpu.irq */
void kernel_iommu(void); /* the IOMMU has recorded faults */
void kernel_timer(u32 cpu);
void kernel_kick(u32 cpu);
/* From arch_iommu_faults: requester id was refused this address; what: DEVICE_FAULT_WRITE | reason. */
void device_fault(u32 id, u64 address, u32 what);

#include "state.h"
