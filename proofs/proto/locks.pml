/* SPDX-License-Identifier: MIT */
/*
 * Model of the locks of the kernel, and of stopping what runs on another CPU.
 *
 * Stands for: entries, local and global (some of which begin as a local one that does nothing), stopping what runs on another
 * CPU, and locks that are FIFO and answer requests while they wait.
 *
 * Code: kernel/entry.c lock_all unlock_all kernel_syscall syscall_global leave_local leave_changed
 * leave_global;
 * kernel/sched.c sched_unready; kernel/arch/x86_64/state.h arch_lock arch_unlock arch_lock_own
 * arch_try_lock_own arch_unlock_own;
 * kernel/arch/x86_64/smp.c arch_sync serve_sync lock_wait.
 *
 * Claims: a global operation excludes every other; local ones exclude each
 * other on one CPU (trivially) and never overlap a global one; a thread that
 * was stopped does nothing more; no deadlock, although the holder of all
 * locks waits for other CPUs; every operation that was begun ends.
 *
 * Each CPU makes two entries, of any kind; a global one stops the thread of
 * the next CPU.
 */
#define CPUS 3

byte next[CPUS], serving[CPUS]; /* ticket locks */

byte locals;        /* local operations under way */
byte globals;
bit request[CPUS];  /* a sync that waits for its acknowledgement */
bit current[CPUS];  /* a thread runs there */
bit stopped[CPUS];  /* and was stopped by another */

inline serve(who)
{
	if
	:: request[who] -> request[who] = 0
	:: else
	fi
}

/* arch_lock: take a ticket, wait for the turn, answer requests meanwhile. */
inline acquire(l, me, ticket)
{
	d_step { ticket = next[l]; next[l] = (next[l] + 1) % 8 };
	do
	:: serving[l] == ticket -> break
	:: request[me] -> serve(me)
	od
}

inline release(l)
{
	serving[l] = (serving[l] + 1) % 8
}

proctype cpu(byte c)
{
	byte rounds = 0;
	byte t, i, victim;

	do
	:: rounds == 2 -> break
	:: rounds < 2 ->
		rounds++;
		/* user mode: an interrupt saves the registers and acknowledges */
		do
		:: request[c] -> serve(c)
		:: break
		od;
		if
		:: /* a local operation */
			acquire(c, c, t);
			/* reads its current thread only now */
			assert(globals == 0);
			if
			:: current[c] -> assert(!stopped[c]); locals++; locals--
			:: else
			fi;
			release(c)
		:: /* a global operation */
			i = CPUS;
			do
			:: i == 0 -> break
			:: i > 0 -> acquire(i - 1, c, t); i--
			od;
			globals++;
			assert(globals == 1 && locals == 0);
			if
			:: current[c] ->
				assert(!stopped[c]);
				victim = (c + 1) % CPUS;
				if
				:: current[victim] ->
					request[victim] = 1;
					request[victim] == 0;
					d_step { current[victim] = 0; stopped[victim] = 1 }
				:: else
				fi
			:: else
			fi;
			globals--;
			i = CPUS;
			do
			:: i == 0 -> break
			:: i > 0 -> release(i - 1); i--
			od
		fi
	od;
	/* idle: interrupts are on */
	end: do
	:: request[c] -> serve(c)
	od
}

init {
	byte c = 0;

	atomic {
		do
		:: c == CPUS -> break
		:: c < CPUS -> current[c] = 1; run cpu(c); c++
		od
	}
}
