/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_syscall]
 * function = "kernel_syscall"
 * columns = ["ub", "spec"]
 * [h_fault]
 * function = "kernel_fault"
 * columns = ["ub", "spec"]
 * [h_irq]
 * function = "kernel_irq"
 * columns = ["ub", "spec"]
 * [h_iommu]
 * function = "kernel_iommu"
 * columns = ["ub", "spec"]
 * [h_timer]
 * function = "kernel_timer"
 * columns = ["ub", "spec"]
 * [h_kick]
 * function = "kernel_kick"
 * columns = ["ub", "spec"]
 */
/*
 * Entries to the kernel, whoever runs and whatever others do while this CPU waits for a lock: all locks are given
 * back, and what is loaded then is what goes on. Handlers and the like stand here as one function that may change
 * everything but what its contract names.
 */
#include "prover.h"
#define check_invariants check_all /* entry.c has one of its own */
#define arch_lock_own arch_lock_at_once
#define dispatch dispatch_by_number /* dispatch.c proves that it calls handlers */
#include "whole.h"
#undef check_invariants
#undef arch_lock_own
#undef dispatch
#include "everything.h"

void arch_lock_own(void);
err_t dispatch(u32, u64);

#include <entry.c>

/* --- what is known of a CPU -------------------------------------------------------------------- */

PRED bool is_whole(u32 c)
{
	return cpu_runs(c) && ks.cpus <= CPU_MAX && any_cpu_current_inv(c) && any_cpu_timeq_inv(c) &&
	       (CPU(c)->loaded == NIL || page_exists(CPU(c)->loaded));
}

/* What runs is loaded: so it is when a CPU enters and leaves the kernel, and while it waits there. */
PRED bool is_settled(u32 c)
{
	return is_whole(c) && CPU(c)->loaded == CPU(c)->current;
}

PRED bool is_quiet(u32 c)
{
	return is_settled(c) && ks.global == 0;
}

/* --- locks, as enter.c proves, and what happens while one is waited for ------------------------------ */

/* Others may have stopped who ran, or destroyed it. */
PRED bool has_waited(u32 c, u32 before, u32 global)
{
	return is_settled(c) && (CPU(c)->loaded == before || CPU(c)->loaded == NIL) && ks.global == global;
}

void arch_lock_own(void)
{
	const u32 before = CPU(machine.cpu)->loaded;

	CHECK_SPEC(is_quiet(machine.cpu));
	EVERYTHING_CHANGES;
	prover_assume(has_waited(machine.cpu, before, 0));
}

void prover_replace_lock_all(void)
{
	const u32 before = CPU(machine.cpu)->loaded;

	CHECK_SPEC(is_quiet(machine.cpu));
	EVERYTHING_CHANGES;
	prover_assume(has_waited(machine.cpu, before, 1));
}

void prover_replace_unlock_all(void)
{
	CHECK_SPEC(is_settled(machine.cpu));
	ks.global = 0;
}

/* --- what entries call ------------------------------------------------------------------------------ */

enum { LOADED = 1, CURRENT = 2, SETTLED = 4 };

/* What stays: who is loaded, unless it is destroyed under all locks; who is current, or nobody is; what needs all locks did nothing. */
PRED bool is_left(u32 c, u32 what, u32 result, u32 loaded, u32 current, u32 global)
{
	return is_whole(c) && ks.global == global && result != INT_GONE_ON && IMP(what & LOADED, CPU(c)->loaded == loaded || (global && CPU(c)->loaded == NIL)) &&
	       IMP(what & CURRENT, CPU(c)->current == NIL || CPU(c)->current == current) && IMP(what & SETTLED, is_settled(c)) &&
	       IMP(what & LOADED && result == INT_GLOBAL, CPU(c)->loaded == loaded && CPU(c)->current == current);
}

u32 what_is_called(u32 what);

u32 prover_replace_what_is_called(u32 what)
{
	ANY(u32, result);
	const u32 c = machine.cpu, loaded = CPU(c)->loaded, current = CPU(c)->current, global = ks.global;

	CHECK_SPEC(is_whole(c));
	EVERYTHING_CHANGES;
	prover_assume(is_left(c, what, result, loaded, current, global));
	return result;
}

/* Calls are made by threads. */
PRED bool is_caller(u32 t)
{
	return thread_is(t) && CPU(machine.cpu)->current == t && CPU(machine.cpu)->loaded == t && TH(t)->home == machine.cpu;
}

#define HANDLES(name, ...)                                                                         \
	err_t name(u32 t __VA_OPT__(, ) __VA_ARGS__)                                               \
	{                                                                                          \
		CHECK_SPEC(is_caller(t));                                                          \
		return (err_t){ what_is_called(LOADED) };                                       \
	}
HANDLES(dispatch, u64)
HANDLES(dispatch_global, u64)
HANDLES(thread_raise)

bool fast_fault(u32 t)
{
	ANY(u8, done);

	CHECK_SPEC(is_caller(t));
	if (done & 1)
		(void)what_is_called(SETTLED);
	return done & 1;
}

void sched_exit(void) { (void)what_is_called(SETTLED); }

void irq_fired(u32, u32) { (void)what_is_called(LOADED); }

void arch_iommu_faults(bool) { (void)what_is_called(LOADED); }

bool notif_mailbox(u32) { return what_is_called(LOADED) & 1; }

bool sched_timer(u32) { return what_is_called(LOADED | CURRENT) & 1; }

/* --- entries ------------------------------------------------------------------------------------------- */

#define ENTERED                                                                                    \
	const u32 c = machine.cpu;                                                                 \
	ASSUME_STATE(assembly, is_quiet(c), "a CPU enters the kernel without a lock, and who runs is loaded")
#define LEFT CHECK_SPEC(is_quiet(c))

void h_syscall(void)
{
	ENTERED;
	ASSUME_STATE(caller, CPU(c)->current != NIL, "calls are made by threads");
	kernel_syscall();
	LEFT;
}

void h_fault(void)
{
	ENTERED;
	kernel_fault();
	LEFT;
}

void h_irq(u32 vector)
{
	ENTERED;
	ASSUME_INPUT(vector < IRQ_VECTORS);
	kernel_irq(c, vector);
	LEFT;
}

void h_iommu(void)
{
	ENTERED;
	kernel_iommu();
	LEFT;
}

void h_timer(void)
{
	ENTERED;
	kernel_timer(c);
	LEFT;
}

void h_kick(void)
{
	ENTERED;
	kernel_kick(c);
	LEFT;
}
