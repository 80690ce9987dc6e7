/* SPDX-License-Identifier: MIT */
/*
 * Processors that leak what they must not: which remedies this one needs.
 *
 * Owns:       machine.kpti and its like; the tables that user mode gets, where
 *             they are not those of the kernel.
 * Called by:  the boot path; each CPU for its own registers; smp.c, context.c.
 * Manuals:    Intel, Affected Processors, and CPUID / ARCH_CAPABILITIES
 *             enumeration; AMD, Software Techniques for Managing Speculation.
 *
 * The kernel has no indirect jumps, so what a program teaches the predictors
 * can only hurt other programs, and returns.  docs/design/mitigations.md.
 */
#include "arch_fast.h"
#include "asm.h"
#include "percpu.h"
#include "platform.h"

/* Bits of ARCH_CAPABILITIES. */
enum { RDCL_NO = 1, IBRS_ALL = 2, MDS_NO = 32 };
enum { SPEC_IBRS = 1, PRED_IBPB = 1, CR4_PGE = 1 << 7, JUMP = 0xe9 };

struct patch {
	u64 site, target, when;
};
extern const struct patch patches_start[], patches_end[];

static bool ibrs; /* can be set once, and then holds for all of the kernel */

/* Is `word` among those of the command line? */
static bool is_asked(const char *word)
{
	bool begins = true;

	for (u32 i = 0; machine.command[i] != 0; i++) {
		u32 n = 0;

		while (begins && word[n] != 0 && machine.command[i + n] == word[n])
			n++;
		if (n != 0 && word[n] == 0 &&
		    (machine.command[i + n] == 0 || machine.command[i + n] == ' '))
			return true;
		begins = machine.command[i] == ' ';
	}
	return false;
}

/* kernel text can be written to while the first tables are in use. */
static void patch_all(u32 what)
{
	for (const struct patch *p = patches_start; p < patches_end; p++) {
		u8 *at = (u8 *)p->site;
		u32 distance = (u32)(p->target - (p->site + 5));

		if ((p->when & what) == 0)
			continue;
		at[0] = JUMP;
		for (u32 i = 0; i < 4; i++)
			at[1 + i] = (u8)(distance >> 8 * i);
	}
}

void mitigate_choose(void)
{
	struct cpuid vendor = cpuid(0, 0);
	bool intel = vendor.b == 0x756e6547; /* "Genu" */
	u32 features = vendor.a >= 7 ? cpuid(7, 0).d : 0;
	u32 amd = cpuid(0x80000000, 0).a >= 0x80000008 ? cpuid(0x80000008, 0).b : 0;
	u64 caps = features >> 29 & 1 ? rdmsr(MSR_ARCH_CAPABILITIES) : 0;

	machine.kpti = (intel && !(caps & RDCL_NO)) || is_asked("kpti=on");
	machine.verw = intel && !(caps & MDS_NO) && (features >> 10 & 1);
	machine.ibpb = (features >> 26 & 1) || (amd >> 12 & 1);
	machine.barriers = machine.ibpb || is_asked("barriers=on");
	ibrs = (caps & IBRS_ALL) && (features >> 26 & 1);
	if (is_asked("mitigations=off"))
		machine.kpti = machine.verw = machine.barriers = ibrs = false;
	if (is_asked("kpti=off"))
		machine.kpti = false;
	/* Global entries would outlive the change to user mode's tables. */
	if (machine.kpti)
		machine.cr4 &= ~(u64)CR4_PGE;
	patch_all((machine.kpti ? GUARD_TABLES : 0) |
		  (machine.kpti || machine.verw ? GUARD_EXIT : 0));
}

void mitigate_start(struct percpu *me)
{
	me->cr3_keep = machine.pcid ? CR3_KEEP : 0;
	me->kernel_cr3 = memory_root() | me->cr3_keep;
	me->verw = KERNEL_SS;
	me->iret_at = (u64)me->iret;
	if (ibrs)
		wrmsr(MSR_SPEC_CTRL, SPEC_IBRS);
}

void mitigate_report(void)
{
	console_text("mitigations:");
	console_text(machine.kpti ? " kpti" : "");
	console_text(machine.verw ? " verw" : "");
	console_text(machine.ibpb && machine.barriers ? " ibpb" : "");
	console_text(machine.barriers ? " rsb" : "");
	console_text(ibrs ? " ibrs" : "");
	console_text(machine.kpti || machine.verw || machine.barriers || ibrs ? "\n" : " none\n");
}

/*
 * What the exit loads.  If what was set before was never loaded, then neither
 * was the PCID flushed that it was to flush.
 */
void user_tables_set(struct percpu *me, u32 sp)
{
	u64 old = me->user_cr3;

	if (old != 0 && machine.pcid && !(old & me->cr3_keep))
		me->known[(old & (PAGE_SIZE - 1)) - 1] = NIL;
	me->user_cr3 = 0;
	if (sp == NIL)
		return;
	bool was_known = me->known[sp % PCIDS] == sp;
	u64 cr3 = space_cr3(sp);

	me->user_cr3 = was_known ? cr3 : cr3 & ~me->cr3_keep;
}

/* Sixteen calls that return to here: what the predictor of returns knew is gone. */
static void returns_forget(void)
{
	__asm__ volatile("mov $16, %%ecx\n"
			 "1: call 3f\n"
			 "2: pause; lfence; jmp 2b\n"
			 "3: call 5f\n"
			 "4: pause; lfence; jmp 4b\n"
			 "5: dec %%ecx; jnz 1b\n"
			 "add $256, %%rsp"
			 :
			 :
			 : "rcx", "memory", "cc");
}

void domain_enter(struct percpu *me, u32 domain)
{
	if (me->domain == domain)
		return;
	me->domain = domain;
	if (machine.ibpb)
		wrmsr(MSR_PRED_CMD, PRED_IBPB);
	returns_forget();
}
