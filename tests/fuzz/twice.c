/* SPDX-License-Identifier: MIT */
/*
 * The short way of messages must do exactly what the ordinary way does: an
 * entry is made both ways from the same state, and what becomes of memory,
 * CPUs and registers is compared.  Where the end of an entry would have to see to
 * what other CPUs did meanwhile, the short way leaves that to the kick that comes.
 */
#define STATE_PEEK
#include "fuzz.h"

#include <stddef.h>
#include <string.h>

static struct {
	struct host_machine machine;
	struct kernel_state ks;
	struct cpu cpu[HOST_CPUS_MAX];
} before, after;

static u32 count;
static u32 page[HOST_PAGES_MAX];
_Alignas(8) static u8 content[HOST_PAGES_MAX][PAGE_SIZE];

static void save_machine(void)
{
	before.machine = host;
	before.ks = ks;
	memcpy(before.cpu, host_cpu_state, sizeof(before.cpu));
}

/* Keep the outcome, and go back to where it began. */
static void keep_and_undo(void)
{
	count = host_touched_count();
	for (u32 i = 0; i < count; i++) {
		page[i] = host_touched(i);
		memcpy(content[i], host_mem.byte[page[i]], PAGE_SIZE);
		memcpy(host_mem.byte[page[i]], host_page_before(page[i]), PAGE_SIZE);
	}
	after.machine = host;
	after.ks = ks;
	memcpy(after.cpu, host_cpu_state, sizeof(after.cpu));
	host = before.machine;
	ks = before.ks;
	memcpy(host_cpu_state, before.cpu, sizeof(before.cpu));
}

static void compare_cpu(u32 c)
{
	struct cpu a = after.cpu[c], b = *CPU(c);

	a.lock = b.lock;
	if (memcmp(&a, &b, offsetof(struct cpu, traced)) != 0)
		host_fail("the short way leaves a CPU otherwise than the ordinary way", c, 0);
	if (after.machine.cpu[c].phase != host.cpu[c].phase ||
	    after.machine.cpu[c].thread != host.cpu[c].thread ||
	    memcmp(after.machine.cpu[c].regs.r, host.cpu[c].regs.r, sizeof(host.cpu[c].regs.r)) !=
		    0)
		host_fail("the short way leaves other registers than the ordinary way", c, 0);
}

/* Tag and badge say something only of a thread that waits to send. */
static void forget_dead_fields(u32 p, u8 *kept)
{
	struct thread *then = (struct thread *)(void *)(kept + OBJECT_OFFSET);

	if (PD(p)->type != OBJ_THREAD || TH(p)->state == THREAD_SEND || TH(p)->state == THREAD_CALL)
		return;
	then->tag = TH(p)->tag;
	then->badge = TH(p)->badge;
}

static void compare(void)
{
	for (u32 i = 0; i < count; i++) {
		const u8 *now = host_mem.byte[page[i]];
		forget_dead_fields(page[i], content[i]);
		for (u32 k = 0; k < PAGE_SIZE; k++) {
			if (content[i][k] != now[k])
				host_fail("the short way writes otherwise than the ordinary way",
					  page[i], k);
		}
	}
	for (u32 i = 0; i < host_touched_count(); i++) {
		u32 p = host_touched(i), n = 0;
		while (n < count && page[n] != p)
			n++;
		if (n == count && memcmp(host_page_before(p), host_mem.byte[p], PAGE_SIZE) != 0)
			host_fail("the ordinary way writes a page that the short way does not", p,
				  0);
	}
	for (u32 c = 0; c < ks.cpus; c++)
		compare_cpu(c);
}

void finish_twice(u32 cpu)
{
	save_machine();
	host_finish(cpu);
	if (host.was_global) /* the short way was not taken */
		return;
	keep_and_undo();
	host.knobs.no_fast_path = true;
	host_finish(cpu);
	host.knobs.no_fast_path = false;
	compare();
}
