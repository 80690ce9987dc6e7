/* SPDX-License-Identifier: MIT */
/*
 * Model of taking a translation away from CPUs that may use it.
 *
 * Stands for: clearing entries and then arch_space_flush (mark all others stale,
 * fence, read `active` (here: loaded), interrupt those, wait); and the loading of a
 * space in arch_switch (set `active` (here: loaded), fence, read the stale mark, flush).
 * Where the kernel has page tables of its own, to flush is to note that loading the
 * user's must: no code of the space runs before.
 *
 * Code: kernel/mapping.c sys_grant_unmap leaves_clear; kernel/grant.c grant_destroy_step;
 * kernel/arch/x86_64/smp.c arch_space_flush flush flush_here serve;
 * kernel/arch/x86_64/context.c arch_switch switch_any; kernel/arch/x86_64/arch_fast.h space_load space_cr3;
 * kernel/arch/x86_64/mitigate.c user_tables_set.
 *
 * Claims: once the unmapping call is over, no CPU translates through the entry,
 * neither from its TLB nor from the tables; and nobody waits for ever.
 *
 * Two CPUs run threads of the space and leave it at any time (keeping what
 * their TLB holds, as PCIDs allow); a third unmaps.
 */
#define CPUS 2

bit entry = 1;      /* the leaf in the page table */
bit over;           /* the unmapping call has returned */
bit stale[CPUS];
bit loaded[CPUS];
bit request[CPUS];  /* flush requested by interrupt, not acknowledged */
bit tlb[CPUS];      /* the CPU holds the translation */

/* Interrupts are taken in user mode, and requests answered while waiting for a lock. */
inline serve(c)
{
	if
	:: request[c] -> tlb[c] = 0; request[c] = 0
	:: else
	fi
}

proctype cpu(byte c)
{
	byte rounds = 0;

	do
	:: rounds == 2 -> break
	:: rounds < 2 ->
		rounds++;
		/* load: mark active first, then look whether something changed */
		loaded[c] = 1;
		if
		:: stale[c] -> stale[c] = 0; tlb[c] = 0
		:: else
		fi;
		/* user mode */
		do
		:: request[c] -> serve(c)
		:: atomic { entry == 1 -> assert(!over); tlb[c] = 1 }
		:: tlb[c] == 1 -> assert(!over); break
		:: break
		od;
		/* leave: the TLB keeps its contents under the PCID */
		serve(c);
		loaded[c] = 0
	od;
	/* in the kernel or idle: requests are answered there as well */
	end: do
	:: request[c] -> serve(c)
	od
}

active proctype unmap()
{
	byte c;

	run cpu(0);
	run cpu(1);
	entry = 0;
	c = 0;
	do
	:: c == CPUS -> break
	:: c < CPUS -> stale[c] = 1; c++
	od;
	c = 0;
	do
	:: c == CPUS -> break
	:: c < CPUS ->
		if
		:: loaded[c] ->
			request[c] = 1;
			request[c] == 0
		:: else
		fi;
		c++
	od;
	over = 1
}
