/* SPDX-License-Identifier: MIT */
/*
 * Faults as messages, answers to them, and foreign system calls.
 */
#include "ktest.h"

enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_FETCH = 16 };
enum {
	VECTOR_DE = 0,
	VECTOR_BP = 3,
	VECTOR_UD = 6,
	VECTOR_NM = 7,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_MF = 16,
	VECTOR_XM = 19
};
#define READ_ONLY (AREA_A + 0x10000)

/* raw.S */
extern const char fault_next[];
void do_div(struct worker *w);
void do_ud(struct worker *w);
void do_hlt(struct worker *w);
void do_int3(struct worker *w);
void do_int80(struct worker *w);
void do_sysenter(struct worker *w);
void do_fpu(struct worker *w);
void do_noncanonical(struct worker *w);
void do_jump_noncanonical(struct worker *w);
void do_in(struct worker *w);
void do_wrmsr(struct worker *w);
void do_kernel_read(struct worker *w);
void do_foreign(struct worker *w);
void do_iret_bad(struct worker *w);
void do_registers(struct worker *w);
void do_x87(struct worker *w);
void do_simd(struct worker *w);
void do_stack(struct worker *w);

/* Start `fn`, whose faults come here, and take the first. */
static struct worker *fault_of(void (*fn)(struct worker *), u64 flags, u64 arg, struct msg *m)
{
	struct worker *w = worker_new(PRIO_HIGH, 0, flags, fn);

	w->ep = sys_ep();
	w->a = arg;
	worker_faults_to(w, w->ep, 77);
	worker_run(w);
	m->tag = 0;
	EXPECT_OK(ep_recv(w->ep, m, 0));
	EXPECT_EQ(m->badge, 77);
	return w;
}

static void answer(struct worker *w, struct msg *m, u64 label, u64 words)
{
	(void)w;
	m->tag = label << TAG_LABEL_SHIFT | words;
	EXPECT_OK(reply(m, (reply_h){ 0 }));
}

static void read_it(struct worker *w)
{
	w->out[0] = *(volatile u64 *)w->a;
	w->count = 1;
}

static void write_it(struct worker *w)
{
	*(volatile u64 *)w->a = 9;
	w->count = 1;
}

static void jump_there(struct worker *w)
{
	((void (*)(void))w->a)();
	w->count = 1;
}

static void expect_page_fault(void (*fn)(struct worker *), u64 address, u64 code)
{
	struct msg m;
	struct worker *w = fault_of(fn, 0, address, &m);

	EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_PAGE);
	EXPECT_EQ(m.w[0] & (PF_PRESENT | PF_WRITE | PF_USER | PF_FETCH), code);
	EXPECT_EQ(m.w[1], address);
	/* The message page shows the same as the words. */
	volatile struct regs_general *regs = fault_regs(w->t.thread);

	EXPECT(regs != NULL);
	EXPECT_EQ(regs->rip, m.w[2]);
	EXPECT_EQ(regs->rsp, m.w[3]);
	answer(w, &m, FAULT_STOP, 0);
	EXPECT(thread_is_stopped(w->t.thread));
	EXPECT_EQ(w->count, 0);
}

TEST(page_read, "reading where nothing is mapped is a fault with the address")
{
	expect_page_fault(read_it, AREA_A + 0x123, PF_USER);
	expect_page_fault(read_it, 0, PF_USER);
	expect_page_fault(read_it, 0x7ffffffffff8ull, PF_USER);
}

TEST(page_write, "writing to a page that can only be read is a fault")
{
	frames_h f = sys_frames(1);
	grant_h g;

	EXPECT_OK(sys_map_frames(&sys_own_space, ANY(f), READ_ONLY, 1, MAP_READ, &g));
	expect_page_fault(write_it, READ_ONLY + 8, PF_USER | PF_WRITE | PF_PRESENT);
	expect_page_fault(write_it, AREA_B, PF_USER | PF_WRITE);
}

TEST(page_exec, "executing a page without that right is a fault")
{
	grant_h g;

	(void)frames_at(AREA_A, 1, &g);
	expect_page_fault(jump_there, AREA_A, PF_USER | PF_FETCH | PF_PRESENT);
}

