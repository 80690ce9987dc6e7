/* SPDX-License-Identifier: MIT */
/*
 * Simulated CPUs: kernel entries, locks, time, and interrupts between CPUs.
 *
 * One kernel entry at a time runs, from taking its lock to its end, so a lock
 * that is not free when it is taken would never become free.  What lies
 * between saving the registers and taking the lock is a place where entries of
 * other CPUs can come in.
 */
#define STATE_PEEK
#include "host.h"

#include <string.h>

u32 arch_cpu(void)
{
	return host.this_cpu;
}

u64 arch_clock(void)
{
	return host.clock;
}

void arch_timer(u64 when)
{
	host.cpu[host.this_cpu].timer = when;
}

void arch_kick(u32 cpu)
{
	if (cpu >= ks.cpus)
		host_fail("kick of a CPU that does not exist", cpu, 0);
	host.cpu[cpu].kicked = true;
}

/* --- locks -------------------------------------------------------------------- */

static u32 lock_rank(const struct lock *l)
{
	for (u32 c = 0; c < ks.cpus; c++) {
		if (l == &CPU(c)->lock)
			return HOST_CPUS_MAX - c;
	}
	return 1 + HOST_CPUS_MAX;
}

/*
 * While a CPU waits for its first lock others may destroy or rewind what it has loaded,
 * as a thread that has not made its call yet: that must be its current thread, and no other.
 */
static void take(struct lock *l)
{
	if (host.held_count == 0 && MY(loaded) != MY(current))
		host_fail("a CPU gives its lock up in the middle of a switch", MY(loaded), MY(current));
	if (l->next != l->serving)
		host_fail("deadlock: the lock is taken", lock_rank(l), 0);
	if (host.held_count == HOST_HELD)
		host_fail("more locks than there can be", lock_rank(l), 0);
	if (host.held_count > 0 && lock_rank(host.held[host.held_count - 1]) >= lock_rank(l))
		host_fail("locks taken out of order", lock_rank(l), 0);
	l->next++;
	host.held[host.held_count++] = l;
}

void arch_lock(struct lock *l)
{
	take(l);
	host.was_global = host.was_global || lock_rank(l) <= HOST_CPUS_MAX;
}

void arch_unlock(struct lock *l)
{
	u32 i = 0;

	while (i < host.held_count && host.held[i] != l)
		i++;
	if (i == host.held_count)
		host_fail("a lock is released that is not held", lock_rank(l), 0);
	host.held_count--;
	for (; i < host.held_count; i++)
		host.held[i] = host.held[i + 1];
	l->serving++;
}

void arch_lock_own(void)
{
	take(&THIS_CPU()->lock);
}

bool arch_try_lock_own(void)
{
	if (MY(lock.next) != MY(lock.serving))
		return false;
	arch_lock_own();
	return true;
}

void arch_unlock_own(void)
{
	arch_unlock(&THIS_CPU()->lock);
}

static bool all_locks_are_held(void)
{
	return host.held_count >= ks.cpus && host.held[0] == &CPU(ks.cpus - 1)->lock;
}

u64 arch_atomic_or(u64 *p, u64 bits)
{
	u64 old = *p;
	*p = old | bits;
	return old;
}

u64 arch_atomic_and(u64 *p, u64 bits)
{
	u64 old = *p;
	*p = old & bits;
	return old;
}

u64 arch_atomic_swap(u64 *p, u64 v)
{
	u64 old = *p;
	*p = v;
	return old;
}

u32 arch_atomic_swap32(u32 *p, u32 v)
{
	u32 old = *p;
	*p = v;
	return old;
}

bool arch_atomic_cas32(u32 *p, u32 expected, u32 v)
{
	if (*p != expected)
		return false;
	*p = v;
	return true;
}

/* --- registers and FPU ------------------------------------------------------------ */

static u64 *xstate(u32 t)
{
	return (u64 *)(void *)&host_mem.byte[t][HOST_XSTATE];
}

static void save_fpu(u32 cpu, u32 t)
{
	if (TH(t)->flags & THREAD_FPU) {
		if (host.in_kernel)
			host_page_used(t);
		memcpy(xstate(t), host.cpu[cpu].xstate, sizeof(host.cpu[cpu].xstate));
	}
}

