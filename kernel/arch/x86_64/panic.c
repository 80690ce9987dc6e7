/* SPDX-License-Identifier: MIT */
/*
 * The epitaph: what the kernel says when it has found a bug in itself.
 *
 * Called by:  arch_panic, from KASSERT; trap.c.
 * Never:      waits for a lock, or returns.
 *
 * Under QEMU with isa-debug-exit at 0xf4 it ends with status 97.
 */
#include "asm.h"
#include "percpu.h"
#include "platform.h"

enum { EXIT_PORT = 0xf4, EXIT_PANIC = 0x30 };

u32 panicking;

/* The CPU that runs, or NIL before it has its own stack. */
static u32 this_cpu(void)
{
	u64 sp;

	__asm__ volatile("mov %%rsp, %0" : "=r"(sp));
	if (sp < PERCPU_BASE || sp >= PERCPU_BASE + ((u64)CPU_MAX << PERCPU_SHIFT))
		return NIL;
	return (u32)((sp - PERCPU_BASE) >> PERCPU_SHIFT);
}

static void field(const char *name, u64 v)
{
	console_text(" ");
	console_text(name);
	console_text("=");
	console_hex(v);
}

static void write_frame(const struct arch_frame *f)
{
	static const char *const name[] = { "r15",   "r14", "r13", "r12",   "rbp", "rbx",
					    "kind",  "r10", "r9",  "r8",    "rdx", "rsi",
					    "rdi",   "rax", "rcx", "r11",   "csp", "vector",
					    "error", "rip", "cs",  "flags", "rsp", "ss" };
	const u64 *word = (const u64 *)f;

	for (u32 i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		field(name[i], word[i]);
		if (i % 8 == 7)
			console_text("\n");
	}
}

/* With what the thread of each CPU entered the kernel last: an interrupt or fault, or a call, which may be over. */
static void write_entries(void)
{
	for (u32 cpu = 0; cpu < ks.cpus; cpu++) {
		u32 t = CPU(cpu)->loaded;

		field("of", cpu);
		field("thread", t);
		if (t != NIL && t != 0) {
			const struct arch_frame *f = FR(t);
			bool is_call = f->kind != FRAME_FULL;

			field(is_call ? "call" : "vector", is_call ? f->rax : f->vector);
			field(is_call ? "handle" : "error", is_call ? f->rdi : f->error);
			field("from", is_call ? f->rcx : f->rip);
		}
		console_text("\n");
	}
}

/* Debug kernels know more: what this CPU did. */
static void write_trace(u32 cpu)
{
#if DEBUG
	static const char *const name[] = {
#define TRACE_NAME(kind, text, a, b) [kind] = #text,
		TRACE_LIST(TRACE_NAME)
#undef TRACE_NAME
	};
	const struct cpu *c = CPU(cpu);
	u64 first = c->traced < TRACE_EVENTS ? 0 : c->traced - TRACE_EVENTS;

	for (u64 n = first; n < c->traced; n++) {
		const struct trace_event *e = &c->trace[n % TRACE_EVENTS];

		console_decimal(e->when);
		console_text(e->kind < sizeof(name) / sizeof(name[0]) ? " " : " ?");
		if (e->kind < sizeof(name) / sizeof(name[0]) && name[e->kind] != NULL)
			console_text(name[e->kind]);
		field("thread", e->thread);
		field("a", e->a);
		field("b", e->b);
		console_text("\n");
	}
#else
	(void)cpu;
#endif
}

_Noreturn static void leave(void)
{
	out32(EXIT_PORT, EXIT_PANIC);
	cpu_halt();
}

/* Others that find a bug meanwhile halt; one found while writing ends the epitaph. */
static void begin(const char *what)
{
	u32 mine = this_cpu() + 2, none = 0;

	if (!__atomic_compare_exchange_n(&panicking, &none, mine, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		if (none == mine)
			leave();
		cpu_halt();
	}
	lapic_stop_others();
	console_text("\nKERNEL panic: ");
	console_text(what);
}

_Noreturn static void end(u32 cpu)
{
	if (cpu != NIL) {
		u32 t = CPU(cpu)->current;

		field("cpu", cpu);
		field("cr2", read_cr2());
		field("cr3", read_cr3());
		field("current", t);
		console_text("\n");
		write_entries();
		write_trace(cpu);
	}
	console_text("end of epitaph\n");
	leave();
}

void arch_panic(const char *what, const char *file, int line)
{
	u32 cpu = this_cpu();

	begin(what);
	console_text(" at ");
	console_text(file);
	console_text(":");
	console_decimal((u32)line);
	console_text("\n");
	/* Before kernel_boot it is 0, and page 0 is nobody's. */
	if (cpu != NIL && CPU(cpu)->current != NIL && CPU(cpu)->current != 0)
		write_frame(FR(CPU(cpu)->current));
	end(cpu);
}

void panic_frame(const char *what, const struct arch_frame *f)
{
	begin(what);
	console_text("\n");
	write_frame(f);
	end(this_cpu());
}
