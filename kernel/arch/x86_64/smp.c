/* SPDX-License-Identifier: MIT */
/*
 * Several processors: locks, starting them, and requests from one to another.
 *
 * A CPU in the kernel has interrupts off, so it answers requests where it
 * waits: for a lock, or for the answer to a request of its own.  That is why
 * no two can wait for each other.
 *
 * Locks:      none are taken here.        Model: proofs/proto.
 * Called by:  everything that locks, flushes, stops threads elsewhere.
 * Manuals:    Intel SDM vol 3, 4.10.4 and 4.10.5 (TLB), 8.4 (processors).
 */
#include "arch_fast.h"
#include "asm.h"
#include "percpu.h"
#include "platform.h"

enum { START_MS = 200, INVLPG_MAX = 32, SKEW_ROUNDS = 200 };

extern const u8 ap_start[], ap_start_end[];

/* For the CPU that is being started (boot.S), one at a time. */
u64 ap_root, ap_stack;
u32 ap_cpu;
static u32 ap_ready; /* it is in C; atomic */

/* --- address spaces ------------------------------------------------------------------- */

static void load_kernel_space(struct percpu *me)
{
	if (me->space == NIL)
		return;
	if (machine.kpti)
		user_tables_set(me, NIL);
	else
		write_cr3(memory_root());
	me->space = NIL;
}

/*
 * A CPU is told of a change, or knows nothing of the space and so flushes what it
 * has under the PCID when it enters: it marks itself active (a locked instruction)
 * and flushes; who changes does that, a fence, and looks who is active.
 */
void space_enter(u32 sp)
{
	struct percpu *me = MY_PERCPU();
	u64 root = (u64)SPACE_ROOT(sp) << PAGE_SHIFT;
	u32 i = sp % PCIDS;

	ATOMIC_OR(&SP(sp)->active, me->bit);
	me->known[i] = sp;
	me->known_cr3[i] = root;
	if (!machine.pcid)
		return;
	me->known_cr3[i] |= (i + 1) | CR3_KEEP;
	/* Tables of user mode only are loaded, and flushed, at the exit. */
	if (!machine.kpti)
		write_cr3(root | (i + 1));
}

static void space_forget(struct percpu *me, u32 sp)
{
	if (me->known[sp % PCIDS] == sp)
		me->known[sp % PCIDS] = NIL;
	ATOMIC_AND(&SP(sp)->active, ~me->bit);
}

void switch_space(struct percpu *me, u32 sp)
{
	if (me->space == sp)
		return;
	if (sp == NIL) {
		load_kernel_space(me);
		return;
	}
	if (!machine.kpti) {
		space_load(sp);
		return;
	}
	user_tables_set(me, sp);
	me->space = sp;
}

/* Of the space that is loaded. */
static void flush_pages(struct percpu *me, u64 first, u64 pages)
{
	if (machine.kpti) {
		me->user_cr3 &= ~me->cr3_keep;
		return;
	}
	if (pages > INVLPG_MAX) {
		write_cr3(read_cr3());
		return;
	}
	for (u64 i = 0; i < pages; i++)
		invlpg((first + i) << PAGE_SHIFT);
}

/* Of one that is not loaded; what else the TLB holds of it stays.  False: INVPCID cannot. */
static bool flush_known(const struct percpu *me, u32 sp, u64 first, u64 pages)
{
	u32 i = sp % PCIDS;

	if (me->space == sp || !machine.invpcid || machine.kpti || me->known[i] != sp ||
	    pages == 0 || pages > INVLPG_MAX)
		return false;
	for (u64 n = 0; n < pages; n++)
		invpcid(i + 1, (first + n) << PAGE_SHIFT);
	return true;
}

/* Pages 0: do not use the space any more. */
static void flush_here(struct percpu *me, u32 sp, u64 first, u64 pages)
{
	if (pages == 0 && me->space == sp)
		load_kernel_space(me);
	if (me->space == sp)
		flush_pages(me, first, pages);
	else
		space_forget(me, sp);
}

/* --- requests ------------------------------------------------------------------------------ */

void serve(void)
{
	struct percpu *me = PERCPU(arch_cpu());

	if (ATOMIC_LOAD(&me->flush_from) == 0)
		return;
	u64 from = __atomic_exchange_n(&me->flush_from, 0, __ATOMIC_SEQ_CST);

	for (u32 c = 0; c < CPU_MAX && from != 0; c++, from >>= 1) {
		struct percpu *p = PERCPU(c);

		if ((from & 1) == 0)
			continue;
		flush_here(me, p->flush_space, p->flush_first, p->flush_pages);
		ATOMIC_AND(&p->flush_waiting, ~me->bit);
	}
}

