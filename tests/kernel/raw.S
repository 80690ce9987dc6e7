/* SPDX-License-Identifier: MIT */
/*
 * u64 raw_call(u64 nr, u64 handle, const u64 arg[5], u64 out[3])
 *
 * Makes any call with any arguments; also one that carries a message.
 */
	.text
	.globl raw_call
raw_call:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rcx
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	0(%rdx), %rsi
	movq	16(%rdx), %r10
	movq	24(%rdx), %r8
	movq	32(%rdx), %r9
	movq	8(%rdx), %rdx
	syscall
	popq	%rcx
	movq	%rdi, 0(%rcx)
	movq	%rsi, 8(%rcx)
	movq	%rdx, 16(%rcx)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

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
	.section .note.GNU-stack, "", @progbits
