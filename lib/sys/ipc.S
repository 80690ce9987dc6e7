/* SPDX-License-Identifier: MIT */
/*
 * err_t ipc_exchange(u64 nr, u64 handle, struct msg *m, u64 deadline, u64 reply)
 *
 * The call of a message: words in rbx rbp r12 r13 r14 r15 r8 r9, tag in rsi,
 * deadline in rdx, reply right in r10.  Badge and tag come back in rdi and rsi.
 * Written in assembler because rbp and rbx cannot be named as operands.
 */
#define MSG_TAG 64
#define MSG_BADGE 72
	.text
	.globl ipc_exchange
ipc_exchange:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdx
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%r8, %r10
	movq	MSG_TAG(%rdx), %rsi
	movq	0(%rdx), %rbx
	movq	8(%rdx), %rbp
	movq	16(%rdx), %r12
	movq	24(%rdx), %r13
	movq	32(%rdx), %r14
	movq	40(%rdx), %r15
	movq	48(%rdx), %r8
	movq	56(%rdx), %r9
	movq	%rcx, %rdx
	syscall
	popq	%rdx
	movq	%rbx, 0(%rdx)
	movq	%rbp, 8(%rdx)
	movq	%r12, 16(%rdx)
	movq	%r13, 24(%rdx)
	movq	%r14, 32(%rdx)
	movq	%r15, 40(%rdx)
	movq	%r8, 48(%rdx)
	movq	%r9, 56(%rdx)
	movq	%rsi, MSG_TAG(%rdx)
	movq	%rdi, MSG_BADGE(%rdx)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.section .note.GNU-stack, "", @progbits
