/* SPDX-License-Identifier: MIT */
/*
 * The server's loop: messages, notification bits, time.
 */
#pragma once
#include "../linux.h"

/* CLOCK_MONOTONIC and CLOCK_REALTIME, ns. */
u64 now_mono(void);
u64 now_real(void);
/* Clock ticks of the kernel for a CLOCK_MONOTONIC time. */
u64 mono_to_ticks(u64 ns);

/* A thing to be done at a time.  Zeroed: not armed. */
struct timer {
	struct timer *left, *right; /* a pairing or other heap: core/timer.c */
	u64 when;                   /* CLOCK_MONOTONIC, ns */
	bool armed;
	void (*fire)(struct timer *); /* must not sleep; may arm again */
	struct timer *parent;
};
void timer_arm(struct timer *t, u64 when, void (*fire)(struct timer *));
/* False if it was not armed. */
bool timer_cancel(struct timer *t);

/* Called when bits of the server's notification that `mask` names were set; must not sleep. */
void event_register(u64 mask, void (*handle)(u64 bits));

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
	notif_h notif;                /* bound to the server's thread */
	const unsigned char *archive; /* the initial file tree, a cpio archive (newc); NULL: none */
	u64 archive_bytes;
	const char *args; /* words: see core/options.h */
	u64 epoch_ns;     /* CLOCK_REALTIME when the kernel's clock was 0 */
	/*
	 * The console.  Either plain: bytes out here, bytes typed go to console_input
	 * (tty/tty.h).  Or, `framed`, in frames among others (tty/host.h): console_write sends
	 * bytes of frames, what comes in goes to host_input.
	 */
	bool framed;
	void (*console_write)(const char *bytes, size_t n);
	/* How many bytes it takes now without losing any; call console_drained when there is more. */
	size_t (*console_room)(void);
	/* Ends the machine, or this component, with a status (that of process 1, as wait reports it). */
	void (*halt)(int status); /* does not return */
};
extern struct environment env;
