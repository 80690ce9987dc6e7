/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to C: 32-bit entries of PVH and Multiboot2, the real
 * mode entry of further CPUs, and the way to 64 bits.
 *
 * The first tables map the low 4 GiB three times: at their own addresses, in
 * the direct map, and (1 GiB) in the kernel's region.  memory.c replaces them.
 *
 * Manuals:    Xen x86/HVM direct boot ABI; Multiboot2 1.6; Intel SDM vol 3,
 *             9.8.5 (entering IA-32e mode), 8.4 (starting processors).
 */
#include "percpu.h"

#define MB2_MAGIC 0xe85250d6
#define CR0_BOOT 0x80010023	/* PG WP NE MP PE */
#define CR4_BOOT 0xa0		/* PGE PAE */
#define EFER_BOOT 0x101		/* LME SCE */
#define EFER_NXE 11		/* a bit number */
#define TABLE 0x1000
#define BOOT_STACK 0x2000

	.section .note.pvh, "a", @note
	.long 4, 4, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long boot_entry_pvh

	.section .boot.header, "a"
	.balign 8
mb2_header:
	.long MB2_MAGIC, 0, mb2_end - mb2_header, -(MB2_MAGIC + (mb2_end - mb2_header))
	.short 6, 0			/* modules on page boundaries */
	.long 8
	.short 5, 1			/* framebuffer, if there is one */
	.long 20, 1024, 768, 32
	.balign 8
	.short 0, 0
	.long 8
mb2_end:

	.section .boot.text, "ax"
	.code32
boot_entry_pvh:
	xor	%eax, %eax
	.globl boot_entry
boot_entry:
	cli
	cld
	mov	%eax, %esi		/* loader's magic number, 0 for PVH */
	mov	%ebx, %edi		/* its information */
	rdtsc
	mov	%eax, boot_counter
	mov	%edx, boot_counter + 4
	mov	$boot_stack + BOOT_STACK, %esp

	/* All tables are cleared: a loader need not clear what is not in the file. */
	push	%edi
	mov	$boot_tables, %edi
	mov	$7 * TABLE / 4, %ecx
	xor	%eax, %eax
	rep stosl
	pop	%edi

	movl	$boot_tables + 1 * TABLE + 3, boot_tables
	movl	$boot_tables + 1 * TABLE + 3, boot_tables + 256 * 8
	movl	$boot_tables + 2 * TABLE + 3, boot_tables + 511 * 8
	movl	$boot_tables + 3 * TABLE + 3, boot_tables + 2 * TABLE + 510 * 8
	mov	$boot_tables + 3 * TABLE + 3, %eax
	mov	$boot_tables + 1 * TABLE, %ebx
	mov	$4, %ecx
1:	mov	%eax, (%ebx)
	add	$TABLE, %eax
	add	$8, %ebx
	loop	1b
	mov	$0x83, %eax		/* present, writable, 2 MiB */
	mov	$boot_tables + 3 * TABLE, %ebx
	mov	$2048, %ecx
1:	mov	%eax, (%ebx)
	add	$0x200000, %eax
	add	$8, %ebx
	loop	1b
	xor	%ebp, %ebp
	jmp	enter_long

/* A further CPU, sent here by the code at ap_start. */
boot_ap32:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$1, %ebp

enter_long:
	mov	$CR4_BOOT, %eax
	mov	%eax, %cr4
	mov	$boot_tables, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	mov	%ebp, %eax		/* a further CPU: the first has looked for NX */
	shl	$EFER_NXE, %eax
	or	$EFER_BOOT, %eax
	xor	%edx, %edx
	wrmsr
	mov	$CR0_BOOT, %eax
	mov	%eax, %cr0
	lgdt	boot_gdt_pointer
	ljmp	$KERNEL_CS, $1f
	.code64
1:	mov	$boot_high, %rax
	jmp	*%rax

	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* KERNEL_CS: 64-bit code */
	.quad 0x00cf93000000ffff	/* KERNEL_SS */
	.quad 0x00cf9b000000ffff	/* 0x18: 32-bit code */
boot_gdt_pointer:
	.short . - boot_gdt - 1
	.long boot_gdt

	.section .text, "ax"
	.code64
boot_high:
	mov	$KERNEL_SS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	test	%ebp, %ebp
	jnz	ap_high
	movabs	$boot_stack + BOOT_STACK, %rsp
	mov	%esi, %esi
	mov	%edi, %edi
	call	boot_early		/* (information, magic): physical address of the tables */
	mov	%rax, %cr3
	movabs	$PERCPU_0 + STACK_TOP_AT, %rsp
	call	boot_late
	jmp	kernel_exit

ap_high:
	mov	ap_root, %rax
	mov	%rax, %cr3
	mov	ap_stack, %rsp
	mov	ap_cpu, %edi
	call	boot_ap
	jmp	kernel_exit

/* Copied to a page below 1 MiB, where a further CPU starts in real mode. */
	.section .rodata, "a"
	.code16
	.globl ap_start, ap_start_end
ap_start:
	cli
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	(ap_gdt_pointer - ap_start)
	mov	$0x11, %eax		/* ET PE */
	mov	%eax, %cr0
	ljmpl	$0x18, $boot_ap32
ap_gdt_pointer:
	.short 31
	.long boot_gdt
ap_start_end:

	.section .boot.bss, "aw", @nobits
	.balign 4096
	.globl boot_tables, boot_counter
boot_tables:
	.skip 7 * TABLE
boot_stack:
	.skip BOOT_STACK
boot_counter:
	.skip 8
