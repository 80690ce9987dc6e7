/* SPDX-License-Identifier: MIT */
/*
 * What must hold on the simulated machine between kernel entries, besides the
 * invariants: caches and routes agree with the kernel's state, and whoever can
 * go on will.
 */
#define STATE_PEEK
#include "host.h"

/* Somebody waits for nothing but the processor: then it has it, or will look. */
static void check_progress(u32 cpu)
{
	const struct host_cpu *hc = &host.cpu[cpu];
	u32 current = CPU(cpu)->current, top = CPU(cpu)->top;
	bool looks = hc->phase == HOST_WAITING || hc->kicked;

	if (!looks && top != 0 && (current == NIL || TH(current)->eprio + 1u < top))
		host_fail("a thread is ready and nobody will run it", cpu, top);
	if (!looks && CPU(cpu)->timeq != NIL && hc->timer > TN(CPU(cpu)->timeq)->when)
		host_fail("a deadline passes without a timer", cpu, CPU(cpu)->timeq);
	if (!looks && CPU(cpu)->mailbox != NIL)
		host_fail("a mailbox that nobody looks into", cpu, CPU(cpu)->mailbox);
	if (!looks && current != NIL && CPU(cpu)->charged != NIL &&
	    hc->timer > CPU(cpu)->since + SC(CPU(cpu)->charged)->left)
		host_fail("a budget ends without a timer", cpu, current);
	if (!looks && current != NIL && CPU(cpu)->charged != TH(current)->running_on)
		host_fail("a thread runs on time that is not charged", cpu, current);
}

void host_check(void)
{
	host_check_caches();
	host_check_routes();
	for (u32 c = 0; c < ks.cpus; c++)
		check_progress(c);
}

/* Would an entry that does nothing really do nothing? */
bool host_is_quiet(u32 cpu)
{
	const struct cpu *c = CPU(cpu);
	u32 t = c->current;

	return t != NIL && c->mailbox == NIL && c->since == host.clock &&
	       c->top <= TH(t)->eprio + 1u && c->charged == TH(t)->running_on &&
	       (c->timeq == NIL || c->alarm <= TN(c->timeq)->when);
}
