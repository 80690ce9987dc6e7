/* SPDX-License-Identifier: MIT */
/*
 * One clock for all processors: their time stamp counters are compared while
 * they start, and one that differs is set.
 *
 * Owns:       the exchange between CPU 0 and the one that starts.
 * Called by:  smp.c, tsc_lead on CPU 0 and tsc_follow on the other, together.
 * Manuals:    Intel SDM vol 3, 17.17.
 *
 * A reading of CPU 0's counter that lies between two of one's own proves
 * nothing wrong.  Of several exchanges the quickest says most.
 */
#include "asm.h"
#include "percpu.h"

enum { ROUNDS = 16 };

static u32 asked, answered; /* rounds; atomic */
static u64 answer;

/* One that was given up may have asked last. */
void tsc_expect(void)
{
	ATOMIC_STORE(&asked, 0);
}

void tsc_lead(void)
{
	for (u32 i = 1; i <= ROUNDS; i++) {
		while (ATOMIC_LOAD(&asked) != i)
			cpu_pause();
		answer = rdtsc();
		ATOMIC_STORE(&answered, i);
	}
	ATOMIC_STORE(&asked, 0);
}

void tsc_follow(void)
{
	u64 shortest = ~0ull, ahead = 0;

	for (u32 i = 1; i <= ROUNDS; i++) {
		u64 before = rdtsc();

		ATOMIC_STORE(&asked, i);
		while (ATOMIC_LOAD(&answered) != i)
			cpu_pause();
		u64 took = rdtsc() - before;

		if (took >= shortest)
			continue;
		shortest = took;
		/* Unsigned: what CPU 0 is behind comes out as a number near 2^64. */
		ahead = answer - before > took ? answer - before - took / 2 : 0;
	}
	if (ahead != 0)
		wrmsr(MSR_TSC, rdtsc() + ahead);
	while (ATOMIC_LOAD(&asked) != 0)
		cpu_pause();
}