TEST(kernel_memory, "the kernel's memory can be neither read nor written nor executed")
{
	struct msg m;
	struct worker *w;

	for (u32 i = 0; i < 3; i++) {
		w = fault_of(i == 0   ? read_it
			     : i == 1 ? write_it
				      : jump_there,
			     0, 0xffffffff80200000ull, &m);
		EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_PAGE);
		EXPECT_EQ(m.w[0] & PF_USER, PF_USER);
		answer(w, &m, FAULT_STOP, 0);
	}
	w = fault_of(read_it, 0, 0xffff800000000000ull, &m);
	EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_PAGE);
	answer(w, &m, FAULT_STOP, 0);
}

TEST(page_resume, "a thread whose page was mapped after its fault goes on as if nothing happened")
{
	struct msg m;
	struct worker *w = fault_of(read_it, 0, AREA_A + 16, &m);
	grant_h g;

	(void)frames_at(AREA_A, 1, &g);
	*(volatile u64 *)(AREA_A + 16) = 4321;
	answer(w, &m, FAULT_RESUME, 0);
	EXPECT(w->done);
	EXPECT_EQ(w->out[0], 4321);
}

static void expect_exception(void (*fn)(struct worker *), u64 vector)
{
	struct msg m;
	struct worker *w = fault_of(fn, 0, 0, &m);

	EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_EXCEPTION);
	EXPECT_EQ(m.w[0] >> 32, vector);
	answer(w, &m, FAULT_STOP, 0);
	EXPECT(thread_is_stopped(w->t.thread));
}

TEST(divide_error, "dividing by zero is reported as #DE")
{
	expect_exception(do_div, VECTOR_DE);
}
TEST(bad_opcode, "an invalid instruction is reported as #UD")
{
	expect_exception(do_ud, VECTOR_UD);
}
TEST(privileged, "a privileged instruction is reported as #GP")
{
	expect_exception(do_hlt, VECTOR_GP);
}
TEST(int3, "a break point instruction is reported as #BP")
{
	expect_exception(do_int3, VECTOR_BP);
}
TEST(int_gate, "int 0x80 is reported as #GP")
{
	expect_exception(do_int80, VECTOR_GP);
}
TEST(port_direct, "an I/O instruction of a program is reported as #GP")
{
	expect_exception(do_in, VECTOR_GP);
}
TEST(msr_direct, "writing an MSR is reported as #GP")
{
	expect_exception(do_wrmsr, VECTOR_GP);
}
TEST(fpu_flag, "the FPU without THREAD_FPU is reported as #NM")
{
	expect_exception(do_fpu, VECTOR_NM);
}
TEST(noncanonical, "a non-canonical data address is reported as #GP")
{
	expect_exception(do_noncanonical, VECTOR_GP);
}
TEST(jump_noncanonical, "a jump to a non-canonical address is reported as #GP")
{
	expect_exception(do_jump_noncanonical, VECTOR_GP);
}

TEST(x87_error, "a division by zero of the x87 unit is reported as #MF, if the program unmasked it")
{
	struct msg m;
	struct worker *w = fault_of(do_x87, THREAD_FPU, 0, &m);

	EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_EXCEPTION);
	EXPECT_EQ(m.w[0] >> 32, VECTOR_MF);
	answer(w, &m, FAULT_STOP, 0);
}

TEST(simd_error,
     "a division by zero of the SSE unit is reported as #XM, if the program unmasked it")
{
	struct worker *w = worker_new(PRIO_HIGH, 0, THREAD_FPU, do_simd);
	struct msg m = { 0 };

	w->ep = sys_ep();
	worker_faults_to(w, w->ep, 0);
	worker_run(w);
	if (w->done)
		test_skip("this processor raises no SIMD exceptions");
	EXPECT_OK(ep_recv(w->ep, &m, 0));
	EXPECT_EQ(m.w[0] >> 32, VECTOR_XM);
	answer(w, &m, FAULT_STOP, 0);
}

TEST(stack_error, "a push to a non-canonical address is reported as #SS or #GP")
{
	struct msg m;
	struct worker *w = fault_of(do_stack, 0, 0, &m);

	EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_EXCEPTION);
	EXPECT(m.w[0] >> 32 == VECTOR_SS || m.w[0] >> 32 == VECTOR_GP);
	answer(w, &m, FAULT_STOP, 0);
}

