/* SPDX-License-Identifier: MIT */
/*
 * The first program one runs: it says what the kernel gave it, lets two
 * threads talk through an endpoint, and ends the emulator with success.
 */
#include "tessera/sys.h"

enum { QUESTIONS = 3 };

struct talk {
	ep_h ep;
	struct sys_thread server;
};

static void show_memory(void)
{
	u64 ram = 0;

	for (u32 i = 0; i < sys_info->regions; i++) {
		const struct boot_region *r = &sys_info->region[i];

		sys_print("  handle %2u  %s  pages %8lx to %8lx\n", r->handle,
			  r->is_ram ? "memory" : "devmem", r->first, r->first + r->count - 1);
		ram += r->is_ram ? r->count : 0;
	}
	sys_print("%lu MiB of memory are mine\n", ram >> 8);
}

static void show_boot_info(void)
{
	sys_print(
		"Hello from user mode.\n%u CPUs, clock %lu MHz, features %x, command line \"%s\"\n",
		sys_info->cpus, sys_info->clock_hz / 1000000, sys_info->features,
		sys_info->command);
	show_memory();
	sys_print("handles %u to %u are empty\n", sys_info->free_handle, sys_info->free_end - 1);
}

/* Answers every question with its square. */
static void serve(void *arg)
{
	struct talk *talk = arg;
	struct msg m = { 0 };
	err_t e = ep_recv(talk->ep, &m, 0);

	while (err_is_ok(e)) {
		m.w[0] *= m.w[0];
		m.tag = 1;
		e = ep_reply_recv(talk->ep, &m, 0, (reply_h){ 0 });
	}
}

int main(void)
{
	static struct talk talk;

	show_boot_info();
	talk.ep = sys_ep();
	sys_must(sys_thread_create(&talk.server, 0, 100, 0), "thread");
	sys_must(sys_thread_run(&talk.server, serve, &talk), "start");
	for (u64 i = 1; i <= QUESTIONS; i++) {
		struct msg m = { .w = { i + 10 }, .tag = 1 };

		sys_must(ep_call(talk.ep, &m, 0), "call");
		sys_print("asked %lu, was answered %lu\n", i + 10, m.w[0]);
	}
	sys_thread_destroy(&talk.server);
	sys_must(sys_destroy(ANY(talk.ep)), "destroy");
	sys_print("done\n");
	return 0;
}
