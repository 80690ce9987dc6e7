/* SPDX-License-Identifier: MIT */
/*
 * Entries from user mode and exits to it.
 *
 * A thread's registers are pushed straight into its frame: on SYSCALL the stack
 * pointer is loaded with its end, on interrupts the processor takes it from the
 * TSS.  Then the CPU's own stack is used, which is empty at every entry, and
 * whatever thread is current at the end is left to.  Interrupts are off except
 * in idle_loop, so no entry interrupts another but those with a stack of their
 * own (IST), which touch neither GS nor locks.
 *
 * All of it but what runs later is in pages that user mode's page tables map
 * too.  Where processors leak, the exits are replaced by guarded ones at boot,
 * and entries by such as change tables: docs/design/mitigations.md.
 *
 * Manuals:    Intel SDM vol 2 (SYSCALL, SYSRET, SWAPGS), vol 3, 6.14.
 */
#include "abi.h"
#include "percpu.h"

/* In a frame; and from what is pushed first, rcx, on. */
#define FRAME_RCX 112
#define AT_RDI (96 - FRAME_RCX)
#define AT_R10 (56 - FRAME_RCX)
#define AT_KIND (48 - FRAME_RCX)
#define AT_RBX (40 - FRAME_RCX)
#define KIND_FULL 1
#define KIND_FOREIGN 2

	.macro push_scratch kind	/* rcx and what follows it are pushed */
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	push	%r8
	push	%r9
	push	%r10
	push	$\kind
	.endm

	.macro push_words
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	/* From the frame whose call_rsp ends at rsp. */
	.macro load_words
	mov	0 - CALL_TOP(%rsp), %r15
	mov	8 - CALL_TOP(%rsp), %r14
	mov	16 - CALL_TOP(%rsp), %r13
	mov	24 - CALL_TOP(%rsp), %r12
	mov	32 - CALL_TOP(%rsp), %rbp
	mov	40 - CALL_TOP(%rsp), %rbx
	.endm

	.macro load_scratch		/* r9 to r11 */
	mov	64 - CALL_TOP(%rsp), %r9
	mov	72 - CALL_TOP(%rsp), %r8
	mov	80 - CALL_TOP(%rsp), %rdx
	mov	88 - CALL_TOP(%rsp), %rsi
	mov	96 - CALL_TOP(%rsp), %rdi
	mov	104 - CALL_TOP(%rsp), %rax
	mov	112 - CALL_TOP(%rsp), %rcx
	mov	120 - CALL_TOP(%rsp), %r11
	.endm

	.macro leave_ist		/* to what was interrupted; rsp is at the frame */
	add	$CALL_TOP, %rsp
	load_words
	mov	56 - CALL_TOP(%rsp), %r10
	load_scratch
	add	$16, %rsp
	iretq
	.endm

	/* At boot, a jump to `target` is written over `site`, if what `when` says is needed. */
	.macro patch site target when
	.pushsection .patches, "a"
	.quad \site, \target, \when
	.popsection
	.endm

	.section .entry, "ax"
	.globl syscall_entry, syscall_entry_guarded, kernel_exit, idle_loop, idle_end
	.balign 64
syscall_entry:
	swapgs
	mov	%rsp, %gs:GS_SCRATCH
syscall_save:
	mov	%gs:GS_CALL_TOP, %rsp
	push	%gs:GS_SCRATCH
	push	%r11
	push	%rcx
	cmp	$SYS_EP_CALL, %rax
	je	fast_call
	cmp	$SYS_EP_REPLY_RECV, %rax
	je	fast_reply_recv
syscall_slow:
	push_scratch 0			/* FRAME_SYSCALL */
	push_words
	mov	%gs:GS_STACK, %rsp
	call	kernel_syscall

kernel_exit:
	mov	%gs:GS_CALL_TOP, %rsp
	load_words
	mov	48 - CALL_TOP(%rsp), %r10	/* kind; and 0 is what r10 comes back as */
	test	%r10, %r10
	jnz	exit_other
exit_scratch:
	load_scratch			/* rcx is never above the last user page, see USER_PAGES */
exit_call:
	mov	-8(%rsp), %rsp
	swapgs
	sysretq
	patch	exit_call, exit_call_guarded, GUARD_EXIT

exit_other:
	cmp	$KIND_FOREIGN, %r10
	mov	56 - CALL_TOP(%rsp), %r10
	je	exit_scratch
	ja	idle
	load_scratch
	add	$16, %rsp		/* vector, error */
