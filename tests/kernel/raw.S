/* SPDX-License-Identifier: MIT */
/*
 * What only assembly can do to the kernel.
 */
#define OUT 88 /* offset of out in struct worker; ktest.h checks it */
#define ARG_EP 64
#define ARG_A 72
#define ARG_B 80
#include "abi.h"
	.text
	.globl changed_registers
changed_registers:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movl	$11, %ebx
	movl	$12, %ebp
	movl	$13, %r12d
	movl	$14, %r13d
	movl	$15, %r14d
	movl	$16, %r15d
	movl	$17, %r8d
	movl	$18, %r9d
	movl	$77, %r10d
	syscall
	subq	$11, %rbx
	subq	$12, %rbp
	subq	$13, %r12
	subq	$14, %r13
	subq	$15, %r14
	subq	$16, %r15
	subq	$17, %r8
	subq	$18, %r9
	movq	%r10, %rax
	orq	%rbx, %rax
	orq	%rbp, %rax
	orq	%r12, %rax
	orq	%r13, %rax
	orq	%r14, %rax
	orq	%r15, %rax
	orq	%r8, %rax
	orq	%r9, %rax
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

/* --- what programs should not do (fault.c); rdi: the worker ------------------------- */
	.globl do_div, do_ud, do_hlt, do_int3, do_int80, do_sysenter, do_fpu, do_noncanonical
	.globl do_jump_noncanonical, do_in, do_wrmsr, do_foreign, do_iret_bad, do_registers
	.globl fault_next, do_x87, do_simd, do_stack
do_div:
	xorl	%ecx, %ecx
	movl	$1, %eax
	cltd
	idivl	%ecx
	ret
do_ud:
	ud2
do_hlt:
	hlt
do_int3:
	int3
	ret
do_int80:
	int	$0x80
	ret
do_sysenter:
	sysenter
do_fpu:
	pxor	%xmm0, %xmm0
	ret
/* 1 / 0, unmasked; the processor tells with the next instruction that waits. */
do_x87:
	fninit
	pushq	$0x37b
	fldcw	(%rsp)
	popq	%rax
	fldz
	fld1
	fdivp
	fwait
	ret
do_simd:
	pushq	$0x1d80
	ldmxcsr	(%rsp)
	popq	%rax
	movl	$1, %eax
	cvtsi2ss %eax, %xmm0
	xorps	%xmm1, %xmm1
	divss	%xmm1, %xmm0
	ret
do_stack:
	movabsq	$0x0000800000000100, %rsp
	pushq	%rax
	ud2
do_noncanonical:
	movabsq	$0x0000800000000000, %rax
	movq	(%rax), %rax
	ret
do_jump_noncanonical:
	movabsq	$0x0000800000000000, %rax
	jmp	*%rax
do_in:
	inb	$0x80, %al
	ret
do_wrmsr:
	movl	$0xc0000080, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	ret
do_iret_bad:
	pushq	$0
	pushq	$0
	pushq	$0
	pushq	$0x8
	movabsq	$0x0000800000000000, %rax
	pushq	%rax
	iretq
/* 100 and six arguments; then again with the results, as far as registers keep them. */
do_foreign:
	movl	$100, %eax
	movl	$101, %edi
	movl	$102, %esi
	movl	$103, %edx
	movl	$104, %r10d
	movl	$105, %r8d
	movl	$106, %r9d
	syscall
fault_next:
	syscall
	ud2
/* Faults with known registers; if rip is moved on by 2, stores rax and r15. */
do_registers:
	pushq	%rbx
	pushq	%r12
	pushq	%r15
	movl	$0x1b, %ebx
	movl	$0x12, %r12d
	movl	$0x15, %r15d
	movl	$0x1a, %eax
	ud2
	movq	%rdi, %rcx
	addq	$OUT, %rcx
	movq	%rax, 0(%rcx)
	movq	%r15, 8(%rcx)
	popq	%r15
	popq	%r12
	popq	%rbx
	ret

