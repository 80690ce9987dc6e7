/* SPDX-License-Identifier: MIT */
/*
 * Start of the system, and waiting.
 */
#include "init.h"

enum { HIGHEST = 255 };

static struct component *sender(const struct msg *m)
{
	return m->badge != 0 && m->badge <= components ? &component[m->badge - 1] : NULL;
}

static void serve(void *unused)
{
	(void)unused;
	struct msg m = { 0 };
	bool answer = false;

	for (;;) {
		if (answer)
			(void)reply(&m, (reply_h){ 0 });
		u64 next = watch_turn();

		m.tag = 0;
		err_t e = ep_recv(supervisor, &m, next);

		watch_woken(next);
		answer = false;
		if (err_is_ok(e) && sender(&m) != NULL)
			watch_message(sender(&m), &m, &answer);
		else if (err_is(e, DONE_SIGNAL))
			device_refusals(m.badge);
		else if (!err_is_ok(e) && !err_is(e, DONE_TIMEOUT))
			sys_panic("waiting: error %u", e.v);
	}
}

/* The thread that the kernel made has no message page, and cannot be given one. */
int main(void)
{
	static struct sys_thread thread;

	sys_must(thread_set_prio((thread_h){ HANDLE_THREAD }, HIGHEST), "init's priority");
	bundle_open();
	memory_open();
	channel_open();
	component_reserve();
	component_lasting();
	text_line("system %s: %u components, %lu KiB of memory are left, after %lu ms",
		  bundle->name, components, memory_left() * 4,
		  sys_clock() / (sys_info->clock_hz / 1000));
	info_words();
	if (sys_option("init.memory"))
		component_tell();
	watch_open();
	sys_must(sys_thread_create(&thread, 0, HIGHEST, 0), "init's thread");
	device_open(thread.msg, sys_notif());
	sys_must(thread_bind(thread.thread, THREAD_NOTIF, ANY(device_notif()), 0), "init's bits");
	sys_must(sys_thread_run(&thread, serve, NULL), "init's thread");
	(void)thread_stop((thread_h){ HANDLE_THREAD });
	return 1;
}