exit_full:
	swapgs
	iretq
	patch	exit_full, exit_full_guarded, GUARD_EXIT

/*
 * A call or an answer with all there is in registers, and nothing to save but
 * what is pushed already: message words go to the receiver as they are.  C gets
 * the arguments where it wants them, but the fourth; leaves the registers that it
 * preserves alone; and goes on with one of the ends below, on an empty stack.
 */
	.balign 64
fast_call:
	mov	%rdi, AT_RDI(%rsp)
	mov	%r10, AT_R10(%rsp)	/* not an argument: of foreign calls that have the number */
	movq	$0, AT_KIND(%rsp)	/* FRAME_SYSCALL */
	mov	%gs:GS_STACK, %rsp
	jmp	kernel_fast_call

	.balign 64
fast_reply_recv:
	mov	%rdi, AT_RDI(%rsp)
	movq	$0, AT_KIND(%rsp)
	mov	%rbx, AT_RBX(%rsp)	/* word 0: the result of a foreign call, perhaps */
	mov	%gs:GS_STACK, %rsp
	mov	%r10, %rcx
	jmp	kernel_fast_reply_recv

	.macro check_stack
#if DEBUG
	cmp	%gs:GS_STACK, %rsp
	jne	fast_stack		/* the compiler has called what it was to jump to */
#endif
	.endm

/* Nothing was done: the ordinary way. */
	.globl arch_fast_not_call, arch_fast_not_reply_recv, arch_fast_direct, arch_fast_full
arch_fast_not_reply_recv:
	check_stack
	mov	%gs:GS_CALL_TOP, %rsp
	sub	$24, %rsp
	mov	%rcx, AT_R10(%rsp)
	mov	$SYS_EP_REPLY_RECV, %eax
	jmp	1f
arch_fast_not_call:
	check_stack
	mov	%gs:GS_CALL_TOP, %rsp
	sub	$24, %rsp
	mov	$SYS_EP_CALL, %eax
1:	mov	AT_RDI(%rsp), %rdi
	mov	AT_R10(%rsp), %r10
	jmp	syscall_slow

/* To the thread whose frame's call_rsp ends at rcx, with what registers hold. */
	.balign 16
arch_fast_direct:
	check_stack
	xor	%eax, %eax
	xor	%r10d, %r10d
exit_direct:
	mov	-8(%rcx), %rsp
	mov	-16(%rcx), %r11
	mov	-24(%rcx), %rcx
	swapgs
	sysretq
	patch	exit_direct, exit_direct_guarded, GUARD_EXIT

#if DEBUG
fast_stack:
	ud2
#endif

arch_fast_full = kernel_exit

/* No thread: CR3 holds the kernel's tables, GS is the kernel's, nothing is on the stack. */
idle:
	mov	%gs:GS_STACK, %rsp
idle_loop:
	sti
	hlt
	cli
	jmp	idle_loop
idle_end:

/* Vector and error code are pushed; below them are rip, cs, rflags, rsp, ss. */
	.balign 16
trap_entry:
	testb	$3, 24(%rsp)
	jz	trap_from_kernel
	patch	trap_entry, trap_entry_guarded, GUARD_TABLES
	push	$0			/* call_rsp */
	push	%r11
	push	%rcx
	push_scratch KIND_FULL
	push_words
	mov	136(%rsp), %esi	/* vector */
	swapgs
	lfence				/* the branch above may have been mispredicted */
	mov	%gs:GS_STACK, %rsp
trap_enter:
	push	$2			/* AC and DF are the user's: clear them */
	popfq
	mov	%gs:GS_CPU, %edi
	call	trap
	jmp	kernel_exit

/* An interrupt of idle_loop starts an entry; all else is a bug. */
trap_from_kernel:
	lfence
	push	$0
	push	%r11
	push	%rcx
	push_scratch KIND_FULL
	push_words
	mov	%rsp, %rdi
	mov	136(%rsp), %esi
	mov	152(%rsp), %rax	/* rip */
	cmp	$idle_loop, %rax
	jb	trap_kernel
	cmp	$idle_end, %rax
	jae	trap_kernel
	cmp	$32, %esi
	jb	trap_kernel
	mov	%gs:GS_STACK, %rsp
	jmp	trap_enter

