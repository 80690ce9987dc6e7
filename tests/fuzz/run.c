/* SPDX-License-Identifier: MIT */
/*
 * Operations of the fuzzer and what must hold after each of them.
 */
#define STATE_PEEK
#include "fuzz.h"

#include <string.h>

#include "fuzz_grammar.h"
#include "inv.h"
#include "spec_pre.h"

struct fuzz_options fuzz = { .check_every = 1 };

/* --- checks ------------------------------------------------------------------------- */

void fuzz_check_all(void)
{
	if (!kernel_inv())
		host_fail(inv_failed.name, inv_failed.index, inv_failed.index2);
}

/* What was no kernel entry changed no state of the kernel. */
static void check(u64 entries_before)
{
	fuzz.operations++;
	if (host.entries == entries_before)
		return;
	host_check();
	shadow_check();
	fuzz.entries++;
	if (fuzz.entries % fuzz.check_every == 0)
		fuzz_check_all();
}

/* --- system calls ------------------------------------------------------------------- */

/* Registers that a call may change: all for messages, else only results. */
static void check_registers(const struct arch_frame *before, const struct arch_frame *after, u32 nr,
			    bool error)
{
	const struct fuzz_call *call = call_named(nr);
	bool ipc = call != NULL && call->ipc && !error;

	for (u32 i = 0; i < REG_COUNT; i++) {
		bool result = i == REG_RAX || i == REG_RDI || i == REG_RSI || i == REG_RDX;
		bool word = ipc && i <= REG_R9;
		if (!result && !word && before->r[i] != after->r[i])
			host_fail("a call changed a register that it keeps", nr, i);
	}
}

/* A receiver on the same CPU has the words of the call that it took. */
static void check_delivery(u32 t, u32 r, const struct arch_frame *sent)
{
	if (TH(t)->state != THREAD_REPLY || TH(r)->reply_to != t ||
	    TH(r)->reply_call != TH(t)->call)
		return;
	const u64 *got = host.cpu[TH(r)->home].regs.r;
	for (u32 i = 0; i < 8; i++) {
		if (got[REG_RBX + i] != sent->r[REG_RBX + i])
			host_fail("a message arrived with other words than were sent", r, i);
	}
}

/* Nothing is derived below what is being revoked, nor deeper than allowed. */
static void check_derived(u32 t, const struct arch_frame *before)
{
	u32 s = slot_find(t, before->r[REG_RSI], RIGHT_TABLE_INSERT);

	if (s == NIL || SLOT(s)->type == 0 || cap_is_dying(s) || SLOT(s)->depth > CAP_DEPTH_MAX)
		host_fail("a capability was made where none may be", before->r[REG_RAX], s);
}

static bool makes_capability(u32 nr)
{
	return nr == SYS_CAP_DERIVE || nr == SYS_RANGE_DERIVE || nr == SYS_OBJECT_CREATE ||
	       nr == SYS_FRAMES_CREATE || nr == SYS_GRANT_CREATE || nr == SYS_IRQ_CREATE ||
	       nr == SYS_DEVICE_CREATE;
}

static void check_result(u32 cpu, u32 t, const struct arch_frame *before, u32 expected, bool quiet)
{
	const struct host_cpu *hc = &host.cpu[cpu];
	u32 nr = (u32)before->r[REG_RAX];

	if (hc->thread != t) {
		if (nr == SYS_EP_CALL && hc->thread != NIL && PD(t)->type == OBJ_THREAD)
			check_delivery(t, hc->thread, before);
		return;
	}
	u64 result = hc->regs.r[REG_RAX];
	bool error = result != 0 && result < ERRNO_DONE_SIGNAL;
	if (expected != ERRNO_OK && result != expected)
		host_fail("a call did not end with the error that the table says", expected,
			  result);
	if (result > ERRNO_DONE_GONE || (result > ERRNO_DEVICE && result < ERRNO_DONE_SIGNAL))
		host_fail("a call ended with no known result", nr, result);
	check_registers(before, &hc->regs, nr, error);
	if (nr < 64)
		fuzz.result[nr][error ? result : 0]++;
	if (result == ERRNO_OK && makes_capability(nr))
		check_derived(t, before);
	fuzz.errors += error;
	if (!error || !quiet)
		return;
	fuzz.unchanged++;
	if (!host_changed_nothing(t))
		host_fail("an error changed something", nr, result);
}

