/* SPDX-License-Identifier: MIT */
/*
 * Frames of signal handlers on programs' stacks, and the return from them.
 *
 * The layout is that of Linux for x86-64: struct rt_sigframe (return address, ucontext, siginfo),
 * above it the FPU state with its marks.
 * Manuals:    System V ABI for AMD64, 3.2.2 (red zone); Intel SDM vol 1, 13.4.
 */
#include "internal.h"
#include "../mm/mm.h"
#include "linux/calls.h"
#include "linux/words.h"

enum {
	RED_ZONE = 128,
	FX_SW_BYTES = 464, /* where the marks stand in the legacy part */
	XSTATE_MAX = 4096,
	XSTATE_ALIGN = 64,
	FXSAVE_BYTES = 512,
	USER_CS = 0x33,
	USER_SS = 0x2b,
	SS_ONSTACK = 1,
	SS_DISABLE = 2,
	MINSIGSTKSZ = 2048,
};
#define SS_AUTODISARM 0x80000000u
#define FP_MAGIC1 0x46505853u
#define FP_MAGIC2 0x46505845u
#define FLAGS_CLEARED 0x10500ull /* RF, DF, TF */
#define UC_FP_XSTATE 1
#define UC_SIGCONTEXT_SS 2
#define UC_STRICT_RESTORE_SS 4

struct stack {
	u64 sp;
	u32 flags, pad;
	u64 size;
};

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip,
		eflags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2, fpstate, reserved[8];
};

struct ucontext {
	u64 flags, link;
	struct stack stack;
	struct sigcontext mc;
	u64 mask;
};

struct rt_sigframe {
	u64 restorer;
	struct ucontext uc;
	struct siginfo info;
};
_Static_assert(sizeof(struct rt_sigframe) == 8 + 304 + 128, "rt_sigframe");

struct fp_marks {
	u32 magic1, extended_size;
	u64 features;
	u32 xstate_size, pad[7];
};

/* --- alternate stack ------------------------------------------------------------------ */

static bool on_altstack(const struct task *t, u64 sp)
{
	if (t->altstack.flags & SS_AUTODISARM)
		return false;
	return t->altstack.size != 0 && sp > t->altstack.sp &&
	       sp - t->altstack.sp <= t->altstack.size;
}

static struct stack stack_of(const struct task *t, u64 sp)
{
	struct stack s = { .sp = t->altstack.sp, .size = t->altstack.size };

	s.flags = t->altstack.size == 0 ? SS_DISABLE
					: (on_altstack(t, sp) ? SS_ONSTACK : 0) | t->altstack.flags;
	return s;
}

