/* SPDX-License-Identifier: MIT */
/*
 * Start: the program's first thread makes the server's thread, which does all the
 * work, and its alarm clock's, and waits for faults of both.
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
#include "../fs/remote.h"
#include "../fs/vfs.h"
#include "../mm/mm.h"
#include "../proc/task.h"
#include "../tty/host.h"
#include "../tty/tty.h"

#define POOL_VADDR 0x1000000000ull
enum { SEED = 64 };

struct environment env;

static struct sys_thread server, clock;
static notif_h clock_notif;
static ep_h fault_ep;
static volatile u64 clock_want;

/* --- the alarm clock ------------------------------------------------------------------ */

static void set_alarm(u64 ticks)
{
	clock_want = ticks;
	(void)notif_signal(clock_notif, 1);
}

/* It may ring early, or twice: the server looks at its timers. */
static void clock_main(void *unused)
{
	(void)unused;
	for (;;) {
		u64 bits;
		err_t e = notif_wait(clock_notif, clock_want, &bits);

		if (err_is(e, DONE_TIMEOUT)) {
			clock_want = 0;
			(void)notif_signal(env.notif, 1ull << env.clock_bit);
		} else if (!err_is_ok(e)) {
			sys_panic("linux: clock: error %u", e.v);
		}
	}
}

/* --- the first process --------------------------------------------------------------------- */

static s64 open_one(struct task *t, u32 number, struct file **f)
{
	switch (options.stdio[number]) {
	case 'p': return host_open((enum host_stream)number, f);
	case 'n': return vfs_open(t, "/dev/null", O_RDWR, 0, f);
	default: return vfs_open(t, "/dev/console", O_RDWR, 0, f);
	}
}

static void open_stdio(struct task *t)
{
	for (u32 i = 0; i < 3; i++) {
		struct file *f;
		s64 e;

		if (options.stdio[i] == 'c')
			continue;
		e = open_one(t, i, &f);
		if (e == 0)
			e = fd_install(t, f, false, i);
		if (e < 0)
			log_line("descriptor %u of the first process: error %d", i, (int)-e);
	}
}

static void change_directory(struct task *t)
{
	s64 e = options.cwd == NULL ? 0 : fs_change_directory(t, options.cwd);

	if (e != 0)
		log_line("cwd=%s: error %d", options.cwd, (int)-e);
}

static void default_environment(void)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char home[] = "HOME=/root", term[] = "TERM=linux";

	if (options.envc != 0)
		return;
	options.envp[options.envc++] = path;
	options.envp[options.envc++] = home;
	options.envp[options.envc++] = term;
}

static s64 run(const char *program)
{
	s64 e;

	options.argv[0] = (char *)(uintptr_t)(options.name != NULL ? options.name : program);
	e = process_first(program, options.argv, options.envp);
	if (e >= 0 && env.framed)
		host_send('u', "", 0);
	return e;
}

static void start_first(void)
{
	static const char *const usual[] = { "/init", "/sbin/init", "/bin/init", "/bin/sh" };
	struct task *t = process_first_task();
	s64 e = -ENOENT;

	if (t == NULL)
		sys_panic("linux: no memory for the first process");
	fiber_work_for(t);
	open_stdio(t);
	change_directory(t);
	default_environment();
	if (options.init != NULL)
		e = run(options.init);
	for (u32 i = 0; options.init == NULL && e == -ENOENT && i < 4; i++)
		e = run(usual[i]);
	if (e == 0)
		return;
	log_line("%s cannot be run: %s (error %d)", options.init != NULL ? options.init : "/init",
		 e == -ENOENT ? "it, or the interpreter that it names, is not in the file tree"
		 : e == -EIO  ? "it cannot be read"
			      : "it is not a program for this machine",
		 (int)-e);
	env.halt((e == -ENOENT ? 127 : 126) << 8);
}

/* On the first fiber: what may sleep. */
static void start(void *unused)
{
	(void)unused;
	tty_start();
	if (env.framed)
		host_start();
	fs_start();
	start_first();
}