static void finish(u32 cpu)
{
	struct host_cpu *hc = &host.cpu[cpu];
	u32 t = CPU(cpu)->current;
	bool is_call = hc->kind == HOST_SYSCALL && t != NIL && !(TH(t)->flags & THREAD_FOREIGN);

	if (!is_call) {
		host_finish(cpu);
		return;
	}
	struct arch_frame before = TH(t)->frame;
	u32 expected = pre_call(t, before.r[REG_RAX]);
	bool quiet = host_is_quiet(cpu);
	bool is_message =
		before.r[REG_RAX] == SYS_EP_CALL || before.r[REG_RAX] == SYS_EP_REPLY_RECV;
	fuzz.calls++;
	if (is_message && quiet && chance(128))
		finish_twice(cpu);
	else
		host_finish(cpu);
	u64 nr = before.r[REG_RAX];
	if (nr == SYS_THREAD_SET_REGS || nr == SYS_THREAD_START)
		shadow_forget_all();
	check_result(cpu, t, &before, expected, quiet);
}

/* The registers stand ready; sometimes others come between entering and taking the lock. */
static void enter(u32 cpu, u32 kind, u64 a, u64 b, u64 c)
{
	if (host.cpu[cpu].phase == HOST_USER && (kind == HOST_SYSCALL || kind == HOST_FAULT))
		shadow_forget(host.cpu[cpu].thread);
	host_begin(cpu, kind, a, b, c);
	if (!chance(12))
		finish(cpu);
}

static void call(u32 cpu)
{
	/* With the registers as they are: so does one that was stopped on its way into a call. */
	bool again = chance(6);

	if (!again && chance(4))
		make_random_call(cpu);
	else if (!again && chance(TH(host.cpu[cpu].thread)->reply_to != NIL ? 80 : 20))
		make_polite_call(cpu);
	else if (!again)
		make_call(cpu, choose_call());
	enter(cpu, HOST_SYSCALL, 0, 0, 0);
}

/* --- other operations ------------------------------------------------------------------ */

/* The first program has nobody who would answer its faults. */
static bool may_fault(u32 cpu)
{
	return host.cpu[cpu].thread != host_root.thread || chance(1);
}

static void user_access(u32 cpu)
{
	static const u8 kinds[] = { HOST_READ, HOST_WRITE, HOST_EXEC, HOST_READ | HOST_WRITE };
	u64 v = choose_vaddr();
	u32 access = kinds[choose(4)], page = host_access(cpu, v, access);

	if (page == NIL) {
		if (may_fault(cpu) && chance(20))
			enter(cpu, HOST_FAULT, FAULT_PAGE, access, v);
		return;
	}
	if (page < host_mem.pages && PD(page)->type != OBJ_FRAMES)
		host_fail("a program reaches a page that is no frame", page, PD(page)->type);
	if (page < host_mem.pages && (access & HOST_WRITE))
		WORD(page, choose(512)) = choose_u64();
}

static void device_access(void)
{
	u32 page = host_dma(choose(4), choose_vaddr(), chance(128) ? HOST_READ : HOST_WRITE);

	if (page != NIL && (page >= host_mem.pages || PD(page)->type != OBJ_FRAMES))
		host_fail("a device reaches a page that is no frame", page, 0);
}

static void raise_interrupt(void)
{
	if (chance(128))
		host_raise_line(choose(HOST_LINES));
	else
		host_raise_message(choose(4));
}

static void fault(u32 cpu)
{
	if (chance(128))
		enter(cpu, HOST_FAULT, FAULT_EXCEPTION, choose(20), choose_u64());
	else
		enter(cpu, HOST_FAULT, chance(128) ? FAULT_DEBUG : FAULT_PAGE, choose(8),
		      choose_vaddr());
}

static void pass_time(void)
{
	host_advance(chance(200) ? choose(2000) : chance(200) ? choose(60000) : choose_u64() >> 40);
}

/* Deliver what CPU `cpu` is owed. */
static bool deliver(u32 cpu)
{
	struct host_cpu *hc = &host.cpu[cpu];

	if (hc->phase == HOST_WAITING) {
		finish(cpu);
		return true;
	}
	return host_deliver(cpu);
}

