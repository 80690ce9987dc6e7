/* SPDX-License-Identifier: MIT */
/*
 * The processor: what it can do, and its control registers and tables.
 *
 * Owns:       the processor part of struct machine; GDT, TSS, IDT.
 * Called by:  start.c on CPU 0; each CPU for its own registers.
 * Manuals:    Intel SDM vol 1, 13 (XSAVE); vol 2, CPUID; vol 3, 2.5 (control
 *             registers), 6.14 (interrupts), 11.12 (PAT).
 *
 * All processors are taken to be like the one that boots.
 */
#include "asm.h"
#include "percpu.h"
#include "platform.h"

struct machine machine;

struct gate {
	u64 low, high;
};
static _Alignas(4096) struct gate idt[256];

enum {
	CR4_DE = 1 << 3,
	CR4_PAE = 1 << 5,
	CR4_MCE = 1 << 6,
	CR4_PGE = 1 << 7,
	CR4_OSFXSR = 1 << 9,
	CR4_OSXMMEXCPT = 1 << 10,
	CR4_UMIP = 1 << 11,
	CR4_PCIDE = 1 << 17,
	CR4_OSXSAVE = 1 << 18,
	CR4_SMEP = 1 << 20,
	CR4_SMAP = 1 << 21,
};
#define CR0_SET 0x80010023ull /* PG WP NE MP PE */
#define CR0_TS 8ull
#define EFER_SET 0xd01ull /* NXE LMA LME SCE */
/* Entries 1 and 5 write-combining instead of write-through. */
#define PAT_SET 0x0007010600070106ull
/* All that a program can have set but the always-1 bit. */
#define FMASK_SET 0x3f7fd5ull

static u32 bit(u32 word, u32 n)
{
	return (word >> n) & 1;
}

/* Parts beyond SSE that are taken only together, or not at all. */
static bool xstate_take(u64 offered, u64 parts)
{
	if ((offered & parts) != parts)
		return false;
	for (u32 i = 2; i < XSTATE_PARTS; i++) {
		struct cpuid part = cpuid(13, i);

		if ((parts >> i & 1) == 0)
			continue;
		if (part.a > XSAVE_BYTES || part.b > XSAVE_BYTES - part.a)
			return false;
		machine.xstate_at[i] = part.b;
		machine.xstate_size[i] = part.a;
		if (part.a + part.b > machine.xstate_bytes)
			machine.xstate_bytes = part.a + part.b;
	}
	return true;
}

static void xstate_detect(void)
{
	machine.xcr0 = 3;
	machine.xstate_bytes = 576;
	if (!machine.xsave)
		return;
	struct cpuid d = cpuid(13, 0);
	u64 offered = d.a | (u64)d.d << 32;

	machine.xsaveopt = bit(cpuid(13, 1).a, 0) != 0;
	if (xstate_take(offered, 1ull << 2))
		machine.xcr0 |= 1ull << 2;
	if ((machine.xcr0 & 4) != 0 && xstate_take(offered, 7ull << 5))
		machine.xcr0 |= 7ull << 5;
}

void cpu_detect(void)
{
	u32 max = cpuid(0, 0).a, max_ext = cpuid(0x80000000, 0).a;
	struct cpuid base = cpuid(1, 0), ext = cpuid(0x80000001, 0);
	struct cpuid seven = max >= 7 ? cpuid(7, 0) : (struct cpuid){ 0 };

	machine.x2apic = bit(base.c, 21) != 0;
	machine.tsc_deadline = bit(base.c, 24) != 0;
	machine.pcid = bit(base.c, 17) != 0;
	machine.invpcid = machine.pcid && bit(seven.b, 10) != 0;
	machine.xsave = bit(base.c, 26) != 0 && max >= 13;
	machine.pages_1g = bit(ext.d, 26) != 0;
	machine.address_mask = (1ull << 36) - 1;
	if (max_ext >= 0x80000008)
		machine.address_mask = (1ull << (cpuid(0x80000008, 0).a & 0x3f)) - 1;
	machine.cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT |
		      (bit(base.d, 2) ? CR4_DE : 0) | (bit(base.d, 7) ? CR4_MCE : 0) |
		      (bit(seven.c, 2) ? CR4_UMIP : 0) | (machine.pcid ? CR4_PCIDE : 0) |
		      (machine.xsave ? CR4_OSXSAVE : 0) | (bit(seven.b, 7) ? CR4_SMEP : 0) |
		      (bit(seven.b, 20) ? CR4_SMAP : 0);
	xstate_detect();
	if (!bit(ext.d, 20))
		arch_panic("the processor has no no-execute bit (NX), or firmware hides it", __FILE__,
			   __LINE__);
	wrmsr(MSR_EFER, EFER_SET);
}