/* Another CPU, which holds all locks, wants nothing of the current thread left here. */
static void serve_sync(void)
{
	struct percpu *me = PERCPU(arch_cpu());
	struct cpu *c = CPU(me->cpu);

	if (ATOMIC_LOAD(&me->sync) == 0)
		return;
	if (c->loaded != NIL)
		arch_switch(c->loaded, NIL);
	c->loaded = NIL;
	ATOMIC_STORE(&me->sync, 0);
}

/* Have it done by all `targets`, and wait for them. */
static RARELY void flush_there(u64 targets, u32 sp, u64 first, u64 pages)
{
	struct percpu *me = MY_PERCPU();

	me->flush_space = sp;
	me->flush_first = first;
	me->flush_pages = pages;
	ATOMIC_STORE(&me->flush_waiting, targets);
	for (u32 c = 0; c < CPU_MAX && c < ks.cpus; c++) {
		if ((targets >> c & 1) == 0)
			continue;
		ATOMIC_OR(&PERCPU(c)->flush_from, me->bit);
		lapic_send(c, VECTOR_REQUEST);
	}
	while (ATOMIC_LOAD(&me->flush_waiting) != 0) {
		serve();
		cpu_pause();
	}
}

/* Who serves others' programs goes back to them soon, so they are kept here, and forgotten elsewhere. */
static void flush(u32 sp, u64 first, u64 pages)
{
	if (!flush_known(MY_PERCPU(), sp, first, pages))
		flush_here(MY_PERCPU(), sp, first, pages);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	u64 targets = ATOMIC_LOAD(&SP(sp)->active) & ~GS(bit);

	if (targets != 0)
		flush_there(targets, sp, first, pages);
}

void arch_space_flush(u32 sp, u64 vpage, u64 pages)
{
	if (SP(sp)->kind == SPACE_IO)
		iommu_flush(sp, vpage, pages);
	else
		flush(sp, vpage, pages == 0 ? 1 : pages);
}

void arch_space_retire(u32 sp)
{
	if (SP(sp)->kind == SPACE_IO)
		iommu_retire(sp);
	else
		flush(sp, 0, 0);
}

void arch_kick(u32 cpu)
{
	lapic_send(cpu, VECTOR_KICK);
}

void arch_sync(u32 cpu)
{
	struct percpu *p = PERCPU(cpu);

	__atomic_store_n(&p->sync, 1, __ATOMIC_SEQ_CST);
	lapic_send(cpu, VECTOR_REQUEST);
	while (ATOMIC_LOAD(&p->sync) != 0)
		cpu_pause();
}

/* --- waiting for locks ------------------------------------------------------------------------- */

void lock_wait(struct lock *l, u32 mine)
{
	while (ATOMIC_LOAD(&l->serving) != mine) {
		serve();
		serve_sync();
		cpu_pause();
	}
}

/* --- starting --------------------------------------------------------------------------------------- */

void boot_ap(u32 cpu);

/* Then it idles, halted: nobody sends it anything before the first program runs. */
void boot_ap(u32 cpu)
{
	cpu_start(cpu);
	lapic_start();
	ATOMIC_STORE(&ap_ready, 1);
	tsc_follow();
}

/* A page below 1 MiB that is RAM: a STARTUP interrupt can only name such. */
static u32 low_page(void)
{
	for (u32 i = 0; i < RANGE_MAX && i < machine.rams; i++) {
		if (machine.ram[i].first < 0x9f)
			return (u32)machine.ram[i].first;
	}
	return NIL;
}

/* One that is late must not come at all: the next gets its number and its stack. */
static bool start_one(u32 cpu, u32 page)
{
	cpu_prepare(cpu);
	tsc_expect();
	ap_cpu = cpu;
	ap_stack = PERCPU(cpu)->stack;
	ATOMIC_STORE(&ap_ready, 0);
	lapic_start_processor(machine.processor[cpu].apic_id, page);
	for (u32 i = 0; i < START_MS * 10 && ATOMIC_LOAD(&ap_ready) == 0; i++)
		delay_us(100);
	if (ATOMIC_LOAD(&ap_ready) == 0) {
		lapic_park_processor(machine.processor[cpu].apic_id);
		return false;
	}
	tsc_lead();
	return true;
}

/* CPUs that do not come up are left out; numbers stay without gaps. */
void smp_start(void)
{
	u32 page = low_page(), found = machine.processors;

	ks.cpus = 1;
	if (page == NIL)
		return;
	for (u64 i = 0; i < (u64)(ap_start_end - ap_start); i++)
		((u8 *)DMAP(page))[i] = ap_start[i];
	ap_root = memory_root();
	for (u32 i = 1; i < CPU_MAX && i < found; i++) {
		machine.processor[ks.cpus] = machine.processor[i];
		if (start_one(ks.cpus, page))
			ks.cpus++;
	}
	machine.processors = ks.cpus;
}
