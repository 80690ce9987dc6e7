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
	.section .note.GNU-stack, "", @progbits
