/* SPDX-License-Identifier: MIT */
/*
 * The smallest guest: enters 64-bit mode, prints TEXT on COM1, does ACTION.
 * ACTION 0x10, 0x20, 0x30: that exit code. 0: wait for ever. 1: triple fault.
 * Boots through PVH and Multiboot2. Used to probe KVM and to test the runner.
 */
	.section .note.pvh, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long start
	.section .text
	.align 8
mb2:	.long 0xe85250d6, 0, mb2_end - mb2, -(0xe85250d6 + (mb2_end - mb2))
	.long 0, 8
mb2_end:
	.code32
	.globl start
start:	mov	$table, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$0x20, %eax		/* PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax		/* LME */
	wrmsr
	mov	%cr0, %eax
	or	$0x80000001, %eax
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$8, $long_mode
	.code64
long_mode:
	mov	$0x3fb, %dx		/* UART: 115200 8n1 */
	mov	$0x80, %al
	out	%al, %dx
	mov	$0x3f8, %dx
	mov	$1, %al
	out	%al, %dx
	mov	$0x3fb, %dx
	mov	$3, %al
	out	%al, %dx
	mov	$text, %rsi
print:	lodsb
	test	%al, %al
	jz	act
	mov	%al, %bl
ready:	mov	$0x3fd, %dx
	in	%dx, %al
	test	$0x20, %al
	jz	ready
	mov	$0x3f8, %dx
	mov	%bl, %al
	out	%al, %dx
	jmp	print
act:
.if ACTION == 1
	lidt	no_idt
	ud2
.elseif ACTION
	mov	$0xf4, %dx
	mov	$ACTION, %eax
	out	%eax, %dx
.endif
	cli
	hlt
	jmp	act
	.section .data
	.align 4096
table:	.quad table2 + 3
	.fill 511, 8, 0
table2:	.quad table3 + 3
	.fill 511, 8, 0
table3:	.quad 0x83, 0x200083		/* the first 4 MiB, in pages of 2 MiB */
	.fill 510, 8, 0
gdt:	.quad 0, 0x00af9b000000ffff
gdt_pointer:
	.word 15
	.long gdt
no_idt:	.word 0
	.quad 0
text:	.asciz TEXT
