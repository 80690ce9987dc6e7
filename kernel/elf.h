/* SPDX-License-Identifier: MIT */
/*
 * The first program's file: a static ELF64 executable for this machine.
 *
 * Called by:  boot.c.  Every defect ends in a panic with its own text.
 * Reference:  System V ABI, chapters 4 and 5; AMD64 supplement 4.1.
 */
#pragma once
#include "types.h"

enum { ELF_SEGMENTS_MAX = 8 };

struct elf_segment {
	u64 vaddr;
	u64 offset; /* in the file */
	u64 bytes;  /* of the file; the rest is zeros */
	u32 pages;
	u32 rights; /* MAP_READ | MAP_WRITE | MAP_EXEC */
};

struct elf {
	u64 vaddr; /* of the first page */
	u32 pages; /* from there to the end of the last segment */
	u64 entry;
	u32 segments;
	struct elf_segment segment[ELF_SEGMENTS_MAX];
};

/* start, end: physical addresses of the file. */
void elf_parse(struct elf *e, u64 start, u64 end);
/* Copy a segment to the frames that begin with page `first`, at the image's first page. */
void elf_load(const struct elf *e, const struct elf_segment *s, u64 start, u32 first);
