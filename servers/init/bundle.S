/* SPDX-License-Identifier: MIT */
/* The bundle of a system, whole, in pages of its own; BUNDLE is the file's name. */
	.section .rodata.bundle, "a"
	.balign	4096
	.globl bundle_start, bundle_end
bundle_start:
	.incbin	BUNDLE
bundle_end:
	.section .note.GNU-stack, "", @progbits
