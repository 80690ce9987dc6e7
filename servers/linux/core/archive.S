/* SPDX-License-Identifier: MIT */
/* The initial file tree, in the program itself.  LINUX_ARCHIVE: its file. */
	.section .rodata
	.balign	4096
	.globl linux_archive
	.globl linux_archive_end
linux_archive:
	.incbin LINUX_ARCHIVE
linux_archive_end:
	.byte	0
	.section .note.GNU-stack, "", @progbits
