/* SPDX-License-Identifier: MIT */
/* The vDSO (servers/linux/vdso), as a file. */
	.section .rodata
	.balign 16
	.globl vdso_image, vdso_image_end
vdso_image:
	.incbin "build/linux/vdso.so"
vdso_image_end:
	.section .note.GNU-stack, "", @progbits