static void load_fpu(u32 cpu, u32 t)
{
	struct host_cpu *hc = &host.cpu[cpu];

	memset(hc->xstate, 0, sizeof(hc->xstate));
	hc->xstate[0] = HOST_XSTATE_INIT;
	if (t != NIL && (TH(t)->flags & THREAD_FPU))
		memcpy(hc->xstate, xstate(t), sizeof(hc->xstate));
}

/* Registers of user mode go into the thread's page, where nobody may have written meanwhile. */
static void save_frame(u32 cpu, u32 kind)
{
	struct host_cpu *hc = &host.cpu[cpu];
	u32 t = hc->thread;

	if (hc->phase != HOST_USER)
		return;
	if (t != CPU(cpu)->current)
		host_fail("the current thread of a CPU in user mode was changed", cpu, t);
	const u8 *bytes = (const u8 *)&TH(t)->frame;
	for (u32 i = 0; i < sizeof(struct arch_frame); i++) {
		if (bytes[i] != HOST_POISON)
			host_fail("registers of a running thread were written", t, i);
	}
	if (host.in_kernel)
		host_page_used(t);
	TH(t)->frame = hc->regs;
	if (kind == HOST_SYSCALL && arch_user_ip(hc->regs.r[REG_RIP] + HOST_SYSCALL_BYTES))
		TH(t)->frame.r[REG_RIP] += HOST_SYSCALL_BYTES;
	TH(t)->frame.kind = kind == HOST_SYSCALL ? FRAME_SYSCALL : FRAME_FULL;
}

void arch_sync(u32 cpu)
{
	struct host_cpu *hc = &host.cpu[cpu];

	if (!all_locks_are_held())
		host_fail("arch_sync without all locks", cpu, 0);
	if (cpu == host.this_cpu || cpu >= ks.cpus)
		host_fail("arch_sync of this CPU, or of none", cpu, 0);
	if (hc->phase == HOST_USER || hc->phase == HOST_IDLE) {
		save_frame(cpu, HOST_KICK);
		hc->phase = HOST_WAITING;
		hc->kind = HOST_KICK;
		hc->thread = NIL;
	}
	if (CPU(cpu)->loaded != NIL)
		save_fpu(cpu, CPU(cpu)->loaded);
	CPU(cpu)->loaded = NIL;
}

void arch_switch(u32 from, u32 to)
{
	u32 cpu = host.this_cpu;

	if (from != NIL)
		save_fpu(cpu, from);
	load_fpu(cpu, to);
	host_space_load(cpu, to == NIL ? NIL : TH(to)->space);
}

/* --- entries ------------------------------------------------------------------------ */

static void note_event(u32 cpu, u32 kind)
{
	struct host_event *e = &host.log[host.log_count++ % HOST_LOG];
	u32 t = CPU(cpu)->current;

	*e = (struct host_event){ .cpu = cpu, .kind = kind, .thread = t, .result = ~0ull };
	if (kind == HOST_SYSCALL && t != NIL) {
		e->nr = FR_NR(t);
		e->handle = FR_HANDLE(t);
		for (u32 i = 0; i < 5; i++)
			e->arg[i] = FR_ARG(t, i);
	} else {
		memcpy(e->arg, host.cpu[cpu].arg, sizeof(host.cpu[cpu].arg));
	}
}

void host_begin(u32 cpu, u32 kind, u64 a, u64 b, u64 c)
{
	struct host_cpu *hc = &host.cpu[cpu];

	if (hc->phase == HOST_WAITING)
		host_fail("the CPU is in the kernel already", cpu, kind);
	save_frame(cpu, kind);
	host.this_cpu = cpu;
	if (kind == HOST_FAULT)
		kernel_fault_note((u32)a, b, c);
	hc->phase = HOST_WAITING;
	hc->thread = NIL;
	hc->kind = kind;
	hc->arg[0] = a;
	hc->arg[1] = b;
	hc->arg[2] = c;
}