TEST(sysenter, "SYSENTER ends in a fault")
{
	struct msg m;
	struct worker *w = fault_of(do_sysenter, 0, 0, &m);

	EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_EXCEPTION);
	EXPECT(m.w[0] >> 32 == VECTOR_GP || m.w[0] >> 32 == VECTOR_UD);
	answer(w, &m, FAULT_STOP, 0);
}

TEST(iret_bad, "IRET with a bad frame in user mode is the program's fault")
{
	struct msg m;
	struct worker *w = fault_of(do_iret_bad, 0, 0, &m);

	/* QEMU with SMAP reads the frame with the kernel's rights, and reports a page fault. */
	EXPECT(m.tag >> TAG_LABEL_SHIFT == FAULT_EXCEPTION ||
	       m.tag >> TAG_LABEL_SHIFT == FAULT_PAGE);
	answer(w, &m, FAULT_STOP, 0);
}

TEST(no_handler, "a thread without fault endpoint is stopped, with its registers readable")
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, do_ud);
	u64 bytes = 0;

	EXPECT_OK(thread_bind(w->t.thread, THREAD_FAULT, (any_h){ 0 }, 0));
	worker_run(w);
	EXPECT_OK(thread_get_regs(w->t.thread, REGS_GENERAL, &bytes, NULL));
	EXPECT_EQ(bytes, sizeof(struct regs_general));
	EXPECT_EQ(runner.msg[16], (u64)do_ud);
}

TEST(skip_instruction, "an answer with registers goes on with them")
{
	struct msg m;
	struct worker *w = fault_of(do_registers, 0, 0, &m);

	/* rbx .. r15 hold known values there. */
	volatile struct regs_general *regs = fault_regs(w->t.thread);

	EXPECT(regs != NULL);
	EXPECT_EQ(regs->rbx, 0x1b);
	EXPECT_EQ(regs->r12, 0x12);
	EXPECT_EQ(regs->r15, 0x15);
	EXPECT_EQ(regs->rax, 0x1a);
	EXPECT_EQ(regs->rdi, (u64)w);
	regs->rip += 2;
	regs->rax = 0x600d;
	answer(w, &m, FAULT_REGS, 8 + sizeof(struct regs_general) / 8);
	EXPECT(w->done);
	EXPECT_EQ(w->out[0], 0x600d);
	EXPECT_EQ(w->out[1], 0x15);
}

TEST(hostile_answer, "hostile registers in an answer are made harmless")
{
	struct msg m;
	struct worker *w = fault_of(do_ud, 0, 0, &m);

	for (u32 round = 0; round < 4; round++) {
		for (u32 i = 0; i < sizeof(struct regs_general) / 8; i++)
			runner.msg[8 + i] = round % 2 ? ~0ull : 0x8000000000000000ull >> round;
		m.tag = (u64)FAULT_REGS << TAG_LABEL_SHIFT | (8 + sizeof(struct regs_general) / 8);
		EXPECT_OK(ep_reply_recv(w->ep, &m, 0, (reply_h){ 0 }));
		EXPECT_EQ(m.badge, 77);
	}
	answer(w, &m, FAULT_STOP, 0);
}

TEST(fault_cancelled, "a fault that nobody answers leaves the thread stopped")
{
	struct msg m;
	struct worker *w = fault_of(do_ud, 0, 0, &m);

	/* Dropping the right to answer. */
	m.tag = TAG_NONBLOCK;
	EXPECT_ERR(ep_recv(w->ep, &m, 0), ERR_WOULD_BLOCK);
	EXPECT(!thread_is_stopped(w->t.thread));
	m.tag = 0;
	EXPECT_ERR(ep_recv(w->ep, &m, 1), DONE_TIMEOUT);
	EXPECT(thread_is_stopped(w->t.thread));
}

TEST(fault_ep_dies, "a thread whose fault waits at an endpoint that is destroyed is stopped")
{
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, do_ud);
	ep_h ep = sys_ep();

	worker_faults_to(w, ep, 1);
	worker_run(w);
	EXPECT(!thread_is_stopped(w->t.thread));
	EXPECT_OK(sys_destroy(ANY(ep)));
	EXPECT(thread_is_stopped(w->t.thread));
}

