/* SPDX-License-Identifier: MIT */
/*
 * Lives that make things and crash: threads, mappings, capabilities, and some that the crash
 * finds running on another CPU.
 */
#include "tessera/chan.h"

static void crash(void *unused)
{
	(void)unused;
	*(volatile u64 *)0x100000 = 1;
}

static void busy(void *unused)
{
	(void)unused;
	for (;;)
		__asm__ volatile("pause");
}

int main(void)
{
	static struct sys_thread thread;
	struct chan chan;
	ep_h end = comp_endpoint("end", COMP_SERVER);
	struct msg m = { 0 };

	if (!chan_open(&chan, "client") || end.h == 0)
		sys_panic("no channel or endpoint");
	for (u32 i = 0; i < 8; i++)
		(void)sys_derive((any_h){ chan.info->signal }, RIGHT_NOTIF_SIGNAL, 0);
	(void)sys_frames(3);
	if (sys_comp->restarts % 2 == 0 &&
	    err_is_ok(sys_thread_create(&thread, 0, 10, sys_comp->cpus - 1)))
		(void)sys_thread_run(&thread, busy, NULL);
	comp_ready();
	while (!err_is_ok(ep_recv(end, &m, 0)))
		m.tag = 0;
	if (sys_comp->restarts % 2 == 1 &&
	    err_is_ok(sys_thread_create(&thread, 0, 10, sys_comp->cpus - 1)) &&
	    err_is_ok(sys_thread_run(&thread, crash, NULL)))
		(void)comp_wait(0);
	crash(NULL);
	return 0;
}