/* What a program does that runs on the CPU. */
static void user_step(u32 cpu)
{
	u32 page;

	switch (choose(16)) {
	case 0: user_access(cpu); break;
	case 1:
		if (may_fault(cpu) && chance(60))
			fault(cpu);
		else
			user_access(cpu);
		break;
	case 2:
		shadow_compute(cpu);
		page = choose_page(OBJ_FRAMES);
		if (page != NIL)
			fill_message_page(host.cpu[cpu].thread, page);
		break;
	default: call(cpu); break;
	}
}

static bool outside_step(u32 cpu)
{
	switch (choose(8)) {
	case 0: pass_time(); return true;
	case 1: raise_interrupt(); return true;
	case 2: device_access(); return true;
	case 3:
		/* A timer or kick that nobody asked for is harmless. */
		if (host.cpu[cpu].phase != HOST_WAITING)
			enter(cpu, chance(128) ? HOST_TIMER : HOST_KICK, 0, 0, 0);
		return true;
	default: return deliver(cpu);
	}
}

/* Nothing runs: let the first alarm come, whenever that is. */
static bool wake_machine(void)
{
	u64 first = ~0ull;

	for (u32 c = 0; c < ks.cpus; c++) {
		if (host.cpu[c].phase == HOST_USER || deliver(c))
			return true;
		first = host.cpu[c].timer < first ? host.cpu[c].timer : first;
	}
	if (first == ~0ull || first - host.clock > 1ull << 40)
		return false;
	host.clock = first > host.clock ? first : host.clock;
	return true;
}

bool fuzz_step(void)
{
	u32 cpu = choose(ks.cpus);
	u64 entries = host.entries;

	if (chance(40))
		(void)outside_step(cpu);
	else if (host.cpu[cpu].phase == HOST_USER)
		user_step(cpu);
	else if (!deliver(cpu) && !wake_machine())
		return false;
	check(entries);
	return true;
}

/* --- start -------------------------------------------------------------------------------- */

static u64 do_call(u32 nr, u64 handle, const u64 arg[5])
{
	struct arch_frame *f = &host.cpu[0].regs;

	f->r[REG_RAX] = nr;
	f->r[REG_RDI] = handle;
	for (u32 i = 0; i < 5; i++)
		f->r[i < 3 ? REG_RSI + i : REG_R8 + i - 3] = arg[i];
	host_enter(0, HOST_SYSCALL, 0, 0, 0);
	return host.cpu[0].regs.r[REG_RAX];
}

static void must(u32 nr, u64 handle, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	if (do_call(nr, handle, (u64[5]){ a, b, c, d, e }) != ERRNO_OK)
		host_fail("the fuzzer's start failed", nr, host.cpu[0].regs.r[REG_RAX]);
}

static void create(u64 dst, u64 type, u64 offset, u64 param)
{
	must(SYS_OBJECT_CREATE, HANDLE_MEMORY, dst, type, offset, param, 0);
}

/* A second page of slots, and on each CPU a thread that shares table and space. */
static void start_threads(void)
{
	create(32, OBJ_SLOTS, 16, 0);
	must(SYS_TABLE_ATTACH, HANDLE_TABLE, 32, 1, 0, 0, 0);
	create(33, OBJ_EP, 17, 0);
	create(34, OBJ_NOTIF, 18, 0);
	for (u64 i = 0; i < 4; i++) {
		u64 th = 40 + 2 * i, sc = th + 1, cpu = i % FUZZ_CPUS;
		create(th, OBJ_THREAD, 20 + 2 * i, 1 | 255 << 8);
		create(sc, OBJ_SCHED, 21 + 2 * i, 0);
		must(SYS_SCHED_CONFIGURE, sc, HANDLE_CPUS, cpu, 4000, 4000, 0);
		must(SYS_THREAD_SET_CPU, th, HANDLE_CPUS, cpu, 0, 0, 0);
		must(SYS_THREAD_BIND, th, THREAD_SPACE, HANDLE_SPACE, 0, 0, 0);
		must(SYS_THREAD_BIND, th, THREAD_TABLE, HANDLE_TABLE, 0, 0, 0);
		must(SYS_THREAD_BIND, th, THREAD_SCHED, sc, 0, 0, 0);
		must(SYS_THREAD_BIND, th, THREAD_FAULT, 33, i, 0, 0);
		must(SYS_FRAMES_CREATE, HANDLE_MEMORY, 60 + i, 40 + i, 1, 0, 0);
		must(SYS_THREAD_BIND, th, THREAD_MSG, 60 + i, 0, 0, 0);
		must(SYS_THREAD_SET_PRIO, th, 100, 0, 0, 0, 0);
		must(SYS_THREAD_START, th, 0x1000 * (i + 1), 0, i, 0, 0);
	}
}

