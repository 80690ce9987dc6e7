/* SPDX-License-Identifier: MIT */
/*
 * Programs of random bytes, started with random registers, in a space of their
 * own and without a capability: whatever they do ends in a fault or in a stop.
 *
 * The word seed=N of the command line makes other programs.
 */
#include "ktest.h"

TESTS(thread_set_regs, thread_stop);

enum { PROGRAMS = 300, BYTES = 96, PAGES = 2, PATIENCE_US = 200, SECONDS = 15 };
#define CODE AREA_A
#define DATA (AREA_A + 0x10000)
#define CODE_HERE AREA_B /* where the test writes it */

/* Instructions that random bytes seldom are: the number of bytes, and they. */
static const u8 special[][6] = {
	{ 2, 0x0f, 0x05 },                   /* SYSCALL */
	{ 2, 0x0f, 0x34 },                   /* SYSENTER */
	{ 2, 0x0f, 0x07 },                   /* SYSRET */
	{ 2, 0x48, 0xcf },                   /* IRETQ */
	{ 1, 0x9d },                         /* POPF */
	{ 2, 0x8e, 0xd0 },                   /* MOV SS, AX */
	{ 2, 0x8e, 0xe8 },                   /* MOV GS, AX */
	{ 3, 0x0f, 0x01, 0xf8 },             /* SWAPGS */
	{ 2, 0x0f, 0x30 },                   /* WRMSR */
	{ 3, 0x0f, 0x22, 0xd8 },             /* MOV CR3, RAX */
	{ 3, 0x0f, 0x23, 0xf8 },             /* MOV DR7, RAX */
	{ 3, 0x0f, 0x01, 0x38 },             /* INVLPG (RAX) */
	{ 3, 0x0f, 0x01, 0x10 },             /* LGDT (RAX) */
	{ 3, 0x0f, 0x00, 0xd0 },             /* LLDT AX */
	{ 3, 0x0f, 0xae, 0x08 },             /* FXRSTOR (RAX) */
	{ 3, 0x0f, 0xae, 0x28 },             /* XRSTOR (RAX) */
	{ 3, 0x0f, 0x01, 0xd1 },             /* XSETBV */
	{ 5, 0xf3, 0x48, 0x0f, 0xae, 0xd8 }, /* WRGSBASE RAX */
	{ 2, 0xcd, 0x80 },                   /* INT */
	{ 1, 0xcc },                         /* INT3 */
	{ 1, 0xf1 },                         /* INT1 */
	{ 1, 0xf4 },                         /* HLT */
	{ 1, 0xfa },                         /* CLI */
	{ 1, 0xee },                         /* OUT */
	{ 2, 0xf3, 0xa4 },                   /* REP MOVSB */
	{ 2, 0xeb, 0xfe },                   /* for ever */
	{ 2, 0xff, 0xe0 },                   /* JMP RAX */
};

static u64 state;

static u64 any(u64 n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n == 0 ? state : (state >> 16) % n;
}

static void write_program(void)
{
	volatile u8 *code = (volatile u8 *)CODE_HERE;

	for (u32 i = 0; i < BYTES; i++)
		code[i] = (u8)any(256);
	for (u64 k = any(8); k > 0; k--) {
		const u8 *s = special[any(sizeof special / sizeof special[0])];
		u64 to = any(BYTES - 6);

		for (u32 i = 0; i < s[0]; i++)
			code[to + i] = s[1 + i];
	}
}

static u64 any_word(void)
{
	switch (any(8)) {
	case 0: return any(64);
	case 1: return CODE + any(BYTES);
	case 2: return DATA + any(PAGES * SYS_PAGE);
	case 3: return 0xffffffff80200000 + any(1 << 20);
	case 4: return 0xffff800000000000 + any(1 << 28);
	case 5: return 0x0000800000000000 - any(16);
	default: return any(0);
	}
}

