/* SPDX-License-Identifier: MIT */
/*
 * void fiber_switch(u64 *save, u64 load): keep this stack in *save, go on with
 * another.  What the C convention preserves lies on the stack below the return
 * address.
 */
	.text
	.globl fiber_switch
fiber_switch:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.section .note.GNU-stack, "", @progbits
