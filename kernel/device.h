/* SPDX-License-Identifier: MIT */
/*
 * Interrupt objects and devices.
 *
 * Owns:       struct irq, struct device.   Invariants: irq_inv(), device_inv().
 * Locks:      all locks; delivery of an interrupt: the lock of the CPU it is
 *             sent to, which is the home of its notification.
 */
#pragma once
#include "types.h"

enum {
	IRQ_SLOT_NOTIF = 0,
	DEVICE_SLOT_IOSPACE = 0,
	DEVICE_SLOT_NOTIF = 1,
	DEVICES_MAX = 128,
	DEVICE_FUNCTIONS = 8,
	DEVICE_IRQS_MAX = 64, /* interrupts of one device */
	IRQ_LINES = 1024,     /* global system interrupts that can be used */
	IRQ_STORM_MAX = 1000, /* interrupts without acknowledgement before the source is masked */
	IRQ_VECTOR_DRAIN = 0, /* index into cpu.irq: never given to an irq object */
};

/*
 * What cpu.irq holds besides NIL and irq objects: vectors that were given up.
 * An interrupt sent before may still arrive, so each is free only after the
 * CPU has twice taken IRQ_VECTOR_DRAIN, which comes after all others: the
 * first may have been under way already when the vector was given up.
 */
#define IRQ_DRAIN_TWICE 0xfffffffeu
#define IRQ_DRAIN_ONCE 0xfffffffdu

struct irq {
	u32 kind;   /* IRQ_LINE or IRQ_MESSAGE */
	u32 source; /* global system interrupt, or requester id */
	u32 device; /* page of the device, or NIL */
	u32 mode;   /* IRQ_LEVEL | IRQ_LOW */
	u32 cpu;    /* where it is delivered, valid while vector != NIL */
	u32 vector; /* index into cpu.irq, or NIL */
	u32 entry;  /* the architecture's number of the route, or NIL */
	u32 armed;  /* 1: the next interrupt is signalled */
	u32 missed; /* 1: one came while not armed */
	u32 masked; /* 1: the source is masked */
	u32 storm;  /* interrupts since the last acknowledgement */
	u32 next;   /* next irq of the same device, or NIL */
	u32 prev;
	u64 bits; /* what to signal */
};
enum { IRQ_LINE = 0, IRQ_MESSAGE = 1 };

struct device {
	u32 first; /* requester id */
	u32 count;
	u32 irqs; /* first irq made from it, or NIL */
	u32 irq_count;
	u32 bound; /* page of the I/O space, or NIL */
	u32 number; /* index into ks.device */
	u32 fault_what; /* of the last access that was refused: DEVICE_FAULT_*, as device_faults says */
	u64 fault_address;
	u64 faults; /* how many were */
	u64 bits;   /* what to signal then */
};

/* irq.c: an interrupt came in on this CPU, whose lock is held. */
void irq_fired(u32 cpu, u32 vector);
/* Stop signalling: no more bound. */
void irq_detach(u32 irq);
void irq_destroy(u32 irq);
/* The device of an irq is being destroyed. */
void irq_orphan(u32 irq);
/* device.c */
/* The device that has the requester id, or 0. */
u32 device_of(u32 id);
void device_detach(u32 dev);
void device_destroy(u32 dev);
