/* SPDX-License-Identifier: MIT */
/*
 * See harness.h.
 */
#include "harness.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inv.h"
#include "test.h"

static struct test tests[TESTS_MAX];
static u32 test_count;
static jmp_buf test_end;
static char why[256];
u32 root;
static u64 next_handle;

void test_add(const char *file, const char *name, void (*run_it)(void))
{
	if (test_count == TESTS_MAX)
		abort();
	tests[test_count++] = (struct test){ file, name, run_it };
}

void test_failed(const char *what, const char *file, int line, long got)
{
	snprintf(why, sizeof(why), "%s:%d: %s (%#lx)", file, line, what, (unsigned long)got);
	longjmp(test_end, 1);
}

bool test_run(const struct test *t)
{
	why[0] = 0;
	host_boot(&(struct host_config){ TEST_PAGES, TEST_CPUS, true });
	root = host_root.thread;
	next_handle = 32;
	if (setjmp(test_end) != 0)
		return false;
	if (setjmp(host.caught) != 0) {
		snprintf(why, sizeof(why), "%s (%#llx, %#llx)", host.failure,
			 (unsigned long long)host.failure_a, (unsigned long long)host.failure_b);
		return false;
	}
	host.catching = true;
	t->run();
	settle();
	return true;
}

const char *test_why(void)
{
	return why;
}

u32 test_all(const struct test **list)
{
	*list = tests;
	return test_count;
}

const char *failure_of(void (*f)(void))
{
	jmp_buf outer;
	const char *what = NULL;

	memcpy(&outer, &host.caught, sizeof(outer));
	if (setjmp(host.caught) == 0) {
		host.catching = true;
		f();
	} else {
		what = host.failure;
	}
	memcpy(&host.caught, &outer, sizeof(outer));
	host.catching = true;
	return what;
}

/* --- entries --------------------------------------------------------------------------- */

void check_now(void)
{
	host_check();
	if (!kernel_inv())
		host_fail(inv_failed.name, inv_failed.index, inv_failed.index2);
}

void finish(u32 cpu)
{
	host_finish(cpu);
	check_now();
}

void enter(u32 cpu, u32 kind, u64 a)
{
	if (host.cpu[cpu].phase == HOST_WAITING)
		finish(cpu);
	host_begin(cpu, kind, a, 0, 0);
	finish(cpu);
}

void settle(void)
{
	for (u32 n = 0; n < 1000; n++) {
		bool more = false;
		for (u32 c = 0; c < ks.cpus; c++) {
			while (host_deliver(c)) {
				more = true;
				check_now();
			}
		}
		if (!more)
			return;
	}
	test_failed("the machine does not come to rest", __FILE__, __LINE__, 0);
}

static bool deliver_to(u32 cpu)
{
	bool did = host_deliver(cpu);

	if (did)
		check_now();
	return did;
}

void run(u32 t)
{
	u32 cpu = TH(t)->home;

	for (u32 i = 0; i < 100; i++) {
		if (host.cpu[cpu].phase == HOST_USER && host.cpu[cpu].thread == t)
			return;
		if (deliver_to(cpu))
			continue;
		if (host.cpu[cpu].phase != HOST_USER)
			break;
		host.cpu[cpu].regs.r[REG_RAX] = SYS_THREAD_YIELD;
		enter(cpu, HOST_SYSCALL, 0);
	}
	test_failed("the thread does not get to run", __FILE__, __LINE__, t);
}

u64 *regs(u32 t)
{
	struct host_cpu *hc = &host.cpu[TH(t)->home];

	return hc->phase == HOST_USER && hc->thread == t ? hc->regs.r : TH(t)->frame.r;
}

void prepare(u32 t, u32 nr, u64 handle, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	u64 *r;

	run(t);
	r = regs(t);
	r[REG_RAX] = nr;
	r[REG_RDI] = handle;
	r[REG_RSI] = a;
	r[REG_RDX] = b;
	r[REG_R10] = c;
	/* Message words 6 and 7 lie in the same registers as arguments 3 and 4. */
	if (nr < SYS_EP_CALL || nr > SYS_REPLY || nr == SYS_EP_CANCEL) {
		r[REG_R8] = d;
		r[REG_R9] = e;
	}
}

long call(u32 t, u32 nr, u64 handle, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	u32 cpu = TH(t)->home;

	prepare(t, nr, handle, a, b, c, d, e);
	bool quiet = host_is_quiet(cpu);
	host_begin(cpu, HOST_SYSCALL, 0, 0, 0);
	host_finish(cpu);
	long r = host.cpu[cpu].thread == t ? (long)host.cpu[cpu].regs.r[REG_RAX] : BLOCKED;
	if (quiet && r > ERRNO_OK && r < ERRNO_DONE_SIGNAL && !host_changed_nothing(t))
		host_fail("an error changed something", nr, (u64)r);
	check_now();
	return r;
}

long result(u32 t)
{
	if (TH(t)->state != THREAD_READY && TH(t)->state != THREAD_STOPPED)
		return BLOCKED;
	return (long)regs(t)[REG_RAX];
}

u64 out(u32 t, u32 i)
{
	return regs(t)[REG_RDI + i];
}

void set_word(u32 t, u32 i, u64 v)
{
	run(t);
	regs(t)[REG_RBX + i] = v;
}

u64 word(u32 t, u32 i)
{
	return regs(t)[REG_RBX + i];
}