static s64 set_stack(struct task *t, const struct stack *s, u64 sp)
{
	u32 mode = s->flags & ~SS_AUTODISARM;

	if (on_altstack(t, sp))
		return -EPERM;
	if (!lx_takes_sigaltstack_ss(s->flags))
		return lx_refused(t, LX_TAKES_SIGALTSTACK_SS, s->flags, NULL);
	if (mode == (SS_DISABLE | SS_ONSTACK))
		return -EINVAL;
	if (mode != SS_DISABLE && s->size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack.sp = mode == SS_DISABLE ? 0 : s->sp;
	t->altstack.size = mode == SS_DISABLE ? 0 : s->size;
	t->altstack.flags = s->flags & SS_AUTODISARM;
	return 0;
}

s64 lx_sigaltstack(struct task *t, u64 new, u64 old)
{
	u64 sp = task_regs(t)->rsp;
	struct stack was = stack_of(t, sp), s;

	if (new != 0) {
		if (copy_in(t->mm, &s, new, sizeof s) != 0)
			return -EFAULT;
		s64 e = set_stack(t, &s, sp);
		if (e != 0)
			return e;
	}
	if (old != 0 && copy_out(t->mm, old, &was, sizeof was) != 0)
		return -EFAULT;
	return 0;
}

/* --- FPU state -------------------------------------------------------------------------- */

/* Bytes of the image with the mark at its end. */
static u64 fp_bytes(void)
{
	return env.xstate_bytes > FXSAVE_BYTES ? env.xstate_bytes + sizeof(u32) : FXSAVE_BYTES;
}

/* The state of the thread, with its marks, as it stands in a frame. */
static void fp_get(struct task *t, u8 *image)
{
	u32 magic2 = FP_MAGIC2;

	(void)thread_get_regs(t->thread, REGS_XSTATE, NULL, NULL);
	memcpy(image, (const void *)env.msg, env.xstate_bytes);
	if (env.xstate_bytes > FXSAVE_BYTES) {
		struct fp_marks m = { FP_MAGIC1, (u32)fp_bytes(), env.xstate_mask,
				      (u32)env.xstate_bytes, { 0 } };

		memcpy(image + FX_SW_BYTES, &m, sizeof m);
		memcpy(image + env.xstate_bytes, &magic2, sizeof magic2);
	}
}

/* Into the program at `at`: straight into its page, if it is one. */
static bool fp_save(struct task *t, u64 at)
{
	u8 image[XSTATE_MAX + sizeof(u32)];
	u64 bytes = fp_bytes();
	u8 *page = user_window(t->mm, at, &bytes, ACCESS_WRITE);

	if (page == NULL)
		return false;
	if (bytes == fp_bytes()) {
		fp_get(t, page);
		return true;
	}
	fp_get(t, image);
	return copy_out(t->mm, at, image, fp_bytes()) == 0;
}

/*
 * The image at `at`, into the message page; it may be one without what came after FXSAVE.
 * Of one that lies in one page all is copied at once: its marks are looked at in the copy, which nobody changes.
 */
static bool fp_copy(struct task *t, u64 at, struct fp_marks *m)
{
	u8 image[XSTATE_MAX];
	u64 bytes = env.xstate_bytes;
	const u8 *page = user_window(t->mm, at, &bytes, ACCESS_READ);

	if (page == NULL)
		return false;
	if (bytes != env.xstate_bytes) {
		if (copy_in(t->mm, image, at, FXSAVE_BYTES) != 0)
			return false;
		memcpy(m, image + FX_SW_BYTES, sizeof *m);
		if (m->magic1 == FP_MAGIC1 && copy_in(t->mm, image, at, env.xstate_bytes) != 0)
			return false;
		page = image;
	}
	memcpy((void *)env.msg, page, env.xstate_bytes);
	memcpy(m, (const u8 *)env.msg + FX_SW_BYTES, sizeof *m);
	return true;
}

/* What does not stand in the image is in its initial state. The kernel makes harmless what is not. */
static bool fp_load(struct task *t, u64 at)
{
	struct fp_marks m;
	u8 *image = (u8 *)env.msg;
	u64 features = 0;

	if (!fp_copy(t, at, &m))
		return false;
	if (env.xstate_bytes > FXSAVE_BYTES && m.magic1 == FP_MAGIC1 &&
	    m.xstate_size == env.xstate_bytes)
		memcpy(&features, image + FXSAVE_BYTES, sizeof features);
	else
		m.features = features = 3;
	features &= m.features;
	memset(image + FX_SW_BYTES, 0, FXSAVE_BYTES - FX_SW_BYTES);
	if (env.xstate_bytes > FXSAVE_BYTES)
		memcpy(image + FXSAVE_BYTES, &features, sizeof features);
	(void)thread_set_regs(t->thread, REGS_XSTATE);
	return true;
}

/* --- the frame ---------------------------------------------------------------------------- */

static void fill_context(struct task *t, struct sigcontext *c, u64 fpstate, sigset_t mask)
{
	const struct regs_general *r = task_regs(t);

	*c = (struct sigcontext){
		.r8 = r->r8,
		.r9 = r->r9,
		.r10 = r->r10,
		.r11 = r->r11,
		.r12 = r->r12,
		.r13 = r->r13,
		.r14 = r->r14,
		.r15 = r->r15,
		.rdi = r->rdi,
		.rsi = r->rsi,
		.rbp = r->rbp,
		.rbx = r->rbx,
		.rdx = r->rdx,
		.rax = r->rax,
		.rcx = r->rcx,
		.rsp = r->rsp,
		.rip = r->rip,
		.eflags = r->rflags,
		.cs = USER_CS,
		.ss = USER_SS,
		.err = t->fault.code,
		.trapno = t->fault.vector,
		.oldmask = mask,
		.cr2 = t->fault.address,
		.fpstate = fpstate,
	};
}

bool signal_frame(struct task *t, int signo, const struct siginfo *info,
		  const struct sigaction *a, sigset_t mask)
{
	struct regs_general *r = task_regs(t);
	struct rt_sigframe f = { .restorer = a->restorer, .info = *info };
	u64 sp = r->rsp - RED_ZONE, fp, at;

	if ((a->flags & SA_ONSTACK) && t->altstack.size != 0 && !on_altstack(t, r->rsp))
		sp = t->altstack.sp + t->altstack.size;
	fp = (sp - fp_bytes()) & ~(u64)(XSTATE_ALIGN - 1);
	at = ((fp - sizeof f) & ~15ull) - 8;
	f.uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
		     (env.xstate_bytes > FXSAVE_BYTES ? UC_FP_XSTATE : 0);
	f.uc.stack = stack_of(t, r->rsp);
	f.uc.mask = mask;
	fill_context(t, &f.uc.mc, fp, mask);
	if (!(a->flags & SA_RESTORER) || !fp_save(t, fp) ||
	    copy_out(t->mm, at, &f, sizeof f) != 0)
		return false;
	if (t->altstack.flags & SS_AUTODISARM) {
		t->altstack.size = 0;
		t->altstack.flags = 0;
	}
	r->rdi = (u64)signo;
	r->rsi = at + offsetof(struct rt_sigframe, info);
	r->rdx = at + offsetof(struct rt_sigframe, uc);
	r->rax = 0;
	r->rsp = at;
	r->rip = a->handler;
	r->rflags &= ~FLAGS_CLEARED;
	return true;
}

static void load_context(struct regs_general *r, const struct sigcontext *c)
{
	r->r8 = c->r8;
	r->r9 = c->r9;
	r->r10 = c->r10;
	r->r11 = c->r11;
	r->r12 = c->r12;
	r->r13 = c->r13;
	r->r14 = c->r14;
	r->r15 = c->r15;
	r->rdi = c->rdi;
	r->rsi = c->rsi;
	r->rbp = c->rbp;
	r->rbx = c->rbx;
	r->rdx = c->rdx;
	r->rax = c->rax;
	r->rcx = c->rcx;
	r->rsp = c->rsp;
	r->rip = c->rip;
	r->rflags = c->eflags;
}

s64 lx_rt_sigreturn(struct task *t)
{
	struct regs_general *r = task_regs(t);
	struct ucontext uc;

	t->call_nr = ~0ull;
	if (copy_in(t->mm, &uc, r->rsp, sizeof uc) != 0) {
		signal_fault(t, SIGSEGV, NULL);
		return 0;
	}
	signal_block(t, uc.mask);
	load_context(r, &uc.mc);
	t->work |= WORK_REGS;
	if (uc.mc.fpstate != 0 && !fp_load(t, uc.mc.fpstate)) {
		signal_fault(t, SIGSEGV, NULL);
		return 0;
	}
	(void)set_stack(t, &uc.stack, r->rsp);
	return 0;
}
