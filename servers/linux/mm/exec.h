/* SPDX-License-Identifier: MIT */
/*
 * What loading a program and making its stack tell each other.
 */
#pragma once
#include "elf.h"
#include "internal.h"

/* A file that was looked at. */
struct elf {
	struct file *file;
	struct elf_header header;
	struct elf_segment *segment; /* header.phnum of them */
	u64 low, high;               /* addresses that it covers, page-aligned, before `bias` */
	u64 bias;
};

/* What the stack tells the program. */
struct start {
	const char *name;
	char *const *argv, *const *envp;
	u64 phdr, phnum, base, entry;
	bool exec_stack;
	u64 top;       /* end of the stack */
	u64 random[6]; /* places; the last two are for the program */
	u64 sp;        /* out */
};

/* stack.c: the stack's area, arguments, environment and auxiliary vector. */
s64 stack_make(struct mm *mm, struct start *s, const struct task *t);
