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

enum { IRQ_SLOT_NOTIF = 0, DEVICE_SLOT_IOSPACE = 0, DEVICE_FUNCTIONS = 8 };

struct irq {
	u32 kind;   /* IRQ_LINE or IRQ_MESSAGE */
	u32 source; /* global system interrupt, or requester id */
	u32 device; /* page of the device, or NIL */
	u32 mode;   /* IRQ_LEVEL | IRQ_LOW */
	u32 cpu;    /* where it is delivered, valid while vector != NIL */
	u32 vector; /* index into cpu.irq, or NIL */
	u32 entry;  /* interrupt remapping entry, or NIL */
	u32 armed;  /* 1: the next interrupt is signalled */
	u32 missed; /* 1: one came while not armed */
	u32 storm;  /* interrupts since the last acknowledgement */
	u32 next;   /* next irq of the same device, or NIL */
	u32 prev;
	u64 bits;   /* what to signal */
};
enum { IRQ_LINE = 0, IRQ_MESSAGE = 1, IRQ_STORM_MAX = 1000 };

struct device {
	u32 first; /* requester id */
	u32 count;
	u32 irqs;  /* first irq made from it, or NIL */
	u32 bound; /* page of the I/O space, or NIL */
};

void irq_fired(u32 cpu, u32 vector);
void irq_detach(u32 irq);
void irq_destroy(u32 irq);
void device_detach(u32 dev);
void device_destroy(u32 dev);
