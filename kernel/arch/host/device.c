/* SPDX-License-Identifier: MIT */
/*
 * Simulated devices: interrupt inputs and messages, an IOMMU's contexts, I/O
 * ports, the console.
 *
 * An interrupt that was sent waits at its CPU until the driver delivers it,
 * even if its source is masked or routed elsewhere meanwhile.
 */
#define STATE_PEEK
#include "host.h"

#include <string.h>

enum { HOST_PORT_KEPT = 0x20, HOST_LINE_FIXED = 9 };

/* --- interrupts ------------------------------------------------------------------- */

static struct host_route *route_of(u32 irq)
{
	u32 entry = IRQ(irq)->entry;

	if (IRQ(irq)->kind == IRQ_LINE)
		return &host.line[IRQ(irq)->source];
	if (entry >= HOST_MESSAGES)
		host_fail("an interrupt without a route", irq, entry);
	return &host.message[entry];
}

static u32 free_message(void)
{
	for (u32 i = 0; i < HOST_MESSAGES; i++) {
		if (!host.message[i].used)
			return i;
	}
	host_fail("no remapping entry is left", 0, 0);
}

void arch_irq_route(u32 irq)
{
	host_page_used(irq);
	if (IRQ(irq)->kind == IRQ_LINE)
		IRQ(irq)->entry = IRQ(irq)->source;
	else if (IRQ(irq)->entry == NIL)
		IRQ(irq)->entry = free_message();
	struct host_route *r = route_of(irq);
	if (r->used && r->irq != irq)
		host_fail("an interrupt source has two objects", irq, r->irq);
	*r = (struct host_route){ .used = true,
				  .masked = true,
				  .irq = irq,
				  .cpu = IRQ(irq)->cpu,
				  .vector = IRQ(irq)->vector };
}

void arch_irq_unroute(u32 irq)
{
	host_page_used(irq);
	if (IRQ(irq)->entry == NIL)
		return;
	struct host_route *r = route_of(irq);
	if (r->irq != irq)
		host_fail("the route belongs to another interrupt", irq, r->irq);
	*r = (struct host_route){ .irq = NIL };
	IRQ(irq)->entry = NIL;
}

void arch_irq_drain(u32 cpu)
{
	host.cpu[cpu].pending[IRQ_VECTOR_DRAIN] = true;
}

void arch_irq_mask(u32 irq)
{
	route_of(irq)->masked = true;
}

static void send(struct host_route *r)
{
	r->raised = false;
	host.cpu[r->cpu].pending[r->vector] = true;
}

/* A level-triggered input that is still asserted fires again. */
void arch_irq_unmask(u32 irq)
{
	struct host_route *r = route_of(irq);

	r->masked = false;
	if (r->raised)
		send(r);
}

bool arch_irq_exists(u32 kind, u32 source)
{
	return kind == IRQ_LINE ? source < HOST_LINES : source < HOST_REQUESTERS;
}

bool arch_irq_reaches(u32 cpu)
{
	return cpu < ks.cpus;
}

u32 arch_irq_mode(u32 source, u32 mode)
{
	return source == HOST_LINE_FIXED ? IRQ_LEVEL | IRQ_LOW : mode;
}

void arch_irq_message(u32 irq, u64 *address, u64 *data)
{
	*address = 0xfee00000 | (u64)IRQ(irq)->entry << 5;
	*data = 0;
}

static void raise_route(struct host_route *r)
{
	if (!r->used)
		return;
	if (r->masked)
		r->raised = true;
	else
		send(r);
}

void host_raise_line(u32 line)
{
	raise_route(&host.line[line]);
}

void host_raise_message(u32 entry)
{
	raise_route(&host.message[entry]);
}

/* The highest vector first, as a local APIC does; so the drain vector comes last. */
bool host_deliver_irq(u32 cpu)
{
	for (u32 v = IRQ_VECTORS; v > 0; v--) {
		if (host.cpu[cpu].pending[v - 1]) {
			host.cpu[cpu].pending[v - 1] = false;
			host_enter(cpu, HOST_IRQ, v - 1, 0, 0);
			return true;
		}
	}
	return false;
}

