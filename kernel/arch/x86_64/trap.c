/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts: which kernel entry each becomes.
 *
 * Called by:  entry.S.  trap() runs on the CPU's own stack, with the registers
 *             of the current thread saved, or none; trap_ist() on a stack of
 *             its own, at any time, and so takes no lock and does not use GS.
 * Manuals:    Intel SDM vol 3, 6.15 (exceptions), 17.2.3 (DR6), 10.8.5 (EOI).
 */
#include "asm.h"
#include "percpu.h"
#include "platform.h"

enum { TRAP_DEBUG = 1, TRAP_NMI = 2, TRAP_MACHINE = 18, TRAP_PAGE = 14, TRAP_COUNT = 32 };
#define DR6_CAUSES 0xe00full

static u64 dr6_take(void)
{
	u64 v;

	__asm__ volatile("mov %%dr6, %0" : "=r"(v));
	__asm__ volatile("mov %0, %%dr6" ::"r"(0xffff0ff0ull));
	return v & DR6_CAUSES;
}

/* The entry was saved to the frame that the CPU would leave with. */
static APART void exception(u32 vector)
{
	const struct arch_frame *f = &MY_THREAD()->frame;
	u64 code = (f->error & 0xffffffff) | (u64)vector << 32;

	if (vector == TRAP_PAGE)
		kernel_fault_note(FAULT_PAGE, code, read_cr2());
	else if (vector == TRAP_DEBUG)
		kernel_fault_note(FAULT_DEBUG, dr6_take() | (u64)vector << 32, f->rip);
	else
		kernel_fault_note(FAULT_EXCEPTION, code, 0);
	kernel_fault();
}

static APART void interrupt(u32 cpu, u32 vector)
{
	switch (vector) {
	case VECTOR_TIMER:
		lapic_eoi();
		kernel_timer(cpu);
		break;
	case VECTOR_KICK:
		lapic_eoi();
		kernel_kick(cpu);
		break;
	case VECTOR_REQUEST:
		lapic_eoi();
		serve();
		/* Who asks holds our lock: in waiting for it we answer. */
		if (ATOMIC_LOAD(&PERCPU(cpu)->sync) != 0)
			kernel_kick(cpu);
		break;
	case VECTOR_IOMMU:
		kernel_iommu();
		lapic_eoi();
		break;
	default: /* spurious ones want no EOI, nor do those of the 8259s */
		break;
	}
}

/* A level-triggered line is masked by kernel_irq, so that it does not come again at EOI. */
void trap(u32 cpu, u32 vector)
{
	if (vector >= VECTOR_DEVICE && vector < VECTOR_DEVICE + IRQ_VECTORS) {
		kernel_irq(cpu, vector - VECTOR_DEVICE);
		lapic_eoi();
	} else if (vector < TRAP_COUNT) {
		exception(vector);
	} else {
		interrupt(cpu, vector);
	}
}

void trap_kernel(struct arch_frame *f)
{
	panic_frame("exception in the kernel", f);
}

/* 1: a debug exception of user mode; its frame is now that of the thread. */
u64 trap_ist(struct arch_frame *f)
{
	u32 cpu = (u32)(((u64)f - PERCPU_BASE) >> PERCPU_SHIFT);

	if (f->vector == TRAP_NMI) {
		if (ATOMIC_LOAD(&panicking) != 0)
			cpu_halt();
		return 0;
	}
	if (f->vector != TRAP_DEBUG)
		panic_frame(f->vector == TRAP_MACHINE ? "machine check" : "double fault", f);
	if ((f->cs & 3) == 0) {
		/* Delayed from user mode by a move to SS before SYSCALL (vol 3, 6.8.3). */
		(void)dr6_take();
		return 0;
	}
	words_copy((u64)PERCPU(cpu)->call_top - CALL_TOP, (u64)f, offsetof(struct arch_frame, fs_base) / 8);
	return 1;
}
