/* SPDX-License-Identifier: MIT */
/*
 * Model of signals to a notification whose home is another CPU.
 *
 * Stands for: setting bits from another CPU, the mailbox of the home, and waiting.
 *
 * Code: kernel/notif.c notif_set mail mailbox_take notif_mailbox sys_notif_wait wake wake_waiter take;
 * kernel/entry.c kernel_kick leave_local leave_changed.
 *
 * Claims: each bit that is signalled is taken exactly once by a wait; nobody
 * waits for ever (an end state in which the waiter still waits is an error).
 *
 * Two remote CPUs signal; the home CPU, under its own lock, handles kicks and
 * runs the waiting thread.  Atomic instructions are single steps; the lock of
 * the home is implicit in its being one process.
 */
#define SIGNALLERS 2

byte word;          /* bit per signaller */
bit mailed;
bit mailbox;        /* the notification is in the mailbox */
bit kick;           /* interrupt pending at the home CPU */
byte taken;         /* bits that waits returned */
bit waiting;

proctype signaller(byte bits)
{
	bit was;

	word = word | bits;                      /* arch_atomic_or */
	d_step { was = mailed; mailed = 1 };     /* arch_atomic_swap32 */
	if
	:: was == 0 ->
		assert(mailbox == 0);
		mailbox = 1;                     /* the push, by compare and swap */
		kick = 1
	:: else
	fi
}

inline take_bits()
{
	d_step {
		assert((taken & word) == 0);
		taken = taken | word;
		word = 0
	}
}

/* notif_mailbox, for a mailbox that holds at most this notification. */
inline drain()
{
	if
	:: mailbox == 1 ->
		mailbox = 0;
		mailed = 0;
		if
		:: word != 0 && waiting -> take_bits(); waiting = 0
		:: else
		fi
	:: else
	fi
}

active proctype home()
{
	run signaller(1);
	run signaller(2);
	do
	:: kick == 1 -> kick = 0; drain()
	:: !waiting && taken != 3 ->
		/* sys_notif_wait; who waits leaves by leave_changed, which looks into the mailbox */
		if
		:: word != 0 -> take_bits()
		:: else -> waiting = 1; drain()
		fi
	:: !waiting && taken == 3 && kick == 0 && _nr_pr == 1 -> break
	od
}
