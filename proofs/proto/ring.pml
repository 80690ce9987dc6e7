/* SPDX-License-Identifier: MIT */
/*
 * Model of a ring: include/tessera/ring.h.
 *
 * Stands for: ring_put + ring_publish, ring_arm_room and waiting (producer);
 * ring_get + ring_release, ring_arm and waiting (consumer); a notification as
 * a bit that is set by signals and taken by waits.
 *
 * Code: include/tessera/ring.h ring_put ring_publish ring_arm_room ring_get ring_release ring_arm.
 *
 * Claims: no entry is lost, doubled or reordered; the distance never exceeds
 * the capacity; nobody waits for ever (no deadlock: every run ends).
 *
 * Memory order: each shared access is one atomic step.  The weaker orders that
 * C allows between an armed mark and the position read after it are excluded
 * by the fences of the library, on both sides (store, fence, load).
 */
#define CAPACITY 2
#define ENTRIES 5

byte ring[CAPACITY];
byte tail, head;
bit armed_in, armed_out;
bit signal_consumer, signal_producer;
byte taken;

active proctype producer()
{
	byte next = 0;

	do
	:: next == ENTRIES -> break
	:: next < ENTRIES ->
		if
		:: next - head < CAPACITY ->
			ring[next % CAPACITY] = next;
			next++;
			tail = next; /* release */
			assert(tail - head <= CAPACITY);
			if
			:: armed_in == 1 -> signal_consumer = 1
			:: else
			fi
		:: else ->
			armed_out = 1;
			if
			:: next - head < CAPACITY -> armed_out = 0
			:: else ->
				atomic { signal_producer == 1 -> signal_producer = 0 };
				armed_out = 0
			fi
		fi
	od
}

active proctype consumer()
{
	byte e;

	do
	:: taken == ENTRIES -> break
	:: taken < ENTRIES ->
		if
		:: tail != taken ->
			e = ring[taken % CAPACITY];
			assert(e == taken);
			taken++;
			head = taken; /* release */
			if
			:: armed_out == 1 -> signal_producer = 1
			:: else
			fi
		:: else ->
			armed_in = 1;
			if
			:: tail != taken -> armed_in = 0
			:: else ->
				atomic { signal_consumer == 1 -> signal_consumer = 0 };
				armed_in = 0
			fi
		fi
	od
}