static void end_machine(void *status)
{
	remote_unmount();
	env.halt((int)(s64)status);
}

void server_end(int status)
{
	if (!fiber_start(end_machine, (void *)(s64)status))
		env.halt(status);
}

/* --- the server's thread ------------------------------------------------------------------------ */

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

static void make_threads(void)
{
	sys_must(sys_thread_create(&server, 0, PRIO_SERVER, 0), "linux: thread");
	sys_must(sys_thread_create(&clock, 0, PRIO_CLOCK, 0), "linux: thread");
	env.thread = server.thread;
	env.msg = server.msg;
	sys_must(thread_bind(server.thread, THREAD_NOTIF, ANY(env.notif), 0), "linux: notification");
	sys_must(thread_bind(server.thread, THREAD_FAULT, ANY(fault_ep), 1), "linux: faults");
	sys_must(thread_bind(clock.thread, THREAD_FAULT, ANY(fault_ep), 2), "linux: faults");
}

/* What is left to the first thread: to tell of faults of the others. */
static _Noreturn void wait_for_faults(void)
{
	struct msg m = { .tag = 0 };
	err_t e = ep_recv(fault_ep, &m, 0);

	if (!err_is_ok(e))
		sys_panic("linux: receive of faults: error %u", e.v);
	sys_panic("linux: fault of thread %lu: kind %lu, cause %lx, address %lx, ip %lx, sp %lx",
		  m.badge, m.tag >> TAG_LABEL_SHIFT, m.w[0], m.w[1], m.w[2], m.w[3]);
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

static u32 rtc_read(ioports_h ports, u32 what)
{
	u64 v = 0;

	if (!err_is_ok(ioport_out(ports, 0x70, 1, what)) || !err_is_ok(ioport_in(ports, 0x71, 1, &v)))
		return 0xff;
	return (u32)v;
}

static u32 from_bcd(u32 v)
{
	return (v >> 4) * 10 + (v & 15);
}

/* Days since 1970 of a date of this century. */
static u64 days(u32 y, u32 m, u32 d)
{
	static const u16 before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	u64 n = (y - 1970) * 365ull + (y - 1969) / 4;

	n += before[m - 1] + d - 1;
	return m > 2 && y % 4 == 0 ? n + 1 : n;
}

/* MC146818: registers 0 2 4 7 8 9, A bit 7: being updated, B bit 2: binary. */
u64 boot_epoch(ioports_h ports)
{
	const u32 index[6] = { 0, 2, 4, 7, 8, 9 };
	u32 v[6], b = rtc_read(ports, 11);

	for (u32 i = 0; i < 100000 && (rtc_read(ports, 10) & 0x80); i++)
		;
	for (u32 i = 0; i < 6; i++) {
		v[i] = rtc_read(ports, index[i]);
		if (!(b & 4))
			v[i] = from_bcd(v[i]);
	}
	if (v[0] > 59 || v[1] > 59 || v[2] > 23 || v[3] < 1 || v[3] > 31 || v[4] < 1 || v[4] > 12 ||
	    v[5] > 99)
		return 0;
	u64 seconds = days(2000 + v[5], v[4], v[3]) * 86400 + v[2] * 3600 + v[1] * 60 + v[0];

	return seconds * NS_PER_SEC - now_mono();
}

int main(void)
{
	clock_notif = sys_notif();
	fault_ep = sys_ep();
	env.ep = sys_ep();
	env.alarm = set_alarm;
	if (sys_comp != NULL)
		boot_component();
	else
		boot_first();
	if (options.cpus != 0 && options.cpus < env.cpus)
		env.cpus = options.cpus;
	if (options.epoch != 0)
		env.epoch_ns = options.epoch * NS_PER_SEC;
	make_threads();
	sys_must(sys_thread_run(&clock, clock_main, NULL), "linux: start");
	sys_must(sys_thread_run(&server, server_main, NULL), "linux: start");
	wait_for_faults();
}
