/* SPDX-License-Identifier: MIT */
/*
 * Model of stopping and resuming a thread of another CPU, wherever it is: in
 * user mode, on its way into a system call, before, between or after the locks.
 *
 * Stands for: thread_stop, thread_get_regs and thread_resume of one CPU, and the
 * entries of the other, which runs the thread; registers are one number, the call
 * that the thread makes next.  Entering adds one to it, as SYSCALL saves the address
 * behind itself; rewinding takes it back.  A call is local or global, or it begins
 * as a local one, gives its lock up and goes on with all of them.  Faults are not in it.
 *
 * Code: kernel/thread.c sys_thread_stop thread_halt sys_thread_resume;
 * kernel/sched.c sched_unready; kernel/entry.c kernel_syscall syscall_global kernel_kick;
 * kernel/arch/x86_64/smp.c arch_sync serve_sync lock_wait;
 * kernel/arch/x86_64/context.c arch_frame_rewind.
 *
 * Claims: a stopped thread does nothing, and its registers stay as they are until
 * it is resumed; each of its calls is made once, none is lost and none made twice,
 * whenever it is stopped; nobody waits for ever.
 */
#define CALLS 3
#define STOPS 2

byte pc;             /* number of the next call */
bit in_call;         /* the frame is that of a system call (FRAME_SYSCALL) */
byte made[CALLS];    /* calls that were carried out */

/* FIFO; the CPU's, and that of who stops.  All locks are both, in one order, whichever that is. */
#define OWN 0
#define OTHER 1
#define NONE 2
byte first = NONE;
byte next[2], serving[2];
bit sync;            /* a request to save the registers, not acknowledged */
bit current = 1;     /* the thread is its CPU's current one */
bit loaded = 1;      /* its registers are in the CPU */
bit stopped;
bit kicked;
bit done;

inline serve_sync()
{
	if
	:: sync -> loaded = 0; sync = 0
	:: else
	fi
}

/* arch_lock: a ticket first, then requests are answered while it waits. */
inline take(l)
{
	d_step { mine = next[l]; next[l] = (next[l] + 1) % 4 };
	do
	:: serving[l] == mine -> break
	:: sync -> serve_sync()
	od
}

inline give(l)
{
	serving[l] = (serving[l] + 1) % 4
}

/* Of who stops: nobody asks it for anything. */
inline lock_all()
{
	d_step { ticket = next[first]; next[first] = (next[first] + 1) % 4 };
	serving[first] == ticket;
	d_step { ticket = next[1 - first]; next[1 - first] = (next[1 - first] + 1) % 4 };
	serving[1 - first] == ticket
}

inline unlock_all()
{
	give(first);
	give(1 - first)
}

/* Reads the current thread only now: its ticket is older than that of a resume after a stop that met it. */
inline make_call()
{
	if
	:: current ->
		assert(!stopped && in_call);
		d_step { made[pc - 1]++; in_call = 0 }
	:: else
	fi
}

active proctype cpu()
{
	byte mine;

	first != NONE;
	do
	:: loaded && pc < CALLS ->
		if
		:: /* SYSCALL: the registers are saved before a lock is taken */
			assert(!stopped);
			d_step { pc++; in_call = 1 };
			if
			:: /* always global */
				take(first);
				take(1 - first);
				make_call();
				give(OTHER)
			:: take(OWN);
				if
				:: make_call()
				:: current -> /* global this time */
					give(OWN);
					take(first);
					take(1 - first);
					make_call();
					give(OTHER)
				fi
			fi;
			loaded = current;
			give(OWN)
		:: sync -> /* a request in user mode, then kernel_kick */
			in_call = 0;
			take(OWN);
			loaded = current;
			give(OWN)
		fi
	:: loaded && pc == CALLS -> break
	:: !loaded && kicked ->
		kicked = 0;
		take(OWN);
		loaded = current;
		give(OWN)
	:: !loaded && sync -> serve_sync()
	od;
	/* user mode: nothing more to call */
	done = 1;
end:	do
	:: sync -> in_call = 0; take(OWN); give(OWN)
	od
}

active proctype stopper()
{
	byte stops = 0, seen, ticket;

	if
	:: first = OWN
	:: first = OTHER
	fi;
	do
	:: stops == STOPS -> break
	:: stops < STOPS && done -> break
	:: stops < STOPS && !done ->
		stops++;
		/* thread_stop */
		lock_all();
		assert(current);
		sync = 1;
		sync == 0;
		/* arch_frame_rewind */
		if
		:: in_call -> d_step { pc--; in_call = 0 }
		:: else
		fi;
		current = 0;
		stopped = 1;
		kicked = 1;
		seen = pc;
		unlock_all();
		/* thread_get_regs */
		lock_all();
		assert(pc == seen && !in_call && !loaded);
		unlock_all();
		/* thread_resume */
		lock_all();
		stopped = 0;
		current = 1;
		kicked = 1;
		unlock_all()
	od;
	/* all that was begun ends, each call made once */
	done;
	assert(made[0] == 1 && made[1] == 1 && made[2] == 1)
}
