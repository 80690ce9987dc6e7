/* SPDX-License-Identifier: MIT */
/*
 * Where kernel state lies in memory on x86-64.
 *
 * Objects are typed pages in the direct map of all RAM; the page descriptors
 * and the CPUs' areas are arrays at fixed addresses, backed only where needed.
 */
#pragma once
#include "ks.h"
#include "percpu.h"

#define DMAP_BASE 0xffff800000000000ull
#define PD_BASE 0xffffff8000000000ull
#define PERCPU_BASE 0xffffff9000000000ull
#define MMIO_BASE 0xffffffa000000000ull
#define KERNEL_BASE 0xffffffff80000000ull

enum {
	PERCPU_SHIFT = 16, /* distance of two CPUs' areas */
	XSAVE_AT = 1408,   /* of a thread page; a multiple of 64 */
	XSAVE_BYTES = 2688,
};
_Static_assert(OBJECT_NODE_OFFSET + sizeof(struct tnode) <= OBJECT_OFFSET, "tnode fits");
_Static_assert(OBJECT_OFFSET + sizeof(struct thread) <= XSAVE_AT, "thread fits");
_Static_assert(offsetof(struct thread, frame) == 0, "MY_THREAD");
_Static_assert(OBJECT_OFFSET % 16 == 0, "the processor pushes to a multiple of 16");

extern const u64 dmap_base; /* memory.c */
/* Where physical memory from `at` on is.  The base is in memory, so that an object takes one register. */
extern inline __attribute__((gnu_inline, always_inline, const)) u8 *dmap_at(u64 at)
{
	__asm__("add %1, %0" : "+r"(at) : "m"(dmap_base) : "cc");
	return (u8 *)at;
}

#define DMAP(page) (DMAP_BASE + ((u64)(page) << PAGE_SHIFT))
#define OBJECT(type, page, at)                                                                     \
	((struct type *)(dmap_at((u64)(page) << PAGE_SHIFT) + (at)))

#define PD(p) ((struct page *)PD_BASE + (p))
#define SLOT(s) ((struct cap *)dmap_at((u64)(s) * sizeof(struct cap)))
#define CT(page) OBJECT(table, page, OBJECT_TABLE_OFFSET)
#define TN(page) OBJECT(tnode, page, OBJECT_NODE_OFFSET)
#define SP(page) OBJECT(space, page, OBJECT_OFFSET)
#define TH(page) OBJECT(thread, page, OBJECT_OFFSET)
#define SC(page) OBJECT(sched, page, OBJECT_OFFSET)
#define EP(page) OBJECT(ep, page, OBJECT_OFFSET)
#define NT(page) OBJECT(notif, page, OBJECT_OFFSET)
#define IRQ(page) OBJECT(irq, page, OBJECT_OFFSET)
#define DV(page) OBJECT(device, page, OBJECT_OFFSET)
#define CPU(c) ((struct cpu *)(percpu_base() + ((u64)(c) << PERCPU_SHIFT)))
/* Both may change behind the compiler's back: programs, and the page walker. */
#define PTE(page, i) (((volatile u64 *)DMAP(page))[i])
#define WORD(page, i) (((volatile u64 *)DMAP(page))[i])

/* Inline in every file, although arch.h declares them for any architecture. */
#define ARCH_INLINE extern inline __attribute__((gnu_inline, always_inline))

ARCH_INLINE u32 arch_cpu(void)
{
	u32 c;

	__asm__("mov %%gs:%c1, %0" : "=r"(c) : "i"(GS_CPU));
	return c;
}

/* Volatile: one instruction is less than keeping the result across calls. */
#define THIS_CPU() ((struct cpu *)*(volatile u64 __seg_gs *)offsetof(struct percpu, own))
/* A field of it: no register holds where it is. */
#define MY(field) (((struct cpu __seg_gs *)-PERCPU_AT)->field)

/* The loaded thread begins with its frame, which is where the exit finds it. */
#define MY_THREAD() ((struct thread *)(GS(call_top) - CALL_TOP))