static void set_registers(thread_h t)
{
	struct regs_general *r = (struct regs_general *)(u64)runner.msg;

	for (u32 i = 0; i < sizeof *r / 8; i++)
		runner.msg[i] = any_word();
	r->rip = any(16) ? CODE + any(BYTES) : any_word();
	r->rsp = any(4) ? DATA + PAGES * SYS_PAGE - 8 * any(64) : any_word();
	EXPECT_OK(thread_set_regs(t, REGS_GENERAL));
}

/* Pages for code, which the test can write, and for data. */
static void make_space(struct sys_space *sp)
{
	frames_h code = sys_frames(PAGES), data = sys_frames(PAGES);
	grant_h g;

	sys_space_create(sp, 7);
	EXPECT_OK(sys_map_frames(sp, ANY(code), CODE, PAGES, MAP_READ | MAP_EXEC, &g));
	EXPECT_OK(sys_map_frames(sp, ANY(data), DATA, PAGES, MAP_READ | MAP_WRITE, &g));
	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(code), CODE_HERE, PAGES, MAP_READ | MAP_WRITE,
				 &g));
}

static void never(struct worker *w)
{
	(void)w;
}

/* A thread for such programs: no table, faults to ep. */
static struct worker *prisoner(struct sys_space *sp, u32 cpu, u64 flags, ep_h ep)
{
	struct worker *w = worker_new(PRIO_LOW, cpu, flags, never);

	EXPECT_OK(thread_bind(w->t.thread, THREAD_SPACE, ANY(sp->space), 0));
	worker_faults_to(w, ep, 1);
	EXPECT_OK(thread_bind(w->t.thread, THREAD_TABLE, (any_h){ 0 }, 0));
	return w;
}

/* 1: it faulted. */
static u32 run_program(struct worker *w, ep_h ep)
{
	struct msg m = { 0 };

	write_program();
	set_registers(w->t.thread);
	EXPECT_OK(thread_resume(w->t.thread));
	err_t e = ep_recv(ep, &m, sys_after(PATIENCE_US));
	if (err_is_ok(e)) {
		EXPECT_EQ(m.badge, 1);
		m.tag = (u64)FAULT_STOP << TAG_LABEL_SHIFT;
		EXPECT_OK(reply(&m, (reply_h){ 0 }));
	} else {
		EXPECT_ERR(e, DONE_TIMEOUT);
		EXPECT_OK(thread_stop(w->t.thread));
	}
	EXPECT(thread_is_stopped(w->t.thread));
	return err_is_ok(e) ? 1 : 0;
}

static void run_programs(u32 cpu)
{
	struct sys_space sp;
	ep_h ep = sys_ep();
	u32 faults = 0;
	const u64 over = sys_after(SECONDS * 1000000);

	make_space(&sp);
	struct worker *plain = prisoner(&sp, cpu, 0, ep), *fpu = prisoner(&sp, cpu, THREAD_FPU, ep);
	struct worker *foreign = prisoner(&sp, cpu, THREAD_FOREIGN, ep);

	/* On a busy host many are stopped before they have begun: then there are more. */
	for (u32 i = 0; (i < PROGRAMS || faults < PROGRAMS / 2) && sys_clock() < over; i++)
		faults += run_program(i % 3 == 0 ? plain : i % 3 == 1 ? fpu : foreign, ep);
	EXPECT(faults > 0);
	EXPECT_EQ(changed_registers(SYS_CAP_INFO, HANDLE_SYSTEM), 0);
}

TEST_FOR(crash_here, 60, "programs of random bytes fault or are stopped, and harm nobody")
{
	state = sys_option_number("seed=", 0x9e3779b9);
	run_programs(0);
}

TEST_FOR(crash_remote, 60, "programs of random bytes on another CPU fault or are stopped")
{
	need_cpus(2);
	state = sys_option_number("seed=", 0xd1b54a32);
	run_programs(1);
}