u64 idt_init(void)
{
	for (u32 i = 0; i < 256; i++) {
		u64 at = (u64)trap_stub[i];
		/* Present, 64-bit interrupt gate; only INT3 may be used as an instruction. */
		u64 type = i == 3 ? 0xee00 : 0x8e00;
		u64 ist = i == 1    ? IST_DEBUG
			  : i == 2  ? IST_NMI
			  : i == 8  ? IST_DOUBLE
			  : i == 18 ? IST_MACHINE
				    : machine.kpti ? IST_ENTRY : 0;

		idt[i].low = (at & 0xffff) | (u64)KERNEL_CS << 16 | ist << 32 | type << 32 |
			     (at >> 16 & 0xffff) << 48;
		idt[i].high = at >> 32;
	}
	return (u64)idt;
}

void cpu_prepare(u32 cpu)
{
	struct percpu *p = PERCPU(cpu);
	u64 area = (u64)CPU(cpu), tss = (u64)&p->tss;

	p->cpu = cpu;
	p->own = area;
	p->bit = 1ull << cpu;
	p->space = NIL;
	p->apic_id = machine.processor[cpu].apic_id;
	p->fpu_off = true;
	p->stack = area + STACK_TOP_AT;
	p->idle.kind = FRAME_IDLE;
	p->idle.special = 1;
	p->call_top = (u8 *)&p->idle + CALL_TOP;
	p->gdt[1] = 0x00af9b000000ffff; /* KERNEL_CS */
	p->gdt[2] = 0x00cf93000000ffff; /* KERNEL_SS */
	p->gdt[3] = 0x00cff3000000ffff; /* USER_SS */
	p->gdt[4] = 0x00affb000000ffff; /* USER_CS, 64-bit; there is no other */
	p->gdt[5] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 |
		    (tss >> 24 & 0xff) << 56;
	p->gdt[6] = tss >> 32;
	p->tss.rsp[0] = p->stack;
	for (u32 i = IST_DEBUG; i <= IST_MACHINE; i++)
		p->tss.ist[i] = area + IST_AT + i * IST_SIZE;
	p->tss.ist[IST_ENTRY] = area + ENTRY_AT + PAGE_SIZE;
	p->tss.io_map = sizeof(struct tss);
	for (u32 i = 0; i < PCIDS; i++)
		p->known[i] = NIL;
}

struct __attribute__((packed)) table_pointer {
	u16 limit;
	u64 base;
};

static void load_tables(struct percpu *p)
{
	struct table_pointer g = { sizeof(p->gdt) - 1, (u64)p->gdt };
	struct table_pointer i = { sizeof(idt) - 1, (u64)idt };

	__asm__ volatile("lgdt %0; lidt %1; ltr %w2" ::"m"(g), "m"(i), "r"(TSS_SELECTOR)
			 : "memory");
	__asm__ volatile(
		"mov %0, %%ss; mov %1, %%ds; mov %1, %%es; mov %1, %%fs; mov %1, %%gs" ::"r"(
			KERNEL_SS),
		"r"(0)
		: "memory");
}

/* Which bits of MXCSR may be set; 0 stands for the first that there were (vol 1, 11.6.6). */
static void mxcsr_detect(void)
{
	_Alignas(16) u32 image[128];

	__asm__ volatile("fxsave64 %0" : "=m"(image));
	machine.mxcsr_mask = image[7] != 0 ? image[7] : 0xffbf;
}

void cpu_start(u32 cpu)
{
	struct percpu *p = PERCPU(cpu);

	load_tables(p);
	wrmsr(MSR_EFER, EFER_SET);
	write_cr4(machine.cr4);
	write_cr0(CR0_SET);
	if (machine.xsave)
		__asm__ volatile("xsetbv" ::"c"(0), "a"((u32)machine.xcr0),
				 "d"((u32)(machine.xcr0 >> 32)));
	mxcsr_detect();
	write_cr0(CR0_SET | CR0_TS);
	wrmsr(MSR_PAT, PAT_SET);
	wrmsr(MSR_GS_BASE, (u64)p);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
	/* SYSRET adds 8 for SS and 16 for CS to the upper selector. */
	wrmsr(MSR_STAR, (u64)KERNEL_CS << 32 | (u64)(KERNEL_SS | 3) << 48);
	wrmsr(MSR_LSTAR, machine.kpti ? (u64)syscall_entry_guarded : (u64)syscall_entry);
	wrmsr(MSR_FMASK, FMASK_SET);
	/* Nothing enters through these: no 32-bit code exists, and SYSENTER without CS faults. */
	wrmsr(MSR_CSTAR, 0);
	wrmsr(MSR_SYSENTER_CS, 0);
	mitigate_start(p);
}
