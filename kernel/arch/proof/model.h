/* SPDX-License-Identifier: MIT */
/*
 * The machine as the prover sees it, for units that call what kernel/arch.h
 * declares: the few functions with a meaning in kernel state, as small models.
 *
 * Locks exclude (assumption LOCKS), so atomic operations are plain ones.  What
 * only tells the hardware something (timer, kick, flush, mask) leaves kernel
 * state as it is; a unit that must show that it was told models that itself.
 */
#pragma once
#include "ks.h"

/* What the machine says of itself: arbitrary, and the same all the time. */
struct machine {
	u32 cpu;
	u64 clock;
	u8 has_iommu, iommu_ok, lock_is_free;
};
struct machine machine;

u32 arch_cpu(void)
{
	return machine.cpu;
}

u64 arch_clock(void)
{
	return machine.clock;
}

void arch_timer(u64 when)
{
	(void)when;
}

void arch_kick(u32 cpu)
{
	(void)cpu;
}

/* Registers are saved in the thread's page: they are there at all times here. */
void arch_sync(u32 cpu)
{
	CPU(cpu)->loaded = NIL;
}

void arch_lock(struct lock *l)
{
	(void)l;
}

bool arch_try_lock(struct lock *l)
{
	(void)l;
	return true;
}

void arch_unlock(struct lock *l)
{
	(void)l;
}

void arch_lock_own(void)
{
}

/* Perhaps another CPU holds it. */
bool arch_try_lock_own(void)
{
	return machine.lock_is_free & 1;
}

void arch_unlock_own(void)
{
}

u64 arch_atomic_or(u64 *p, u64 bits)
{
	const u64 old = *p;

	*p = old | bits;
	return old;
}

u64 arch_atomic_and(u64 *p, u64 bits)
{
	const u64 old = *p;

	*p = old & bits;
	return old;
}

u64 arch_atomic_swap(u64 *p, u64 v)
{
	const u64 old = *p;

	*p = v;
	return old;
}

u32 arch_atomic_swap32(u32 *p, u32 v)
{
	const u32 old = *p;

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

void arch_frame_rewind(u32 t)
{
	if (TH(t)->frame.kind == FRAME_SYSCALL)
		TH(t)->frame.kind = FRAME_FULL;
}

bool arch_user_ip(u64 ip)
{
	return ip < USER_PAGES << PAGE_SHIFT;
}

bool arch_has_iommu(void)
{
	return machine.has_iommu & 1;
}

bool arch_iommu_ok(void)
{
	return machine.iommu_ok & 1;
}

void arch_switch(u32 from, u32 to)
{
	(void)from;
	(void)to;
}
