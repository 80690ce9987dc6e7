/* SPDX-License-Identifier: MIT */
/*
 * Tells what it was given: every capability of its table, pools, memory, arguments.
 * tests/system/run.py compares that with the report.
 */
#include "tessera/chan.h"
#include "tessera/platform.h"

static void show_capabilities(void)
{
	for (u32 h = 1; h < sys_comp->free_end; h++) {
		u64 kind, first, count;

		if (!err_is_ok(cap_info((any_h){ h }, &kind, &first, &count)))
			continue;
		sys_print("cap %u type %lu rights %lu owner %lu first %lu count %lu\n", h,
			  kind & 0xff, kind >> 32, kind >> 16 & 1, first, count);
	}
}

/* Zeros, or a file's text; and written to where that is allowed. */
static void show_pools(void)
{
	for (u32 i = 0; i < sys_comp->pools; i++) {
		const struct comp_pool *p = &sys_comp->pool[i];
		volatile u64 *at = (volatile u64 *)p->vaddr;
		u64 last = p->count * (SYS_PAGE / 8) - 1, sum = 0;

		for (u64 k = 0; at != NULL && k <= last; k += 512)
			sum |= at[k];
		sys_print("pool %s pages %lu mapped %u first word %lx others %u\n", p->name,
			  p->count, at != NULL, at != NULL ? at[0] : 0, at != NULL && sum != at[0]);
		if (at != NULL && (p->rights & RIGHT_FRAMES_WRITE))
			at[last] = 1;
	}
}

/* As much as there is can be had, page by page. */
static void show_memory(void)
{
	u64 pages = 0;

	for (u32 i = 0; i < sys_comp->memories; i++)
		pages += sys_comp->memory[i].count;
	u32 left = sys_pages_left();
	sys_print("memory %lu pages in %u parts, made %u\n", pages, sys_comp->memories,
		  left > 4 && sys_frames(left > 64 ? 64 : left - 4).h != 0);
}

/* init asks the platform server what it found: nothing. */
static void be_platform(ep_h ep, u64 until)
{
	struct msg m = { 0 };

	while (sys_clock() < until) {
		if (err_is_ok(ep_recv(ep, &m, until))) {
			m = (struct msg){ .w = { PLAT_OK }, .tag = 4 };
			(void)reply(&m, (reply_h){ 0 });
		}
		m.tag = 0;
	}
}

int main(void)
{
	sys_print("args %s\n", sys_comp->args);
	show_capabilities();
	show_pools();
	show_memory();
	comp_ready();
	if (sys_option("first") == NULL)
		for (;;)
			(void)comp_wait(0);
	be_platform(comp_endpoint("platform", COMP_SERVER), sys_after(1000000));
	sys_print("# done\n");
	(void)comp_call(SUP_POWER, 0, 0);
	return 1;
}
