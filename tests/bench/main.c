/* SPDX-License-Identifier: MIT */
/*
 * Measures the kernel: one line `bench name=.. value=.. unit=.. n=..` each.
 */
#include "bench.h"

enum { LOOP = 1000000, LOOP_INSTRUCTIONS = 2, HELPERS = 40, SCALE = 1000 };

struct sys_thread bench_thread;
static struct helper helpers[HELPERS];
static u64 ticks_per_1000; /* instructions */
static u64 overhead;       /* ticks of reading the counter twice */
static notif_h end;
static u64 started;

static void run_helper(void *arg)
{
	struct helper *h = arg;

	h->fn(h);
}

struct helper *helper(u32 prio, u32 cpu, u64 flags, struct sys_space *space,
		      void (*fn)(struct helper *))
{
	struct helper *h = helpers;

	while (h->fn != NULL)
		h++;
	*h = (struct helper){ .fn = fn };
	sys_must(sys_thread_create(&h->t, flags, prio, cpu), "helper");
	if (space != NULL)
		sys_must(sys_thread_set_space(&h->t, space), "helper's space");
	return h;
}

void helper_start(struct helper *h)
{
	sys_must(sys_thread_run(&h->t, run_helper, h), "start");
}

void helper_end(struct helper *h)
{
	sys_thread_destroy(&h->t);
	h->fn = NULL;
}

void row(const char *name, u64 total, u64 n)
{
	u64 net = total > overhead ? total - overhead : 0;
	u64 each = net * SCALE / ticks_per_1000;

	sys_print("bench name=%s value=%lu unit=instructions n=%lu\n", name, (each + n / 2) / n, n);
}

/* How many ticks a loop of known length takes. */
static void calibrate(void)
{
	u64 n = LOOP;
	u64 start = counter();

	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(n) : : "cc");
	u64 total = counter() - start;

	start = counter();
	overhead = counter() - start;
	ticks_per_1000 = ((total - overhead) * SCALE + LOOP) / (LOOP * LOOP_INSTRUCTIONS);
	if (ticks_per_1000 == 0)
		ticks_per_1000 = 1;
	sys_print("# %lu ticks are 1000 instructions\n", ticks_per_1000);
}

/* From the kernel's first instruction to the program's, and what the kernel keeps of the RAM. */
static void boot(u64 now)
{
	u64 pages = sys_info->ram_pages;

	for (u32 i = 0; i < sys_info->regions; i++)
		pages -= sys_info->region[i].is_ram ? sys_info->region[i].count : 0;
	row("boot_to_program", now - sys_info->boot_counter, 1);
	sys_print("bench name=kernel_ram value=%lu unit=bytes n=1 ram=%lu\n",
		  (unsigned long)(pages * SYS_PAGE),
		  (unsigned long)(sys_info->ram_pages * SYS_PAGE));
}

/* `only=ipc` on the command line leaves the other files out; boot and the longest calls are measured only if asked for. */
static bool wanted(const char *word)
{
	return sys_option("only=") == NULL || sys_option(word) != NULL;
}

static void run_all(void *arg)
{
	(void)arg;
	calibrate();
	if (sys_option("only=boot") != NULL)
		boot(started);
	if (wanted("only=ipc"))
		bench_ipc();
	if (wanted("only=events"))
		bench_events();
	if (wanted("only=objects"))
		bench_objects();
	if (sys_option("only=worst") != NULL)
		bench_worst();
	sys_print("# done\n");
	(void)notif_signal(end, 1);
}

/* Measured on a thread of its own, which does not use the FPU and has a message page. */
int main(void)
{
	started = counter();
	end = sys_notif();
	sys_must(sys_thread_create(&bench_thread, 0, PRIO_HIGH + 50, 0), "thread");
	sys_must(thread_set_prio(bench_thread.thread, PRIO_BENCH), "priority");
	sys_must(sys_thread_run(&bench_thread, run_all, NULL), "start");
	sys_must(notif_wait(end, 0, NULL), "wait");
	return 0;
}
