/* SPDX-License-Identifier: MIT */
/*
 * Where a program starts, and where its threads do.
 *
 * _start: rdi holds the address of boot_info or comp_info.  The first program
 * gets a stack of its image, as other spaces that share it see it too; a
 * component uses the one that init made.
 * sys_thread_start: rdi holds the struct sys_thread, rsp a stack whose end is a
 * multiple of 16 (as the C calling convention wants before a call).
 */
#define COMP_INFO_MAGIC 0x746e656e6f706d6f /* tessera/component.h */
	.section .text.start, "ax"
	.globl _start
_start:
	movabsq	$COMP_INFO_MAGIC, %rax
	cmpq	%rax, (%rdi)
	je	1f
	leaq	sys_first_stack_end(%rip), %rsp
1:
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
