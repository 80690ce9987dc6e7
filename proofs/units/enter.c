/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_contract_lock_all]
 * function = "lock_all"
 * columns = ["ub", "spec"]
 * [h_contract_unlock_all]
 * function = "unlock_all"
 * columns = ["ub", "spec"]
 * [h_goes_on]
 * function = "goes_on"
 * columns = ["ub", "invariant", "spec"]
 * [h_check]
 * function = "check_invariants"
 * columns = ["ub", "invariant"]
 * [h_settled]
 * function = "leave_settled"
 * columns = ["ub", "invariant"]
 * [h_unlock_for_all]
 * function = "unlock_for_all"
 * columns = ["ub", "spec"]
 * [h_own]
 * function = "makes_own_calls"
 * columns = ["ub", "invariant", "spec"]
 * [h_put]
 * function = "put_result"
 * columns = ["ub", "spec"]
 * [h_note]
 * function = "kernel_fault_note"
 * columns = ["ub", "spec"]
 */
/*
 * Entries to the kernel: locks, results, and whether a CPU goes on with what it did.
 */
#include "prover.h"
#define check_invariants check_all /* entry.c has one of its own */
#include "whole.h"
#undef check_invariants

#include <entry.c>

#define CPUS                                                                                       \
	ASSUME_STATE(cpus, ks.cpus >= 1 && ks.cpus <= CPU_MAX && machine.cpu < ks.cpus, "set at boot, and never again")

PRED bool has_cpus(void) { return ks.cpus >= 1 && ks.cpus <= CPU_MAX; }

void prover_replace_lock_all(void)
{
	CHECK_SPEC(has_cpus());
	ks.global = 1;
}

void h_contract_lock_all(void)
{
	CPUS;
	lock_all();
	CHECK_SPEC(ks.global == 1);
	ASSIGNS(1, ks.global);
}

void h_contract_unlock_all(void)
{
	CPUS;
	unlock_all();
	CHECK_SPEC(ks.global == 0);
	ASSIGNS(1, ks.global);
}

/* Who runs stays, nobody above it waits, its time is counted, and no deadline is before the alarm. */
PRED bool spec_goes_on(u32 c, u32 t)
{
	return CPU(c)->current == CPU(c)->loaded && CPU(c)->top <= TH(t)->eprio + 1u && TH(t)->running_on == CPU(c)->charged &&
	       (CPU(c)->timeq == NIL || TN(CPU(c)->timeq)->when >= CPU(c)->alarm);
}

void h_goes_on(u32 t)
{
	CPUS;
	ASSUME_INPUT(t < PAGE_COUNT);
	HINTS(any_cpu_timeq_inv(machine.cpu));
	CHECK_SPEC(goes_on(TH(t)) == spec_goes_on(machine.cpu, t));
}

void h_check(void)
{
	check_invariants(machine.cpu);
	ASSIGNS_NOTHING();
}

void h_settled(void)
{
	leave_settled();
	ASSIGNS_NOTHING();
}

/* A CPU without a current thread holds nothing of any when others may destroy it. */
void h_unlock_for_all(void)
{
	CPUS;
	const u32 c = machine.cpu;
	const bool drops = CPU(c)->current == NIL && CPU(c)->loaded != NIL;
	unlock_for_all(c);
	CHECK_SPEC(ks.global == 1);
	CHECK_IF(CPU(c)->current == NIL, "spec", CPU(c)->loaded == NIL);
	ASSIGNS(1, ks.global);
	ASSIGNS(drops, CPU(c)->loaded);
}

void h_own(u32 t)
{
	ASSUME_INPUT(t < PAGE_COUNT);
	CHECK_SPEC(makes_own_calls(TH(t)) == ((TH(t)->flags & THREAD_FOREIGN) == 0));
}

void h_put(u32 t, u32 code)
{
	ASSUME_INPUT(t < PAGE_COUNT);
	put_result(TH(t), (err_t){ code });
	CHECK_SPEC(FR_ERR(t) == code);
	ASSIGNS(1, FR_ERR(t));
}

/* What the fault is stands in the thread until it can be told. */
void h_note(u32 kind, u64 code, u64 address)
{
	CPUS;
	HINTS(any_cpu_current_inv(machine.cpu));
	const u32 t = CPU(machine.cpu)->current;
	const bool is_there = t != NIL;
	kernel_fault_note(kind, code, address);
	CHECK_IF(is_there, "spec", (TH(t)->pending == (u8)kind) & (TH(t)->fault_code == code) & (TH(t)->fault_addr == address));
	ASSIGNS(is_there, TH(t)->pending, TH(t)->fault_code, TH(t)->fault_addr);
}
