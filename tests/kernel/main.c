/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: runs each test on a thread of its own, watches the time,
 * reports, and takes everything back.
 *
 * Owns:       the console; the memory from which tests get theirs.
 * Never:      uses anything that a test made.
 */
#include "ktest.h"

/* Handles of tests: pages of slots of their own, behind those that the supervisor has. */
enum { FIRST_SLOTS = 512, SLOT_PAGES = 24, END_SLOTS = FIRST_SLOTS + SLOT_PAGES * 64 };
enum { SECONDS = 2, NEG_MAX = 64, SIGNAL_DONE = 1, SIGNAL_FAIL = 2, SIGNAL_SKIP = 4 };

extern const struct test __start_tests[], __stop_tests[];

u32 test_memory, test_arg;
struct sys_thread runner;
ep_h super_ep;
notif_h nowhere;
static notif_h super_notif; /* what threads of a test signal */
static u32 base_tables;
static volatile u32 failed;
static char why[200];
static const struct test *current;

/* --- called by tests ------------------------------------------------------------ */

static _Noreturn void end_test(u64 bits)
{
	(void)notif_signal(super_notif, bits);
	for (;;)
		(void)notif_wait(nowhere, 0, NULL);
}

void test_fail(const char *file, int line, const char *text, u64 got, u64 want)
{
	if (__atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST) == 0)
		sys_format(why, sizeof why, "%s:%d: %s (got 0x%lx, want 0x%lx)", file, line, text,
			   got, want);
	end_test(SIGNAL_FAIL);
}

void test_skip(const char *reason)
{
	sys_format(why, sizeof why, "%s", reason);
	end_test(SIGNAL_SKIP);
}

/* --- running one ------------------------------------------------------------------ */

static void run_current(void *arg)
{
	(void)arg;
	current->run();
	end_test(SIGNAL_DONE);
}

static void prepare(void)
{
	sys_slots_reset(FIRST_SLOTS, END_SLOTS);
	sys_memory_reset();
	sys_memory_add((memory_h){ test_memory }, 0, TEST_PAGES);
	sys_threads_reset(0);
	sys_own_space.tables = base_tables;
	memset(workers, 0, sizeof workers);
	failed = 0;
	why[0] = 0;
	sys_must(sys_thread_create(&runner, 0, PRIO_MAX, 0), "runner");
	sys_must(thread_set_prio(runner.thread, PRIO_RUN), "priority of the runner");
	sys_must(thread_bind(runner.thread, THREAD_FAULT, ANY(super_ep), 1), "runner's faults");
}

/* Everything in the test's memory goes, whatever refers to it; then it must all be free. */
static bool take_back(void)
{
	slot_t probe = SLOT_OWN(FIRST_SLOTS);
	u32 end = sys_slots_end();
	bool clean = true;

	sys_must(thread_stop(runner.thread), "stop");
	sys_must(sys_revoke((any_h){ test_memory }), "revoke");
	for (u32 s = FIRST_SLOTS; s < end; s++) {
		if (err_is_ok(cap_info((any_h){ s }, NULL, NULL, NULL)))
			sys_must(sys_delete(SLOT_OWN(s)), "delete what is left");
	}
	for (u64 at = 0; at < TEST_PAGES && clean; at += 64) {
		err_t e = frames_create((memory_h){ test_memory }, probe, at, 64);

		clean = err_is_ok(e);
		if (clean)
			sys_must(sys_delete(probe), "delete probe");
		else
			sys_format(why, sizeof why,
				   "a page in %lu to %lu of the memory was not free (error %u)", at,
				   at + 63, e.v);
	}
	return clean;
}

static void describe_fault(const struct msg *m)
{
	sys_format(why, sizeof why,
		   "thread with badge %lu: fault kind %lu, cause 0x%lx, address 0x%lx, ip 0x%lx, "
		   "sp 0x%lx",
		   m->badge, m->tag >> TAG_LABEL_SHIFT, m->w[0], m->w[1], m->w[2], m->w[3]);
}