/* --- FPU (fpu.c); rdi: 16 words ------------------------------------------------------ */
	.globl fpu_fill, fpu_differs, fpu_read
	.altmacro
	.macro fill n
	movq	8*\n(%rdi), %xmm\n
	punpcklqdq %xmm\n, %xmm\n
	.endm
	.macro differ n
	movq	%xmm\n, %rdx
	xorq	8*\n(%rdi), %rdx
	orq	%rdx, %rax
	.endm
	.macro store n
	movq	%xmm\n, 8*\n(%rdi)
	.endm
	.macro all what
	.set	i, 0
	.rept	16
	\what	%i
	.set	i, i + 1
	.endr
	.endm
fpu_fill:
	all	fill
	ret
fpu_differs:
	xorl	%eax, %eax
	all	differ
	ret
fpu_read:
	all	store
	ret

/* --- instructions to stop at (debug.c); rdi: the worker ------------------------------- */
	.globl do_steps, step_0, step_1, step_2
do_steps:
	movl	$1, %eax
step_0:
	addl	$2, %eax
step_1:
	movq	%rax, OUT(%rdi)
step_2:
	nop
	ret

/* --- strange entries (hostile.c); rdi: the worker -------------------------------------- */
	.globl do_last_syscall, do_flags, do_ss_shadow, do_step_syscall, do_bad_stack
	.globl do_selectors, do_misaligned, read_fs
#define CAP_INFO_OF_SYSTEM \
	movl	$SYS_CAP_INFO, %eax; \
	movl	$HANDLE_SYSTEM, %edi; \
	syscall

do_last_syscall:
	movq	ARG_A(%rdi), %r8
	movl	$SYS_CAP_INFO, %eax
	movl	$HANDLE_SYSTEM, %edi
	jmp	*%r8
/* NT, DF, AC, IF as far as popf lets a program. */
do_flags:
	pushq	%rbx
	movq	%rdi, %rbx
	pushfq
	orq	$0x44400, (%rsp)
	popfq
	CAP_INFO_OF_SYSTEM
	pushfq
	popq	%rcx
	pushq	$2
	popfq
	movq	%rax, OUT(%rbx)
	movq	%rcx, OUT+8(%rbx)
	popq	%rbx
	ret
do_ss_shadow:
	pushq	%rbx
	movq	%rdi, %rbx
	leaq	ARG_B(%rdi), %rdx
	movl	$SYS_CAP_INFO, %eax
	movl	$HANDLE_SYSTEM, %edi
	movw	(%rdx), %ss
	syscall
	movq	%rax, OUT(%rbx)
	popq	%rbx
	ret
do_step_syscall:
	pushq	%rbx
	movq	%rdi, %rbx
	pushfq
	orq	$0x100, (%rsp)
	popfq
	CAP_INFO_OF_SYSTEM
	pushq	$2
	popfq
	movq	%rax, OUT(%rbx)
	popq	%rbx
	ret
do_bad_stack:
	movq	%rdi, %rbx
	movabsq	$0x0000800000000000, %rsp
	CAP_INFO_OF_SYSTEM
	movq	%rax, OUT(%rbx)
	ud2
do_selectors:
	pushq	%rbx
	movq	%rdi, %rbx
	xorl	%eax, %eax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movl	$3, %eax
	movw	%ax, %gs
	movw	%ax, %fs
	movl	$SYS_THREAD_YIELD, %eax
	xorl	%edi, %edi
	syscall
	movq	%rax, OUT(%rbx)
	popq	%rbx
	ret
do_misaligned:
	pushfq
	orq	$0x40000, (%rsp)
	popfq
	movq	-15(%rsp), %rax
	pushq	$2
	popfq
	ret
/* Asks for ep_call, and then ep_reply_recv, of the worker's endpoint. */
	.globl do_foreign_call
do_foreign_call:
	movl	ARG_EP(%rdi), %r12d
	movl	$SYS_EP_CALL, %eax
	movl	%r12d, %edi
	xorl	%esi, %esi
	xorl	%edx, %edx
	xorl	%r10d, %r10d
	syscall
	movl	$SYS_EP_REPLY_RECV, %eax
	movl	%r12d, %edi
	xorl	%esi, %esi
	xorl	%edx, %edx
	xorl	%r10d, %r10d
	syscall
	ud2
read_fs:
	movq	%fs:0, %rax
	ret
	.section .note.GNU-stack, "", @progbits
