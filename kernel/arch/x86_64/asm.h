/* SPDX-License-Identifier: MIT */
/*
 * Single instructions of the processor, as functions.  Nothing here decides.
 */
#pragma once
#include "types.h"

enum {
	MSR_TSC = 0x10,
	MSR_APIC_BASE = 0x1b,
	MSR_SPEC_CTRL = 0x48,
	MSR_PRED_CMD = 0x49,
	MSR_ARCH_CAPABILITIES = 0x10a,
	MSR_PAT = 0x277,
	MSR_SYSENTER_CS = 0x174,
	MSR_TSC_DEADLINE = 0x6e0,
	MSR_X2APIC = 0x800, /* + register / 16 */
	MSR_EFER = 0xc0000080,
	MSR_STAR = 0xc0000081,
	MSR_LSTAR = 0xc0000082,
	MSR_CSTAR = 0xc0000083,
	MSR_FMASK = 0xc0000084,
	MSR_FS_BASE = 0xc0000100,
	MSR_GS_BASE = 0xc0000101,
	MSR_KERNEL_GS_BASE = 0xc0000102,
};

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return lo | (u64)hi << 32;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u64 lo, hi; /* the processor clears their upper halves */

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return lo | hi << 32;
}

struct cpuid {
	u32 a, b, c, d;
};

static inline struct cpuid cpuid(u32 leaf, u32 sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(sub));
	return r;
}

static inline u8 in8(u32 port)
{
	u8 v;

	__asm__ volatile("inb %w1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u16 in16(u32 port)
{
	u16 v;

	__asm__ volatile("inw %w1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u32 in32(u32 port)
{
	u32 v;

	__asm__ volatile("inl %w1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void out8(u32 port, u32 v)
{
	__asm__ volatile("outb %b0, %w1" ::"a"(v), "Nd"(port));
}

static inline void out16(u32 port, u32 v)
{
	__asm__ volatile("outw %w0, %w1" ::"a"(v), "Nd"(port));
}

static inline void out32(u32 port, u32 v)
{
	__asm__ volatile("outl %0, %w1" ::"a"(v), "Nd"(port));
}

#define CR_ACCESS(n)                                                                               \
	static inline u64 read_cr##n(void)                                                         \
	{                                                                                          \
		u64 v;                                                                             \
                                                                                                   \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v));                                  \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_cr##n(u64 v)                                                      \
	{                                                                                          \
		__asm__ volatile("mov %0, %%cr" #n ::"r"(v) : "memory");                           \
	}
/* In what is written to CR3: what the TLB holds under the PCID stays (Intel SDM vol 3, 4.10.4.1). */
#define CR3_KEEP (1ull << 63)

CR_ACCESS(0)
CR_ACCESS(2)
CR_ACCESS(3)
CR_ACCESS(4)

static inline void invlpg(u64 address)
{
	__asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

/* One address under one PCID, and what leads to it (Intel SDM vol 3, 4.10.4.1). */
static inline void invpcid(u64 pcid, u64 address)
{
	u64 what[2] = { pcid, address };

	__asm__ volatile("invpcid %0, %1" ::"m"(what), "r"(0ull) : "memory");
}

static inline void words_clear(u64 at, u64 words)
{
	__asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0ull) : "memory");
}

static inline void words_copy(u64 to, u64 from, u64 words)
{
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

_Noreturn static inline void cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}

#define ATOMIC_LOAD(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ATOMIC_STORE(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define ATOMIC_OR(p, v) __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define ATOMIC_AND(p, v) __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
