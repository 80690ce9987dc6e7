/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine: boot, failure.
 *
 * Boot does what kernel/boot.c does on a real machine, for a first program
 * that is not loaded from anywhere: its thread runs on CPU 0, the driver says
 * what it does.
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host_machine host;
struct host_root host_root;

/* What an entry finds that has no thread. */
struct thread host_no_thread;

static const char *const kind_name[] = { "syscall", "fault", "irq", "timer", "kick", "iommu" };

void host_print_log(void)
{
	u64 n = host.log_count < HOST_LOG ? host.log_count : HOST_LOG;

	for (u64 i = host.log_count - n; i < host.log_count; i++) {
		const struct host_event *e = &host.log[i % HOST_LOG];
		fprintf(stderr, "# cpu %u thread %#x %s", e->cpu, e->thread, kind_name[e->kind]);
		if (e->kind == HOST_SYSCALL)
			fprintf(stderr, " nr %#llx handle %#llx", (unsigned long long)e->nr,
				(unsigned long long)e->handle);
		for (u32 a = 0; a < 5; a++)
			fprintf(stderr, " %#llx", (unsigned long long)e->arg[a]);
		fprintf(stderr, " -> %#llx\n", (unsigned long long)e->result);
	}
}

void host_fail(const char *what, u64 a, u64 b)
{
	host.in_kernel = false;
	host.failure = what;
	host.failure_a = a;
	host.failure_b = b;
	if (host.catching) {
		host.catching = false;
		longjmp(host.caught, 1);
	}
	host_print_log();
	host_print_changes();
	fprintf(stderr, "# machine: %s (%#llx, %#llx) after %llu entries\n", what,
		(unsigned long long)a, (unsigned long long)b, (unsigned long long)host.entries);
	abort();
}

void arch_panic(const char *what, const char *file, int line)
{
	if (!host.catching)
		fprintf(stderr, "# kernel panic: %s at %s:%d\n", what, file, line);
	host_fail(what, (u64)line, 0);
}

/* --- boot --------------------------------------------------------------------------- */

static void reset_memory(u32 pages)
{
	host_mem.pages = pages;
	host_mem.boots = false;
	memset(host_mem.byte, HOST_POISON, (u64)pages * PAGE_SIZE);
	for (u32 p = 0; p < pages; p++) {
		host_mem.pd[p] =
			(struct page){ .type = p < HOST_RESERVED ? PAGE_RESERVED : PAGE_FREE,
				       .head = NIL,
				       .owner = NIL,
				       .parent = NIL,
				       .link = NIL };
	}
}

static void reset_cpus(u32 cpus)
{
	memset(host_cpu_state, 0, sizeof(host_cpu_state[0]) * HOST_CPUS_MAX);
	ks = (struct kernel_state){ .cpus = cpus, .work_head = NIL, .work_tail = NIL };
	for (u32 c = 0; c < cpus; c++) {
		struct cpu *k = CPU(c);
		k->current = NIL;
		k->loaded = NIL;
		k->charged = NIL;
		k->alarm = ~0ull;
		k->uid = c;
		k->timeq = NIL;
		k->mailbox = NIL;
		for (u32 i = 0; i < PRIO_COUNT; i++)
			k->ready_head[i] = k->ready_tail[i] = NIL;
		for (u32 i = 0; i < IRQ_VECTORS; i++)
			k->irq[i] = NIL;
		host.cpu[c].thread = NIL;
		host.cpu[c].space = NIL;
		host.cpu[c].timer = ~0ull;
	}
}

static u32 root_slot(u32 handle)
{
	return SLOT_OF(host_root.slots, handle);
}

static void range_cap(u32 handle, u32 type, u32 rights, u32 first, u32 count)
{
	cap_insert(root_slot(handle), NIL, type, rights, NIL);
	SLOT(root_slot(handle))->first = first;
	SLOT(root_slot(handle))->count = count;
}

