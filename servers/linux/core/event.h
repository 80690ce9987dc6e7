/* SPDX-License-Identifier: MIT */
/*
 * The server's loop: messages, notification bits, time.
 */
#pragma once
#include "../linux.h"

#define NS_PER_SEC 1000000000ull

/* CLOCK_MONOTONIC and CLOCK_REALTIME, ns. */
u64 now_mono(void);
u64 now_real(void);
/* CLOCK_REALTIME was set: it is `ns` now. */
void real_set(u64 ns);
/* The processor's counter since boot, and differences of it in ns: cheaper than now_mono. */
u64 now_ticks(void);
u64 ticks_to_ns(u64 ticks);
/* Clock ticks of the kernel for a CLOCK_MONOTONIC time. */
u64 mono_to_ticks(u64 ns);

/* A thing to be done at a time.  Zeroed: not armed. */
struct timer {
	struct timer *child, *next, *back; /* a pairing heap: back is parent or left sibling */
	u64 when;                          /* CLOCK_MONOTONIC, ns */
	bool armed;
	void (*fire)(struct timer *); /* must not sleep; may arm again */
};
void timer_arm(struct timer *t, u64 when, void (*fire)(struct timer *));
/* False if it was not armed. */
bool timer_cancel(struct timer *t);
/* When the first is due; ~0: none. */
u64 timers_next(void);
/* Fire those that are due, a bounded number. */
void timers_run(u64 now);

/* Called when bits of the server's notification that `mask` names were set; must not sleep. */
void event_register(u64 mask, void (*handle)(u64 bits));
void events_run(u64 bits);

/* Called before the server waits, once after each idle_wanted; must not sleep. */
void idle_register(void (*f)(void));
void idle_wanted(void);
void idle_run(void);
extern bool idle_is_wanted;

/*
 * What the server was given: filled in by core/boot_first.c (as the kernel's first
 * program) or core/boot_comp.c (as a component).
 */
struct environment {
	frames_h pool;  /* frames that programs' pages come from */
	u64 pool_vaddr; /* mapped here, all of it */
	u64 pool_pages;
	u32 cpus; /* that programs may run on */
	cpus_h cpus_cap;
	thread_h thread;              /* the server's */
	notif_h notif;                /* bound to it */
	ep_h ep;                      /* where programs' calls and faults arrive */
	volatile u64 *msg;            /* its message page */
	u64 clock_hz, clock_offset;   /* of the kernel's clock; the counter when it was 0 */
	u64 xstate_bytes, xstate_mask;
	const unsigned char *archive; /* the initial file tree, a cpio archive (newc); NULL: none */
	u64 archive_bytes;
	u64 epoch_ns;     /* CLOCK_REALTIME when the kernel's clock was 0 */
	u32 clock_bit; /* of notif */
	/* Wake the server by that bit at a time of the kernel's clock; an earlier one may be forgotten. */
	void (*alarm)(u64 ticks);
	/*
	 * The console.  Either plain: bytes out here, bytes typed go to console_input
	 * (tty/tty.h).  Or, `framed`, in frames among others (tty/host.h): console_write sends
	 * bytes of frames, what comes in goes to host_input.
	 */
	bool framed;
	void (*console_write)(const char *bytes, size_t n);
	/* How many bytes it takes now without losing any; call console_drained when there is more. */
	size_t (*console_room)(void);
	/* Framed: the host took so many bytes. */
	void (*console_taken)(u32 n);
	/* Ends the machine, or this component, with a status (that of process 1, as wait reports it). */
	void (*halt)(int status); /* does not return */
};
extern struct environment env;

/* Soon: what was changed is written, and the machine ends.  Never sleeps. */
void server_end(int status);