/* As entry.S does: calls and answers try the short way first. */
static u32 run_fast(u32 t)
{
	u64 nr = FR_NR(t);

	if (host.knobs.no_fast_path || (nr != SYS_EP_CALL && nr != SYS_EP_REPLY_RECV))
		return FAST_NOT;
	return (nr == SYS_EP_CALL ? kernel_fast_call : kernel_fast_reply_recv)(
		FR_HANDLE(t), FR_ARG(t, 0), FR_ARG(t, 1), FR_ARG(t, 2), FR_MSG(t, 6), FR_MSG(t, 7));
}

static void run_syscall(u32 cpu)
{
	u32 t = CPU(cpu)->current;
	u32 way = t == NIL ? FAST_NOT : run_fast(t);

	if (way == FAST_NOT)
		kernel_syscall();
	for (u32 i = 0; i < 6 && way == FAST_DIRECT; i++)
		FR_MSG(CPU(cpu)->current, i) = FR_MSG(t, i);
}

static void run_kernel(u32 cpu)
{
	struct host_cpu *hc = &host.cpu[cpu];

	switch (hc->kind) {
	case HOST_SYSCALL: run_syscall(cpu); break;
	case HOST_FAULT: kernel_fault(); break;
	case HOST_IRQ: kernel_irq(cpu, (u32)hc->arg[0]); break;
	case HOST_TIMER: kernel_timer(cpu); break;
	case HOST_IOMMU: kernel_iommu(); break;
	default:
		hc->kicked = false;
		kernel_kick(cpu);
		break;
	}
}

/* To user mode, or to sleep: what the exit path of the machine loads and checks. */
static void leave_kernel(u32 cpu)
{
	struct host_cpu *hc = &host.cpu[cpu];
	u32 t = CPU(cpu)->current;

	hc->phase = HOST_IDLE;
	hc->thread = NIL;
	if (t == NIL)
		return;
	if (t >= host_mem.pages || PD(t)->type != OBJ_THREAD)
		host_fail("the current thread is not a thread", cpu, t);
	if (CPU(cpu)->loaded != t || hc->space != TH(t)->space || hc->space == NIL)
		host_fail("the CPU returns to a thread that is not loaded", cpu, t);
	hc->phase = HOST_USER;
	hc->thread = t;
	hc->regs = TH(t)->frame;
	if (!arch_user_ip(hc->regs.r[REG_RIP]) || hc->regs.r[REG_RFLAGS] != HOST_USER_FLAGS)
		host_fail("the exit to user mode would fault", t, hc->regs.r[REG_RIP]);
	memset(&TH(t)->frame, HOST_POISON, sizeof(struct arch_frame));
}

void host_finish(u32 cpu)
{
	struct host_cpu *hc = &host.cpu[cpu];

	if (hc->phase != HOST_WAITING)
		host_fail("the CPU is not waiting to enter", cpu, 0);
	note_event(cpu, hc->kind);
	host.this_cpu = cpu;
	host.entries++;
	hc->phase = HOST_KERNEL;
	host_journal_start();
	run_kernel(cpu);
	host_journal_end(cpu);
	leave_kernel(cpu);
	if (hc->thread != NIL)
		host.log[(host.log_count - 1) % HOST_LOG].result = hc->regs.r[REG_RAX];
}

void host_enter(u32 cpu, u32 kind, u64 a, u64 b, u64 c)
{
	if (host.cpu[cpu].phase == HOST_WAITING)
		host_finish(cpu);
	host_begin(cpu, kind, a, b, c);
	host_finish(cpu);
}

bool host_deliver(u32 cpu)
{
	struct host_cpu *hc = &host.cpu[cpu];

	if (hc->phase == HOST_WAITING) {
		host_finish(cpu);
		return true;
	}
	if (hc->kicked) {
		host_enter(cpu, HOST_KICK, 0, 0, 0);
		return true;
	}
	if (hc->timer <= host.clock) {
		hc->timer = ~0ull;
		host_enter(cpu, HOST_TIMER, 0, 0, 0);
		return true;
	}
	if (cpu == 0 && host.refusals != 0) {
		host_enter(cpu, HOST_IOMMU, 0, 0, 0);
		return true;
	}
	return host_deliver_irq(cpu);
}

void host_advance(u64 ticks)
{
	host.clock += ticks;
}