TEST(fault_stop_answer,
     "a thread that is stopped while its fault is handled stays so after the answer")
{
	struct msg m;
	struct worker *w = fault_of(do_registers, 0, 0, &m);

	EXPECT_OK(thread_stop(w->t.thread));
	EXPECT(thread_is_stopped(w->t.thread));
	answer(w, &m, FAULT_RESUME, 0);
	EXPECT(thread_is_stopped(w->t.thread));
	EXPECT(!w->done);
}

TEST(foreign_call, "a system call of a foreign thread is a message with number and arguments")
{
	struct msg m;
	struct worker *w = fault_of(do_foreign, THREAD_FOREIGN, 0, &m);

	EXPECT_EQ(m.tag >> TAG_LABEL_SHIFT, FAULT_SYSCALL);
	EXPECT_EQ(m.w[0], 100);
	for (u64 i = 1; i <= 6; i++)
		EXPECT_EQ(m.w[i], 100 + i);
	EXPECT_EQ(m.w[7], (u64)fault_next);
	m.w[0] = 0xabcdef;
	answer(w, &m, FAULT_RESULT, 1);
	/* The result, and the registers that must have been kept. */
	m.tag = 0;
	EXPECT_OK(ep_recv(w->ep, &m, 0));
	EXPECT_EQ(m.w[0], 0xabcdef);
	EXPECT_EQ(m.w[1], 101);
	EXPECT_EQ(m.w[6], 106);
	answer(w, &m, FAULT_STOP, 0);
	EXPECT(thread_is_stopped(w->t.thread));
}

TEST(foreign_regs, "the answer to a foreign system call can set all registers")
{
	struct msg m;
	struct worker *w = fault_of(do_foreign, THREAD_FOREIGN, 0, &m);

	volatile struct regs_general *regs = fault_regs(w->t.thread);

	EXPECT(regs != NULL);
	EXPECT_EQ(regs->rip, (u64)fault_next);
	regs->rax = 3;
	regs->rdi = 4;
	regs->rcx = 5;
	regs->r11 = 6;
	answer(w, &m, FAULT_REGS, 8 + sizeof(struct regs_general) / 8);
	m.tag = 0;
	EXPECT_OK(ep_recv(w->ep, &m, 0));
	EXPECT_EQ(m.w[0], 3);
	EXPECT_EQ(m.w[1], 4);
	EXPECT_EQ(m.w[2], 102);
	answer(w, &m, FAULT_STOP, 0);
}

TEST(fault_lends, "who handles a fault runs at once, at the priority of who faulted")
{
	ep_h ep = sys_ep();
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, do_ud);
	struct msg m = { 0 };

	worker_faults_to(w, ep, 5);
	worker_run(w);
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.badge, 5);
	answer(w, &m, FAULT_STOP, 0);
}

static void handle_fault(struct worker *w)
{
	w->result = ep_recv(w->ep, &w->m, 0);
	w->m.tag = (u64)FAULT_STOP << TAG_LABEL_SHIFT;
	w->result = reply(&w->m, (reply_h){ 0 });
}

TEST(fault_no_page, "a handler without message page gets the words of a fault")
{
	struct worker *h = worker_new(PRIO_HIGH, 0, 0, handle_fault);
	struct worker *w = worker_new(PRIO_HIGH, 0, 0, do_ud);

	h->ep = sys_ep();
	EXPECT_OK(thread_bind(h->t.thread, THREAD_MSG, (any_h){ 0 }, 0));
	worker_run(h);
	worker_faults_to(w, h->ep, 5);
	worker_run(w);
	WAIT_FOR(h->done);
	EXPECT_EQ(h->m.w[2], (u64)do_ud);
	EXPECT(thread_is_stopped(w->t.thread));
}

TEST(fault_remote, "a fault on another CPU is handled on this one")
{
	need_cpus(2);
	struct worker *w = worker_new(PRIO_HIGH, 1, 0, do_ud);
	ep_h ep = sys_ep();
	struct msg m = { 0 };

	worker_faults_to(w, ep, 5);
	worker_run(w);
	EXPECT_OK(ep_recv(ep, &m, 0));
	EXPECT_EQ(m.w[2], (u64)do_ud);
	answer(w, &m, FAULT_STOP, 0);
	EXPECT(thread_is_stopped(w->t.thread));
}