/* The page of slots owns itself through one of its slots: made by hand. */
static void make_first_slots(void)
{
	u32 page = host_root.slots, s = root_slot(HANDLE_SLOTS);

	*PD(page) = (struct page){
		.type = OBJ_SLOTS, .head = page, .owner = s, .parent = NIL, .link = NIL
	};
	arch_page_clear(page);
	range_cap(HANDLE_MEMORY, OBJ_MEMORY, RIGHTS_ALL_MEMORY, host_root.memory, host_root.pages);
	cap_insert(s, root_slot(HANDLE_MEMORY), OBJ_SLOTS, RIGHTS_ALL_SLOTS, page);
	SLOT(s)->flags = CAP_OWNER;
}

static void make(u32 handle, u32 type, u32 page, u32 pages)
{
	object_make(root_slot(HANDLE_MEMORY), root_slot(handle), type, page, pages);
}

static void bind(u32 which, u32 handle)
{
	u32 s = SLOT_OF(host_root.thread, which);

	cap_insert_copy(s, root_slot(handle), SLOT(root_slot(handle))->rights);
}

static void make_first_program(void)
{
	struct host_root *r = &host_root;

	make(HANDLE_TABLE, OBJ_TABLE, r->table, 1);
	CT(r->table)->leaf[0] = r->slots;
	PD(r->slots)->parent = r->table;
	make(HANDLE_SPACE, OBJ_SPACE, r->space, 2);
	space_init(r->space, SPACE_CPU, 0, 0);
	make(HANDLE_SCHED, OBJ_SCHED, r->sched, 1);
	sched_init(r->sched, 0);
	SC(r->sched)->budget = SC(r->sched)->period = SC(r->sched)->left = 1000000;
	SC(r->sched)->refill = 1000000;
	make(HANDLE_THREAD, OBJ_THREAD, r->thread, 1);
	thread_init(r->thread, THREAD_FPU | 255u << 8, 0);
	bind(TSLOT_SPACE, HANDLE_SPACE);
	bind(TSLOT_TABLE, HANDLE_TABLE);
	bind(TSLOT_SCHED, HANDLE_SCHED);
	TH(r->thread)->space = r->space;
	TH(r->thread)->table = r->table;
	TH(r->thread)->sched = r->sched;
	SC(r->sched)->owner = r->thread;
	TH(r->thread)->prio = 100;
	arch_frame_start(r->thread, 0x400000, 0, 0);
}

static void reset_devices(void)
{
	for (u32 i = 0; i < HOST_REQUESTERS; i++)
		host.context[i] = NIL;
	for (u32 i = 0; i < HOST_DOMAINS; i++)
		host.domain_space[i] = NIL;
}

void host_boot(const struct host_config *config)
{
	memset(&host, 0, sizeof(host));
	host.iommu = config->iommu;
	host.clock = 1;
	reset_memory(config->pages);
	reset_cpus(config->cpus);
	reset_devices();
	u32 first = HOST_RESERVED;
	host_root = (struct host_root){ .memory = first,
					.pages = config->pages - first,
					.slots = first,
					.table = first + 1,
					.space = first + 2,
					.sched = first + 4,
					.thread = first + 5 };
	make_first_slots();
	make_first_program();
	range_cap(HANDLE_CPUS, OBJ_CPUS, RIGHTS_ALL_CPUS, 0, config->cpus);
	range_cap(HANDLE_IOPORTS, OBJ_IOPORTS, RIGHTS_ALL_IOPORTS, 0, 65536);
	range_cap(HANDLE_IRQCTL, OBJ_IRQCTL, RIGHTS_ALL_IRQCTL, 0, 1024);
	range_cap(HANDLE_DEVCTL, OBJ_DEVCTL, RIGHTS_ALL_DEVCTL, 0, 65536);
	range_cap(HANDLE_DEVMEM, OBJ_DEVMEM, RIGHTS_ALL_DEVMEM, HOST_DEVMEM_FIRST,
		  HOST_DEVMEM_PAGES);
	cap_insert(root_slot(HANDLE_SYSTEM), NIL, OBJ_SYSTEM, RIGHTS_ALL_SYSTEM, NIL);
	sched_ready(host_root.thread);
	host_enter(0, HOST_KICK, 0, 0, 0);
}