/* From inline assembler: such a function of clang still changes the registers of its parameters. */
#ifdef __clang__
#define CALL_KEEPING(f)                                                                            \
	"push %%rdi; push %%rsi; push %%rdx; push %%rcx; call " #f                                 \
	"; pop %%rcx; pop %%rdx; pop %%rsi; pop %%rdi"
#else
#define CALL_KEEPING(f) "call " #f
#endif

/* smp.c: wait for the turn of ticket `mine`, answering requests.  It changes no register. */
__attribute__((no_caller_saved_registers, cold, used)) void lock_wait(struct lock *l, u32 mine);

ARCH_INLINE void arch_lock(struct lock *l)
{
	u32 mine = 1;

	/* Memory operands, so that no register holds where it is until it is waited for. */
	__asm__ volatile("lock xadd %0, %1" : "+r"(mine), "+m"(l->next) : : "memory", "cc");
	if (__builtin_expect(l->serving != mine, 0))
		__asm__ volatile("lea %0, %%rdi; " CALL_KEEPING(lock_wait)
				 : "+m"(*l) : "S"(mine) : "rdi", "memory", "cc");
}

ARCH_INLINE bool arch_try_lock(struct lock *l)
{
	u32 mine = __atomic_load_n(&l->serving, __ATOMIC_RELAXED);

	return __atomic_compare_exchange_n(&l->next, &mine, mine + 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

ARCH_INLINE void arch_unlock(struct lock *l)
{
	/* Only the holder writes it; stores are seen in order (Intel SDM vol 3, 8.2.2). */
	__asm__ volatile("incl %0" : "+m"(l->serving) : : "memory", "cc");
}

/* The same for this CPU's own.  clang forgets the segment of a memory operand. */
#define OWN_LOCK(part) "i"(offsetof(struct cpu, lock.part) - PERCPU_AT)

ARCH_INLINE void arch_lock_own(void)
{
	u32 mine = 1;

	__asm__ volatile("lock xadd %0, %%gs:%c1" : "+r"(mine) : OWN_LOCK(next) : "memory", "cc");
	if (__builtin_expect(MY(lock.serving) != mine, 0))
		__asm__ volatile(CALL_KEEPING(lock_wait) ::"D"(&THIS_CPU()->lock), "S"(mine) : "memory", "cc");
}

ARCH_INLINE bool arch_try_lock_own(void)
{
	u32 mine = MY(lock.serving);
	bool done;

	__asm__ volatile("lock cmpxchg %3, %%gs:%c2"
			 : "=@ccz"(done), "+a"(mine)
			 : OWN_LOCK(next), "r"(mine + 1)
			 : "memory");
	return done;
}

ARCH_INLINE void arch_unlock_own(void)
{
	__asm__ volatile("incl %%gs:%c0" : : OWN_LOCK(serving) : "memory", "cc");
}

ARCH_INLINE u64 arch_atomic_or(u64 *p, u64 bits)
{
	return __atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST);
}

ARCH_INLINE u64 arch_atomic_and(u64 *p, u64 bits)
{
	return __atomic_fetch_and(p, bits, __ATOMIC_SEQ_CST);
}

ARCH_INLINE u64 arch_atomic_swap(u64 *p, u64 v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);
}

ARCH_INLINE u32 arch_atomic_swap32(u32 *p, u32 v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);
}

ARCH_INLINE bool arch_atomic_cas32(u32 *p, u32 expected, u32 v)
{
	return __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

ARCH_INLINE void arch_msg_pass(u32 from, u32 to)
{
	const struct arch_frame *f = FR(from);
	struct arch_frame *g = FR(to);

	g->rbx = f->rbx;
	g->rbp = f->rbp;
	g->r12 = f->r12;
	g->r13 = f->r13;
	g->r14 = f->r14;
	g->r15 = f->r15;
	g->r8 = f->r8;
	g->r9 = f->r9;
}

ARCH_INLINE void arch_foreign_result(u32 t, u64 value)
{
	FR(t)->rax = value;
}

#include "pte.h"