void fault(u32 t, u32 kind, u64 code, u64 address)
{
	u32 cpu = TH(t)->home;

	run(t);
	host_begin(cpu, HOST_FAULT, kind, code, address);
	finish(cpu);
}

u32 touch(u32 t, u64 vaddr, u32 access)
{
	run(t);
	return host_access(TH(t)->home, vaddr, access);
}

/* --- objects ----------------------------------------------------------------------------- */

/* Handles of root: a further page of slots for every 64. */
u64 new_handle(void)
{
	u64 h = next_handle++;

	if (h % 64 != 63)
		return h;
	u64 offset = page_of(HANDLE_SLOTS) - host_root.memory + 64 + h / 64;
	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, OBJ_SLOTS, offset, 0), ERRNO_OK);
	IS(CALL2(root, SYS_TABLE_ATTACH, HANDLE_TABLE, h, h / 64 + 1), ERRNO_OK);
	return next_handle++;
}

u32 slot_of(u64 handle)
{
	u32 leaf = CT(host_root.table)->leaf[handle / 64];

	CHECK(leaf != 0);
	return SLOT_OF(leaf, handle % 64);
}

u32 page_of(u64 handle)
{
	u32 s = slot_of(handle);

	return SLOT(s)->type == OBJ_FRAMES ? SLOT(s)->first : SLOT(s)->obj;
}

/* Pages 100 and up; below are pages of slots. */
static u64 free_offset(u32 count, u32 align)
{
	for (u32 p = (100 + align - 1) / align * align; p + count <= host_mem.pages; p += align) {
		u32 n = 0;
		while (n < count && PD(p + n)->type == PAGE_FREE)
			n++;
		if (n == count)
			return p - host_root.memory;
	}
	test_failed("no free pages", __FILE__, __LINE__, count);
}

u64 new_object(u32 type, u64 param)
{
	u64 h = new_handle(), offset = free_offset(2, 1);

	IS(CALL4(root, SYS_OBJECT_CREATE, HANDLE_MEMORY, h, type, offset, param), ERRNO_OK);
	return h;
}

u64 new_frames_aligned(u32 count, u32 align)
{
	u64 h = new_handle(), offset = free_offset(count, align);
	u32 first = count < 64 ? count : 64;

	IS(CALL3(root, SYS_FRAMES_CREATE, HANDLE_MEMORY, h, offset, first), ERRNO_OK);
	for (u32 have = first; have < count; have += 64)
		IS(CALL1(root, SYS_FRAMES_EXTEND, h, count - have < 64 ? count - have : 64),
		   ERRNO_OK);
	return h;
}

u64 new_frames(u32 count)
{
	return new_frames_aligned(count, 1);
}

u64 derive(u64 handle, u64 rights, u64 badge)
{
	u64 h = new_handle();

	IS(CALL3(root, SYS_CAP_DERIVE, handle, h, rights, badge), ERRNO_OK);
	return h;
}

struct worker new_thread(u32 cpu, u32 prio, u32 flags)
{
	struct worker w;

	w.thread = new_object(OBJ_THREAD, flags | 255u << 8);
	w.sched = new_object(OBJ_SCHED, 0);
	w.msg = new_frames(1);
	w.t = page_of(w.thread);
	w.msg_page = page_of(w.msg);
	IS(CALL4(root, SYS_SCHED_CONFIGURE, w.sched, HANDLE_CPUS, cpu, 10000, 10000), ERRNO_OK);
	IS(CALL2(root, SYS_THREAD_SET_CPU, w.thread, HANDLE_CPUS, cpu), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_SPACE, HANDLE_SPACE, 0), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_TABLE, HANDLE_TABLE, 0), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_SCHED, w.sched, 0), ERRNO_OK);
	IS(CALL3(root, SYS_THREAD_BIND, w.thread, THREAD_MSG, w.msg, 0), ERRNO_OK);
	IS(CALL1(root, SYS_THREAD_SET_PRIO, w.thread, prio), ERRNO_OK);
	/* One of higher priority runs at once. */
	long r = CALL3(root, SYS_THREAD_START, w.thread, 0x1000, 0x8000, 7);
	CHECK(r == ERRNO_OK || (r == BLOCKED && CPU(0)->current == w.t));
	settle();
	return w;
}

void new_ptables(u64 space, u64 vaddr)
{
	for (u64 level = 3; level > 0; level--) {
		u64 h = new_object(OBJ_PTABLE, 0);
		long r = CALL3(root, SYS_PTABLE_ATTACH, h, space, vaddr, level);
		CHECK(r == ERRNO_OK || r == ERRNO_BUSY);
	}
}

void delete_all(u64 handle)
{
	u64 ticket = 0;

	for (u32 i = 0; i < 10000; i++) {
		IS(CALL1(root, SYS_CAP_DELETE, 0, handle), ERRNO_OK);
		ticket = out(root, 1);
		if (out(root, 0) == 0)
			break;
	}
	for (u32 i = 0; i < 10000; i++) {
		IS(CALL1(root, SYS_CAP_DRAIN, 0, ticket), ERRNO_OK);
		if (out(root, 0) == 0)
			return;
	}
	test_failed("deleting does not end", __FILE__, __LINE__, (long)handle);
}

u32 count_free(void)
{
	u32 n = 0;

	for (u32 p = 0; p < host_mem.pages; p++)
		n += PD(p)->type == PAGE_FREE;
	return n;
}