/* Page tables for the lowest 2 MiB, frames, a grant on them, devices with an I/O space. */
static void start_objects(void)
{
	for (u64 level = 3; level > 0; level--) {
		create(64 + level, OBJ_PTABLE, 50 + level, 0);
		must(SYS_PTABLE_ATTACH, 64 + level, HANDLE_SPACE, 0, level, 0, 0);
	}
	must(SYS_FRAMES_CREATE, HANDLE_MEMORY, 70, 60, 8, 0, 0);
	must(SYS_GRANT_CREATE, 70, 71, HANDLE_SPACE, 0, 512, 15);
	must(SYS_GRANT_CREATE, 60, 72, HANDLE_SPACE, 0, 1 << 20, 11);
	must(SYS_GRANT_MAP, 71, 0, 0, 8, MAP_READ | MAP_WRITE, 0);
	must(SYS_GRANT_CREATE, HANDLE_DEVMEM, 73, HANDLE_SPACE, 0, 1ull << 20, 11);
	create(74, OBJ_IOSPACE, 70, 0);
	must(SYS_RANGE_DERIVE, HANDLE_DEVCTL, 75, 0, 1, 1, 0);
	must(SYS_RANGE_DERIVE, HANDLE_DEVCTL, 76, 2, 2, 1, 0);
	must(SYS_DEVICE_CREATE, HANDLE_MEMORY, 77, 72, 75, 0, 0);
	must(SYS_DEVICE_BIND, 77, 74, 0, 0, 0, 0);
	must(SYS_IRQ_CREATE, HANDLE_MEMORY, 78, 73, 77, 0, 0);
	must(SYS_IRQ_CREATE, HANDLE_MEMORY, 79, 74, HANDLE_IRQCTL, 5, 1);
	must(SYS_IRQ_BIND, 78, 34, 1, 0, 0, 0);
	must(SYS_RANGE_DERIVE, HANDLE_MEMORY, 80, 100, 100, 1, 0);
	must(SYS_GRANT_CREATE, 70, 81, 74, 0, 512, 11);
	for (u64 level = 3; level > 0; level--) {
		create(82 + level, OBJ_PTABLE, 80 + level, 0);
		must(SYS_PTABLE_ATTACH, 82 + level, 74, 0, level, 0, 0);
	}
	must(SYS_GRANT_MAP, 81, 0, 0, 4, MAP_READ, 0);
}

static struct {
	struct host_memory mem;
	struct host_machine machine;
	struct cpu cpu[HOST_CPUS_MAX];
	struct kernel_state ks;
	bool made;
} image;

/* The state after the start is kept, and copied from then on. */
void fuzz_start(void)
{
	if (!image.made) {
		host_boot(&(struct host_config){ FUZZ_PAGES, FUZZ_CPUS, true });
		start_threads();
		start_objects();
		fuzz_check_all();
		memcpy(image.mem.pd, host_mem.pd, sizeof(host_mem.pd));
		memcpy(image.mem.born, host_mem.born, FUZZ_PAGES * SLOTS_PER_PAGE * sizeof(u64));
		memcpy(image.mem.byte, host_mem.byte, FUZZ_PAGES * PAGE_SIZE);
		image.machine = host;
		image.ks = ks;
		memcpy(image.cpu, host_cpu_state, sizeof(image.cpu));
		image.made = true;
		return;
	}
	shadow_reset();
	memcpy(host_mem.pd, image.mem.pd, sizeof(host_mem.pd));
	memcpy(host_mem.born, image.mem.born, FUZZ_PAGES * SLOTS_PER_PAGE * sizeof(u64));
	memcpy(host_mem.byte, image.mem.byte, FUZZ_PAGES * PAGE_SIZE);
	host = image.machine;
	ks = image.ks;
	memcpy(host_cpu_state, image.cpu, sizeof(image.cpu));
}