static void check_route(const struct host_route *r, u32 kind, u32 entry)
{
	if (!r->used)
		return;
	if (PD(r->irq)->type != OBJ_IRQ || IRQ(r->irq)->kind != kind || IRQ(r->irq)->entry != entry)
		host_fail("a source is routed for an interrupt object that is no more", r->irq,
			  entry);
	if (CPU(r->cpu)->irq[r->vector] != r->irq)
		host_fail("a source is routed to a vector of another interrupt", r->irq, entry);
}

/* Is there a device object that binds this function to this I/O space? */
static bool is_bound(u32 requester, u32 sp)
{
	for (u32 p = 0; p < host_mem.pages; p++) {
		if (PD(p)->type == OBJ_DEVICE && DV(p)->bound == sp &&
		    requester - DV(p)->first < DV(p)->count)
			return true;
	}
	return false;
}

void host_check_routes(void)
{
	for (u32 i = 0; i < HOST_LINES; i++)
		check_route(&host.line[i], IRQ_LINE, i);
	for (u32 i = 0; i < HOST_MESSAGES; i++)
		check_route(&host.message[i], IRQ_MESSAGE, i);
	for (u32 i = 0; i < HOST_REQUESTERS; i++) {
		u32 sp = host.context[i];
		if (sp != NIL && (PD(sp)->type != OBJ_IOSPACE || PD(sp)->head != sp))
			host_fail("a device reaches an I/O space that is no more", i, sp);
		if (sp != NIL && !is_bound(i, sp))
			host_fail("a device reaches an I/O space that it is not bound to", i, sp);
	}
}

/* --- IOMMU --------------------------------------------------------------------------- */

bool arch_has_iommu(void)
{
	return host.iommu;
}

bool arch_iommu_ok(void)
{
	return !host.knobs.iommu_hangs;
}

bool arch_device_prepare(u32 first, u32 count)
{
	return first + count <= HOST_REQUESTERS;
}

void arch_device_attach(u32 first, u32 count, u32 sp)
{
	for (u32 i = first; i < first + count && i < HOST_REQUESTERS; i++)
		host.context[i] = arch_iommu_ok() ? sp : NIL;
}

static u32 free_domain(void)
{
	for (u32 d = 0; d < HOST_DOMAINS; d++) {
		if (host.domain_space[d] == NIL)
			return d;
	}
	return NIL;
}

bool arch_iospace_free_number(void)
{
	return host.iommu && free_domain() != NIL;
}

void arch_iospace_init(u32 sp)
{
	u32 d = free_domain();

	if (d == NIL)
		host_fail("an I/O space without a domain number", sp, 0);
	host_page_used(sp);
	SP(sp)->domain = d;
	host.domain_space[d] = sp;
}

void arch_iospace_free(u32 sp)
{
	u32 d = SP(sp)->domain;

	if (d >= HOST_DOMAINS || host.domain_space[d] != sp)
		host_fail("the domain belongs to another I/O space", sp, d);
	host.domain_space[d] = NIL;
	for (u32 i = 0; i < HOST_TLB; i++) {
		if (host.iotlb[i].tag == d)
			host.iotlb[i].valid = false;
	}
}

void arch_iommu_faults(bool asked)
{
	(void)asked;
	for (u32 i = 0; i < host.refusals; i++) {
		const struct host_refusal *r = &host.refusal[i];

		device_fault(r->requester, r->address & ~(PAGE_SIZE - 1),
			     r->access & HOST_WRITE ? DEVICE_FAULT_WRITE | 5 : 6);
	}
	host.refusals = 0;
}

/* --- ports and console ------------------------------------------------------------------ */

u32 arch_port_in(u32 port, u32 width)
{
	return port * 0x01010101u & (width == 4 ? 0xffffffffu : (1u << (8 * width)) - 1);
}

void arch_port_out(u32 port, u32 width, u32 value)
{
	host.port_written = port;
	host.port_value = value & (width == 4 ? 0xffffffffu : (1u << (8 * width)) - 1);
}

bool arch_port_ok(u32 port, u32 width)
{
	return port + width <= HOST_PORT_KEPT || port > HOST_PORT_KEPT + 1;
}

void arch_console_write(const char *bytes, u32 n)
{
	for (u32 i = 0; i < n; i++)
		host.console[host.console_count++ % sizeof(host.console)] = bytes[i];
}
