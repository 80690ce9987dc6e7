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
 * [h_contract_elf_parse]
 * function = "elf_parse"
 * columns = ["ub", "spec"]
 * [h_load]
 * function = "elf_load"
 * columns = ["ub"]
 */
/*
 * The first program's file, whatever is in it: nothing outside of it is read, and
 * what is accepted is what the loader may copy.  A defect ends in a panic.
 */
#include "prover.h"
#include "whole.h"

#include <elf.c>

struct elf image[1], old_image[1];
#define IMAGE image[0]
#define old_elf old_image[0]
#include "contract_elf.h"
#define elf image[0]

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
	SNAPSHOT(old_image, image);
	segment_add(&elf, start, file_size, header, lowest);
	CHECK_SPEC(image_ok());
	CHECK_SPEC(elf.segments == n + 1);
	CHECK_SPEC(segment_ok(n));
	CHECK_SPEC((elf.segment[n].vaddr & ~(PAGE_SIZE - 1)) >= lowest);
	CHECK_SPEC(elf.pages >= old_elf.pages || n == 0);
	CHECK_IF(i != n, "spec", same_segment(i));
}

/* --- the whole file ------------------------------------------------------------------------ */

/* Headers before header i are dealt with: what was accepted is in order, and the next lies behind it. */
PRED bool is_parsed_to(u32 i, u64 size, u64 headers, u32 count, u64 lowest)
{
	return i < PHDRS_MAX && i < count && image_ok() && lowest == image_end() && size == file_size && headers % 8 == 0 &&
	       headers <= size && (u64)count * PHDR_BYTES <= size - headers && size < UINT64_MAX / 2;
}

PRED bool is_accepted(u32 n)
{
	return n >= elf.segments || n >= ELF_SEGMENTS_MAX || segment_ok(n);
}

void prover_begin_elf_parse(u32 i, u64 size, u64 headers, u32 count, u64 lowest)
{
	CHECK_SPEC(is_parsed_to(i, size, headers, count, lowest));
	CHECK_SPEC(is_accepted(INDEX(n)));
}

void prover_round_elf_parse(u32 i, u64 size, u64 headers, u32 count, u64 lowest)
{
	FORGET(elf.segments);
	FORGET(elf.segment);
	FORGET(elf.vaddr);
	FORGET(elf.pages);
	prover_assume(is_parsed_to(i, size, headers, count, lowest));
	prover_assume(is_accepted(INDEX(n)));
}

/* What is parsed has segments, each in order, and an entry point in one of its pages. */
void h_contract_elf_parse(u64 start, u64 end)
{
	ASSUME_STATE(requires, image_is_empty(), "the parser begins with an empty image");
	ASSUME_STATE(requires, file_size == end - start && end < UINT64_MAX / 2, "the file is what the boot loader says");
	elf_parse(&elf, start, end);
	CHECK_SPEC(image_is_parsed());
	CHECK_SPEC(is_accepted(INDEX(n)));
}

/* --- into frames ------------------------------------------------------------------------------- */

PRED bool is_loaded_to(u64 at, u64 end, u64 start, u32 first, u32 k)
{
	return k < ELF_SEGMENTS_MAX && at % 8 == 0 && at >= (elf.segment[k].vaddr & ~7ull) && at < end &&
	       end == elf.segment[k].vaddr + elf.segment[k].bytes && start % PAGE_SIZE == 0 && image_ok() && elf.segments != 0 && segment_ok(k) &&
	       (u64)first + elf.pages <= PAGE_COUNT;
}

u32 loaded; /* which segment that is */

/* Other pages stay as they are. */
PRED bool is_kept(u32 p, u32 i, u32 first)
{
	return p - first < elf.pages || p >= PAGE_COUNT || i >= PT_ENTRIES || ks_word[p][i] == old_word[p][i];
}

void prover_begin_elf_load(u64 at, u64 end, u64 start, u32 first)
{
	CHECK_SPEC(is_kept(INDEX(page), INDEX(n), first));
	CHECK_SPEC(is_loaded_to(at, end, start, first, loaded));
}

void prover_round_elf_load(u64 at, u64 end, u64 start, u32 first)
{
	FORGET(ks_word[0]);
	prover_assume(is_kept(INDEX(page), INDEX(n), first));
	prover_assume(is_loaded_to(at, end, start, first, loaded));
}

/* Only words of the frames of the image are written. */
void h_load(u64 start, u32 first)
{
	ASSUME_STATE(requires, loaded < ELF_SEGMENTS_MAX && image_ok() && elf.segments != 0 && segment_ok(loaded), "a segment that was accepted");
	ASSUME_INPUT(start % PAGE_SIZE == 0);
	ASSUME_STATE(requires, (u64)first + elf.pages <= PAGE_COUNT, "frames for the whole image");
	elf_load(&elf, &elf.segment[loaded], start, first);
	ASSIGNS(any.page - first < elf.pages, ks_word[any.page]);
}