/* What ended the test: a SIGNAL_*, or 0 if its time did. */
static u64 wait_end(u64 seconds)
{
	u64 deadline = sys_clock() + sys_info->clock_hz * seconds;
	struct msg m = { 0 };
	err_t e = ep_recv(super_ep, &m, deadline);

	if (err_is(e, DONE_SIGNAL))
		return m.badge;
	if (err_is_ok(e)) {
		describe_fault(&m);
		return SIGNAL_FAIL;
	}
	if (err_is(e, DONE_TIMEOUT))
		sys_format(why, sizeof why, "not finished after %lu seconds", seconds);
	else
		sys_panic("the supervisor's wait ended with %u", e.v);
	return SIGNAL_FAIL;
}

static bool run_test(const struct test *t, u32 number)
{
	current = t;
	test_arg = t->arg;
	prepare();
	sys_must(sys_thread_run(&runner, run_current, NULL), "run");
	u64 end = wait_end(t->seconds == 0 ? SECONDS : t->seconds);
	bool ok = take_back() && !(end & SIGNAL_FAIL);

	if (ok && (end & SIGNAL_SKIP))
		sys_print("ok %u %s # skip %s\n", number, t->name, why);
	else
		sys_print("%s %u %s\n", ok ? "ok" : "not ok", number, t->name);
	if (!ok)
		sys_print("#   %s\n", why);
	return ok;
}

/* --- all of them ------------------------------------------------------------------- */

static bool selected(const struct test *t, const char *filter)
{
	char part[64];
	u32 n = 0;

	if (filter == NULL)
		return true;
	/* Words of the command line end at a space; `_` stands for one. */
	while (n + 1 < sizeof part && filter[n] != 0 && filter[n] != ' ') {
		part[n] = filter[n] == '_' ? ' ' : filter[n];
		n++;
	}
	part[n] = 0;
	return strstr(t->name, part) != NULL || strstr(t->name, filter) != NULL;
}

/* Test memory: a part of the largest region, so that 2 MiB pages fit. */
static void make_memory(void)
{
	const struct boot_region *best = NULL;

	for (u32 i = 0; i < sys_info->regions; i++) {
		const struct boot_region *r = &sys_info->region[i];

		if (r->is_ram && (best == NULL || r->count > best->count))
			best = r;
	}
	if (best == NULL || best->count < TEST_PAGES + 1024)
		sys_panic("too little memory");
	u64 offset = best->count - TEST_PAGES;
	offset -= (best->first + offset) % 512;
	test_memory = sys_range((any_h){ best->handle }, offset, TEST_PAGES, RIGHTS_ALL_MEMORY);
	if (test_memory == 0)
		sys_panic("no memory for tests");
}

static void set_up(void)
{
	make_memory();
	super_ep = sys_ep();
	super_notif = sys_notif();
	nowhere = sys_notif();
	sys_must(thread_set_prio((thread_h){ HANDLE_THREAD }, 255), "priority");
	sys_must(thread_bind((thread_h){ HANDLE_THREAD }, THREAD_NOTIF, ANY(super_notif), 0),
		 "notification");
	for (u32 i = 0; i < SLOT_PAGES; i++)
		sys_must(table_attach((table_h){ HANDLE_TABLE }, sys_slots(), FIRST_SLOTS / 64 + i),
			 "slots");
	base_tables = sys_own_space.tables;
}

int main(void)
{
	static struct test neg[NEG_MAX];
	const char *filter = sys_option("test=");
	u32 negs = neg_tests(neg, NEG_MAX);
	u32 count = 0, number = 0, bad = 0;

	for (const struct test *t = __start_tests; t < __stop_tests; t++)
		count += selected(t, filter);
	for (u32 i = 0; i < negs; i++)
		count += selected(&neg[i], filter);
	set_up();
	sys_print("1..%u\n", count);
	for (const struct test *t = __start_tests; t < __stop_tests; t++) {
		if (selected(t, filter))
			bad += !run_test(t, ++number);
	}
	for (u32 i = 0; i < negs; i++) {
		if (selected(&neg[i], filter))
			bad += !run_test(&neg[i], ++number);
	}
	sys_print("# done\n");
	return bad == 0 ? 0 : 1;
}
