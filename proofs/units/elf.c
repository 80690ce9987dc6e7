/* SPDX-License-Identifier: MIT */
/* prove:
 * [h_contract_expect]
 * function = "expect"
 * columns = ["ub", "spec"]
 * [h_contract_file64]
 * function = "file64"
 * columns = ["ub", "spec"]
 * [h_segment]
 * function = "segment_add"
 * columns = ["ub", "spec"]
 */
/*
 * The first program's file, whatever is in it: nothing outside of it is read, and
 * what is accepted is what the loader may copy.  A defect ends in a panic.
 */
#include "prover.h"
#include "whole.h"

#include <elf.c>

struct elf elf, old_elf;
u64 file_size;

/* Returns only if it is so. */
void prover_replace_expect(bool is_true, const char *what)
{
	(void)what;
	prover_assume(is_true);
}

void h_contract_expect(void)
{
	const u32 before = elf.segments;

	expect(true, "");
	CHECK_SPEC(elf.segments == before);
}

void h_contract_file64(void)
{
	ANY(u64, start);
	ANY(u64, offset);

	ASSUME_INPUT((start % PAGE_SIZE == 0) & (offset % 8 == 0) & (start < UINT64_MAX / 2) & (offset < UINT64_MAX / 2));
	ASSUME_INPUT((start + offset) / PAGE_SIZE < PAGE_COUNT);
	CHECK_SPEC(file64(start, offset) == ks_word[(start + offset) / PAGE_SIZE][(start + offset) % PAGE_SIZE / 8]);
}

/* Every word that is read begins in the file; it may hold anything. */
u64 prover_replace_file64(u64 start, u64 offset)
{
	ANY(u64, word);

	(void)start;
	CHECK_SPEC((offset % 8 == 0) & (offset < file_size));
	return word;
}

/* What the loader relies on: the file has it, the image has room for it. */
PRED bool segment_ok(u32 i)
{
	return elf.segment[i].bytes <= file_size && elf.segment[i].offset <= file_size - elf.segment[i].bytes &&
	       (elf.segment[i].vaddr - elf.segment[i].offset) % PAGE_SIZE == 0 && elf.segment[i].vaddr >= elf.vaddr &&
	       elf.segment[i].vaddr + elf.segment[i].bytes <= elf.vaddr + elf.pages * PAGE_SIZE &&
	       (elf.segment[i].rights & (MAP_WRITE | MAP_EXEC)) != (MAP_WRITE | MAP_EXEC) &&
	       (elf.segment[i].rights & MAP_READ) != 0;
}

PRED bool image_ok(void)
{
	return elf.segments <= ELF_SEGMENTS_MAX && elf.vaddr % PAGE_SIZE == 0 && elf.pages <= IMAGE_END / PAGE_SIZE &&
	       (elf.segments == 0 || (elf.vaddr >= IMAGE_LOWEST && elf.vaddr <= IMAGE_END && elf.vaddr + elf.pages * PAGE_SIZE <= IMAGE_END));
}

PRED u64 image_end(void)
{
	return elf.segments == 0 ? IMAGE_LOWEST : elf.vaddr + elf.pages * PAGE_SIZE;
}

PRED bool same_segment(u32 i)
{
	return SAME(elf.segment[i], old_elf.segment[i], vaddr) && SAME(elf.segment[i], old_elf.segment[i], offset) &&
	       SAME(elf.segment[i], old_elf.segment[i], bytes) && SAME(elf.segment[i], old_elf.segment[i], pages) &&
	       SAME(elf.segment[i], old_elf.segment[i], rights);
}

void h_segment(void)
{
	ANY(u64, start);
	ANY(u64, header);
	ANY(u32, i);

	ASSUME_INPUT(i < ELF_SEGMENTS_MAX);
	ASSUME_STATE(requires, image_ok(), "the parser begins with an empty image");
	ASSUME_STATE(requires, header % 8 == 0 && header < UINT64_MAX / 2 && header + PHDR_BYTES <= file_size, "the header is in the file");
	const u32 n = elf.segments;
	const u64 lowest = image_end();
	SNAPSHOT(old_elf, elf);
	segment_add(&elf, start, file_size, header, lowest);
	CHECK_SPEC(image_ok());
	CHECK_SPEC(elf.segments == n + 1);
	CHECK_SPEC(segment_ok(n));
	CHECK_SPEC((elf.segment[n].vaddr & ~(PAGE_SIZE - 1)) >= lowest);
	CHECK_SPEC(elf.pages >= old_elf.pages || n == 0);
	CHECK_IF(i != n, "spec", same_segment(i));
}
