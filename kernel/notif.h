/* SPDX-License-Identifier: MIT */
/*
 * Notifications: a word of bits that threads set and wait for.
 *
 * Owns:       struct notif and its queue.  Invariant: notif_inv().
 * Locks:      the home CPU's lock; `word`, `mailed` and `mail` are atomic, so
 *             that other CPUs can signal without it.
 */
#pragma once
#include "types.h"

struct notif {
	u64 word;  /* bits set and not yet taken; atomic */
	u32 head;  /* first waiting thread, or NIL */
	u32 tail;
	u32 home;  /* CPU */
	u32 bound; /* thread that receives it while receiving messages, or NIL */
	u32 mailed; /* 1 while in the home CPU's mailbox; atomic */
	u32 mail;   /* next in the mailbox, or NIL */
	GHOST(u64 g_clock;)
};

void notif_init(u32 nt, u32 cpu);
/* Set bits from CPU `cpu`, and wake a waiter, or mail it to the CPU that may. */
void notif_set(u32 nt, u64 bits, u32 cpu);
/* Wake whoever waits for a mailed notification.  False: one waits on another
 * CPU, so all locks are needed; nothing is lost, call again. */
bool notif_mailbox(u32 cpu);
void notif_unqueue(u32 t);
bool notif_destroy_step(u32 nt);
