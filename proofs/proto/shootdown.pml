/* SPDX-License-Identifier: MIT */
/*
 * Model of taking a translation away from CPUs that may use it.
 *
 * Stands for: clearing entries and then arch_space_flush (fence, read `active` (here:
 * told), interrupt those, wait); and the loading of a space in arch_switch (if it
 * is not known: set `active`, fence, flush).  A CPU that leaves the space is told
 * of changes until it is interrupted for one, and then knows it no more; one that unmaps
 * there itself may stay told, and flushes what it has of the page (INVPCID).
 * Where the kernel has page tables of its own, to flush is to note that loading the
 * user's must: no code of the space runs before.
 *
 * Code: kernel/mapping.c sys_grant_unmap leaves_clear; kernel/grant.c grant_destroy_step;
 * kernel/arch/x86_64/smp.c arch_space_flush flush flush_known flush_here serve space_enter space_forget;
 * kernel/arch/x86_64/context.c arch_switch switch_any; kernel/arch/x86_64/arch_fast.h space_load space_cr3 fast_load;
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
bit told[CPUS];     /* `active`: the CPU is told of what is unmapped */
bit loaded[CPUS];   /* of the CPU's own: what its page-table register holds */
bit request[CPUS];  /* flush requested by interrupt, not acknowledged */
bit tlb[CPUS];      /* the CPU holds the translation */

/* Interrupts are taken in user mode, and requests answered while waiting for a lock. */
inline serve(c)
{
	if
	:: request[c] ->
		if
		:: loaded[c] -> tlb[c] = 0
		:: else -> told[c] = 0
		fi;
		request[c] = 0
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
		/* in another space */
		if
		:: request[c] -> serve(c)
		:: skip
		fi;
		/* load: mark active first, then flush */
		if
		:: !told[c] -> told[c] = 1; tlb[c] = 0
		:: else
		fi;
		loaded[c] = 1;
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
	:: c < CPUS ->
		if
		:: told[c] ->
			request[c] = 1;
			request[c] == 0
		:: else
		fi;
		c++
	od;
	over = 1
}
