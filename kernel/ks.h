/* SPDX-License-Identifier: MIT */
/*
 * The state of the kernel.  All that is not here is in object pages, reached
 * through the accessors of state.h (one for each architecture):
 *
 *   PD(page)  SLOT(slot)  CT(page)  SP(page)  PTE(page, i)  TH(page)  TN(page)
 *   SC(page)  EP(page)  NT(page)  IRQ(page)  DV(page)  CPU(cpu)
 *   THIS_CPU(): CPU(arch_cpu()), asked anew each time; MY(field): a field of it
 *   WORD(page, i): word i of a frame
 *   BORN(slot): ghost: when the capability in it was derived
 */
#pragma once
#include <tessera/info.h>

#include "cap.h"
#include "device.h"
#include "ep.h"
#include "lock.h"
#include "notif.h"
#include "page.h"
#include "sched.h"
#include "space.h"
#include "thread.h"
#include "timeq.h"
#include "trace.h"

struct kernel_state {
	u32 cpus;       /* CPUs that run */
	u32 global;     /* 1 while the holder of all locks works */
	u32 work_head;  /* first page queued for destruction, or NIL */
	u32 work_tail;
	u64 work_added; /* pages ever queued: the ticket of the last */
	u64 work_done;  /* pages finished */
	u32 device[DEVICES_MAX]; /* pages of all devices; 0: none */
	u64 line_used[IRQ_LINES / 64]; /* global system interrupts that an irq object has */
	GHOST(u64 g_clock;)
};
extern struct kernel_state ks;

#include "arch.h"
#include "dispatch.h"