/* #DB, NMI, #DF and #MC: from anywhere, so GS may be either. */
	.balign 16
ist_entry:
	patch	ist_entry, ist_entry_guarded, GUARD_TABLES
	push	$0
	push	%r11
	push	%rcx
	push_scratch KIND_FULL
	push_words
	cld
	mov	%rsp, %rdi
	call	trap_ist		/* 1: a trap of user mode, now in the thread's frame */
	test	%eax, %eax
	jnz	1f
	leave_ist
1:	swapgs
	lfence
	mov	$1, %esi
	mov	%gs:GS_STACK, %rsp
	jmp	trap_enter

/*
 * Guarded: user mode has page tables of its own (GS_USER_CR3, 0 if not), which
 * map this file and the CPU's own area; and buffers are overwritten (VERW).
 * Once user tables were loaded, what the TLB has of them may stay.
 */
	.macro user_tables reg
	mov	%gs:GS_USER_CR3, \reg
	test	\reg, \reg
	jz	1f
	mov	\reg, %cr3
	mov	%gs:GS_CR3_KEEP, \reg
	or	\reg, %gs:GS_USER_CR3
1:	verw	%gs:GS_VERW
	.endm

exit_direct_guarded:
	mov	%rcx, %rsp
	mov	-16(%rcx), %r11
	mov	-24(%rcx), %rcx
exit_call_guarded:			/* rsp is at the end of call_rsp */
	sub	$8, %rsp
	pop	%gs:GS_SCRATCH
	user_tables %rsp
	mov	%gs:GS_SCRATCH, %rsp
	swapgs
	sysretq

exit_full_guarded:			/* rsp is at rip */
	pop	%gs:GS_IRET
	pop	%gs:GS_IRET + 8
	pop	%gs:GS_IRET + 16
	pop	%gs:GS_IRET + 24
	pop	%gs:GS_IRET + 32
	mov	%rax, %gs:GS_SCRATCH
	user_tables %rax
	mov	%gs:GS_SCRATCH, %rax
	mov	%gs:GS_IRET_AT, %rsp
	swapgs
	iretq

syscall_entry_guarded:
	swapgs
	mov	%rsp, %gs:GS_SCRATCH
	mov	%gs:GS_KERNEL_CR3, %rsp
	mov	%rsp, %cr3
	jmp	syscall_save

/* On the stack of IST_ENTRY, since user tables do not map the thread's frame. */
trap_entry_guarded:
	testb	$3, 24(%rsp)
	jz	trap_from_kernel
	swapgs
	lfence
	mov	%rax, %gs:GS_SCRATCH
	mov	%gs:GS_KERNEL_CR3, %rax
	mov	%rax, %cr3
	mov	%rsp, %rax
	mov	%gs:GS_FRAME_END, %rsp
	push	48(%rax)		/* ss, rsp, rflags, cs, rip, error code, vector */
	push	40(%rax)
	push	32(%rax)
	push	24(%rax)
	push	16(%rax)
	push	8(%rax)
	push	(%rax)
	mov	%gs:GS_SCRATCH, %rax
	push	$0
	push	%r11
	push	%rcx
	push_scratch KIND_FULL
	push_words
	mov	136(%rsp), %esi
	mov	%gs:GS_STACK, %rsp
	jmp	trap_enter

/* The CPU's area is found from the stack; what it interrupted goes on with the tables it had. */
ist_entry_guarded:
	push	$0
	push	%r11
	push	%rcx
	push_scratch KIND_FULL
	push_words
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rax
	and	$~0xffff, %rax
	mov	%cr3, %rbx
	mov	PERCPU_AT + GS_KERNEL_CR3(%rax), %rax
	mov	%rax, %cr3
	call	trap_ist
	test	%eax, %eax
	jnz	1f
	mov	%rbx, %cr3
	leave_ist
1:	swapgs
	lfence
	mov	$1, %esi
	mov	%gs:GS_STACK, %rsp
	jmp	trap_enter

/* One stub of 16 bytes for each vector: error code if the processor pushes none, vector, jump. */
	.balign 16
	.globl trap_stub
trap_stub:
	.set vector, 0
	.rept 256
	.balign 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	push	$0
	.endif
	push	$vector
	.if vector == 1 || vector == 2 || vector == 8 || vector == 18
	jmp	ist_entry
	.else
	jmp	trap_entry
	.endif
	.set vector, vector + 1
	.endr
	.balign 16
