/* SPDX-License-Identifier: MIT */
/*
 * Where a program starts, and where its threads do.
 *
 * _start: rdi holds the address of boot_info; no stack is assumed.
 * sys_thread_start: rdi holds the struct sys_thread, rsp a stack whose end is a
 * multiple of 16 (as the C calling convention wants before a call).
 */
	.section .text.start, "ax"
	.globl _start
_start:
	leaq	sys_first_stack_end(%rip), %rsp
	xorl	%ebp, %ebp
	call	sys_start
	ud2

	.text
	.globl sys_thread_start
sys_thread_start:
	xorl	%ebp, %ebp
	call	sys_thread_main
	ud2

	.bss
	.balign	4096
	.space	32768
sys_first_stack_end:
	.section .note.GNU-stack, "", @progbits
