/* SPDX-License-Identifier: MIT */
/*
 * Start: the program's first thread makes the server's thread, which does all the
 * work, and becomes its alarm clock.
 *
 * The clock is a thread of its own so that the server can always receive without
 * deadline: that is the kernel's short path.
 *
 * Owns:       env.
 */
#include "boot.h"
#include "fiber.h"
#include "loop.h"
#include "options.h"
#include "random.h"
#include "trace.h"
#include "../fs/vfs.h"
#include "../mm/mm.h"
#include "../proc/task.h"
#include "../tty/host.h"
#include "../tty/tty.h"

enum { SEED = 64 };

struct environment env;

static struct sys_thread server;
static notif_h clock_notif;
static volatile u64 clock_want;

/* --- the alarm clock ------------------------------------------------------------------ */

static void set_alarm(u64 ticks)
{
	clock_want = ticks;
	(void)notif_signal(clock_notif, 1);
}

/* Never returns.  It may ring early, or twice: the server looks at its timers. */
static _Noreturn void clock_run(void)
{
	for (;;) {
		u64 bits;
		err_t e = notif_wait(clock_notif, clock_want, &bits);

		if (err_is(e, DONE_TIMEOUT)) {
			clock_want = 0;
			(void)notif_signal(env.notif, 1ull << EVENT_CLOCK);
		} else if (!err_is_ok(e)) {
			sys_panic("linux: clock: error %u", e.v);
		}
	}
}

/* --- the server's thread ------------------------------------------------------------------- */

static const char *const first_programs[] = { "/init", "/sbin/init", "/bin/init", "/bin/sh" };

/* Standard input, output or error of the first process. */
static void open_standard(struct task *t, char what, u32 fd)
{
	struct file *f;
	s64 e;

	if (what == 'p')
		e = host_open((enum host_stream)fd, &f);
	else
		e = vfs_open(t, what == 'n' ? "/dev/null" : "/dev/console", O_RDWR, 0, &f);
	if (e == 0)
		e = fd_install(t, f, false, fd);
	if (e != (s64)fd)
		log_line("no file for descriptor %u: error %d", fd, (int)-e);
}

/* As ./tessera run asks; by itself, the console. */
static void open_all(struct task *t)
{
	const char *how = options.stdio;

	fiber_work_for(t);
	if (how == NULL || strlen(how) != 3)
		how = "ttt";
	for (u32 i = 0; i < 3; i++)
		open_standard(t, how[i], i);
	if (options.cwd != NULL && fs_change_directory(t, options.cwd) != 0)
		log_line("no directory %s to work in", options.cwd);
}

static void start_first(void)
{
	struct task *t = process_first_task();
	s64 e = -ENOENT;

	if (t == NULL)
		sys_panic("linux: no memory for the first process");
	open_all(t);
	if (options.envc == 0) {
		static char path[] =
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
		static char home[] = "HOME=/root", term[] = "TERM=linux";

		options.envp[options.envc++] = path;
		options.envp[options.envc++] = home;
		options.envp[options.envc++] = term;
	}
	if (options.init != NULL) {
		options.argv[0] = (char *)(u64)options.init;
		e = process_first(options.init, options.argv, options.envp);
	}
	for (u32 i = 0; options.init == NULL && e == -ENOENT && i < 4; i++) {
		options.argv[0] = (char *)(u64)first_programs[i];
		e = process_first(first_programs[i], options.argv, options.envp);
	}
	if (e != 0)
		sys_panic("linux: no first program: %s: error %d",
			  options.init != NULL ? options.init : "/init", (int)-e);
}

/* On the first fiber: what may sleep. */
static void start(void *unused)
{
	(void)unused;
	tty_start();
	if (env.framed)
		host_start();
	if (env.console_start != NULL)
		env.console_start();
	fs_start();
	start_first();
}

static void server_main(void *unused)
{
	(void)unused;
	mm_start(env.msg);
	trace_on = options.trace;
	random_start(env.archive, env.archive != NULL && env.archive_bytes >= SEED ? SEED : 0);
	tasks_start();
	loop_start();
	fibers_start();
	if (!fiber_start(start, NULL))
		sys_panic("linux: no memory to start");
	loop_run();
}

static void make_server(void)
{
	sys_must(sys_thread_create(&server, 0, PRIO_SERVER, 0), "linux: thread");
	env.thread = server.thread;
	env.msg = server.msg;
	sys_must(thread_bind(server.thread, THREAD_NOTIF, ANY(env.notif), 0),
		 "linux: notification");
}

/* --- for both ways ---------------------------------------------------------------------------- */

void boot_map_pool(u64 pages)
{
	grant_h g;

	sys_must(sys_map_frames(&sys_own_space, ANY(env.pool), POOL_VADDR, pages,
				MAP_READ | MAP_WRITE | MAP_SIZE_2M, &g),
		 "linux: mapping of the pool");
	env.pool_vaddr = POOL_VADDR;
	env.pool_pages = pages;
}

static u32 rtc_read(ioports_h ports, u64 first, u32 what)
{
	u64 v = 0;

	if (!err_is_ok(ioport_out(ports, 0x70 - first, 1, what)) ||
	    !err_is_ok(ioport_in(ports, 0x71 - first, 1, &v)))
		return 0xff;
	return (u32)v;
}

static u32 from_bcd(u32 v)
{
	return (v >> 4) * 10 + (v & 15);
}

/* Days since 1970 of a date in the Gregorian calendar. */
static u64 days(u32 y, u32 m, u32 d)
{
	static const u16 before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	u64 n = (y - 1970) * 365ull + (y - 1969) / 4 - (y - 1901) / 100 + (y - 1601) / 400;

	n += before[m - 1] + d - 1;
	if (m > 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0))
		n++;
	return n;
}

/* MC146818: registers 0 2 4 7 8 9, A bit 7: being updated, B bit 2: binary. */
u64 boot_epoch(ioports_h ports, u64 first_port)
{
	u32 v[6], index[6] = { 0, 2, 4, 7, 8, 9 };
	u32 b = rtc_read(ports, first_port, 11);

	for (u32 i = 0; i < 100000 && (rtc_read(ports, first_port, 10) & 0x80); i++)
		;
	for (u32 i = 0; i < 6; i++) {
		v[i] = rtc_read(ports, first_port, index[i]);
		if (!(b & 4))
			v[i] = from_bcd(v[i]);
	}
	if (v[0] > 59 || v[1] > 59 || v[2] > 23 || v[3] < 1 || v[3] > 31 || v[4] < 1 || v[4] > 12 ||
	    v[5] > 99)
		return 0;
	u64 seconds = days(2000 + v[5], v[4], v[3]) * 86400 + v[2] * 3600 + v[1] * 60 + v[0];

	return seconds * NS_PER_SEC - sys_clock() * (NS_PER_SEC / 1000) / (env.clock_hz / 1000);
}

int main(void)
{
	clock_notif = sys_notif();
	env.notif = sys_notif();
	env.ep = sys_ep();
	env.alarm = set_alarm;
	if (sys_comp != NULL)
		boot_component();
	else
		boot_first();
	if (options.cpus != 0 && options.cpus < env.cpus)
		env.cpus = options.cpus;
	make_server();
	sys_must(sys_thread_run(&server, server_main, NULL), "linux: start");
	clock_run();
}
